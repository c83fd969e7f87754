//! Bindings to the interfaces beyond WASI, generated from the WIT files under wit/.
//!
//! A guest imports only the interfaces whose functions it calls.

#[expect(missing_docs, reason = "generated, mostly from signatures alone")]
mod generated {
    wit_bindgen::generate!({
        path: [
            "../../../../../wit/deps/fermyon-spin@2.0.0",
            "../../../../../wit/deps/wasi-config@0.2.0-draft-2024-09-27",
            "../../../../../wit/deps/wasi-keyvalue@0.2.0-draft2",
            "../../../../../wit/weir-platform@0.1.0",
        ],
        inline: "
            package weir:guests;

            world imports {
                import fermyon:spin/key-value@2.0.0;
                import fermyon:spin/variables@2.0.0;
                import wasi:config/store@0.2.0-draft-2024-09-27;
                import wasi:keyvalue/atomics@0.2.0-draft2;
                import wasi:keyvalue/batch@0.2.0-draft2;
                import wasi:keyvalue/store@0.2.0-draft2;
                import weir:platform/log-directory@0.1.0;
                import weir:platform/log-directory-sync@0.1.0;
                import weir:platform/metrics@0.1.0;
            }
        ",
        world: "weir:guests/imports",
        generate_all,
    });
}

pub use generated::{fermyon, wasi, weir};
pub mod metrics;

//! Host bindings, generated from the WIT files under wit/, to the interfaces that Weir offers
//! beyond WASI. A crate of its own, because expanding it takes long and changes seldom.
//!
//! An `async func` is bound concurrently (through an accessor), so a call that waits never blocks
//! a sibling request of the same instance. A plain `func` that waits in the host blocks the
//! instance: component-model async leaves no other way to call from a synchronous task.
//!
//! Resources are left as marker types; a host keeps what stands behind them in its own table.

/// The generated modules, by WIT package.
#[expect(
    missing_docs,
    reason = "generated; the WIT files hold the documentation"
)]
mod generated {
    wasmtime::component::bindgen!({
        path: [
            "../../wit/deps/fermyon-spin@2.0.0",
            "../../wit/deps/spin-key-value@3.0.0",
            "../../wit/deps/spin-variables@3.0.0",
            "../../wit/deps/wasi-config@0.2.0-draft-2024-09-27",
            "../../wit/deps/wasi-keyvalue@0.2.0-draft2",
            "../../wit/weir-platform@0.1.0",
        ],
        inline: "
            package weir:bindings;

            world imports {
                import fermyon:spin/key-value@2.0.0;
                import fermyon:spin/variables@2.0.0;
                import spin:key-value/key-value@3.0.0;
                import spin:variables/variables@3.0.0;
                import wasi:config/store@0.2.0-draft-2024-09-27;
                import wasi:keyvalue/atomics@0.2.0-draft2;
                import wasi:keyvalue/batch@0.2.0-draft2;
                import wasi:keyvalue/store@0.2.0-draft2;
                import weir:platform/log-directory@0.1.0;
                import weir:platform/log-directory-sync@0.1.0;
                import weir:platform/metrics@0.1.0;
            }
        ",
        world: "weir:bindings/imports",
        imports: {
            "fermyon:spin/key-value": async | trappable,
            "wasi:keyvalue/atomics": async | trappable,
            "wasi:keyvalue/batch": async | trappable,
            "wasi:keyvalue/store": async | trappable,
            "weir:platform/log-directory-sync": async | trappable,
            default: trappable,
        },
        require_store_data_send: true,
    });
}

pub use generated::{fermyon, spin, wasi, weir};

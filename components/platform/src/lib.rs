//! Guest bindings to `weir:platform`, generated from the WIT files under wit/.
//!
//! What each function does, its limits and its errors stand in those files. A component imports
//! only the interfaces whose functions it calls.

mod generated {
    wit_bindgen::generate!({
        path: "../../wit/weir-platform@0.1.0",
        world: "imports",
        generate_all,
    });
}

pub use generated::weir::platform::{log_directory, metrics};

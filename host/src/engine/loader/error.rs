//! Why a component cannot be loaded.

use crate::capability::interfaces::Contract;
use std::io;
use std::path::PathBuf;

/// Why a component cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is WebAssembly, but a core module.
    #[error(
        "{path} is a core module, not a component; build it for the target wasm32-wasip2, or make \
         a component of it with `wasm-tools component new`"
    )]
    CoreModule {
        /// The file.
        path: PathBuf,
    },
    /// The file is not WebAssembly at all.
    #[error("{path} is not WebAssembly: it begins with {beginning:02x?} instead of \"\\0asm\"")]
    NotWasm {
        /// The file.
        path: PathBuf,
        /// Its first bytes.
        beginning: Vec<u8>,
    },
    /// wasmtime does not accept it.
    #[error("{path} does not compile: {reason}")]
    Compile {
        /// The file.
        path: PathBuf,
        /// wasmtime's words.
        reason: String,
    },
    /// It exports nothing that answers HTTP requests.
    #[error(
        "{path} exports no HTTP handler (wasi:http/incoming-handler@0.2 or wasi:http/handler@0.3); \
         it exports {exports}"
    )]
    NoHandler {
        /// The file.
        path: PathBuf,
        /// What it exports.
        exports: String,
    },
    /// It exports nothing that can be run.
    #[error(
        "{path} is no command: it exports neither wasi:cli/run@0.2 nor wasi:cli/run@0.3, but \
         {exports}"
    )]
    NoCommand {
        /// The file.
        path: PathBuf,
        /// What it exports.
        exports: String,
    },
    /// It exports a handler of both versions, and it is not clear which is meant.
    #[error("{path} exports two HTTP handlers, {one} and {other}; one is allowed")]
    TwoHandlers {
        /// The file.
        path: PathBuf,
        /// One of them.
        one: String,
        /// The other.
        other: String,
    },
    /// It imports what is not there.
    #[error("{path} imports what {}:{}", contract.lacks(), list(imports))]
    MissingImports {
        /// The file.
        path: PathBuf,
        /// Whose interfaces it may import.
        contract: Contract,
        /// Each with who has it, or with the nearest that is offered.
        imports: Vec<String>,
    },
    /// Its imports are of the right names but of other types.
    #[error("{path} cannot be linked: {reason}")]
    Link {
        /// The file.
        path: PathBuf,
        /// wasmtime's words.
        reason: String,
    },
}

fn list(lines: &[String]) -> String {
    lines.iter().map(|line| format!("\n  {line}")).collect()
}

//! What goes into an instance and what comes out.

use wasmtime_wasi_http::WasiBody;

/// A request as a guest gets it: with a whole URI and the host's headers set.
pub type Request = http::Request<WasiBody>;

/// A response as a guest gave it.
pub type Response = http::Response<WasiBody>;

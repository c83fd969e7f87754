//! The protocols that clients speak: HTTP/1.1 and HTTP/2, in the clear and over TLS.

mod http1;
mod http2;
mod tls;

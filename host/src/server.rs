//! The way of a request from a socket to a component and back.
//!
//! [`listener`] accepts, [`connection`] speaks HTTP, [`handler`] finds the route, asks
//! [`admission`], prepares the request ([`request`]) and waits for the component; what the listener
//! answers itself is in `endpoints`. What became of a request is recorded by its
//! [`record::Recorder`], whichever way it ends, and what went wrong is told by `trouble`.

pub mod admission;
pub mod body;
pub mod chain;
pub mod client;
pub mod connection;
mod endpoints;
pub mod handler;
pub mod io;
mod linger;
pub mod listener;
pub mod record;
pub mod request;
pub mod response;
pub mod route;
pub mod router;
pub mod stream;
pub mod tls;
pub(crate) mod trouble;

use std::time::Duration;

/// Limits on what clients may do, and how long they may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open connections of a listener; further ones wait to be accepted.
    pub connections: usize,
    /// From the first byte of a request's head to its end.
    pub header_timeout: Duration,
    /// Bytes of a request's head.
    pub header_bytes: usize,
    /// Between two parts of a request's body.
    pub body_timeout: Duration,
    /// For a client to take any of what is sent.
    pub write_timeout: Duration,
    /// From the opening of a connection to the first byte of its first request.
    pub first_byte_timeout: Duration,
    /// Between two requests on a connection.
    pub keep_alive_timeout: Duration,
    /// For a TLS handshake.
    pub handshake_timeout: Duration,
}

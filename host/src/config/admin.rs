//! `[admin]`: the server for metrics, probes and status.

use super::section::section;
use crate::diagnostic::Located;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

section! {
    /// The server for metrics, probes and status.
    pub struct Admin / AdminLayer {
        /// Where it listens. On anything but loopback, what changes state needs the token.
        address: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 9464)),
        /// A file with the token that requests which change state must carry. Without it they are
        /// refused on anything but loopback.
        token_file: Located<PathBuf>,
    }
}

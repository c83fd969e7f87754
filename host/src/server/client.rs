//! What the requests of one connection have in common.

use crate::drain::Stage;
use http::HeaderValue;
use tokio::sync::watch;

/// The client of a connection, shared by its requests: what each of them takes from here costs
/// nothing that requests of other connections wait for.
#[derive(Debug)]
pub struct Client {
    /// Its address, as a header's value.
    pub address: HeaderValue,
    /// How far the drain is.
    pub stage: watch::Receiver<Stage>,
}

impl Client {
    /// Whether what ends now is cut by the host and not left by the client.
    pub fn is_cut(&self) -> bool {
        *self.stage.borrow() == Stage::Cut
    }
}

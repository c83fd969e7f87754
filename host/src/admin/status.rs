//! What `/status` tells, and thereby its JSON. Fields are only ever added.

use super::history::{Draining, Outcome};
use serde::Serialize;

/// The whole answer.
#[derive(Debug, Serialize)]
pub struct Status {
    /// Weir's version.
    pub version: &'static str,
    /// The app's name, from the manifest.
    pub application: String,
    /// `starting`, `ready` or `draining`.
    pub state: &'static str,
    /// What it waits for while it starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// Seconds since the start.
    pub uptime_seconds: f64,
    /// Where traffic comes in.
    pub listeners: Vec<ListenerStatus>,
    /// The last reading of the manifest and the configuration, after the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_reload: Option<Outcome>,
    /// The components.
    pub components: Vec<ComponentStatus>,
    /// The routes whose response is static, as the manifest writes them.
    pub static_routes: Vec<String>,
}

/// One listener.
#[derive(Clone, Debug, Serialize)]
pub struct ListenerStatus {
    /// Where it listens.
    pub address: String,
    /// What it puts in front of paths.
    pub base_path: String,
    /// Whether it has TLS.
    pub tls: bool,
}

/// One component.
#[derive(Debug, Serialize)]
pub struct ComponentStatus {
    /// Its id.
    pub id: String,
    /// The SHA-256 of its bytes.
    pub digest: String,
    /// Which load of it serves, counted from 1.
    pub generation: u64,
    /// Its routes as the manifest writes them; none if it is private.
    pub routes: Vec<String>,
    /// Its instances.
    pub instances: Instances,
    /// Earlier generations that still have requests.
    pub draining: Vec<Draining>,
    /// The last attempt to load it anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_reload: Option<Outcome>,
}

/// How many instances a component has.
#[derive(Debug, Serialize)]
pub struct Instances {
    /// With a request.
    pub busy: i64,
    /// Without.
    pub idle: i64,
}

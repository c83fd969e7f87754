//! What components may use: granted, not granted, and not there at all, asked for by guests of
//! WASI 0.2 and 0.3. A refusal is the interface's own error; the guest answers it with status 500
//! and the error's name.

mod chaining;
mod environment;
mod files;
mod key_value;
mod key_value_wasi;
mod log_directory;
mod metrics;
mod outbound_http;
mod stdio;

mod variables;

use crate::harness::host::Host;
use url::form_urlencoded::Serializer;

/// A path with a query.
fn target(path: &str, pairs: &[(&str, &str)]) -> String {
    let path = format!("{path}?");
    let start = path.len();
    Serializer::for_suffix(path, start)
        .extend_pairs(pairs)
        .finish()
}

/// What `guest` answers when it is told to do `operation`: status and body.
pub(crate) async fn call(
    host: &Host,
    guest: &str,
    operation: &str,
    pairs: &[(&str, &str)],
) -> (u16, String) {
    let path = target(&format!("/{guest}/{operation}"), pairs);
    host.get(&path).await.pair()
}

/// The answer of a guest that did what it was told.
pub(crate) fn done(body: impl Into<String>) -> (u16, String) {
    (200, body.into())
}

/// The answer of a guest that got an error of this name.
fn error(name: &str) -> (u16, String) {
    (500, name.to_owned())
}

/// The name of the error that a guest got, without what it carries.
pub(crate) fn error_kind((status, body): &(u16, String)) -> &str {
    assert_eq!(*status, 500, "{body}");
    body.split_once('(').map_or(body, |(kind, _)| kind)
}

/// No guest has failed: whatever was refused was told to it as an error.
pub(crate) async fn no_guest_has_failed(host: &Host) {
    let metrics = host.metrics().await;
    assert_eq!(metrics.sum("weir_component_failures_total", &[]), 0.0);
}

/// A component of the guest `guest` with the id `id`, at `/<id>/...`.
pub(crate) fn component(id: &str, guest: &str, settings: &str) -> String {
    let source = crate::harness::guest(guest);
    format!(
        "[[trigger.http]]\nroute = \"/{id}/...\"\ncomponent = \"{id}\"\n\
         [component.{id}]\nsource = {source:?}\n{settings}"
    )
}

//! What `weir up` says once it serves: where, which routes lead where, and where things are kept.

use crate::admin::status::{ListenerStatus, Status};
use crate::app::Host;
use crate::telemetry::metrics::http_server::HOST;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

/// Says it on standard output.
pub(super) fn show(host: &Host, took: Duration) {
    let text = text(host, took);
    // Nobody may be there to read it.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

fn text(host: &Host, took: Duration) -> String {
    let status = host.status();
    let definition = host.definition();
    let directories = &definition.directories;
    let mut text = format!("\n{}\n\n{}\n", status.application, routes(&status));
    for listener in &status.listeners {
        text.push_str(&serving(listener));
    }
    let lines = [
        format!(
            "Admin    http://{}/metrics /livez /readyz /status",
            host.admin()
        ),
        format!("Data     {}", directories.key_value.display()),
        format!("Logs     {}", directories.log.display()),
        format!("Ready    in {took:.1?}; Ctrl-C finishes what is in flight and stops"),
    ];
    for line in lines {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{line}");
    }
    text
}

fn serving(listener: &ListenerStatus) -> String {
    let scheme = match listener.tls {
        true => "https",
        false => "http",
    };
    let base = match listener.base_path.as_str() {
        "/" => String::new(),
        base => format!(" (base path {base})"),
    };
    format!("Serving  {scheme}://{}{base}\n", listener.address)
}

/// A line for each route, with who answers, and one for each component that has none.
fn routes(status: &Status) -> String {
    let mut lines: Vec<(&str, &str)> = Vec::new();
    for component in &status.components {
        match component.routes.as_slice() {
            [] => lines.push(("(private)", &component.id)),
            routes => lines.extend(routes.iter().map(|route| (&**route, &*component.id))),
        }
    }
    let fixed = status.static_routes.iter();
    lines.extend(fixed.map(|route| (&**route, HOST)));
    let width = lines.iter().map(|(route, _)| route.len()).max();
    let width = width.unwrap_or_default();
    let line = |(route, id): &(&str, &str)| format!("  {route:width$}  {id}\n");
    lines.iter().map(line).collect()
}

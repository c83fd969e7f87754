//! Components are replaced in a running host, and no request is dropped.

mod broken;
mod load;
mod requests;
mod room;
mod start;
mod terminal;
mod together;
mod watch;

use crate::harness::app::App;
use crate::harness::gate::Gate;
use crate::harness::host::{Answer, Host};
use crate::harness::{eventually, guest};
use crate::sources::{code, digest};
use std::path::Path;

/// Puts the guest `name` in the place of the app's component, in one step, as builds do.
fn put(folder: &Path, name: &str) {
    put_bytes(folder, &std::fs::read(guest(name)).unwrap());
}

/// Puts bytes in the place of the app's component, in one step.
fn put_bytes(folder: &Path, bytes: &[u8]) {
    put_bytes_as(folder, "app", bytes);
}

/// Puts the guest `name` in the place of the component `id`, in one step.
fn put_as(folder: &Path, id: &str, name: &str) {
    put_bytes_as(folder, id, &std::fs::read(guest(name)).unwrap());
}

fn put_bytes_as(folder: &Path, id: &str, bytes: &[u8]) {
    let new = folder.join("new.wasm");
    std::fs::write(&new, bytes).unwrap();
    std::fs::rename(new, folder.join(format!("{id}.wasm"))).unwrap();
}

const MANIFEST: &str = r#"
[[trigger.http]]
route = "/..."
component = "app"
[component.app]
source = "app.wasm"
"#;

/// An app of one component, whose code lies in the app's folder.
fn app(name: &str) -> App {
    let app = App::new().manifest(MANIFEST);
    put(app.folder(), name);
    app
}

/// An app of several components, each at a path of its name.
fn app_of(components: &[(&str, &str)]) -> App {
    components.iter().fold(App::new(), |app, (id, name)| {
        put_as(app.folder(), id, name);
        app.manifest(&format!(
            "[[trigger.http]]\nroute = \"/{id}/...\"\ncomponent = \"{id}\"\n\
             [component.{id}]\nsource = \"{id}.wasm\"\n"
        ))
    })
}

/// A source that the gate gives when it is let to.
fn far(gate: &Gate) -> String {
    let (url, digest) = (gate.origin(), digest(&code()));
    format!("source = {{ url = \"{url}/code.wasm\", digest = \"{digest}\" }}")
}

/// Writes the manifest with `from` replaced.
fn edit(host: &Host, from: &str, to: &str) {
    edit_file(&host.launch.manifest, from, to);
}

/// Writes the configuration with `from` replaced.
fn edit_config(host: &Host, from: &str, to: &str) {
    edit_file(&host.folder().join("weir.toml"), from, to);
}

fn edit_file(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

/// Asks for a reload on the admin server.
async fn reload(host: &Host) -> Answer {
    let request = host.client.post(format!("{}/reload", host.admin));
    host.send(request.header("weir-admin", "1")).await
}

/// Waits until the component is in this generation.
async fn generation_is(host: &Host, generation: u64) {
    eventually(&format!("generation {generation}"), async || {
        let status = host.admin("/status").await.json();
        (status["components"][0]["generation"] == generation).then_some(())
    })
    .await;
}

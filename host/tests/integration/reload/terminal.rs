//! What a developer sees: the real services, copied, built and edited, in a pseudo-terminal.

use crate::harness::{eventually, root};
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

/// `weir up` in a terminal, and what stands there so far.
struct Terminal {
    child: Child,
    screen: Arc<Mutex<String>>,
}

impl Terminal {
    fn start(folder: &Path) -> Self {
        let command = format!(
            "{} up --from {}/spin.toml --watch --listen 127.0.0.1:0 --admin 127.0.0.1:0",
            env!("CARGO_BIN_EXE_weir"),
            folder.display()
        );
        // `script` runs it with a terminal of its own.
        let mut child = Command::new("script")
            .args(["-qfec", &command, "/dev/null"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let screen = Arc::<Mutex<String>>::default();
        let (mut output, shown) = (child.stdout.take().unwrap(), Arc::clone(&screen));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
                shown.lock().unwrap().push_str(&text);
            }
        });
        Self { child, screen }
    }

    /// What is shown, without colours.
    fn text(&self) -> String {
        let screen = self.screen.lock().unwrap();
        let mut parts = screen.split('\u{1b}');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| {
            text + part.split_once('m').map_or(part, |(_, rest)| rest)
        })
    }

    async fn shows(&self, parts: &[&str]) -> String {
        eventually(&format!("a line with {parts:?}"), async || {
            let text = self.text();
            let mut lines = text.lines();
            lines
                .find(|line| parts.iter().all(|part| line.contains(part)))
                .map(str::to_owned)
        })
        .await
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- the terminal\n{}", self.text());
        }
    }
}

/// The services with what was built of them, in a folder of their own.
fn copy_of_services() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let script = "cp -a spin.toml wit $0 && mkdir -p $0/components/target && cd components && \
                  find . -maxdepth 1 ! -name . ! -name target -exec cp -a {} $0/components/ \\; && \
                  cp -a target/release target/wasm32-wasip2 $0/components/target/";
    let copied = Command::new("sh")
        .args(["-c", script])
        .arg(folder.path())
        .current_dir(root())
        .status();
    assert!(copied.unwrap().success());
    folder
}

#[tokio::test]
async fn an_edit_of_one_service_builds_and_replaces_that_one() {
    let folder = copy_of_services();
    let terminal = Terminal::start(folder.path());
    terminal.shows(&["/api/buckets/:id", "storage-api"]).await;
    terminal.shows(&["Serving", "http://127.0.0.1:"]).await;
    terminal.shows(&["watching"]).await;

    let source = folder.path().join("components/storage-api/src/handler.rs");
    let text = std::fs::read_to_string(&source).unwrap();
    std::fs::write(&source, text.replace("the store failed", "the store broke")).unwrap();
    terminal.shows(&["building", "storage-api"]).await;
    terminal
        .shows(&["storage-api |", "Compiling storage-api"])
        .await;
    let line = terminal.shows(&["reloaded", "storage-api"]).await;
    for part in ["generation=2", "took=", "draining=0"] {
        assert!(line.contains(part), "{line}");
    }
    let text = terminal.text();
    for other in ["backend-api", "data-api", "external-logs"] {
        assert!(
            !text.contains(&format!("Compiling {other}")),
            "{other} was built too"
        );
    }

    std::fs::write(&source, "this is no Rust").unwrap();
    terminal.shows(&["the build of `storage-api` failed"]).await;
    terminal.shows(&["storage-api |", "error"]).await;
}

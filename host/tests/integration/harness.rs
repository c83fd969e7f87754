//! Starts hosts for tests and asks them.
//!
//! [`app::App`] writes a manifest and a configuration into a folder of its own; [`host::Host`] is
//! the process that serves it. Compiled guests are shared by all tests, because compiling is most
//! of what a start costs.

pub(crate) mod app;
pub(crate) mod gate;
pub(crate) mod host;
pub(crate) mod metrics;
pub(crate) mod server;
pub(crate) mod spin;
pub(crate) mod upstream;
pub(crate) mod wire;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long anything may take that is waited for. Ten times what it takes on a slow machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The project's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// An address that nobody listens at, for what must be known before the host says it. Another
/// process may take it first, which is why port 0 is asked for wherever that will do.
pub(crate) fn free_address() -> String {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().to_string()
}

/// The compiled guest `name`, such as `p3_hello`.
pub(crate) fn guest(name: &str) -> PathBuf {
    let built = "tests/guests/target/wasm32-wasip2/release";
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(built)
        .join(format!("{name}.wasm"));
    assert!(
        path.exists(),
        "{} is missing; `cargo xtask guests` builds it",
        path.display()
    );
    path
}

/// The compiled guest in Python; where it was not built, which takes pip, says so, or fails in CI.
pub(crate) fn python_guest() -> Option<PathBuf> {
    let built = "tests/guests/target/python/python_spin_app.wasm";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(built);
    if path.exists() {
        return Some(path);
    }
    let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(
        !in_ci,
        "{built} is missing; `cargo xtask python-guest` builds it"
    );
    println!("did not run: `cargo xtask python-guest` was not run");
    None
}

/// Asks until there is an answer.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what} did not come about");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

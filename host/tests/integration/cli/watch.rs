//! `--watch` and `--skip-build`, as flags and as variables.

use crate::harness::app::App;
use crate::harness::host::Host;
use crate::harness::{eventually, guest};

const MANIFEST: &str = r#"
[[trigger.http]]
route = "/..."
component = "app"
[component.app]
source = "app.wasm"
[component.app.build]
command = "touch built && cp good.wasm new.wasm && mv new.wasm app.wasm"
watch = ["source.txt"]
"#;

fn app() -> App {
    let code = |name| std::fs::read(guest(name)).unwrap();
    App::new()
        .manifest(MANIFEST)
        .file("source.txt", "")
        .file("app.wasm", code("p3_hello"))
        .file("good.wasm", code("p3_readme"))
}

/// Serves the second version.
async fn is_replaced(host: &Host) {
    eventually("the second version", async || {
        (host.get("/").await.text() == "Hello, /\n").then_some(())
    })
    .await;
}

fn write(host: &Host, name: &str, content: impl AsRef<[u8]>) {
    let new = host.folder().join("written");
    std::fs::write(&new, content).unwrap();
    std::fs::rename(new, host.folder().join(name)).unwrap();
}

#[tokio::test]
async fn sources_are_followed_and_built() {
    for app in [app().args(["--watch"]), app().env("WEIR_WATCH", "1")] {
        let host = app.start().await;
        host.logged(&["watching"]).await;
        write(&host, "source.txt", "edited");
        is_replaced(&host).await;
        assert!(host.folder().join("built").exists());
    }
}

#[tokio::test]
async fn only_what_is_built_is_followed_without_builds() {
    for app in [
        app().args(["--watch", "--skip-build"]),
        app().env("WEIR_WATCH", "on").env("WEIR_SKIP_BUILD", "yes"),
    ] {
        let host = app.start().await;
        host.logged(&["watching"]).await;
        write(&host, "source.txt", "edited");
        write(
            &host,
            "app.wasm",
            std::fs::read(guest("p3_readme")).unwrap(),
        );
        is_replaced(&host).await;
        // A build would have begun with the same look at the files.
        assert!(!host.folder().join("built").exists());
    }
}

#[tokio::test]
async fn what_is_no_choice_is_refused() {
    let (status, text) = app().env("WEIR_WATCH", "maybe").fail().await;
    assert_eq!(status, 2, "{text}");
    assert!(
        text.contains("'maybe'") && text.contains("--watch"),
        "{text}"
    );
    let (status, text) = app().args(["--skip-build"]).fail().await;
    assert_eq!(status, 2, "{text}");
    assert!(text.contains("--watch"), "{text}");
}

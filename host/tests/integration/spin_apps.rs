//! Apps that were written for Spin run unchanged: what Spin's Rust templates do, by the SDK of
//! WASI 0.2 and by that of WASI 0.3, each with the manifest that it would have there.

use crate::harness::app::App;
use crate::harness::host::Host;

const APPS: [&str; 2] = ["p2_spin_app", "p3_spin_app"];

/// Both apps side by side, under Spin's contract and without a word about Weir in the manifest.
async fn start() -> Host {
    let grants = r#"
        allowed_outbound_hosts = ["http://p3-hello.spin.internal"]
        files = [{ source = "assets", destination = "/" }]
        key_value_stores = ["default"]
        variables = { word = "{{ word }}" }
    "#;
    let app = App::new()
        .manifest("[variables]\nword = { default = \"weir\" }")
        .guest("p3_hello", "")
        .file("assets/page.txt", "a page");
    let app = APPS.iter().fold(app, |app, name| {
        let id = name.replace('_', "-");
        app.guest(name, grants).manifest(&format!(
            "[[trigger.http]]\nroute = \"/{name}/users/:user\"\ncomponent = \"{id}\""
        ))
    });
    app.args(["--portable"]).start().await
}

#[tokio::test]
async fn apps_of_spins_templates_run_unchanged() {
    let host = start().await;
    for app in APPS {
        let ask = async |path: &str| host.get(&format!("/{app}/{path}")).await.pair();
        let answer = |text: &str| (200, text.to_owned());
        assert_eq!(ask("").await, answer("Hello, nobody"));
        assert_eq!(ask("users/ada").await, answer("Hello, ada"));
        assert_eq!(ask("visits").await.0, 200);
        assert_eq!(ask("setting").await, answer("weir"));
        assert_eq!(ask("upstream").await, answer("Hello"));
        assert_eq!(ask("page").await, answer("a page"));
    }
}

#[tokio::test]
async fn both_sdks_share_a_store() {
    let host = start().await;
    for (app, visits) in [(0, "1"), (1, "2"), (0, "3")] {
        let answer = host.get(&format!("/{}/visits", APPS[app])).await;
        assert_eq!(answer.text(), visits);
    }
}

#[tokio::test]
async fn a_check_says_that_an_app_would_run_under_spin() {
    let (status, text) = App::services().args(["--portable"]).run("check").await;
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("all is well"), "{text}");
    // Composed, so nothing of Weir's is left.
    assert!(!text.contains("weir:platform"), "{text}");
}

#[tokio::test]
async fn a_check_names_what_spin_does_not_have() {
    let app = App::new().guest("p3_log_directory", "tool.weir.log_directory = true");
    let (status, text) = app.args(["--portable"]).run("check").await;
    assert_eq!(status, 2, "{text}");
    for part in [
        "imports what Spin does not offer",
        "weir:platform/log-directory@0.1.0 (only Weir has it",
        "`dependencies`",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

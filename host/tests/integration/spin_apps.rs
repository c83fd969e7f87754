//! Apps that were written for Spin run unchanged: what Spin's templates do, by the SDKs for Rust of
//! WASI 0.2 and of WASI 0.3 and by the SDK for Python, each with the manifest that it would have
//! there. And what `weir check --portable` says of apps that would run only here or only there.

use crate::harness::app::App;
use crate::harness::host::Host;
use crate::harness::upstream::Upstream;
use crate::harness::{guest, python_guest};
use reqwest::Method;

const APPS: [&str; 2] = ["p2_spin_app", "p3_spin_app"];

/// Whatever the apps use, to be granted to each. `network` is an origin elsewhere.
fn grants(network: &str) -> String {
    format!(
        r#"
        allowed_outbound_hosts = ["http://p3-hello.spin.internal", "{network}"]
        files = [{{ source = "assets", destination = "/" }}]
        key_value_stores = ["default"]
        variables = {{ word = "{{{{ word }}}}" }}
        "#
    )
}

/// An app under Spin's contract and without a word about Weir in the manifest.
fn app() -> App {
    App::new()
        .manifest("[variables]\nword = { default = \"weir\" }")
        .guest("p3_hello", "")
        .file("assets/page.txt", "a page")
        .args(["--portable"])
}

/// A second route to the component that is called like `name`.
fn users(name: &str) -> String {
    let id = name.replace('_', "-");
    format!("[[trigger.http]]\nroute = \"/{name}/users/:user\"\ncomponent = \"{id}\"")
}

/// Both apps in Rust side by side.
async fn start(network: &str) -> Host {
    let grants = grants(network);
    let both = APPS.iter().fold(app(), |app, name| {
        app.guest(name, &grants).manifest(&users(name))
    });
    both.start().await
}

/// Asks an app to get this address; gives what it answers.
async fn get_from(host: &Host, app: &str, url: &str) -> (u16, String) {
    let request = host.request(Method::GET, &format!("/{app}/network"));
    host.send(request.header("url", url)).await.pair()
}

/// The app does all that Spin's templates do.
async fn does_it_all(host: &Host, app: &str, upstream: &Upstream) {
    let ask = async |path: &str| host.get(&format!("/{app}/{path}")).await.pair();
    let answer = |text: &str| (200, text.to_owned());
    assert_eq!(ask("").await, answer("Hello, nobody"));
    assert_eq!(ask("users/ada").await, answer("Hello, ada"));
    assert_eq!(ask("visits").await.0, 200);
    assert_eq!(ask("setting").await, answer("weir"));
    assert_eq!(ask("upstream").await, answer("Hello"));
    assert_eq!(ask("page").await, answer("a page"));
    let path = format!("/of/{app}");
    let got = get_from(host, app, &upstream.url(&path)).await;
    assert_eq!(got, answer("from the network"));
    let sent = upstream.requests();
    let line = format!("GET {path} HTTP/1.1\r\n");
    assert!(
        sent.iter().any(|request| request.starts_with(&line)),
        "{sent:?}"
    );
}

#[tokio::test]
async fn apps_of_spins_templates_run_unchanged() {
    let upstream = Upstream::answering("200 OK", "", "from the network").await;
    let host = start(&upstream.origin()).await;
    for app in APPS {
        does_it_all(&host, app, &upstream).await;
    }
}

#[tokio::test]
async fn an_app_in_python_runs_unchanged() {
    let Some(source) = python_guest() else { return };
    let upstream = Upstream::answering("200 OK", "", "from the network").await;
    let grants = grants(&upstream.origin());
    let python = || {
        app().manifest(&users("python_app")).manifest(&format!(
            "[[trigger.http]]\nroute = \"/python_app/...\"\ncomponent = \"python-app\"\n\
             [component.python-app]\nsource = {source:?}\n{grants}"
        ))
    };
    // Compiles it too, which takes longer than a start may.
    let (status, text) = python().run("check").await;
    assert_eq!(status, 0, "{text}");
    let host = python().start().await;
    does_it_all(&host, "python_app", &upstream).await;
}

#[tokio::test]
async fn an_address_that_is_not_granted_is_not_reached() {
    let granted = Upstream::answering("200 OK", "", "").await;
    let other = Upstream::answering("200 OK", "", "").await;
    let host = start(&granted.origin()).await;
    for app in APPS {
        assert_eq!(get_from(&host, app, &other.url("/")).await.0, 500);
        assert_eq!(get_from(&host, app, &granted.url("/")).await.0, 200);
    }
    assert_eq!(other.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn both_sdks_share_a_store() {
    let host = start("http://example.com").await;
    for (app, visits) in [(0, "1"), (1, "2"), (0, "3")] {
        let answer = host.get(&format!("/{}/visits", APPS[app])).await;
        assert_eq!(answer.text(), visits);
    }
}

#[tokio::test]
async fn a_check_says_that_an_app_would_run_under_spin() {
    let (status, text) = App::services().args(["--portable"]).run("check").await;
    assert_eq!(status, 0, "{text}");
    assert!(
        text.ends_with("all is well, here and under Spin\n"),
        "{text}"
    );
    // Composed, so nothing of Weir's is left.
    assert!(!text.contains("weir:platform"), "{text}");
}

#[tokio::test]
async fn a_check_names_what_spin_does_not_have() {
    let app = App::new().guest("p3_log_directory", "tool.weir.log_directory = true");
    let (status, text) = app.args(["--portable"]).run("check").await;
    assert_eq!(status, 2, "{text}");
    for part in [
        "imports what Weir and Spin do not both offer",
        "weir:platform/log-directory@0.1.0 (Weir has it, Spin 4.1 does not; list a component",
        "`dependencies`",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[tokio::test]
async fn a_check_names_what_only_spin_has() {
    let only_spin = "spin:sqlite/sqlite@3.1.0 (Spin 4.1 has it, Weir does not: it would load there";
    let app = || App::new().guest("p3_sqlite", "");
    let (status, text) = app().args(["--portable"]).run("check").await;
    assert_eq!(status, 2, "{text}");
    assert!(
        text.contains("imports what Weir and Spin do not both offer"),
        "{text}"
    );
    assert!(text.contains(only_spin), "{text}");
    let (status, text) = app().run("check").await;
    assert_eq!(status, 2, "{text}");
    assert!(text.contains("imports what Weir does not offer"), "{text}");
    assert!(text.contains(only_spin), "{text}");
}

#[tokio::test]
async fn a_check_says_that_spin_runs_commands_by_a_plugin() {
    let source = guest("p2_command");
    let app = App::new().guest("p3_hello", "").manifest(&format!(
        "[[trigger.command]]\ncomponent = \"once\"\n[component.once]\nsource = {source:?}"
    ));
    let (status, text) = app.args(["--portable"]).run("check").await;
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("command (Spin needs a plugin for"), "{text}");
}

//! Reloads that are asked for: `POST /reload` and SIGHUP.

use super::{app, edit_config, generation_is, put, reload};
use crate::harness::app::App;
use crate::harness::guest;
use crate::harness::host::Answer;
use rustix::process::Signal;

#[tokio::test]
async fn a_component_is_replaced_when_that_is_asked_for() {
    let host = app("p3_hello").start().await;
    assert_eq!(host.get("/").await.text(), "Hello");
    put(host.folder(), "p3_readme");
    assert_eq!(host.get("/").await.text(), "Hello", "not before");
    let done = reload(&host).await;
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(done.json()["reloaded"], serde_json::json!(["app"]));
    assert_eq!(host.get("/").await.text(), "Hello, /\n");
    let nothing = reload(&host).await.json();
    assert_eq!(nothing["reloaded"], serde_json::json!([]));

    put(host.folder(), "p3_hello");
    host.signal(Signal::HUP);
    generation_is(&host, 3).await;
    assert_eq!(host.get("/").await.text(), "Hello");
    let labels = [("component", "app"), ("result", "success")];
    host.metric_is("weir_reloads_total", &labels, 2.0).await;
    host.metric_is("weir_component_generation", &[("component", "app")], 3.0)
        .await;
}

#[tokio::test]
async fn a_page_in_a_browser_cannot_ask_for_a_reload() {
    let host = app("p3_hello").start().await;
    let url = format!("{}/reload", host.admin);
    assert_eq!(host.send(host.client.post(&url)).await.status, 403);
    let named = host
        .client
        .post(&url)
        .header("weir-admin", "1")
        .header("host", "evil.example");
    assert_eq!(host.send(named).await.status, 403);
    assert_eq!(host.send(host.client.get(&url)).await.status, 405);
}

#[tokio::test]
async fn a_token_is_asked_for_where_one_is_set() {
    let host = app("p3_hello")
        .file("token", "t0ken\n")
        .config("[admin]\ntoken_file = \"token\"")
        .start()
        .await;
    let url = format!("{}/reload", host.admin);
    let with = |token: &str| host.client.post(&url).bearer_auth(token);
    assert_eq!(host.send(with("other")).await.status, 403);
    assert_eq!(host.send(with("t0ken")).await.status, 200);
}

#[tokio::test]
async fn routes_variables_grants_and_components_change_too() {
    let app = app("p3_hello");
    let host = app.start().await;
    let second = guest("p3_variables");
    let manifest = format!(
        "spin_manifest_version = 2\n[application]\nname = \"test\"\n[variables]\nv = {{ default = \"1\" }}\n\
         [[trigger.http]]\nroute = \"/moved\"\ncomponent = \"app\"\n[component.app]\nsource = \"app.wasm\"\n\
         [[trigger.http]]\nroute = \"/variables/...\"\ncomponent = \"more\"\n\
         [component.more]\nsource = {second:?}\n[component.more.variables]\nname = \"{{{{ v }}}}\"\n"
    );
    std::fs::write(&host.launch.manifest, manifest).unwrap();
    let done = reload(&host).await;
    assert_eq!(
        done.json()["reloaded"],
        serde_json::json!(["more"]),
        "{done:?}"
    );
    assert_eq!(host.get("/").await.status, 404);
    assert_eq!(host.get("/moved").await.text(), "Hello");
    assert_eq!(host.get("/variables/get?name=name").await.text(), "1");

    let text = std::fs::read_to_string(&host.launch.manifest).unwrap();
    std::fs::write(
        &host.launch.manifest,
        text.replace("default = \"1\"", "default = \"2\""),
    )
    .unwrap();
    assert_eq!(
        reload(&host).await.json()["reloaded"],
        serde_json::json!(["more"])
    );
    assert_eq!(host.get("/variables/get?name=name").await.text(), "2");

    let (kept, _) = text
        .split_once("[[trigger.http]]\nroute = \"/variables")
        .unwrap();
    std::fs::write(&host.launch.manifest, kept).unwrap();
    assert_eq!(
        reload(&host).await.json()["removed"],
        serde_json::json!(["more"])
    );
    assert_eq!(host.get("/variables/get?name=name").await.status, 404);
}

#[tokio::test]
async fn what_needs_a_restart_is_said() {
    let host = App::new().guest("p3_hello", "").start().await;
    let config = host.folder().join("weir.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        format!("{text}\n[drain]\ndelay = \"1s\"\n[component.p3-hello]\ntimeout = \"7s\"\n"),
    )
    .unwrap();
    let done = reload(&host).await.json();
    assert_eq!(
        done["needs_restart"],
        serde_json::json!([]),
        "the drain is read when it begins"
    );
    assert_eq!(
        done["reloaded"],
        serde_json::json!(["p3-hello"]),
        "its timeout changed"
    );
    std::fs::write(&config, format!("{text}\n[telemetry]\naccess_log = true\n")).unwrap();
    let done = reload(&host).await.json();
    assert_eq!(done["needs_restart"], serde_json::json!(["[telemetry]"]));
    host.logged(&["[telemetry] changed", "next start"]).await;
}

#[tokio::test]
async fn limits_of_the_host_stay_as_they_are_until_a_restart() {
    let host = app("p3_hello").start().await;
    let capacity = async || host.metrics().await.sum("weir_component_capacity", &[]);
    let before = capacity().await;
    let config = host.folder().join("weir.toml");
    let limits = "[limits]\nmax_in_flight = 5\nqueue_length = 5\n";
    let began = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{began}{limits}")).unwrap();
    let done = reload(&host).await.json();
    assert_eq!(done["needs_restart"], serde_json::json!(["[limits]"]));
    assert_eq!(done["reloaded"], serde_json::json!([]));
    assert_eq!(capacity().await, before);
}

#[tokio::test]
async fn a_request_that_waited_twice_is_answered_by_the_generation_that_it_came_to() {
    let host = app("p3_chunks")
        .guest("p3_sleep", "")
        .config(
            "[limits]\nmax_in_flight = 2\nqueue_timeout = \"8s\"\n\
             [component.app]\nmax_in_flight = 1\ntimeout = \"2s\"\n",
        )
        .start()
        .await;
    let ask = |path: &str| tokio::spawn(host.request(reqwest::Method::GET, path).send());
    let active = async |requests| {
        host.metric_is("http_server_active_requests", &[], requests)
            .await;
    };
    // One holds the component for six seconds, the other the host for twelve.
    let _first = ask("/?n=7&size=1&ms=1000");
    active(1.0).await;
    let _second = ask("/p3_sleep?ms=12000");
    active(2.0).await;
    // It gets the first one's place in the host.
    let third = ask("/p3_sleep?ms=60000");
    active(3.0).await;
    let waited = ask("/?n=2&size=1&ms=100");
    active(4.0).await;
    edit_config(&host, "timeout = \"2s\"", "timeout = \"3s\"");
    let done = reload(&host).await.json();
    assert_eq!(done["reloaded"], serde_json::json!(["app"]), "{done}");
    let answer = Answer::read(waited.await.unwrap().unwrap()).await;
    assert_eq!(answer.pair(), (200, "33".into()));
    third.abort();
}

//! What answers where no component does, and under which labels all of it is counted.

use crate::harness::app::App;
use reqwest::Method;

const COUNT: &str = "http_server_request_duration_seconds_count";

#[tokio::test]
async fn a_trigger_may_hold_its_response_itself() {
    let response = r#"
[[trigger.http]]
route = "/old/..."
static_response = { status_code = 301, headers = { location = "/new", x-one = "1" }, body = "moved" }
[[trigger.http]]
route = "/teapot"
static_response = { status_code = 418 }
[[trigger.http]]
route = "/robots.txt"
static_response = { body = "User-agent: *\n" }
"#;
    let host = App::new().manifest(response).start().await;
    let old = host.get("/old/x?q=1").await;
    assert_eq!(old.pair(), (301, "moved".into()));
    assert_eq!((old.header("location"), old.header("x-one")), ("/new", "1"));
    assert_eq!(host.get("/teapot").await.pair(), (418, String::new()));
    let robots = host.get("/robots.txt").await;
    assert_eq!(robots.pair(), (200, "User-agent: *\n".into()));
    let head = host.send(host.request(Method::HEAD, "/robots.txt")).await;
    assert_eq!((head.status, head.header("content-length")), (200, "14"));
    assert_eq!(head.text(), "");
    for (route, status) in [("/old/...", "301"), ("/teapot", "418")] {
        let labels = [
            ("component", "_host"),
            ("http_route", route),
            ("http_response_status_code", status),
        ];
        host.metric_is(COUNT, &labels, 1.0).await;
    }
}

#[tokio::test]
async fn spins_health_path_answers_whatever_routes_the_app_has() {
    let host = App::new().guest("p3_hello", "").start().await;
    let path = "/.well-known/spin/health";
    assert_eq!(host.get(path).await.pair(), (200, "OK".into()));
    let head = host.send(host.request(Method::HEAD, path)).await;
    assert_eq!((head.status, head.header("content-length")), (200, "2"));
    let own =
        "[[trigger.http]]\nroute = \"/.well-known/...\"\nstatic_response = { body = \"own\" }";
    let host = App::new().manifest(own).start().await;
    let health = host.get("/.well-known/spin/health").await;
    assert_eq!(health.pair(), (200, "OK".into()));
    let other = host.get("/.well-known/other").await;
    assert_eq!(other.pair(), (200, "own".into()));
}

#[tokio::test]
async fn a_path_without_a_route_is_not_found_under_one_label() {
    let host = App::new().guest("p3_hello", "").start().await;
    for n in 0..50 {
        assert_eq!(host.get(&format!("/nowhere/{n}")).await.status, 404);
    }
    let labels = [
        ("component", "_host"),
        ("http_route", "_unmatched"),
        ("http_response_status_code", "404"),
    ];
    host.metric_is(COUNT, &labels, 50.0).await;
    let metrics = host.metrics().await;
    let routes = metrics.values(COUNT, "http_route");
    assert_eq!(routes, ["_unmatched"]);
    assert!(!metrics.text().contains("nowhere"));
}

#[tokio::test]
async fn methods_that_http_does_not_know_are_counted_as_one() {
    let host = App::new().guest("p3_request_info", "").start().await;
    for method in ["BREW", "PROPFIND", "get", "X-1"] {
        let name = Method::from_bytes(method.as_bytes()).unwrap();
        let request = host.request(name, "/p3_request_info/");
        assert_eq!(host.send(request).await.json()["method"], method);
    }
    let labels = [("http_request_method", "_OTHER")];
    host.metric_is(COUNT, &labels, 4.0).await;
    let methods = host.metrics().await.values(COUNT, "http_request_method");
    assert_eq!(methods, ["_OTHER"]);
}

#[tokio::test]
async fn the_label_of_a_route_is_its_pattern() {
    let source = crate::harness::guest("p3_hello");
    let trigger = |route| format!("[[trigger.http]]\nroute = \"{route}\"\ncomponent = \"hello\"");
    let host = App::new()
        .manifest(&trigger("/buckets/:id"))
        .manifest(&trigger("/buckets"))
        .manifest(&trigger("/files/..."))
        .manifest(&format!("[component.hello]\nsource = {source:?}"))
        .start()
        .await;
    for path in [
        "/buckets/1",
        "/buckets/2?q=1",
        "/buckets/",
        "/files",
        "/files/a/b",
        "/files/a/c/",
    ] {
        assert_eq!(host.get(path).await.status, 200, "{path}");
    }
    for (route, count) in [
        ("/buckets/:id", 2.0),
        ("/buckets", 1.0),
        ("/files/...", 3.0),
    ] {
        host.metric_is(COUNT, &[("http_route", route)], count).await;
    }
    assert_eq!(host.metrics().await.series(COUNT), 3);
}

#[tokio::test]
async fn static_responses_are_listed_and_kept_off_listeners_that_name_their_components() {
    let fixed = "[[trigger.http]]\nroute = \"/fixed\"\nstatic_response = { body = \"fixed\" }";
    let listener = "[[listener]]\naddress = \"127.0.0.1:0\"\n";
    let host = App::new()
        .guest("p3_hello", "")
        .manifest(fixed)
        .config(&format!("{listener}{listener}components = [\"p3-hello\"]"))
        .start()
        .await;
    let get = async |number: usize, path: &str| {
        let url = format!("{}{path}", host.addresses[number]);
        host.send(host.client.get(url)).await.status
    };
    assert_eq!(
        (get(0, "/fixed").await, get(0, "/p3_hello").await),
        (200, 200)
    );
    assert_eq!(
        (get(1, "/fixed").await, get(1, "/p3_hello").await),
        (404, 200)
    );
    let status = host.admin("/status").await.json();
    assert_eq!(status["static_routes"], serde_json::json!(["/fixed"]));
    assert_eq!(status["components"].as_array().unwrap().len(), 1);
    let banner = host.banner();
    let listed = |line: &str| line.split_whitespace().eq(["/fixed", "_host"]);
    assert!(banner.lines().any(listed), "{banner}");
}

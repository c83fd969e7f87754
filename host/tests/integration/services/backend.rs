//! The backend API, the data API, and the external service that stands in for a real one. Tests are
//! left out where what they run on is not there.

use super::{app, counted, entries, start};
use crate::harness::app::App;
use crate::harness::host::Host;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

const MESSAGES: [&str; 4] = [
    "Processing request...",
    "Executing task...",
    "Preparing data...",
    "Performing operation...",
];

fn quick() -> App {
    app().args(["--variable", "processing_seconds=0"])
}

#[tokio::test]
async fn a_message_is_answered_and_written_as_an_entry_of_its_own() {
    let Some(host) = start(quick()).await else {
        return;
    };
    for (path, component, count) in [
        ("/backend/", "backend-api", 1),
        ("/backend", "backend-api", 2),
        ("/data/", "data-api", 1),
    ] {
        let answer = host.get(path).await;
        assert_eq!(answer.status, 200);
        assert!(
            answer.header("content-type").starts_with("text/html"),
            "{answer:?}"
        );
        let text = answer.text();
        let message = text.strip_prefix("Log: ").unwrap();
        assert!(MESSAGES.contains(&message), "{message}");
        let entries = entries(&host, component, count).await;
        assert!(entries.contains(&format!("{message}\n")));
    }
    counted(&host, "backend-api", "log_messages", 2).await;
}

#[tokio::test]
async fn the_wait_is_a_setting() {
    let slow = app().args(["--variable", "processing_seconds=0.7"]);
    let Some(host) = start(slow).await else {
        return;
    };
    let began = std::time::Instant::now();
    assert_eq!(host.get("/backend/").await.status, 200);
    assert!(began.elapsed().as_secs_f64() >= 0.7);
}

#[tokio::test]
async fn a_request_is_worked_on_for_three_seconds_if_nothing_else_is_set() {
    let Some(host) = start(app()).await else {
        return;
    };
    let worked = async |path| {
        let began = std::time::Instant::now();
        assert_eq!(host.get(path).await.status, 200);
        assert!(began.elapsed().as_secs_f64() >= 3.0, "{path}");
    };
    futures_util::future::join(worked("/backend/"), worked("/data/")).await;
}

#[tokio::test]
async fn logs_of_the_external_service_are_fetched_with_the_key_of_the_environment() {
    let Some(host) = start(app()).await else {
        return;
    };
    for path in [
        "/backend/download_external_logs",
        "/backend//download_external_logs",
    ] {
        let answer = host.get(&format!("{path}?env=development")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(
            answer
                .header("content-type")
                .starts_with("application/json")
        );
        assert!(!answer.json()["logs"].as_array().unwrap().is_empty());
    }
    assert!(!host.log().contains("development-only"));
}

#[tokio::test]
async fn an_unknown_environment_is_refused() {
    let Some(host) = start(app()).await else {
        return;
    };
    for query in [
        "",
        "?env=",
        "?env=test",
        "?env=Development",
        "?other=development",
    ] {
        let answer = host
            .get(&format!("/backend/download_external_logs{query}"))
            .await;
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(
            answer.json(),
            serde_json::json!({"error": "Invalid environment"})
        );
    }
}

#[tokio::test]
async fn a_key_that_is_not_set_is_named_and_nothing_is_sent() {
    let (url, sent) = upstream("");
    let url = format!("external_logs_url={url}");
    let app = app().args(["--variable", &url]);
    let Some(host) = start(app).await else { return };
    for environment in ["staging", "production"] {
        let answer = host
            .get(&format!(
                "/backend/download_external_logs?env={environment}"
            ))
            .await;
        assert_eq!(answer.status, 500);
        let error = format!("integration key for {environment} is not configured");
        assert_eq!(answer.json(), serde_json::json!({"error": error}));
    }
    assert!(sent.try_recv().is_err());
}

/// An external service of the test's own that answers every connection with `response`, and what
/// it was sent.
fn upstream(response: &'static str) -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let length = stream.read(&mut head).unwrap();
            let _ = sender.send(String::from_utf8_lossy(&head[..length]).into_owned());
            let _ = stream.write_all(response.as_bytes());
        }
    });
    (address, receiver)
}

async fn with_upstream(url: &str) -> Option<Host> {
    let url = format!("external_logs_url={url}");
    let production = ["--variable", "prod_integration_key=s3cret-key"];
    let staging = ["--variable", "staging_integration_key=s3cret-of-staging"];
    let app = app().args(["--variable", &url]);
    start(app.args(production).args(staging)).await
}

#[tokio::test]
async fn the_key_is_sent_as_a_bearer_token_and_the_json_passed_on() {
    let (url, sent) = upstream(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n{\"a\":1}",
    );
    let Some(host) = with_upstream(&url).await else {
        return;
    };
    for (environment, key) in [
        ("production", "s3cret-key"),
        ("staging", "s3cret-of-staging"),
    ] {
        let path = format!("/backend/download_external_logs?env={environment}");
        let answer = host.get(&path).await;
        assert_eq!(answer.pair(), (200, "{\"a\":1}".into()));
        let head = sent.recv().unwrap().to_lowercase();
        assert!(
            head.starts_with("get /download_logs http/1.1\r\n"),
            "{head}"
        );
        let bearer = format!("authorization: bearer {key}\r\n");
        assert!(head.contains(&bearer), "{head}");
    }
}

#[tokio::test]
async fn errors_of_the_external_service_are_bad_gateways_that_hide_the_key() {
    let cases = [
        (
            "HTTP/1.1 404 Not Found\r\ncontent-length: 10\r\n\r\ns3cret-key",
            "404",
        ),
        (
            "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n",
            "500",
        ),
        ("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nnot json", ""),
        ("", ""),
    ];
    for (response, names) in cases {
        let (url, _sent) = upstream(response);
        let Some(host) = with_upstream(&url).await else {
            return;
        };
        let answer = host
            .get("/backend/download_external_logs?env=production")
            .await;
        assert_eq!(answer.status, 502, "{response}: {answer:?}");
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(names), "{error}");
        assert!(
            !error.contains("s3cret") && !host.log().contains("s3cret"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_external_service_that_cannot_be_reached_is_a_bad_gateway_and_a_silent_one_times_out() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let Some(host) = with_upstream(&url).await else {
        return;
    };
    assert_eq!(
        host.get("/backend/download_external_logs?env=production")
            .await
            .status,
        502
    );

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("external_logs_url=http://{}", silent.local_addr().unwrap());
    let timeout = ["--variable", "external_logs_timeout_seconds=0.5"];
    let app = app().args(["--variable", &url]).args(timeout);
    let Some(host) = start(app).await else { return };
    assert_eq!(
        host.get("/backend/download_external_logs?env=development")
            .await
            .status,
        504
    );
}

#[tokio::test]
async fn the_external_service_is_not_reached_from_outside() {
    let Some(host) = start(app()).await else {
        return;
    };
    for path in ["/external-logs", "/download_logs"] {
        assert_eq!(host.get(path).await.status, 404);
    }
}

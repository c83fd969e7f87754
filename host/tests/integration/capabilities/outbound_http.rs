//! Requests that components send over the network.

use super::{no_guest_has_failed, target};
use crate::harness::app::App;
use crate::harness::gate::Gate;
use crate::harness::host::Host;
use crate::harness::upstream::Upstream;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

const GUESTS: [&str; 2] = ["p2_outbound", "p3_outbound"];

/// Both guests, allowed to send to these hosts.
fn app(hosts: &[&str]) -> App {
    let allowed = format!("allowed_outbound_hosts = {hosts:?}");
    GUESTS
        .iter()
        .fold(App::new(), |app, guest| app.guest(guest, &allowed))
}

/// What a guest says became of its request to `url`.
async fn send(host: &Host, guest: &str, url: &str) -> Value {
    let path = target(&format!("/{guest}/"), &[("url", url)]);
    host.get(&path).await.json()
}

/// How many of a guest's requests were answered with a status, or failed for a reason.
async fn client_requests(host: &Host, guest: &str, label: (&str, &str), count: f64) {
    let id = guest.replace('_', "-");
    let name = "http_client_request_duration_seconds_count";
    host.metric_is(name, &[("component", &*id), label], count)
        .await;
}

#[tokio::test]
async fn a_request_to_an_allowed_host_is_sent_and_answered_whole() {
    let upstream = Upstream::answering("203 Fine", "x-one: 1\r\nx-one: 2\r\n", "the body").await;
    let host = app(&[&upstream.origin()]).start().await;
    for guest in GUESTS {
        let url = upstream.url("/a%20b?q=1&r=%2F");
        let path = target(&format!("/{guest}/"), &[("url", &url), ("method", "POST")]);
        let request = host
            .request(Method::POST, &path)
            .header("traceparent", TRACEPARENT)
            .body("what is sent");
        let answer = host.send(request).await.json();
        assert_eq!(
            (&answer["status"], &answer["body"]),
            (&json!(203), &json!("the body"))
        );
        let headers = answer["headers"].as_array().unwrap();
        assert!(headers.contains(&json!(["x-one", "1"])), "{answer}");
        assert!(headers.contains(&json!(["x-one", "2"])), "{answer}");

        let sent = upstream.requests().pop().unwrap();
        assert!(
            sent.starts_with("POST /a%20b?q=1&r=%2F HTTP/1.1\r\n"),
            "{sent}"
        );
        let authority = upstream.origin().replace("http://", "host: ");
        assert!(sent.contains(&authority), "{sent}");
        assert!(sent.contains("what is sent"), "{sent}");
        assert!(sent.contains(TRACE), "the trace goes on: {sent}");
        assert!(!sent.contains("spin-"), "{sent}");
        let labels = ("http_response_status_code", "203");
        client_requests(&host, guest, labels, 1.0).await;
    }
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn requests_that_share_an_instance_keep_their_traces_apart() {
    let upstream = Upstream::answering("200 OK", "", "").await;
    let host = app(&[&upstream.origin()]).start().await;
    let trace = |n: usize| format!("4bf92f3577b34da6a3ce929d{n:08x}");
    let send = |n: usize| {
        let url = upstream.url(&format!("/{n}"));
        let path = target(&format!("/{}/", GUESTS[n % 2]), &[("url", &url)]);
        let traceparent = format!("00-{}-00f067aa0ba902b7-01", trace(n));
        let request = host.request(Method::GET, &path);
        host.send(request.header("traceparent", traceparent))
    };
    let answers = join_all((0..64).map(send)).await;
    assert!(answers.iter().all(|answer| answer.json()["status"] == 200));
    let sent = upstream.requests();
    for n in 0..64 {
        let begin = format!("GET /{n} ");
        let request = sent.iter().find(|request| request.starts_with(&begin));
        assert!(request.unwrap().contains(&trace(n)), "{request:?}");
    }
}

#[tokio::test]
async fn what_is_not_allowed_is_denied_and_never_sent() {
    let upstream = Upstream::answering("200 OK", "", "").await;
    let other = Upstream::answering("200 OK", "", "").await;
    let host = app(&[&other.origin()]).start().await;
    for guest in GUESTS {
        let elsewhere = upstream.url("/").replace("127.0.0.1", "localhost");
        let encrypted = other.url("/").replace("http:", "https:");
        for url in [&upstream.url("/"), &elsewhere, &encrypted] {
            let denied = send(&host, guest, url).await;
            assert_eq!(denied, json!({ "error": "HttpRequestDenied" }), "{url}");
        }
        assert_eq!(send(&host, guest, &other.url("/")).await["status"], 200);
        let id = guest.replace('_', "-");
        host.metric_is("weir_outbound_denied_total", &[("component", &id)], 3.0)
            .await;
    }
    let line = host
        .logged(&["denied", "p3-outbound", &upstream.origin()])
        .await;
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["route"], "/p3_outbound/...");
    let named = line["target"].as_str().unwrap();
    assert!(named.starts_with("weir"), "{line}");
    assert_eq!(upstream.requests(), Vec::<String>::new());
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn without_a_grant_every_host_is_denied() {
    let upstream = Upstream::answering("200 OK", "", "").await;
    let host = app(&[]).start().await;
    for guest in GUESTS {
        for url in [
            &*upstream.url("/"),
            "http://169.254.169.254/latest",
            "http://[::1]:1/",
        ] {
            let denied = send(&host, guest, url).await;
            assert_eq!(denied, json!({ "error": "HttpRequestDenied" }), "{url}");
        }
    }
    assert_eq!(upstream.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn allowed_hosts_may_hold_variables() {
    let upstream = Upstream::answering("200 OK", "", "by variable").await;
    let host = app(&["http://{{ name }}:{{ port }}"])
        .manifest("[variables]\nname = { default = \"example.com\" }\nport = { required = true }")
        .args(["--variable", "name=127.0.0.1"])
        .env(
            "SPIN_VARIABLE_PORT",
            upstream.origin().rsplit(':').next().unwrap(),
        )
        .start()
        .await;
    for guest in GUESTS {
        let answer = send(&host, guest, &upstream.url("/")).await;
        assert_eq!(answer["body"], "by variable");
        let denied = send(&host, guest, "http://example.com/").await;
        assert_eq!(denied["error"], "HttpRequestDenied");
    }
}

#[tokio::test]
async fn a_redirect_is_the_guests_to_follow() {
    let hidden = Upstream::answering("200 OK", "", "").await;
    let location = format!("location: {}\r\n", hidden.url("/"));
    let upstream = Upstream::answering("302 Found", &location, "").await;
    let host = app(&[&upstream.origin()]).start().await;
    for guest in GUESTS {
        let answer = send(&host, guest, &upstream.url("/")).await;
        assert_eq!(answer["status"], 302);
        let headers = answer["headers"].as_array().unwrap();
        assert!(
            headers.contains(&json!(["location", hidden.url("/")])),
            "{answer}"
        );
    }
    assert_eq!(hidden.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn each_way_to_fail_has_its_code_and_its_label() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let silent = Upstream::start("").await;
    let babbling = Upstream::start("what is this?\r\n\r\n").await;
    let host = app(&["*://*:*"]).start().await;
    let failures = [
        (closed, "ConnectionRefused", "connection_refused"),
        ("http://nobody.invalid/".to_owned(), "DnsError", "dns"),
        (silent.url("/"), "ConnectionTerminated", "connection_closed"),
        (babbling.url("/"), "HttpProtocolError", "protocol"),
        (
            babbling.url("/").replace("http:", "https:"),
            "TlsProtocolError",
            "tls",
        ),
    ];
    for guest in GUESTS {
        for (url, code, reason) in &failures {
            let failed = send(&host, guest, url).await;
            let name = failed["error"].as_str().unwrap_or_default();
            assert!(name.starts_with(code), "{url}: {failed}");
            client_requests(&host, guest, ("error_type", reason), 1.0).await;
        }
    }
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn an_answer_that_is_cut_short_is_no_whole_answer() {
    let upstream = Upstream::start("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\na part").await;
    let host = app(&[&upstream.origin()]).start().await;
    let failed = send(&host, "p3_outbound", &upstream.url("/")).await;
    assert!(failed["error"].is_string(), "{failed}");
    // This guest traps on a body that is cut short.
    let path = target("/p2_outbound/", &[("url", &upstream.url("/"))]);
    assert_eq!(host.get(&path).await.status, 500);
}

#[tokio::test]
async fn a_request_that_hangs_until_its_component_is_given_up_is_counted_as_cancelled() {
    let gate = Gate::start().await;
    let host = app(&[&gate.origin()])
        .args(["--request-timeout", "400ms"])
        .start()
        .await;
    for guest in GUESTS {
        let path = target(&format!("/{guest}/"), &[("url", &gate.origin())]);
        assert_eq!(host.get(&path).await.status, 504);
        let _hanging = gate.asked().await;
        client_requests(&host, guest, ("error_type", "cancelled"), 1.0).await;
    }
}

#[tokio::test]
async fn a_host_without_root_certificates_serves_and_sends_what_needs_none() {
    let upstream = Upstream::start("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let listener = "[[listener]]\naddress = \"127.0.0.1:0\"\n\
                    tls = { certificate = \"certificate.pem\", key = \"key.pem\" }";
    let secure = App::new()
        .guest("p3_hello", "")
        .config(listener)
        .file("certificate.pem", certificate.cert.pem())
        .file("key.pem", certificate.signing_key.serialize_pem())
        .start()
        .await;
    let secure = &secure.addresses[0];
    let host = app(&[&upstream.origin(), secure])
        .env("SSL_CERT_FILE", "/nonexistent")
        .env("SSL_CERT_DIR", "/nonexistent")
        .start()
        .await;
    host.logged(&["WARN", "no root certificates"]).await;
    for guest in GUESTS {
        let answer = send(&host, guest, &upstream.url("/")).await;
        assert_eq!(answer["status"], 200, "{answer}");
        let answer = send(&host, guest, secure).await;
        assert_eq!(answer["error"], "TlsProtocolError", "{answer}");
        client_requests(&host, guest, ("error_type", "tls"), 1.0).await;
    }
}

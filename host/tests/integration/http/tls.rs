//! Listeners with a certificate.

use crate::harness::app::App;
use crate::harness::eventually;
use crate::harness::host::Host;
use crate::harness::wire::Wire;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const EXPIRY: &str = "weir_tls_certificate_expiry_timestamp_seconds";
const ERRORS: &str = "weir_connection_errors_total";

/// A certificate that signs itself, and its key.
struct Certificate {
    pem: String,
    key: String,
    der: CertificateDer<'static>,
    /// In seconds since 1970.
    expires: i64,
}

impl Certificate {
    fn until(year: i32) -> Self {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            pem: certificate.pem(),
            key: key.serialize_pem(),
            der: certificate.der().clone(),
            expires: params.not_after.unix_timestamp(),
        }
    }

    /// Puts the files into place.
    fn write(&self, folder: &Path) {
        std::fs::write(folder.join("key.pem"), &self.key).unwrap();
        std::fs::write(folder.join("certificate.pem"), &self.pem).unwrap();
    }

    /// Connects as a client that trusts this certificate only.
    async fn connect(&self, host: &Host, alpn: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(host.socket()).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
    }

    async fn wire(&self, host: &Host) -> Wire<TlsStream<TcpStream>> {
        Wire::new(self.connect(host, &["http/1.1"]).await.unwrap())
    }
}

const LISTENER: &str = "[[listener]]\naddress = \"127.0.0.1:0\"\n\
                        tls = { certificate = \"certificate.pem\", key = \"key.pem\" }\n";

async fn start(certificate: &Certificate, config: &str) -> Host {
    let app = App::new()
        .guest("p3_request_info", "")
        .guest("p3_sleep", "")
        .config(&format!("{LISTENER}{config}"));
    certificate.write(app.folder());
    app.start().await
}

#[tokio::test]
async fn the_client_chooses_http_1_or_2() {
    let certificate = Certificate::until(2040);
    let host = start(&certificate, "").await;
    assert!(
        host.addresses[0].starts_with("https://"),
        "{}",
        host.banner()
    );

    let stream = certificate
        .connect(&host, &["h2", "http/1.1"])
        .await
        .unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    let request = http::Request::get("https://localhost/p3_request_info/x?y");
    let request = request.body(Empty::<bytes::Bytes>::new()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let info: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (&info["scheme"], &info["authority"]),
        (&"https".into(), &"localhost".into())
    );

    for alpn in [&["http/1.1"][..], &[]] {
        let stream = certificate.connect(&host, alpn).await.unwrap();
        let answer = Wire::new(stream).ask("/p3_request_info/x").await;
        let info: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(info["scheme"], "https");
        let url = serde_json::json!(["spin-full-url", "https://test/p3_request_info/x"]);
        assert!(info["headers"].as_array().unwrap().contains(&url), "{info}");
    }
}

#[tokio::test]
async fn clients_that_shake_no_hands_keep_nobody_waiting() {
    let certificate = Certificate::until(2040);
    let host = start(&certificate, "[limits]\nhandshake_timeout = \"5m\"\n").await;
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(Wire::connect(&host).await);
    }
    host.metric_is("weir_connections_active", &[], 50.0).await;
    let mut wire = certificate.wire(&host).await;
    assert_eq!(wire.ask("/p3_sleep?ms=1").await.status, 200);
    let active = host.metrics().await.sum("weir_connections_active", &[]);
    assert_eq!(active, 51.0, "they are still there");
}

#[tokio::test]
async fn a_client_that_shakes_no_hands_is_cut_off_after_a_while() {
    let certificate = Certificate::until(2040);
    let host = start(&certificate, "[limits]\nhandshake_timeout = \"500ms\"\n").await;
    let began = Instant::now();
    assert_eq!(Wire::connect(&host).await.rest().await, "");
    assert!(began.elapsed() >= Duration::from_millis(400));
    host.metric_is(ERRORS, &[("reason", "tls_handshake_timeout")], 1.0)
        .await;
}

#[tokio::test]
async fn what_is_no_handshake_is_counted() {
    let certificate = Certificate::until(2040);
    let host = start(&certificate, "").await;
    let mut plain = Wire::connect(&host).await;
    plain.get("/p3_request_info").await;
    assert!(!plain.rest().await.contains("HTTP/1.1"));
    host.metric_is(ERRORS, &[("reason", "tls_handshake")], 1.0)
        .await;
    let stranger = Certificate::until(2040);
    assert!(stranger.connect(&host, &[]).await.is_err());
    host.metric_is(ERRORS, &[("reason", "tls_handshake")], 2.0)
        .await;
    assert_eq!(
        certificate.wire(&host).await.ask("/p3_sleep").await.status,
        200
    );
}

#[tokio::test]
async fn a_new_certificate_is_used_and_a_broken_one_is_not() {
    let (first, second) = (Certificate::until(2040), Certificate::until(2041));
    let host = start(&first, "").await;
    host.metric_is(EXPIRY, &[], first.expires as f64).await;
    let mut wire = first.wire(&host).await;
    assert_eq!(wire.ask("/p3_sleep").await.status, 200);

    std::fs::write(host.folder().join("certificate.pem"), "none").unwrap();
    host.metric_is(ERRORS, &[("reason", "certificate")], 1.0)
        .await;
    host.logged(&["ERROR", "the old certificate stays in use"])
        .await;
    assert!(first.connect(&host, &[]).await.is_ok());

    second.write(host.folder());
    eventually("the new certificate", async || {
        second.connect(&host, &[]).await.ok()
    })
    .await;
    assert!(first.connect(&host, &[]).await.is_err());
    host.metric_is(EXPIRY, &[], second.expires as f64).await;
    host.logged(&["certificate read again"]).await;
    assert_eq!(
        wire.ask("/p3_sleep").await.status,
        200,
        "on the old connection"
    );
}

#[tokio::test]
async fn a_key_that_belongs_to_another_certificate_is_refused_at_the_start() {
    let (first, second) = (Certificate::until(2040), Certificate::until(2041));
    let app = App::new().guest("p3_sleep", "").config(LISTENER);
    first.write(app.folder());
    std::fs::write(app.folder().join("key.pem"), &second.key).unwrap();
    let (status, text) = app.fail().await;
    assert_eq!(status, 2, "{text}");
    assert!(text.contains("do not go together"), "{text}");
    assert!(!text.contains("PRIVATE KEY"));
}

//! Traces reach a collector by OTLP, and go on through components.

use crate::harness::app::App;
use crate::harness::eventually;
use crate::harness::host::{Answer, Host};
use crate::harness::upstream::Upstream;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A collector that keeps what it is sent.
#[derive(Clone)]
struct Collector {
    url: String,
    exports: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let collector = Self {
            url,
            exports: Arc::default(),
        };
        let keeping = collector.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                keeping.serve(stream.unwrap());
            }
        });
        collector
    }

    /// Reads requests from a connection until it is closed.
    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        loop {
            let mut length = 0;
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 {
                    return;
                }
                let line = line.trim_end().to_lowercase();
                if let Some(value) = line.strip_prefix("content-length: ") {
                    length = value.parse().unwrap();
                }
                if line.is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let export = ExportTraceServiceRequest::decode(&body[..]).unwrap();
            self.exports.lock().unwrap().push(export);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            (&stream).write_all(answer).unwrap();
        }
    }

    fn spans(&self) -> Vec<Span> {
        let exports = self.exports.lock().unwrap();
        let resources = exports.iter().flat_map(|export| &export.resource_spans);
        let scopes = resources.flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    /// Waits until there are so many spans.
    async fn has(&self, count: usize) -> Vec<Span> {
        eventually(&format!("{count} spans"), async || {
            let spans = self.spans();
            (spans.len() >= count).then_some(spans)
        })
        .await
    }
}

/// The services, exporting to `collector`.
async fn exporting(collector: &Collector, sampler: &str) -> Host {
    App::services()
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)
        .env("OTEL_BSP_SCHEDULE_DELAY", "50")
        .env("OTEL_TRACES_SAMPLER", sampler)
        .start()
        .await
}

/// A guest that asks where it is told to, exporting to `collector`.
async fn asking(collector: &Collector, upstream: &Upstream, sampler: &str) -> Host {
    let hosts = format!(
        "allowed_outbound_hosts = [\"{}\", \"http://*.spin.internal\"]",
        upstream.origin()
    );
    App::new()
        .guest("p3_outbound", &hosts)
        .guest("p3_request_info", "")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)
        .env("OTEL_BSP_SCHEDULE_DELAY", "50")
        .env("OTEL_TRACES_SAMPLER", sampler)
        .env("OTEL_TRACES_SAMPLER_ARG", "0")
        .start()
        .await
}

/// Has the guest ask `url`, as part of the trace of [`PARENT`].
async fn ask(host: &Host, url: &str) -> Answer {
    let path = format!("/p3_outbound/?url={url}");
    let request = host.request(reqwest::Method::GET, &path);
    let request = request.header("traceparent", PARENT);
    host.send(request.header("tracestate", STATE)).await
}

fn attribute(span: &Span, key: &str) -> String {
    let found = span
        .attributes
        .iter()
        .find(|attribute| attribute.key == key);
    let value = found.and_then(|attribute| attribute.value.as_ref()?.value.as_ref());
    format!("{value:?}")
}

const PATH: &str = "/backend/download_external_logs?env=development";
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const STATE: &str = "vendor=one,other=two";

#[tokio::test]
async fn a_request_and_what_it_led_to_are_one_trace() {
    let collector = Collector::start();
    let host = exporting(&collector, "parentbased_always_on").await;
    let request = host
        .request(reqwest::Method::GET, PATH)
        .header("traceparent", PARENT);
    assert_eq!(host.send(request).await.status, 200);
    let spans = collector.has(2).await;
    let of = |kind: SpanKind| spans.iter().find(|span| span.kind == kind as i32).unwrap();
    let (server, client) = (of(SpanKind::Server), of(SpanKind::Client));
    assert_eq!(server.name, "GET /backend/download_external_logs");
    assert_eq!(
        server.parent_span_id,
        0xb7ad_6b71_6920_3331_u64.to_be_bytes()
    );
    assert_eq!(client.parent_span_id, server.span_id);
    for span in [server, client] {
        assert_eq!(
            span.trace_id,
            0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes()
        );
        assert!(attribute(span, "http.response.status_code").contains("200"));
    }
    assert!(attribute(server, "weir.component").contains("backend-api"));
    assert!(
        !format!("{spans:?}").contains("env=development"),
        "the query may hold secrets"
    );
}

#[tokio::test]
async fn a_failed_request_is_an_error_in_its_trace() {
    let collector = Collector::start();
    let host = exporting(&collector, "always_on").await;
    assert_eq!(
        host.get("/backend/download_external_logs?env=staging")
            .await
            .status,
        500
    );
    let span = collector.has(1).await.remove(0);
    assert_eq!(span.status.unwrap().code, 2);
    assert!(span.parent_span_id.is_empty());
}

#[tokio::test]
async fn what_is_not_sampled_is_not_exported() {
    let collector = Collector::start();
    let mut host = exporting(&collector, "parentbased_always_on").await;
    let unsampled = PARENT.replace("-01", "-00");
    let request = host
        .request(reqwest::Method::GET, PATH)
        .header("traceparent", unsampled);
    assert_eq!(host.send(request).await.status, 200);
    // The last spans are exported before the end.
    let (status, log) = host.stop().await;
    assert!(status.success(), "{log}");
    assert_eq!(collector.spans().len(), 0);
}

#[tokio::test]
async fn the_last_spans_are_exported_when_the_host_stops() {
    let collector = Collector::start();
    let mut host = App::services()
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)
        .env("OTEL_BSP_SCHEDULE_DELAY", "60000")
        .start()
        .await;
    assert_eq!(host.get(PATH).await.status, 200);
    assert_eq!(collector.spans().len(), 0);
    assert!(host.stop().await.0.success());
    assert_eq!(collector.spans().len(), 2);
}

#[tokio::test]
async fn a_sampler_that_is_none_is_refused_at_the_start() {
    let app = App::services().env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
    let (status, text) = app.env("OTEL_TRACES_SAMPLER", "sometimes").fail().await;
    assert_eq!(status, 2);
    assert!(text.contains("parentbased_"), "{text}");
}

#[tokio::test]
async fn a_protocol_that_is_not_spoken_is_refused_at_the_start() {
    let app = App::services().env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
    let (status, text) = app.env("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc").fail().await;
    assert_eq!(status, 2);
    assert!(
        text.contains("OTEL_EXPORTER_OTLP_PROTOCOL is `grpc`"),
        "{text}"
    );
}

#[tokio::test]
async fn nothing_is_exported_where_the_environment_says_so() {
    // It would end the start.
    let app = App::new()
        .guest("p3_hello", "")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "https://127.0.0.1:1");
    let host = app.env("OTEL_SDK_DISABLED", "true").start().await;
    assert_eq!(host.get("/p3_hello").await.status, 200);
}

#[tokio::test]
async fn what_follows_a_trace_that_is_left_out_is_told_so() {
    let collector = Collector::start();
    let upstream = Upstream::answering("200 OK", "", "").await;
    let mut host = asking(&collector, &upstream, "parentbased_traceidratio").await;
    let path = format!("/p3_outbound/?url={}", upstream.url("/x"));
    assert_eq!(host.get(&path).await.status, 200);
    let sent = upstream.requests().pop().unwrap();
    let header = sent
        .lines()
        .find(|line| line.starts_with("traceparent: 00-"));
    assert!(
        header.is_some_and(|header| header.ends_with("-00")),
        "{sent}"
    );
    assert!(host.stop().await.0.success());
    assert_eq!(collector.spans().len(), 0);
}

#[tokio::test]
async fn what_the_sampler_leaves_out_is_not_exported_though_the_caller_samples_it() {
    for sampler in ["always_off", "traceidratio"] {
        let collector = Collector::start();
        let upstream = Upstream::answering("200 OK", "", "").await;
        let mut host = asking(&collector, &upstream, sampler).await;
        assert_eq!(ask(&host, &upstream.url("/x")).await.status, 200);
        let sent = upstream.requests().pop().unwrap();
        let unchanged = format!("traceparent: {PARENT}\r\n");
        assert!(sent.contains(&unchanged), "{sampler}: {sent}");
        assert!(host.stop().await.0.success());
        assert_eq!(collector.spans().len(), 0, "{sampler}");
    }
}

#[tokio::test]
async fn a_request_of_a_component_is_described_by_the_conventions() {
    let collector = Collector::start();
    let upstream = Upstream::answering("404 Not Found", "", "").await;
    let host = asking(&collector, &upstream, "always_on").await;
    let url = upstream.url("/a/b?key=s3cret");
    assert_eq!(ask(&host, &url).await.json()["status"], 404);
    let spans = collector.has(2).await;
    let of = |kind: SpanKind| spans.iter().find(|span| span.kind == kind as i32).unwrap();
    let (server, client) = (of(SpanKind::Server), of(SpanKind::Client));
    let port = upstream.origin().rsplit_once(':').unwrap().1.to_owned();
    for (key, value) in [
        ("http.request.method", "StringValue(\"GET\")".to_owned()),
        ("server.address", "StringValue(\"127.0.0.1\")".to_owned()),
        ("server.port", format!("IntValue({port})")),
        (
            "url.full",
            format!("StringValue({:?})", upstream.url("/a/b")),
        ),
        ("http.response.status_code", "IntValue(404)".to_owned()),
        ("error.type", "StringValue(\"404\")".to_owned()),
    ] {
        assert_eq!(attribute(client, key), format!("Some({value})"), "{key}");
    }
    let error = |span: &Span| span.status.as_ref().is_some_and(|status| status.code == 2);
    assert!(error(client), "{client:?}");
    assert!(!error(server), "it has answered: {server:?}");
    assert!(attribute(server, "url.scheme").contains("\"http\""));
    assert!(!format!("{spans:?}").contains("s3cret"));
}

#[tokio::test]
async fn what_other_systems_say_of_a_trace_goes_on_with_it() {
    let collector = Collector::start();
    let upstream = Upstream::answering("200 OK", "", "").await;
    for sampler in ["always_on", "always_off"] {
        let host = asking(&collector, &upstream, sampler).await;
        assert_eq!(ask(&host, &upstream.url("/x")).await.status, 200);
        let sent = upstream.requests().pop().unwrap();
        let state = format!("tracestate: {STATE}\r\n");
        assert!(sent.contains(&state), "{sampler}: {sent}");
        let within = ask(&host, "http://p3-request-info.spin.internal/").await;
        assert!(within.text().contains(STATE), "{sampler}: {within:?}");
    }
}

/// The name of the service that the spans are from.
async fn service(variables: &[(&str, &str)]) -> String {
    let collector = Collector::start();
    let app = App::new()
        .guest("p3_hello", "")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)
        .env("OTEL_BSP_SCHEDULE_DELAY", "50");
    let app = variables
        .iter()
        .fold(app, |app, (name, value)| app.env(name, value));
    let host = app.start().await;
    assert_eq!(host.get("/p3_hello/").await.status, 200);
    collector.has(1).await;
    let exports = collector.exports.lock().unwrap();
    let resource = exports[0].resource_spans[0].resource.as_ref().unwrap();
    let name = resource.attributes.iter();
    let name = name.filter(|attribute| attribute.key == "service.name");
    let [name] = &name.collect::<Vec<_>>()[..] else {
        panic!("{resource:?}");
    };
    format!("{:?}", name.value.as_ref().unwrap().value)
}

#[tokio::test]
async fn the_service_has_the_name_that_the_environment_gives_it_or_the_apps() {
    let attributes = ("OTEL_RESOURCE_ATTRIBUTES", "service.name=shop,team=x");
    for (variables, name) in [
        (&[][..], "test"),
        (&[("OTEL_SERVICE_NAME", "")], "test"),
        (&[attributes], "shop"),
        (&[attributes, ("OTEL_SERVICE_NAME", "till")], "till"),
    ] {
        let told = service(variables).await;
        let name = format!("Some(StringValue({name:?}))");
        assert_eq!(told, name, "{variables:?}");
    }
}

//! Traffic that moves every metric that traffic can move.

use super::log::flood;
use crate::harness::app::App;
use crate::harness::eventually;
use crate::harness::host::Host;
use crate::harness::metrics::{Family, Metrics};
use crate::harness::wire::Wire;
use futures_util::future::{join, join_all};
use reqwest::Method;
use std::collections::BTreeMap;
use tokio::task::JoinHandle;

const CONFIG: &str = "
[[listener]]
address = \"127.0.0.1:0\"
[[listener]]
address = \"127.0.0.1:0\"
tls = { certificate = \"certificate.pem\", key = \"key.pem\" }
[limits]
queue_length = 1
queue_timeout = \"60s\"
[component.p3-sleep]
max_in_flight = 1
timeout = \"5m\"
[component.p3-log-directory]
log_directory = { max_files = 2 }
[component.p3-metrics]
metrics = { max_series = 1 }
";

const OUTBOUND: &str =
    "allowed_outbound_hosts = [\"http://127.0.0.1:*\", \"http://p3-hello.spin.internal\"]";

fn app() -> App {
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    App::new()
        .guest("p3_hello", "")
        .guest("p3_key_value", "key_value_stores = [\"default\"]")
        .guest("p3_log_directory", "")
        .guest("p3_metrics", "")
        .guest("p3_outbound", OUTBOUND)
        .guest("p3_sleep", "")
        .guest("p3_stdio", "")
        .guest("p3_trap", "")
        .with_unread_log()
        .config(CONFIG)
        .file("certificate.pem", certificate.cert.pem())
        .file("key.pem", certificate.signing_key.serialize_pem())
}

/// The metrics over several scrapes: all labels that a series ever had, and the greatest values.
#[derive(Debug, Default)]
pub(super) struct Seen(pub(super) BTreeMap<String, Family>);

impl Seen {
    fn add(&mut self, metrics: &Metrics) {
        for (name, family) in metrics.families() {
            let seen = self.0.entry(name).or_default();
            seen.kind = family.kind;
            seen.labels.extend(family.labels);
            seen.greatest = seen.greatest.max(family.greatest);
        }
    }
}

/// A host after all that traffic, and what its metrics said meanwhile.
pub(super) async fn everything() -> (Host, Seen) {
    let host = app().start().await;
    let mut seen = Seen::default();
    call_guests(&host).await;
    fail(&host).await;
    write_together(&host, &mut seen).await;
    queue(&host, &mut seen).await;
    flood(&host).await;
    seen.add(&host.metrics().await);
    (host, seen)
}

async fn get(host: &Host, path: &str, status: u16) {
    let answer = host.get(path).await;
    assert_eq!(answer.status, status, "{path}: {answer:?}");
}

async fn call_guests(host: &Host) {
    let itself = format!("{}/p3_hello/", host.addresses[0]);
    for url in [
        &itself,
        "http://127.0.0.1:1/",
        "http://p3-hello.spin.internal/",
        "http://denied.test/",
    ] {
        get(host, &format!("/p3_outbound/?url={url}"), 200).await;
    }
    for entry in 0..3 {
        let write = host.request(Method::POST, "/p3_log_directory/entry");
        let answer = host.send(write.body(format!("entry {entry}"))).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    get(host, "/p3_metrics/add?name=n&value=1&user=a", 200).await;
    get(host, "/p3_metrics/add?name=n&value=1&user=b", 200).await;
    get(host, "/p3_metrics/set?name=n&value=1", 500).await;
}

async fn fail(host: &Host) {
    get(host, "/p3_trap/", 500).await;
    get(host, "/p3_key_value/open?store=denied", 500).await;
    get(host, "/p3_log_directory/line?log=..&line=x", 500).await;
    let mut wire = Wire::connect(host).await;
    wire.send("no request\r\n\r\n").await;
    assert_eq!(wire.reply().await.status, 400);
    let reload = host.client.post(format!("{}/reload", host.admin));
    let done = host.send(reload.header("weir-admin", "1")).await;
    assert_eq!(done.status, 200, "{done:?}");
}

/// Writes until a scrape has seen writes that wait for their commit.
async fn write_together(host: &Host, seen: &mut Seen) {
    let pending = "weir_key_value_pending_writes";
    let write = async |n: u32| {
        let path = format!("/p3_key_value/set?store=default&key={n}&value=x");
        get(host, &path, 200).await;
    };
    let metrics = eventually("a write that waits", async || {
        let writes = join_all((0..200).map(&write));
        let scrapes = join_all((0..5).map(|_| host.metrics()));
        let (_, scrapes) = join(writes, scrapes).await;
        let mut scrapes = scrapes.into_iter();
        scrapes.find(|metrics| metrics.sum(pending, &[]) > 0.0)
    });
    seen.add(&metrics.await);
}

/// Lets a request work, another wait for it, and a third find no place.
async fn queue(host: &Host, seen: &mut Seen) {
    let held = [spawn(host), spawn(host)];
    host.metric_is("weir_requests_queued", &[], 1.0).await;
    get(host, "/p3_sleep/?ms=0", 503).await;
    seen.add(&host.metrics().await);
    held.iter().for_each(JoinHandle::abort);
    host.rests().await;
}

/// Sends a request that takes as long as it is not given up.
fn spawn(host: &Host) -> JoinHandle<()> {
    let request = host.request(Method::GET, "/p3_sleep/?ms=60000");
    tokio::spawn(async move {
        // It is given up.
        let _ = request.send().await;
    })
}

//! Reloads under load, and many of them.

use super::{app, app_of, generation_is, put, put_as, put_bytes, reload};
use crate::harness::eventually;
use crate::harness::host::{Answer, Host, client};
use reqwest::{Client, Method};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// A kind of request: what is sent, and whether an answer is wholly from one version.
struct Kind {
    method: Method,
    path: &'static str,
    body: Vec<u8>,
    is_whole: fn(&[u8]) -> bool,
}

/// Short ones, answers that stream, and bodies that stream both ways.
fn kinds() -> [Kind; 3] {
    let get = |path, is_whole| Kind {
        method: Method::GET,
        path,
        body: Vec::new(),
        is_whole,
    };
    [
        get("/app/x", |body| {
            [&b"Hello"[..], b"Hello, /app/x\n"].contains(&body)
        }),
        get("/stream?n=20&size=100&ms=1", |body| {
            [vec![b'2'; 2000], vec![b'3'; 2000]].contains(&body.to_vec())
        }),
        Kind {
            method: Method::POST,
            path: "/echo",
            body: vec![7; 300_000],
            is_whole: |body| body == vec![7; 300_000],
        },
    ]
}

/// The two versions of each component.
const VERSIONS: [[(&str, &str); 3]; 2] = [
    [
        ("app", "p3_readme"),
        ("stream", "p2_chunks"),
        ("echo", "p2_echo_body"),
    ],
    [
        ("app", "p3_hello"),
        ("stream", "p3_chunks"),
        ("echo", "p3_echo_body"),
    ],
];

/// Asks until it is told to stop, over one connection or with a new one each time; gives the
/// answers.
async fn ask_on(host: &Host, kind: &Kind, kept: bool, stop: &AtomicBool) -> Vec<Vec<u8>> {
    let mut answers = Vec::new();
    let mut own = client();
    while !stop.load(Relaxed) {
        if !kept {
            own = client();
        }
        answers.push(ask(&own, host, kind).await);
    }
    answers
}

async fn ask(client: &Client, host: &Host, kind: &Kind) -> Vec<u8> {
    let url = format!("{}{}", host.addresses[0], kind.path);
    let request = client.request(kind.method.clone(), url);
    let response = request.body(kind.body.clone()).send().await;
    let response = response.unwrap_or_else(|error| panic!("a request was dropped: {error:?}"));
    let answer = Answer::read(response).await;
    assert_eq!(answer.status, 200, "{}", kind.path);
    assert!((kind.is_whole)(&answer.body), "{}: {answer:?}", kind.path);
    answer.body
}

/// Fifty reloads between two versions, with twenty broken files in between.
async fn reload_often(host: &Host, stop: &AtomicBool) {
    for round in 0..50 {
        for (id, version) in VERSIONS[round % 2] {
            put_as(host.folder(), id, version);
        }
        assert_eq!(reload(host).await.status, 200);
        if round % 5 < 2 {
            put_bytes(host.folder(), b"\0asm broken");
            assert_eq!(reload(host).await.status, 409);
        }
    }
    stop.store(true, Relaxed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_no_request_fails_and_each_answer_is_from_one_version() {
    let host = app_of(&VERSIONS[1]).start().await;
    let stop = AtomicBool::new(false);
    let kinds = kinds();
    let clients = kinds.iter().flat_map(|kind| {
        [true, false, true].map(|kept| (kind.path, ask_on(&host, kind, kept, &stop)))
    });
    let clients = clients.map(async |(path, answers)| (path, answers.await));
    let (answers, ()) = futures_util::future::join(
        futures_util::future::join_all(clients),
        reload_often(&host, &stop),
    )
    .await;
    let of = |path: &str| {
        let of_kind = answers.iter().filter(|(asked, _)| *asked == path);
        let mut all: Vec<_> = of_kind.flat_map(|(_, answers)| answers).collect();
        let count = all.len();
        all.sort();
        all.dedup();
        (count, all.len())
    };
    let counts = kinds.each_ref().map(|kind| of(kind.path));
    let versions = counts.map(|(_, versions)| versions);
    assert_eq!(versions, [2, 2, 1], "each version has served");
    let sent: usize = counts.iter().map(|(count, _)| count).sum();
    let labels = [("http_response_status_code", "200")];
    let count = "http_server_request_duration_seconds_count";
    host.metric_is(count, &labels, sent as f64).await;
    for (result, count) in [("success", 50.0), ("failure", 20.0)] {
        let labels = [("component", "app"), ("result", result)];
        host.metric_is("weir_reloads_total", &labels, count).await;
    }
}

#[tokio::test]
async fn a_stream_that_outlasts_its_generation_is_ended_after_the_timeout() {
    for version in ["p2_chunks", "p3_chunks"] {
        let host = app(version)
            .manifest("[component.app.tool.weir]\ntimeout = \"1s\"\n")
            .config("[limits]\nqueue_timeout = \"100ms\"\n")
            .start()
            .await;
        let streaming = host.request(Method::GET, "/?n=100000&size=10&ms=20");
        let mut response = streaming.send().await.unwrap();
        response.chunk().await.unwrap().unwrap();
        put(host.folder(), "p3_hello");
        assert_eq!(reload(&host).await.status, 200);
        while let Ok(Some(_)) = response.chunk().await {}
        assert_eq!(host.get("/").await.text(), "Hello");
        let labels = [("reason", "stopped")];
        host.metric_is("weir_requests_rejected_total", &labels, 1.0)
            .await;
        host.rests().await;
    }
}

#[tokio::test]
async fn a_response_that_streams_is_finished_by_the_old_generation() {
    let host = app("p3_chunks").start().await;
    let streaming = host.request(reqwest::Method::GET, "/?n=20&size=10&ms=50");
    let mut response = streaming.send().await.unwrap();
    let mut text = response.chunk().await.unwrap().unwrap().to_vec();
    put(host.folder(), "p3_hello");
    assert_eq!(reload(&host).await.status, 200);
    assert_eq!(host.get("/").await.text(), "Hello");
    let status = host.admin("/status").await.json();
    assert_eq!(
        status["components"][0]["draining"][0]["requests"], 1,
        "{status}"
    );
    while let Some(chunk) = response.chunk().await.unwrap() {
        text.extend(chunk);
    }
    assert_eq!(text.len(), 200);
    crate::harness::eventually("the old generation's end", async || {
        let status = host.admin("/status").await.json();
        (status["components"][0]["draining"] == serde_json::json!([])).then_some(())
    })
    .await;
}

/// What a process holds.
#[derive(Debug)]
struct Footprint {
    resident: f64,
    series: usize,
    threads: usize,
    /// Mappings that can be executed: compiled code, each component's on its own.
    code: usize,
    open_files: usize,
    watched: usize,
}

impl Footprint {
    async fn of(host: &Host) -> Self {
        let text = host.metrics().await;
        let list = |name: &str| host.proc(name).read_dir().unwrap().count();
        let watches = host.proc("fdinfo").read_dir().unwrap().map(|file| {
            // A file may be closed meanwhile.
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap_or_default();
            text.lines()
                .filter(|line| line.starts_with("inotify"))
                .count()
        });
        Self {
            resident: text.sum("process_resident_memory_bytes", &[]),
            series: text.text().lines().count(),
            threads: list("task"),
            code: code(host),
            open_files: list("fd"),
            watched: watches.sum(),
        }
    }

    /// Whether it is no more than `before`, but for a tenth of the memory.
    fn is_like(&self, before: &Self) -> bool {
        self.resident <= before.resident * 1.1
            && self.series == before.series
            && self.threads <= before.threads
            && self.code <= before.code
            && self.open_files <= before.open_files
            && self.watched == before.watched
    }
}

fn code(host: &Host) -> usize {
    let maps = std::fs::read_to_string(host.proc("maps")).unwrap();
    let permissions = maps.lines().map(|line| line.split(' ').nth(1).unwrap());
    permissions.filter(|bits| bits.contains('x')).count()
}

async fn alternate(host: &Host, times: usize) {
    for round in 0..times {
        put(host.folder(), ["p3_readme", "p3_hello"][round % 2]);
        assert_eq!(reload(host).await.status, 200);
        assert_eq!(host.get("/").await.status, 200);
    }
}

#[tokio::test]
async fn two_hundred_reloads_leave_nothing_behind() {
    let host = app("p3_hello").args(["--watch"]).start().await;
    alternate(&host, 20).await;
    let before = Footprint::of(&host).await;
    alternate(&host, 200).await;
    generation_is(&host, 221).await;
    eventually(&format!("a footprint like {before:?}"), async || {
        let now = Footprint::of(&host).await;
        let is_like = now.is_like(&before);
        println!("{now:?}");
        is_like.then_some(())
    })
    .await;
}

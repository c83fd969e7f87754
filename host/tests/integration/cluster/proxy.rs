//! Three hosts on one Redis behind a proxy, as a Service of Kubernetes has them.

use crate::harness::app::App;
use crate::harness::host::Host;
use crate::harness::server::{Proxy, Redis};
use crate::services::contract;
use futures_util::future::join_all;
use reqwest::Method;
use rustix::process::Signal;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::sync::watch;

const WRITERS: usize = 8;

struct Cluster {
    redis: Redis,
    hosts: Vec<Host>,
    /// As a host, its address is the proxy's.
    front: Host,
    _proxy: Proxy,
}

impl Cluster {
    /// Three hosts, unless what it takes is not installed.
    async fn start() -> Option<Self> {
        let redis = Redis::start()?;
        let host = || {
            let drain = "[drain]\ndelay = \"3s\"\ndeadline = \"30s\"\n";
            let app = App::services().config(&redis.store()).config(drain);
            app.start()
        };
        let (one, two) = (host().await, host().await);
        let mut front = host().await;
        let addresses = [&one, &two, &front].map(|host| (host.socket(), host.admin.as_str()));
        let proxy = Proxy::start(&addresses)?;
        front.addresses = vec![proxy.url()];
        Some(Self {
            hosts: vec![one, two],
            redis,
            front,
            _proxy: proxy,
        })
    }
}

#[tokio::test]
async fn three_hosts_behind_a_proxy_are_one_storage_api() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let (front, redis) = (&cluster.front, &cluster.redis);
    let empty = || assert!(redis.ask("FLUSHALL").contains("+OK"));
    contract::a_bucket_is_written_read_and_removed(front).await;
    contract::a_bucket_that_is_not_there_is_not_found(front).await;
    empty();
    contract::head_answers_as_get_without_the_body(front).await;
    contract::options_and_other_methods_are_told_what_is_allowed(front).await;
    empty();
    contract::an_id_is_one_decoded_segment(front).await;
    empty();
    contract::a_body_without_a_declared_length_is_stored_whole(front).await;
    empty();
    contract::ids_are_listed_in_pages(front).await;
    for host in &cluster.hosts {
        host.metric_reaches("http_server_request_duration_seconds_count", &[], 1.0)
            .await;
    }
}

/// What writers have seen.
#[derive(Default)]
struct Seen {
    acknowledged: AtomicUsize,
    failed: AtomicUsize,
}

impl Seen {
    async fn reaches(&self, acknowledged: usize) {
        crate::harness::eventually("so many writes", async || {
            (self.acknowledged.load(Relaxed) >= acknowledged).then_some(())
        })
        .await;
    }

    async fn goes_on(&self) {
        self.reaches(self.acknowledged.load(Relaxed) + 100).await;
    }
}

/// Writes one bucket after the other until `stop`; gives the ids that were acknowledged.
async fn write(
    front: &Host,
    writer: usize,
    seen: &Seen,
    stop: watch::Receiver<bool>,
) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for count in 0.. {
        if *stop.borrow() {
            break;
        }
        let id = format!("{writer}-{count}");
        let request = front.request(Method::PUT, &format!("/api/buckets/{id}"));
        match request.body(id.clone()).send().await {
            Ok(response) if response.status() == 200 => {
                acknowledged.push(id);
                seen.acknowledged.fetch_add(1, Relaxed);
            }
            _ => {
                seen.failed.fetch_add(1, Relaxed);
            }
        }
    }
    acknowledged
}

#[tokio::test]
async fn no_acknowledged_write_is_lost_while_one_host_is_killed_and_another_drained() {
    let Some(mut cluster) = Cluster::start().await else {
        return;
    };
    let seen = Seen::default();
    let (stop, stopped) = watch::channel(false);
    let mut drained = cluster.hosts.pop().unwrap();
    let mut killed = cluster.hosts.pop().unwrap();
    let front = &cluster.front;
    let writers = (0..WRITERS).map(|writer| write(front, writer, &seen, stopped.clone()));
    let trouble = async {
        seen.reaches(200).await;
        assert_eq!(seen.failed.load(Relaxed), 0, "before anything happened");
        killed.signal(Signal::KILL);
        killed.ended().await;
        seen.goes_on().await;
        let cut = seen.failed.load(Relaxed);
        // Each writer may meet it twice: as it is killed, and by a connection that the proxy has kept.
        assert!(
            cut <= 2 * WRITERS,
            "{cut} requests failed for one killed host"
        );
        drained.signal(Signal::TERM);
        let (status, log) = drained.ended().await;
        assert!(status.success(), "{log}");
        seen.goes_on().await;
        let failed = seen.failed.load(Relaxed) - cut;
        assert_eq!(failed, 0, "requests failed for a drained host");
        stop.send(true).unwrap();
    };
    let (written, ()) = tokio::join!(join_all(writers), trouble);
    for id in written.into_iter().flatten() {
        let read = front.get(&format!("/api/buckets/{id}")).await;
        assert_eq!(read.pair(), (200, id));
    }
}

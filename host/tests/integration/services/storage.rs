//! The storage API. Tests are left out where what they run on is not there.

use super::super::contract::{self, call};
use super::{app, counted, start};
use crate::harness::host::Host;
use reqwest::Method;

#[tokio::test]
async fn a_bucket_is_written_read_and_removed() {
    let Some(host) = start(app()).await else {
        return;
    };
    contract::a_bucket_is_written_read_and_removed(&host).await;
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_not_found() {
    let Some(host) = start(app()).await else {
        return;
    };
    contract::a_bucket_that_is_not_there_is_not_found(&host).await;
}

#[tokio::test]
async fn head_answers_as_get_without_the_body() {
    let Some(host) = start(app()).await else {
        return;
    };
    contract::head_answers_as_get_without_the_body(&host).await;
}

#[tokio::test]
async fn options_and_other_methods_are_told_what_is_allowed() {
    let Some(host) = start(app()).await else {
        return;
    };
    contract::options_and_other_methods_are_told_what_is_allowed(&host).await;
}

#[tokio::test]
async fn an_id_is_one_decoded_segment() {
    let Some(host) = start(app()).await else {
        return;
    };
    contract::an_id_is_one_decoded_segment(&host).await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_nothing_is_stored() {
    let limited = app().args(["--variable", "max_bucket_bytes=10"]);
    let Some(host) = start(limited).await else {
        return;
    };
    assert_eq!(
        call(&host, Method::PUT, "/api/buckets/1", vec![b'x'; 10])
            .await
            .status,
        200
    );
    assert_eq!(
        call(&host, Method::PUT, "/api/buckets/2", vec![b'x'; 11])
            .await
            .status,
        413
    );
    assert_eq!(host.get("/api/buckets/2").await.status, 404);
    // The host's own limit is above the service's.
    let large = call(&host, Method::PUT, "/api/buckets/2", vec![b'x'; 20 << 20]).await;
    assert_eq!(large.status, 413);
    assert_eq!(host.get("/api/buckets/2").await.status, 404);
}

#[tokio::test]
async fn a_body_without_a_declared_length_is_stored_whole() {
    let Some(host) = start(app()).await else {
        return;
    };
    contract::a_body_without_a_declared_length_is_stored_whole(&host).await;
}

#[tokio::test]
async fn ids_are_listed_in_pages() {
    let Some(host) = start(app()).await else {
        return;
    };
    contract::ids_are_listed_in_pages(&host).await;
}

#[tokio::test]
async fn a_hundred_writers_lose_nothing() {
    let Some(host) = start(app()).await else {
        return;
    };
    let write = |id: usize, to: String| {
        let host = &host;
        async move {
            let path = format!("/api/buckets/{to}");
            let body = format!("written by {id}").into_bytes();
            assert_eq!(call(host, Method::PUT, &path, body).await.status, 200);
        }
    };
    futures_util::future::join_all((0..100).map(|id| write(id, id.to_string()))).await;
    futures_util::future::join_all((0..100).map(|id| write(id, "same".into()))).await;
    for id in 0..100 {
        let read = host.get(&format!("/api/buckets/{id}")).await;
        assert_eq!(read.text(), format!("written by {id}"));
    }
    assert!(
        host.get("/api/buckets/same")
            .await
            .text()
            .starts_with("written by ")
    );
    counted(&host, "storage-api", "buckets_written", 200).await;
}

#[tokio::test]
async fn buckets_are_there_after_a_restart() {
    let Some(mut host) = start(app()).await else {
        return;
    };
    call(&host, Method::PUT, "/api/buckets/1", b"kept".to_vec()).await;
    let (status, _) = host.stop().await;
    assert!(status.success());
    let host = host.kill_and_restart().await;
    assert_eq!(
        host.get("/api/buckets/1").await.pair(),
        (200, "kept".into())
    );
}

/// Writers write until the process is killed; what was acknowledged is there afterwards. Twenty
/// times.
#[tokio::test]
async fn killed_while_writing_it_loses_nothing_that_was_acknowledged() {
    let Some(mut host) = start(app()).await else {
        return;
    };
    for round in 0..20 {
        let acknowledged = write_until_killed(&host, round).await;
        host = host.kill_and_restart().await;
        assert!(!acknowledged.is_empty(), "round {round} wrote nothing");
        for id in acknowledged {
            assert_eq!(host.get(&format!("/api/buckets/{id}")).await.text(), id);
        }
    }
}

/// What had been acknowledged by the time that the host was killed.
async fn write_until_killed(host: &Host, round: usize) -> Vec<String> {
    let write = async |writer: usize| {
        let mut acknowledged = Vec::new();
        for count in 0.. {
            let id = format!("{round}-{writer}-{count}");
            let request = host.request(Method::PUT, &format!("/api/buckets/{id}"));
            match request.body(id.clone()).send().await {
                Ok(response) if response.status() == 200 => acknowledged.push(id),
                _ => break,
            }
            if writer == 0 && count == 5 + round {
                host.signal(rustix::process::Signal::KILL);
            }
        }
        acknowledged
    };
    let written = futures_util::future::join_all((0..8).map(write)).await;
    written.into_iter().flatten().collect()
}

//! A Redis that is away, refuses, or comes back; and the password, which nobody is shown.

use crate::capabilities::{call, done, error_kind, no_guest_has_failed};
use crate::harness::app::App;
use crate::harness::eventually;
use crate::harness::host::Host;
use crate::harness::server::{Redis, free_port};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::Value;
use std::net::TcpListener;

const GUEST: &str = "p3_key_value";
const KEY: [(&str, &str); 2] = [("store", "default"), ("key", "k")];
const FAILED: [(&str, &str); 2] = [("store", "default"), ("result", "unavailable")];
const OPERATIONS: &str = "weir_key_value_operation_duration_seconds_count";

fn app(store: &str) -> App {
    App::new()
        .config(store)
        .guest(GUEST, "key_value_stores = [\"default\"]")
}

async fn set(host: &Host, value: &str) -> (u16, String) {
    call(
        host,
        GUEST,
        "set",
        &[&KEY[..], &[("value", value)]].concat(),
    )
    .await
}

#[tokio::test]
async fn while_redis_is_away_calls_fail_with_an_error_and_afterwards_they_do_not() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let store = format!("{}timeout = \"500ms\"\n", redis.store());
    let host = app(&store).start().await;
    assert_eq!(set(&host, "acknowledged").await, done("ok"));
    for round in 1..=2 {
        redis.kill();
        let refused = call(&host, GUEST, "get", &KEY).await;
        assert_eq!(error_kind(&refused), "Other", "{refused:?}");
        let told = "the store is not available";
        assert!(refused.1.contains(told), "{refused:?}");
        assert!(!refused.1.contains("127.0.0.1"), "{refused:?}");
        host.metric_reaches(OPERATIONS, &FAILED, f64::from(round))
            .await;
        host.logged(&["key-value operation failed", "Redis at 127.0.0.1:"])
            .await;
        assert_eq!(host.admin("/readyz").await.status, 200);
        redis.resume();
        eventually("an answer of Redis", async || {
            let answer = call(&host, GUEST, "get", &KEY).await;
            (answer == done("acknowledged")).then_some(())
        })
        .await;
    }
    assert_eq!(set(&host, "new").await, done("ok"));
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn while_redis_is_away_few_lines_tell_of_many_calls_each_with_its_request() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let store = format!("{}timeout = \"500ms\"\n", redis.store());
    let guests = [GUEST, "p2_key_value_sync", "p2_keyvalue_wasi"];
    let granted = "key_value_stores = [\"default\"]";
    let app = App::new().config(&store);
    let app = guests
        .iter()
        .fold(app, |app, guest| app.guest(guest, granted));
    let host = app.start().await;
    redis.kill();
    for guest in guests {
        let all = (1..=60_u128).map(|trace| {
            let request = host.request(Method::GET, &format!("/{guest}/get?store=default&key=k"));
            let parent = format!("00-{trace:032x}-00f067aa0ba902b7-01");
            host.send(request.header("traceparent", parent))
        });
        for answer in join_all(all).await {
            assert_eq!(error_kind(&answer.pair()), "Other");
        }
        let route = format!("\"route\":\"/{guest}/...\"");
        host.logged(&["key-value operation failed", &route]).await;
        let lines = host.log_lines(&["key-value operation failed", &route]);
        assert!(lines.len() < 60, "{} lines", lines.len());
        for line in &lines {
            let line: Value = serde_json::from_str(line).unwrap();
            assert!(line["suppressed"].is_u64(), "{line}");
            let trace = u128::from_str_radix(line["trace_id"].as_str().unwrap(), 16);
            assert!((1..=60).contains(&trace.unwrap()), "{line}");
        }
    }
}

#[tokio::test]
async fn a_redis_that_comes_late_is_waited_for() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    redis.kill();
    let in_its_place = TcpListener::bind(("127.0.0.1", redis.port())).unwrap();
    let starting = tokio::spawn(app(&redis.store()).start());
    let tried = tokio::task::spawn_blocking(move || in_its_place.accept().map(drop));
    tried.await.unwrap().unwrap();
    redis.resume();
    let host = starting.await.unwrap();
    assert_eq!(set(&host, "v").await, done("ok"));
}

#[tokio::test]
async fn without_a_redis_the_start_ends_and_says_which_and_why() {
    let store = format!(
        "[key_value_store.default]\ntype = \"redis\"\nurl = \"redis://:{}@127.0.0.1:{}\"\n",
        Redis::PASSWORD,
        free_port()
    );
    let (status, output) = app(&store).fail().await;
    assert_eq!(status, 1, "{output}");
    for part in [
        "key-value store `default`",
        "Redis at 127.0.0.1:",
        "refused",
    ] {
        assert!(output.contains(part), "{part} in {output}");
    }
    assert!(!output.contains(Redis::PASSWORD), "{output}");
}

#[tokio::test]
async fn a_wrong_password_ends_the_start_and_is_not_repeated() {
    let Some(redis) = Redis::start() else { return };
    let store = redis.store().replace(Redis::PASSWORD, "another-s3cret");
    let (status, output) = app(&store).fail().await;
    assert_eq!(status, 1, "{output}");
    assert!(output.contains("does not accept the password"), "{output}");
    assert!(!output.contains("s3cret"), "{output}");
}

#[tokio::test]
async fn the_password_is_in_no_log_metric_status_or_error() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let store = format!("{}timeout = \"500ms\"\n", redis.store());
    let app = app(&store).config("[telemetry]\nlog_level = \"trace\"");
    let mut host = app.start().await;
    assert_eq!(set(&host, "v").await, done("ok"));
    let mut seen = vec![host.banner()];
    redis.kill();
    seen.push(set(&host, "w").await.1);
    let reload = host.client.post(format!("{}/reload", host.admin));
    seen.push(host.send(reload.header("weir-admin", "1")).await.text());
    for path in ["/metrics", "/status", "/readyz"] {
        seen.push(host.admin(path).await.text());
    }
    seen.push(host.stop().await.1);
    for text in seen {
        assert!(!text.contains("s3cret"), "{text}");
    }
}

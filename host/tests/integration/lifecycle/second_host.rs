//! A second host on the state directory of one that runs.

use crate::harness::app::App;
use crate::harness::host::Host;
use crate::harness::{eventually, free_address};
use std::time::{Duration, Instant};

async fn start() -> Host {
    let settings = "key_value_stores = [\"default\"]";
    App::new().guest("p3_key_value", settings).start().await
}

/// A second host that waits for the first one's store.
async fn wait_for_the_store(first: &Host) -> Host {
    let admin = free_address();
    let mut second = Host::launch(first.launch.clone().with_admin(&admin));
    second.admin = format!("http://{admin}");
    eventually("the wait for the store", async || {
        let told = second.try_admin("/readyz").await?;
        told.text().contains("key-value").then_some(())
    })
    .await;
    second
}

#[tokio::test]
async fn it_serves_once_the_first_has_ended() {
    let mut first = start().await;
    let set = "/p3_key_value/set?store=default&key=k&value=v";
    assert_eq!(first.get(set).await.status, 200);
    let mut second = wait_for_the_store(&first).await;
    first.stop().await;
    second.wait_for_banner().await;
    let get = "/p3_key_value/get?store=default&key=k";
    assert_eq!(second.get(get).await.pair(), (200, "v".into()));
}

#[tokio::test]
async fn it_refuses_to_start_if_the_first_goes_on() {
    let first = start().await;
    let began = Instant::now();
    let (status, text) = first.launch.fail("up").await;
    assert_eq!(status, 1, "{text}");
    assert!(
        text.contains("key-value store `default`") && text.contains("default.redb"),
        "{text}"
    );
    assert!(text.contains("in use by another process"), "{text}");
    assert!(text.contains("choose another state directory"), "{text}");
    assert!(began.elapsed() > Duration::from_secs(5), "it waited");
    assert_eq!(first.admin("/readyz").await.status, 200);
}

//! The environment of a component.

use crate::harness::app::App;
use serde_json::json;

#[tokio::test]
async fn a_component_has_the_environment_of_the_manifest_and_nothing_of_the_hosts() {
    let host = App::new()
        .guest(
            "p3_environment",
            "environment = { GREETING = \"Hello\", EMPTY = \"\" }",
        )
        .env("OF_THE_HOST", "hidden")
        .start()
        .await;
    let seen = host.get("/p3_environment/").await.json();
    let mut environment = seen["environment"].as_array().unwrap().clone();
    environment.sort_by_key(ToString::to_string);
    assert_eq!(
        environment,
        [json!(["EMPTY", ""]), json!(["GREETING", "Hello"])]
    );
    assert_eq!(seen["arguments"], json!([]));
}

#[tokio::test]
async fn without_one_it_is_empty() {
    let host = App::new().guest("p3_environment", "").start().await;
    let seen = host.get("/p3_environment/").await.json();
    assert_eq!(seen["environment"], json!([]));
}

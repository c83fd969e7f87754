//! The traffic generator, against the storage API.

use super::run;
use crate::harness::app::App;
use crate::harness::server::free_port;

/// Exit status and output of the generator.
async fn generate(variables: &[(&str, &str)]) -> (i32, String) {
    let state = tempfile::tempdir().unwrap();
    run("traffic-generator", variables, state.path()).await
}

#[tokio::test]
async fn tasks_send_their_mix_to_buckets_of_their_own_and_answers_are_counted() {
    let host = App::services().start().await;
    let variables = [
        ("storage_api_url", &*host.addresses[0]),
        ("traffic_tasks", "24"),
        ("traffic_mix", "PUT 0.01 GET HEAD DELETE"),
    ];
    let (status, output) = generate(&variables).await;
    let expected = "DELETE 204 24\nGET 200 24\nHEAD 200 24\nPUT 200 24\n96 requests, 0 failed\n";
    assert_eq!((status, output.as_str()), (0, expected));
    let sent = [("http_route", "/api/buckets/:id")];
    host.metric_is("http_server_request_duration_seconds_count", &sent, 96.0)
        .await;
}

#[tokio::test]
async fn requests_that_nobody_answers_are_counted_as_failed() {
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let variables = [
        ("storage_api_url", &*nobody),
        ("traffic_tasks", "2"),
        ("traffic_mix", "PUT"),
    ];
    let (status, output) = generate(&variables).await;
    let expected = "PUT no answer 2\n2 requests, 2 failed\n";
    assert_eq!((status, output.as_str()), (1, expected));
}

#[tokio::test]
async fn a_mix_that_cannot_be_is_refused_by_name() {
    let (status, output) = generate(&[("traffic_mix", "POST")]).await;
    assert_eq!(status, 1, "{output}");
    assert!(
        output.contains("the variable traffic_mix is not"),
        "{output}"
    );
}

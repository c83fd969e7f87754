//! `--component-id`: a part of an app.

use super::FLAG_AND_VARIABLE;
use crate::harness::app::App;

/// `p3-outbound` may send requests to `p3-hello`.
fn app() -> App {
    let hosts = "allowed_outbound_hosts = [\"http://p3-hello.spin.internal\"]";
    App::new()
        .guest("p3_hello", "")
        .guest("p3_outbound", hosts)
        .guest("p3_sleep", "")
}

#[tokio::test]
async fn only_what_is_named_is_served() {
    for as_flag in FLAG_AND_VARIABLE {
        let app = app().say(as_flag, "component-id", "p3-hello,p3-sleep");
        let host = app.start().await;
        assert_eq!(host.get("/p3_hello").await.status, 200);
        assert_eq!(host.get("/p3_sleep?ms=0").await.status, 200);
        assert_eq!(host.get("/p3_outbound").await.status, 404);
        let status = host.admin("/status").await.json();
        assert_eq!(status["components"].as_array().unwrap().len(), 2);
    }
    let twice = ["-c", "p3-hello", "-c", "p3-sleep"];
    let host = app().args(twice).start().await;
    assert_eq!(host.get("/p3_sleep?ms=0").await.status, 200);
}

#[tokio::test]
async fn an_id_that_is_not_there_is_named_with_the_nearest() {
    let (status, text) = app().args(["-c", "p3-helo"]).fail().await;
    assert_eq!(status, 2, "{text}");
    assert!(
        text.contains("the app has no component `p3-helo`"),
        "{text}"
    );
    assert!(text.contains("did you mean `p3-hello`?"), "{text}");
}

#[tokio::test]
async fn a_part_without_what_it_sends_requests_to_is_refused() {
    let (status, text) = app().args(["-c", "p3-outbound"]).fail().await;
    assert_eq!(status, 2, "{text}");
    let missing = "`p3-outbound` may send requests to `p3-hello`, which is not selected";
    assert!(text.contains(missing), "{text}");
    assert!(text.contains("select `p3-hello` too"), "{text}");
    assert!(text.contains("spin.toml:"), "{text}");
    let both = ["-c", "p3-outbound,p3-hello"];
    let host = app().args(both).start().await;
    assert_eq!(host.get("/p3_hello").await.status, 200);
}

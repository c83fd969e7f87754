//! Routes that come and go take room in the metrics, which is made when the host starts.

use super::{app, reload};
use crate::harness::host::Host;
use std::ops::Range;

/// Gives the host's manifest these routes beside the one that it began with.
fn put_routes(host: &Host, began: &str, routes: Range<usize>) {
    let route = |n| {
        format!("[[trigger.http]]\nroute = \"/fixed{n}\"\nstatic_response = {{ body = \"{n}\" }}\n")
    };
    let manifest = format!("{began}{}", routes.map(route).collect::<String>());
    std::fs::write(&host.launch.manifest, manifest).unwrap();
}

#[tokio::test]
async fn a_reload_that_the_metrics_have_no_room_for_is_refused_and_no_count_is_folded() {
    let host = app("p3_hello").start().await;
    let began = std::fs::read_to_string(&host.launch.manifest).unwrap();
    put_routes(&host, &began, 0..80);
    let refused = reload(&host).await;
    assert_eq!(refused.status, 409, "{refused:?}");
    let error = refused.json()["failed"]["_app"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        error.contains("82 since the start") && error.contains("restart the host"),
        "{error}"
    );
    assert_eq!(host.get("/fixed1").await.text(), "Hello", "as before");

    // Routes that are gone keep their place.
    for routes in [0..40, 20..60] {
        put_routes(&host, &began, routes.clone());
        assert_eq!(reload(&host).await.status, 200);
        for n in routes {
            assert_eq!(host.get(&format!("/fixed{n}")).await.text(), n.to_string());
        }
    }
    put_routes(&host, &began, 60..80);
    assert_eq!(reload(&host).await.status, 409);
    let metrics = host.metrics().await;
    assert!(!metrics.text().contains("otel_metric_overflow"));
    let of_host = [("component", "_host")];
    let requests = metrics.sum("http_server_request_duration_seconds_count", &of_host);
    assert_eq!(requests, 80.0);
}

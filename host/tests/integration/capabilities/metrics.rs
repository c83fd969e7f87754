//! Metrics of components' own, by `weir:platform/metrics`.

use super::{call, component, done, error, error_kind, no_guest_has_failed};
use crate::harness::app::App;
use crate::harness::host::Host;
use futures_util::future::join_all;

const GUESTS: [&str; 2] = ["p2_metrics", "p3_metrics"];

fn granted(id: &str, settings: &str) -> String {
    format!("[component.{id}.tool.weir]\nmetrics = {settings}\n")
}

/// Both guests with metrics of these settings, an inline table or `true`.
async fn start(settings: &str) -> Host {
    let app = GUESTS.iter().fold(App::new(), |app, guest| {
        let id = guest.replace('_', "-");
        app.guest(guest, &granted(&id, settings))
    });
    app.start().await
}

/// How many measurements of a component were refused for a reason.
async fn refused(host: &Host, guest: &str, reason: &str, count: f64) {
    let id = guest.replace('_', "-");
    let labels = [("component", &*id), ("reason", reason)];
    host.metric_is("weir_guest_metrics_refused_total", &labels, count)
        .await;
}

#[tokio::test]
async fn every_kind_is_served_under_the_components_name() {
    let host = start("true").await;
    for guest in GUESTS {
        let measure = async |operation: &str, pairs: &[(&str, &str)]| {
            assert_eq!(call(&host, guest, operation, pairs).await, done("ok"));
        };
        measure(
            "add",
            &[("name", "requests"), ("value", "2"), ("kind", "a")],
        )
        .await;
        measure(
            "add",
            &[("name", "requests"), ("value", "3"), ("kind", "a")],
        )
        .await;
        measure(
            "add",
            &[("name", "requests"), ("value", "1"), ("kind", "b")],
        )
        .await;
        measure("adjust", &[("name", "open"), ("value", "5")]).await;
        measure("adjust", &[("name", "open"), ("value", "-7")]).await;
        measure("set", &[("name", "heat"), ("value", "1.5"), ("at", "x")]).await;
        measure("set", &[("name", "heat"), ("value", "-0.25"), ("at", "x")]).await;
        measure("observe", &[("name", "wait"), ("value", "0.02")]).await;
        measure("observe", &[("name", "wait"), ("value", "100")]).await;
        let metrics = host.metrics().await;
        let sum = |name: &str, labels| metrics.sum(&format!("{guest}_{name}"), labels);
        assert_eq!(sum("requests_total", &[("kind", "a")]), 5.0);
        assert_eq!(sum("requests_total", &[("kind", "b")]), 1.0);
        assert_eq!(sum("open", &[]), -2.0);
        assert_eq!(sum("heat", &[("at", "x")]), -0.25);
        assert_eq!(
            (sum("wait_count", &[]), sum("wait_sum", &[])),
            (2.0, 100.02)
        );
        assert_eq!(sum("wait_bucket", &[("le", "0.025")]), 1.0);
        assert_eq!(sum("wait_bucket", &[("le", "+Inf")]), 2.0);
    }
}

#[tokio::test]
async fn totals_are_over_all_instances_and_lose_nothing() {
    let host = start("true").await;
    for guest in GUESTS {
        let add = || call(&host, guest, "add", &[("name", "n"), ("value", "1")]);
        join_all((0..100).map(|_| add())).await;
        host.metric_is(&format!("{guest}_n_total"), &[], 100.0)
            .await;
    }
}

#[tokio::test]
async fn a_description_gives_help_unit_and_edges() {
    let host = start("true").await;
    for guest in GUESTS {
        let about = [
            ("name", "wait"),
            ("kind", "histogram"),
            ("help", "How long it took."),
            ("unit", "s"),
            ("boundaries", "1,2.5"),
        ];
        assert_eq!(call(&host, guest, "describe", &about).await, done("ok"));
        let value = [("name", "wait"), ("value", "2")];
        assert_eq!(call(&host, guest, "observe", &value).await, done("ok"));
        let metrics = host.metrics().await;
        let name = format!("{guest}_wait_seconds");
        let edges = metrics.values(&format!("{name}_bucket"), "le");
        assert_eq!(edges, ["+Inf", "1", "2.5"]);
        let help = format!("# HELP {name} How long it took.");
        assert!(metrics.text().contains(&help), "{}", metrics.text());
        let again = call(&host, guest, "describe", &about).await;
        assert_eq!(again, done("ok"), "as often as there are instances");
        let falling = [("name", "x"), ("kind", "histogram"), ("boundaries", "2,1")];
        let falling = call(&host, guest, "describe", &falling).await;
        assert_eq!(falling, error("InvalidValue"));
    }
}

#[tokio::test]
async fn only_the_units_of_seconds_and_bytes_become_part_of_a_name() {
    let host = start("true").await;
    let long = "x".repeat(100);
    let units = [
        ("a", "By", "a_bytes"),
        ("b", "ms", "b"),
        ("c", "{request}", "c"),
        ("d", &long, "d"),
    ];
    for guest in GUESTS {
        for (name, unit, exported) in units {
            let about = [("name", name), ("kind", "gauge"), ("unit", unit)];
            assert_eq!(call(&host, guest, "describe", &about).await, done("ok"));
            let value = [("name", name), ("value", "2")];
            assert_eq!(call(&host, guest, "set", &value).await, done("ok"));
            host.metric_is(&format!("{guest}_{exported}"), &[], 2.0)
                .await;
        }
    }
}

#[tokio::test]
async fn a_metric_stays_of_its_kind() {
    let host = start("true").await;
    for guest in GUESTS {
        let value = [("name", "n"), ("value", "1")];
        assert_eq!(call(&host, guest, "add", &value).await, done("ok"));
        for operation in ["adjust", "set", "observe"] {
            let other = call(&host, guest, operation, &value).await;
            assert_eq!(error_kind(&other), "KindConflict", "{other:?}");
            assert!(other.1.contains("Counter"), "{other:?}");
        }
        let about = [("name", "n"), ("kind", "gauge")];
        let other = call(&host, guest, "describe", &about).await;
        assert_eq!(error_kind(&other), "KindConflict", "{other:?}");
        refused(&host, guest, "kind", 4.0).await;
        host.metric_is(&format!("{guest}_n_total"), &[], 1.0).await;
    }
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn what_is_no_name_no_attribute_or_no_value_is_refused() {
    let host = start("true").await;
    let many: Vec<_> = (0..9).map(|n| format!("a{n}")).collect();
    for guest in GUESTS {
        for name in ["", "1a", "a-b", "ä", "_a", &"x".repeat(65)] {
            let wrong = call(&host, guest, "add", &[("name", name), ("value", "1")]).await;
            assert_eq!(error_kind(&wrong), "InvalidName", "{wrong:?}");
        }
        let value = [("name", "n"), ("value", "1")];
        for key in ["a-b", "", "1"] {
            let pairs = [&value[..], &[(key, "v")]].concat();
            let wrong = call(&host, guest, "add", &pairs).await;
            assert_eq!(error_kind(&wrong), "InvalidAttribute", "{wrong:?}");
        }
        let attributes = many.iter().map(|key| (&**key, "v"));
        let pairs: Vec<_> = value.into_iter().chain(attributes).collect();
        let wrong = call(&host, guest, "add", &pairs).await;
        assert_eq!(error_kind(&wrong), "InvalidAttribute", "{wrong:?}");
        assert_eq!(call(&host, guest, "add", &pairs[..10]).await, done("ok"));
        for value in ["NaN", "inf", "-inf"] {
            let wrong = call(&host, guest, "set", &[("name", "g"), ("value", value)]).await;
            assert_eq!(wrong, error("InvalidValue"));
        }
        refused(&host, guest, "name", 6.0).await;
        refused(&host, guest, "attribute", 4.0).await;
        refused(&host, guest, "value", 3.0).await;
    }
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn beyond_the_limit_of_series_totals_stay_right() {
    let host = start("{ max_series = 3 }").await;
    for guest in GUESTS {
        for user in 0..20 {
            let pairs = [("name", "n"), ("value", "2"), ("user", &*user.to_string())];
            assert_eq!(call(&host, guest, "add", &pairs).await, done("ok"));
        }
        let id = guest.replace('_', "-");
        let name = format!("{guest}_n_total");
        let metrics = host.metrics().await;
        assert_eq!((metrics.series(&name), metrics.sum(&name, &[])), (4, 40.0));
        let folded = metrics.sum(&name, &[("otel_metric_overflow", "true")]);
        assert_eq!(folded, 34.0);
        let labels = [("component", &*id)];
        host.metric_is("weir_guest_metrics_overflowed_total", &labels, 17.0)
            .await;
    }
}

#[tokio::test]
async fn beyond_the_limit_of_metrics_they_are_refused() {
    let host = start("{ max_metrics = 2 }").await;
    for guest in GUESTS {
        let add = async |name| call(&host, guest, "add", &[("name", name), ("value", "1")]).await;
        assert_eq!((add("a").await, add("b").await), (done("ok"), done("ok")));
        assert_eq!(add("c").await, error("TooManyMetrics"));
        assert_eq!(add("a").await, done("ok"), "those that are there go on");
        refused(&host, guest, "too_many_metrics", 1.0).await;
    }
}

#[tokio::test]
async fn without_a_grant_access_is_denied() {
    let app = App::new();
    let app = GUESTS.iter().fold(app, |app, guest| app.guest(guest, ""));
    let host = app.start().await;
    for guest in GUESTS {
        for operation in ["add", "adjust", "set", "observe", "describe"] {
            let denied = call(&host, guest, operation, &[("name", "n"), ("value", "1")]).await;
            assert_eq!(denied, error("AccessDenied"));
        }
    }
    assert!(!host.metrics().await.text().contains("p3_metrics_n"));
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn two_components_cannot_export_one_name() {
    let host = App::new()
        .manifest(&component("a", "p3_metrics", &granted("a", "true")))
        .manifest(&component("a-b", "p3_metrics", &granted("a-b", "true")))
        .start()
        .await;
    let first = call(&host, "a", "add", &[("name", "b_n"), ("value", "1")]).await;
    assert_eq!(first, done("ok"));
    let second = call(&host, "a-b", "add", &[("name", "n"), ("value", "1")]).await;
    assert_eq!(error_kind(&second), "InvalidName", "{second:?}");
    host.metric_is("a_b_n_total", &[], 1.0).await;
}

#[tokio::test]
async fn names_that_differ_in_case_only_are_not_two_metrics() {
    let host = start("true").await;
    for guest in GUESTS {
        let observe = async |name, value: &str| {
            call(&host, guest, "observe", &[("name", name), ("value", value)]).await
        };
        assert_eq!(observe("wait", "1").await, done("ok"));
        let other = observe("Wait", "10").await;
        assert_eq!(error_kind(&other), "InvalidName", "{other:?}");
        host.metric_is(&format!("{guest}_wait_sum"), &[], 1.0).await;
    }
}

#[tokio::test]
async fn an_id_whose_metrics_would_look_like_the_hosts_is_refused_at_load() {
    for id in ["weir", "http", "process-x", "otel", "target-a"] {
        let reserved = component(id, "p3_metrics", &granted(id, "true"));
        let (status, output) = App::new().manifest(&reserved).fail().await;
        assert_eq!(status, 2, "{output}");
        assert!(output.contains(&format!("`{id}`")), "{output}");
    }
    // Without metrics of its own it may have that id.
    let unmeasured = component("http-proxy", "p3_hello", "");
    let host = App::new().manifest(&unmeasured).start().await;
    assert_eq!(host.get("/http-proxy/").await.status, 200);
}

#[tokio::test]
async fn a_description_takes_only_so_much_room() {
    let host = start("true").await;
    for guest in GUESTS {
        let describe = async |name: &str, key: &str, value: &str| {
            let pairs = [("name", name), ("kind", "histogram"), (key, value)];
            call(&host, guest, "describe", &pairs).await
        };
        let edges = |n: usize| (0..n).map(|edge| edge.to_string()).collect::<Vec<_>>();
        let many = describe("many", "boundaries", &edges(65).join(",")).await;
        assert_eq!(many, error("InvalidValue"));
        refused(&host, guest, "value", 1.0).await;
        let most = describe("most", "boundaries", &edges(64).join(",")).await;
        assert_eq!(most, done("ok"));
        assert_eq!(
            describe("long", "help", &"\u{e9}".repeat(800)).await,
            done("ok")
        );
        call(&host, guest, "observe", &[("name", "long"), ("value", "1")]).await;
        let metrics = host.metrics().await;
        let help = format!("# HELP {guest}_long ");
        let help = metrics
            .text()
            .lines()
            .find_map(|line| line.strip_prefix(&help));
        assert_eq!(help.map(str::len), Some(1024));
    }
}

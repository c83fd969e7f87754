//! What a dependency may use of what its parent was granted.

use super::dependent;
use crate::harness::app::App;
use crate::harness::guest;
use crate::harness::host::Host;

/// The parent is granted everything there is, and its dependency inherits what `inherit` says.
async fn start(inherit: &str) -> Host {
    let grants = r#"
        allowed_outbound_hosts = ["http://p3-hello.spin.internal"]
        environment = { GREETING = "hello" }
        files = ["page.txt"]
        key_value_stores = ["default"]
        variables = { word = "weir" }
        tool.weir = { log_directory = true, metrics = true }
    "#;
    let words = guest("dependency_words");
    let dependency = format!(
        "{grants}\n[component.p3-dependent.dependencies]\n\"test:words\" = {{ path = {words:?}, {inherit} }}"
    );
    let app = App::new().guest("p3_dependent", &dependency);
    app.guest("p3_hello", "")
        .file("page.txt", "text")
        .start()
        .await
}

/// What can be tried, with what comes of it where it is inherited and where it is not.
const ATTEMPTS: [(&str, &str, &str); 9] = [
    ("allowed_outbound_hosts", "Ok(200)", "HttpRequestDenied"),
    ("environment", "Ok(\"hello\")", "Err(NotPresent)"),
    ("files", "Some(\"text\")", "None"),
    ("key_value_stores", "Ok(())", "AccessDenied"),
    ("key_value_stores_sync", "Ok(())", "AccessDenied"),
    ("variables", "Ok(\"weir\")", "Undefined(\"not inherited"),
    ("config", "Ok(Some(\"weir\"))", "Upstream(\"not inherited"),
    ("log_directory", "Ok(())", "AccessDenied"),
    ("metrics", "Ok(())", "AccessDenied"),
];

async fn attempt(host: &Host, key: &str) -> String {
    let answer = host.get(&format!("/p3_dependent/{key}")).await;
    assert_eq!(answer.status, 200, "{key}: {}", answer.text());
    answer.text()
}

#[tokio::test]
async fn nothing_is_inherited_unless_the_manifest_says_so() {
    for inherit in [
        "inherit_configuration = false",
        "inherit_configuration = []",
    ] {
        let host = start(inherit).await;
        for (key, _, refused) in ATTEMPTS {
            let outcome = attempt(&host, key).await;
            assert!(outcome.contains(refused), "{key}: {outcome}");
        }
        let failures = host.metrics().await;
        assert_eq!(failures.sum("weir_component_failures_total", &[]), 0.0);
    }
}

#[tokio::test]
async fn everything_is_inherited_where_the_manifest_says_so() {
    let host = start("inherit_configuration = true").await;
    for (key, inherited, _) in ATTEMPTS {
        assert_eq!(attempt(&host, key).await, inherited, "{key}");
    }
}

#[tokio::test]
async fn single_grants_are_inherited_by_their_keys() {
    let host = start("inherit_configuration = [\"key_value_stores\", \"metrics\"]").await;
    for (key, inherited, refused) in ATTEMPTS {
        let outcome = attempt(&host, key).await;
        match key {
            "key_value_stores" | "key_value_stores_sync" | "metrics" => {
                assert_eq!(outcome, inherited, "{key}");
            }
            _ => assert!(outcome.contains(refused), "{key}: {outcome}"),
        }
    }
}

#[tokio::test]
async fn a_check_says_what_is_not_inherited() {
    let words = guest("dependency_words");
    let app = dependent(&format!("\"test:words\" = {{ path = {words:?} }}"));
    let (status, text) = app.run("check").await;
    assert_eq!(status, 0, "{text}");
    assert!(
        text.contains("spin:key-value/key-value@3.0.0 is not inherited by a dependency"),
        "{text}"
    );
}

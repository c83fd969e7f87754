//! A setting is taken from the strongest place that states it.

use crate::harness::app::App;

/// More than the shorter of the two timeouts, and far less than the longer.
const REQUEST: &str = "/p3_sleep?ms=1000";
const SHORT: &str = "200ms";
const LONG: &str = "10m";

/// How the request ends, if these places state these timeouts.
async fn status(
    own: Option<&str>,
    file: Option<&str>,
    env: Option<&str>,
    flag: Option<&str>,
) -> u16 {
    let line = |timeout: &str| format!("timeout = \"{timeout}\"");
    let table = |name: &str, timeout: Option<&str>| match timeout {
        Some(timeout) => format!("[component.p3-sleep{name}]\n{}", line(timeout)),
        None => String::new(),
    };
    let mut app = App::new()
        .guest("p3_sleep", &table(".tool.weir", own))
        .config(&table("", file));
    if let Some(timeout) = env {
        app = app.env("WEIR_REQUEST_TIMEOUT", timeout);
    }
    if let Some(timeout) = flag {
        app = app.args(["--request-timeout", timeout]);
    }
    app.start().await.get(REQUEST).await.status
}

#[tokio::test]
async fn a_flag_is_stronger_than_the_environment_the_file_the_manifest_and_the_default() {
    let (short, long) = (Some(SHORT), Some(LONG));
    assert_eq!(status(None, None, None, None).await, 200, "default");
    assert_eq!(status(short, None, None, None).await, 504, "manifest");
    assert_eq!(status(short, long, None, None).await, 200, "weir.toml");
    assert_eq!(status(short, long, short, None).await, 504, "environment");
    assert_eq!(status(short, long, short, long).await, 200, "flag");
    assert_eq!(status(long, long, long, short).await, 504, "flag");
}

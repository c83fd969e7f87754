//! The health check, against the services and without them.

use super::{commands, run};
use crate::harness::app::App;
use crate::harness::host::Host;
use crate::harness::server::free_port;
use std::path::Path;

/// The services, the backend and the data API each at an address of its own.
async fn services(key: &str) -> Host {
    let key = format!("dev_integration_key={key}");
    let app = App::services().args(["--variable", "processing_seconds=0", "--variable", &key]);
    app.config(
        "[[listener]]\naddress = \"127.0.0.1:0\"\nbase_path = \"/backend\"\n\
         [[listener]]\naddress = \"127.0.0.1:0\"\nbase_path = \"/data\"\n",
    )
    .start()
    .await
}

/// Exit status and the lines of the named log, which are those on standard output too.
async fn check(backend: &str, data: &str, state: &Path) -> (i32, Vec<String>) {
    let variables = [
        ("backend_api_url", backend),
        ("backend_api_path", "/"),
        ("data_api_url", data),
        ("data_api_path", "/"),
    ];
    let (status, output) = run("health-check", &variables, state).await;
    let log = state.join("log/health-check/health_check.log");
    let lines = std::fs::read_to_string(log).unwrap();
    for line in lines.lines().rev().take(3) {
        assert!(output.contains(line), "{line} in {output}");
    }
    (status, lines.lines().map(str::to_owned).collect())
}

/// The line without its date, which is as `date` prints it.
fn without_date(line: &str) -> &str {
    let (date, rest) = line.split_at("Thu Nov  5 09:03:07 UTC 2026".len());
    let words: Vec<_> = date.split_whitespace().collect();
    assert_eq!((words.len(), words[4]), (6, "UTC"), "{line}");
    assert!("Mon Tue Wed Thu Fri Sat Sun".contains(words[0]), "{line}");
    rest
}

#[tokio::test]
async fn services_that_answer_pass_and_each_leaves_a_line() {
    let host = services("development-only").await;
    let (backend, data) = (&host.addresses[0], &host.addresses[1]);
    let state = tempfile::tempdir().unwrap();
    let (status, lines) = check(backend, data, state.path()).await;
    let passed =
        |name: &str, url: String| format!(": {name} at {url} is reachable - Health check passed");
    let expected = [
        passed("Backend API", format!("{backend}/")),
        passed(
            "Download External Logs API",
            format!("{backend}/download_external_logs?env=development"),
        ),
        passed("Data API", format!("{data}/")),
    ];
    let seen: Vec<_> = lines.iter().map(|line| without_date(line)).collect();
    assert_eq!((status, seen), (0, expected.iter().map(|e| &**e).collect()));
}

#[tokio::test]
async fn what_does_not_answer_200_fails_with_its_code_and_so_does_the_command() {
    let host = services("").await;
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let state = tempfile::tempdir().unwrap();
    let (status, lines) = check(&host.addresses[0], &nobody, state.path()).await;
    assert_eq!(status, 1);
    assert!(lines[0].ends_with("is reachable - Health check passed"));
    assert!(lines[1].ends_with("is unreachable - Health check failed (HTTP 500)"));
    assert!(lines[2].ends_with("is unreachable - Health check failed (HTTP 000)"));
    assert!(lines[2].contains(&format!("Data API at {nobody}/ ")));
}

#[tokio::test]
async fn the_log_goes_on_over_runs_and_is_read_back() {
    let state = tempfile::tempdir().unwrap();
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let (_, first) = check(&nobody, &nobody, state.path()).await;
    let (_, lines) = check(&nobody, &nobody, state.path()).await;
    assert_eq!((first.len(), lines.len()), (3, 6));
    let logs = async |arguments: &[&str]| {
        let folder = state.path().join("log");
        let app = commands().args(["--log-directory", folder.to_str().unwrap()]);
        app.args(arguments.iter().copied()).run("logs").await
    };
    let all = logs(&["health-check", "health_check"]).await;
    assert_eq!(all, (0, lines.join("\n") + "\n"));
    let last = logs(&["--last", "1", "health-check", "health_check"]).await;
    assert_eq!(last, (0, format!("{}\n", lines[5])));
    let (status, output) = logs(&["health-check", "healthcheck"]).await;
    assert_eq!(status, 2, "{output}");
    assert!(output.contains("did you mean `health_check`?"), "{output}");
    let (status, output) = logs(&["health"]).await;
    assert_eq!(status, 2, "{output}");
    assert!(output.contains("health-check"), "{output}");
}

#[tokio::test]
async fn entries_are_read_back_in_the_order_in_which_they_were_written() {
    let mut host = services("development-only").await;
    let mut messages = Vec::new();
    for _ in 0..5 {
        let answer = host.get("/").await.text();
        messages.push(answer.trim_start_matches("Log: ").trim().to_owned());
    }
    host.stop().await;
    let folder = host.folder().join("state/log");
    let app = commands().args(["--log-directory", folder.to_str().unwrap()]);
    let (status, output) = app.args(["backend-api"]).run("logs").await;
    let lines = output.lines().map(|line| line.split_once(": ").unwrap().1);
    assert_eq!(
        (status, lines.collect::<Vec<_>>()),
        (0, messages.iter().map(|m| &**m).collect())
    );
}

#[tokio::test]
async fn what_a_command_has_logged_is_synced_before_it_ends() {
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let urls = ["backend_api_url", "data_api_url"].map(|url| format!("{url}={nobody}"));
    let state = tempfile::tempdir().unwrap();
    let (_, output) = commands()
        .config(
            "[telemetry]\nlog_level = \"weir=debug\"\n\
             [component.health-check]\nlog_directory = { fsync = \"batch\" }\n",
        )
        .args(["--state-dir", state.path().to_str().unwrap()])
        .args(urls.iter().flat_map(|url| ["--variable", url]))
        .args(["health-check"])
        .run("run")
        .await;
    assert!(output.contains("Health check failed"), "{output}");
    assert!(output.contains("log directory synced"), "{output}");
}

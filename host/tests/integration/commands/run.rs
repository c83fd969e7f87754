//! What a command is given, and what becomes of its exit status.

use crate::harness::app::App;
use crate::harness::{guest, root};
use rustix::process::Signal;

/// An app whose only component is the command `p2-command`.
fn app(settings: &str) -> App {
    let source = guest("p2_command");
    App::new().manifest(&format!(
        "[[trigger.command]]\ncomponent = \"p2-command\"\n\
         [component.p2-command]\nsource = {source:?}\n{settings}"
    ))
}

#[tokio::test]
async fn a_command_has_its_arguments_its_environment_and_the_standard_streams() {
    let app = app("environment = { SHADE = \"green\" }");
    let told = app.args(["p2-command", "tell", "--flag", "a b"]).run("run");
    let (status, output) = told.await;
    let expected = "p2-command,tell,--flag,a b SHADE=green\nto standard error\n";
    assert_eq!((status, output.as_str()), (0, expected));
}

#[tokio::test]
async fn its_status_is_passed_on() {
    let run = async |word| app("").args(["p2-command", word]).run("run").await;
    assert_eq!(run("fail").await, (1, String::new()));
    let (status, output) = run("trap").await;
    assert_eq!(status, 134, "{output}");
    assert!(output.contains("the command was ended"), "{output}");
}

#[tokio::test]
async fn it_may_read_only_files_that_it_was_granted() {
    let granted = app("files = [\"granted.txt\"]").file("granted.txt", "content");
    let (status, output) = granted.args(["p2-command", "read"]).run("run").await;
    assert_eq!((status, output.as_str()), (0, "Ok(\"content\")\n"));
    let denied = app("").file("granted.txt", "content");
    let (_, output) = denied.args(["p2-command", "read"]).run("run").await;
    assert!(output.starts_with("Err("), "{output}");
}

#[tokio::test]
async fn a_signal_ends_one_that_computes_without_end() {
    let app = app("").args(["p2-command", "compute"]);
    let mut running = app.begin("run");
    running.logged(&["computing"]).await;
    running.signal(Signal::TERM);
    let (status, log) = running.ended().await;
    assert_eq!(status.code(), Some(143), "{log}");
}

#[tokio::test]
async fn what_is_no_command_is_refused_with_the_reason() {
    let (status, output) = app("").args(["p2-comand"]).run("run").await;
    assert_eq!(status, 2, "{output}");
    assert!(output.contains("did you mean `p2-command`?"), "{output}");
    let served = App::new().guest("p3_hello", "").args(["p3-hello"]);
    let (status, output) = served.run("run").await;
    assert_eq!(status, 2, "{output}");
    assert!(output.contains("is no command"), "{output}");
}

#[tokio::test]
async fn a_command_is_not_served() {
    let (status, output) = app("").fail().await;
    assert_eq!(status, 2, "{output}");
    assert!(output.contains("weir run p2-command"), "{output}");
}

#[tokio::test]
async fn a_manifest_of_commands_can_be_checked_beside_the_configuration_of_the_app() {
    let config = std::fs::read_to_string(root().join("weir.toml")).unwrap();
    let (status, output) = super::commands().config(&config).run("check").await;
    assert_eq!(status, 0, "{output}");
    for part in ["health-check", "command", "granted: "] {
        assert!(output.contains(part), "{part} in {output}");
    }
}

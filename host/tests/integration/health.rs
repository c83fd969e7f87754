//! `weir health`, as a container's health command runs it.

use crate::harness::app::App;
use crate::harness::server::free_port;
use rustix::process::Signal;
use std::process::Command;

/// Exit status, standard output and standard error of `weir health`.
fn health(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_weir"))
        .arg("health")
        .args(args)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let status = output.status.code().unwrap();
    (status, text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn a_host_that_takes_traffic_is_well_and_one_that_drains_is_only_alive() {
    let app = App::new().config("[drain]\ndelay = \"60s\"");
    let mut host = app.guest("p3_hello", "").start().await;
    let admin = host.admin.trim_start_matches("http://").to_owned();
    let yes = (0, "ok\n".to_owned(), String::new());
    assert_eq!(health(&["--admin", &admin]), yes);
    assert_eq!(health(&["--admin", &admin, "--live"]), yes);

    host.signal(Signal::TERM);
    host.logged(&["draining"]).await;
    let no = (1, String::new(), "draining\n".to_owned());
    assert_eq!(health(&["--admin", &admin]), no);
    assert_eq!(health(&["--admin", &admin, "--live"]), yes);
    host.signal(Signal::TERM);
    host.ended().await;
}

#[test]
fn nobody_there_is_one_line_and_status_1() {
    let address = format!("127.0.0.1:{}", free_port());
    let (status, output, error) = health(&["--admin", &address]);
    assert_eq!((status, output.as_str()), (1, ""));
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.starts_with("no answer from 127.0.0.1:"), "{error}");
}

#[test]
fn nobody_who_answers_is_given_up_on() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let (status, _, error) = health(&["--admin", &address, "--timeout", "100ms"]);
    assert_eq!(
        (status, error.contains("within 100ms")),
        (1, true),
        "{error}"
    );
}

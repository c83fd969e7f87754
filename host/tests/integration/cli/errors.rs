//! What is said if the host cannot start, and the status it exits with.

use super::weir;
use crate::harness::app::App;
use std::net::TcpListener;
use std::path::Path;

fn app() -> App {
    App::new().guest("p3_hello", "")
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_with_one_that_is() {
    for bad in [
        "nowhere",
        "nowhere.invalid:3000",
        ":3000",
        "3000",
        "127.0.0.1:99999",
    ] {
        let (status, text) = app().args(["--listen", bad]).fail().await;
        assert_eq!(status, 2, "{text}");
        assert!(text.contains(bad) && text.contains("--listen"), "{text}");
        assert!(text.contains("such as 127.0.0.1:3000"), "{text}");
    }
    let (status, text) = app().env("WEIR_ADMIN", "metrics").bare().fail().await;
    assert_eq!(status, 2, "{text}");
    assert!(
        text.contains("for 'WEIR_ADMIN (--admin <ADDRESS>)'"),
        "{text}"
    );
    assert!(text.contains("such as 127.0.0.1:3000"), "{text}");
}

#[test]
fn a_value_from_the_environment_is_told_from_one_of_a_flag() {
    let env = [
        ("WEIR_LISTEN", "abc"),
        ("SPIN_HTTP_LISTEN_ADDR", "abc"),
        ("WEIR_REQUEST_TIMEOUT", "0s"),
        ("WEIR_WATCH", "perhaps"),
    ];
    for pair in env {
        let done = weir(Path::new("."), &["up"], &[pair]);
        assert_eq!(done.status, 2, "{done:?}");
        let named = format!("for '{} (--", pair.0);
        assert!(done.err.contains(&named), "{done:?}");
    }
    let done = weir(Path::new("."), &["up", "--listen", "abc"], &env[..1]);
    assert!(done.err.contains("for '--listen <ADDRESS>'"), "{done:?}");
}

#[test]
fn the_folder_for_what_components_print_is_not_taken_for_that_of_log_directories() {
    for args in [
        &["up", "--log-dir", "x"][..],
        &["logs", "--log-dir=x", "app"],
    ] {
        let done = weir(Path::new("."), args, &[]);
        assert_eq!(done.status, 2, "{done:?}");
        assert!(done.err.contains("what components print"), "{done:?}");
        assert!(!done.err.contains("similar argument"), "{done:?}");
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_named_with_what_to_do() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().to_string();
    let listener = app().args(["--listen", &taken]);
    let admin = app()
        .bare()
        .args(["--listen", "127.0.0.1:0", "--admin", &taken]);
    for app in [listener, admin] {
        let (status, text) = app.fail().await;
        assert_eq!(status, 1, "{text}");
        let what = format!("error: {taken} cannot be listened at: Address already in use");
        assert!(text.contains(&what), "{text}");
        assert!(
            text.contains("choose another address with --listen or --admin"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn an_address_of_another_machine_is_named_with_what_to_do() {
    let (status, text) = app().args(["--listen", "192.0.2.1:80"]).fail().await;
    assert_eq!(status, 1, "{text}");
    assert!(
        text.contains("192.0.2.1:80 cannot be listened at"),
        "{text}"
    );
    assert!(text.contains("this machine has no such address"), "{text}");
}

#[tokio::test]
async fn a_manifest_that_is_wrong_is_shown_where_and_how_to_mend_it() {
    let app = App::new().guest("p3_hello", "allowed_outbound_host = []");
    let path = app.folder().join("spin.toml").display().to_string();
    let (status, text) = app.fail().await;
    assert_eq!(status, 2, "{text}");
    // The lines of a manifest that tests write are known.
    assert!(text.contains(&format!("{path}:9:1")), "{text}");
    assert!(text.contains("`allowed_outbound_host`"), "{text}");
    assert!(text.contains("`allowed_outbound_hosts`"), "{text}");
    assert!(text.ends_with(&format!("1 problem in {path}\n")), "{text}");
}

#[test]
fn a_manifest_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["up", "check", "build"] {
        let done = weir(folder.path(), &[command], &[]);
        assert_eq!(done.status, 2, "{done:?}");
        assert!(done.err.contains("spin.toml cannot be read"), "{done:?}");
        assert!(done.err.contains("--from"), "{done:?}");
        assert!(done.err.ends_with("1 problem\n"), "{done:?}");
    }
}

#[tokio::test]
async fn a_line_of_the_environment_file_that_is_wrong_is_not_shown() {
    let app = app().file(
        ".env",
        "SPIN_VARIABLE_A=1\nSPIN_VARIABLE_B = s3cret value\n",
    );
    let (status, text) = app.fail().await;
    assert_eq!(status, 2, "{text}");
    assert!(text.contains(".env:2 cannot be read"), "{text}");
    assert!(text.contains("each line is NAME=value"), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
}

#[tokio::test]
async fn a_variable_that_is_no_assignment_is_not_shown() {
    for wrong in ["=s3cret", "s3cret"] {
        let (status, text) = app().args(["--variable", wrong]).fail().await;
        assert_eq!(status, 2, "{text}");
        assert!(text.contains("--variable must be NAME=VALUE"), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[tokio::test]
async fn a_certificate_needs_its_key_and_a_listener() {
    for (args, missing) in [
        (["--tls-cert", "a.pem"], "--tls-key"),
        (["--tls-key", "a.pem"], "--tls-cert"),
    ] {
        let (status, text) = app().args(args).fail().await;
        assert_eq!(status, 2, "{text}");
        assert!(text.contains(missing), "{text}");
    }
}

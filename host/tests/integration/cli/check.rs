//! `weir check`.

use super::weir;
use crate::harness::app::App;
use crate::harness::guest;

/// The lines of the report from the component's own to the next one's.
fn of<'t>(report: &'t str, component: &str) -> Vec<&'t str> {
    let mut lines = report.lines().skip_while(|line| *line != component);
    assert!(lines.next().is_some(), "{component} is not in {report}");
    lines.take_while(|line| line.starts_with(' ')).collect()
}

/// What stands behind a capability.
fn grant<'t>(lines: &[&'t str], capability: &str) -> &'t str {
    let line = lines.iter().find_map(|line| {
        let rest = line.strip_prefix("  ")?.strip_prefix(capability)?;
        Some(rest.trim())
    });
    line.unwrap_or_else(|| panic!("{capability} is not in {lines:?}"))
}

#[tokio::test]
async fn imports_are_shown_with_what_is_granted_of_them() {
    let log = "[component.p3-log-directory.tool.weir]\nlog_directory = true";
    let hosts = "allowed_outbound_hosts = [\"http://example.com\", \"https://*:443\"]";
    let app = App::new()
        .guest("p3_key_value", "key_value_stores = [\"default\"]")
        .guest("p2_key_value_sync", "")
        .guest("p3_log_directory", log)
        .guest("p3_metrics", "")
        .guest("p3_outbound", hosts);
    let (status, report) = app.run("check").await;
    assert_eq!(status, 0, "{report}");
    assert!(report.ends_with("test: all is well\n"), "{report}");

    let granted = of(&report, "p3-key-value");
    assert_eq!(grant(&granted, "key_value_stores"), "granted: default");
    let import = "    spin:key-value/key-value@3.0.0";
    assert!(granted.contains(&import), "{granted:?}");
    let denied = of(&report, "p2-key-value-sync");
    assert_eq!(
        grant(&denied, "key_value_stores"),
        "denied: none is granted"
    );
    let log = of(&report, "p3-log-directory");
    assert_eq!(grant(&log, "tool.weir.log_directory"), "granted");
    let metrics = of(&report, "p3-metrics");
    assert_eq!(grant(&metrics, "tool.weir.metrics"), "denied");
    let outbound = of(&report, "p3-outbound");
    let hosts = grant(&outbound, "allowed_outbound_hosts");
    assert!(
        hosts.starts_with("granted: ") && hosts.contains("example.com"),
        "{hosts}"
    );
}

#[tokio::test]
async fn capacity_and_digest_are_shown() {
    let settings = "[component.p3-hello.tool.weir]\ninstance_concurrency = 3";
    let app = App::new()
        .guest("p3_hello", settings)
        .config("instances = 10");
    let (status, report) = app.run("check").await;
    assert_eq!(status, 0, "{report}");
    let lines = of(&report, "p3-hello");
    assert_eq!(grant(&lines, "digest").len(), 64);
    let capacity = grant(&lines, "capacity");
    assert!(capacity.contains("3 requests each at once"), "{capacity}");
}

#[tokio::test]
async fn no_component_can_have_more_requests_in_flight_than_the_host() {
    let (instances, limit) = ("instances = 10", "[limits]\nmax_in_flight = 7");
    let app = App::new().guest("p3_hello", "").config(instances);
    let (status, report) = app.config(limit).run("check").await;
    assert_eq!(status, 0, "{report}");
    let lines = of(&report, "p3-hello");
    let capacity = grant(&lines, "capacity");
    assert!(capacity.starts_with("7 requests in flight"), "{capacity}");
    assert!(capacity.ends_with("7 over all components"), "{capacity}");
}

#[test]
fn nothing_is_kept_or_listened_at() {
    let folder = tempfile::tempdir().unwrap();
    let (code, cache) = (guest("p3_key_value"), env!("CARGO_TARGET_TMPDIR"));
    let manifest = format!(
        "spin_manifest_version = 2\n[application]\nname = \"test\"\n\
         [[trigger.http]]\nroute = \"/...\"\ncomponent = \"app\"\n\
         [component.app]\nsource = {code:?}\nkey_value_stores = [\"default\"]\n"
    );
    // No machine has this address.
    let config = format!(
        "[engine]\ncache_directory = \"{cache}/compiled\"\n[admin]\naddress = \"192.0.2.1:1\"\n"
    );
    std::fs::write(folder.path().join("spin.toml"), manifest).unwrap();
    std::fs::write(folder.path().join("weir.toml"), config).unwrap();
    let done = weir(folder.path(), &["check"], &[]);
    assert_eq!(done.status, 0, "{done:?}");
    let left = std::fs::read_dir(folder.path()).unwrap();
    let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["spin.toml", "weir.toml"]);
}

#[tokio::test]
async fn everything_that_is_wrong_with_the_manifest_and_the_configuration_is_said_at_once() {
    let app = App::new()
        .guest("p3_hello", "sorce = \"x\"\nkey_value_store = []")
        .manifest("[[trigger.http]]\nroute = \"/x\"\ncomponent = \"p3-helo\"")
        .config("[limits]\nqueue_timeout = \"soon\"");
    let (status, text) = app.run("check").await;
    assert_eq!(status, 2, "{text}");
    for part in [
        "`sorce`",
        "`source`",
        "`key_value_store`",
        "p3-helo",
        "`p3-hello`",
        "queue_timeout",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(text.contains("4 problems in "), "{text}");
}

#[tokio::test]
async fn everything_that_is_wrong_with_components_is_said_at_once() {
    let core = b"\0asm\x01\0\0\0";
    let component = |id: &str| {
        format!(
            "[[trigger.http]]\nroute = \"/{id}\"\ncomponent = \"{id}\"\n\
             [component.{id}]\nsource = \"{id}.wasm\"\n"
        )
    };
    let truncated = std::fs::read(guest("p3_hello")).unwrap();
    let app = App::new()
        .guest("p3_hello", "")
        .manifest(&component("core"))
        .manifest(&component("half"))
        .manifest(&component("none"))
        .file("core.wasm", core)
        .file("half.wasm", &truncated[..truncated.len() / 2]);
    let (status, text) = app.run("check").await;
    assert_eq!(status, 2, "{text}");
    assert!(text.contains("3 problems in "), "{text}");
    for part in ["core module", "does not compile", "cannot be read"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(
        text.contains("p3-hello\n  digest "),
        "what is right is shown"
    );
    assert!(!text.contains("all is well"), "{text}");
}

#[tokio::test]
async fn what_up_refuses_is_not_well() {
    let words = guest("dependency_words");
    let composed = format!(
        "files = [\"none.txt\"]\n[component.p3-dependent.dependencies]\n\"test:words\" = {{ path = {words:?} }}"
    );
    let app = || {
        App::new()
            .guest("p3_dependent", &composed)
            .guest("p3_files", "files = [\"../x\"]")
            .guest("p3_hello", "")
            .config("instances = 1")
    };
    let (checked, text) = app().run("check").await;
    let (started, output) = app().fail().await;
    assert_eq!((checked, started), (2, 2), "{text}\n{output}");
    for told in [text, output] {
        for part in [
            "no file `none.txt`",
            "`../x` leads out",
            "`p3-dependent` needs 2 places of the instance pool, which has 1",
            "`instances` in `[engine]` of weir.toml to 2 or more",
            "3 problems in ",
        ] {
            assert!(told.contains(part), "{part} is not in {told}");
        }
    }
}

#[tokio::test]
async fn texts_that_may_be_secrets_are_not_shown() {
    for (manifest, config, part) in [
        ("", "[variables]\nkey = \"s3cret", "weir.toml:"),
        ("", "[variables]\nkey = [\"s3cret\"]", "must be a string"),
        ("[variables]\nkey = \"s3cret", "", "spin.toml:"),
        (
            "[variables]\nkey = { defualt = \"s3cret\" }",
            "",
            "`defualt`",
        ),
        ("[variables]\nkey = \"s3cret\"", "", "must be a table"),
        (
            "[variables.key]\nsecret = \"s3cret\"",
            "",
            "`true` or `false`",
        ),
    ] {
        let app = App::new().guest("p3_hello", "").manifest(manifest);
        let (status, text) = app.config(config).run("check").await;
        assert_eq!(status, 2, "{text}");
        assert!(text.contains(part), "{part} is not in {text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}

/// What `check` and `up` say of an app, of which both say that it is wrong.
async fn refused(app: impl Fn() -> App) -> [String; 2] {
    let (checked, text) = app().run("check").await;
    let (started, output) = app().fail().await;
    assert_eq!((checked, started), (2, 2), "{text}\n{output}");
    [text, output]
}

#[tokio::test]
async fn a_filter_of_log_lines_that_up_refuses_is_not_well() {
    let level = "[telemetry]\nlog_level = \"weir=bogus\"";
    for told in refused(|| App::new().guest("p3_hello", "").config(level)).await {
        assert!(
            told.contains("`telemetry.log_level` must be a level"),
            "{told}"
        );
        assert!(told.contains("weir.toml:4:13"), "{told}");
    }
}

#[tokio::test]
async fn secret_files_that_up_refuses_are_not_well() {
    let listener = "[[listener]]\naddress = \"127.0.0.1:0\"\n\
                    tls = { certificate = \"l.toml\", key = \"none.pem\" }\n\
                    [admin]\ntoken_file = \"none\"";
    let app = || {
        App::new()
            .guest("p3_hello", "")
            .file("l.toml", "x = 1\n")
            .config(listener)
    };
    for told in refused(app).await {
        for part in [
            "a listener cannot speak TLS: ",
            "l.toml: there is no certificate in it",
            "weir.toml:5:7",
            "`certificate` names the chain in PEM",
            "the admin server's token cannot be read from ",
            "/none: No such file",
            "weir.toml:7:14",
            "2 problems in ",
        ] {
            assert!(told.contains(part), "{part} is not in {told}");
        }
    }
}

#[tokio::test]
async fn certificates_of_flags_are_looked_at_too() {
    let app = App::new().guest("p3_hello", "");
    let flags = ["--tls-cert", "none.pem", "--tls-key", "none.pem"];
    let (status, text) = app.args(flags).fail().await;
    assert_eq!(status, 2, "{text}");
    assert!(
        text.contains("none.pem: ") && text.contains("--tls-cert names"),
        "{text}"
    );
}

#[test]
fn who_reads_only_the_beginning_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let code = guest("p3_hello");
    let manifest = format!(
        "spin_manifest_version = 2\n[application]\nname = \"test\"\n\
         [[trigger.http]]\nroute = \"/...\"\ncomponent = \"app\"\n[component.app]\nsource = {code:?}\n"
    );
    std::fs::write(folder.path().join("spin.toml"), manifest).unwrap();
    for args in [&["check"][..], &["compile"], &["new", "hello"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_weir"));
        let command = command.args(args).current_dir(folder.path());
        let output = command.stdout(writer).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {said}");
        assert!(!said.contains("panicked"), "{args:?}: {said}");
    }
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_weir"));
    let status = command
        .arg("check")
        .arg("--from=none")
        .stderr(writer)
        .status();
    assert_eq!(status.unwrap().code(), Some(2));
}

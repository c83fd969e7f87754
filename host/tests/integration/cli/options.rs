//! Every option takes effect, as a flag and as its variable. Where `weir.toml` says something else,
//! it is weaker.

use super::{Done, FLAG_AND_VARIABLE, weir};
use crate::harness::app::{App, variable};
use crate::harness::host::Host;
use crate::harness::{free_address, guest};
use rcgen::{CertificateParams, KeyPair};
use reqwest::Method;
use std::path::Path;
use tempfile::TempDir;

/// A folder with an app whose code is not beside its manifest.
fn apart() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let manifest = "spin_manifest_version = 2\n[application]\nname = \"test\"\n\
                    [[trigger.http]]\nroute = \"/...\"\ncomponent = \"app\"\n\
                    [component.app]\nsource = \"app.wasm\"\nkey_value_stores = [\"mine\"]\n";
    let cache = env!("CARGO_TARGET_TMPDIR");
    let store = "[key_value_store.mine]\ntype = \"spin\"\n";
    let config = format!(
        "[engine]\ncache_directory = \"{cache}/compiled\"\n[component.app]\nmax_in_flight = 7\n"
    );
    for inner in ["manifest", "code"] {
        std::fs::create_dir(folder.path().join(inner)).unwrap();
    }
    for (path, text) in [
        ("manifest/spin.toml", manifest),
        ("other.toml", &config),
        ("runtime.toml", store),
    ] {
        std::fs::write(folder.path().join(path), text).unwrap();
    }
    std::fs::copy(guest("p3_hello"), folder.path().join("code/app.wasm")).unwrap();
    folder
}

const WHERE: [(&str, &str); 4] = [
    ("from", "manifest"),
    ("config", "other.toml"),
    ("app-dir", "code"),
    ("runtime-config-file", "runtime.toml"),
];

/// Checks that app with all of these options, but for one.
fn check(folder: &Path, as_flag: bool, but: &str) -> Done {
    let said = WHERE.iter().filter(|(option, _)| *option != but);
    let (names, values): (Vec<_>, Vec<_>) = said
        .map(|(option, value)| match as_flag {
            true => (format!("--{option}"), *value),
            false => (variable(option), *value),
        })
        .unzip();
    let pairs = names.iter().map(String::as_str).zip(values);
    match as_flag {
        true => {
            let pairs = pairs.flat_map(|(name, value)| [name, value]);
            let args: Vec<_> = std::iter::once("check").chain(pairs).collect();
            weir(folder, &args, &[])
        }
        false => weir(folder, &["check"], &pairs.collect::<Vec<_>>()),
    }
}

#[test]
fn where_the_app_lies_and_how_it_is_deployed() {
    let folder = apart();
    for as_flag in FLAG_AND_VARIABLE {
        let done = check(folder.path(), as_flag, "");
        assert_eq!(done.status, 0, "{done:?}");
        assert!(done.out.contains("  7 requests in flight"), "{done:?}");
        let done = check(folder.path(), as_flag, "config");
        assert_eq!(done.status, 0, "{done:?}");
        assert!(!done.out.contains("  7 requests in flight"), "{done:?}");
        for (needed, without) in [
            ("from", "spin.toml cannot be read"),
            ("app-dir", "app.wasm cannot be read"),
            ("runtime-config-file", "mine"),
        ] {
            let done = check(folder.path(), as_flag, needed);
            assert_eq!(done.status, 2, "{done:?}");
            assert!(done.err.contains(without), "{done:?}");
        }
    }
}

#[tokio::test]
async fn addresses_replace_those_of_the_file() {
    let other = "[[listener]]\naddress = \"192.0.2.1:1\"\n[[listener]]\naddress = \"192.0.2.1:2\"\n\
                 [admin]\naddress = \"192.0.2.1:3\"";
    for as_flag in FLAG_AND_VARIABLE {
        let (listen, admin) = (free_address(), free_address());
        let app = App::new().guest("p3_hello", "").config(other).bare();
        let host = app
            .say(as_flag, "listen", &listen)
            .say(as_flag, "admin", &admin)
            .start()
            .await;
        assert_eq!(host.addresses, [format!("http://{listen}")]);
        assert_eq!(host.admin, format!("http://{admin}"));
        assert_eq!(host.get("/p3_hello").await.status, 200);
        assert_eq!(host.admin("/livez").await.status, 200);
    }
}

#[tokio::test]
async fn a_listener_has_a_certificate() {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap().pem();
    for as_flag in FLAG_AND_VARIABLE {
        let app = App::new()
            .guest("p3_hello", "")
            .file("certificate.pem", &certificate)
            .file("key.pem", key.serialize_pem());
        let path = |name: &str| app.folder().join(name).display().to_string();
        let (certificate, key) = (path("certificate.pem"), path("key.pem"));
        let host = app
            .say(as_flag, "tls-cert", &certificate)
            .say(as_flag, "tls-key", &key)
            .start()
            .await;
        let address = &host.addresses[0];
        assert!(address.starts_with("https://"), "{address}");
        let status = host.admin("/status").await.json();
        assert_eq!(status["listeners"][0]["tls"], true);
    }
}

#[tokio::test]
async fn files_are_kept_where_it_is_said() {
    let granted = "[component.p3-log-directory.tool.weir]\nlog_directory = true";
    for as_flag in FLAG_AND_VARIABLE {
        let app = App::new()
            .guest("p3_log_directory", granted)
            .guest("p3_key_value", "key_value_stores = [\"default\"]")
            .config("[state]\ndirectory = \"other\"\n[log_directory]\nroot = \"other-logs\"")
            .bare();
        let folder = app.folder().to_owned();
        let path = |name: &str| folder.join(name).display().to_string();
        let host = app
            .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .say(as_flag, "state-dir", &path("kept"))
            .say(as_flag, "log-directory", &path("logs"))
            .start()
            .await;
        let entry = host.request(Method::POST, "/p3_log_directory/entry");
        let name = host.send(entry.body("text")).await.text();
        let entry = folder.join("logs/p3-log-directory").join(name);
        assert_eq!(std::fs::read_to_string(entry).unwrap(), "text");
        assert!(folder.join("kept/key-value/default.redb").is_file());
        for other in ["other", "other-logs", ".weir"] {
            assert!(!folder.join(other).exists(), "{other}");
        }
        assert!(host.banner().contains(&path("kept/key-value")));
        assert!(host.banner().contains(&path("logs")));
    }
}

/// A host with this guest, for which the file says something else.
async fn tuned(guest: &str, option: &str, value: &str, as_flag: bool, file: &str) -> Host {
    let id = guest.replace('_', "-");
    App::new()
        .guest(guest, "")
        .config(&format!("[component.{id}]\n{file}"))
        .say(as_flag, option, value)
        .start()
        .await
}

#[tokio::test]
async fn a_request_may_take_so_long() {
    for as_flag in FLAG_AND_VARIABLE {
        let file = "timeout = \"1h\"";
        let host = tuned("p3_sleep", "request-timeout", "200ms", as_flag, file).await;
        assert_eq!(host.get("/p3_sleep?ms=3600000").await.status, 504);
    }
}

#[tokio::test]
async fn an_instance_serves_so_many_requests() {
    for as_flag in FLAG_AND_VARIABLE {
        let (option, file) = ("max-instance-reuse-count", "instance_requests = 1000");
        let host = tuned("p3_counter", option, "2", as_flag, file).await;
        for expected in ["1", "2", "1", "2"] {
            assert_eq!(host.get("/p3_counter").await.text(), expected);
        }
    }
}

#[tokio::test]
async fn an_instance_works_on_so_many_requests_at_once() {
    for as_flag in FLAG_AND_VARIABLE {
        let option = "max-instance-concurrent-reuse-count";
        let host = tuned(
            "p3_sleep",
            option,
            "1",
            as_flag,
            "instance_concurrency = 100",
        )
        .await;
        let requests = (0..2).map(|_| {
            let request = host.request(Method::GET, "/p3_sleep?ms=3600000");
            tokio::spawn(request.send())
        });
        let _held: Vec<_> = requests.collect();
        let busy = [("state", "busy")];
        host.metric_is("weir_component_instances", &busy, 2.0).await;
    }
}

#[tokio::test]
async fn an_instance_without_requests_is_kept_so_long() {
    for as_flag in FLAG_AND_VARIABLE {
        let (option, file) = ("idle-instance-timeout", "instance_idle_timeout = \"1h\"");
        let host = tuned("p3_hello", option, "50ms", as_flag, file).await;
        assert_eq!(host.get("/p3_hello").await.status, 200);
        host.metric_is("weir_component_instances", &[], 0.0).await;
    }
}

#[tokio::test]
async fn a_variable_has_a_value() {
    let app = || {
        let given = "[component.p3-variables.variables]\nname = \"{{ name }}\"";
        App::new()
            .manifest("[variables]\nname = { required = true }")
            .guest("p3_variables", given)
    };
    let (status, text) = app().fail().await;
    assert_eq!(status, 2, "{text}");
    for app in [
        app().args(["--variable", "name=a=b"]),
        app().env("SPIN_VARIABLE_NAME", "a=b"),
    ] {
        let host = app.start().await;
        let answer = host.get("/p3_variables/get?name=name").await;
        assert_eq!(answer.pair(), (200, "a=b".into()));
    }
}

/// A component that tells its variables, of which `name` is required.
fn told() -> App {
    let given =
        "[component.p3-variables.variables]\nname = \"{{ name }}\"\nother = \"{{ other }}\"";
    App::new()
        .manifest("[variables]\nname = { required = true }\nother = { default = \"none\" }")
        .guest("p3_variables", given)
}

async fn value(host: &Host, name: &str) -> String {
    let path = format!("/p3_variables/get?name={name}");
    host.get(&path).await.text()
}

#[tokio::test]
async fn a_variable_has_what_is_in_a_file() {
    let app = told()
        .file("name.txt", "a b\n")
        .file("both.json", "{ \"name\": \"json\", \"other\": \"json\" }")
        .file("both.toml", "name = \"toml\"\n");
    let path = |form: &str, file: &str| format!("{form}@{}", app.folder().join(file).display());
    let (text, json, toml) = (
        path("name=", "name.txt"),
        path("", "both.json"),
        path("", "both.toml"),
    );
    let all = [
        "--variable",
        &json,
        "--variable",
        &toml,
        "--variable",
        &text,
    ];
    let host = app.args(all).start().await;
    assert_eq!(value(&host, "name").await, "a b\n", "the last counts");
    assert_eq!(value(&host, "other").await, "json");

    std::fs::write(host.folder().join("name.txt"), "new").unwrap();
    let reload = host.client.post(format!("{}/reload", host.admin));
    let done = host.send(reload.header("weir-admin", "1")).await;
    assert_eq!(done.json()["reloaded"], serde_json::json!(["p3-variables"]));
    assert_eq!(value(&host, "name").await, "new");
}

#[tokio::test]
async fn files_of_variables_that_cannot_be_used_are_named_at_once_and_not_shown() {
    let app = told()
        .file("s.json", "{\n  \"name\": 53217\n}")
        .file("s.toml", "\nname = \"s3cret");
    let at = |form: &str, file: &str| format!("{form}@{}", app.folder().join(file).display());
    let (none, json, toml) = (at("name=", "none"), at("", "s.json"), at("", "s.toml"));
    let all = [
        "--variable",
        &json,
        "--variable",
        &toml,
        "--variable",
        &none,
    ];
    let (status, text) = app.args(all).fail().await;
    assert_eq!(status, 2, "{text}");
    for part in [
        "s.json:2 cannot be read",
        "s.toml:2 cannot be read",
        "none cannot be read: No such",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(
        !text.contains("53217") && !text.contains("s3cret"),
        "{text}"
    );
}

#[tokio::test]
async fn nobody_needs_the_values_of_variables_to_build_to_compile_or_to_read_logs() {
    let app = || {
        told()
            .manifest("[component.p3-variables.build]\ncommand = \"true\"")
            .file("state/log/p3-variables/.keep", "")
    };
    for command in ["build", "compile", "logs"] {
        let mut app = app();
        if command != "build" {
            let state = app.folder().join("state").display().to_string();
            app = app.config(&format!("[state]\ndirectory = {state:?}"));
        }
        if command == "logs" {
            app = app.args(["p3-variables"]);
        }
        let (status, text) = app.run(command).await;
        assert_eq!(status, 0, "{command}: {text}");
    }
    let (status, text) = app().run("check").await;
    assert_eq!(status, 2, "{text}");
    assert!(text.contains("variable `name` is required"), "{text}");
}

#[tokio::test]
async fn an_address_may_be_a_name() {
    let port = |address: String| address.rsplit_once(':').unwrap().1.to_owned();
    let port = port(free_address());
    let app = App::new().guest("p3_hello", "");
    let host = app
        .args(["--listen", &format!("localhost:{port}")])
        .start()
        .await;
    assert_eq!(host.addresses, [format!("http://127.0.0.1:{port}")]);
}

#[tokio::test]
async fn spins_variable_for_the_address_is_weaker_than_weirs() {
    let (spins, own) = (free_address(), free_address());
    let app = || {
        let app = App::new().guest("p3_hello", "").bare();
        app.env("WEIR_ADMIN", "127.0.0.1:0")
            .env("SPIN_HTTP_LISTEN_ADDR", &spins)
    };
    let host = app().start().await;
    assert_eq!(host.addresses, [format!("http://{spins}")]);
    drop(host);
    let host = app().env("WEIR_LISTEN", &own).start().await;
    assert_eq!(host.addresses, [format!("http://{own}")]);
}

#[tokio::test]
async fn a_variable_that_is_empty_is_not_set() {
    let listen = free_address();
    let names = [
        "listen",
        "component-id",
        "state-dir",
        "log-directory",
        "portable",
        "watch",
        "skip-build",
        "request-timeout",
        "tls-cert",
        "tls-key",
        "config",
        "app-dir",
        "runtime-config-file",
    ];
    let app = App::new().guest("p3_hello", "").bare();
    let app = names
        .iter()
        .fold(app, |app, name| app.env(&variable(name), ""));
    let host = app
        .env("WEIR_ADMIN", "127.0.0.1:0")
        .env("SPIN_HTTP_LISTEN_ADDR", &listen)
        .start()
        .await;
    assert_eq!(host.addresses, [format!("http://{listen}")]);
    assert_eq!(host.get("/p3_hello").await.status, 200);
    let logs = host.folder().join(".weir/log").display().to_string();
    assert!(host.banner().contains(&logs), "{}", host.banner());
}

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

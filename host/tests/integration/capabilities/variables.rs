//! Variables by `spin:variables@3.0.0`, `fermyon:spin/variables@2.0.0` and `wasi:config`.

use super::{call, done, error, error_kind, no_guest_has_failed};
use crate::harness::app::App;

const GUESTS: [&str; 3] = ["p3_variables", "p2_variables", "p2_config"];

/// An app with the variables `declared`, of which each guest has those in `given`.
fn app(declared: &str, given: &str) -> App {
    let app = App::new().manifest(&format!("[variables]\n{declared}"));
    GUESTS.iter().fold(app, |app, guest| {
        let id = guest.replace('_', "-");
        app.guest(guest, &format!("[component.{id}.variables]\n{given}"))
    })
}

#[tokio::test]
async fn a_component_sees_its_own_variables_and_no_others() {
    let app = app(
        "name = { default = \"World\" }\nother = { default = \"hidden\" }",
        "greeting = \"Hello, {{ name }}!\"\nfixed = \"text\"",
    );
    let host = app.start().await;
    for guest in GUESTS {
        let get = async |name| call(&host, guest, "get", &[("name", name)]).await;
        assert_eq!(get("greeting").await, done("Hello, World!"), "{guest}");
        assert_eq!(get("fixed").await, done("text"), "{guest}");
    }
    // The app's own variables are not the component's.
    for name in ["name", "other", "nothing"] {
        for guest in ["p3_variables", "p2_variables"] {
            let refused = call(&host, guest, "get", &[("name", name)]).await;
            assert_eq!(error_kind(&refused), "Undefined", "{guest} {refused:?}");
        }
        let nothing = call(&host, "p2_config", "get", &[("name", name)]).await;
        assert_eq!(nothing, error("None"));
    }
    let all = call(&host, "p2_config", "all", &[]).await;
    assert_eq!(all, done("fixed=text\ngreeting=Hello, World!"));
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn what_cannot_be_a_name_is_told_apart_from_what_is_not_there() {
    let host = app("", "a = \"1\"").start().await;
    for name in ["", "A", "a-b", "a b", "1a", "a__b", "a_"] {
        for guest in ["p3_variables", "p2_variables"] {
            let refused = call(&host, guest, "get", &[("name", name)]).await;
            assert_eq!(error_kind(&refused), "InvalidName", "{guest} {refused:?}");
        }
    }
}

#[tokio::test]
async fn a_component_without_variables_sees_none() {
    let app = GUESTS
        .iter()
        .fold(App::new(), |app, guest| app.guest(guest, ""));
    let host = app.start().await;
    assert_eq!(call(&host, "p2_config", "all", &[]).await, done(""));
    for guest in ["p3_variables", "p2_variables"] {
        let refused = call(&host, guest, "get", &[("name", "a")]).await;
        assert_eq!(error_kind(&refused), "Undefined", "{guest} {refused:?}");
    }
}

#[tokio::test]
async fn a_flag_beats_the_environment_that_dot_env_that_weir_toml_and_that_the_default() {
    let names = ["one", "two", "three", "four", "five"];
    let each = |line: fn(&str) -> String, names: &[&str]| -> String {
        names.iter().map(|name| line(name) + "\n").collect()
    };
    let declared = each(
        |name| format!("{name} = {{ default = \"default\" }}"),
        &names,
    );
    let given = each(|name| format!("{name} = \"{{{{ {name} }}}}\""), &names);
    let dot_env = |name: &str| format!("SPIN_VARIABLE_{}=.env", name.to_uppercase());
    let toml = each(|name| format!("{name} = \"weir.toml\""), &names[..4]);
    let host = app(&declared, &given)
        .config(&format!("[variables]\n{toml}"))
        .file(".env", each(dot_env, &names[..3]))
        .env("SPIN_VARIABLE_ONE", "environment")
        .env("SPIN_VARIABLE_TWO", "environment")
        .args(["--variable", "one=flag"])
        .start()
        .await;
    let values = ["flag", "environment", ".env", "weir.toml", "default"];
    for guest in GUESTS {
        for (name, value) in names.iter().zip(values) {
            let got = call(&host, guest, "get", &[("name", name)]).await;
            assert_eq!(got, done(value), "{guest} {name}");
        }
    }
}

#[tokio::test]
async fn a_variable_that_must_be_given_and_is_not_stops_the_start() {
    let declared = "key = { required = true, secret = true }";
    let given = "key = \"{{ key }}\"";
    let (status, output) = app(declared, given).fail().await;
    assert_eq!(status, 2, "{output}");
    assert!(output.contains("`key`"), "{output}");
    let host = app(declared, given).args(["--variable", "key=k"]).start();
    let host = host.await;
    let got = call(&host, "p3_variables", "get", &[("name", "key")]).await;
    assert_eq!(got, done("k"));
}

#[tokio::test]
async fn a_secret_reaches_its_component_and_nothing_else() {
    let secrets = ["s3cret-flag", "s3cret-env", "s3cret-dot", "s3cret-toml"];
    let app = || {
        app(
            "a = { default = \"\", secret = true }\nb = { default = \"\", secret = true }\n\
             c = { default = \"\", secret = true }\nd = { default = \"\", secret = true }",
            "all = \"{{ a }} {{ b }} {{ c }} {{ d }}\"",
        )
        .config("[telemetry]\nlog_level = \"trace\"\naccess_log = true")
        .config("[variables]\nd = \"s3cret-toml\"")
        .file(".env", "SPIN_VARIABLE_C=s3cret-dot")
        .env("SPIN_VARIABLE_B", "s3cret-env")
        .args(["--variable", "a=s3cret-flag"])
    };
    let mut host = app().start().await;
    let got = call(&host, "p3_variables", "get", &[("name", "all")]).await;
    assert_eq!(got, done(secrets.join(" ")));
    let metrics = host.admin("/metrics").await.text();
    let status = host.admin("/status").await.text();
    let (_, log) = host.stop().await;
    let (checked, check) = app().run("check").await;
    assert_eq!(checked, 0, "{check}");
    assert!(log.contains("\"access\"") && check.contains("all is well"));
    for text in [metrics, status, log, host.banner(), check] {
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[tokio::test]
async fn dot_env_lies_beside_the_manifest_wherever_the_app_is() {
    let elsewhere = tempfile::tempdir().unwrap();
    let wrong = "SPIN_VARIABLE_V=wrong";
    std::fs::write(elsewhere.path().join(".env"), wrong).unwrap();
    let given = "[component.p3-variables.variables]\nname = \"{{ v }}\"";
    let host = App::new()
        .manifest("[variables]\nv = { default = \"\" }")
        .guest("p3_variables", given)
        .file(".env", "SPIN_VARIABLE_V=right")
        .args(["--app-dir", elsewhere.path().to_str().unwrap()])
        .start()
        .await;
    let read = host.get("/p3_variables/get?name=name").await;
    assert_eq!(read.pair(), done("right"));
}

//! Dependencies that cannot be composed: each is refused at its line, with what is nearest.

use super::dependent;
use crate::harness::guest;

/// The manifest with `dependency` in it is refused; what is said has all of `parts` in it.
async fn refused(dependency: &str, parts: &[&str]) {
    let (status, text) = dependent(dependency).fail().await;
    assert_eq!(status, 2, "{text}");
    for part in parts.iter().chain(&["spin.toml:"]) {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[tokio::test]
async fn a_name_that_matches_no_import_is_refused_with_the_nearest() {
    let words = guest("dependency_words");
    let all = format!("\"test:words\" = {{ path = {words:?} }}\n");
    let parts = [
        "dependency `test:wordz/words` matches no import of `p3-dependent`",
        "did you mean `test:words/words`?",
    ];
    refused(
        &format!("\"test:wordz/words\" = {{ path = {words:?} }}"),
        &parts,
    )
    .await;
    // A version must be equal, as under Spin.
    let parts = ["`acme:x` matches no import"];
    refused(&format!("{all}\"acme:x\" = {{ path = {words:?} }}"), &parts).await;
    let parts = [
        "`test:words@0.1.1` matches no import",
        "did you mean `test:words@0.1.0`?",
    ];
    refused(
        &format!("\"test:words@0.1.1\" = {{ path = {words:?} }}"),
        &parts,
    )
    .await;
}

#[tokio::test]
async fn an_export_that_is_not_there_is_refused_with_the_import_it_is_for() {
    let hello = guest("p3_hello");
    let parts = [
        "does not export `test:words/",
        "which is to satisfy the import `test:words/",
        "wasi:http/handler@0.3.0",
    ];
    refused(&format!("\"test:words\" = {{ path = {hello:?} }}"), &parts).await;
}

#[tokio::test]
async fn an_export_of_another_type_is_refused() {
    let words = guest("dependency_words");
    let other = "test:words/uses@0.1.0";
    let parts = ["does not fit the import `test:words/words@0.1.0`"];
    let dependency = format!("\"test:words/words\" = {{ path = {words:?}, export = {other:?} }}");
    refused(&dependency, &parts).await;
}

#[tokio::test]
async fn two_dependencies_of_one_package_are_refused_as_under_spin() {
    let words = guest("dependency_words");
    let dependencies = format!(
        "\"test:words/words\" = {{ path = {words:?} }}\n\"test:words/uses\" = {{ path = {words:?} }}"
    );
    let parts = [
        "two dependencies are of the package `test:words`",
        "list it once",
    ];
    refused(&dependencies, &parts).await;
}

#[tokio::test]
async fn code_that_is_not_there_or_not_a_component_is_refused() {
    let parts = [
        "dependency `test:words` cannot be used",
        "none.wasm cannot be read",
    ];
    refused("\"test:words\" = { path = \"none.wasm\" }", &parts).await;
    let parts = ["weir.toml is not WebAssembly"];
    refused("\"test:words\" = { path = \"weir.toml\" }", &parts).await;
}

#[tokio::test]
async fn code_from_elsewhere_is_refused_by_name() {
    let parts = [
        "code from a registry is not in Weir yet",
        "give it as `path`",
    ];
    refused("\"test:words\" = \"0.1.0\"", &parts).await;
    let parts = ["code from a URL is not in Weir yet"];
    let url = "{ url = \"https://example.com/w.wasm\", digest = \"sha256:00\" }";
    refused(&format!("\"test:words\" = {url}"), &parts).await;
}

#[tokio::test]
async fn an_unknown_key_to_inherit_is_refused_with_the_nearest() {
    let inherit = "inherit_configuration = [\"key_value_store\"]";
    let parts = ["did you mean `key_value_stores`?"];
    refused(
        &format!("\"test:words\" = {{ path = \"w.wasm\", {inherit} }}"),
        &parts,
    )
    .await;
}

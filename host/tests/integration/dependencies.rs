//! Components that are composed with what their manifest lists under `dependencies`.

mod inheritance;
mod refusals;

use crate::harness::app::App;
use crate::harness::guest;

/// The component with imports that a dependency satisfies; `dependency` is what is written of it.
fn dependent(dependency: &str) -> App {
    let settings = format!("[component.p3-dependent.dependencies]\n{dependency}");
    App::new().guest("p3_dependent", &settings)
}

#[tokio::test]
async fn a_dependency_by_its_path_satisfies_the_imports_of_its_package() {
    let words = guest("dependency_words");
    for key in ["test:words", "test:words@0.1.0"] {
        let app = dependent(&format!("{key:?} = {{ path = {words:?} }}"));
        let host = app.start().await;
        assert_eq!(host.get("/p3_dependent/greeting").await.text(), "hello");
    }
}

#[tokio::test]
async fn a_dependency_can_be_another_component_that_no_trigger_leads_to() {
    let words = guest("dependency_words");
    let host = dependent("\"test:words\" = { component = \"words\" }")
        .manifest(&format!("[component.words]\nsource = {words:?}"))
        .start()
        .await;
    assert_eq!(host.get("/p3_dependent/greeting").await.text(), "hello");
    let status = host.admin("/status").await.json();
    let components = status["components"].as_array().unwrap();
    assert_eq!(components.len(), 1, "{status}");
}

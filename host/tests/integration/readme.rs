//! What the README shows is what happens.

use crate::harness::app::App;
use crate::harness::root;
use std::process::Command;

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).unwrap()
}

/// The fenced blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    let readme = readme();
    let opening = format!("```{language}\n");
    let blocks = readme.split(opening.as_str()).skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn the_commands_give_the_answers_beside_them() {
    let host = App::services()
        .args(["--variable", "processing_seconds=0"])
        .start()
        .await;
    let block = blocks("console").remove(0);
    let mut commands = 0;
    for step in block.split("$ ").skip(1) {
        let (command, expected) = step.split_once('\n').unwrap();
        let command = command
            .replace("http://127.0.0.1:3000", &host.addresses[0])
            .replace("http://127.0.0.1:9464", &host.admin)
            .replace("curl ", "curl -sS ");
        let output = Command::new("sh").args(["-c", &command]).output().unwrap();
        let answer = String::from_utf8(output.stdout).unwrap();
        let (answer, expected) = (answer.trim_end(), expected.trim_end());
        match expected.strip_suffix("...") {
            Some(beginning) => assert!(answer.starts_with(beginning), "{command}: {answer}"),
            None => assert_eq!(answer, expected, "{command}"),
        }
        commands += 1;
    }
    assert!(commands >= 5);
}

#[tokio::test]
async fn the_component_is_one_that_runs() {
    let shown = blocks("rust").remove(0);
    let source = root().join("host/tests/guests/p3_readme/src/lib.rs");
    assert_eq!(shown, std::fs::read_to_string(source).unwrap());
    let host = App::new().guest("p3_readme", "").start().await;
    assert_eq!(
        host.get("/p3_readme/you").await.pair(),
        (200, "Hello, /p3_readme/you\n".into())
    );
}

#[tokio::test]
async fn the_manifest_and_the_configuration_are_ones_that_are_accepted() {
    let blocks = blocks("toml").into_iter();
    let (config, manifest): (Vec<_>, Vec<_>) =
        blocks.partition(|block| block.starts_with("[key_value_store."));
    assert!(!config.is_empty() && !manifest.is_empty());
    let app = App::new()
        .config(&config.join("\n"))
        .manifest(&manifest.join("\n"));
    let (status, text) = app.run("check").await;
    // The file that it names is not there; nothing else is wrong.
    assert_eq!(status, 2, "{text}");
    assert!(
        text.contains("cannot be read") && text.contains("1 problem"),
        "{text}"
    );
    assert!(text.contains("weir build hello"), "{text}");
}

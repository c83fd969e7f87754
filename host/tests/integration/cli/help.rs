//! What `weir` says of itself.

use super::weir;
use crate::harness::app::variable;
use std::collections::BTreeMap;
use std::path::Path;

const APP: [&str; 7] = [
    "from",
    "config",
    "app-dir",
    "component-id",
    "variable",
    "runtime-config-file",
    "portable",
];

const UP: [&str; 13] = [
    "listen",
    "tls-cert",
    "tls-key",
    "admin",
    "build",
    "watch",
    "skip-build",
    "state-dir",
    "log-directory",
    "request-timeout",
    "max-instance-reuse-count",
    "max-instance-concurrent-reuse-count",
    "idle-instance-timeout",
];

fn said(args: &[&str]) -> String {
    let done = weir(Path::new("."), args, &[]);
    assert_eq!(done.status, 0, "{done:?}");
    assert_eq!(done.err, "");
    done.out
}

/// The long options of a help text, each with what is said of it on one line.
fn options(help: &str) -> BTreeMap<String, String> {
    let mut options = BTreeMap::new();
    let mut current = String::new();
    for line in help.lines() {
        // What is said of an option stands further to the right, and may begin with another one.
        let text = line.trim_start();
        let begins = text.starts_with('-') && line.len() - text.len() < 10;
        if let (true, Some(named)) = (begins, text.split("--").nth(1)) {
            current = named.split_whitespace().next().unwrap().to_owned();
        }
        let text: &mut String = options.entry(current.clone()).or_default();
        text.push_str(line.trim());
        text.push(' ');
    }
    options.remove("");
    options
}

#[test]
fn the_version_is_that_of_the_package() {
    let version = format!("weir {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(said(&["--version"]), version);
    assert_eq!(said(&["-V"]), version);
}

#[test]
fn every_command_is_named_with_what_it_does() {
    let help = said(&["--help"]);
    for command in [
        "up", "build", "check", "new", "compile", "run", "logs", "health",
    ] {
        let line = help
            .lines()
            .find(|line| line.trim_start().starts_with(&format!("{command} ")));
        assert!(line.is_some_and(|line| line.len() > 20), "{help}");
    }
    assert!(help.contains("spin.toml") && help.contains("weir.toml"));
}

#[test]
fn every_option_is_in_the_help_with_its_variable() {
    for (command, own) in [("up", UP.as_slice()), ("build", &[]), ("check", &[])] {
        let help = said(&[command, "--help"]);
        let shown = options(&help);
        let mut expected: Vec<_> = APP.iter().chain(own).copied().collect();
        expected.extend(["help", "version"]);
        expected.sort_unstable();
        assert_eq!(shown.keys().collect::<Vec<_>>(), expected, "{command}");
        for (option, text) in &shown {
            let variable = match option.as_str() {
                "help" | "version" => continue,
                // Each of the app's variables has one of its own, as under Spin.
                "variable" => "SPIN_VARIABLE_<NAME>".to_owned(),
                option => format!("{}=]", variable(option)),
            };
            // Lines are broken at spaces.
            assert!(text.contains(&variable), "{command}: {text}");
        }
    }
}

#[test]
fn a_command_that_is_misspelt_is_named_with_the_nearest() {
    let done = weir(Path::new("."), &["chek"], &[]);
    assert_eq!(done.status, 2, "{done:?}");
    assert!(done.err.contains("'check'"), "{done:?}");
    let done = weir(Path::new("."), &["up", "--lisen", "127.0.0.1:0"], &[]);
    assert_eq!(done.status, 2, "{done:?}");
    assert!(done.err.contains("'--listen'"), "{done:?}");
}

#[test]
fn without_a_command_the_help_is_shown() {
    let done = weir(Path::new("."), &[], &[]);
    assert_eq!(done.status, 2);
    assert!(done.err.contains("Usage: weir <COMMAND>"), "{done:?}");
}

//! Golden files: what an input gives is kept beside it and compared.
//!
//! A folder under `tests/ui` holds inputs `*.toml`; beside each is `*.json` with the model or
//! `*.err` with the problems. `BLESS=1` rewrites them; the change then shows in the diff.

use super::{Problems, Source};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// Compares every input of the folder `kind` with what `parse` makes of it. Gives back how many
/// were good and how many bad.
pub(crate) fn check<T: Serialize>(
    kind: &str,
    parse: impl Fn(&Source) -> Result<T, Problems>,
) -> (usize, usize) {
    let (mut good, mut bad, mut differing) = (0, 0, Vec::new());
    for input in inputs(&folder().join(kind)) {
        let name = input.file_name().unwrap().to_string_lossy();
        let source = Source::new(name, fs::read_to_string(&input).unwrap());
        let (expected, stale, text) = match parse(&source) {
            Ok(model) => {
                good += 1;
                ("json", "err", serde_json::to_string_pretty(&model).unwrap())
            }
            Err(problems) => {
                bad += 1;
                ("err", "json", problems.to_string())
            }
        };
        compare(&input, expected, stale, &(text + "\n"), &mut differing);
    }
    assert!(
        differing.is_empty(),
        "BLESS=1 accepts this:\n{}",
        differing.join("\n")
    );
    (good, bad)
}

/// Compares a page of docs/ with what the code says it should be.
pub(crate) fn page(name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, expected).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(there == expected, "docs/{name} is stale; BLESS=1 writes it");
}

/// The texts of the inputs of the folder `kind`.
pub(crate) fn texts(kind: &str) -> impl Iterator<Item = String> {
    inputs(&folder().join(kind))
        .into_iter()
        .map(|input| fs::read_to_string(input).unwrap())
}

fn folder() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    std::env::var_os("WEIR_UI_DIR").map_or_else(beside, PathBuf::from)
}

fn inputs(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut inputs: Vec<_> = paths
        .filter(|path| path.extension() == Some("toml".as_ref()))
        .collect();
    inputs.sort();
    inputs
}

fn compare(input: &Path, expected: &str, stale: &str, text: &str, differing: &mut Vec<String>) {
    let (expected, stale) = (input.with_extension(expected), input.with_extension(stale));
    if std::env::var_os("BLESS").is_some() {
        fs::write(&expected, text).unwrap();
        // It is there if the input was good before and is bad now, or the other way round.
        let _ = fs::remove_file(&stale);
    } else if fs::read_to_string(&expected).ok().as_deref() != Some(text) || stale.exists() {
        differing.push(format!("--- {}\n{text}", expected.display()));
    }
}

//! Manifests beside what they give, under `tests/ui/manifest`.

use super::Manifest;
use crate::diagnostic::{Source, golden};

#[test]
fn every_manifest_gives_the_model_or_the_problems_beside_it() {
    let (good, bad) = golden::check("manifest", Manifest::parse);
    assert!(
        good >= 8 && bad >= 25,
        "{good} good and {bad} bad manifests"
    );
}

/// Whatever is wrong with a file, it is reported in words that can be shown.
#[test]
fn a_damaged_manifest_is_reported_and_never_panics() {
    for text in golden::texts("manifest") {
        let lines: Vec<_> = text.lines().collect();
        let cut = text.char_indices().map(|(end, _)| text[..end].to_owned());
        let without_a_line = (0..lines.len()).map(|gone| {
            let others = lines.iter().enumerate().filter(|(line, _)| *line != gone);
            others.map(|(_, line)| *line).collect::<Vec<_>>().join("\n")
        });
        for damaged in cut.chain(without_a_line) {
            if let Err(problems) = Manifest::parse(&Source::new("spin.toml", damaged)) {
                assert!(!problems.is_empty() && !problems.to_string().is_empty());
            }
        }
    }
}

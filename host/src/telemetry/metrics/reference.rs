//! The reference of all metrics, docs/metrics.md: what each is, by the catalogue.

use super::catalog::{ALL, Definition};
use std::fmt::Write as _;

/// The reference as Markdown.
pub fn markdown() -> String {
    let mut page = include_str!("reference.md").to_owned();
    page.push_str("| metric | type | labels | |\n|---|---|---|---|\n");
    for definition in ALL {
        // Writing to a string does not fail.
        let _ = writeln!(page, "{}", row(definition));
    }
    page
}

fn row(definition: &Definition) -> String {
    let labels = definition.labels.iter();
    let labels: Vec<_> = labels
        .map(|label| format!("`{}`", label.replace('.', "_")))
        .collect();
    format!(
        "| `{}` | {} | {} | {} |",
        definition.prometheus_name(),
        definition.kind,
        labels.join(", "),
        definition.help
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::golden;

    #[test]
    fn the_page_in_docs_is_not_stale() {
        golden::page("metrics.md", &markdown());
    }

    #[test]
    fn every_metric_is_on_the_page() {
        let page = markdown();
        for definition in ALL {
            assert!(page.contains(&format!("| `{}` |", definition.prometheus_name())));
        }
    }
}

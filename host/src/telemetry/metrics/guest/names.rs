//! Which names guests may give, and to whom an exported name belongs.

use super::Kind;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Most characters of a metric's name or an attribute's key.
const MAX_NAME: usize = 64;

/// Prefixes of the host's own metrics and of what exporters add.
const RESERVED: [&str; 6] = ["weir_", "http_", "process_", "otel_", "target_", "scrape_"];

/// The attribute of the series that takes what the limit leaves no room for.
pub(super) const OVERFLOW: &str = "otel_metric_overflow";

/// Attribute keys that Prometheus gives a meaning (the edges of histograms and summaries), or the
/// host. A series that has one of them twice makes Prometheus refuse the whole scrape.
const RESERVED_KEYS: [&str; 3] = ["le", "quantile", OVERFLOW];

/// Why a name cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Not 1 to 64 letters, digits and `_` that begin with a letter.
    #[error("`{0}` is not 1 to 64 letters, digits and underscores that begin with a letter")]
    Form(String),
    /// An attribute's key that the host or Prometheus sets.
    #[error("`{0}` has a meaning of its own in Prometheus or for the host")]
    Reserved(String),
    /// Another component or another metric of the component already exports it, or a name that
    /// differs from it in case only.
    #[error("`{0}` is already exported by another metric; upper and lower case count as the same")]
    Taken(String),
}

/// Whether the metrics of a component with this id would look like the host's own.
pub fn is_reserved(component: &str) -> bool {
    let prefix = prefix(component);
    RESERVED.iter().any(|reserved| prefix.starts_with(reserved))
}

/// What stands before the names of a component's metrics.
pub(super) fn prefix(component: &str) -> String {
    let mut prefix = component.replace('-', "_");
    prefix.push('_');
    prefix
}

/// Checks the form of a metric's name or an attribute's key.
pub(super) fn check(name: &str) -> Result<(), NameError> {
    let mut characters = name.chars();
    let begins = characters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic());
    let goes_on = characters.all(|next| next.is_ascii_alphanumeric() || next == '_');
    match begins && goes_on && name.len() <= MAX_NAME {
        true => Ok(()),
        false => Err(NameError::Form(name.chars().take(MAX_NAME).collect())),
    }
}

/// Checks an attribute's key.
pub(super) fn check_key(key: &str) -> Result<(), NameError> {
    check(key)?;
    match RESERVED_KEYS.contains(&key) {
        true => Err(NameError::Reserved(key.to_owned())),
        false => Ok(()),
    }
}

/// The owner of each exported sample name, in lower case: OpenTelemetry takes two metrics for one
/// whose names differ in case only.
#[derive(Debug, Default)]
pub(super) struct Names(Mutex<HashMap<String, String>>);

impl Names {
    /// Gives the names that a metric exports to `owner`, all or none.
    pub(super) fn claim(&self, metric: &str, kind: Kind, owner: &str) -> Result<(), NameError> {
        let exported = exported(&metric.to_ascii_lowercase(), kind);
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = exported.iter().find(|name| taken.contains_key(*name)) {
            return Err(NameError::Taken(name.clone()));
        }
        taken.extend(exported.into_iter().map(|name| (name, owner.to_owned())));
        Ok(())
    }
}

/// The sample names under which Prometheus sees a metric.
fn exported(metric: &str, kind: Kind) -> Vec<String> {
    match kind {
        Kind::Counter => vec![format!("{metric}_total")],
        Kind::UpDownCounter | Kind::Gauge => vec![metric.to_owned()],
        Kind::Histogram => ["", "_bucket", "_sum", "_count"]
            .iter()
            .map(|suffix| format!("{metric}{suffix}"))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_begins_with_a_letter_and_holds_letters_digits_and_underscores() {
        for name in ["a", "A_1", "requests", &"x".repeat(64)] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in ["", "_a", "1a", "a-b", "ä", "a b", &"x".repeat(65)] {
            assert!(check(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_key_that_prometheus_or_the_host_sets_is_refused() {
        for key in ["le", "quantile", "otel_metric_overflow"] {
            assert_eq!(check_key(key), Err(NameError::Reserved(key.into())));
        }
        for key in ["lee", "LE", "kind"] {
            assert_eq!(check_key(key), Ok(()), "{key}");
        }
    }

    #[test]
    fn ids_that_look_like_the_host_are_reserved() {
        for id in ["weir", "http", "http-proxy", "process-x"] {
            assert!(is_reserved(id), "{id}");
        }
        for id in ["storage-api", "weirdo", "httpd"] {
            assert!(!is_reserved(id), "{id}");
        }
    }

    #[test]
    fn two_metrics_cannot_export_one_name() {
        let names = Names::default();
        assert_eq!(names.claim("a_b", Kind::Histogram, "a"), Ok(()));
        let taken = names.claim("a_b_count", Kind::Gauge, "a-b");
        assert_eq!(taken, Err(NameError::Taken("a_b_count".into())));
        assert_eq!(names.claim("a_b_count", Kind::Counter, "a-b"), Ok(()));
        let same = names.claim("A_B_Count", Kind::Counter, "A-B");
        assert_eq!(same, Err(NameError::Taken("a_b_count_total".into())));
    }
}

//! The forms that `weir:platform` asks for, checked as Weir does.

use crate::generated::exports::weir::platform::{log_directory, metrics};
use metrics::{Attributes, Description, Error};

/// Most characters of a name or an attribute's key.
const MAX_NAME: usize = 64;
/// Most attributes of a measurement.
const MAX_ATTRIBUTES: usize = 8;
/// Most edges of a histogram's buckets.
const MAX_BOUNDARIES: usize = 64;
/// Attribute keys that Prometheus gives a meaning, or Weir.
const RESERVED_KEYS: [&str; 3] = ["le", "quantile", "otel_metric_overflow"];

/// A log's name and a line for it.
pub(crate) fn line(log: &str, line: &str) -> Result<(), log_directory::Error> {
    let allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_' | '-');
    if log.is_empty() || log.len() > MAX_NAME || !log.chars().all(allowed) {
        let why = "not 1 to 64 of a to z, 0 to 9, `_` and `-`";
        return Err(log_directory::Error::InvalidName(why.into()));
    }
    match line.contains(['\n', '\r']) {
        true => Err(log_directory::Error::InvalidLine),
        false => Ok(()),
    }
}

/// What a metric is described by.
pub(crate) fn description(metric: &str, about: &Description) -> Result<(), Error> {
    name(metric).map_err(Error::InvalidName)?;
    let edges = &about.boundaries;
    let rising = edges.iter().zip(edges.iter().skip(1)).all(|(a, b)| a < b);
    let few = edges.len() <= MAX_BOUNDARIES;
    match rising && few && edges.iter().all(|edge| edge.is_finite()) {
        true => Ok(()),
        false => Err(Error::InvalidValue),
    }
}

/// What a measurement is of and about.
pub(crate) fn metric(metric: &str, attributes: &Attributes) -> Result<(), Error> {
    name(metric).map_err(Error::InvalidName)?;
    if attributes.len() > MAX_ATTRIBUTES {
        let why = format!("more than {MAX_ATTRIBUTES} attributes");
        return Err(Error::InvalidAttribute(why));
    }
    let mut keys = attributes.iter().map(|(key, _)| key);
    keys.try_for_each(|key| self::key(key).map_err(Error::InvalidAttribute))
}

fn key(key: &str) -> Result<(), String> {
    name(key)?;
    match RESERVED_KEYS.contains(&key) {
        true => Err("it has a meaning of its own in Prometheus or for Weir".into()),
        false => Ok(()),
    }
}

/// A value that can be measured.
pub(crate) fn finite(value: f64) -> Result<(), Error> {
    match value.is_finite() {
        true => Ok(()),
        false => Err(Error::InvalidValue),
    }
}

fn name(name: &str) -> Result<(), String> {
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic());
    let goes_on = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match begins && goes_on && name.len() <= MAX_NAME {
        true => Ok(()),
        false => Err("not 1 to 64 letters, digits and underscores that begin with a letter".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_has_a_plain_name_and_lines_of_one_line() {
        assert!(line("audit-1", "text").is_ok());
        for name in ["", "Audit", "a/b", &"a".repeat(65)] {
            let refused = line(name, "text");
            assert!(
                matches!(refused, Err(log_directory::Error::InvalidName(_))),
                "{name}"
            );
        }
        let refused = line("audit", "a\rb");
        assert!(matches!(refused, Err(log_directory::Error::InvalidLine)));
    }

    #[test]
    fn a_metric_and_its_attributes_have_plain_names() {
        let about = |keys: &[&str]| -> Attributes {
            keys.iter()
                .map(|key| ((*key).to_owned(), String::new()))
                .collect()
        };
        assert!(metric("requests", &about(&["kind"])).is_ok());
        assert!(matches!(
            metric("1st", &about(&[])),
            Err(Error::InvalidName(_))
        ));
        assert!(matches!(
            metric("a", &about(&["b-c"])),
            Err(Error::InvalidAttribute(_))
        ));
        assert!(matches!(
            metric("a", &about(&["b"; 9])),
            Err(Error::InvalidAttribute(_))
        ));
        for key in RESERVED_KEYS {
            let refused = metric("a", &about(&[key]));
            assert!(matches!(refused, Err(Error::InvalidAttribute(_))), "{key}");
        }
    }

    #[test]
    fn a_value_is_finite_and_edges_rise_and_are_not_too_many() {
        assert!(finite(1.5).is_ok() && finite(f64::NAN).is_err());
        let about = |boundaries: &[f64]| Description {
            help: String::new(),
            unit: String::new(),
            boundaries: boundaries.to_vec(),
        };
        assert!(description("a", &about(&[1.0, 2.0])).is_ok());
        assert!(matches!(
            description("a", &about(&[2.0, 1.0])),
            Err(Error::InvalidValue)
        ));
        assert!(description("a", &about(&[f64::INFINITY])).is_err());
        let edges: Vec<_> = (0..65).map(f64::from).collect();
        assert!(description("a", &about(&edges[..64])).is_ok());
        assert!(description("a", &about(&edges)).is_err());
    }
}

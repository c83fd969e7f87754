//! What is printed: one JSON object a line, its kind under the key `weir`.
//!
//! | `weir` | other keys |
//! |---|---|
//! | `log-entry` | `name`; `contents`, or `contents_base64` where they are not UTF-8 |
//! | `log-line` | `log`, `line` |
//! | `metric-description` | `name`, `kind`, `help`, `unit`, `boundaries` |
//! | `metric` | `operation`, `name`, `value`, `attributes` |

use crate::generated::exports::weir::platform::metrics::{Attributes, Description, Kind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// What a component did.
#[derive(Debug)]
pub(crate) struct Event(Value);

impl Event {
    /// An entry was written.
    pub(crate) fn entry(name: &str, contents: &[u8]) -> Self {
        Self(match std::str::from_utf8(contents) {
            Ok(text) => json!({ "weir": "log-entry", "name": name, "contents": text }),
            Err(_) => {
                let encoded = STANDARD.encode(contents);
                json!({ "weir": "log-entry", "name": name, "contents_base64": encoded })
            }
        })
    }

    /// A line was added to a log.
    pub(crate) fn line(log: &str, line: &str) -> Self {
        Self(json!({ "weir": "log-line", "log": log, "line": line }))
    }

    /// A metric was described.
    pub(crate) fn description(name: &str, kind: Kind, about: &Description) -> Self {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::UpDownCounter => "up-down-counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        Self(json!({
            "weir": "metric-description",
            "name": name,
            "kind": kind,
            "help": about.help,
            "unit": about.unit,
            "boundaries": about.boundaries,
        }))
    }

    /// Something was measured.
    pub(crate) fn measurement(
        operation: &str,
        name: &str,
        value: Value,
        attributes: &Attributes,
    ) -> Self {
        let pairs = attributes.iter();
        let attributes: Map<_, _> = pairs
            .map(|(key, value)| (key.clone(), Value::from(value.as_str())))
            .collect();
        Self(json!({
            "weir": "metric",
            "operation": operation,
            "name": name,
            "value": value,
            "attributes": attributes,
        }))
    }

    /// Prints it.
    pub(crate) fn print(&self) {
        println!("{}", self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_one_line_whatever_it_holds() {
        let Event(event) = Event::entry("log_1", b"two\nlines\n");
        assert_eq!(event["contents"], "two\nlines\n");
        assert!(!event.to_string().contains('\n'));
        let Event(event) = Event::entry("log_1", &[0xff, 0]);
        assert_eq!(event["contents_base64"], "/wA=");
        assert_eq!(event.get("contents"), None);
    }

    #[test]
    fn a_measurement_has_its_attributes_by_key() {
        let attributes = [("kind".to_owned(), "processing".to_owned())];
        let Event(event) = Event::measurement("add", "messages", 1.into(), &attributes.into());
        assert_eq!(event["attributes"]["kind"], "processing");
        assert_eq!(event["value"], 1);
    }
}

//! Reads Prometheus' text format, as far as tests ask.

use std::collections::{BTreeMap, BTreeSet};

/// The samples of one scrape.
#[derive(Debug)]
pub(crate) struct Metrics {
    samples: Vec<Sample>,
    text: String,
}

#[derive(Debug)]
struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

impl Metrics {
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self {
            samples: lines.map(sample).collect(),
            text: text.to_owned(),
        }
    }

    /// The sum over the series that have all of `labels`; 0 if there is none.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let matching = self
            .samples
            .iter()
            .filter(|sample| sample.name == name && labels.iter().all(|label| sample.has(label)));
        matching.map(|sample| sample.value).sum()
    }

    /// How many series the metric has.
    pub(crate) fn series(&self, name: &str) -> usize {
        self.samples
            .iter()
            .filter(|sample| sample.name == name)
            .count()
    }

    /// The values that a label has over all series of a metric, sorted.
    pub(crate) fn values(&self, name: &str, label: &str) -> Vec<String> {
        let series = self.samples.iter().filter(|sample| sample.name == name);
        let mut values: Vec<_> = series
            .flat_map(|sample| &sample.labels)
            .filter(|(key, _)| key == label)
            .map(|(_, value)| value.clone())
            .collect();
        values.sort();
        values.dedup();
        values
    }

    /// How many samples there are, over all metrics.
    pub(crate) fn samples(&self) -> usize {
        self.samples.len()
    }

    /// The metrics by name.
    pub(crate) fn families(&self) -> BTreeMap<String, Family> {
        let types = self
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE "));
        types.map(|line| self.family(line)).collect()
    }

    fn family(&self, line: &str) -> (String, Family) {
        let (name, kind) = line.split_once(' ').unwrap();
        let parts = ["", "_bucket", "_sum", "_count"].map(|part| format!("{name}{part}"));
        let names = match kind {
            "histogram" => &parts[..],
            _ => &parts[..1],
        };
        let mut family = Family {
            kind: kind.to_owned(),
            ..Family::default()
        };
        for sample in &self.samples {
            if names.contains(&sample.name) {
                family.greatest = family.greatest.max(sample.value);
                let keys = sample.labels.iter().map(|(key, _)| key.clone());
                family.labels.extend(keys.filter(|key| key != "le"));
            }
        }
        (name.to_owned(), family)
    }

    /// Everything as it came.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// A metric over all its series.
#[derive(Debug, Default)]
pub(crate) struct Family {
    pub(crate) kind: String,
    /// The labels that a series has, without a histogram's edges.
    pub(crate) labels: BTreeSet<String>,
    /// The greatest value of a series, or of a part of a histogram.
    pub(crate) greatest: f64,
}

impl Sample {
    fn has(&self, (key, value): &(&str, &str)) -> bool {
        self.labels.iter().any(|(k, v)| k == key && v == value)
    }
}

fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    Sample {
        name: name.to_owned(),
        labels: labels
            .trim_end_matches('}')
            .split("\",")
            .filter_map(label)
            .collect(),
        value: value.parse().unwrap(),
    }
}

fn label(text: &str) -> Option<(String, String)> {
    let (key, value) = text.split_once("=\"")?;
    Some((
        key.trim_start_matches(',').to_owned(),
        value.trim_end_matches('"').to_owned(),
    ))
}

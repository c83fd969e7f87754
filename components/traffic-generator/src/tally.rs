//! How many requests got which answer.

use http::{Method, StatusCode};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

/// Answers by method; no answer is `None`.
#[derive(Default)]
pub(crate) struct Tally(RefCell<BTreeMap<(String, Option<StatusCode>), u64>>);

impl Tally {
    /// Counts an answer.
    pub(crate) fn count(&self, method: &Method, answer: Option<StatusCode>) {
        let key = (method.to_string(), answer);
        *self.0.borrow_mut().entry(key).or_default() += 1;
    }

    /// How many requests were not answered or with a server's error.
    pub(crate) fn failed(&self) -> u64 {
        let counts = self.0.borrow();
        let failed = counts
            .iter()
            .filter(|((_, answer), _)| answer.is_none_or(|status| status.is_server_error()));
        failed.map(|(_, count)| count).sum()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.0.borrow();
        for ((method, answer), count) in &*counts {
            match answer {
                Some(status) => writeln!(f, "{method} {} {count}", status.as_u16())?,
                None => writeln!(f, "{method} no answer {count}")?,
            }
        }
        let all: u64 = counts.values().sum();
        writeln!(f, "{all} requests, {} failed", self.failed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_method_and_status() {
        let tally = Tally::default();
        tally.count(&Method::PUT, Some(StatusCode::OK));
        tally.count(&Method::PUT, Some(StatusCode::OK));
        tally.count(&Method::GET, Some(StatusCode::NOT_FOUND));
        tally.count(&Method::GET, Some(StatusCode::BAD_GATEWAY));
        tally.count(&Method::GET, None);
        assert_eq!(tally.failed(), 2);
        let expected = "GET no answer 1\nGET 404 1\nGET 502 1\nPUT 200 2\n5 requests, 2 failed\n";
        assert_eq!(tally.to_string(), expected);
    }
}

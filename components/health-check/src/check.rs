//! What is checked: a URL, and whether it answers 200 in time.

use futures_util::future::{Either, select};
use http::{Request, StatusCode};
use spin_sdk::http::EmptyBody;
use spin_sdk::time::sleep;
use std::pin::pin;
use std::time::Duration;

/// Something that must answer.
pub(crate) struct Check {
    /// What people call it.
    pub(crate) name: &'static str,
    /// Where it is asked.
    pub(crate) url: String,
}

/// The checks in their order, of services at these URLs.
pub(crate) fn all(backend: &str, data: &str) -> [Check; 3] {
    let at = |name, base: &str, path: &str| Check {
        name,
        url: format!("{}{path}", base.trim_end_matches('/')),
    };
    let logs = "/download_external_logs?env=development";
    [
        at("Backend API", backend, "/"),
        at("Download External Logs API", backend, logs),
        at("Data API", data, "/"),
    ]
}

/// Whether an answer is the one that is wanted.
pub(crate) fn passes(answer: Option<StatusCode>) -> bool {
    answer == Some(StatusCode::OK)
}

impl Check {
    /// The status of the answer, if one comes in time.
    pub(crate) async fn ask(&self, timeout: Duration) -> Option<StatusCode> {
        let asked = pin!(self.send());
        match select(asked, pin!(sleep(timeout))).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => None,
        }
    }

    async fn send(&self) -> Option<StatusCode> {
        let request = Request::get(&self.url).body(EmptyBody::new());
        let request = request
            .inspect_err(|error| eprintln!("{}: {error}", self.name))
            .ok()?;
        let answer = spin_sdk::http::send(request).await;
        let answer = answer.inspect_err(|error| eprintln!("{}: {error}", self.name));
        Some(answer.ok()?.status())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_are_checked_in_their_order() {
        let checks = all("http://backend/", "http://data:5001");
        assert_eq!(
            checks.map(|check| check.url),
            [
                "http://backend/",
                "http://backend/download_external_logs?env=development",
                "http://data:5001/",
            ]
        );
    }

    #[test]
    fn only_200_passes() {
        assert!(passes(Some(StatusCode::OK)));
        for answer in [
            Some(StatusCode::NO_CONTENT),
            Some(StatusCode::BAD_GATEWAY),
            None,
        ] {
            assert!(!passes(answer), "{answer:?}");
        }
    }
}

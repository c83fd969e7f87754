//! The line that a check leaves in the log.

use crate::check::{Check, passes};
use http::StatusCode;
use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;

/// A date as the command `date` prints it.
const DATE: StaticFormatDescription = format_description!(
    "[weekday repr:short] [month repr:short] [day padding:space] [hour]:[minute]:[second] UTC [year]"
);

/// The line for what `check` was answered at `now`, which is in UTC.
pub(crate) fn of(check: &Check, answer: Option<StatusCode>, now: OffsetDateTime) -> String {
    // Every part of the format is a part of a date with a time.
    let date = now.format(&DATE).unwrap_or_default();
    let Check { name, url } = check;
    if passes(answer) {
        return format!("{date}: {name} at {url} is reachable - Health check passed");
    }
    let code = answer.map_or(0, |status| status.as_u16());
    format!("{date}: {name} at {url} is unreachable - Health check failed (HTTP {code:03})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-05 09:03:07 UTC);

    fn line(answer: Option<StatusCode>) -> String {
        let check = Check {
            name: "Data API",
            url: "http://data/".into(),
        };
        of(&check, answer, NOW)
    }

    #[test]
    fn a_pass_says_so() {
        let expected = "Thu Nov  5 09:03:07 UTC 2026: Data API at http://data/ is reachable - \
                        Health check passed";
        assert_eq!(line(Some(StatusCode::OK)), expected);
    }

    #[test]
    fn a_failure_has_the_code_of_the_answer_or_zeros() {
        let failed = |code| {
            format!(
                "Thu Nov  5 09:03:07 UTC 2026: Data API at http://data/ is unreachable - Health \
                 check failed (HTTP {code})"
            )
        };
        assert_eq!(line(Some(StatusCode::BAD_GATEWAY)), failed("502"));
        assert_eq!(line(None), failed("000"));
    }
}

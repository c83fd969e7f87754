//! Settings of a component, which it has as variables.

use super::response::{self, Response};
use http::StatusCode;
use spin_sdk::variables;
use std::time::Duration;

/// Why a setting cannot be used. Values are not repeated: they may be secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// The component has no such variable, or the host cannot give it.
    #[error("the variable {0} cannot be read")]
    Unreadable(&'static str),
    /// Its value is not of the form it must have.
    #[error("the variable {name} is not {wanted}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// What its value must be.
        wanted: &'static str,
    },
}

impl From<SettingError> for Response {
    fn from(error: SettingError) -> Self {
        response::error(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
    }
}

/// A variable's value as it is.
pub async fn text(name: &'static str) -> Result<String, SettingError> {
    variables::get(name).await.map_err(|error| {
        eprintln!("variable {name}: {error}");
        SettingError::Unreadable(name)
    })
}

/// A number of bytes.
pub async fn bytes(name: &'static str) -> Result<u64, SettingError> {
    let wanted = "a number of bytes";
    text(name)
        .await?
        .parse()
        .map_err(|_| SettingError::Invalid { name, wanted })
}

/// A whole number that is `least` or more.
pub async fn number(name: &'static str, least: u32) -> Result<u32, SettingError> {
    let wanted = "a whole number, or it is too small";
    let number = text(name).await?.parse().ok();
    number
        .filter(|number| *number >= least)
        .ok_or(SettingError::Invalid { name, wanted })
}

/// A number that is not negative and may have a fraction.
pub async fn fraction(name: &'static str) -> Result<f64, SettingError> {
    let wanted = "a number from 0";
    let number = text(name).await?.parse().ok();
    number
        .filter(|number: &f64| number.is_finite() && *number >= 0.0)
        .ok_or(SettingError::Invalid { name, wanted })
}

/// A number of seconds, which may have a fraction.
pub async fn seconds(name: &'static str) -> Result<Duration, SettingError> {
    let wanted = "a number of seconds";
    parse_seconds(&text(name).await?).ok_or(SettingError::Invalid { name, wanted })
}

fn parse_seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_may_have_a_fraction() {
        assert_eq!(parse_seconds("3"), Some(Duration::from_secs(3)));
        assert_eq!(parse_seconds("0.25"), Some(Duration::from_millis(250)));
        assert_eq!(parse_seconds("0"), Some(Duration::ZERO));
    }

    #[test]
    fn what_is_no_span_of_time_is_refused() {
        for text in ["", "-1", "three", "3s", "NaN", "inf", "1e300"] {
            assert_eq!(parse_seconds(text), None, "{text}");
        }
    }

    #[test]
    fn an_error_names_the_variable() {
        let error = SettingError::Invalid {
            name: "limit",
            wanted: "a number of bytes",
        };
        assert_eq!(
            error.to_string(),
            "the variable limit is not a number of bytes"
        );
        assert_eq!(
            Response::from(error).status(),
            StatusCode::INTERNAL_SERVER_ERROR
        );
    }
}

//! What a task does: requests and pauses in a row, written as `PUT 0.5 GET 0.25 DELETE`.

use http::Method;
use std::time::Duration;

/// One step of a task.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    /// A request to the worker's bucket.
    Request(Method),
    /// A wait.
    Pause(Duration),
}

/// Why a text is no mix.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum MixError {
    #[error("{0} is neither a method that buckets have nor a number of seconds")]
    Step(String),
    #[error("there is no request in it")]
    NoRequest,
}

/// Reads a mix; it has at least one request.
pub(crate) fn parse(text: &str) -> Result<Vec<Step>, MixError> {
    let steps: Vec<_> = text
        .split_whitespace()
        .map(step)
        .collect::<Result<_, _>>()?;
    match steps.iter().any(|step| matches!(step, Step::Request(_))) {
        true => Ok(steps),
        false => Err(MixError::NoRequest),
    }
}

fn step(word: &str) -> Result<Step, MixError> {
    let methods = [Method::PUT, Method::GET, Method::HEAD, Method::DELETE];
    if let Some(method) = methods.into_iter().find(|method| method.as_str() == word) {
        return Ok(Step::Request(method));
    }
    let seconds = word.parse().ok();
    let pause = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    pause
        .map(Step::Pause)
        .ok_or_else(|| MixError::Step(word.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_and_pauses_come_in_their_order() {
        let expected = vec![
            Step::Request(Method::PUT),
            Step::Pause(Duration::from_millis(500)),
            Step::Request(Method::GET),
        ];
        assert_eq!(parse("PUT 0.5  GET"), Ok(expected));
    }

    #[test]
    fn what_is_no_step_is_refused() {
        for text in ["POST", "PUT,GET", "PUT -1", "PUT NaN", "put"] {
            assert!(matches!(parse(text), Err(MixError::Step(_))), "{text}");
        }
        assert_eq!(parse("0.5"), Err(MixError::NoRequest));
        assert_eq!(parse(""), Err(MixError::NoRequest));
    }
}

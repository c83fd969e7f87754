//! Which traces are recorded, as `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` say
//! (OpenTelemetry's environment variables; the default is `parentbased_always_on`).
//!
//! The decision needs nothing but the caller's context, so that a request that is not recorded
//! costs no span.

use super::TraceContext;
use std::hash::{BuildHasher as _, RandomState};

/// Which traces are recorded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampler {
    /// The share of traces, from 0 to 1, that is recorded where the caller does not decide.
    ratio: f64,
    /// Whether a caller's decision is followed.
    parent_based: bool,
}

/// What is wrong with the environment's sampler.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SamplerError {
    /// There is no such sampler.
    #[error(
        "OTEL_TRACES_SAMPLER is `{0}`; it can be always_on, always_off, traceidratio, or one of them with parentbased_ in front"
    )]
    Unknown(String),
    /// The share is not a number from 0 to 1.
    #[error("OTEL_TRACES_SAMPLER_ARG is `{0}`; it must be a number from 0 to 1")]
    Ratio(String),
}

impl Sampler {
    /// The sampler that `name` and `argument` ask for.
    pub fn parse(name: Option<&str>, argument: Option<&str>) -> Result<Self, SamplerError> {
        let name = name.unwrap_or("parentbased_always_on");
        let (base, parent_based) = match name.strip_prefix("parentbased_") {
            Some(base) => (base, true),
            None => (name, false),
        };
        let ratio = match base {
            "always_on" => 1.0,
            "always_off" => 0.0,
            "traceidratio" => ratio(argument.unwrap_or("1"))?,
            _ => return Err(SamplerError::Unknown(name.to_owned())),
        };
        Ok(Self {
            ratio,
            parent_based,
        })
    }

    /// Whether a request is recorded whose caller has this context.
    pub fn records(&self, parent: Option<TraceContext>) -> bool {
        match parent {
            Some(parent) if self.parent_based => parent.sampled,
            // Every host decides alike on one trace.
            Some(parent) => self.takes(parent.trace_id as u64),
            None => self.takes(random()),
        }
    }

    fn takes(&self, number: u64) -> bool {
        // 1 takes all: no number reaches 2^64.
        (number as f64) < self.ratio * 2f64.powi(64)
    }
}

fn ratio(text: &str) -> Result<f64, SamplerError> {
    let parsed = text.parse().ok();
    parsed
        .filter(|ratio| (0.0..=1.0).contains(ratio))
        .ok_or_else(|| SamplerError::Ratio(text.to_owned()))
}

/// Good enough to pick by; each state is seeded anew.
fn random() -> u64 {
    RandomState::new().hash_one(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(trace_id: u128, sampled: bool) -> Option<TraceContext> {
        Some(TraceContext {
            trace_id,
            span_id: 1,
            sampled,
            exported: false,
        })
    }

    #[test]
    fn a_caller_decides_where_the_sampler_is_parent_based() {
        let default = Sampler::parse(None, None).unwrap();
        assert!(default.records(None) && default.records(parent(1, true)));
        assert!(!default.records(parent(1, false)));
        let always = Sampler::parse(Some("always_on"), None).unwrap();
        assert!(always.records(parent(1, false)));
        let never = Sampler::parse(Some("always_off"), None).unwrap();
        assert!(!never.records(None) && !never.records(parent(1, true)));
    }

    #[test]
    fn a_ratio_takes_its_share() {
        let half = Sampler::parse(Some("traceidratio"), Some("0.5")).unwrap();
        assert!(half.records(parent(1, false)));
        assert!(!half.records(parent(u128::from(u64::MAX), true)));
        let taken = (0..10_000).filter(|_| half.records(None)).count();
        assert!((4_000..6_000).contains(&taken), "{taken}");
    }

    #[test]
    fn what_is_no_sampler_is_refused() {
        assert!(Sampler::parse(Some("sometimes"), None).is_err());
        assert!(Sampler::parse(Some("traceidratio"), Some("2")).is_err());
    }
}

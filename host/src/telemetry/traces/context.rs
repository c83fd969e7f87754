//! W3C Trace Context: which trace a request belongs to, as the `traceparent` header says it
//! (<https://www.w3.org/TR/trace-context/>).

use http::{HeaderMap, HeaderName, HeaderValue};
use std::fmt;

/// `traceparent`.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// `tracestate`, what other systems say of the trace, which is passed on as it came.
pub const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The flag that says that the caller records the trace.
const SAMPLED: u8 = 1;

/// Length of `00-<32 hex>-<16 hex>-<2 hex>`.
const LENGTH: usize = 55;

/// A place in a trace: the trace's id and the span under which work goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The same for everything that one request led to.
    pub trace_id: u128,
    /// The span that is the parent of what follows.
    pub span_id: u64,
    /// Whether the trace is recorded, as whoever began the span says.
    pub sampled: bool,
    /// Whether this host exports the span. It need not if the trace is sampled: the sampler decides.
    pub exported: bool,
}

impl TraceContext {
    /// Reads a `traceparent`; one that is not valid counts as none.
    pub fn parse(value: &HeaderValue) -> Option<Self> {
        let text = value.to_str().ok()?;
        let (version, rest) = text.split_once('-')?;
        let (trace_id, rest) = rest.split_once('-')?;
        let (span_id, rest) = rest.split_once('-')?;
        let (flags, more) = rest.split_at_checked(2)?;
        // Later versions may append fields; version 0 has none and `ff` is forbidden.
        let whole = match version {
            "00" => more.is_empty(),
            "ff" => false,
            _ => more.is_empty() || more.starts_with('-'),
        };
        let shaped = version.len() == 2 && trace_id.len() == 32 && span_id.len() == 16;
        let lower_hex = |part: &str| part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !whole
            || !shaped
            || ![version, trace_id, span_id, flags]
                .into_iter()
                .all(lower_hex)
        {
            return None;
        }
        let context = Self {
            trace_id: u128::from_str_radix(trace_id, 16).ok()?,
            span_id: u64::from_str_radix(span_id, 16).ok()?,
            sampled: u8::from_str_radix(flags, 16).ok()? & SAMPLED != 0,
            exported: false,
        };
        (context.trace_id != 0 && context.span_id != 0).then_some(context)
    }

    /// The `traceparent` to send on.
    pub fn header(&self) -> Option<HeaderValue> {
        let mut text = String::with_capacity(LENGTH);
        fmt::Write::write_fmt(&mut text, format_args!("{self}")).ok()?;
        HeaderValue::try_from(text).ok()
    }
}

/// The `tracestate` among `headers`, in one if it came in several. It means nothing without a valid
/// `traceparent`.
pub fn state(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(TRACEPARENT).and_then(TraceContext::parse)?;
    let parts = headers.get_all(TRACESTATE).into_iter();
    let parts: Vec<_> = parts.map(HeaderValue::as_bytes).collect();
    match parts.is_empty() {
        true => None,
        false => HeaderValue::from_bytes(&parts.join(&b","[..])).ok(),
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            trace_id,
            span_id,
            sampled,
            ..
        } = self;
        write!(
            f,
            "00-{trace_id:032x}-{span_id:016x}-{:02x}",
            u8::from(*sampled)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn parse(text: &str) -> Option<TraceContext> {
        TraceContext::parse(&HeaderValue::from_str(text).unwrap())
    }

    #[test]
    fn a_valid_header_comes_back_as_it_was() {
        assert_eq!(parse(VALID).unwrap().to_string(), VALID);
        assert!(!parse(&VALID.replace("-01", "-00")).unwrap().sampled);
    }

    #[test]
    fn later_versions_may_have_more_fields() {
        assert!(parse(&VALID.replacen("00", "cc", 1)).is_some());
        assert!(parse(&format!("{}-what", VALID.replacen("00", "cc", 1))).is_some());
        assert!(parse(&format!("{VALID}-what")).is_none());
    }

    #[test]
    fn malformed_headers_count_as_none() {
        let zero_trace = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
        let zero_span = "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01";
        let upper = VALID.to_uppercase();
        let forbidden = VALID.replacen("00", "ff", 1);
        for text in [
            "",
            "00",
            "00-1-2-01",
            zero_trace,
            zero_span,
            &upper,
            &forbidden,
            &VALID[1..],
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_state_is_joined_and_means_nothing_without_a_trace() {
        let mut headers = HeaderMap::new();
        for part in ["a=1", "b=2,c=3"] {
            headers.append(TRACESTATE, HeaderValue::from_static(part));
        }
        assert_eq!(state(&headers), None);
        headers.insert(TRACEPARENT, HeaderValue::from_static(VALID));
        assert_eq!(state(&headers).unwrap(), "a=1,b=2,c=3");
        headers.remove(TRACESTATE);
        assert_eq!(state(&headers), None);
    }
}

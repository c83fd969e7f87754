//! The host's log: lines for a person on a terminal, JSON otherwise, on standard error.
//!
//! Three kinds of lines share it, told apart by their target: the host's own (`weir`), what guests
//! print (`guest`), and one for each request where that is switched on (`access`). The request
//! path writes none of the host's own lines unless something went wrong.
//!
//! Lines go through [`writer`], so that nobody waits for whoever reads them; of those that come in
//! floods a [`throttle`] lets few through.

pub mod throttle;
pub mod writer;

use super::traces::TraceContext;
use serde::Serialize;
use std::fmt;
use std::io::IsTerminal as _;
use std::str::FromStr;
use tracing::{Subscriber, info};
use tracing_appender::non_blocking::NonBlocking;
use tracing_subscriber::filter::{EnvFilter, LevelFilter, ParseError};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, layer::SubscriberExt as _, util::SubscriberInitExt as _};
use writer::Writer;

/// How lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For a person if standard error is a terminal, else JSON.
    #[default]
    Auto,
    /// For a person.
    Human,
    /// One JSON object a line.
    Json,
}

/// Which lines are written: a level such as `info`, or levels by target, in tracing's syntax.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Filter(String);

/// A text is no [`Filter`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// It is not of tracing's syntax.
    #[error(transparent)]
    Syntax(#[from] ParseError),
    /// A word in it is no level. To tracing it would be a target, of which there is none.
    #[error("`{0}` is no level; levels are error, warn, info, debug, trace and off")]
    Level(String),
}

impl Default for Filter {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        EnvFilter::try_new(text)?;
        let mut words = text.split(',').map(str::trim);
        let is_known =
            |word: &str| word.contains(['=', '[']) || word.parse::<LevelFilter>().is_ok();
        match words.find(|word| !is_known(word)) {
            // What stands in brackets may have commas.
            Some(word) if !text.contains('[') => Err(FilterError::Level(word.to_owned())),
            _ => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What libraries say without being asked for.
const QUIET: &str = "opentelemetry=warn,opentelemetry_sdk=warn";

/// Starts logging. Does nothing where a subscriber has been installed before, as tests do.
pub fn start(format: Format, filter: &Filter) {
    let filter = EnvFilter::new(format!("{QUIET},{filter}"));
    let for_person = match format {
        Format::Auto => std::io::stderr().is_terminal(),
        Format::Human => true,
        Format::Json => false,
    };
    let writer = Writer::start();
    let layer = match for_person {
        true => human(writer.lines()).boxed(),
        false => json(writer.lines()).boxed(),
    };
    // An error says that there is one already.
    let _ = tracing_subscriber::registry()
        .with(filter)
        .with(layer)
        .with(writer)
        .try_init();
}

fn human<S>(lines: NonBlocking) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_subscriber::fmt::layer()
        .with_writer(lines)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(true)
        .compact()
}

fn json<S>(lines: NonBlocking) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(lines)
}

/// What a guest printed, or wrote as an entry that is mirrored.
#[derive(Debug)]
pub struct GuestLine<'a> {
    /// The component's id.
    pub component: &'a str,
    /// Where the guest wrote it.
    pub place: GuestPlace<'a>,
    /// The route of the request it was written for, if that is known.
    pub route: Option<&'a str>,
    /// The trace of that request.
    pub trace: Option<TraceContext>,
    /// The text, without its end.
    pub text: &'a str,
}

/// Where a guest wrote what is logged.
#[derive(Clone, Copy, Debug)]
pub enum GuestPlace<'a> {
    /// `stdout` or `stderr`.
    Stream(&'static str),
    /// The entry of the log directory that has this name.
    Entry(&'a str),
}

/// Logs what a guest wrote.
pub fn guest_line(line: &GuestLine<'_>) {
    let (stream, entry) = match line.place {
        GuestPlace::Stream(stream) => (Some(stream), None),
        GuestPlace::Entry(entry) => (None, Some(entry)),
    };
    info!(
        target: "guest",
        component = line.component,
        stream,
        entry,
        route = line.route,
        trace_id = line.trace.map(trace_id),
        "{}", line.text
    );
}

/// A request that has ended, for the access log.
#[derive(Debug)]
pub struct AccessLine<'a> {
    /// The client's address.
    pub client: &'a str,
    /// The request's method.
    pub method: &'a str,
    /// The path as the client sent it, without the query, which may hold secrets.
    pub path: &'a str,
    /// The component that answered.
    pub component: &'a str,
    /// The route.
    pub route: &'a str,
    /// The status sent, if one was.
    pub status: Option<u16>,
    /// Why it failed, if it did.
    pub error: Option<&'static str>,
    /// Milliseconds from its head to the end of the response.
    pub milliseconds: f64,
    /// Bytes of the request's body.
    pub request_bytes: u64,
    /// Bytes of the response's body.
    pub response_bytes: u64,
    /// Its trace.
    pub trace: Option<TraceContext>,
}

/// Logs a request that has ended.
pub fn access_line(line: &AccessLine<'_>) {
    info!(
        target: "access",
        client = line.client,
        method = line.method,
        path = line.path,
        component = line.component,
        route = line.route,
        status = line.status,
        error = line.error,
        milliseconds = line.milliseconds,
        request_bytes = line.request_bytes,
        response_bytes = line.response_bytes,
        trace_id = line.trace.map(trace_id),
    );
}

/// A trace's id as log lines have it.
pub fn trace_id(trace: TraceContext) -> String {
    format!("{:032x}", trace.trace_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_of_levels_and_of_targets_with_theirs() {
        for text in ["info", "OFF", "weir=debug,guest=warn", "warn,weir=trace"] {
            assert!(text.parse::<Filter>().is_ok(), "{text}");
        }
        for text in ["verbose", "info,wier", "weir=loud"] {
            assert!(text.parse::<Filter>().is_err(), "{text}");
        }
    }
}

//! `static_response`: an answer that needs no component.

use crate::diagnostic::Problem;
use crate::diagnostic::document::{FromTable, FromValue, Table, Value};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Serialize, Serializer};

/// A response that the host gives itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StaticResponse {
    /// Its status; 200 if the manifest does not say.
    #[serde(serialize_with = "status")]
    pub status: StatusCode,
    /// Its headers.
    #[serde(serialize_with = "headers")]
    pub headers: HeaderMap,
    /// Its body.
    pub body: String,
}

fn status<S: Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

fn headers<S: Serializer>(headers: &HeaderMap, serializer: S) -> Result<S::Ok, S::Error> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    serializer.collect_map(
        headers
            .iter()
            .map(|(name, value)| (name.as_str(), text(value))),
    )
}

impl FromTable for StaticResponse {
    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        let status: Option<Status> = table.optional("status_code");
        let headers: Option<Headers> = table.optional("headers");
        let body = table.optional("body").unwrap_or_default();
        let status = status.map_or(StatusCode::OK, |status| status.0);
        Some(Self {
            status,
            headers: headers.unwrap_or_default().0,
            body,
        })
    }
}

struct Status(StatusCode);

impl FromValue for Status {
    fn from_value(value: Value<'_>) -> Option<Self> {
        value.convert(|status: u16| match StatusCode::from_u16(status) {
            Ok(status) if (200..=599).contains(&status.as_u16()) => Ok(Self(status)),
            _ => Err("must be a status from 200 to 599"),
        })
    }
}

#[derive(Default)]
struct Headers(HeaderMap);

impl FromValue for Headers {
    fn from_value(value: Value<'_>) -> Option<Self> {
        let mut headers = HeaderMap::new();
        let mut table = value.into_table()?;
        for (name, value) in table.entries() {
            let Ok(header) = HeaderName::try_from(name.as_str()) else {
                let message = format!("`{}` is not the name of a header", name.value);
                value.report(Problem::new(message).at(&name.location, "no header can have it"));
                continue;
            };
            let value = value.convert(|text: String| {
                HeaderValue::try_from(text).map_err(|_why| "cannot be the value of a header")
            });
            headers.extend(value.map(|value| (header, value)));
        }
        Some(Self(headers))
    }
}

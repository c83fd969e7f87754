//! Routes of HTTP triggers.
//!
//! A route is a path of segments: literal ones, `:name` for any one segment, and `...` or `*` at
//! the end for any rest. Slashes at its ends do not count.

use crate::diagnostic::document::{FromValue, Value};
use crate::diagnostic::{Located, Problem};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// The prefix of paths that the host answers itself.
const RESERVED: &str = ".well-known/spin";

/// What a trigger answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Route {
    /// Requests whose path matches.
    Public(Located<RoutePattern>),
    /// Requests from other components of the app only.
    Private,
}

/// A route as the manifest writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoutePattern(String);

/// Why a text is not a route.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RouteError {
    /// A character that no path has as it is.
    #[error("`{0}` cannot be in a route; percent-encode it if it is meant literally")]
    Character(char),
    /// A wildcard before the end or as part of a segment.
    #[error("`{0}` can only be the last segment")]
    Wildcard(String),
    /// A parameter without a name, or with one that cannot be part of a header's name.
    #[error("`{0}` is not a parameter: it needs a name of letters, digits, `-` and `_`")]
    Parameter(String),
    /// Two parameters of one name.
    #[error("the parameter `:{0}` is in it twice")]
    SameParameter(String),
    /// A path that the host answers itself.
    #[error("the host answers requests under `/{RESERVED}/` itself")]
    Reserved,
}

impl RoutePattern {
    /// The route as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it matches, whichever way it is written: equal for two routes exactly if they match
    /// the same paths.
    pub fn shape(&self) -> String {
        let shape = |segment: &str| match segment {
            "..." | "*" => "/*".to_owned(),
            parameter if parameter.starts_with(':') => "/:".to_owned(),
            literal => format!("/{literal}"),
        };
        segments(&self.0).map(shape).collect()
    }
}

fn segments(route: &str) -> impl Iterator<Item = &str> {
    route
        .trim_matches('/')
        .split('/')
        .filter(|segment| !segment.is_empty())
}

impl TryFrom<String> for RoutePattern {
    type Error = RouteError;

    fn try_from(route: String) -> Result<Self, RouteError> {
        let in_path = |c: &char| c.is_ascii_graphic() && !"?#\"<>\\^`{|}".contains(*c);
        if let Some(character) = route.chars().find(|c| !in_path(c)) {
            return Err(RouteError::Character(character));
        }
        if format!("{}/", route.trim_matches('/')).starts_with(&format!("{RESERVED}/")) {
            return Err(RouteError::Reserved);
        }
        let count = segments(&route).count();
        let mut parameters = BTreeSet::new();
        for (index, segment) in segments(&route).enumerate() {
            check_segment(segment, index + 1 == count, &mut parameters)?;
        }
        Ok(Self(route))
    }
}

fn check_segment<'r>(
    segment: &'r str,
    is_last: bool,
    parameters: &mut BTreeSet<&'r str>,
) -> Result<(), RouteError> {
    if matches!(segment, "..." | "*") && is_last {
        return Ok(());
    }
    if segment == "..." || segment.starts_with('*') {
        return Err(RouteError::Wildcard(segment.to_owned()));
    }
    let Some(name) = segment.strip_prefix(':') else {
        return Ok(());
    };
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(in_name) {
        return Err(RouteError::Parameter(segment.to_owned()));
    }
    match parameters.insert(name) {
        true => Ok(()),
        false => Err(RouteError::SameParameter(name.to_owned())),
    }
}

impl fmt::Display for RoutePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromValue for Route {
    fn from_value(value: Value<'_>) -> Option<Self> {
        let location = value.location();
        if let Some(route) = value.as_str() {
            return match RoutePattern::try_from(route.to_owned()) {
                Ok(pattern) => Some(Self::Public(Located::new(pattern, location))),
                Err(why) => value.reject(format!("`{route}` is not a route"), why.to_string()),
            };
        }
        if !value.is_table() {
            return value.expected("a path or `{ private = true }`");
        }
        let mut table = value.into_table()?;
        let private = table.required::<bool>("private");
        if private == Some(false) {
            let problem = Problem::new("a route is a path or `{ private = true }`")
                .at(&location, "this is neither")
                .help("write the path that the trigger answers");
            table.report(problem);
        }
        table.finish();
        private?.then_some(Self::Private)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(text: &str) -> Result<RoutePattern, RouteError> {
        RoutePattern::try_from(text.to_owned())
    }

    #[test]
    fn routes_that_match_the_same_have_the_same_shape() {
        let shape = |text: &str| route(text).unwrap().shape();
        assert_eq!(shape("/a/"), shape("a"));
        assert_eq!(shape("/a/..."), shape("/a/*"));
        assert_eq!(shape("/u/:id"), shape("/u/:name/"));
        assert_eq!(shape(""), shape("/"));
        assert_ne!(shape("/a"), shape("/a/..."));
        assert_ne!(shape("/:a"), shape("/a"));
    }

    #[test]
    fn what_is_not_a_route_is_refused() {
        assert_eq!(
            route("/a/.../b"),
            Err(RouteError::Wildcard("...".to_owned()))
        );
        assert_eq!(route("/a/*/b"), Err(RouteError::Wildcard("*".to_owned())));
        assert_eq!(
            route("/a/*rest"),
            Err(RouteError::Wildcard("*rest".to_owned()))
        );
        assert_eq!(route("/u/:"), Err(RouteError::Parameter(":".to_owned())));
        assert_eq!(
            route("/f/:name.txt"),
            Err(RouteError::Parameter(":name.txt".to_owned()))
        );
        assert_eq!(
            route("/:a/:a"),
            Err(RouteError::SameParameter("a".to_owned()))
        );
        assert_eq!(route("/a b"), Err(RouteError::Character(' ')));
        assert_eq!(route("/a?b"), Err(RouteError::Character('?')));
        assert_eq!(route("/.well-known/spin/health"), Err(RouteError::Reserved));
        assert!(route("/.well-known/spinning").is_ok());
        assert!(route("/a...").is_ok(), "Spin takes it literally");
    }
}

//! What a test asks a guest for, by the path and the query of its request, and what it is told.

use std::fmt::Debug;

/// The path and the query of a request.
#[derive(Debug)]
pub struct Target {
    path: String,
    query: Vec<(String, String)>,
}

impl Target {
    /// Takes apart a path and, after a `?`, a query.
    pub fn parse(path_with_query: &str) -> Self {
        let (path, query) = path_with_query
            .split_once('?')
            .unwrap_or((path_with_query, ""));
        let query = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        Self {
            path: path.to_owned(),
            query,
        }
    }

    /// The last segment of the path: what is to be done, for guests that can do several things.
    pub fn operation(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// A parameter's value; empty if it is not there.
    pub fn text(&self, name: &str) -> &str {
        let pair = self.query.iter().find(|(key, _)| key == name);
        pair.map_or("", |(_, value)| value)
    }

    /// A parameter's value as a number; 0 if it is none.
    pub fn number<T: std::str::FromStr + Default>(&self, name: &str) -> T {
        self.text(name).parse().unwrap_or_default()
    }

    /// The parameters that are not among `names`.
    pub fn others(&self, names: &[&str]) -> Vec<(String, String)> {
        self.query
            .iter()
            .filter(|(key, _)| !names.contains(&key.as_str()))
            .cloned()
            .collect()
    }
}

/// What became of an operation: what to answer with status 200, or the name of an error, which is
/// answered with status 500.
pub type Outcome = Result<Vec<u8>, String>;

/// An error's name as it is in Rust, with its payload: `AccessDenied`, `Other("why")`.
pub fn error_name(error: impl Debug) -> String {
    let name = format!("{error:?}");
    match name.split_once("::") {
        Some((kind, variant)) if kind.chars().all(char::is_alphanumeric) => variant.to_owned(),
        _ => name,
    }
}

/// The parts of an absolute URL.
#[derive(Debug)]
pub struct Url<'a> {
    /// What stands before `://`.
    pub scheme: &'a str,
    /// Host and port.
    pub authority: &'a str,
    /// The rest, `/` if there is none.
    pub path_with_query: &'a str,
}

impl<'a> Url<'a> {
    /// Takes apart an absolute URL; parts that are not there are empty.
    pub fn parse(url: &'a str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let slash = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(slash);
        let path_with_query = if path.is_empty() { "/" } else { path };
        Self {
            scheme,
            authority,
            path_with_query,
        }
    }
}

//! `source`: where the code of a component comes from.

use super::unsupported::unsupported;
use crate::diagnostic::Problem;
use crate::diagnostic::document::{FromValue, Table, Value};
use crate::engine::compile_cache::Digest;
use serde::{Serialize, Serializer};
use url::Url;

/// What stands in front of a digest.
const SHA256: &str = "sha256:";

/// Where the code of a component comes from.
///
/// Spin also loads code from registries; Weir refuses those by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ComponentSource {
    /// A file, relative to the folder of the manifest.
    File(String),
    /// Something that is fetched, with the digest that it must have.
    Remote {
        /// Where it is, by `http` or `https`.
        #[serde(serialize_with = "as_text")]
        url: Url,
        /// Its digest.
        #[serde(serialize_with = "in_words")]
        digest: Digest,
    },
}

impl ComponentSource {
    /// The path of a file, as it is written.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::File(path) => Some(path),
            Self::Remote { .. } => None,
        }
    }
}

impl Default for ComponentSource {
    fn default() -> Self {
        Self::File(String::new())
    }
}

fn as_text<S: Serializer>(url: &Url, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(url)
}

fn in_words<S: Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{SHA256}{digest}"))
}

impl FromValue for ComponentSource {
    fn from_value(value: Value<'_>) -> Option<Self> {
        if !value.is_table() {
            return value.parse("the path of a .wasm file", |path| match path {
                "" => Err("it is empty"),
                path => Ok(Self::File(path.to_owned())),
            });
        }
        let location = value.location();
        let mut table = value.into_table()?;
        if table.has("url") {
            let source = remote(&mut table);
            table.finish();
            return source;
        }
        let instead = "fetch the file when the app is built, and write its path here";
        let problem = if table.has("package") {
            unsupported("sources from a registry are", &location, instead)
        } else {
            let message = format!("{} must be the path of a .wasm file", table.name());
            Problem::new(message).at(&location, "this is something else")
        };
        table.report(problem);
        None
    }
}

fn remote(table: &mut Table<'_>) -> Option<ComponentSource> {
    // Both are read before either is missed, so that both are reported.
    let url: Option<RemoteUrl> = table.required("url");
    let digest: Option<RemoteDigest> = table.required("digest");
    Some(ComponentSource::Remote {
        url: url?.0,
        digest: digest?.0,
    })
}

struct RemoteUrl(Url);

impl FromValue for RemoteUrl {
    fn from_value(value: Value<'_>) -> Option<Self> {
        value.parse("an address to fetch from", |text| {
            let url = Url::parse(text).map_err(|error| error.to_string())?;
            match url.scheme() {
                "http" | "https" => Ok(Self(url)),
                other => Err(format!(
                    "it begins with `{other}:`, not `http:` or `https:`"
                )),
            }
        })
    }
}

struct RemoteDigest(Digest);

impl FromValue for RemoteDigest {
    fn from_value(value: Value<'_>) -> Option<Self> {
        value.parse("the digest of the file", |text| {
            let digest = text.strip_prefix(SHA256).and_then(Digest::parse);
            digest
                .map(Self)
                .ok_or("it is `sha256:` and 64 hexadecimal digits, as `sha256sum` prints them")
        })
    }
}

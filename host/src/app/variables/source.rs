//! What `--variable` can say: a value, a file that holds one, or a file that holds several. With a
//! file a secret stays off the command line, which every process of the machine can read.
//!
//! The forms are Spin's, and so is the text of a value: everything that is in its file, a line feed
//! at the end included. Files are read again by every reload. What is said of one that cannot be
//! used shows nothing of what is in it.

use super::Values;
use crate::diagnostic::{Problem, Source};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where the values of one or several variables are. Paths are relative to the current folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariableSource {
    /// `NAME=VALUE`: the value itself.
    Value(String, String),
    /// `NAME=@FILE`: what is in the file.
    Content(String, PathBuf),
    /// `@FILE.json`: an object of names and values.
    Json(PathBuf),
    /// `@FILE.toml`: a table of names and values.
    Toml(PathBuf),
}

/// A text is no [`VariableSource`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "--variable must be NAME=VALUE, NAME=@FILE, @FILE.json or @FILE.toml; what was given is not \
     shown, as it may be a secret"
)]
pub struct NoVariable;

impl FromStr for VariableSource {
    type Err = NoVariable;

    fn from_str(text: &str) -> Result<Self, NoVariable> {
        if let Some(path) = text.strip_prefix('@') {
            let path = PathBuf::from(path);
            return match path.extension().and_then(OsStr::to_str) {
                Some("json") => Ok(Self::Json(path)),
                Some("toml") => Ok(Self::Toml(path)),
                _ => Err(NoVariable),
            };
        }
        match text.split_once('=') {
            None | Some(("", _)) => Err(NoVariable),
            Some((name, value)) => Ok(match value.strip_prefix('@') {
                Some(path) => Self::Content(name.to_owned(), path.into()),
                None => Self::Value(name.to_owned(), value.to_owned()),
            }),
        }
    }
}

impl VariableSource {
    /// The file, if it is one.
    pub(in crate::app) fn file(&self) -> Option<&Path> {
        match self {
            Self::Value(..) => None,
            Self::Content(_, path) | Self::Json(path) | Self::Toml(path) => Some(path),
        }
    }

    /// The values. Blocks.
    pub(super) fn read(&self) -> Result<Values, Problem> {
        Ok(match self {
            Self::Value(name, value) => vec![(name.clone(), value.clone())],
            Self::Content(name, path) => vec![(name.clone(), text(path)?)],
            Self::Json(path) => json(path, &text(path)?)?.into_iter().collect(),
            Self::Toml(path) => toml(path, &text(path)?)?.into_iter().collect(),
        })
    }
}

fn text(path: &Path) -> Result<String, Problem> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Problem::new(format!("{shown} cannot be read: {error}")))?;
    // What a reload finds in a pipe that was read at the start.
    if text.is_empty() && !path.is_file() {
        let problem = Problem::new(format!("there is nothing in {shown}"));
        return Err(
            problem.help("a pipe can be read once, and each reload reads again: use a file")
        );
    }
    Ok(text)
}

type Entries = BTreeMap<String, String>;

fn json(path: &Path, text: &str) -> Result<Entries, Problem> {
    serde_json::from_str(text).map_err(|error| {
        no_entries(
            &format!("{}:{}", path.display(), error.line()),
            "one JSON object of names and strings, such as `{ \"name\": \"value\" }`",
        )
    })
}

fn toml(path: &Path, text: &str) -> Result<Entries, Problem> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let source = Source::new(path.display().to_string(), text);
        no_entries(
            &source
                .location(error.span().unwrap_or_default())
                .to_string(),
            "names and strings in TOML, such as `name = \"value\"`",
        )
    })
}

/// The errors of the parsers hold what they found.
fn no_entries(place: &str, what: &str) -> Problem {
    Problem::new(format!("{place} cannot be read: the file must hold {what}"))
        .help("the line is not shown, because it may hold a secret")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_told_from_the_others() {
        let read = |text: &str| text.parse::<VariableSource>();
        let value = |value: &str| Ok(VariableSource::Value("k".into(), value.into()));
        assert_eq!(read("k=v=@w"), value("v=@w"));
        assert_eq!(read("k="), value(""));
        let content = VariableSource::Content("k".into(), "a/b".into());
        assert_eq!(read("k=@a/b"), Ok(content));
        assert_eq!(read("@v.json"), Ok(VariableSource::Json("v.json".into())));
        assert_eq!(read("@v.toml"), Ok(VariableSource::Toml("v.toml".into())));
        for wrong in ["k", "=v", "@v", "@v.yaml", ""] {
            assert_eq!(read(wrong), Err(NoVariable), "{wrong}");
        }
    }

    #[test]
    fn files_give_what_is_in_them() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str, content: &str, form: fn(PathBuf) -> VariableSource| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            form(path).read().unwrap()
        };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let content = |path| VariableSource::Content("k".into(), path);
        assert_eq!(read("v", "a b\n", content), [pair("k", "a b\n")]);
        assert_eq!(read("empty", "", content), [pair("k", "")]);
        let both = [pair("a", "1"), pair("b", "2")];
        let text = "{ \"b\": \"2\", \"a\": \"1\" }";
        assert_eq!(read("v.json", text, VariableSource::Json), both);
        assert_eq!(
            read("v.toml", "b = '2'\na = '1'", VariableSource::Toml),
            both
        );
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named_with_its_line_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("a.json", "{\n\"key\": 53217 }"),
            ("b.json", "{\n\"key\": \"53217"),
            ("c.json", "\n[\"53217\"]"),
            ("d.toml", "\nkey = 53217"),
            ("e.toml", "\nkey = \"53217"),
            ("f.toml", "\n[key]\nkey = \"53217\""),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            let source: VariableSource = format!("@{}", path.display()).parse().unwrap();
            let shown = crate::diagnostic::Problems::from(source.read().unwrap_err()).to_string();
            assert!(
                shown.contains(&format!("{name}:2 cannot be read")),
                "{shown}"
            );
            assert!(!shown.contains("53217"), "{shown}");
        }
        let none = VariableSource::Content("k".into(), folder.path().join("none"));
        let shown = crate::diagnostic::Problems::from(none.read().unwrap_err()).to_string();
        assert!(
            shown.contains("none cannot be read: No such file"),
            "{shown}"
        );
        let nothing = VariableSource::Content("k".into(), "/dev/null".into());
        let shown = crate::diagnostic::Problems::from(nothing.read().unwrap_err()).to_string();
        assert!(shown.contains("nothing in /dev/null"), "{shown}");
    }
}

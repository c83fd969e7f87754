//! The values that are given to the app's variables, strongest first: flags, the environment,
//! `.env` beside the manifest, `weir.toml`.
//!
//! Values may be secrets, so no error here shows one.

pub mod source;

use crate::config::Config;
use crate::diagnostic::{Problem, Problems};
use crate::manifest::Manifest;
use source::VariableSource;
use std::collections::HashMap;
use std::path::Path;

/// What the name of a variable has in front in the environment, as under Spin.
const PREFIX: &str = "SPIN_VARIABLE_";
/// The file that stands in for the environment.
pub(super) const DOT_ENV: &str = ".env";

type Values = Vec<(String, String)>;

/// Every value that is given, the strongest first; `folder` is that of the manifest.
pub(super) fn given(
    manifest: &Manifest,
    flags: &[VariableSource],
    folder: &Path,
    config: &Config,
) -> Result<Values, Problems> {
    let (mut given, dot_env) = Problems::both(flagged(flags), dot_env(&folder.join(DOT_ENV)))?;
    let named = |read: &dyn Fn(&str) -> Option<String>| -> Values {
        let value = |name: &String| {
            let key = format!("{PREFIX}{}", name.to_uppercase());
            read(&key).map(|value| (name.clone(), value))
        };
        manifest.variables.keys().filter_map(value).collect()
    };
    given.extend(named(&|key| std::env::var(key).ok()));
    given.extend(named(&|key| dot_env.get(key).cloned()));
    // Names that are no variables have been reported where they stand.
    let own = config.variables.iter();
    given.extend(
        own.filter(|(name, _)| manifest.variables.contains_key(*name))
            .map(|(name, value)| (name.clone(), value.expose().to_owned())),
    );
    Ok(given)
}

/// Of several flags for one variable the last counts, as under Spin.
fn flagged(flags: &[VariableSource]) -> Result<Values, Problems> {
    let mut problems = Problems::default();
    let mut given = Values::new();
    for flag in flags.iter().rev() {
        match flag.read() {
            Ok(values) => given.extend(values),
            Err(problem) => problems.push(problem),
        }
    }
    problems.none_or(given)
}

fn dot_env(path: &Path) -> Result<HashMap<String, String>, Problems> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(HashMap::new()),
        Err(error) => {
            let message = format!("{} cannot be read: {error}", path.display());
            return Err(Problem::new(message).into());
        }
    };
    let read = dotenvy::from_read_iter(text.as_bytes()).collect::<Result<_, _>>();
    read.map_err(|error| unreadable(path, &text, &error).into())
}

/// Says where the line is without showing it. The error holds the line or its value.
fn unreadable(path: &Path, text: &str, error: &dotenvy::Error) -> Problem {
    let line = match error {
        dotenvy::Error::LineParse(part, _) => {
            text.lines().position(|line| line.contains(part.trim()))
        }
        _ => None,
    };
    let place = line.map_or(String::new(), |line| format!(":{}", line + 1));
    Problem::new(format!("{}{place} cannot be read", path.display()))
        .help("each line is NAME=value; a value with spaces stands in quotes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_cannot_be_read_is_named_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        std::fs::write(&path, "A=1\nB = s3cret value\n").unwrap();
        let shown = dot_env(&path).unwrap_err().to_string();
        assert!(shown.contains(".env:2"), "{shown}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn values_in_the_file_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        std::fs::write(&path, "# a comment\nSPIN_VARIABLE_KEY=\"a b\"\n").unwrap();
        assert_eq!(dot_env(&path).unwrap()["SPIN_VARIABLE_KEY"], "a b");
        assert!(dot_env(&folder.path().join("none")).unwrap().is_empty());
    }
}

//! Writes a new component: a Rust package that builds, runs and passes its own test at once, and
//! its part of `spin.toml`.
//!
//! Inside an app (the nearest folder upwards with a `spin.toml`) the part is added to the app's
//! manifest ([`addition`]), and whatever stands there stays as it is; elsewhere the package gets a
//! manifest of its own. The manifest is read before anything is written, so a name or a route that
//! is taken changes nothing.

mod addition;
mod template;

pub use template::Template;

use crate::diagnostic::{Problems, Source};
use crate::manifest::Manifest;
use crate::manifest::name::ComponentId;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use template::Part;

/// The name of a manifest.
const MANIFEST: &str = "spin.toml";

/// Why a component cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScaffoldError {
    /// The name is none for a component and for a package.
    #[error(
        "`{0}` cannot be the name of a component: it must be lower case words joined by `-`, such as `my-service`"
    )]
    Name(String),
    /// There is something already.
    #[error("{0} is there already")]
    Exists(PathBuf),
    /// The app has a component of that name.
    #[error("{manifest} has a component `{name}` already")]
    Taken {
        /// The name.
        name: String,
        /// The app's manifest.
        manifest: PathBuf,
    },
    /// The manifest is not right, or would not be with the new component.
    #[error(transparent)]
    Manifest(#[from] Problems),
    /// The disk says no.
    #[error("{path}: {source}")]
    Io {
        /// What was to be read or written.
        path: PathBuf,
        /// Why it was not.
        source: io::Error,
    },
}

/// What was written.
#[derive(Debug)]
pub struct Written {
    /// The folder of the package.
    pub package: PathBuf,
    /// The manifest that the component is in.
    pub manifest: PathBuf,
    /// Where it answers.
    pub route: String,
}

/// Writes the component `name` into a folder of that name in `folder`.
pub fn write(folder: &Path, name: &str, template: Template) -> Result<Written, ScaffoldError> {
    check(name)?;
    let package = folder.join(name);
    if package.exists() {
        return Err(ScaffoldError::Exists(package));
    }
    let app = folder
        .ancestors()
        .find(|folder| folder.join(MANIFEST).is_file());
    let (manifest, text) = match app {
        Some(app) => extended(app, &package, name, template)?,
        None => (package.join(MANIFEST), alone(name, template)),
    };
    Manifest::parse(&Source::new(manifest.display().to_string(), text.as_str()))?;
    for (file, content) in template.files(name) {
        put(&package.join(file), &content)?;
    }
    put(&manifest, &text)?;
    Ok(Written {
        package,
        manifest,
        route: Part::route(name),
    })
}

fn check(name: &str) -> Result<(), ScaffoldError> {
    let is_id = ComponentId::try_from(name.to_owned()).is_ok();
    match is_id && !name.contains(|c: char| c.is_ascii_uppercase()) {
        true => Ok(()),
        false => Err(ScaffoldError::Name(name.to_owned())),
    }
}

/// The manifest of the app with the component in it.
fn extended(
    folder: &Path,
    package: &Path,
    name: &str,
    template: Template,
) -> Result<(PathBuf, String), ScaffoldError> {
    let manifest = folder.join(MANIFEST);
    let text = fs::read_to_string(&manifest).map_err(|source| ScaffoldError::Io {
        path: manifest.clone(),
        source,
    })?;
    // What is wrong with it already is not blamed on the new part.
    let app = Manifest::parse(&Source::new(manifest.display().to_string(), text.as_str()))?;
    if app.components.contains_key(name) {
        let name = name.to_owned();
        return Err(ScaffoldError::Taken { name, manifest });
    }
    let workdir = package.strip_prefix(folder).unwrap_or(package);
    let part = Part {
        name,
        workdir: Some(workdir),
        template,
    };
    let text = addition::add(&text, &part.to_string());
    Ok((manifest, text))
}

/// A manifest with nothing but the component.
fn alone(name: &str, template: Template) -> String {
    let part = Part {
        name,
        workdir: None,
        template,
    };
    format!(
        "spin_manifest_version = 2\n\n[application]\nname = \"{name}\"\nversion = \"0.1.0\"\n\n{part}"
    )
}

fn put(path: &Path, content: &str) -> Result<(), ScaffoldError> {
    let written = match path.parent() {
        Some(folder) => fs::create_dir_all(folder).and_then(|()| fs::write(path, content)),
        None => fs::write(path, content),
    };
    written.map_err(|source| ScaffoldError::Io {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: &str = "# Ours.\nspin_manifest_version = 2\n[application]\nname = \"app\" # short\n\
        [[trigger.http]]\nroute = \"/one/...\"\ncomponent = \"one\"\n\
        [component.one]\nsource = \"one.wasm\"";

    fn app() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(MANIFEST), APP).unwrap();
        folder
    }

    #[test]
    fn in_an_app_the_component_is_added_and_the_rest_stays_as_it_is() {
        let app = app();
        let below = app.path().join("services");
        fs::create_dir(&below).unwrap();
        let written = write(&below, "two", Template::KeyValue).unwrap();
        assert_eq!(written.manifest, app.path().join(MANIFEST));
        let text = fs::read_to_string(&written.manifest).unwrap();
        assert!(text.starts_with(APP), "{text}");
        let manifest = Manifest::parse(&Source::new(MANIFEST, text)).unwrap();
        let two = &manifest.components["two"];
        let source = "services/two/target/wasm32-wasip2/release/two.wasm";
        assert_eq!(two.source.path(), Some(source));
        assert_eq!(two.key_value_stores.len(), 1);
        let workdir = two.build.as_ref().unwrap().workdir.as_deref();
        assert_eq!(
            workdir.map(|workdir| workdir.to_string()),
            Some("services/two".into())
        );
    }

    /// What can stand in a manifest before a component is added to it.
    const FORMS: [&str; 8] = [
        // No line feed at the end of an inline table; of a comment.
        "component = { one = { source = \"one.wasm\" } }\n\
         [[trigger.http]]\nroute = \"/one\"\ncomponent = \"one\"\n\
         [application]\nname = \"app\"\ntool = { a = { b = 1 } }",
        "[application]\nname = \"app\"\n[[trigger.http]]\nroute = \"/one\"\ncomponent = \"one\"\n\
         [component.one]\nsource = \"one.wasm\" # last",
        // The lines of other systems.
        "[application]\r\nname = \"app\"\r\n\r\n# Ours.\r\n[component.one]\r\n\
         source = \"one.wasm\"\r\n[[trigger.http]]\r\nroute = \"/one\"\r\ncomponent = \"one\"\r\n",
        // Triggers as values; triggers and components.
        "trigger.http = [\n  { route = \"/one\", component = \"one\" }, # first\n]\n\
         [component.one]\nsource = \"one.wasm\"\n[application]\nname = \"app\"\n",
        "trigger = { http = [{ route = \"/one\", component = \"one\" }] } # all\r\n\
         component = { one = { source = \"one.wasm\" } }\r\n[application]\r\nname = \"app\"\r\n",
        // Components by keys with dots; in their triggers.
        "component.one.source = \"one.wasm\"\n[application]\nname = \"app\"\n\
         [[trigger.http]]\nroute = \"/one\"\ncomponent = \"one\"\n",
        "trigger.http = [{ route = \"/one\", component = { source = \"one.wasm\" } }]\n\
         [application]\nname = \"app\"\n",
        // Everything after the triggers, and a text of several lines.
        "[[trigger.http]]\nroute = \"/one\"\ncomponent = \"one\"\n[component]\n[component.one]\n\
         source = \"one.wasm\"\n[application]\nname = \"app\"\ndescription = \"\"\"\n[component.two]\n\"\"\"",
    ];

    #[test]
    fn a_component_is_added_to_every_form_of_a_manifest_and_all_else_stays() {
        for form in FORMS {
            let before = format!("spin_manifest_version = 2 # Spin's\n{form}");
            let app = tempfile::tempdir().unwrap();
            let path = app.path().join(MANIFEST);
            fs::write(&path, &before).unwrap();
            write(app.path(), "two", Template::Http).unwrap();
            let after = fs::read_to_string(&path).unwrap();
            let manifest = Manifest::parse(&Source::new(MANIFEST, after.as_str())).unwrap();
            assert!(manifest.components.contains_key("two"), "{after}");
            assert_eq!(manifest.triggers.len(), 2, "{after}");
            let mut lines = after.lines();
            for line in before.lines() {
                assert!(
                    lines.any(|after| keeps(after, line)),
                    "`{line}` in\n{after}"
                );
            }
            let is_crlf = |text: &str| text.contains("\r\n");
            assert_eq!(is_crlf(&before), is_crlf(&after), "{after}");
        }
    }

    /// Whether a line is as it was, but for values that may have come to its brackets.
    fn keeps(line: &str, before: &str) -> bool {
        let values = before.split(['}', ']']).next().unwrap();
        let comment = before.find('#').map_or("", |at| &before[at..]);
        line.starts_with(values) && line.ends_with(comment)
    }

    #[test]
    fn what_is_taken_is_refused_and_nothing_is_written() {
        let app = app();
        let taken = write(app.path(), "one", Template::Http).unwrap_err();
        assert!(taken.to_string().contains("one"), "{taken}");
        assert!(!app.path().join("one").exists());
        let text = fs::read_to_string(app.path().join(MANIFEST)).unwrap();
        assert_eq!(text, APP);
        fs::create_dir(app.path().join("two")).unwrap();
        let there = write(app.path(), "two", Template::Http);
        assert!(matches!(there, Err(ScaffoldError::Exists(_))));
    }

    #[test]
    fn a_name_that_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["", "Two", "a_b", "../a", "1a", "a b"] {
            let refused = write(folder.path(), name, Template::Http);
            assert!(matches!(refused, Err(ScaffoldError::Name(_))), "{name}");
        }
    }
}

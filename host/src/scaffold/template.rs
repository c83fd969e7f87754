//! What a new component can be, and the texts that it is made of.

use clap::ValueEnum;
use std::fmt;
use std::path::Path;

/// What a new component does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Template {
    /// Greets.
    #[default]
    Http,
    /// Counts in a key-value store.
    KeyValue,
}

impl Template {
    /// The files of the package `name`, with their places in it.
    pub(super) fn files(self, name: &str) -> [(&'static str, String); 3] {
        let package = include_str!("../../templates/package.toml");
        let package = package.replace("{name}", name);
        [
            ("Cargo.toml", package.replace("{features}", self.features())),
            ("src/lib.rs", self.source().to_owned()),
            (".gitignore", "/target\n/.weir\n/.spin\n".to_owned()),
        ]
    }

    fn source(self) -> &'static str {
        match self {
            Self::Http => include_str!("../../templates/http.rs"),
            Self::KeyValue => include_str!("../../templates/key-value.rs"),
        }
    }

    /// Features of spin-sdk.
    fn features(self) -> &'static str {
        match self {
            Self::Http => "\"http\"",
            Self::KeyValue => "\"http\", \"key-value\"",
        }
    }

    /// What its code needs to be granted.
    fn grants(self) -> &'static str {
        match self {
            Self::Http => "",
            Self::KeyValue => "key_value_stores = [\"default\"]\n",
        }
    }
}

/// What stands in a manifest of a new component. Shown as TOML.
pub(super) struct Part<'a> {
    pub(super) name: &'a str,
    /// Its folder, where that is not the manifest's.
    pub(super) workdir: Option<&'a Path>,
    pub(super) template: Template,
}

impl Part<'_> {
    /// Where the component `name` answers.
    pub(super) fn route(name: &str) -> String {
        format!("/{name}/...")
    }

    /// A path in the package, as the manifest has it.
    fn path(&self, below: &str) -> String {
        match self.workdir {
            Some(workdir) => workdir.join(below).display().to_string(),
            None => below.to_owned(),
        }
    }
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, route) = (self.name, Self::route(self.name));
        let file = format!(
            "target/wasm32-wasip2/release/{}.wasm",
            name.replace('-', "_")
        );
        let (source, grants) = (self.path(&file), self.template.grants());
        write!(
            f,
            "[[trigger.http]]\nroute = \"{route}\"\ncomponent = \"{name}\"\n\n\
             [component.{name}]\nsource = {source:?}\n{grants}\n\
             [component.{name}.build]\ncommand = \"cargo build --release --target wasm32-wasip2\"\n"
        )?;
        if let Some(workdir) = self.workdir {
            writeln!(f, "workdir = {:?}", workdir.display().to_string())?;
        }
        writeln!(f, "watch = [\"src/**/*.rs\", \"Cargo.toml\"]")
    }
}

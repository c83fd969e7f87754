//! Names of imports: `ns:package/interface@version`, without interface or version, or `plain`.

use crate::manifest::name::{Form, NameError};
use serde::{Serialize, Serializer};
use std::fmt;

/// Which import of a component a dependency satisfies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DependencyName {
    text: String,
    package: Option<String>,
    interface: Option<String>,
    version: Option<semver::Version>,
}

/// Why a dependency cannot satisfy an import.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DependencyNameError {
    /// A part of the name is not in kebab-case.
    #[error("`{0}` is not in kebab-case: {1}")]
    Form(String, NameError),
    /// The version is not one.
    #[error("`{0}` is not a version: {1}")]
    Version(String, semver::Error),
    /// A plain name does not tell the package of the registry.
    #[error("a plain name needs a `package`")]
    NeedsPackage,
    /// An export can satisfy an interface only.
    #[error("with an `export` the name needs an interface, as in `ns:package/interface`")]
    ExportOfPackage,
}

impl DependencyName {
    /// The package, `ns:name`; a plain name has none.
    pub fn package(&self) -> Option<&str> {
        self.package.as_deref()
    }

    /// The interface; without it all of the package.
    pub fn interface(&self) -> Option<&str> {
        self.interface.as_deref()
    }

    /// The version; without it any.
    pub fn version(&self) -> Option<&semver::Version> {
        self.version.as_ref()
    }

    /// The name of `import` with no more than this one says: without interface or version where
    /// this one has none.
    pub fn in_this_form(&self, import: &str) -> String {
        let (name, version) = optional(import, '@');
        let (package, _) = optional(name, '/');
        let name = if self.interface.is_some() {
            name
        } else {
            package
        };
        match version {
            Some(version) if self.version.is_some() => format!("{name}@{version}"),
            _ => name.to_owned(),
        }
    }

    /// Whether it names this import: all that it says must be equal.
    pub fn matches(&self, import: &str) -> bool {
        let Ok(import) = Self::try_from(import.to_owned()) else {
            return false;
        };
        match &self.package {
            None => self.text == import.text,
            Some(_) => {
                self.package == import.package
                    && (self.interface.is_none() || self.interface == import.interface)
                    && (self.version.is_none() || self.version == import.version)
            }
        }
    }
}

impl TryFrom<String> for DependencyName {
    type Error = DependencyNameError;

    fn try_from(text: String) -> Result<Self, DependencyNameError> {
        if !text.contains([':', '/']) {
            kebab(&text)?;
            return Ok(Self {
                text,
                package: None,
                interface: None,
                version: None,
            });
        }
        let (name, version) = optional(&text, '@');
        let (package, interface) = optional(name, '/');
        let (namespace, local) = optional(package, ':');
        kebab(namespace)?;
        kebab(local.unwrap_or_default())?;
        interface.map_or(Ok(()), kebab)?;
        let parse = |version: &str| {
            let why = |error| DependencyNameError::Version(version.to_owned(), error);
            semver::Version::parse(version).map_err(why)
        };
        let (package, interface) = (package.to_owned(), interface.map(str::to_owned));
        let version = version.map(parse).transpose()?;
        Ok(Self {
            text,
            package: Some(package),
            interface,
            version,
        })
    }
}

fn optional(text: &str, separator: char) -> (&str, Option<&str>) {
    text.split_once(separator)
        .map_or((text, None), |(first, second)| (first, Some(second)))
}

fn kebab(part: &str) -> Result<(), DependencyNameError> {
    Form::Kebab
        .check(part)
        .map_err(|why| DependencyNameError::Form(part.to_owned(), why))
}

impl fmt::Display for DependencyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for DependencyName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Result<DependencyName, DependencyNameError> {
        DependencyName::try_from(text.to_owned())
    }

    #[test]
    fn a_name_has_a_package_an_interface_and_a_version_as_far_as_it_says() {
        let full = name("weir:platform/metrics@0.1.0").unwrap();
        assert_eq!(
            (full.package(), full.interface()),
            (Some("weir:platform"), Some("metrics"))
        );
        assert_eq!(full.version(), Some(&semver::Version::new(0, 1, 0)));
        let package = name("a:b").unwrap();
        assert_eq!(
            (package.package(), package.interface()),
            (Some("a:b"), None)
        );
        assert_eq!(name("plain-name").unwrap().package(), None);
    }

    #[test]
    fn a_name_matches_imports_that_are_equal_in_all_it_says() {
        let matches = |text: &str, import: &str| name(text).unwrap().matches(import);
        for text in ["a:b", "a:b@0.1.0", "a:b/c", "a:b/c@0.1.0"] {
            assert!(matches(text, "a:b/c@0.1.0"), "{text}");
        }
        for text in ["a:c", "a:b@0.1.1", "a:b/d", "a-b", "a:b/c@0.2.0"] {
            assert!(!matches(text, "a:b/c@0.1.0"), "{text}");
        }
        assert!(matches("plain", "plain") && !matches("a:b@0.1.0", "a:b/c"));
    }

    #[test]
    fn an_import_is_named_with_no_more_than_a_name_says() {
        let form = |text: &str| name(text).unwrap().in_this_form("a:b/c@0.1.0");
        assert_eq!(form("x:y"), "a:b");
        assert_eq!(form("x:y@1.0.0"), "a:b@0.1.0");
        assert_eq!(form("x:y/z"), "a:b/c");
        assert_eq!(form("x:y/z@1.0.0"), "a:b/c@0.1.0");
    }

    #[test]
    fn what_is_not_a_name_is_refused() {
        assert!(matches!(
            name("a:b@1.0"),
            Err(DependencyNameError::Version(..))
        ));
        for text in ["a:", "a/b", "A_b", "a:b/c_d", ""] {
            assert!(
                matches!(name(text), Err(DependencyNameError::Form(..))),
                "{text}"
            );
        }
    }
}

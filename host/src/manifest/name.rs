//! The form of names: words joined by `-` (kebab-case) or `_` (snake_case).

use crate::diagnostic::document::{FromValue, Value};
use serde::Serialize;
use std::borrow::Borrow;
use std::fmt;

/// How the words of a name are joined, and in which case they may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Joined by `-`; each word in lower or in upper case.
    Kebab,
    /// Joined by `_`; each word in lower or in upper case.
    Snake,
    /// Joined by `_`; every word in lower case.
    LowerSnake,
}

/// Why a name is not of its form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// A word is empty: two separators side by side, one at an end, or no name at all.
    #[error("a word of it is empty")]
    EmptyWord,
    /// A word begins with something other than an ASCII letter.
    #[error("each word must begin with a letter, not with `{0}`")]
    Begin(char),
    /// A word has something other than ASCII letters and digits.
    #[error("`{0}` cannot be in it")]
    Character(char),
    /// A word mixes cases, or is in upper case where only lower is allowed.
    #[error("the letters of `{0}` are not all in the right case")]
    Case(String),
}

impl Form {
    /// Checks that `name` is of this form.
    pub(super) fn check(self, name: &str) -> Result<(), NameError> {
        name.split(self.separator())
            .try_for_each(|word| self.check_word(word))
    }

    /// What the form is called, with an example.
    pub(super) const fn description(self) -> &'static str {
        match self {
            Self::Kebab => "kebab-case, such as `storage-api`",
            Self::Snake | Self::LowerSnake => "snake_case, such as `api_key`",
        }
    }

    /// `name` brought to this form, if that is possible.
    pub(super) fn fix(self, name: &str) -> Option<String> {
        let separator = self.separator();
        let replaced = |c: char| {
            if c.is_ascii_alphanumeric() {
                c
            } else {
                separator
            }
        };
        let fixed: String = name.to_ascii_lowercase().chars().map(replaced).collect();
        let fixed = fixed.trim_matches(separator).to_owned();
        self.check(&fixed).is_ok().then_some(fixed)
    }

    const fn separator(self) -> char {
        match self {
            Self::Kebab => '-',
            Self::Snake | Self::LowerSnake => '_',
        }
    }

    fn check_word(self, word: &str) -> Result<(), NameError> {
        let first = word.chars().next().ok_or(NameError::EmptyWord)?;
        if let Some(other) = word.chars().find(|c| !c.is_ascii_alphanumeric()) {
            return Err(NameError::Character(other));
        }
        if !first.is_ascii_alphabetic() {
            return Err(NameError::Begin(first));
        }
        let lower = !word.contains(|c: char| c.is_ascii_uppercase());
        let upper = self != Self::LowerSnake && !word.contains(|c: char| c.is_ascii_lowercase());
        if lower || upper {
            Ok(())
        } else {
            Err(NameError::Case(word.to_owned()))
        }
    }
}

/// The id of a component, in kebab-case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ComponentId(String);

impl ComponentId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ComponentId {
    type Error = NameError;

    fn try_from(id: String) -> Result<Self, NameError> {
        Form::Kebab.check(&id).map(|()| Self(id))
    }
}

impl Borrow<str> for ComponentId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ComponentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The label of a store, in kebab-case or snake_case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Label(String);

impl Label {
    /// The label as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromValue for Label {
    fn from_value(value: Value<'_>) -> Option<Self> {
        value.parse("a label in kebab-case or snake_case", |label| {
            let as_kebab = Form::Kebab.check(label);
            let either = if as_kebab.is_ok() {
                as_kebab
            } else {
                Form::Snake.check(label)
            };
            either.map(|()| Self(label.to_owned()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_word_by_word() {
        for good in ["a", "storage-api", "a1-b2", "HTTP-api"] {
            assert_eq!(Form::Kebab.check(good), Ok(()), "{good}");
        }
        assert_eq!(Form::Kebab.check(""), Err(NameError::EmptyWord));
        assert_eq!(Form::Kebab.check("a--b"), Err(NameError::EmptyWord));
        assert_eq!(Form::Kebab.check("a_b"), Err(NameError::Character('_')));
        assert_eq!(Form::Kebab.check("1a"), Err(NameError::Begin('1')));
        assert_eq!(
            Form::Kebab.check("myApi"),
            Err(NameError::Case("myApi".to_owned()))
        );
        assert_eq!(Form::Snake.check("API_key"), Ok(()));
        assert!(Form::LowerSnake.check("API_key").is_err());
    }

    #[test]
    fn a_name_is_brought_to_the_form_where_that_is_possible() {
        assert_eq!(
            Form::Kebab.fix("Storage_API").as_deref(),
            Some("storage-api")
        );
        assert_eq!(Form::LowerSnake.fix("api-key").as_deref(), Some("api_key"));
        assert_eq!(Form::Kebab.fix("1st"), None);
    }
}

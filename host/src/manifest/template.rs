//! Texts with `{{ variable }}` in them.

use crate::config::variable::VariableValue;
use crate::diagnostic::document::{FromValue, Value};
use serde::{Serialize, Serializer};
use std::fmt;

/// A text in which names in double braces stand for the values of application variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Variable(String),
}

/// Why a text is not a template, or why it cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// Two opening braces have no closing ones.
    #[error("`{{{{` is never closed by `}}}}`")]
    Unclosed,
    /// A variable has no value.
    #[error("variable `{0}` has no value")]
    NoValue(String),
}

impl Template {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, expression)) = rest.split_once("{{") {
            let (name, after) = expression.split_once("}}").ok_or(TemplateError::Unclosed)?;
            push_literal(&mut parts, literal);
            parts.push(Part::Variable(name.trim().to_owned()));
            rest = after;
        }
        push_literal(&mut parts, rest);
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }

    /// The text, if no variable is in it.
    pub fn literal(&self) -> Option<&str> {
        self.variables().next().is_none().then_some(&self.text)
    }

    /// The names of the variables in it.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Variable(name) => Some(name.as_str()),
        })
    }

    /// The text with the values that `value` gives. A secret if one of them is.
    pub fn render<'v>(
        &self,
        value: impl Fn(&str) -> Option<&'v VariableValue>,
    ) -> Result<VariableValue, TemplateError> {
        let mut rendered = VariableValue::default();
        for part in &self.parts {
            match part {
                Part::Literal(text) => rendered.append(&VariableValue::public(text)),
                Part::Variable(name) => {
                    let missing = || TemplateError::NoValue(name.clone());
                    rendered.append(value(name).ok_or_else(missing)?);
                }
            }
        }
        Ok(rendered)
    }
}

fn push_literal(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Literal(text.to_owned()));
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl FromValue for Template {
    fn from_value(value: Value<'_>) -> Option<Self> {
        value.parse(
            "a string, with `{{ name }}` for the value of a variable",
            Self::parse,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_and_a_secret_makes_the_whole_secret() {
        let key = VariableValue::secret("hush");
        let host = VariableValue::public("example.com");
        let value = |name: &str| {
            [("key", &key), ("host", &host)]
                .into_iter()
                .find(|v| v.0 == name)
        };
        let render = |text: &str| {
            let template = Template::parse(text).unwrap();
            template.render(|name| value(name).map(|(_, value)| value))
        };
        let url = render("https://{{ host }}/?k={{key}}").unwrap();
        assert_eq!(
            (url.expose(), url.is_secret()),
            ("https://example.com/?k=hush", true)
        );
        assert!(!render("{{ host }}").unwrap().is_secret());
        assert_eq!(
            render("{{ port }}"),
            Err(TemplateError::NoValue("port".to_owned()))
        );
    }

    #[test]
    fn only_texts_without_variables_are_literal() {
        assert_eq!(Template::parse("a}}b").unwrap().literal(), Some("a}}b"));
        assert_eq!(Template::parse("").unwrap().literal(), Some(""));
        assert_eq!(Template::parse("{{a}}").unwrap().literal(), None);
        assert_eq!(
            Template::parse("{{ a }} {{ b"),
            Err(TemplateError::Unclosed)
        );
    }
}

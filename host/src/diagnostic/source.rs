//! Where a value was written, kept beside the value so that later steps can point at it.

use super::redact;
use serde::{Serialize, Serializer};
use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// A text and the name under which problems refer to it, such as `spin.toml`. Cheap to clone.
#[derive(Clone)]
pub struct Source(Arc<Text>);

struct Text {
    name: String,
    content: String,
    /// The content as it may be shown: as long, byte for byte.
    shown: String,
}

impl Source {
    /// The text of the file that is called `name`.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let content = text.into();
        Self(Arc::new(Text {
            name: name.into(),
            shown: redact::credentials(&content),
            content,
        }))
    }

    /// The same without the values at these ranges of bytes, wherever it is shown.
    pub(super) fn hiding(&self, ranges: &[Range<usize>]) -> Self {
        Self(Arc::new(Text {
            name: self.0.name.clone(),
            shown: redact::values(self.shown(), ranges),
            content: self.0.content.clone(),
        }))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.0.content
    }

    /// Its text as it may be shown: without the passwords of addresses, and values that were hidden.
    pub(super) fn shown(&self) -> &str {
        &self.0.shown
    }

    /// The text between two offsets in bytes.
    pub fn location(&self, range: Range<usize>) -> Location {
        Location {
            source: self.clone(),
            range,
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text may hold secrets.
        f.debug_tuple("Source").field(&self.name()).finish()
    }
}

/// A part of a source. Shown as `spin.toml:3`.
#[derive(Clone)]
pub struct Location {
    source: Source,
    range: Range<usize>,
}

impl Location {
    /// What it is a part of.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Its line, counted from 1.
    pub fn line(&self) -> usize {
        let before = self
            .source
            .text()
            .get(..self.range.start)
            .unwrap_or_default();
        before.matches('\n').count() + 1
    }

    /// Its first character in that line, counted from 1.
    pub fn column(&self) -> usize {
        let before = self
            .source
            .text()
            .get(..self.range.start)
            .unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        line.chars().count() + 1
    }

    /// What stands there.
    pub(super) fn text(&self) -> &str {
        let text = self.source.text().get(self.range.clone());
        text.unwrap_or_default()
    }

    pub(super) fn start(&self) -> usize {
        self.range.start
    }

    /// What is pointed at: the part of it that stands on its first line. Of a place between two
    /// characters it is the one before.
    pub(super) fn shown(&self) -> Range<usize> {
        let (text, start) = (self.source.text(), self.range.start);
        let line = text
            .get(self.range.clone())
            .and_then(|text| text.lines().next());
        match line.unwrap_or_default() {
            "" => {
                let before = text
                    .get(..start)
                    .and_then(|before| before.chars().next_back());
                start - before.filter(|c| *c != '\n').map_or(0, char::len_utf8)..start
            }
            line => start..start + line.len(),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source.name(), self.line())
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A value and where it was written. Equal to another if the values are.
#[derive(Clone)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub location: Location,
}

impl<T> Located<T> {
    /// The value that was written at `location`.
    pub fn new(value: T, location: Location) -> Self {
        Self { value, location }
    }
}

impl<T> Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Located<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: PartialEq> PartialEq for Located<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Located<T> {}

impl<T: Serialize> Serialize for Located<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_knows_its_line_and_hides_the_text() {
        let source = Source::new("x.toml", "a = 1\nkey = \"s3cret\"\n");
        let location = source.location(12..20);
        assert_eq!(location.to_string(), "x.toml:2");
        let located = Located::new(5, location);
        assert!(!format!("{located:?} {:?}", located.location.source()).contains("s3cret"));
    }

    #[test]
    fn only_the_first_line_of_a_long_text_is_pointed_at() {
        let source = Source::new("x.toml", "a = [\n1,\n]\n");
        assert_eq!(source.location(4..10).shown(), 4..5);
    }

    #[test]
    fn the_end_of_a_line_is_pointed_at_by_its_last_character() {
        let source = Source::new("x.toml", "a = é\n\n");
        assert_eq!(source.location(6..6).shown(), 4..6);
        assert_eq!(source.location(7..7).shown(), 7..7);
    }
}

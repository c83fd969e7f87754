//! What is wrong with a file that a person wrote, and how it is shown.
//!
//! A [`Problem`] says what is wrong, points at the text, and where it can names the nearest fix.
//! [`Problems`] is all of them at once: who mistypes three keys should not have to start the host
//! three times to hear of them. [`document`] reads TOML in that spirit.
//!
//! Only the lines that a problem points at are shown, and of a text that goes on over several
//! lines only the first: the lines around may hold secrets, and the output ends up in logs. Of
//! those lines themselves what may be a secret is hidden, and so it is in what is said about them.

pub mod document;
#[cfg(test)]
pub(crate) mod golden;
pub mod nearest;
mod redact;
mod render;
mod source;

pub use render::{Rendered, Style};
pub use source::{Located, Location, Source};

use std::error::Error;
use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Problem {
    message: String,
    labels: Vec<Label>,
    help: Option<String>,
}

/// A text that a problem points at, with what there is to say about it.
#[derive(Clone, Debug)]
struct Label {
    location: Location,
    text: String,
}

impl Problem {
    /// A problem that points nowhere yet. `message` is a phrase without a full stop.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: redact::credentials(&message.into()),
            labels: Vec::new(),
            help: None,
        }
    }

    /// Points at `location` and says `text` there. The first location is the problem's own; those
    /// in another source are not shown.
    #[must_use]
    pub fn at(mut self, location: &Location, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            location: location.clone(),
            text: redact::credentials(&text.into()),
        });
        self
    }

    /// Says how to fix it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(redact::credentials(&help.into()));
        self
    }

    /// Proposes the one of `valid` that is most like `name`; if none is like it, names them all.
    #[must_use]
    pub fn suggest<'v>(self, name: &str, valid: impl IntoIterator<Item = &'v str>) -> Self {
        match nearest::suggestion(name, valid) {
            Some(suggestion) => self.help(suggestion),
            None => self,
        }
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where it is wrong.
    pub fn location(&self) -> Option<&Location> {
        self.labels.first().map(|label| &label.location)
    }
}

/// Everything that is wrong. Shown by [`Display`](fmt::Display) in plain text.
#[derive(Clone, Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds a problem.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether all is well.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problems in the order in which they are shown.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// `value` if all is well.
    pub fn none_or<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }

    /// Both values, or the problems of both.
    pub fn both<A, B>(a: Result<A, Self>, b: Result<B, Self>) -> Result<(A, B), Self> {
        match (a, b) {
            (Ok(a), Ok(b)) => Ok((a, b)),
            (a, b) => Err(a.err().into_iter().chain(b.err()).flatten().collect()),
        }
    }

    /// The problems as they are to be shown.
    pub fn rendered(&self, style: Style) -> Rendered<'_> {
        Rendered::new(self, style)
    }

    /// Messages and positions only, a line each, for who may read neither file.
    pub fn in_short(&self) -> String {
        let one = |problem: &Problem| match problem.location() {
            Some(location) => format!("{location}: {}", problem.message),
            None => problem.message.clone(),
        };
        self.0.iter().map(one).collect::<Vec<_>>().join("\n")
    }

    /// Sorts the problems of one source by where they are.
    fn sort(&mut self) {
        self.0
            .sort_by_key(|problem| problem.location().map(Location::start));
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rendered(Style::Plain).fmt(f)
    }
}

impl Error for Problems {}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl Extend<Problem> for Problems {
    fn extend<T: IntoIterator<Item = Problem>>(&mut self, problems: T) {
        self.0.extend(problems);
    }
}

impl FromIterator<Problem> for Problems {
    fn from_iter<T: IntoIterator<Item = Problem>>(problems: T) -> Self {
        Self(problems.into_iter().collect())
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_short_there_are_messages_and_positions_and_no_text() {
        let source = Source::new("x.toml", "a = 1\nkey = \"hush\"\n");
        let mut problems = Problems::from(Problem::new("wrong").at(&source.location(6..9), "here"));
        problems.push(Problem::new("nowhere").help("do it"));
        assert_eq!(problems.in_short(), "x.toml:2: wrong\nnowhere");
    }

    #[test]
    fn what_is_said_holds_no_password_of_an_address() {
        let source = Source::new("x.toml", "a = 1\n");
        let address = "`redis://u:hush@cache` is not here";
        let problem = Problem::new(address).at(&source.location(0..1), address);
        let problems = Problems::from(problem.help(address));
        for shown in [problems.to_string(), problems.in_short()] {
            assert!(shown.contains("redis://******@cache"), "{shown}");
            assert!(!shown.contains("hush"), "{shown}");
        }
    }

    #[test]
    fn the_problems_of_two_files_are_shown_together() {
        let problem = |file: &str| {
            let source = Source::new(file, "a = 1\n");
            Problems::from(Problem::new("wrong").at(&source.location(0..1), "here"))
        };
        let both: Result<((), ()), _> =
            Problems::both(Err(problem("spin.toml")), Err(problem("weir.toml")));
        let shown = both.unwrap_err().to_string();
        assert!(
            shown.ends_with("2 problems in spin.toml and weir.toml"),
            "{shown}"
        );
        assert!(Problems::both(Ok(1), Ok(2)).is_ok_and(|both| both == (1, 2)));
        assert!(Problems::both::<(), _>(Err(problem("spin.toml")), Ok(2)).is_err());
    }
}

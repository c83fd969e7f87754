//! Problems as a person reads them: message, file and line, the offending text, the fix.

use super::{Problem, Problems, Source};
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError};
use miette::{MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use std::collections::BTreeSet;
use std::fmt;
use std::io::IsTerminal;

/// What the renderer asks a [`Source`] for when it wants lines to show. For the position of a span
/// it asks for no lines around it.
const WHOLE_LINES: usize = 1;

/// How problems are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// ASCII without colours: for logs, files and tests.
    #[default]
    Plain,
    /// Colours and line-drawing characters.
    Terminal,
}

impl Style {
    /// What suits `output`. Plain too if `NO_COLOR` is set.
    pub fn of(output: &impl IsTerminal) -> Self {
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if output.is_terminal() && !no_colour {
            Self::Terminal
        } else {
            Self::Plain
        }
    }

    fn handler(self) -> GraphicalReportHandler {
        let theme = match self {
            Self::Plain => GraphicalTheme::none(),
            Self::Terminal => GraphicalTheme::unicode(),
        };
        GraphicalReportHandler::new_themed(theme)
            .with_wrap_lines(false)
            .with_context_lines(WHOLE_LINES)
            .without_syntax_highlighting()
    }
}

/// Problems with the style in which they are shown.
#[derive(Debug)]
pub struct Rendered<'p> {
    problems: &'p Problems,
    style: Style,
}

impl<'p> Rendered<'p> {
    pub(super) fn new(problems: &'p Problems, style: Style) -> Self {
        Self { problems, style }
    }
}

impl fmt::Display for Rendered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let handler = self.style.handler();
        for problem in self.problems.iter() {
            handler.render_report(f, &Report(problem))?;
            writeln!(f)?;
        }
        write!(f, "{}", summary(self.problems))
    }
}

/// Such as `2 problems in spin.toml and weir.toml`.
fn summary(problems: &Problems) -> String {
    let names: BTreeSet<_> = problems
        .iter()
        .filter_map(|problem| Some(problem.location()?.source().name()))
        .collect();
    let count = match problems.len() {
        1 => "1 problem".to_owned(),
        count => format!("{count} problems"),
    };
    match names.is_empty() {
        true => count,
        false => format!("{count} in {}", Vec::from_iter(names).join(" and ")),
    }
}

/// A problem in miette's terms.
#[derive(Debug)]
struct Report<'p>(&'p Problem);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Report<'_> {}

impl Diagnostic for Report<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0
            .help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0
            .location()
            .map(|location| location.source() as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let source = self.0.location()?.source().name();
        let shown = move |label: &&super::Label| label.location.source().name() == source;
        let labels = self
            .0
            .labels
            .iter()
            .filter(shown)
            .enumerate()
            .map(|(index, label)| {
                let span = label.location.shown();
                let text = (!label.text.is_empty()).then(|| label.text.clone());
                match index {
                    0 => LabeledSpan::new_primary_with_span(text, span),
                    _ => LabeledSpan::new_with_span(text, span),
                }
            });
        Some(Box::new(labels))
    }
}

/// Gives the lines of a span and none around it. miette's own sources give only the span itself
/// where no lines around it are wanted, and join spans that are far apart.
impl SourceCode for Source {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        _lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (first, last) = (span.offset(), span.offset() + span.len());
        let before = self.text().get(..first).ok_or(MietteError::OutOfBounds)?;
        let after = self.text().get(last..).ok_or(MietteError::OutOfBounds)?;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let end = last + after.find('\n').unwrap_or(after.len());
        let lines = self
            .shown()
            .get(start..end)
            .ok_or(MietteError::OutOfBounds)?;
        let column = match lines_before {
            WHOLE_LINES => 0,
            _ => before.get(start..).unwrap_or_default().chars().count(),
        };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name().to_owned(),
            lines.as_bytes(),
            (start, lines.len()).into(),
            before.matches('\n').count(),
            column,
            lines.lines().count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems() -> Problems {
        let source = Source::new("x.toml", "password = \"hush\"\ntimeot = \"30s\"\n");
        let key = source.location(18..24);
        Problems::from(
            Problem::new("unknown key")
                .at(&key, "here")
                .suggest("timeot", ["timeout"]),
        )
    }

    #[test]
    fn shows_file_line_text_and_fix_but_no_other_line() {
        let shown = problems().to_string();
        for part in [
            "unknown key",
            "x.toml:2:1",
            "timeot = \"30s\"",
            "did you mean `timeout`?",
        ] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
        assert!(shown.ends_with("1 problem in x.toml"), "{shown}");
        assert!(shown.is_ascii() && !shown.contains("hush"), "{shown}");
    }

    #[test]
    fn lines_between_two_places_are_not_shown() {
        let source = Source::new("x.toml", "a = 1\npassword = \"hush\"\n\n  a = 2\n");
        let problem = Problem::new("twice")
            .at(&source.location(27..28), "second")
            .at(&source.location(0..1), "first");
        let shown = Problems::from(problem).to_string();
        assert!(
            shown.contains("[x.toml:1:1]") && shown.contains("[x.toml:4:3]"),
            "{shown}"
        );
        assert!(!shown.contains("hush"), "{shown}");
    }

    #[test]
    fn a_terminal_gets_colours() {
        let shown = problems().rendered(Style::Terminal).to_string();
        assert!(shown.contains("\u{1b}["), "{shown}");
    }
}

//! `weir logs`: reads a component's log directory back, also where there is no shell.

use super::options::{APP, FileOptions, StateOptions};
use crate::app::definition::Definition;
use crate::capability::log_directory::reader::Reader;
use crate::diagnostic::{Problem, Problems};
use crate::error::Error;
use clap::Args;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What `weir logs` is told.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Options {
    #[command(flatten)]
    files: FileOptions,

    #[command(flatten)]
    state: StateOptions,

    /// Show so many lines, the newest
    #[arg(long, short = 'n', value_name = "N")]
    last: Option<usize>,

    /// The component
    #[arg(value_name = "COMPONENT")]
    component: String,

    /// The named log [default: the entries, each line with the entry's name]
    #[arg(value_name = "NAME")]
    log: Option<String>,
}

const AFTER_HELP: &str = "\
A component writes entries, each a file of its own, and named logs, to which it appends lines:

  weir logs backend-api                 every entry, the oldest first
  weir logs health-check health_check   the named log, rotated files included

With --log-directory (or WEIR_LOG_DIRECTORY) no manifest is read, so this also works on a copy.";

/// Shows them.
pub(super) fn run(options: &Options) -> Result<ExitCode, Error> {
    let root = root(options)?;
    let reader = Reader::open(&root, &options.component)
        .map_err(|error| no_directory(&root, &options.component, &error))?;
    let lines = match &options.log {
        Some(log) => named(&reader, log)?,
        None => entries(&reader).map_err(unreadable)?,
    };
    let skipped = options
        .last
        .map_or(0, |last| lines.len().saturating_sub(last));
    let mut output = io::stdout().lock();
    for line in lines.iter().skip(skipped) {
        match output
            .write_all(line)
            .and_then(|()| output.write_all(b"\n"))
        {
            // Whoever reads has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
            written => written.map_err(unreadable)?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The folder of all log directories.
fn root(options: &Options) -> Result<PathBuf, Problems> {
    if let Some(root) = options.state.log_directory() {
        return Ok(root.to_owned());
    }
    let mut wanted = options.files.wanted(APP);
    options.state.add(&mut wanted.flags);
    let definition = Definition::read_without_values(&wanted)?;
    Ok(definition.directories.log)
}

type Lines = VecDeque<Vec<u8>>;

fn named(reader: &Reader, log: &str) -> Result<Lines, Error> {
    let files = reader.files(log);
    if files.is_empty() {
        let problem = Problem::new(format!("there is no named log `{log}`"));
        return Err(Problems::from(problem.suggest(log, reader.logs())).into());
    }
    let mut lines = Lines::new();
    for file in files {
        let content = reader.read(&file).map_err(unreadable)?;
        lines.extend(split(&content).map(<[u8]>::to_vec));
    }
    Ok(lines)
}

fn entries(reader: &Reader) -> io::Result<Lines> {
    let mut lines = Lines::new();
    for entry in reader.entries() {
        let content = reader.read(entry)?;
        lines.extend(split(&content).map(|line| [entry.as_bytes(), b": ", line].concat()));
    }
    Ok(lines)
}

/// The lines of a file, whether or not the last one is ended.
fn split(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    let lines = content.split(|byte| *byte == b'\n');
    lines.filter(move |_| !content.is_empty())
}

fn no_directory(root: &Path, component: &str, error: &io::Error) -> Problems {
    let folder = root.join(component);
    let known = Reader::components(root);
    Problem::new(format!("{} cannot be read: {error}", folder.display()))
        .suggest(component, known.iter().map(String::as_str))
        .into()
}

fn unreadable(source: io::Error) -> Error {
    Error::System {
        what: "the logs cannot be shown",
        source,
    }
}

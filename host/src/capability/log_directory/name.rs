//! The names of files in a log directory.
//!
//! An entry is `log_<seconds>.<nanoseconds>_<host>-<n>.txt`. Within a process the time in it is
//! strictly increasing, whatever the clock does, so names sort in the order in which they were
//! given. The host keeps replicas apart that share the folder; two that have the same name are kept
//! apart when the entry is published, which never replaces a file.

use super::LogError;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Longest name of a named log.
const MAX_NAME: usize = 64;
/// Longest part of a host's name that is used.
const MAX_HOST: usize = 63;

/// Gives names to entries.
#[derive(Debug)]
pub(super) struct EntryNames {
    host: String,
    last: Mutex<Duration>,
    count: AtomicU64,
}

impl EntryNames {
    /// Names that carry `host`.
    pub(super) fn new(host: &str) -> Self {
        Self {
            host: sanitize(host),
            last: Mutex::default(),
            count: AtomicU64::new(0),
        }
    }

    /// The host as it stands in names.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// The next name.
    pub(super) fn next(&self) -> String {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = now.max(*last + Duration::from_nanos(1));
        let n = self.count.fetch_add(1, Relaxed) + 1;
        format!(
            "log_{}.{:09}_{}-{n}.txt",
            last.as_secs(),
            last.subsec_nanos(),
            self.host
        )
    }
}

/// Whether a file is an entry.
pub(super) fn is_entry(name: &str) -> bool {
    name.starts_with("log_") && name.ends_with(".txt")
}

/// When an entry was written, since 1970, as its name says. One whose name says nothing, which
/// somebody else put there, is newer than all others. `None` if it is no entry.
pub(super) fn written(file: &str) -> Option<Duration> {
    if !is_entry(file) {
        return None;
    }
    let time = || {
        let (seconds, rest) = file.strip_prefix("log_")?.split_once('.')?;
        let (nanoseconds, _) = rest.split_once('_')?;
        let nanoseconds = nanoseconds.parse().ok().filter(|n| *n < 1_000_000_000)?;
        Some(Duration::new(seconds.parse().ok()?, nanoseconds))
    };
    Some(time().unwrap_or(Duration::MAX))
}

/// How often a file of a named log was rotated; `None` if it was not, or is no such file.
pub(super) fn rotations(file: &str) -> Option<u32> {
    let (log, rotations) = file.rsplit_once('.')?;
    let is_number = rotations.chars().all(|c| c.is_ascii_digit());
    let rotations = rotations.parse().ok().filter(|_| is_number);
    rotations.filter(|_| log.ends_with(".log"))
}

/// Host names may have letters of any case, dots and more; in a file's name only some are kept.
fn sanitize(host: &str) -> String {
    let keep = |c: char| {
        if c.is_ascii_alphanumeric() || c == '.' {
            c
        } else {
            '-'
        }
    };
    let kept: String = host.chars().take(MAX_HOST).map(keep).collect();
    if kept.is_empty() { "host".into() } else { kept }
}

/// The file of the log that a guest calls `name`.
pub(super) fn log_file(name: &str) -> Result<String, LogError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if name.is_empty() {
        return Err(LogError::InvalidName("a log's name cannot be empty".into()));
    }
    if name.len() > MAX_NAME {
        return Err(LogError::InvalidName(format!(
            "a log's name has at most {MAX_NAME} characters"
        )));
    }
    match name.chars().find(|c| !allowed(*c)) {
        Some(c) => Err(LogError::InvalidName(format!(
            "{c:?} is not allowed in a log's name; a to z, 0 to 9, `_` and `-` are"
        ))),
        None => Ok(format!("{name}.log")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_process_sort_in_the_order_in_which_they_were_given() {
        let names = EntryNames::new("web_1.example");
        let given: Vec<_> = (0..10_000).map(|_| names.next()).collect();
        assert!(given.is_sorted_by(|one, other| one < other));
        assert!(
            given
                .iter()
                .all(|name| is_entry(name) && name.contains("_web-1.example-"))
        );
    }

    #[test]
    fn a_name_says_how_old_an_entry_is_and_how_often_a_log_was_rotated() {
        assert_eq!(
            written("log_12.000000034_host-1.txt"),
            Some(Duration::new(12, 34))
        );
        for foreign in ["log_x.txt", "log_1.4000000000_a-1.txt"] {
            assert_eq!(written(foreign), Some(Duration::MAX), "{foreign}");
        }
        assert_eq!((written("a.log"), written("a.log.1")), (None, None));
        assert_eq!(rotations("a.log.12"), Some(12));
        for other in ["a.log", "a.log.x", "a.log.+1", "a.txt.1", "log_1.5_a-1.txt"] {
            assert_eq!(rotations(other), None, "{other}");
        }
    }

    #[test]
    fn a_log_is_named_by_lower_case_letters_digits_underscores_and_dashes() {
        assert_eq!(log_file("health_check").unwrap(), "health_check.log");
        let long = "x".repeat(65);
        for name in ["", "Health", "a.b", "a/b", "..", "ä", "a b", &long] {
            assert!(log_file(name).is_err(), "{name}");
        }
    }
}

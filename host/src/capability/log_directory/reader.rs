//! Reads a component's log directory back, while others write to it: `weir logs`.
//!
//! Entries come in the order of their names, which is that of time; of a named log the rotated
//! files come first, the oldest before all. What is removed or rotated while it is read may be
//! missing or come twice; nothing that was acknowledged before and is still there is left out.

use super::name::is_entry;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What stands behind the name of a named log.
const SUFFIX: &str = ".log";

/// A component's log directory, to be read.
#[derive(Debug)]
pub struct Reader {
    folder: PathBuf,
    /// Every name in it.
    names: Vec<String>,
}

impl Reader {
    /// Looks at the directory of `component` below `root`.
    pub fn open(root: &Path, component: &str) -> io::Result<Self> {
        let folder = root.join(component);
        Ok(Self {
            names: names(&folder)?,
            folder,
        })
    }

    /// The components that have a directory below `root`.
    pub fn components(root: &Path) -> Vec<String> {
        names(root).unwrap_or_default()
    }

    /// The named logs.
    pub fn logs(&self) -> impl Iterator<Item = &str> {
        self.names
            .iter()
            .filter_map(|name| name.strip_suffix(SUFFIX))
    }

    /// The entries, the oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &str> {
        self.names
            .iter()
            .map(String::as_str)
            .filter(|name| is_entry(name))
    }

    /// The files of the named log `log`, the oldest first; empty if there is no such log.
    pub fn files(&self, log: &str) -> Vec<String> {
        let current = format!("{log}{SUFFIX}");
        let rotated = format!("{current}.");
        let number = |name: &&String| name.strip_prefix(&rotated)?.parse::<u32>().ok();
        let mut files: Vec<_> = self
            .names
            .iter()
            .filter(|name| **name == current || number(name).is_some())
            .collect();
        files.sort_by_key(|name| std::cmp::Reverse(number(name)));
        files.into_iter().cloned().collect()
    }

    /// The content of one of the files; empty if it was removed meanwhile.
    pub fn read(&self, file: &str) -> io::Result<Vec<u8>> {
        match fs::read(self.folder.join(file)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            content => content,
        }
    }
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.extend(entry?.file_name().into_string().ok());
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_the_order_in_which_they_were_written() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("api");
        fs::create_dir(&folder).unwrap();
        for name in [
            "a.log",
            "a.log.1",
            "a.log.10",
            "a.log.2",
            "ab.log",
            "log_2.000000000_h-1.txt",
            "log_1.000000000_h-1.txt",
            ".a.partial",
        ] {
            fs::write(folder.join(name), name).unwrap();
        }
        let reader = Reader::open(root.path(), "api").unwrap();
        let expected = ["a.log.10", "a.log.2", "a.log.1", "a.log"];
        assert_eq!(reader.files("a"), expected);
        assert_eq!(reader.files("none"), [""; 0]);
        assert_eq!(reader.logs().collect::<Vec<_>>(), ["a", "ab"]);
        let entries: Vec<_> = reader.entries().collect();
        assert_eq!(
            entries,
            ["log_1.000000000_h-1.txt", "log_2.000000000_h-1.txt"]
        );
        assert_eq!(reader.read("a.log").unwrap(), b"a.log");
        assert_eq!(reader.read("gone").unwrap(), b"");
        assert_eq!(Reader::components(root.path()), ["api"]);
    }
}

//! Which files a component may read, and where it sees them.
//!
//! As under Spin: a pattern grants the files that match it and no folder with what lies below; a
//! path without wildcards is a file, or a folder with all files below, and must be there; nothing
//! outside the app's folder is granted. Links are followed, so a link in that folder grants what it
//! leads to. A file that is named twice is there once; the later place wins.
//!
//! What the host writes itself (stores, logs, code, copies) is never granted, though it may lie in
//! the app's folder: a pattern passes over it, and a path that leads there is refused.

use super::FilesError;
use crate::manifest::files::Mount;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// What matches every file below a folder.
const BELOW: &str = "**/*";

/// Where files are selected from.
#[derive(Clone, Debug)]
pub struct Origin {
    base: PathBuf,
    /// Folders of the host, relative to `base`.
    kept: Vec<PathBuf>,
}

impl Origin {
    /// The folder `base`, without those of `kept` that lie in it.
    pub fn new<'p>(base: &Path, kept: impl IntoIterator<Item = &'p Path>) -> Self {
        let kept = kept.into_iter().filter_map(|folder| {
            // One that is not there has nothing in it.
            let folder = folder.canonicalize().ok()?;
            let below = folder.strip_prefix(base.canonicalize().ok()?).ok()?;
            (!below.as_os_str().is_empty()).then(|| below.to_owned())
        });
        Self {
            base: base.to_owned(),
            kept: kept.collect(),
        }
    }

    fn keeps(&self, path: &Path) -> bool {
        self.kept.iter().any(|kept| path.starts_with(kept))
    }

    /// A path in the manifest as one that begins in the base.
    fn inside(&self, path: &str) -> Result<PathBuf, FilesError> {
        let path = Path::new(path);
        normal(path.strip_prefix(&self.base).unwrap_or(path))
    }
}

/// The files that a component may read.
#[derive(Debug, Default)]
pub struct Selection(BTreeMap<PathBuf, PathBuf>);

impl Selection {
    /// The files that `mounts` name and `exclude` does not. Reads folders.
    pub fn of<'m>(
        mounts: impl IntoIterator<Item = &'m Mount>,
        exclude: &[String],
        origin: &Origin,
    ) -> Result<Self, FilesError> {
        let exclude: Vec<_> = exclude
            .iter()
            .map(|text| pattern(text))
            .collect::<Result<_, _>>()?;
        let mut selection = Self::default();
        for mount in mounts {
            let found = match mount {
                Mount::Pattern(text) => matching(text, origin)?,
                Mount::Placement {
                    source,
                    destination,
                } => placed(source, destination, origin)?,
            };
            let granted = found.into_iter().filter(|(_, path)| {
                let is_excluded = exclude.iter().any(|pattern| pattern.matches_path(path));
                !is_excluded && !origin.keeps(path)
            });
            let whole = granted.map(|(seen, path)| (seen, origin.base.join(path)));
            selection.0.extend(whole);
        }
        Ok(selection)
    }

    /// Each file by the path that the component sees, without a root.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &Path)> {
        let files = self.0.iter();
        files.map(|(seen, file)| (seen.as_path(), file.as_path()))
    }
}

/// Paths that a component sees, with those of the files in the app.
type Found = Vec<(PathBuf, PathBuf)>;

fn matching(text: &str, origin: &Origin) -> Result<Found, FilesError> {
    let path = origin.inside(text)?;
    let found = match origin.base.join(&path).exists() {
        true => literal(&path, origin)?,
        false if is_pattern(text) => files(&path.to_string_lossy(), origin)?,
        false => return Err(FilesError::Missing(text.to_owned())),
    };
    Ok(found.into_iter().map(|path| (path.clone(), path)).collect())
}

fn placed(source: &str, destination: &str, origin: &Origin) -> Result<Found, FilesError> {
    let path = origin.inside(source)?;
    if !origin.base.join(&path).exists() {
        return Err(FilesError::Missing(source.to_owned()));
    }
    let destination = normal(Path::new(destination.trim_start_matches('/')))?;
    let seen = |file: PathBuf| match file.strip_prefix(&path) {
        Ok(below) if !below.as_os_str().is_empty() => (destination.join(below), file),
        _ => (destination.clone(), file),
    };
    let files = literal(&path, origin)?;
    Ok(files.into_iter().map(seen).collect())
}

/// A file that is there, or all files below a folder.
fn literal(path: &Path, origin: &Origin) -> Result<Vec<PathBuf>, FilesError> {
    if origin.keeps(path) {
        return Err(FilesError::Kept(path.to_owned()));
    }
    if !origin.base.join(path).is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let folder = glob::Pattern::escape(&path.to_string_lossy());
    match folder.is_empty() {
        true => files(BELOW, origin),
        false => files(&format!("{folder}/{BELOW}"), origin),
    }
}

/// The files that match a pattern, relative to the base.
fn files(text: &str, origin: &Origin) -> Result<Vec<PathBuf>, FilesError> {
    let base = glob::Pattern::escape(&origin.base.to_string_lossy());
    let paths = glob::glob(&format!("{base}/{text}")).map_err(|error| not_one(text, &error))?;
    let mut found = Vec::new();
    for path in paths {
        let path = path.map_err(|error| FilesError::Copy {
            path: error.path().to_owned(),
            source: error.into(),
        })?;
        let outside = |_| FilesError::Outside(path.clone());
        let relative = path.strip_prefix(&origin.base).map_err(outside)?;
        if path.is_file() {
            found.push(relative.to_owned());
        }
    }
    Ok(found)
}

fn pattern(text: &str) -> Result<glob::Pattern, FilesError> {
    glob::Pattern::new(text).map_err(|error| not_one(text, &error))
}

fn not_one(text: &str, error: &glob::PatternError) -> FilesError {
    FilesError::Pattern {
        pattern: text.to_owned(),
        reason: error.msg,
    }
}

fn is_pattern(text: &str) -> bool {
    glob::Pattern::escape(text) != text
}

/// The path without detours, if it leads nowhere above its beginning.
fn normal(path: &Path) -> Result<PathBuf, FilesError> {
    let outside = || FilesError::Outside(path.to_owned());
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => normal.push(name),
            Component::CurDir => {}
            Component::ParentDir if normal.pop() => {}
            _ => return Err(outside()),
        }
    }
    Ok(normal)
}

#[cfg(test)]
mod tests;

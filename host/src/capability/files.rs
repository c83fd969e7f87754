//! A component's files: copied at load into a folder of its own, which it sees as `/`, read-only.
//!
//! A copy, because `files` may name single files by pattern, and only those may be seen; because a
//! component that is being replaced keeps the files it was loaded with; and because nothing beside
//! them can then be reached, by a link or by `..`. [`selection`] says which files they are,
//! [`scratch`] where the copies lie. Cost: the disk space, and a start that takes as long as the
//! copying.

pub mod scratch;
pub mod selection;

use scratch::Scratch;
use selection::Selection;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tracing::warn;

/// Why the files cannot be copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilesError {
    /// A pattern is not one.
    #[error("`{pattern}` is not a pattern of files: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why.
        reason: &'static str,
    },
    /// Neither a file nor a folder, and no pattern either.
    #[error("there is no file `{0}` in the app's folder, and it is no pattern")]
    Missing(String),
    /// A path leads out of where it may lead.
    #[error("`{}` leads out of the app's folder", .0.display())]
    Outside(PathBuf),
    /// It is where the host itself writes.
    #[error("`{}` is where the host keeps files of its own, which no component may read", .0.display())]
    Kept(PathBuf),
    /// A file cannot be read or written.
    #[error("{} cannot be copied: {source}", path.display())]
    Copy {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A folder of copies, which is removed when nobody needs it any more.
#[derive(Debug)]
pub struct Copied {
    folder: PathBuf,
    /// What it lies in, which lasts as long.
    _scratch: Arc<Scratch>,
}

impl Copied {
    /// Where the copies are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            warn!(folder = %self.folder.display(), %error, "copies of files not removed");
        }
    }
}

/// Copies what is selected into a new folder for `component`. Blocks.
pub fn copy(
    selection: &Selection,
    component: &str,
    scratch: &Arc<Scratch>,
) -> Result<Copied, FilesError> {
    let folder = scratch.folder(component)?;
    let copied = Copied {
        folder,
        _scratch: Arc::clone(scratch),
    };
    for (seen, file) in selection.files() {
        copy_one(file, &copied.folder.join(seen)).map_err(|source| FilesError::Copy {
            path: file.to_owned(),
            source,
        })?;
    }
    Ok(copied)
}

fn copy_one(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to.parent().unwrap_or(Path::new("/")))?;
    fs::copy(from, to).map(drop)
}

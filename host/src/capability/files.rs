//! A component's files: copied at load into a folder of its own, which it sees as `/`, read-only.
//!
//! A copy, because `files` may name single files by pattern, and only those may be seen; because a
//! component that is being replaced keeps the files it was loaded with; and because nothing beside
//! them can then be reached, by a link or by `..`. Cost: the disk space, and a start that takes as
//! long as the copying.

use crate::manifest::files::Mount;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
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
    /// A path leads out of where it may lead.
    #[error("{} leads outside", path.display())]
    Outside {
        /// The path.
        path: PathBuf,
    },
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

/// Copies the files that `mounts` name, relative to `base`, into the empty folder `target`.
pub fn copy<'m>(
    mounts: impl IntoIterator<Item = &'m Mount>,
    exclude: &[String],
    base: &Path,
    target: &Path,
) -> Result<Copied, FilesError> {
    let exclude: Vec<_> = exclude
        .iter()
        .map(|text| pattern(text))
        .collect::<Result<_, _>>()?;
    let excluded = |path: &Path| exclude.iter().any(|pattern| pattern.matches_path(path));
    make_empty(target).map_err(|source| FilesError::Copy {
        path: target.to_owned(),
        source,
    })?;
    let copied = Copied {
        folder: target.to_owned(),
    };
    for mount in mounts {
        match mount {
            Mount::Pattern(text) => copy_matching(text, &excluded, base, target)?,
            Mount::Placement {
                source,
                destination,
            } => {
                let destination = inside(Path::new(destination))?;
                copy_tree(
                    &base.join(source),
                    &target.join(destination),
                    base,
                    &excluded,
                )?;
            }
        }
    }
    Ok(copied)
}

fn make_empty(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(folder)
}

fn pattern(text: &str) -> Result<glob::Pattern, FilesError> {
    glob::Pattern::new(text).map_err(|error| FilesError::Pattern {
        pattern: text.to_owned(),
        reason: error.msg,
    })
}

fn copy_matching(
    text: &str,
    excluded: &impl Fn(&Path) -> bool,
    base: &Path,
    target: &Path,
) -> Result<(), FilesError> {
    let whole = format!("{}/{text}", glob::Pattern::escape(&base.to_string_lossy()));
    let paths = glob::glob(&whole).map_err(|error| FilesError::Pattern {
        pattern: text.to_owned(),
        reason: error.msg,
    })?;
    for path in paths {
        let path = path.map_err(|error| FilesError::Copy {
            path: error.path().to_owned(),
            source: error.into(),
        })?;
        let relative = path
            .strip_prefix(base)
            .map_err(|_| FilesError::Outside { path: path.clone() })?;
        copy_tree(&path, &target.join(inside(relative)?), base, excluded)?;
    }
    Ok(())
}

/// Copies a file, or a folder with everything in it.
fn copy_tree(
    from: &Path,
    to: &Path,
    base: &Path,
    excluded: &impl Fn(&Path) -> bool,
) -> Result<(), FilesError> {
    let failed = |source| FilesError::Copy {
        path: from.to_owned(),
        source,
    };
    if excluded(from.strip_prefix(base).unwrap_or(from)) {
        return Ok(());
    }
    if fs::metadata(from).map_err(failed)?.is_dir() {
        fs::create_dir_all(to).map_err(failed)?;
        for entry in fs::read_dir(from).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            copy_tree(&entry.path(), &to.join(entry.file_name()), base, excluded)?;
        }
        return Ok(());
    }
    let parent = to.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(parent)
        .and_then(|()| fs::copy(from, to))
        .map_err(failed)
        .map(drop)
}

/// The path without its root, if it leads nowhere else.
fn inside(path: &Path) -> Result<PathBuf, FilesError> {
    path.components()
        .filter(|part| !matches!(part, Component::RootDir | Component::CurDir))
        .map(|part| match part {
            Component::Normal(name) => Ok(name),
            _ => Err(FilesError::Outside {
                path: path.to_owned(),
            }),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(root: &Path) -> Vec<String> {
        let mut found: Vec<_> = glob::glob(&format!("{}/**/*", root.display()))
            .unwrap()
            .map(Result::unwrap)
            .filter(|path| path.is_file())
            .map(|path| path.strip_prefix(root).unwrap().display().to_string())
            .collect();
        found.sort();
        found
    }

    fn copied(mounts: &[Mount], exclude: &[&str]) -> Result<Vec<String>, FilesError> {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().join("app");
        for file in [
            "a.txt",
            "b.md",
            "web/index.html",
            "web/js/x.js",
            "secret/key",
        ] {
            let path = base.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        let exclude: Vec<_> = exclude.iter().map(|text| (*text).to_owned()).collect();
        let _copied = copy(mounts, &exclude, &base, &folder.path().join("files"))?;
        Ok(tree(&folder.path().join("files")))
    }

    #[test]
    fn patterns_keep_their_paths_and_places_get_others() {
        let place = Mount::Placement {
            source: "web".into(),
            destination: "/static".into(),
        };
        let mounts = [Mount::Pattern("*.txt".into()), place];
        assert_eq!(
            copied(&mounts, &[]).unwrap(),
            ["a.txt", "static/index.html", "static/js/x.js"]
        );
        let all = [Mount::Pattern("**/*".into())];
        assert_eq!(
            copied(&all, &["secret/*", "*.md"]).unwrap(),
            ["a.txt", "web/index.html", "web/js/x.js"]
        );
    }

    #[test]
    fn what_leads_outside_or_is_missing_is_refused() {
        let place = |source: &str, destination: &str| {
            copied(
                &[Mount::Placement {
                    source: source.into(),
                    destination: destination.into(),
                }],
                &[],
            )
        };
        assert!(matches!(
            place("web", "/../x"),
            Err(FilesError::Outside { .. })
        ));
        assert!(matches!(
            place("missing", "/x"),
            Err(FilesError::Copy { .. })
        ));
        let outside = copied(&[Mount::Pattern("../*".into())], &[]);
        assert!(
            matches!(outside, Err(FilesError::Outside { .. }) | Ok(_)),
            "{outside:?}"
        );
    }
}

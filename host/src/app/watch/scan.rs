//! What the watched files were like at one moment.

use crate::app::definition::Definition;
use crate::deploy::{build, compose, fingerprint};
use crate::manifest::component::Component;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

type Files = BTreeMap<PathBuf, Option<(u64, u64, i64, i64)>>;

/// The versions of all watched files.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::app) struct Scan {
    /// What a reload reads: manifest, configuration, code, files of components.
    artefacts: Files,
    /// What builds read, by component.
    sources: BTreeMap<String, Files>,
    /// The folders that the files lie in, and for links those that they lead to.
    folders: BTreeSet<PathBuf>,
}

impl Scan {
    /// Looks at the files of an app on a thread that may block; at what builds read only if
    /// `sources`.
    pub(in crate::app) async fn take(definition: &Arc<Definition>, sources: bool) -> Self {
        let definition = Arc::clone(definition);
        let taken = tokio::task::spawn_blocking(move || Self::of(&definition, sources));
        taken.await.unwrap_or_default()
    }

    /// Looks at the files; blocks.
    pub(in crate::app) fn of(definition: &Definition, sources: bool) -> Self {
        let app = &definition.app;
        let mut artefacts = definition.files.clone();
        let mut read = BTreeMap::new();
        for (id, component) in definition.components() {
            artefacts.extend(component.source.path().map(|path| app.join(path)));
            let settings = definition.settings(id, component);
            let plan = definition.plan(id, component, &settings);
            artefacts.extend(compose::composed(&plan).filter_map(|one| compose::file(&plan, one)));
            artefacts.extend(fingerprint::files(&plan));
        }
        // A component without a trigger may be a dependency, which is built as well.
        let built = definition.manifest.components.iter().filter(|_| sources);
        for (id, component) in built {
            read.insert(id.to_string(), versions(inputs(component, app)));
        }
        let artefacts = versions(artefacts);
        let files = artefacts.keys();
        let folders = folders(files.chain(read.values().flat_map(BTreeMap::keys)));
        Self {
            artefacts,
            sources: read,
            folders,
        }
    }

    /// How many files there are.
    pub(super) fn len(&self) -> usize {
        self.artefacts.len() + self.sources.values().map(BTreeMap::len).sum::<usize>()
    }

    /// Whether a reload would read something else than `before`.
    pub(super) fn artefacts_differ(&self, before: &Self) -> bool {
        self.artefacts != before.artefacts
    }

    /// The components whose builds would read something else than `before`.
    pub(super) fn edited(&self, before: &Self) -> Vec<String> {
        let edited = self.sources.iter().filter(|(id, files)| {
            let known = before.sources.get(*id);
            known.is_some_and(|known| known != *files)
        });
        edited.map(|(id, _)| id.clone()).collect()
    }

    /// The folders that the files lie in, and for links those that they lead to.
    pub(super) fn folders(&self) -> &BTreeSet<PathBuf> {
        &self.folders
    }
}

fn folders<'a>(files: impl Iterator<Item = &'a PathBuf>) -> BTreeSet<PathBuf> {
    files
        .flat_map(|file| [Some(file.clone()), file.canonicalize().ok()])
        .flatten()
        .filter_map(|file| file.parent().map(existing))
        .collect()
}

/// The folder itself, or the nearest above it that exists.
fn existing(folder: &Path) -> PathBuf {
    match folder.ancestors().find(|folder| folder.is_dir()) {
        Some(folder) => folder.to_owned(),
        None => PathBuf::from("."),
    }
}

/// The files that match a component's `build.watch`.
fn inputs(component: &Component, app: &Path) -> Vec<PathBuf> {
    let Some(build) = &component.build else {
        return Vec::new();
    };
    let folder = build::folder(build, app);
    let base = glob::Pattern::escape(&folder.to_string_lossy());
    let patterns = build.watch.iter().flat_map(|pattern| braces(pattern));
    patterns
        .filter_map(|pattern| glob::glob(&format!("{base}/{pattern}")).ok())
        .flat_map(|paths| paths.flatten())
        .filter(|path| path.is_file())
        .collect()
}

/// The patterns that one with `{a,b}` stands for, as Spin understands it.
fn braces(pattern: &str) -> Vec<String> {
    let parts = pattern.split_once('{').and_then(|(before, rest)| {
        let (choices, after) = rest.split_once('}')?;
        Some((before, choices, after))
    });
    match parts {
        None => vec![pattern.to_owned()],
        Some((before, choices, after)) => choices
            .split(',')
            .flat_map(|choice| braces(&format!("{before}{choice}{after}")))
            .collect(),
    }
}

fn versions(files: Vec<PathBuf>) -> Files {
    let version = |file: PathBuf| {
        let version = fingerprint::version(&file);
        (file, version)
    };
    files.into_iter().map(version).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_stand_for_each_of_their_choices() {
        assert_eq!(braces("src/*.rs"), ["src/*.rs"]);
        assert_eq!(
            braces("../{a,b}/*.{c,d}"),
            ["../a/*.c", "../a/*.d", "../b/*.c", "../b/*.d"]
        );
    }
}

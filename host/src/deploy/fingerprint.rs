//! What a generation was made from, in short: equal for two loads of a component that would be the
//! same.
//!
//! A reload compares fingerprints, so that a component of which nothing changed keeps its
//! generation, its instances and their state. Code counts by its bytes; files, of which there may
//! be many, by name, size and time.

use super::compose;
use super::prepare::Plan;
use crate::config::limits::Limits;
use crate::engine::compile_cache::Digest;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The fingerprints of components, by id.
pub type Fingerprints = HashMap<String, String>;

/// The fingerprint of what `plan` and `limits` would make. Reads the code and looks at the files.
pub fn of(plan: &Plan<'_>, limits: &Limits) -> String {
    let mut text = String::new();
    // What cannot be serialised or read is told apart by its error; loading says more.
    let _ = write!(
        text,
        "{:?}\n{:?}\n{:?}\n",
        serde_json::to_string(plan.component).map_err(|error| error.to_string()),
        serde_json::to_string(plan.settings).map_err(|error| error.to_string()),
        (limits.queue_length, limits.queue_timeout),
    );
    let values = plan.resolver.variables(plan.component).unwrap_or_default();
    for (name, value) in &values {
        // It is hashed below and never shown.
        let _ = writeln!(text, "{name}={}", value.expose());
    }
    let _ = writeln!(text, "{:?}", plan.resolver.hosts(plan.component).ok());
    // Of code that is fetched the digest is a part of the component.
    let own = plan.component.source.path().map(|path| plan.app.join(path));
    let dependencies = compose::composed(plan).filter_map(|one| compose::file(plan, one));
    for file in own.into_iter().chain(dependencies) {
        let digest = fs::read(file).map(|bytes| Digest::of(&bytes).to_string());
        let _ = writeln!(text, "{:?}", digest.map_err(|error| error.kind()));
    }
    for file in files(plan) {
        let _ = writeln!(text, "{} {:?}", file.display(), version(&file));
    }
    Digest::of(text.as_bytes()).to_string()
}

/// Every file that the component may read; none where what it names cannot be granted.
pub fn files(plan: &Plan<'_>) -> Vec<PathBuf> {
    let selection = plan.files().unwrap_or_default();
    let files = selection.files();
    files.map(|(_, file)| file.to_owned()).collect()
}

/// What changes when a file does: which it is, its size, and when it was written. Follows links,
/// so a link that is moved is a change.
pub fn version(path: &Path) -> Option<(u64, u64, i64, i64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((
        metadata.ino(),
        metadata.len(),
        metadata.mtime(),
        metadata.mtime_nsec(),
    ))
}

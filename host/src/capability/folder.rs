//! Makes folders whose names are durable.
//!
//! What is synced in a new folder is lost with the folder if the folder's own name was not synced,
//! so each one that is made is followed by a sync of the one above it.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// Makes the folder and those above it, as far as they are not there, with these permissions.
pub(crate) fn create(path: &Path, mode: u32) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    let above = path.parent().unwrap_or(Path::new(""));
    create(above, mode)?;
    match DirBuilder::new().mode(mode).create(path) {
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        made => made?,
    }
    let above = if above.as_os_str().is_empty() {
        Path::new(".")
    } else {
        above
    };
    File::open(above)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn folders_are_made_down_to_the_last_one() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b/c");
        create(&path, 0o700).unwrap();
        create(&path, 0o700).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let file = root.path().join("file");
        File::create(&file).unwrap();
        assert!(create(&file, 0o700).is_err());
    }
}

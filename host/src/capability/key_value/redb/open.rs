//! Opens a store's file: waits for the lock, shows how a repair gets on, and sorts redb's errors.

use super::TABLE;
use crate::capability::folder;
use crate::capability::key_value::store::StoreError;
use redb::{Builder, Database, DatabaseError, ReadableDatabase as _, TableError};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Memory for pages that were read or are to be written, in bytes.
const CACHE: usize = 64 << 20;
/// How often a lock that another process has is asked for again.
const LOCK_INTERVAL: Duration = Duration::from_millis(50);

/// How far the opening of a store has come. Shared with whoever wants to know.
#[derive(Debug, Default)]
pub struct Progress {
    /// 0 to 100 while repairing, above that another state.
    state: AtomicU32,
}

/// What [`Progress`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenState {
    /// Waiting for the lock, or just begun.
    Opening,
    /// Walking the file after a crash; the payload is the percentage done.
    Repairing(u32),
    /// Open.
    Ready,
}

const OPENING: u32 = 0;
const READY: u32 = 1000;

impl Progress {
    /// How far it has come.
    pub fn state(&self) -> OpenState {
        match self.state.load(Relaxed) {
            OPENING => OpenState::Opening,
            READY => OpenState::Ready,
            repairing => OpenState::Repairing(repairing - 1),
        }
    }

    fn repairing(&self, done: f64) {
        self.state
            .store((done.clamp(0.0, 1.0) * 100.0) as u32 + 1, Relaxed);
    }
}

/// Opens a database, once at the start and again after an error that redb does not survive.
pub(super) struct Opener(Box<dyn Fn() -> Result<Database, StoreError> + Send>);

impl Opener {
    /// Opens the file at `path`.
    pub(super) fn file(path: &Path, patience: Duration, progress: Arc<Progress>) -> Self {
        let path = path.to_owned();
        Self(Box::new(move || {
            let file = create(&path).map_err(|error| StoreError::from_io(&error))?;
            let database = wait_for_lock(&path, &file, patience, &progress)?;
            progress.state.store(READY, Relaxed);
            Ok(database)
        }))
    }

    /// Opens whatever `open` gives.
    #[cfg(test)]
    pub(super) fn new(open: impl Fn() -> Result<Database, StoreError> + Send + 'static) -> Self {
        Self(Box::new(open))
    }

    pub(super) fn open(&self) -> Result<Database, StoreError> {
        let database = (self.0)()?;
        make_table(&database).map_err(convert)?;
        Ok(database)
    }
}

/// Readers expect the table. Writes nothing if it is there: a full disk must not keep a store from
/// being opened, and a commit without quick repair would let the next crash cost a walk of the
/// whole file.
fn make_table(database: &Database) -> Result<(), redb::Error> {
    match database.begin_read()?.open_table(TABLE) {
        Ok(_) => return Ok(()),
        Err(TableError::TableDoesNotExist(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    transaction.open_table(TABLE)?;
    Ok(transaction.commit()?)
}

/// Makes the file with its folder, for this user only, and makes its name durable.
fn create(path: &Path) -> io::Result<File> {
    let folder = match path.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        _ => Path::new("."),
    };
    folder::create(folder, 0o700)?;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    File::open(folder)?.sync_all()?;
    Ok(file)
}

fn wait_for_lock(
    path: &Path,
    file: &File,
    patience: Duration,
    progress: &Arc<Progress>,
) -> Result<Database, StoreError> {
    let began = Instant::now();
    loop {
        let file = file
            .try_clone()
            .map_err(|error| StoreError::from_io(&error))?;
        let seen = Arc::clone(progress);
        let opened = builder(move |done| seen.repairing(done)).create_file(file);
        match opened {
            Err(DatabaseError::DatabaseAlreadyOpen) if began.elapsed() < patience => {
                std::thread::sleep(LOCK_INTERVAL);
            }
            Err(DatabaseError::DatabaseAlreadyOpen) => {
                return Err(StoreError::Locked(PathBuf::from(path)));
            }
            other => return other.map_err(|error| convert(error.into())),
        }
    }
}

/// A builder with our settings; `repairing` is told the share done.
pub(super) fn builder(repairing: impl Fn(f64) + 'static) -> Builder {
    let mut builder = Builder::new();
    builder
        .set_cache_size(CACHE)
        .set_repair_callback(move |session| repairing(session.progress()));
    builder
}

/// Sorts redb's errors.
pub(super) fn convert(error: redb::Error) -> StoreError {
    match error {
        redb::Error::Io(error) => StoreError::from_io(&error),
        redb::Error::ValueTooLarge(size) => StoreError::ValueTooLarge(size),
        redb::Error::DatabaseClosed => StoreError::Closed,
        other => StoreError::Io(other.to_string()),
    }
}

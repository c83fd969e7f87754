//! The embedded backend: one redb file for each store, with group commit.
//!
//! Problem: a write is acknowledged after fsync, and an fsync costs about as much for one write as
//! for a hundred. Mechanism: writes go to the store's [`committer`], a thread that puts all that
//! are waiting into one transaction, makes that durable and then answers each. Reads see the last
//! commit and wait for no write; they are done where they are asked for, because what they find is
//! nearly always in memory and a change of thread costs more. A listing, which may read a whole
//! file, goes to a thread of its own.
//!
//! Limits: one process has the file. A key that is read from a cold disk holds up its thread for
//! that long. After a crash redb would walk the whole file; quick repair is on, which writes its
//! allocator's state with each commit instead. That takes a commit of two phases, so each costs two
//! fsyncs and not one; a start that waits for no walk is worth that here, where many writes share
//! them.

mod committer;
mod open;
mod operation;
#[cfg(test)]
mod tests;

pub use committer::Stats;
pub use open::{OpenState, Progress};

use super::store::{MAX_ANSWER, PAGE, Page, StoreError, Swapped};
use arc_swap::ArcSwapOption;
use committer::Committer;
use open::Opener;
use operation::{Operation, Outcome};
use redb::{Database, OwnedAccessGuard, ReadOnlyTable, ReadableDatabase as _, TableDefinition};
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The one table of a store.
const TABLE: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("key-value");

/// A store in a redb file; its clones are the same store.
#[derive(Clone, Debug)]
pub struct RedbStore {
    database: Arc<ArcSwapOption<Database>>,
    committer: Arc<Committer>,
}

impl RedbStore {
    /// Opens the file, making it and its folder if they are not there. Waits for `patience` if
    /// another process has it. Takes long where a file must be repaired, which `progress` shows.
    /// Blocks its thread.
    pub fn open(
        path: &Path,
        patience: Duration,
        progress: Arc<Progress>,
    ) -> Result<Self, StoreError> {
        Self::with(Opener::file(path, patience, progress))
    }

    fn with(opener: Opener) -> Result<Self, StoreError> {
        let database = Arc::new(ArcSwapOption::from_pointee(opener.open()?));
        let committer = Committer::start(Arc::clone(&database), opener)?;
        Ok(Self {
            database,
            committer: Arc::new(committer),
        })
    }

    /// What the store has done so far.
    pub fn stats(&self) -> &Stats {
        self.committer.stats()
    }

    fn table(&self) -> Result<ReadOnlyTable<&'static str, &'static [u8]>, StoreError> {
        let database = self
            .database
            .load_full()
            .ok_or_else(|| self.committer.reopen())?;
        let transaction = database
            .begin_read()
            .map_err(|error| self.failed(error.into()))?;
        transaction
            .open_table(TABLE)
            .map_err(|error| self.failed(error.into()))
    }

    fn read(&self, key: &str) -> Result<Option<OwnedAccessGuard<&'static [u8]>>, StoreError> {
        self.table()?
            .get_owned(key)
            .map_err(|error| self.failed(error.into()))
    }

    /// After a read that failed redb answers no further one, so the database is opened again.
    fn failed(&self, error: redb::Error) -> StoreError {
        match error {
            redb::Error::PreviousIo | redb::Error::DatabaseClosed => self.committer.reopen(),
            redb::Error::Io(_) => {
                self.committer.reopen();
                open::convert(error)
            }
            error => open::convert(error),
        }
    }

    pub(super) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read(key)?.map(|value| value.value().to_vec()))
    }

    /// All values are of one commit.
    pub(super) fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let table = self.table()?;
        let mut room = MAX_ANSWER;
        let get = |key: &String| {
            let read = table.get(key.as_str());
            let Some(value) = read.map_err(|error| self.failed(error.into()))? else {
                return Ok(None);
            };
            // Before it is copied.
            let left = room.checked_sub(value.value().len());
            room = left.ok_or(StoreError::AnswerTooLarge)?;
            Ok(Some(value.value().to_vec()))
        };
        keys.iter().map(get).collect()
    }

    pub(super) fn exists(&self, key: &str) -> Result<bool, StoreError> {
        Ok(self.read(key)?.is_some())
    }

    pub(super) async fn keys(&self, after: Option<String>) -> Result<Page, StoreError> {
        let table = self.table()?;
        let listing = tokio::task::spawn_blocking(move || list(&table, after.as_deref()));
        let listed = listing
            .await
            .map_err(|error| StoreError::Io(error.to_string()))?;
        listed.map_err(|error| self.failed(error))
    }

    pub(super) async fn set_many(&self, pairs: Vec<(String, Vec<u8>)>) -> Result<(), StoreError> {
        self.committer.submit(Operation::Set(pairs)).await.map(drop)
    }

    pub(super) async fn delete_many(&self, keys: Vec<String>) -> Result<(), StoreError> {
        self.committer
            .submit(Operation::Delete(keys))
            .await
            .map(drop)
    }

    pub(super) async fn increment(&self, key: String, delta: i64) -> Result<i64, StoreError> {
        match self
            .committer
            .submit(Operation::Increment { key, delta })
            .await?
        {
            Outcome::Sum(sum) => Ok(sum),
            Outcome::Done | Outcome::Found(_) => Err(StoreError::NotANumber),
        }
    }

    pub(super) async fn swap(
        &self,
        key: String,
        expected: Option<Vec<u8>>,
        value: Vec<u8>,
    ) -> Result<Swapped, StoreError> {
        match self
            .committer
            .submit(Operation::Swap {
                key,
                expected,
                value,
            })
            .await?
        {
            Outcome::Found(found) => Ok(Swapped::Found(found)),
            Outcome::Done | Outcome::Sum(_) => Ok(Swapped::Done),
        }
    }

    pub(super) async fn close(&self) {
        let committer = Arc::clone(&self.committer);
        // It only fails where the runtime is shutting down, and then the thread ends with it.
        let _ = tokio::task::spawn_blocking(move || committer.close()).await;
    }
}

fn list(
    table: &ReadOnlyTable<&'static str, &'static [u8]>,
    after: Option<&str>,
) -> Result<Page, redb::Error> {
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut page = Page::default();
    for entry in table.range::<&str>((start, Bound::Unbounded))? {
        if page.keys.len() == PAGE {
            page.next = page.keys.last().cloned();
            break;
        }
        page.keys.push(entry?.0.value().to_owned());
    }
    Ok(page)
}

//! Group commit: the thread through which all writes of a store go.
//!
//! It takes every write that is waiting, up to a bound, applies them in the order in which they
//! came in one transaction, commits that with one fsync, and only then answers. Under load a
//! commit's duration is what gathers the next batch, so nothing waits on purpose. An operation
//! that fails by itself (a number that is none) leaves the others alone; a commit that fails fails
//! its whole batch, of which nothing is kept. A caller that stops waiting takes nothing back.
//!
//! After an error of the file redb refuses all further work, so the database is opened again.

use super::TABLE;
use super::open::{Opener, convert};
use crate::capability::key_value::store::StoreError;
use arc_swap::ArcSwapOption;
use redb::{Database, Durability, ReadableTable as _, Table, WriteTransaction};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, warn};

/// Most writes of one commit.
const MAX_WRITES: usize = 1024;
/// Bytes after which a batch takes no further write.
const MAX_BYTES: usize = 16 << 20;

/// A write.
#[derive(Debug)]
pub(super) enum Operation {
    Set(Vec<(String, Vec<u8>)>),
    Delete(Vec<String>),
    Increment { key: String, delta: i64 },
    Swap { key: String, expected: Option<Vec<u8>>, value: Vec<u8> },
}

/// What a write led to.
#[derive(Debug)]
pub(super) enum Outcome {
    Done,
    Sum(i64),
    Found(Option<Vec<u8>>),
}

type Answer = Result<Outcome, StoreError>;

struct Write {
    operation: Operation,
    answer: oneshot::Sender<Answer>,
}

/// What a store has done so far.
#[derive(Debug, Default)]
pub struct Stats {
    commits: AtomicU64,
    writes: AtomicU64,
    pending: AtomicU64,
}

impl Stats {
    /// Transactions committed, each with one fsync.
    pub fn commits(&self) -> u64 {
        self.commits.load(Relaxed)
    }

    /// Writes made durable by them.
    pub fn writes(&self) -> u64 {
        self.writes.load(Relaxed)
    }

    /// Writes that wait for their commit.
    pub fn pending(&self) -> u64 {
        self.pending.load(Relaxed)
    }
}

/// The way to the committing thread.
#[derive(Debug)]
pub(super) struct Committer {
    /// `None` once closed.
    queue: Mutex<Option<mpsc::UnboundedSender<Write>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    stats: Arc<Stats>,
}

impl Committer {
    pub(super) fn start(
        database: Arc<ArcSwapOption<Database>>,
        opener: Opener,
    ) -> Result<Self, StoreError> {
        let (sender, queue) = mpsc::unbounded_channel();
        let stats = Arc::<Stats>::default();
        let worker = Worker { database, opener, queue, stats: Arc::clone(&stats) };
        let thread = std::thread::Builder::new()
            .name("key-value".into())
            .spawn(move || worker.run())
            .map_err(|error| StoreError::from_io(&error))?;
        Ok(Self { queue: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)), stats })
    }

    pub(super) fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Hands over a write and waits until it is durable.
    pub(super) async fn submit(&self, operation: Operation) -> Answer {
        let (answer, answered) = oneshot::channel();
        {
            let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            let queue = queue.as_ref().ok_or(StoreError::Closed)?;
            self.stats.pending.fetch_add(1, Relaxed);
            queue.send(Write { operation, answer }).map_err(|_| StoreError::Closed)?;
        }
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Commits what was handed over and closes the file.
    pub(super) fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Err(_panic)) = thread.map(JoinHandle::join) {
            error!("the committing thread panicked");
        }
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.close();
    }
}

struct Worker {
    database: Arc<ArcSwapOption<Database>>,
    opener: Opener,
    queue: mpsc::UnboundedReceiver<Write>,
    stats: Arc<Stats>,
}

impl Worker {
    fn run(mut self) {
        while let Some(first) = self.queue.blocking_recv() {
            let batch = self.gather(first);
            let size = batch.len() as u64;
            let result = self.commit(&batch);
            if result.is_ok() {
                self.stats.commits.fetch_add(1, Relaxed);
                self.stats.writes.fetch_add(size, Relaxed);
            }
            self.stats.pending.fetch_sub(size, Relaxed);
            answer(batch, result);
        }
        self.database.store(None);
    }

    fn gather(&mut self, first: Write) -> Vec<Write> {
        let mut bytes = first.operation.bytes();
        let mut batch = vec![first];
        while batch.len() < MAX_WRITES
            && bytes < MAX_BYTES
            && let Ok(next) = self.queue.try_recv()
        {
            bytes += next.operation.bytes();
            batch.push(next);
        }
        batch
    }

    /// Commits a batch; the results are those of its writes one by one.
    fn commit(&self, batch: &[Write]) -> Result<Vec<Answer>, StoreError> {
        let database = self.database()?;
        let committed = commit(&database, batch);
        if let Err(failure) = &committed {
            warn!(error = %failure, writes = batch.len(), "commit failed; the store is opened again");
            self.database.store(None);
        }
        committed
    }

    /// The database, opened again if an error closed it.
    fn database(&self) -> Result<Arc<Database>, StoreError> {
        if let Some(database) = self.database.load_full() {
            return Ok(database);
        }
        let database = Arc::new(self.opener.open()?);
        self.database.store(Some(Arc::clone(&database)));
        Ok(database)
    }
}

fn answer(batch: Vec<Write>, result: Result<Vec<Answer>, StoreError>) {
    match result {
        Ok(answers) => {
            for (write, answer) in batch.into_iter().zip(answers) {
                // A caller that is gone does not need it.
                let _ = write.answer.send(answer);
            }
        }
        Err(failure) => {
            for write in batch {
                let _ = write.answer.send(Err(failure.clone()));
            }
        }
    }
}

fn commit(database: &Database, batch: &[Write]) -> Result<Vec<Answer>, StoreError> {
    let run = || -> Result<Vec<Answer>, redb::Error> {
        let mut transaction = database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        transaction.set_quick_repair(true);
        let answers = apply(&transaction, batch)?;
        transaction.commit()?;
        Ok(answers)
    };
    run().map_err(convert)
}

fn apply(transaction: &WriteTransaction, batch: &[Write]) -> Result<Vec<Answer>, redb::Error> {
    let mut table = transaction.open_table(TABLE)?;
    batch.iter().map(|write| write.operation.apply(&mut table)).collect()
}

type Writable<'t> = Table<'t, &'static str, &'static [u8]>;

impl Operation {
    fn bytes(&self) -> usize {
        match self {
            Self::Set(pairs) => pairs.iter().map(|(key, value)| key.len() + value.len()).sum(),
            Self::Delete(keys) => keys.iter().map(String::len).sum(),
            Self::Increment { key, .. } => key.len(),
            Self::Swap { key, value, .. } => key.len() + value.len(),
        }
    }

    /// The outer error is the table's and ends the batch, the inner one is the operation's own.
    fn apply(&self, table: &mut Writable<'_>) -> Result<Answer, redb::Error> {
        match self {
            Self::Set(pairs) => {
                for (key, value) in pairs {
                    table.insert(key.as_str(), value.as_slice())?;
                }
                Ok(Ok(Outcome::Done))
            }
            Self::Delete(keys) => {
                for key in keys {
                    table.remove(key.as_str())?;
                }
                Ok(Ok(Outcome::Done))
            }
            Self::Increment { key, delta } => increment(table, key, *delta),
            Self::Swap { key, expected, value } => {
                let found = table.get(key.as_str())?.map(|found| found.value().to_vec());
                if found != *expected {
                    return Ok(Ok(Outcome::Found(found)));
                }
                table.insert(key.as_str(), value.as_slice())?;
                Ok(Ok(Outcome::Done))
            }
        }
    }
}

fn increment(table: &mut Writable<'_>, key: &str, delta: i64) -> Result<Answer, redb::Error> {
    let present = match table.get(key)? {
        None => Some(0),
        Some(value) => std::str::from_utf8(value.value()).ok().and_then(|text| text.parse().ok()),
    };
    let Some(sum) = present.and_then(|number: i64| number.checked_add(delta)) else {
        return Ok(Err(StoreError::NotANumber));
    };
    table.insert(key, sum.to_string().as_bytes())?;
    Ok(Ok(Outcome::Sum(sum)))
}

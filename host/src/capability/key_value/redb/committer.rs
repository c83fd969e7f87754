//! Group commit: the thread through which all writes of a store go.
//!
//! It takes every write that is waiting, up to a bound, applies them in the order in which they
//! came in one transaction, commits that, and only then answers. A commit syncs twice, its pages
//! and then the switch to them, however many writes it holds. Under load a
//! commit's duration is what gathers the next batch, so nothing waits on purpose. An operation
//! that fails by itself (a number that is none) leaves the others alone; a commit that fails fails
//! its whole batch, of which nothing is kept. A caller that stops waiting takes nothing back. What
//! waits is bounded in bytes ([`Held`]), also what nobody waits for any more.
//!
//! After an error of the file, in a commit or in a read, redb refuses all further work, so the
//! database is opened again: at once; if that fails, by the next write, or by a read that comes
//! [`RETRY`] later.

use super::TABLE;
use super::open::{Opener, convert};
use super::operation::{Answer, Operation};
use crate::capability::held::Held;
use crate::capability::key_value::store::{MAX_HELD, StoreError};
use arc_swap::ArcSwapOption;
use redb::{Database, Durability, WriteTransaction};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tracing::{error, warn};

/// Most writes of one commit.
const MAX_WRITES: usize = 1024;
/// Bytes after which a batch takes no further write.
const MAX_BYTES: usize = 16 << 20;

/// How long reads that find no database leave it at that.
const RETRY: Duration = Duration::from_secs(1);

struct Write {
    operation: Operation,
    /// Its share of what the store may hold.
    _held: OwnedSemaphorePermit,
    answer: oneshot::Sender<Answer>,
}

enum Request {
    Write(Write),
    /// A reader found that the database has failed.
    Reopen,
}

/// What a store has done so far.
#[derive(Debug, Default)]
pub struct Stats {
    commits: AtomicU64,
    writes: AtomicU64,
    pending: AtomicU64,
}

impl Stats {
    /// Transactions committed; each is synced twice, however many writes it has.
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
    queue: Mutex<Option<mpsc::UnboundedSender<Request>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    asked: Arc<AtomicBool>,
    held: Held,
    stats: Arc<Stats>,
}

impl Committer {
    pub(super) fn start(
        database: Arc<ArcSwapOption<Database>>,
        opener: Opener,
    ) -> Result<Self, StoreError> {
        let (sender, queue) = mpsc::unbounded_channel();
        let stats = Arc::<Stats>::default();
        let asked = Arc::<AtomicBool>::default();
        let worker = Worker {
            database,
            opener,
            queue,
            asked: Arc::clone(&asked),
            failed: None,
            stats: Arc::clone(&stats),
        };
        let thread = std::thread::Builder::new()
            .name("key-value".into())
            .spawn(move || worker.run())
            .map_err(|error| StoreError::from_io(&error))?;
        Ok(Self {
            queue: Mutex::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
            asked,
            held: Held::new(MAX_HELD),
            stats,
        })
    }

    pub(super) fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Hands over a write and waits until it is durable.
    pub(super) async fn submit(&self, operation: Operation) -> Answer {
        let (answer, answered) = oneshot::channel();
        let held = self.held.hold(operation.bytes());
        let write = Write {
            _held: held.ok_or(StoreError::Busy)?,
            operation,
            answer,
        };
        self.stats.pending.fetch_add(1, Relaxed);
        self.send(Request::Write(write)).inspect_err(|_| {
            self.stats.pending.fetch_sub(1, Relaxed);
        })?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Has the database opened again, and says what a reader that finds it failed is told.
    pub(super) fn reopen(&self) -> StoreError {
        if self.asked.swap(true, SeqCst) {
            return StoreError::Unavailable;
        }
        self.send(Request::Reopen)
            .err()
            .unwrap_or(StoreError::Unavailable)
    }

    fn send(&self, request: Request) -> Result<(), StoreError> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queue.as_ref().ok_or(StoreError::Closed)?;
        queue.send(request).map_err(|_| StoreError::Closed)
    }

    /// Commits what was handed over and closes the file.
    pub(super) fn close(&self) {
        drop(
            self.queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
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
    queue: mpsc::UnboundedReceiver<Request>,
    /// Whether a reader's request to open again is on its way.
    asked: Arc<AtomicBool>,
    /// When the database could not be opened again.
    failed: Option<Instant>,
    stats: Arc<Stats>,
}

impl Worker {
    fn run(mut self) {
        while let Some(request) = self.queue.blocking_recv() {
            let (batch, reopen) = self.gather(request);
            if reopen {
                self.restore();
            }
            if !self.write(batch) {
                self.restore();
            }
        }
        self.database.store(None);
    }

    /// What is waiting, up to a bound, and whether a reader wants the database opened again.
    fn gather(&mut self, first: Request) -> (Vec<Write>, bool) {
        let (mut batch, mut bytes, mut reopen) = (Vec::new(), 0, false);
        let mut request = Some(first);
        while let Some(next) = request {
            match next {
                Request::Write(write) => {
                    bytes += write.operation.bytes();
                    batch.push(write);
                }
                Request::Reopen => reopen = true,
            }
            let is_full = batch.len() >= MAX_WRITES || bytes >= MAX_BYTES;
            request = if is_full {
                None
            } else {
                self.queue.try_recv().ok()
            };
        }
        (batch, reopen)
    }

    /// Commits a batch and answers its callers; says whether that went well.
    fn write(&mut self, batch: Vec<Write>) -> bool {
        let size = batch.len() as u64;
        if size == 0 {
            return true;
        }
        let result = self
            .database()
            .and_then(|database| commit(&database, &batch));
        match &result {
            Ok(_) => {
                self.stats.commits.fetch_add(1, Relaxed);
                self.stats.writes.fetch_add(size, Relaxed);
            }
            Err(failure) => warn!(error = %failure, writes = size, "commit failed"),
        }
        self.stats.pending.fetch_sub(size, Relaxed);
        let is_committed = result.is_ok();
        answer(batch, result);
        is_committed
    }

    /// Opens the database again unless it still works.
    fn restore(&mut self) {
        let works = |database: Arc<Database>| database.begin_write().is_ok();
        let is_recent = |failed: Instant| failed.elapsed() < RETRY;
        if !self.database.load_full().is_some_and(works) && !self.failed.is_some_and(is_recent) {
            self.database.store(None);
            // If it fails, that is logged, and tried again when somebody asks.
            let _ = self.database();
        }
        // Only now: readers that failed meanwhile were served by this.
        self.asked.store(false, SeqCst);
    }

    /// The database, opened again if it was closed.
    fn database(&mut self) -> Result<Arc<Database>, StoreError> {
        if let Some(database) = self.database.load_full() {
            return Ok(database);
        }
        let opened = self.opener.open().map(Arc::new);
        self.failed = opened.is_err().then(Instant::now);
        match &opened {
            Ok(database) => {
                self.database.store(Some(Arc::clone(database)));
                warn!("store opened again after a failure");
            }
            Err(failure) => error!(error = %failure, "store not opened again"),
        }
        opened
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
    batch
        .iter()
        .map(|write| write.operation.apply(&mut table))
        .collect()
}

//! A disk that can lose power, run full and fail.

use super::super::{RedbStore, open, open::Opener};
use redb::StorageBackend;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

/// What is synced stays, the rest can be lost.
#[derive(Debug, Default)]
pub(super) struct Disk {
    synced: Mutex<Vec<u8>>,
    written: Mutex<Vec<u8>>,
    /// Where the last byte was written.
    allocated: AtomicUsize,
    /// Writes since the last sync, with their offsets.
    unsynced: Mutex<Vec<(usize, Vec<u8>)>>,
    pub(super) syncs: AtomicUsize,
    /// Calls until the power fails; afterwards every call fails.
    calls_left: AtomicUsize,
    pub(super) sync_fails: AtomicBool,
    pub(super) read_fails: AtomicBool,
    /// What was written can be overwritten; growing a file takes no blocks, so it still works.
    pub(super) full: AtomicBool,
}

impl Disk {
    pub(super) fn new() -> Arc<Self> {
        let disk = Self::default();
        disk.calls_left.store(usize::MAX, SeqCst);
        Arc::new(disk)
    }

    pub(super) fn lose_power_after(&self, calls: usize) {
        self.calls_left.store(calls, SeqCst);
    }

    /// Power comes back: what was synced is there, and of the rest what `survives`.
    pub(super) fn restart(&self, survives: impl Fn(usize) -> bool) {
        let mut image = self.synced.lock().unwrap().clone();
        let unsynced = std::mem::take(&mut *self.unsynced.lock().unwrap());
        for (_, (offset, data)) in unsynced.iter().enumerate().filter(|(n, _)| survives(*n)) {
            image.resize(image.len().max(offset + data.len()), 0);
            image[*offset..][..data.len()].copy_from_slice(data);
        }
        *self.written.lock().unwrap() = image.clone();
        *self.synced.lock().unwrap() = image;
        self.calls_left.store(usize::MAX, SeqCst);
    }

    /// Another disk that holds what a process would find that starts now.
    pub(super) fn copy(&self) -> Arc<Self> {
        let copy = Self::new();
        *copy.synced.lock().unwrap() = self.written.lock().unwrap().clone();
        copy.restart(|_| false);
        copy
    }

    fn call(&self) -> io::Result<()> {
        let spend = |left: usize| (left > 0).then(|| left - 1);
        match self.calls_left.fetch_update(SeqCst, SeqCst, spend) {
            Ok(_) => Ok(()),
            Err(_) => Err(io::Error::other("no power")),
        }
    }

    pub(super) fn open(self: &Arc<Self>) -> RedbStore {
        let disk = Arc::clone(self);
        RedbStore::with(Opener::new(move || {
            let backend = Handle(Arc::clone(&disk));
            // Nothing is cached, so every read is one of the disk.
            let opened = open::builder(|_| {})
                .set_cache_size(0)
                .create_with_backend(backend);
            opened.map_err(|error| open::convert(error.into()))
        }))
        .unwrap()
    }
}

#[derive(Debug)]
pub(super) struct Handle(pub(super) Arc<Disk>);

impl StorageBackend for Handle {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.written.lock().unwrap().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if self.0.read_fails.load(SeqCst) {
            return Err(io::Error::other("read failed"));
        }
        let written = self.0.written.lock().unwrap();
        out.copy_from_slice(&written[offset as usize..][..out.len()]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.call()?;
        self.0.written.lock().unwrap().resize(len as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.call()?;
        if self.0.sync_fails.load(SeqCst) {
            return Err(io::Error::other("sync failed"));
        }
        self.0.syncs.fetch_add(1, SeqCst);
        *self.0.synced.lock().unwrap() = self.0.written.lock().unwrap().clone();
        self.0.unsynced.lock().unwrap().clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.call()?;
        let offset = offset as usize;
        let end = offset + data.len();
        if self.0.full.load(SeqCst) && end > self.0.allocated.load(SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.written.lock().unwrap()[offset..end].copy_from_slice(data);
        self.0.allocated.fetch_max(end, SeqCst);
        self.0
            .unsynced
            .lock()
            .unwrap()
            .push((offset, data.to_vec()));
        Ok(())
    }
}

//! Durability, shown on storage that forgets what was not synced.
//!
//! `kill -9` cannot show a missing fsync, because the kernel keeps what was written. So these
//! tests run the store over a backend that loses, at any point, everything since the last sync.

use super::*;
use crate::capability::key_value::store::Store;
use redb::StorageBackend;
use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

/// A disk: what is synced stays, the rest can be lost.
#[derive(Debug, Default)]
struct Disk {
    synced: Mutex<Vec<u8>>,
    written: Mutex<Vec<u8>>,
    syncs: AtomicUsize,
    /// Calls until the power fails; afterwards every call fails.
    calls_left: AtomicUsize,
    sync_fails: AtomicBool,
    full: AtomicBool,
}

impl Disk {
    fn new() -> Arc<Self> {
        let disk = Self::default();
        disk.calls_left.store(usize::MAX, SeqCst);
        Arc::new(disk)
    }

    fn lose_power_after(&self, calls: usize) {
        self.calls_left.store(calls, SeqCst);
    }

    /// Power comes back: only what was synced is there.
    fn restart(&self) {
        *self.written.lock().unwrap() = self.synced.lock().unwrap().clone();
        self.calls_left.store(usize::MAX, SeqCst);
    }

    fn call(&self) -> io::Result<()> {
        let spend = |left: usize| (left > 0).then(|| left - 1);
        match self.calls_left.fetch_update(SeqCst, SeqCst, spend) {
            Ok(_) => Ok(()),
            Err(_) => Err(io::Error::other("no power")),
        }
    }

    fn open(self: &Arc<Self>) -> RedbStore {
        let disk = Arc::clone(self);
        RedbStore::with(Opener::new(move || {
            let backend = Handle(Arc::clone(&disk));
            let opened = open::builder(|_| {}).create_with_backend(backend);
            opened.map_err(|error| open::convert(error.into()))
        }))
        .unwrap()
    }
}

#[derive(Debug)]
struct Handle(Arc<Disk>);

impl StorageBackend for Handle {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.written.lock().unwrap().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
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
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.call()?;
        if self.0.full.load(SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.written.lock().unwrap()[offset as usize..][..data.len()].copy_from_slice(data);
        Ok(())
    }
}

async fn everything(store: &Store) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for key in store.keys(None).await.unwrap().keys {
        let value = store.get(&key).await.unwrap().unwrap();
        all.insert(key, value);
    }
    all
}

#[tokio::test]
async fn what_was_acknowledged_outlives_a_power_cut_at_any_point() {
    for calls in (0..400).step_by(3) {
        let disk = Disk::new();
        let store = Store::Redb(disk.open());
        disk.lose_power_after(calls);
        let mut acknowledged = BTreeMap::new();
        for n in 0..30u32 {
            let key = format!("key-{}", n % 7);
            let value = vec![n as u8; 100 + n as usize];
            match store.set(key.clone(), value.clone()).await {
                Ok(()) => drop(acknowledged.insert(key, value)),
                Err(_) => break,
            }
        }
        let cut = acknowledged.len();
        drop(store);
        disk.restart();
        let store = Store::Redb(disk.open());
        for (key, value) in acknowledged {
            // A write whose commit failed may have become durable all the same, as the last one.
            let found = store.get(&key).await.unwrap();
            assert!(found.is_some(), "{key} is gone; power was cut after {calls} calls, {cut} keys");
            assert!(found.unwrap().len() >= value.len(), "{key} is old; cut after {calls} calls");
        }
    }
}

#[tokio::test]
async fn a_failed_sync_fails_the_write_and_the_store_recovers() {
    let disk = Disk::new();
    let store = Store::Redb(disk.open());
    store.set("a".into(), b"1".to_vec()).await.unwrap();
    disk.sync_fails.store(true, SeqCst);
    assert!(store.set("a".into(), b"2".to_vec()).await.is_err());
    disk.sync_fails.store(false, SeqCst);
    store.set("b".into(), b"3".to_vec()).await.unwrap();
    assert_eq!(store.get("b").await.unwrap().as_deref(), Some(&b"3"[..]));
}

#[tokio::test]
async fn a_full_disk_is_told_and_what_was_there_stays() {
    let disk = Disk::new();
    let store = Store::Redb(disk.open());
    store.set("a".into(), b"1".to_vec()).await.unwrap();
    disk.full.store(true, SeqCst);
    let failed = store.set("b".into(), vec![0; 1 << 20]).await.unwrap_err();
    assert_eq!(failed.reason(), "no_space", "{failed}");
    disk.full.store(false, SeqCst);
    store.set("c".into(), b"2".to_vec()).await.unwrap();
    assert_eq!(everything(&store).await.keys().collect::<Vec<_>>(), ["a", "c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_writes_share_syncs() {
    let disk = Disk::new();
    let store = Store::Redb(disk.open());
    let before = disk.syncs.load(SeqCst);
    let writes: Vec<_> = (0..200)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { store.set(format!("{n}"), vec![1]).await })
        })
        .collect();
    for write in writes {
        write.await.unwrap().unwrap();
    }
    let syncs = disk.syncs.load(SeqCst) - before;
    assert!(syncs < 200, "{syncs} syncs for 200 writes");
    assert_eq!(everything(&store).await.len(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_increments_lose_nothing() {
    let store = Store::Redb(Disk::new().open());
    let increments: Vec<_> = (0..100)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.increment("n".into(), 3).await })
        })
        .collect();
    let mut sums = Vec::new();
    for increment in increments {
        sums.push(increment.await.unwrap().unwrap());
    }
    sums.sort_unstable();
    assert_eq!(sums, (1..=100).map(|n| n * 3).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_increment_of_what_is_no_number_fails_alone() {
    let store = Store::Redb(Disk::new().open());
    store.set("n".into(), b"many".to_vec()).await.unwrap();
    let failed = store.increment("n".into(), 1).await.unwrap_err();
    assert_eq!(failed.reason(), "not_a_number");
    assert_eq!(store.increment("m".into(), i64::MAX).await.unwrap(), i64::MAX);
    assert_eq!(store.increment("m".into(), 1).await.unwrap_err().reason(), "not_a_number");
}

#[tokio::test]
async fn a_swap_happens_only_if_nobody_was_faster() {
    let store = Store::Redb(Disk::new().open());
    let swap = |expected: Option<&[u8]>, value: &[u8]| {
        store.swap("k".into(), expected.map(<[u8]>::to_vec), value.to_vec())
    };
    assert_eq!(swap(None, b"1").await.unwrap(), Swapped::Done);
    assert_eq!(swap(None, b"2").await.unwrap(), Swapped::Found(Some(b"1".to_vec())));
    assert_eq!(swap(Some(b"1"), b"2").await.unwrap(), Swapped::Done);
}

#[tokio::test]
async fn a_listing_comes_in_pages() {
    let store = Store::Redb(Disk::new().open());
    let pairs = (0..PAGE + 5).map(|n| (format!("{n:05}"), Vec::new())).collect();
    store.set_many(pairs).await.unwrap();
    let first = store.keys(None).await.unwrap();
    assert!(first.more && first.keys.len() == PAGE);
    let second = store.keys(first.keys.last().cloned()).await.unwrap();
    assert!(!second.more);
    assert_eq!(second.keys.first().unwrap(), &format!("{PAGE:05}"));
}

#[tokio::test]
async fn a_second_holder_of_the_file_is_refused_and_a_restart_keeps_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stores/default.redb");
    let open = || RedbStore::open(&path, Duration::from_millis(100), Arc::default());
    let store = Store::Redb(open().unwrap());
    store.set("a".into(), b"1".to_vec()).await.unwrap();
    assert_eq!(open().unwrap_err().reason(), "locked");
    store.close().await;
    assert_eq!(store.set("a".into(), b"2".to_vec()).await.unwrap_err().reason(), "closed");
    let store = Store::Redb(open().unwrap());
    assert_eq!(store.get("a").await.unwrap().as_deref(), Some(&b"1"[..]));
}

#[tokio::test]
async fn keys_and_values_beyond_the_limits_are_refused() {
    let store = Store::Redb(Disk::new().open());
    let long = "k".repeat(super::super::store::MAX_KEY + 1);
    assert_eq!(store.set(long, Vec::new()).await.unwrap_err().reason(), "key_too_long");
    let large = vec![0; super::super::store::MAX_VALUE + 1];
    assert_eq!(store.set("k".into(), large).await.unwrap_err().reason(), "value_too_large");
}

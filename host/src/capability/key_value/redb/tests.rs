//! Durability, shown on storage that forgets what was not synced.
//!
//! `kill -9` cannot show a missing fsync, because the kernel keeps what was written. So these
//! tests run the store over a backend that loses, at any point, everything since the last sync.

mod disk;

use super::*;
use crate::capability::key_value::store::{MAX_KEY, MAX_VALUE, Store};
use disk::{Disk, Handle};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Instant;

async fn everything(store: &Store) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for key in store.keys(None).await.unwrap().keys {
        let value = store.get(&key).await.unwrap().unwrap();
        all.insert(key, value);
    }
    all
}

/// The value that the nth batch gives to all keys.
fn value(n: usize) -> Vec<u8> {
    n.to_string().into_bytes().repeat(1 + n * 37 % 900)
}

/// Writes batches until the power fails after so many calls; returns how many were acknowledged.
async fn write_until_power_fails(disk: &Arc<Disk>, calls: usize) -> usize {
    let store = Store::Redb(disk.open());
    disk.lose_power_after(calls);
    for n in 1..=20 {
        let pairs = (0..5).map(|key| (format!("key-{key}"), value(n))).collect();
        if store.set_many(pairs).await.is_err() {
            return n - 1;
        }
    }
    20
}

#[tokio::test]
async fn no_more_is_held_than_there_is_room_for() {
    let disk = Disk::new();
    let store = Store::Redb(disk.open());
    let pairs = (0..5).map(|n| (n.to_string(), vec![0; MAX_VALUE]));
    let refused = store.set_many(pairs.collect()).await;
    assert!(matches!(refused, Err(StoreError::Busy)), "{refused:?}");
    store.set("key".into(), b"value".to_vec()).await.unwrap();
    let long = "k".repeat(MAX_KEY + 1);
    let refused = store.get(&long).await;
    assert!(
        matches!(refused, Err(StoreError::KeyTooLong(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn what_was_acknowledged_outlives_a_power_cut_whatever_else_survives() {
    type Survives = fn(usize) -> bool;
    let survivors: [Survives; 4] = [|_| false, |_| true, |n| n % 2 == 0, |n| n % 3 == 1];
    for (calls, survives) in (0..300).map(|calls| (calls, survivors[calls % 4])) {
        let disk = Disk::new();
        let acknowledged = write_until_power_fails(&disk, calls).await;
        disk.restart(survives);
        let store = Store::Redb(disk.open());
        let found = everything(&store).await;
        // A batch whose commit failed may have become durable all the same, as a whole.
        let batch = (acknowledged..=20)
            .find(|n| found.values().filter(|found| **found == value(*n)).count() == 5);
        let nothing = acknowledged == 0 && found.is_empty();
        assert!(
            batch.is_some() || nothing,
            "power cut after {calls} calls, {acknowledged} batches"
        );
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

/// Polls until the key can be read.
async fn read(store: &Store, key: &str) -> Option<Vec<u8>> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match store.get(key).await {
            Ok(found) => return found,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn reads_go_on_after_a_commit_that_failed() {
    let disk = Disk::new();
    let store = Store::Redb(disk.open());
    store.set("a".into(), b"1".to_vec()).await.unwrap();
    disk.sync_fails.store(true, SeqCst);
    store.set("b".into(), b"2".to_vec()).await.unwrap_err();
    disk.sync_fails.store(false, SeqCst);
    assert_eq!(read(&store, "a").await.unwrap(), b"1");
}

#[tokio::test]
async fn reads_go_on_after_a_read_that_failed() {
    let disk = Disk::new();
    let store = Store::Redb(disk.open());
    store.set("a".into(), b"1".to_vec()).await.unwrap();
    disk.read_fails.store(true, SeqCst);
    assert_eq!(store.get("a").await.unwrap_err().reason(), "io");
    disk.read_fails.store(false, SeqCst);
    assert_eq!(read(&store, "a").await.unwrap(), b"1");
}

#[tokio::test]
async fn reads_go_on_while_the_disk_is_full() {
    let disk = Disk::new();
    let store = Store::Redb(disk.open());
    store.set("a".into(), b"1".to_vec()).await.unwrap();
    disk.full.store(true, SeqCst);
    store.set("b".into(), vec![0; 16 << 20]).await.unwrap_err();
    assert_eq!(read(&store, "a").await.unwrap(), b"1");
}

#[tokio::test]
async fn no_crash_costs_a_walk_of_the_file() {
    let walks_of = |disk: Arc<Disk>| {
        let walks = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&walks);
        let builder = open::builder(move |_| _ = seen.fetch_add(1, SeqCst));
        drop(builder.create_with_backend(Handle(disk)).unwrap());
        walks.load(SeqCst)
    };
    let disk = Disk::new();
    let store = Store::Redb(disk.open());
    assert_eq!(walks_of(disk.copy()), 0, "after the first opening");
    store.set("a".into(), b"1".to_vec()).await.unwrap();
    assert_eq!(walks_of(disk.copy()), 0, "after a write");
    store.close().await;
    let _store = disk.open();
    assert_eq!(walks_of(disk.copy()), 0, "after an opening without a write");
}

#[tokio::test]
async fn a_full_disk_is_told_and_what_was_there_stays() {
    let disk = Disk::new();
    let store = Store::Redb(disk.open());
    store.set("a".into(), b"1".to_vec()).await.unwrap();
    disk.full.store(true, SeqCst);
    let failed = store.set("b".into(), vec![0; 16 << 20]).await.unwrap_err();
    assert_eq!(failed.reason(), "no_space", "{failed}");
    disk.full.store(false, SeqCst);
    store.set("c".into(), b"2".to_vec()).await.unwrap();
    assert_eq!(
        everything(&store).await.keys().collect::<Vec<_>>(),
        ["a", "c"]
    );
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
    // Each commit syncs twice: its pages, then the switch to them.
    assert!(syncs < 100, "{syncs} syncs for 200 writes");
    assert_eq!(everything(&store).await.len(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_values_are_read_as_one_write_left_them() {
    let store = Store::Redb(Disk::new().open());
    let keys: Vec<_> = (0..200).map(|key| format!("key-{key}")).collect();
    let pairs = |n: usize| {
        let pair = |key| (format!("key-{key}"), n.to_string().into_bytes());
        (0..200).map(pair).collect::<Vec<_>>()
    };
    store.set_many(pairs(0)).await.unwrap();
    let writer = store.clone();
    let writes = tokio::spawn(async move {
        for n in 1..200 {
            writer.set_many(pairs(n)).await.unwrap();
        }
    });
    while !writes.is_finished() {
        let values = store.get_many(&keys).await.unwrap();
        let torn = values.iter().find(|value| **value != values[0]);
        assert_eq!(torn, None, "beside {:?}", values[0]);
    }
    writes.await.unwrap();
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
    assert_eq!(
        store.increment("m".into(), i64::MAX).await.unwrap(),
        i64::MAX
    );
    assert_eq!(
        store.increment("m".into(), 1).await.unwrap_err().reason(),
        "not_a_number"
    );
}

#[tokio::test]
async fn a_swap_happens_only_if_nobody_was_faster() {
    let store = Store::Redb(Disk::new().open());
    let swap = |expected: Option<&[u8]>, value: &[u8]| {
        store.swap("k".into(), expected.map(<[u8]>::to_vec), value.to_vec())
    };
    assert_eq!(swap(None, b"1").await.unwrap(), Swapped::Done);
    assert_eq!(
        swap(None, b"2").await.unwrap(),
        Swapped::Found(Some(b"1".to_vec()))
    );
    assert_eq!(swap(Some(b"1"), b"2").await.unwrap(), Swapped::Done);
}

#[tokio::test]
async fn a_listing_comes_in_pages() {
    let store = Store::Redb(Disk::new().open());
    let pairs = (0..PAGE + 5)
        .map(|n| (format!("{n:05}"), Vec::new()))
        .collect();
    store.set_many(pairs).await.unwrap();
    let first = store.keys(None).await.unwrap();
    assert!(first.next.is_some() && first.keys.len() == PAGE);
    let second = store.keys(first.keys.last().cloned()).await.unwrap();
    assert!(second.next.is_none());
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
    assert_eq!(
        store
            .set("a".into(), b"2".to_vec())
            .await
            .unwrap_err()
            .reason(),
        "closed"
    );
    let store = Store::Redb(open().unwrap());
    assert_eq!(store.get("a").await.unwrap().as_deref(), Some(&b"1"[..]));
}

#[tokio::test]
async fn keys_and_values_beyond_the_limits_are_refused() {
    let store = Store::Redb(Disk::new().open());
    let long = "k".repeat(super::super::store::MAX_KEY + 1);
    assert_eq!(
        store.set(long, Vec::new()).await.unwrap_err().reason(),
        "key_too_long"
    );
    let large = vec![0; super::super::store::MAX_VALUE + 1];
    assert_eq!(
        store.set("k".into(), large).await.unwrap_err().reason(),
        "value_too_large"
    );
}

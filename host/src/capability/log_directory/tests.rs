//! Entries and lines on storage that crashes, forgets and fills up.

use super::quota::Retention;
use super::volume::Listed;
use super::*;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::SystemTime;

/// A folder that loses, when power fails, every name and byte that was not synced.
#[derive(Clone, Default)]
struct Forgetful(Arc<State>);

#[derive(Default)]
struct State {
    disk: Mutex<Disk>,
    calls: AtomicUsize,
    /// The call at which power fails; 0 for never.
    cut_at: AtomicUsize,
    full: AtomicBool,
}

#[derive(Default)]
struct Disk {
    next: u64,
    names: BTreeMap<String, u64>,
    synced_names: BTreeMap<String, u64>,
    files: BTreeMap<u64, Contents>,
}

#[derive(Clone, Default)]
struct Contents {
    written: Vec<u8>,
    synced: Vec<u8>,
}

impl Forgetful {
    fn call(&self) -> io::Result<()> {
        let call = self.0.calls.fetch_add(1, SeqCst) + 1;
        let cut = self.0.cut_at.load(SeqCst);
        match cut > 0 && call >= cut {
            true => Err(io::Error::other("no power")),
            false => Ok(()),
        }
    }

    fn restart(&self) {
        self.0.cut_at.store(0, SeqCst);
        let mut disk = self.0.disk.lock().unwrap();
        disk.names = disk.synced_names.clone();
        for contents in disk.files.values_mut() {
            contents.written = contents.synced.clone();
        }
    }

    fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        let disk = self.0.disk.lock().unwrap();
        let read = |(name, file): (&String, &u64)| (name.clone(), disk.files[file].written.clone());
        disk.names.iter().map(read).collect()
    }

    fn with<T>(&self, work: impl FnOnce(&mut Disk) -> io::Result<T>) -> io::Result<T> {
        self.call()?;
        work(&mut self.0.disk.lock().unwrap())
    }
}

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl Volume for Forgetful {
    fn create(&self, name: &str, bytes: &[u8], sync: bool) -> io::Result<()> {
        if self.0.full.load(SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        // Creating, writing and syncing can each be cut off.
        let file = self.with(|disk| {
            disk.next += 1;
            let file = disk.next;
            disk.names.insert(name.into(), file);
            disk.files.insert(file, Contents::default());
            Ok(file)
        })?;
        let (first, rest) = bytes.split_at(bytes.len() / 2);
        for part in [first, rest] {
            self.with(|disk| {
                disk.files.get_mut(&file).unwrap().written.extend(part);
                Ok(())
            })?;
        }
        if sync { self.sync_file(name) } else { Ok(()) }
    }

    fn append(&self, name: &str, bytes: &[u8]) -> io::Result<u64> {
        self.with(|disk| {
            if !disk.names.contains_key(name) {
                disk.next += 1;
                let file = disk.next;
                disk.names.insert(name.into(), file);
                disk.files.insert(file, Contents::default());
            }
            let file = disk.names[name];
            let written = &mut disk.files.get_mut(&file).unwrap().written;
            written.extend(bytes);
            Ok(written.len() as u64)
        })
    }

    fn is_torn(&self, name: &str) -> io::Result<bool> {
        let contents = self.contents();
        Ok(contents.get(name).is_some_and(|bytes| !bytes.is_empty() && !bytes.ends_with(b"\n")))
    }

    fn size(&self, name: &str) -> io::Result<u64> {
        Ok(self.contents().get(name).map_or(0, |bytes| bytes.len() as u64))
    }

    fn sync_file(&self, name: &str) -> io::Result<()> {
        self.with(|disk| {
            let file = *disk.names.get(name).ok_or_else(missing)?;
            let contents = disk.files.get_mut(&file).unwrap();
            contents.synced = contents.written.clone();
            Ok(())
        })
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        self.with(|disk| {
            if disk.names.contains_key(to) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            let file = *disk.names.get(from).ok_or_else(missing)?;
            disk.names.insert(to.into(), file);
            Ok(())
        })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.with(|disk| {
            let file = disk.names.remove(from).ok_or_else(missing)?;
            disk.names.insert(to.into(), file);
            Ok(())
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.with(|disk| disk.names.remove(name).map(drop).ok_or_else(missing))
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.with(|disk| {
            disk.synced_names = disk.names.clone();
            Ok(())
        })
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync_folder()?;
        let names: Vec<_> = self.0.disk.lock().unwrap().names.keys().cloned().collect();
        names.iter().try_for_each(|name| self.sync_file(name))
    }

    fn list(&self) -> io::Result<Vec<Listed>> {
        let listed = |(name, bytes): (String, Vec<u8>)| Listed {
            name,
            bytes: bytes.len() as u64,
            modified: SystemTime::UNIX_EPOCH,
        };
        Ok(self.contents().into_iter().map(listed).collect())
    }
}

fn settings() -> Settings {
    Settings {
        fsync: Fsync::Entry,
        quota: Quota { bytes: 1 << 20, files: 1000, retention: Retention::RemoveOldest },
        max_entry: 1000,
        max_line: 100,
        rotate_bytes: 200,
        rotate_keep: 2,
    }
}

fn directory(volume: &Forgetful, settings: Settings) -> LogDirectory {
    LogDirectory::on(Box::new(volume.clone()), "host", settings).unwrap()
}

#[tokio::test]
async fn a_crash_between_any_two_steps_leaves_no_torn_entry_and_loses_no_acknowledged_one() {
    for cut in 1..60 {
        let volume = Forgetful::default();
        let logs = directory(&volume, settings());
        volume.0.cut_at.store(cut, SeqCst);
        let mut acknowledged = Vec::new();
        for n in 0..8 {
            match logs.write_entry(format!("entry {n} whole").into_bytes()).await {
                Ok(name) => acknowledged.push((name, n)),
                Err(_) => break,
            }
        }
        volume.restart();
        let found = volume.contents();
        for (name, n) in acknowledged {
            let expected = format!("entry {n} whole").into_bytes();
            assert_eq!(found.get(&name), Some(&expected), "cut at call {cut}");
        }
        for (name, bytes) in found.iter().filter(|(name, _)| name::is_entry(name)) {
            assert!(bytes.ends_with(b"whole"), "{name} is torn; cut at call {cut}");
        }
        // The next start removes what was left over and goes on.
        let logs = directory(&volume, settings());
        logs.write_entry(b"next whole".to_vec()).await.unwrap();
        assert!(volume.contents().keys().all(|name| name::is_entry(name)));
    }
}

#[tokio::test]
async fn a_crash_loses_no_acknowledged_line_also_while_rotating() {
    for cut in 1..120 {
        let volume = Forgetful::default();
        let logs = directory(&volume, Settings { rotate_bytes: 50, rotate_keep: 50, ..settings() });
        volume.0.cut_at.store(cut, SeqCst);
        let mut acknowledged = Vec::new();
        for n in 0..12 {
            let line = format!("line number {n:04}");
            match logs.append_line("health".into(), line.clone()).await {
                Ok(()) => acknowledged.push(line),
                Err(_) => break,
            }
        }
        volume.restart();
        let found: Vec<u8> = volume.contents().into_values().flatten().collect();
        let found = String::from_utf8(found).unwrap();
        for line in acknowledged {
            assert!(found.contains(&line), "{line} is lost; cut at call {cut}");
        }
    }
}

#[tokio::test]
async fn a_line_that_a_crash_cut_short_does_not_swallow_the_next() {
    let volume = Forgetful::default();
    volume.append("health.log", b"whole\ntorn").unwrap();
    let logs = directory(&volume, settings());
    logs.append_line("health".into(), "next".into()).await.unwrap();
    assert_eq!(volume.contents()["health.log"], b"whole\ntorn\nnext\n");
}

#[tokio::test]
async fn a_log_is_rotated_by_size_and_the_oldest_part_goes() {
    let volume = Forgetful::default();
    let logs = directory(&volume, Settings { rotate_bytes: 12, ..settings() });
    for n in 0..5 {
        logs.append_line("a".into(), format!("line {n}")).await.unwrap();
    }
    let found = volume.contents();
    let names: Vec<_> = found.keys().map(String::as_str).collect();
    assert_eq!(names, ["a.log", "a.log.1", "a.log.2"]);
    assert_eq!(found["a.log"], b"line 4\n");
    assert_eq!(found["a.log.2"], b"line 2\n");
    assert_eq!((logs.stats().bytes(), logs.stats().files()), (21, 3));
}

#[tokio::test]
async fn the_quota_removes_the_oldest_entries_or_refuses() {
    let quota = Quota { bytes: 30, files: 1000, retention: Retention::RemoveOldest };
    let volume = Forgetful::default();
    let logs = directory(&volume, Settings { quota, ..settings() });
    let mut names = Vec::new();
    for n in 0..5 {
        names.push(logs.write_entry(vec![n; 10]).await.unwrap());
    }
    assert_eq!(volume.contents().into_keys().collect::<Vec<_>>(), names[2..]);
    assert_eq!(logs.stats().removed(), 2);

    let quota = Quota { retention: Retention::Refuse, ..quota };
    let logs = directory(&volume, Settings { quota, ..settings() });
    assert_eq!(logs.write_entry(vec![9; 10]).await, Err(LogError::QuotaExceeded));
    assert_eq!(volume.contents().len(), 3);
}

#[tokio::test]
async fn what_cannot_be_written_has_an_error_of_its_own() {
    let volume = Forgetful::default();
    let logs = directory(&volume, settings());
    assert_eq!(logs.write_entry(vec![0; 1001]).await, Err(LogError::TooLarge(1000)));
    let line = |line: &str| logs.append_line("a".into(), line.into());
    assert_eq!(line("a\nb").await, Err(LogError::InvalidLine));
    assert_eq!(line(&"x".repeat(100)).await, Err(LogError::TooLarge(100)));
    let named = logs.append_line("../a".into(), "x".into()).await;
    assert_eq!(named.unwrap_err().reason(), "invalid_name");
    volume.0.full.store(true, SeqCst);
    assert_eq!(logs.write_entry(vec![0]).await, Err(LogError::NoSpace));
    assert!(volume.contents().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_writers_get_files_of_their_own_and_lines_never_mix() {
    let folder = tempfile::tempdir().unwrap();
    let big = Quota { bytes: 1 << 30, files: 100_000, retention: Retention::Refuse };
    let settings = Settings { quota: big, rotate_bytes: 1 << 20, ..settings() };
    let open = || LogDirectory::open(folder.path(), "api", "host", settings).unwrap();
    // Two on one folder, as replicas of the same name would be.
    let replicas = [Arc::new(open()), Arc::new(open())];
    let writers: Vec<_> = (0..200)
        .map(|n| {
            let logs = Arc::clone(&replicas[n % 2]);
            tokio::spawn(async move {
                let line = format!("{n:03}").repeat(20);
                logs.append_line("all".into(), line).await.unwrap();
                logs.write_entry(format!("{n}").into_bytes()).await.unwrap()
            })
        })
        .collect();
    let mut names = std::collections::BTreeSet::new();
    for writer in writers {
        names.insert(writer.await.unwrap());
    }
    assert_eq!(names.len(), 200);
    let root = folder.path().join("api");
    let mut found: Vec<usize> = names
        .iter()
        .map(|name| std::fs::read_to_string(root.join(name)).unwrap().parse().unwrap())
        .collect();
    found.sort_unstable();
    assert_eq!(found, (0..200).collect::<Vec<_>>());
    let lines = std::fs::read_to_string(root.join("all.log")).unwrap();
    let mut lines: Vec<_> = lines.lines().map(str::to_owned).collect();
    lines.sort_unstable();
    assert_eq!(lines, (0..200).map(|n| format!("{n:03}").repeat(20)).collect::<Vec<_>>());
    assert_eq!(std::fs::read_dir(root).unwrap().count(), 201);
}

#[tokio::test]
async fn batches_become_durable_by_themselves() {
    let volume = Forgetful::default();
    let logs = directory(&volume, Settings { fsync: Fsync::Batch, ..settings() });
    let name = logs.write_entry(b"kept".to_vec()).await.unwrap();
    let deadline = std::time::Instant::now() + BATCH_INTERVAL * 50;
    while !volume.0.disk.lock().unwrap().synced_names.contains_key(&name) {
        assert!(std::time::Instant::now() < deadline, "never synced");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

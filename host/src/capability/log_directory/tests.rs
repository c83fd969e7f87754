//! Entries and lines on storage that crashes, forgets and fills up.

mod forgetful;
mod retention;

use super::quota::{Quota, Retention};
use super::volume::Volume;
use super::*;
use forgetful::Forgetful;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

fn settings() -> Settings {
    Settings {
        fsync: Fsync::Entry,
        quota: Quota {
            bytes: 1 << 20,
            files: 1000,
            retention: Retention::RemoveOldest,
        },
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
    for (cut, keeps_names) in (1..60).flat_map(|cut| [(cut, false), (cut, true)]) {
        let volume = Forgetful::default();
        let logs = directory(&volume, settings());
        volume.0.cut_at.store(cut, SeqCst);
        let mut acknowledged = Vec::new();
        for n in 0..8 {
            match logs
                .write_entry(format!("entry {n} whole").into_bytes())
                .await
            {
                Ok(name) => acknowledged.push((name, n)),
                Err(_) => break,
            }
        }
        volume.restart(keeps_names);
        let found = volume.contents();
        for (name, n) in acknowledged {
            let expected = format!("entry {n} whole").into_bytes();
            assert_eq!(found.get(&name), Some(&expected), "cut at call {cut}");
        }
        for (name, bytes) in found.iter().filter(|(name, _)| name::is_entry(name)) {
            assert!(
                bytes.ends_with(b"whole"),
                "{name} is torn; cut at call {cut}"
            );
        }
        // The next start removes what was left over and goes on.
        let logs = directory(&volume, settings());
        logs.write_entry(b"next whole".to_vec()).await.unwrap();
        assert!(volume.contents().keys().all(|name| name::is_entry(name)));
    }
}

#[tokio::test]
async fn a_crash_loses_no_acknowledged_line_also_while_rotating() {
    for (cut, keeps_names) in (1..120).flat_map(|cut| [(cut, false), (cut, true)]) {
        let volume = Forgetful::default();
        let logs = directory(
            &volume,
            Settings {
                rotate_bytes: 50,
                rotate_keep: 50,
                ..settings()
            },
        );
        volume.0.cut_at.store(cut, SeqCst);
        let mut acknowledged = Vec::new();
        for n in 0..12 {
            let line = format!("line number {n:04}");
            match logs.append_line("health".into(), line.clone()).await {
                Ok(()) => acknowledged.push(line),
                Err(_) => break,
            }
        }
        volume.restart(keeps_names);
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
    volume
        .open_log("health.log")
        .unwrap()
        .append(b"whole\ntorn")
        .unwrap();
    let logs = directory(&volume, settings());
    logs.append_line("health".into(), "next".into())
        .await
        .unwrap();
    assert_eq!(volume.contents()["health.log"], b"whole\ntorn\nnext\n");
}

#[tokio::test]
async fn what_cannot_be_written_has_an_error_of_its_own() {
    let volume = Forgetful::default();
    let logs = directory(&volume, settings());
    assert_eq!(
        logs.write_entry(vec![0; 1001]).await,
        Err(LogError::TooLarge(1000))
    );
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
    let big = Quota {
        bytes: 1 << 30,
        files: 100_000,
        retention: Retention::Refuse,
    };
    let settings = Settings {
        quota: big,
        rotate_bytes: 1 << 20,
        ..settings()
    };
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
        .map(|name| {
            std::fs::read_to_string(root.join(name))
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect();
    found.sort_unstable();
    assert_eq!(found, (0..200).collect::<Vec<_>>());
    let lines = std::fs::read_to_string(root.join("all.log")).unwrap();
    let mut lines: Vec<_> = lines.lines().map(str::to_owned).collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        (0..200)
            .map(|n| format!("{n:03}").repeat(20))
            .collect::<Vec<_>>()
    );
    assert_eq!(std::fs::read_dir(root).unwrap().count(), 201);
}

#[tokio::test]
async fn batches_become_durable_by_themselves() {
    let volume = Forgetful::default();
    let logs = directory(
        &volume,
        Settings {
            fsync: Fsync::Batch,
            ..settings()
        },
    );
    let name = logs.write_entry(b"kept".to_vec()).await.unwrap();
    let deadline = std::time::Instant::now() + BATCH_INTERVAL * 50;
    while !volume
        .0
        .disk
        .lock()
        .unwrap()
        .synced_names
        .contains_key(&name)
    {
        assert!(std::time::Instant::now() < deadline, "never synced");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Whether everything that the volume holds would survive.
fn is_synced(volume: &Forgetful, name: &str) -> bool {
    let disk = volume.0.disk.lock().unwrap();
    disk.synced_names.contains_key(name)
}

fn batched(volume: &Forgetful) -> LogDirectory {
    let fsync = Fsync::Batch;
    let settings = Settings {
        fsync,
        ..settings()
    };
    directory(volume, settings)
}

#[tokio::test]
async fn what_a_batch_has_left_is_synced_when_the_host_stops() {
    let volume = Forgetful::default();
    let logs = batched(&volume);
    // The first tick of the batches comes at once; the next one is not waited for.
    tokio::task::yield_now().await;
    let name = logs.write_entry(b"kept".to_vec()).await.unwrap();
    logs.flush().await;
    assert!(is_synced(&volume, &name));
}

#[tokio::test]
async fn what_a_batch_has_left_is_synced_when_its_directory_is_given_up() {
    let volume = Forgetful::default();
    let logs = batched(&volume);
    let name = logs.write_entry(b"kept".to_vec()).await.unwrap();
    drop(logs);
    let deadline = std::time::Instant::now() + BATCH_INTERVAL * 50;
    while !is_synced(&volume, &name) {
        assert!(std::time::Instant::now() < deadline, "never synced");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_write_that_can_only_be_refused_does_not_wait() {
    let volume = Forgetful::default();
    let max_entry = 40 << 20;
    let settings = Settings {
        max_entry,
        ..settings()
    };
    let logs = Arc::new(directory(&volume, settings));
    let all = u32::try_from(CONCURRENCY).unwrap();
    let busy = Arc::clone(&logs.places).acquire_many_owned(all).await;
    let larger = vec![0; max_entry as usize + 1];
    let refused = logs.write_entry(larger).await;
    assert_eq!(refused, Err(LogError::TooLarge(max_entry)));
    let waiting = Arc::clone(&logs);
    let waiting =
        tokio::spawn(async move { waiting.write_entry(vec![0; max_entry as usize]).await });
    while logs.held.free() == MAX_HELD as usize {
        tokio::task::yield_now().await;
    }
    let refused = logs.write_entry(vec![0; max_entry as usize]).await;
    assert_eq!(refused, Err(LogError::Busy), "both would be held");
    drop(busy);
    // It was let through to the quota, which is smaller.
    assert_eq!(waiting.await.unwrap(), Err(LogError::QuotaExceeded));
    assert_eq!(logs.held.free(), MAX_HELD as usize);
}

#[tokio::test]
async fn an_entry_that_is_there_is_acknowledged_though_its_temporary_name_stays() {
    let volume = Forgetful::default();
    let logs = directory(&volume, settings());
    volume.0.keeps_temporaries.store(true, SeqCst);
    let name = logs.write_entry(b"whole".to_vec()).await.unwrap();
    assert_eq!(volume.contents()[&name], b"whole");
}

#[tokio::test]
async fn a_start_removes_what_a_crash_left_unfinished() {
    let volume = Forgetful::default();
    volume
        .create(".tmp_host_1_log_1.000000000_host-1.txt", b"half", false)
        .unwrap();
    let logs = directory(&volume, settings());
    assert!(volume.contents().is_empty());
    assert_eq!(logs.stats().files(), 0);
}

/// Another replica appends and rotates between a line's appending and its sync.
#[tokio::test(flavor = "multi_thread")]
async fn lines_are_durable_though_replicas_rotate_the_same_log() {
    let volume = Forgetful::default();
    let settings = Settings {
        rotate_bytes: 60,
        rotate_keep: 1000,
        ..settings()
    };
    let replicas = [(); 2].map(|()| Arc::new(directory(&volume, settings)));
    let writers: Vec<_> = (0..300)
        .map(|n| {
            let logs = Arc::clone(&replicas[n % 2]);
            tokio::spawn(async move { logs.append_line("a".into(), format!("line {n:04}")).await })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    volume.restart(false);
    let found: Vec<u8> = volume.contents().into_values().flatten().collect();
    let found = String::from_utf8(found).unwrap();
    let lost: Vec<_> = (0..300)
        .filter(|n| !found.contains(&format!("line {n:04}\n")))
        .collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_rotate_one_log_on_disk_lose_no_line() {
    let folder = tempfile::tempdir().unwrap();
    let quota = Quota {
        bytes: 1 << 20,
        files: 1 << 20,
        retention: Retention::Refuse,
    };
    let settings = Settings {
        quota,
        rotate_bytes: 200,
        rotate_keep: 2000,
        fsync: Fsync::None,
        ..settings()
    };
    let open = || Arc::new(LogDirectory::open(folder.path(), "api", "host", settings).unwrap());
    let replicas = [open(), open()];
    let writers: Vec<_> = (0..600)
        .map(|n| {
            let logs = Arc::clone(&replicas[n % 2]);
            tokio::spawn(
                async move { logs.append_line("all".into(), format!("line {n:05}")).await },
            )
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    let mut found = String::new();
    for file in std::fs::read_dir(folder.path().join("api")).unwrap() {
        found += &std::fs::read_to_string(file.unwrap().path()).unwrap();
    }
    let mut lines: Vec<_> = found.lines().map(str::to_owned).collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        (0..600).map(|n| format!("line {n:05}")).collect::<Vec<_>>()
    );
}

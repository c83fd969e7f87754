//! Quota and rotation: what goes, what stays, and that the count of it is right.

use super::*;

fn removing(bytes: u64) -> Settings {
    let quota = Quota {
        bytes,
        files: 1000,
        retention: Retention::RemoveOldest,
    };
    Settings {
        quota,
        ..settings()
    }
}

#[tokio::test]
async fn a_log_is_rotated_by_size_and_the_oldest_part_goes() {
    let volume = Forgetful::default();
    let logs = directory(
        &volume,
        Settings {
            rotate_bytes: 12,
            ..settings()
        },
    );
    for n in 0..5 {
        logs.append_line("a".into(), format!("line {n}"))
            .await
            .unwrap();
    }
    let found = volume.contents();
    let names: Vec<_> = found.keys().map(String::as_str).collect();
    assert_eq!(names, ["a.log", "a.log.1", "a.log.2"]);
    assert_eq!(found["a.log"], b"line 4\n");
    assert_eq!(found["a.log.2"], b"line 2\n");
    assert_eq!((logs.stats().bytes(), logs.stats().files()), (21, 3));
}

#[tokio::test]
async fn of_a_log_that_keeps_no_rotated_file_there_is_one_file() {
    let volume = Forgetful::default();
    let settings = Settings {
        rotate_bytes: 14,
        rotate_keep: 0,
        ..settings()
    };
    let logs = directory(&volume, settings);
    for n in 0..5 {
        let line = format!("line {n}");
        logs.append_line("a".into(), line).await.unwrap();
    }
    let found = volume.contents();
    assert_eq!(found.keys().collect::<Vec<_>>(), ["a.log"]);
    assert_eq!(found["a.log"], b"line 4\n");
    assert_eq!((logs.stats().bytes(), logs.stats().files()), (7, 1));
}

#[tokio::test]
async fn the_quota_removes_the_oldest_entries_or_refuses() {
    let quota = Quota {
        bytes: 30,
        files: 1000,
        retention: Retention::RemoveOldest,
    };
    let volume = Forgetful::default();
    let logs = directory(
        &volume,
        Settings {
            quota,
            ..settings()
        },
    );
    let mut names = Vec::new();
    for n in 0..5 {
        names.push(logs.write_entry(vec![n; 10]).await.unwrap());
    }
    assert_eq!(
        volume.contents().into_keys().collect::<Vec<_>>(),
        names[2..]
    );
    assert_eq!(logs.stats().removed(), 2);

    let quota = Quota {
        retention: Retention::Refuse,
        ..quota
    };
    let logs = directory(
        &volume,
        Settings {
            quota,
            ..settings()
        },
    );
    assert_eq!(
        logs.write_entry(vec![9; 10]).await,
        Err(LogError::QuotaExceeded)
    );
    assert_eq!(volume.contents().len(), 3);
}

#[tokio::test]
async fn a_log_whose_rotated_files_fill_the_directory_goes_on() {
    for rotate_bytes in [200, 10_000] {
        let volume = Forgetful::default();
        let settings = Settings {
            rotate_bytes,
            rotate_keep: 5,
            ..removing(1000)
        };
        let logs = directory(&volume, settings);
        for n in 0..85 {
            let line = format!("{n:049}");
            assert_eq!(logs.append_line("a".into(), line).await, Ok(()), "line {n}");
        }
        let found = volume.contents();
        let bytes: usize = found.values().map(Vec::len).sum();
        assert!(bytes <= 1000, "{bytes}");
        assert_eq!(logs.stats().bytes(), bytes as u64);
        assert!(found["a.log"].ends_with(b"84\n"));
        // An entry finds room too.
        logs.write_entry(vec![1; 500]).await.unwrap();
    }
}

#[tokio::test]
async fn entries_and_rotated_files_make_room_in_the_order_of_their_age() {
    let volume = Forgetful::default();
    let settings = Settings {
        rotate_bytes: 10,
        ..removing(60)
    };
    let logs = directory(&volume, settings);
    let first = logs.write_entry(vec![1; 10]).await.unwrap();
    for _ in 0..2 {
        logs.append_line("a".into(), "x".repeat(9)).await.unwrap();
    }
    let second = logs.write_entry(vec![2; 10]).await.unwrap();
    assert_eq!(logs.stats().bytes(), 40);
    logs.write_entry(vec![3; 40]).await.unwrap();
    let found = volume.contents();
    let gone = [first.as_str(), "a.log.1"];
    assert!(gone.iter().all(|name| !found.contains_key(*name)));
    assert!(found.contains_key(&second) && found.contains_key("a.log"));
    assert_eq!(logs.stats().removed(), 2);
}

#[tokio::test]
async fn a_line_that_never_has_room_moves_nothing() {
    let volume = Forgetful::default();
    let logs = directory(&volume, removing(50));
    for _ in 0..3 {
        logs.append_line("a".into(), "x".into()).await.unwrap();
        let long = logs.append_line("a".into(), "x".repeat(60)).await;
        assert_eq!(long, Err(LogError::QuotaExceeded));
    }
    assert_eq!(volume.contents().keys().collect::<Vec<_>>(), ["a.log"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_counted_stays_right_while_files_are_rotated_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        rotate_bytes: 100,
        rotate_keep: 3,
        fsync: Fsync::None,
        ..removing(5000)
    };
    let logs = Arc::new(LogDirectory::open(folder.path(), "api", "host", settings).unwrap());
    let writers: Vec<_> = (0..600)
        .map(|n| {
            let logs = Arc::clone(&logs);
            tokio::spawn(async move {
                match n % 3 {
                    0 => logs.write_entry(vec![1; 40]).await.map(drop),
                    _ => {
                        logs.append_line(format!("log{}", n % 4), "x".repeat(39))
                            .await
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    let files = std::fs::read_dir(folder.path().join("api")).unwrap();
    let sizes = files.map(|file| file.unwrap().metadata().unwrap().len());
    let sizes: Vec<_> = sizes.collect();
    let counted = (logs.stats().files(), logs.stats().bytes());
    assert_eq!(counted, (sizes.len() as u64, sizes.iter().sum()));
    assert!(counted.1 <= 5000, "{counted:?}");
}

#[tokio::test]
async fn a_refused_write_removes_nothing_and_leaves_the_count_right() {
    let quota = Quota {
        bytes: 100,
        files: 1000,
        retention: Retention::RemoveOldest,
    };
    let volume = Forgetful::default();
    let logs = directory(
        &volume,
        Settings {
            quota,
            rotate_bytes: 1000,
            ..settings()
        },
    );
    logs.append_line("a".into(), "x".repeat(89)).await.unwrap();
    logs.write_entry(vec![1; 10]).await.unwrap();
    assert_eq!(
        logs.write_entry(vec![2; 50]).await,
        Err(LogError::QuotaExceeded)
    );
    assert_eq!((logs.stats().bytes(), volume.contents().len()), (100, 2));
    // This makes room by the entry that is still counted.
    logs.append_line("a".into(), String::new()).await.unwrap();
    assert_eq!((logs.stats().bytes(), volume.contents().len()), (91, 1));
}

#[tokio::test]
async fn a_refused_line_leaves_no_file() {
    let quota = Quota {
        bytes: 1000,
        files: 0,
        retention: Retention::Refuse,
    };
    let volume = Forgetful::default();
    let logs = directory(
        &volume,
        Settings {
            quota,
            ..settings()
        },
    );
    let refused = logs.append_line("a".into(), "x".into()).await;
    assert_eq!(refused, Err(LogError::QuotaExceeded));
    assert!(volume.contents().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_writers_keep_the_quota() {
    let folder = tempfile::tempdir().unwrap();
    let quota = Quota {
        bytes: 1000,
        files: 1000,
        retention: Retention::Refuse,
    };
    let settings = Settings {
        quota,
        ..settings()
    };
    let logs = Arc::new(LogDirectory::open(folder.path(), "api", "host", settings).unwrap());
    let writers: Vec<_> = (0..64)
        .map(|_| {
            let logs = Arc::clone(&logs);
            tokio::spawn(async move { logs.write_entry(vec![1; 500]).await })
        })
        .collect();
    let mut written = 0;
    for writer in writers {
        written += usize::from(writer.await.unwrap().is_ok());
    }
    assert_eq!(written, 2);
}

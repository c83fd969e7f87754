//! How much a log directory holds: quota and rotation.

use super::{GUESTS, app, counted, entry, files, line};
use crate::capabilities::{done, error};
use crate::harness::host::Answer;
use std::path::Path;

fn size(file: impl AsRef<Path>) -> u64 {
    file.as_ref().metadata().unwrap().len()
}

#[tokio::test]
async fn the_oldest_entries_make_room_for_new_ones() {
    let host = app("{ max_bytes = \"1000B\" }").start().await;
    for guest in GUESTS {
        let id = guest.replace('_', "-");
        assert_eq!(
            line(&host, guest, "kept", &"l".repeat(99)).await,
            done("ok")
        );
        let mut written = Vec::new();
        for _ in 0..30 {
            let answer = entry(&host, guest, [b'x'; 100]).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            written.push(answer.text());
        }
        let kept = super::names(&files(&host, guest));
        let newest = written[21..].iter().cloned();
        let expected = newest.chain(["kept.log".to_owned()]).collect();
        assert_eq!(kept, expected, "the newest and the named log");
        let labels = [("component", &*id)];
        host.metric_is("weir_log_directory_removed_total", &labels, 21.0)
            .await;
        host.metric_is("weir_log_directory_size_bytes", &labels, 1000.0)
            .await;
        host.metric_is("weir_log_directory_quota_bytes", &labels, 1000.0)
            .await;
        host.metric_is("weir_log_directory_files", &labels, 10.0)
            .await;
        // What is larger than the whole directory removes nothing.
        let refused = entry(&host, guest, [b'x'; 901]).await;
        assert_eq!(refused.pair(), error("QuotaExceeded"));
        assert_eq!(files(&host, guest).len(), 10);
    }
}

#[tokio::test]
async fn the_other_policy_refuses_what_has_no_room() {
    let host = app("{ max_bytes = \"1000B\", retention = \"refuse\" }")
        .start()
        .await;
    for guest in GUESTS {
        for _ in 0..10 {
            assert_eq!(entry(&host, guest, [b'x'; 100]).await.status, 200);
        }
        let before = files(&host, guest);
        let full = error("QuotaExceeded");
        assert_eq!(entry(&host, guest, "x").await.pair(), full);
        assert_eq!(line(&host, guest, "log", "x").await, full);
        assert_eq!(files(&host, guest), before, "nothing is removed or added");
        counted(&host, guest, "entry", "quota_exceeded", 1.0).await;
        counted(&host, guest, "line", "quota_exceeded", 1.0).await;
        let id = format!("\"{}\"", guest.replace('_', "-"));
        host.logged(&["WARN", &id, "quota"]).await;
        // The person who runs it makes room; a start counts anew.
        std::fs::remove_file(&before[0]).unwrap();
    }
    let host = host.kill_and_restart().await;
    for guest in GUESTS {
        assert_eq!(entry(&host, guest, [b'x'; 100]).await.status, 200);
        let refused = entry(&host, guest, "x").await;
        assert_eq!(refused.pair(), error("QuotaExceeded"));
    }
}

#[tokio::test]
async fn files_are_counted_as_bytes_are() {
    let host = app("{ max_files = 5, retention = \"refuse\" }")
        .start()
        .await;
    for guest in GUESTS {
        assert_eq!(line(&host, guest, "log", "x").await, done("ok"));
        for _ in 0..4 {
            // Without contents it is a file all the same.
            assert_eq!(entry(&host, guest, "").await.status, 200);
        }
        let full = error("QuotaExceeded");
        assert_eq!(entry(&host, guest, "").await.pair(), full);
        assert_eq!(line(&host, guest, "another", "x").await, full);
        assert_eq!(line(&host, guest, "log", "x").await, done("ok"));
        assert_eq!(files(&host, guest).len(), 5);
    }
}

#[tokio::test]
async fn concurrent_writers_stay_within_the_quota() {
    let host = app("{ max_bytes = \"1000B\", retention = \"refuse\" }")
        .start()
        .await;
    for guest in GUESTS {
        let all = (0..40).map(|_| entry(&host, guest, [b'x'; 100]));
        let all = futures_util::future::join_all(all).await;
        let written = all.iter().filter(|answer| answer.status == 200).count();
        let refused = |answer: &&Answer| answer.pair() == error("QuotaExceeded");
        assert_eq!((written, all.iter().filter(refused).count()), (10, 30));
        assert_eq!(files(&host, guest).len(), 10);
    }
}

#[tokio::test]
async fn a_named_log_is_rotated_by_size_and_only_so_many_are_kept() {
    let host = app("{ rotate_bytes = \"1000B\", rotate_keep = 2 }")
        .start()
        .await;
    for guest in GUESTS {
        for n in 0..45 {
            let text = format!("{n:099}");
            assert_eq!(line(&host, guest, "x", &text).await, done("ok"));
        }
        let files = files(&host, guest);
        let expected = ["x.log", "x.log.1", "x.log.2"].map(String::from);
        assert_eq!(super::names(&files), expected.into());
        assert_eq!(
            files.iter().map(size).collect::<Vec<_>>(),
            [500, 1000, 1000]
        );
        let read = |file| std::fs::read_to_string(file).unwrap();
        let kept: String = files.iter().rev().map(read).collect();
        let lines: Vec<usize> = kept.lines().map(|line| line.parse().unwrap()).collect();
        assert_eq!(
            lines,
            (20..45).collect::<Vec<_>>(),
            "the last ones, in order"
        );
    }
}

#[tokio::test]
async fn a_named_log_whose_rotated_files_fill_the_directory_goes_on() {
    let settings = "{ max_bytes = \"10KiB\", rotate_bytes = \"2KiB\", rotate_keep = 5 }";
    let host = app(settings).start().await;
    for guest in GUESTS {
        for n in 0..60 {
            let text = format!("{n:0511}");
            assert_eq!(line(&host, guest, "x", &text).await, done("ok"), "line {n}");
        }
        let sizes = files(&host, guest).into_iter().map(size);
        assert!(sizes.sum::<u64>() <= 10 << 10);
    }
}

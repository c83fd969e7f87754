//! Hosts that share one log volume, as replicas of a Deployment do.

use super::{entry, granted, line, names};
use crate::capabilities::{component, done};
use crate::harness::app::App;
use crate::harness::host::{Answer, Host};
use futures_util::future::{join, join_all};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

async fn replica(volume: &Path, settings: &str) -> Host {
    let settings = granted("api", settings);
    App::new()
        .manifest(&component("api", "p3_log_directory", &settings))
        .args(["--log-directory", volume.to_str().unwrap()])
        .start()
        .await
}

fn files(volume: &Path) -> Vec<PathBuf> {
    let entries = volume.join("api").read_dir().unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[tokio::test]
async fn their_entries_never_replace_each_other() {
    let volume = tempfile::tempdir().unwrap();
    let (one, two) = join(
        replica(volume.path(), "true"),
        replica(volume.path(), "true"),
    )
    .await;
    let hosts = [&one, &two];
    let all = (0..200).map(|n| entry(hosts[n % 2], "api", n.to_string()));
    let all = join_all(all).await;
    let given: BTreeSet<_> = all.iter().map(Answer::text).collect();
    assert_eq!(given.len(), 200);
    let files = files(volume.path());
    assert_eq!(names(&files), given);
    let mut contents: Vec<usize> = files
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap().parse().unwrap())
        .collect();
    contents.sort_unstable();
    assert_eq!(contents, (0..200).collect::<Vec<_>>());
}

#[tokio::test]
async fn their_lines_never_mix_and_none_is_lost_when_a_log_is_rotated() {
    let volume = tempfile::tempdir().unwrap();
    let settings = "{ rotate_bytes = \"2000B\", rotate_keep = 100 }";
    let (one, two) = join(
        replica(volume.path(), settings),
        replica(volume.path(), settings),
    )
    .await;
    let hosts = [&one, &two];
    let append = |n: usize| async move {
        let text = format!("{n:099}");
        assert_eq!(line(hosts[n % 2], "api", "log", &text).await, done("ok"));
    };
    join_all((0..200).map(append)).await;
    let files = files(volume.path());
    assert!(files.len() >= 10, "{files:?}");
    let mut lines = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.len() <= 2000, "{}", file.display());
        lines.extend(text.lines().map(|line| line.parse::<usize>().unwrap()));
    }
    lines.sort_unstable();
    assert_eq!(lines, (0..200).collect::<Vec<_>>());
}

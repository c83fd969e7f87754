//! A log directory that cannot be written: full, forbidden, gone. Each is an error for the guest,
//! a count and a line in the host's log; and it is over when its cause is.

use super::{GUESTS, app, counted, entry, line};
use crate::capabilities::{done, error, error_kind, no_guest_has_failed};
use crate::harness::host::Host;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

fn folder(host: &Host, guest: &str) -> PathBuf {
    let id = guest.replace('_', "-");
    host.folder().join("state/log").join(id)
}

/// A warning of the host about a guest's log directory.
async fn warned(host: &Host, guest: &str, why: &str) {
    let id = format!("\"{}\"", guest.replace('_', "-"));
    host.logged(&["WARN", "log directory not written", &id, why])
        .await;
}

#[tokio::test]
async fn a_full_disk_is_told_as_such() {
    let host = app("true").start().await;
    for guest in GUESTS {
        // Whatever is written to this device, the system says that there is no space left.
        symlink("/dev/full", folder(&host, guest).join("log.log")).unwrap();
        assert_eq!(line(&host, guest, "log", "text").await, error("NoSpace"));
        counted(&host, guest, "line", "no_space", 1.0).await;
        warned(&host, guest, "no space left").await;
        let again = line(&host, guest, "log", "text").await;
        assert_eq!(again, done("ok"), "there is space again");
    }
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn a_folder_that_may_not_be_written_is_an_error_without_details_for_the_guest() {
    let host = app("true").start().await;
    for guest in GUESTS {
        let folder = folder(&host, guest);
        fs::remove_dir_all(&folder).unwrap();
        // Not even root may make files there.
        symlink("/sys", &folder).unwrap();
        let refused = entry(&host, guest, "text").await.pair();
        assert_eq!(error_kind(&refused), "Other", "{refused:?}");
        assert!(!refused.1.contains('/'), "a path of the host: {refused:?}");
        let refused = line(&host, guest, "log", "text").await;
        assert_eq!(error_kind(&refused), "Other", "{refused:?}");
        counted(&host, guest, "entry", "permission", 1.0).await;
        counted(&host, guest, "line", "permission", 1.0).await;
        warned(&host, guest, "permission").await;

        fs::remove_file(&folder).unwrap();
        assert_eq!(entry(&host, guest, "text").await.status, 200);
        assert_eq!(line(&host, guest, "log", "text").await, done("ok"));
    }
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn a_file_in_the_place_of_the_folder_is_an_error_until_it_is_gone() {
    let host = app("true").start().await;
    for guest in GUESTS {
        let folder = folder(&host, guest);
        fs::remove_dir_all(&folder).unwrap();
        fs::write(&folder, "not a folder").unwrap();
        let refused = entry(&host, guest, "text").await.pair();
        assert_eq!(error_kind(&refused), "Other", "{refused:?}");
        counted(&host, guest, "entry", "io", 1.0).await;
        warned(&host, guest, "Not a directory").await;
        fs::remove_file(&folder).unwrap();
        assert_eq!(entry(&host, guest, "text").await.status, 200);
    }
}

#[tokio::test]
async fn a_folder_that_was_removed_is_made_again() {
    let host = app("true").start().await;
    for guest in GUESTS {
        assert_eq!(line(&host, guest, "log", "before").await, done("ok"));
        fs::remove_dir_all(folder(&host, guest)).unwrap();
        assert_eq!(line(&host, guest, "log", "after").await, done("ok"));
        let name = entry(&host, guest, "text").await.text();
        let log = fs::read_to_string(folder(&host, guest).join("log.log"));
        assert_eq!(log.unwrap(), "after\n");
        let entry = fs::read_to_string(folder(&host, guest).join(name));
        assert_eq!(entry.unwrap(), "text");
    }
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_stops_the_start() {
    let app = app("true").file("occupied", "not a folder");
    let root = app.folder().join("occupied");
    let app = app.args(["--log-directory", root.to_str().unwrap()]);
    let (status, output) = app.fail().await;
    assert_ne!(status, 0, "{output}");
    assert!(output.contains("occupied"), "{output}");
    assert!(output.contains("log directory"), "{output}");
}

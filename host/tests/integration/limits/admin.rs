//! Clients of the admin server, which may be anybody where it listens to all.

use super::app;
use crate::harness::wire::Wire;
use tokio::net::TcpStream;

/// Connections that the admin server has at once.
const PLACES: usize = 64;

#[tokio::test]
async fn clients_that_say_nothing_take_neither_all_files_nor_its_places_for_ever() {
    let host = app([]).start().await;
    let address = host.admin.trim_start_matches("http://");
    let files = || host.proc("fd").read_dir().unwrap().count();
    let before = files();
    let mut silent = Vec::new();
    for _ in 0..PLACES + 30 {
        let stream = TcpStream::connect(address).await.unwrap();
        silent.push(Wire::new(stream));
    }
    // It comes after them, and has a place once they have lost theirs.
    assert_eq!(host.admin("/livez").await.status, 200);
    let opened = files().saturating_sub(before);
    assert!(
        opened <= PLACES,
        "{opened} files for {} clients",
        silent.len()
    );
    assert_eq!(silent.swap_remove(0).rest().await, "");
}

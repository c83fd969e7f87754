//! `weir.toml` files beside what they give, under `tests/ui/config`.

use super::ConfigLayer;
use crate::diagnostic::golden;
use std::path::Path;

#[test]
fn every_file_gives_the_settings_or_the_problems_beside_it() {
    let (good, bad) = golden::check("config", |source| {
        ConfigLayer::parse(source, Path::new("/etc/weir"))
    });
    assert!(good >= 3 && bad >= 15, "{good} good and {bad} bad files");
}

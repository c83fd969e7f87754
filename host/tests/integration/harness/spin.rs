//! The Spin that the tests can run the app under: the program that `SPIN` names, else the `spin`
//! on PATH.
//!
//! It cannot be had from any package registry, so its absence is said and never a failure, not even
//! with `CI=true`. Another program of that name, or a Spin without WASI 0.3, is as good as none;
//! one that `SPIN` names and that cannot be used is a failure.

use std::path::PathBuf;
use std::process::Command;

/// The first release that hosts components at WASI 0.3.0.
const LEAST: (u32, u32) = (4, 1);

/// The program, or nothing where there is none; says so then.
pub(crate) fn spin() -> Option<PathBuf> {
    let named = std::env::var_os("SPIN").filter(|path| !path.is_empty());
    let program = PathBuf::from(named.clone().unwrap_or("spin".into()));
    match usable(&program) {
        Ok(()) => Some(program),
        Err(why) => {
            assert!(named.is_none(), "SPIN={}: {why}", program.display());
            println!("did not run: {why}");
            None
        }
    }
}

fn usable(program: &PathBuf) -> Result<(), String> {
    let output = Command::new(program).arg("--version").output();
    let output = output.map_err(|error| format!("there is no Spin: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    match version(&text) {
        Some(version) if version >= LEAST => Ok(()),
        Some((major, minor)) => Err(format!("Spin {major}.{minor} has no WASI 0.3.0")),
        None => Err(format!("{} is not Spin", program.display())),
    }
}

/// Major and minor version in a text such as `spin 4.1.0 (1234567 2026-09-01)`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix("spin ")?.split('.');
    let (major, minor) = (numbers.next()?, numbers.next()?);
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[test]
fn spin_is_known_by_what_it_says_of_itself() {
    assert_eq!(
        version("spin 4.1.0-pre0 (94a8fc8 2026-08-21)\n"),
        Some((4, 1))
    );
    // A model checker of this name.
    assert_eq!(version("Spin Version 6.5.2 -- 6 December 2019\n"), None);
    assert_eq!(version(""), None);
}

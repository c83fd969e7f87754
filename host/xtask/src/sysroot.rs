//! A Rust toolchain with `wasm32-wasip2`, made from Debian's packages, for machines where rustup
//! can fetch nothing.
//!
//! Debian's `rustc-web` is a compiler without that target's standard library, but with its source
//! (`rust-web-src`) and a WASI libc. So: build the standard library once with `-Zbuild-std`, lay
//! out a sysroot around it, and link the sysroot as a rustup toolchain. Needs root (apt) and a
//! rustup toolchain, whose `rust-lld` and `wasm-component-ld` are borrowed. Takes about a minute
//! and 300 MB under the user's cache folder.

use crate::step::run;
use crate::toolchain::{LINKED, TARGET};
use anyhow::{Context, Result, ensure};
use std::env;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

const PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "wasi-libc"];
const HOST: &str = "x86_64-unknown-linux-gnu";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const WASI_LIBC: &str = "/usr/lib/wasm32-wasi";

/// Builds the sysroot and links it as the rustup toolchain [`LINKED`].
pub(crate) fn build() -> Result<()> {
    install_packages()?;
    let root = cache_folder()?.join("wasm-toolchain");
    let std_build = root.join("std-build");
    let linkers = rustup_sysroot()?.join("lib/rustlib").join(HOST).join("bin");
    build_std(&std_build, &linkers)?;
    let sysroot = root.join("sysroot");
    lay_out(&sysroot, &std_build, &linkers)?;
    run(Command::new("rustup")
        .args(["toolchain", "link", LINKED])
        .arg(&sysroot))
}

fn install_packages() -> Result<()> {
    run(Command::new("apt-get").args(["update", "--quiet"]))?;
    run(Command::new("apt-get")
        .args(["install", "--yes", "--quiet", "--no-install-recommends"])
        .args(PACKAGES)
        .env("DEBIAN_FRONTEND", "noninteractive"))
}

fn cache_folder() -> Result<PathBuf> {
    let base = match env::var_os("XDG_CACHE_HOME") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env::var_os("HOME").context("HOME is not set")?).join(".cache"),
    };
    Ok(base.join("weir"))
}

fn rustup_sysroot() -> Result<PathBuf> {
    let output = Command::new("rustc")
        .args(["--print", "sysroot"])
        .output()?;
    ensure!(
        output.status.success(),
        "rustc does not say where its sysroot is"
    );
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim()))
}

/// Compiles the standard library for the target as the dependency of an empty crate.
fn build_std(folder: &Path, linkers: &Path) -> Result<()> {
    fs::create_dir_all(folder.join("src"))?;
    fs::write(
        folder.join("Cargo.toml"),
        "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n",
    )?;
    fs::write(folder.join("src/lib.rs"), "")?;
    let deps = deps_of(folder);
    if deps.exists() {
        // Rlibs of an earlier compiler beside new ones would be linked together.
        fs::remove_dir_all(&deps)?;
    }
    let path = env::join_paths(
        [linkers.to_path_buf()]
            .into_iter()
            .chain(env::split_paths(&env::var_os("PATH").unwrap_or_default())),
    )?;
    // Without the bitcode no guest could be built with link-time optimisation.
    let flags = format!("-Cembed-bitcode=yes -Lnative={WASI_LIBC} -Clink-self-contained=no");
    run(Command::new(DEBIAN_CARGO)
        .args([
            "build",
            "--release",
            "-Zbuild-std=std,panic_abort",
            "--target",
            TARGET,
        ])
        .current_dir(folder)
        .env_remove("CARGO")
        .env_remove("RUSTUP_TOOLCHAIN")
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env("RUSTC", DEBIAN_RUSTC)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", flags)
        .env("PATH", path))
}

fn deps_of(std_build: &Path) -> PathBuf {
    std_build.join("target").join(TARGET).join("release/deps")
}

fn lay_out(sysroot: &Path, std_build: &Path, linkers: &Path) -> Result<()> {
    if sysroot.exists() {
        fs::remove_dir_all(sysroot)?;
    }
    let rustlib = sysroot.join("lib/rustlib");
    copy_rlibs(&deps_of(std_build), &rustlib.join(TARGET).join("lib"))?;
    copy_startup_objects(&rustlib.join(TARGET).join("lib/self-contained"))?;
    let host = rustlib.join(HOST);
    fs::create_dir_all(host.join("bin"))?;
    symlink(
        Path::new("/usr/lib/rustlib").join(HOST).join("lib"),
        host.join("lib"),
    )?;
    for linker in ["rust-lld", "wasm-component-ld"] {
        // Links, because a copy would no longer find the LLVM library beside the original.
        symlink(linkers.join(linker), host.join("bin").join(linker))?;
    }
    install_commands(sysroot)
}

fn copy_rlibs(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else {
            continue;
        };
        let is_std = path
            .extension()
            .is_some_and(|extension| extension == "rlib")
            && !name.to_string_lossy().starts_with("libempty");
        if is_std {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

fn copy_startup_objects(to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for name in ["crt1.o", "crt1-command.o", "crt1-reactor.o", "libc.a"] {
        fs::copy(Path::new(WASI_LIBC).join(name), to.join(name))
            .with_context(|| format!("{name} is not in {WASI_LIBC}"))?;
    }
    Ok(())
}

fn install_commands(sysroot: &Path) -> Result<()> {
    let bin = sysroot.join("bin");
    fs::create_dir_all(&bin)?;
    let rustc = bin.join("rustc");
    let script = format!(
        "#!/bin/sh\nexec {DEBIAN_RUSTC} --sysroot {} \"$@\"\n",
        sysroot.display()
    );
    fs::write(&rustc, script)?;
    fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755))?;
    symlink(DEBIAN_CARGO, bin.join("cargo"))?;
    Ok(())
}

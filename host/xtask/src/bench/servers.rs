//! What is measured, and the processes that serve it.

use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Weir as the image has it.
pub(super) const WEIR: &str = "target/dist/weir";
/// The name of the native server.
pub(super) const NATIVE: &str = "native (hyper)";

const WASMTIME: &str = "48.0.8";
/// Where everything lies that only the benchmark needs.
const FOLDER: &str = "target/bench";
const GUESTS: &str = "host/tests/guests";
/// How long a server may take to begin.
const PATIENCE: Duration = Duration::from_secs(60);

/// One that is measured.
pub(super) struct Contender {
    pub(super) name: &'static str,
    pub(super) url: String,
    /// Whom its rate is put beside.
    pub(super) peer: Option<&'static str>,
}

/// Says to the last step of a build that the program needs no library of the system.
const STATIC: [&str; 3] = ["--", "-C", "target-feature=+crt-static"];

/// Builds Weir as the image has it, the guests, and wasmtime's command.
pub(super) fn build() -> Result<()> {
    crate::guests::build(&[GUESTS])?;
    let dist = ["--locked", "--profile", "dist", "--package"];
    cargo(&[&["rustc"], &dist[..], &["weir", "--bin", "weir"], &STATIC].concat())?;
    cargo(&[&["build"], &dist[..], &["xtask"]].concat())?;
    if !wasmtime().exists() {
        println!("wasmtime {WASMTIME} is built once, which takes about 20 minutes on two cores");
        let root = format!("{FOLDER}/wasmtime");
        let target = format!("{FOLDER}/build");
        cargo(&[
            "install",
            "wasmtime-cli",
            "--version",
            WASMTIME,
            "--locked",
            "--root",
            &root,
            "--target-dir",
            &target,
        ])?;
    }
    Ok(())
}

fn cargo(args: &[&str]) -> Result<()> {
    let mut command = Command::new("cargo");
    // What cargo tells the programs that it runs. Build scripts look at it, and would run anew.
    for (name, _) in std::env::vars_os() {
        let told = ["CARGO_PKG_", "CARGO_MANIFEST_"];
        if told
            .iter()
            .any(|prefix| name.to_string_lossy().starts_with(prefix))
        {
            command.env_remove(name);
        }
    }
    let status = command.args(args).status()?;
    ensure!(status.success(), "cargo {} failed", args.join(" "));
    Ok(())
}

fn wasmtime() -> PathBuf {
    Path::new(FOLDER).join("wasmtime/bin/wasmtime")
}

/// A name, a port, a path, and whom its rate is put beside.
type Served = (&'static str, u16, &'static str, Option<&'static str>);

/// The running servers; killed when dropped.
pub(super) struct Servers {
    processes: Vec<Child>,
    contenders: Vec<Served>,
}

impl Servers {
    /// Starts all of them and waits until they serve.
    pub(super) fn start() -> Result<Self> {
        let ports = [port()?, port()?, port()?, port()?, port()?];
        let [weir, native, p3, p2, p2_reused] = ports;
        let mut servers = Self {
            processes: Vec::new(),
            contenders: vec![
                (NATIVE, native, "/", None),
                (
                    "Weir, WASI 0.3",
                    weir,
                    "/p3",
                    Some("wasmtime serve, WASI 0.3"),
                ),
                ("wasmtime serve, WASI 0.3", p3, "/", None),
                (
                    "Weir, WASI 0.2",
                    weir,
                    "/p2",
                    Some("wasmtime serve, WASI 0.2"),
                ),
                ("wasmtime serve, WASI 0.2", p2, "/", None),
                (
                    "Weir, WASI 0.2, instances reused",
                    weir,
                    "/p2-reused",
                    Some("wasmtime serve, WASI 0.2, instances reused"),
                ),
                (
                    "wasmtime serve, WASI 0.2, instances reused",
                    p2_reused,
                    "/",
                    None,
                ),
            ],
        };
        let manifest = manifest()?;
        let admin = format!("127.0.0.1:{}", port()?);
        servers.spawn(
            Command::new(WEIR)
                .arg("up")
                .arg("--from")
                .arg(manifest)
                .args(["--admin", &admin, "--listen", &at(weir)]),
        )?;
        servers.spawn(Command::new("target/dist/xtask").args(["native-server", &at(native)]))?;
        servers.spawn(serve(p3).arg(guest("p3_hello")))?;
        servers.spawn(serve(p2).arg(guest("p2_hello")))?;
        let reused = ["--max-instance-reuse-count", "100000"];
        servers.spawn(serve(p2_reused).args(reused).arg(guest("p2_hello")))?;
        ports.into_iter().try_for_each(wait_for)?;
        Ok(servers)
    }

    fn spawn(&mut self, command: &mut Command) -> Result<()> {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{command:?} cannot be started"))?;
        self.processes.push(child);
        Ok(())
    }

    pub(super) fn contenders(&self) -> Vec<Contender> {
        let contender = |(name, port, path, peer): &Served| Contender {
            name,
            url: format!("http://{}{path}", at(*port)),
            peer: *peer,
        };
        self.contenders.iter().map(contender).collect()
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for process in &mut self.processes {
            // One that has ended by itself needs no more.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn serve(port: u16) -> Command {
    let mut command = Command::new(wasmtime());
    command.args(["serve", "-Scli", "--addr", &at(port)]);
    command
}

pub(super) fn at(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

pub(super) fn guest(name: &str) -> PathBuf {
    Path::new(GUESTS).join(format!("target/wasm32-wasip2/release/{name}.wasm"))
}

/// The app that Weir serves: each guest, and the one of WASI 0.2 once more with reused instances.
fn manifest() -> Result<PathBuf> {
    let folder = Path::new(FOLDER).join("app");
    fs::create_dir_all(&folder)?;
    let component = |id: &str, name: &str| -> Result<String> {
        let source = guest(name).canonicalize()?;
        Ok(format!(
            "[[trigger.http]]\nroute = \"/{id}\"\ncomponent = \"{id}\"\n[component.{id}]\nsource = {source:?}\n"
        ))
    };
    let text = [
        "spin_manifest_version = 2\n[application]\nname = \"bench\"\n".to_owned(),
        component("p3", "p3_hello")?,
        component("p2", "p2_hello")?,
        component("p2-reused", "p2_hello")?,
        "[component.p2-reused.tool.weir]\ninstance_requests = 100000\n".to_owned(),
    ];
    let path = folder.join("spin.toml");
    fs::write(&path, text.concat())?;
    Ok(path)
}

/// A port that is free now.
pub(super) fn port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

pub(super) fn wait_for(port: u16) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(at(port)).is_err() {
        ensure!(Instant::now() < deadline, "nobody serves on port {port}");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

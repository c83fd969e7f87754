//! How long a reload takes: from the new file in its place to the first answer of the new version.
//!
//! Both versions have been compiled before, as when a cluster rolls back or a build was cached. The
//! host is asked to reload, so the pause in which a watched file must stay as it is does not count.

use super::middle;
use super::servers::{self, guest, port};
use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

const ROUNDS: usize = 50;
const FOLDER: &str = "target/bench/reload";
const MANIFEST: &str = r#"spin_manifest_version = 2
[application]
name = "reload"
[[trigger.http]]
route = "/..."
component = "app"
[component.app]
source = "app.wasm"
"#;
/// The versions: what is put in the place of the component, and the end of its answer, which comes
/// in one piece to a client of HTTP/1.0.
const VERSIONS: [(&str, &str); 2] = [("p3_readme", "Hello, /\n"), ("p3_hello", "Hello")];

/// Measures and prints.
pub(super) fn measure() -> Result<()> {
    let folder = Path::new(FOLDER);
    fs::create_dir_all(folder)?;
    fs::write(folder.join("spin.toml"), MANIFEST)?;
    put(VERSIONS[1].0)?;
    let host = Host::start()?;
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let [first, second] = VERSIONS;
        let (name, answer) = if round % 2 == 0 { first } else { second };
        put(name)?;
        let began = Instant::now();
        host.reload()?;
        let answered = ask(host.serves, "GET / HTTP/1.0", "")?;
        ensure!(
            answered.ends_with(answer),
            "{name} does not serve: {answered}"
        );
        // The first of each version is compiled.
        if round >= VERSIONS.len() {
            times.push(began.elapsed().as_secs_f64() * 1e3);
        }
    }
    let slowest = times.iter().copied().fold(0.0, f64::max);
    println!(
        "\nA reload of code that is cached, {} of them: median {:.1} ms, slowest {slowest:.1} ms\n",
        times.len(),
        middle(times),
    );
    Ok(())
}

fn put(name: &str) -> Result<()> {
    let (new, place) = (
        Path::new(FOLDER).join("new"),
        Path::new(FOLDER).join("app.wasm"),
    );
    fs::copy(guest(name), &new)?;
    Ok(fs::rename(new, place)?)
}

struct Host {
    process: Child,
    serves: u16,
    admin: u16,
}

impl Host {
    fn start() -> Result<Self> {
        let (serves, admin) = (port()?, port()?);
        let from: PathBuf = Path::new(FOLDER).join("spin.toml");
        let process = Command::new(servers::WEIR)
            .args([
                "up",
                "--listen",
                &servers::at(serves),
                "--admin",
                &servers::at(admin),
            ])
            .arg("--from")
            .arg(from)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{} cannot be started", servers::WEIR))?;
        let host = Self {
            process,
            serves,
            admin,
        };
        servers::wait_for(serves)?;
        Ok(host)
    }

    fn reload(&self) -> Result<()> {
        let answer = ask(self.admin, "POST /reload HTTP/1.1", "weir-admin: 1\r\n")?;
        ensure!(answer.starts_with("HTTP/1.1 200 "), "no reload: {answer}");
        Ok(())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // One that has ended by itself needs no more.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The whole response to a request without a body.
fn ask(port: u16, line: &str, headers: &str) -> Result<String> {
    let mut stream = TcpStream::connect(servers::at(port))?;
    let host = servers::at(port);
    let request = format!(
        "{line}\r\nhost: {host}\r\nconnection: close\r\ncontent-length: 0\r\n{headers}\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

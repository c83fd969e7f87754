//! Real servers of other projects, as Debian packages them: Redis and HAProxy. Each runs on
//! loopback on a free port, in a folder of its own.
//!
//! Where one is not installed, a test says so and is left out; with `CI=true` it fails.

use super::PATIENCE;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A program that runs; killed when it is dropped.
struct Daemon(Child);

impl Daemon {
    fn start(program: &Path, args: &[String], folder: &Path) -> Self {
        let child = Command::new(program)
            .args(args)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }

    fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Where `program` is installed. Says what does not run for want of it, or fails in CI.
fn installed(program: &str) -> Option<std::path::PathBuf> {
    let places = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];
    let mut paths = places.iter().map(|place| Path::new(place).join(program));
    let found = paths.find(|path| path.exists());
    if found.is_none() {
        let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!in_ci, "{program} is not installed");
        println!("did not run: {program} is not installed");
    }
    found
}

/// A port that nobody has at this moment.
pub(crate) fn free_port() -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().port()
}

fn wait_for_port(port: u16) {
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < deadline, "nobody listens at {port}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A Redis that writes every acknowledged write to the disk, with a password.
pub(crate) struct Redis {
    program: std::path::PathBuf,
    daemon: Option<Daemon>,
    folder: TempDir,
    port: u16,
    args: Vec<String>,
}

impl Redis {
    pub(crate) const PASSWORD: &str = "s3cret-of-redis";

    /// A Redis that takes requests, unless it is not installed.
    pub(crate) fn start() -> Option<Self> {
        Self::with(&["--port", "PORT"])
    }

    /// A Redis that speaks TLS with the files `cert.pem` and `key.pem` in `certificate`.
    pub(crate) fn start_tls(certificate: &Path) -> Option<Self> {
        let file = |name: &str| certificate.join(name).display().to_string();
        let (certificate, key) = (file("cert.pem"), file("key.pem"));
        Self::with(&[
            "--port",
            "0",
            "--tls-port",
            "PORT",
            "--tls-auth-clients",
            "no",
            "--tls-cert-file",
            &certificate,
            "--tls-key-file",
            &key,
        ])
    }

    fn with(args: &[&str]) -> Option<Self> {
        let program = installed("redis-server")?;
        let port = free_port();
        let own = ["--requirepass", Self::PASSWORD, "--bind", "127.0.0.1"];
        let durable = ["--appendonly", "yes", "--appendfsync", "always"];
        let args = args.iter().chain(&own).chain(&durable);
        let port_or = |arg: &&str| match *arg {
            "PORT" => port.to_string(),
            arg => arg.to_owned(),
        };
        let mut redis = Self {
            program,
            daemon: None,
            folder: tempfile::tempdir().unwrap(),
            port,
            args: args.map(port_or).collect(),
        };
        redis.resume();
        Some(redis)
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.daemon = None;
    }

    /// Starts it again on what it has written.
    pub(crate) fn resume(&mut self) {
        self.daemon = Some(Daemon::start(&self.program, &self.args, self.folder.path()));
        wait_for_port(self.port);
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its table in `weir.toml`, as the default store.
    pub(crate) fn store(&self) -> String {
        let (password, port) = (Self::PASSWORD, self.port);
        format!(
            "[key_value_store.default]\ntype = \"redis\"\n\
             url = \"redis://:{password}@127.0.0.1:{port}\"\n"
        )
    }

    /// What it answers to a command of simple words, as it comes over the wire.
    pub(crate) fn ask(&self, command: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let text = format!("AUTH {}\r\n{command}\r\nQUIT\r\n", Self::PASSWORD);
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

/// An HAProxy before some hosts: it asks each host's admin server whether it takes traffic.
pub(crate) struct Proxy {
    _daemon: Daemon,
    _folder: TempDir,
    port: u16,
}

impl Proxy {
    /// A proxy before `hosts`, each with its traffic's and its admin server's address; unless it is
    /// not installed.
    pub(crate) fn start(hosts: &[(&str, &str)]) -> Option<Self> {
        let program = installed("haproxy")?;
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let configuration = folder.path().join("haproxy.cfg");
        std::fs::write(&configuration, Self::configuration(port, hosts)).unwrap();
        let args = [
            "-db".to_owned(),
            "-f".into(),
            configuration.display().to_string(),
        ];
        let daemon = Daemon::start(&program, &args, folder.path());
        wait_for_port(port);
        Some(Self {
            _daemon: daemon,
            _folder: folder,
            port,
        })
    }

    /// Where clients send their requests.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn configuration(port: u16, hosts: &[(&str, &str)]) -> String {
        let mut text = format!(
            "defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n  \
             retries 3\n  option redispatch 1\n  retry-on conn-failure\n\
             frontend all\n  bind 127.0.0.1:{port}\n  default_backend hosts\n\
             backend hosts\n  balance roundrobin\n  option httpchk GET /readyz\n"
        );
        for (number, (traffic, admin)) in hosts.iter().enumerate() {
            let admin = admin.rsplit_once(':').unwrap().1;
            text.push_str(&format!(
                "  server host{number} {traffic} check port {admin} inter 100ms fall 1 rise 1\n"
            ));
        }
        text
    }
}

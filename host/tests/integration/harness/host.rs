//! A running host: its addresses, its clients, its end.

use super::metrics::Metrics;
use super::{PATIENCE, eventually};
use reqwest::{Client, Method, RequestBuilder, Response};
use rustix::process::{
    Pid, Resource, Rlimit, Signal, getrlimit, kill_process, kill_process_group, prlimit, setrlimit,
};
use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How a host is started.
#[derive(Clone, Default)]
pub(crate) struct Launch {
    pub(crate) manifest: PathBuf,
    /// Arguments of any command.
    pub(crate) args: Vec<String>,
    /// Arguments that only `up` has.
    pub(crate) up_only: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    /// The program, where it is not Weir but Spin.
    pub(crate) spin: Option<PathBuf>,
    /// Nobody reads what it logs.
    pub(crate) unread_log: bool,
    /// The soft and the hard limit of open files, where they are not the test's own.
    pub(crate) open_files: Option<(u64, u64)>,
}

impl Launch {
    /// With the admin server at this address.
    pub(crate) fn with_admin(mut self, address: &str) -> Self {
        let flag = self.up_only.iter().position(|arg| arg == "--admin");
        self.up_only[flag.unwrap() + 1] = address.to_owned();
        self
    }

    fn command(&self, subcommand: &str) -> Command {
        let weir = Path::new(env!("CARGO_BIN_EXE_weir"));
        let program = self.spin.as_deref().unwrap_or(weir);
        let mut command = match self.open_files {
            None => Command::new(program),
            Some(limits) => limited(program, limits),
        };
        if self.spin.is_some() {
            // It serves in a child process, which signals have to reach too.
            command.process_group(0);
        }
        command
            .arg(subcommand)
            .arg("--from")
            .arg(&self.manifest)
            .args(&self.up_only)
            .args(&self.args)
            .envs(self.env.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs to the end; gives the exit status and everything that was written.
    pub(crate) async fn fail(&self, subcommand: &str) -> (i32, String) {
        let output = self.command(subcommand).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        (output.status.code().unwrap_or(-1), text)
    }
}

/// `program` with these limits of open files, the soft and the hard one.
fn limited(program: &Path, (soft, hard): (u64, u64)) -> Command {
    let mut command = Command::new("sh");
    let script = format!("ulimit -Sn {soft} && ulimit -Hn {hard} && exec \"$0\" \"$@\"");
    command.arg("-c").arg(script).arg(program);
    command
}

/// Lets the test open as many files as it may: thousands of connections are more than shells allow.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).unwrap();
}

/// What a process has written so far, line by line.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<String>>>);

impl Written {
    /// Collects the lines of `from` on a thread, so that the process never waits for its reader.
    fn collect(&self, from: impl Read + Send + 'static) -> JoinHandle<()> {
        let lines = Arc::clone(&self.0);
        std::thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                lines.lock().unwrap().push(line);
            }
        })
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// A host that serves; killed when it is dropped.
pub(crate) struct Host {
    child: Child,
    stdout: Written,
    stderr: Written,
    readers: Vec<JoinHandle<()>>,
    /// Where it serves, such as `http://127.0.0.1:4321`, in the order of its listeners.
    pub(crate) addresses: Vec<String>,
    /// The admin server.
    pub(crate) admin: String,
    pub(crate) client: Client,
    /// What it was started with, to start it again.
    pub(crate) launch: Launch,
    pub(crate) folder: Option<TempDir>,
}

impl Host {
    /// Starts a host and waits until it serves.
    pub(crate) async fn start(launch: Launch) -> Self {
        let mut host = Self::launch(launch);
        match host.launch.spin {
            Some(_) => host.wait_for_answer().await,
            None => host.wait_for_banner().await,
        }
        host
    }

    /// Starts a host; what it answers before it serves is known to who chose its addresses.
    pub(crate) fn launch(launch: Launch) -> Self {
        Self::launch_as("up", launch)
    }

    /// Starts whatever `subcommand` is.
    pub(crate) fn launch_as(subcommand: &str, launch: Launch) -> Self {
        raise_open_files();
        let mut child = launch.command(subcommand).spawn().unwrap();
        let (stdout, stderr) = (Written::default(), Written::default());
        let mut readers = vec![stdout.collect(child.stdout.take().unwrap())];
        // Otherwise the pipe stays with the child, open and full.
        if !launch.unread_log {
            readers.push(stderr.collect(child.stderr.take().unwrap()));
        }
        Self {
            child,
            stdout,
            stderr,
            readers,
            addresses: Vec::new(),
            admin: String::new(),
            client: client(),
            launch,
            folder: None,
        }
    }

    /// Waits until it serves.
    pub(crate) async fn wait_for_banner(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while !self
            .stdout
            .lines()
            .iter()
            .any(|line| line.starts_with("Ready"))
        {
            self.still_starts(deadline);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let word = |line: &str| line.split_whitespace().nth(1).unwrap().to_owned();
        let lines = self.stdout.lines();
        let serving = lines.iter().filter(|line| line.starts_with("Serving"));
        self.addresses = serving.map(|line| word(line)).collect();
        let admin = lines.iter().find(|line| line.starts_with("Admin")).unwrap();
        self.admin = word(admin).trim_end_matches("/metrics").to_owned();
    }

    /// Waits until it answers where it was told to listen.
    async fn wait_for_answer(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        let args = &self.launch.up_only;
        let listen = args.iter().skip_while(|arg| *arg != "--listen").nth(1);
        self.addresses = vec![format!("http://{}", listen.unwrap())];
        let health = self.request(Method::GET, "/.well-known/spin/health");
        while health.try_clone().unwrap().send().await.is_err() {
            self.still_starts(deadline);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn still_starts(&mut self, deadline: Instant) {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("the host ended with {status}:\n{}", self.log());
        }
        let log = self.log();
        assert!(Instant::now() < deadline, "the host does not serve:\n{log}");
    }

    /// What it has written to standard output.
    pub(crate) fn banner(&self) -> String {
        self.stdout.lines().join("\n")
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        self.stderr.lines().join("\n")
    }

    /// The log lines with all of `parts` in them.
    pub(crate) fn log_lines(&self, parts: &[&str]) -> Vec<String> {
        let mut lines = self.stderr.lines();
        lines.retain(|line| parts.iter().all(|part| line.contains(part)));
        lines
    }

    /// Waits for a log line with all of `parts` in it.
    pub(crate) async fn logged(&self, parts: &[&str]) -> String {
        eventually(&format!("a log line with {parts:?}"), async || {
            self.log_lines(parts).into_iter().next()
        })
        .await
    }

    /// The folder of the app.
    pub(crate) fn folder(&self) -> &Path {
        self.launch.manifest.parent().unwrap()
    }

    /// The files in the log directory of a component, by name.
    pub(crate) fn log_files(&self, component: &str) -> Vec<PathBuf> {
        let Ok(entries) = self.folder().join("state/log").join(component).read_dir() else {
            return Vec::new();
        };
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| {
            path.is_file() && !path.file_name().unwrap().to_string_lossy().starts_with('.')
        });
        files.sort();
        files
    }

    /// A request to the first listener.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.addresses[0]))
    }

    /// The answer to GET on the first listener.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// The answer to a request.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        match request.send().await {
            Ok(response) => Answer::read(response).await,
            Err(error) => panic!("no answer: {error:?}\n{}", self.log()),
        }
    }

    /// The admin server's answer, or nothing while it does not listen.
    pub(crate) async fn try_admin(&self, path: &str) -> Option<Answer> {
        let asked = self.client.get(format!("{}{path}", self.admin));
        Some(Answer::read(asked.send().await.ok()?).await)
    }

    /// The answer of the admin server.
    pub(crate) async fn admin(&self, path: &str) -> Answer {
        self.send(self.client.get(format!("{}{path}", self.admin)))
            .await
    }

    /// What `/metrics` says now.
    pub(crate) async fn metrics(&self) -> Metrics {
        Metrics::parse(&self.admin("/metrics").await.text())
    }

    /// Waits until the sum of the series with these labels is `value`.
    pub(crate) async fn metric_is(&self, name: &str, labels: &[(&str, &str)], value: f64) {
        let mut last = 0.0;
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            last = self.metrics().await.sum(name, labels);
            if last == value {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!(
            "{name} with {labels:?} is {last}, not {value}\n{}",
            self.admin("/metrics").await.text()
        );
    }

    /// Waits until the sum of the series with these labels is `least` or more; gives it.
    pub(crate) async fn metric_reaches(
        &self,
        name: &str,
        labels: &[(&str, &str)],
        least: f64,
    ) -> f64 {
        eventually(&format!("{name} with {labels:?} of {least}"), async || {
            let value = self.metrics().await.sum(name, labels);
            (value >= least).then_some(value)
        })
        .await
    }

    /// Waits until no request is in flight and no instance works.
    pub(crate) async fn rests(&self) {
        self.metric_is("http_server_active_requests", &[], 0.0)
            .await;
        self.metric_is("weir_requests_queued", &[], 0.0).await;
        self.metric_is("weir_component_instances", &[("state", "busy")], 0.0)
            .await;
    }

    /// Host and port of the first listener.
    pub(crate) fn socket(&self) -> &str {
        self.addresses[0].split_once("://").unwrap().1
    }

    /// The process.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap()
    }

    /// What the kernel says of the process under this name.
    pub(crate) fn proc(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.child.id()))
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        match self.launch.spin {
            Some(_) => kill_process_group(self.pid(), signal).unwrap(),
            None => kill_process(self.pid(), signal).unwrap(),
        }
    }

    /// Lets it open so many files in all from now on.
    pub(crate) fn limit_open_files(&self, files: u64) {
        let limit = Rlimit {
            current: Some(files),
            maximum: Some(files),
        };
        prlimit(Some(self.pid()), Resource::Nofile, limit).unwrap();
    }

    /// Waits for its end; gives its status and everything that it logged.
    pub(crate) async fn ended(&mut self) -> (ExitStatus, String) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.readers
                    .drain(..)
                    .for_each(|reader| reader.join().unwrap());
                return (status, self.log());
            }
            assert!(
                Instant::now() < deadline,
                "the host does not end:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Asks it to stop, and waits for its end.
    pub(crate) async fn stop(&mut self) -> (ExitStatus, String) {
        self.signal(Signal::TERM);
        self.ended().await
    }

    fn kill(&mut self) {
        // Until it was waited for, its id is no other's.
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(Signal::KILL);
            let _ = self.child.wait();
        }
    }

    /// Kills it as a power cut would the process, then starts another on the same state.
    pub(crate) async fn kill_and_restart(mut self) -> Self {
        self.kill();
        let mut next = Self::start(self.launch.clone()).await;
        next.folder = self.folder.take();
        next
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let lines = self.stderr.lines();
            let last = lines.len().saturating_sub(40);
            eprintln!(
                "--- the end of the host's log\n{}",
                lines[last..].join("\n")
            );
        }
    }
}

/// A client that follows no redirect and reuses connections.
pub(crate) fn client() -> Client {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .unwrap()
}

/// A whole response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Reads a response to its end.
    pub(crate) async fn read(response: Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap().to_vec(),
        }
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Status and body, for short comparisons.
    pub(crate) fn pair(&self) -> (u16, String) {
        (self.status, self.text())
    }
}

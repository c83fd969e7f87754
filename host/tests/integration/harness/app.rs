//! An app that a test describes in a few lines.

use super::host::{Host, Launch};
use super::{free_address, guest, root};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A manifest and a configuration in the making.
pub(crate) struct App {
    folder: TempDir,
    manifest: String,
    config: String,
    launch: Launch,
    /// Whether the harness says nothing of addresses and the state directory.
    bare: bool,
}

impl App {
    /// An app without components.
    pub(crate) fn new() -> Self {
        Self::of("spin_manifest_version = 2\n[application]\nname = \"test\"\n".into())
    }

    /// An app with this manifest.
    pub(crate) fn of(manifest: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
        Self {
            folder,
            manifest,
            config: format!("[engine]\ncache_directory = {cache:?}\n"),
            launch: Launch::default(),
            bare: false,
        }
    }

    /// Compiled guests are not shared with other tests.
    pub(crate) fn without_shared_cache(mut self) -> Self {
        self.config.clear();
        self
    }

    /// The folder that everything lies in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Serves the guest `name` at `/<name>/...`; its id is its name with dashes. `settings` are
    /// keys of its `[component.<id>]` table, and tables below it.
    pub(crate) fn guest(self, name: &str, settings: &str) -> Self {
        let id = name.replace('_', "-");
        let source = guest(name);
        self.manifest(&format!(
            "[[trigger.http]]\nroute = \"/{name}/...\"\ncomponent = \"{id}\"\n\
             [component.{id}]\nsource = {source:?}\n{settings}"
        ))
    }

    /// Adds lines to the manifest.
    pub(crate) fn manifest(mut self, lines: &str) -> Self {
        writeln!(self.manifest, "{lines}").unwrap();
        self
    }

    /// Adds lines to `weir.toml`.
    pub(crate) fn config(mut self, lines: &str) -> Self {
        writeln!(self.config, "{lines}").unwrap();
        self
    }

    /// Adds a file to the app's folder.
    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.folder().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    /// Adds arguments of `weir up`.
    pub(crate) fn args<'a>(mut self, args: impl IntoIterator<Item = &'a str>) -> Self {
        self.launch.args.extend(args.into_iter().map(str::to_owned));
        self
    }

    /// Adds a variable to the environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.launch.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Lets nobody read what the host logs.
    pub(crate) fn with_unread_log(mut self) -> Self {
        self.launch.unread_log = true;
        self
    }

    /// Gives the host these limits of open files, the soft and the hard one.
    pub(crate) fn open_files(mut self, soft: u64, hard: u64) -> Self {
        self.launch.open_files = Some((soft, hard));
        self
    }

    /// Leaves addresses and the state directory to the test.
    pub(crate) fn bare(mut self) -> Self {
        self.bare = true;
        self
    }

    /// Says something to `weir up` as its flag or, if not `as_flag`, as the flag's variable.
    pub(crate) fn say(self, as_flag: bool, option: &str, value: &str) -> Self {
        match as_flag {
            true => self.args([format!("--{option}").as_str(), value]),
            false => self.env(&variable(option), value),
        }
    }

    /// The services of this project instead, with their own manifest.
    pub(crate) fn services() -> Self {
        let folder = root();
        let manifest = std::fs::read_to_string(folder.join("spin.toml"));
        Self::of(manifest.unwrap()).args(["--app-dir", folder.to_str().unwrap()])
    }

    /// The same for a program without `--app-dir`: their code lies beside the manifest.
    pub(crate) fn services_beside_their_code() -> Self {
        let folder = root();
        let manifest = std::fs::read_to_string(folder.join("spin.toml"));
        let app = Self::of(manifest.unwrap());
        let components = std::fs::canonicalize(folder.join("components")).unwrap();
        std::os::unix::fs::symlink(components, app.folder().join("components")).unwrap();
        app
    }

    /// Starts it and waits until it serves.
    pub(crate) async fn start(self) -> Host {
        let launch = self.write();
        self.launched(launch).await
    }

    /// Starts it, and leaves it to the test to wait until it serves.
    pub(crate) fn launch(self) -> Host {
        let mut host = Host::launch(self.write());
        host.folder = Some(self.folder);
        host
    }

    /// Starts it under this Spin instead.
    pub(crate) async fn start_under(self, spin: PathBuf) -> Host {
        let app = self.bare();
        let folder = |name: &str| app.folder().join(name).display().to_string();
        let options = [
            ("--listen", free_address()),
            ("--state-dir", folder("state")),
            ("--log-dir", folder("log")),
        ];
        let options = options.map(|(option, value)| [option.to_owned(), value]);
        let launch = Launch {
            up_only: options.concat(),
            spin: Some(spin),
            ..app.write()
        };
        app.launched(launch).await
    }

    async fn launched(self, launch: Launch) -> Host {
        let mut host = Host::start(launch).await;
        host.folder = Some(self.folder);
        host
    }

    /// Starts it, though it should not serve; gives its exit status and what it wrote.
    pub(crate) async fn fail(self) -> (i32, String) {
        let launch = self.write();
        launch.fail("up").await
    }

    /// Runs another command on it; gives its exit status and what it wrote.
    pub(crate) async fn run(self, command: &str) -> (i32, String) {
        self.write_without_up().fail(command).await
    }

    /// Begins another command on it, which is this app's as long as that is kept.
    pub(crate) fn begin(&self, command: &str) -> Host {
        Host::launch_as(command, self.write_without_up())
    }

    fn write_without_up(&self) -> Launch {
        Launch {
            up_only: Vec::new(),
            ..self.write()
        }
    }

    fn write(&self) -> Launch {
        let manifest = self.folder().join("spin.toml");
        let config = self.folder().join("weir.toml");
        std::fs::write(&manifest, &self.manifest).unwrap();
        std::fs::write(&config, &self.config).unwrap();
        let mut launch = self.launch.clone();
        launch.manifest = manifest;
        if self.bare {
            return launch;
        }
        let state = self.folder().join("state").display().to_string();
        launch.up_only = vec!["--admin".into(), "127.0.0.1:0".into()];
        if !self.config.contains("[state]") {
            launch.up_only.extend(["--state-dir".into(), state]);
        }
        if !self.config.contains("[[listener]]") && !launch.args.iter().any(|arg| arg == "--listen")
        {
            launch
                .up_only
                .extend(["--listen".into(), "127.0.0.1:0".into()]);
        }
        launch
    }
}

/// The variable that says the same as a flag.
pub(crate) fn variable(option: &str) -> String {
    format!("WEIR_{}", option.replace('-', "_").to_uppercase())
}

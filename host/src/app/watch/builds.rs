//! Builds of components whose sources were edited. A newer edit ends a running build of the same
//! component; builds of different components run beside each other.

use crate::app::reload::Reloader;
use crate::deploy::build;
use crate::diagnostic::Problem;
use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::HashMap;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Instant;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::AbortHandle;
use tracing::info;

/// The builds that run.
pub(super) struct Builds {
    reloader: Arc<Reloader>,
    running: HashMap<String, AbortHandle>,
}

impl Builds {
    pub(super) fn new(reloader: Arc<Reloader>) -> Self {
        Self {
            reloader,
            running: HashMap::new(),
        }
    }

    /// Builds a component, in place of a build of it that runs.
    pub(super) fn start(&mut self, id: &str) {
        if let Some(before) = self.running.remove(id) {
            before.abort();
        }
        let (reloader, component) = (Arc::clone(&self.reloader), id.to_owned());
        let task = tokio::spawn(async move {
            if let Err(problem) = run(&component, &reloader).await {
                reloader.failed(&component, &problem.into());
            }
        });
        self.running.insert(id.to_owned(), task.abort_handle());
    }
}

impl Drop for Builds {
    fn drop(&mut self) {
        self.running.values().for_each(AbortHandle::abort);
    }
}

async fn run(id: &str, reloader: &Reloader) -> Result<(), Problem> {
    let definition = reloader.definition();
    let component = definition.manifest.components.get(id);
    let component = component.and_then(|component| component.build.as_ref());
    let Some(build) = component else {
        return Ok(());
    };
    let began = Instant::now();
    info!(target: "weir::reload", component = id, "building");
    let folder = build::folder(build, &definition.app);
    for command in &build.command {
        let failed =
            |why: String| Problem::new(format!("the build of `{id}` failed: `{command}` {why}"));
        let mut shell = Command::from(build::shell(command, &folder));
        shell
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let child = shell.spawn().map_err(|error| failed(error.to_string()))?;
        let status = Group(child).finish(id).await;
        let status = status.map_err(|error| failed(error.to_string()))?;
        if !status.success() {
            return Err(failed(format!("ended with {status}")));
        }
    }
    info!(target: "weir::reload", component = id, took = ?began.elapsed(), "built");
    Ok(())
}

/// A build command with everything that it started; ended as a whole when it is dropped.
struct Group(Child);

impl Group {
    /// Passes on what it prints, until it ends.
    async fn finish(mut self, id: &str) -> std::io::Result<std::process::ExitStatus> {
        let (stdout, stderr) = (self.0.stdout.take(), self.0.stderr.take());
        let (_, _, status) = tokio::join!(pass_on(id, stdout), pass_on(id, stderr), self.0.wait());
        status
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // None once it has ended.
        let pid = self.0.id().and_then(|pid| i32::try_from(pid).ok());
        if let Some(pid) = pid.and_then(Pid::from_raw) {
            // It may be ending by itself just now.
            let _ = kill_process_group(pid, Signal::TERM);
        }
    }
}

async fn pass_on(id: &str, from: Option<impl AsyncRead + Unpin>) {
    let Some(from) = from else { return };
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        eprintln!("{id} | {line}");
    }
}

//! `weir up`.

use super::options::{AppOptions, StateOptions};
use super::{address, banner, build, runtime};
use crate::app::definition::{Definition, Wanted};
use crate::app::{Follow, Host, Seen};
use crate::config::ConfigLayer;
use crate::config::bounded::Timeout;
use crate::config::listener::{Listener, TlsFiles};
use crate::diagnostic::Problems;
use crate::drain::Drained;
use crate::error::Error;
use crate::signal::{Hangups, Signals};
use clap::Args;
use clap::builder::BoolishValueParser;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What `weir up` is told.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    app: AppOptions,

    /// Where requests come in, instead of the listeners of weir.toml [default: 127.0.0.1:3000]
    #[arg(long, env = "WEIR_LISTEN", value_name = "ADDRESS", value_parser = address::parse)]
    listen: Option<SocketAddr>,

    /// A certificate chain in PEM, with which --listen speaks TLS
    #[arg(
        long,
        env = "WEIR_TLS_CERT",
        value_name = "FILE",
        requires = "tls_key",
        requires = "listen"
    )]
    tls_cert: Option<PathBuf>,

    /// The certificate's private key in PEM
    #[arg(long, env = "WEIR_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Where metrics, probes and status are served [default: 127.0.0.1:9464]
    #[arg(long, env = "WEIR_ADMIN", value_name = "ADDRESS", value_parser = address::parse)]
    admin: Option<SocketAddr>,

    /// Build the components first, as `weir build` does
    #[arg(long, env = "WEIR_BUILD", value_parser = BoolishValueParser::new())]
    build: bool,

    /// Follow changes: build components whose sources are edited, and replace what changed without
    /// dropping a request
    #[arg(long, env = "WEIR_WATCH", value_parser = BoolishValueParser::new())]
    watch: bool,

    /// With --watch: build nothing, only follow the built components and the files beside them
    #[arg(
        long,
        env = "WEIR_SKIP_BUILD",
        requires = "watch",
        value_parser = BoolishValueParser::new()
    )]
    skip_build: bool,

    #[command(flatten)]
    state: StateOptions,

    /// How long a request may take, for every component [default: 30s]
    #[arg(long, env = "WEIR_REQUEST_TIMEOUT", value_name = "DURATION")]
    request_timeout: Option<Timeout>,

    /// Requests that an instance serves before it is replaced, for every component
    #[arg(long, env = "WEIR_MAX_INSTANCE_REUSE_COUNT", value_name = "N")]
    max_instance_reuse_count: Option<NonZeroU32>,

    /// Requests that an instance of WASI 0.3 works on at once, for every component
    #[arg(
        long,
        env = "WEIR_MAX_INSTANCE_CONCURRENT_REUSE_COUNT",
        value_name = "N"
    )]
    max_instance_concurrent_reuse_count: Option<NonZeroU32>,

    /// How long an instance without requests is kept, for every component
    #[arg(
        long,
        env = "WEIR_IDLE_INSTANCE_TIMEOUT",
        value_name = "DURATION",
        value_parser = humantime::parse_duration
    )]
    idle_instance_timeout: Option<Duration>,
}

impl Options {
    fn settings(&self) -> ConfigLayer {
        let mut layer = ConfigLayer {
            listeners: self.listener().map(|listener| vec![listener]),
            ..ConfigLayer::default()
        };
        layer.admin.address = self.admin;
        self.state.add(&mut layer);
        let execution = &mut layer.every_component.execution;
        execution.timeout = self.request_timeout;
        execution.instance_requests = self.max_instance_reuse_count;
        execution.instance_concurrency = self.max_instance_concurrent_reuse_count;
        execution.instance_idle_timeout = self.idle_instance_timeout;
        layer
    }

    fn follow(&self) -> Follow {
        match (self.watch, self.skip_build) {
            (false, _) => Follow::Nothing,
            (true, true) => Follow::Artefacts,
            (true, false) => Follow::Sources,
        }
    }

    fn listener(&self) -> Option<Listener> {
        let tls = self.tls_cert.clone().zip(self.tls_key.clone());
        self.listen.map(|address| Listener {
            address,
            tls: tls.map(|(certificate, key)| TlsFiles {
                certificate,
                key,
                location: None,
            }),
            ..Listener::default()
        })
    }
}

/// Serves until a signal.
pub(super) fn run(options: Options) -> Result<ExitCode, Error> {
    let began = Instant::now();
    let mut wanted = options.app.wanted();
    wanted.flags = options.settings();
    let (definition, seen) = options.follow().read(&wanted)?;
    let served = definition.manifest.check_served().none_or(());
    Problems::both(served, definition.check_secret_files().none_or(()))?;
    if options.build {
        build::components(&definition.manifest, &definition.app, &[])?;
    }
    let runtime = runtime::start()?;
    let drained = runtime.block_on(serve(definition, wanted, seen, began));
    runtime::end(runtime);
    drained.map(|drained| match drained {
        Drained { cut: 0, .. } => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

async fn serve(
    definition: Definition,
    wanted: Wanted,
    seen: Seen,
    began: Instant,
) -> Result<Drained, Error> {
    let unheard = |source| Error::System {
        what: "signals cannot be listened for",
        source,
    };
    let mut signals = Signals::listen().map_err(unheard)?;
    let hangups = Hangups::listen().map_err(unheard)?;
    let host = tokio::select! {
        host = Host::start(definition, wanted, seen, hangups) => host?,
        // Nothing is in flight yet.
        _ = signals.next() => return Ok(Drained::default()),
    };
    banner::show(&host, began.elapsed());
    Ok(host.run(signals).await)
}

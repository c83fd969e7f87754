//! Why the host does not start, and the status it exits with.

use crate::app::sockets::BindError;
use crate::deploy::resources::ResourceError;
use crate::diagnostic::{Problems, Style};
use crate::scaffold::ScaffoldError;
use crate::server::tls::TlsError;
use crate::telemetry::registry::RegistryError;
use crate::telemetry::traces::tracer::TracesError;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// The status for a configuration that cannot be used.
const CONFIGURATION: u8 = 2;
/// The status for everything else that goes wrong.
const FAILURE: u8 = 1;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The manifest, the configuration or a component cannot be used. Exit status 2.
    #[error("{0}")]
    Configuration(#[from] Problems),
    /// A listener's certificate cannot be used. Exit status 2.
    #[error(transparent)]
    Certificate(#[from] TlsError),
    /// An address cannot be listened at. Exit status 1.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The engine or a store cannot be opened. Exit status 1, and 2 for a file that is no store.
    #[error(transparent)]
    Resource(#[from] ResourceError),
    /// Traces cannot be exported as the environment asks. Exit status 2.
    #[error(transparent)]
    Traces(#[from] TracesError),
    /// The metrics registry cannot be set up. Exit status 1.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A component cannot be written. Exit status 2.
    #[error(transparent)]
    Scaffold(#[from] ScaffoldError),
    /// A build command failed. Exit status 1.
    #[error("the build of `{component}` failed: `{command}` {why}")]
    Build {
        /// The component.
        component: String,
        /// The command as the manifest has it.
        command: String,
        /// How it ended.
        why: String,
    },
    /// The system refused a thread, a signal handler or a task. Exit status 1.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

impl Error {
    /// The status that the process exits with.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Configuration(_) | Self::Certificate(_) | Self::Scaffold(_) | Self::Traces(_) => {
                CONFIGURATION
            }
            Self::Resource(ResourceError::Store(store)) if store.is_misconfigured() => {
                CONFIGURATION
            }
            _ => FAILURE,
        })
    }

    /// Tells a person, on standard error.
    pub fn report(&self) {
        let mut output = io::stderr();
        // Nobody may be there to read it.
        let _ = match self {
            Self::Configuration(problems) => {
                let style = Style::of(&output);
                writeln!(output, "{}", problems.rendered(style))
            }
            other => writeln!(output, "error: {other}"),
        };
    }
}

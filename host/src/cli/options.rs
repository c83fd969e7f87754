//! Options that several commands have.

use crate::app::definition::Wanted;
use crate::app::variables::source::{NoVariable, VariableSource};
use crate::capability::interfaces::Contract;
use crate::config::ConfigLayer;
use clap::builder::{BoolishValueParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, Args, Command};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The manifest of an app.
pub(super) const APP: &str = "spin.toml";
/// The manifest of commands.
pub(super) const COMMANDS: &str = "commands.toml";

/// Where the files lie that say what runs.
#[derive(Clone, Debug, Args)]
pub(super) struct FileOptions {
    /// The manifest, or the folder it lies in [default: spin.toml; for `run` commands.toml]
    #[arg(long, short, env = "WEIR_FROM", value_name = "PATH")]
    from: Option<PathBuf>,

    /// The configuration of this deployment [default: weir.toml beside the manifest, if there]
    #[arg(long, env = "WEIR_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    /// Where the manifest's relative paths start from [default: the manifest's folder]
    #[arg(long, env = "WEIR_APP_DIR", value_name = "DIR")]
    app_dir: Option<PathBuf>,
}

impl FileOptions {
    /// What is asked for; `manifest` is the manifest's name where only its folder is given.
    pub(super) fn wanted(&self, manifest: &str) -> Wanted {
        let from = self.from.clone().unwrap_or_else(|| manifest.into());
        Wanted {
            manifest: match from.is_dir() {
                true => from.join(manifest),
                false => from,
            },
            app: self.app_dir.clone(),
            config: self.config.clone(),
            ..Wanted::default()
        }
    }
}

/// The values and stores that components get.
#[derive(Clone, Debug, Args)]
pub(super) struct ValueOptions {
    /// The value of a variable; may be given several times. NAME=@FILE takes what is in the file,
    /// which is the place for secrets; @FILE.json and @FILE.toml hold several. Also
    /// SPIN_VARIABLE_<NAME> in the environment or in .env beside the manifest
    #[arg(long = "variable", value_name = "NAME=VALUE", value_parser = Assignment)]
    variables: Vec<VariableSource>,

    /// A runtime configuration file of Spin; its [key_value_store.<label>] tables are used. Weir's
    /// own file is --config
    #[arg(long, env = "WEIR_RUNTIME_CONFIG_FILE", value_name = "FILE")]
    runtime_config_file: Option<PathBuf>,

    /// Not in Weir: build profiles of the manifest
    #[arg(long, value_name = "NAME", hide = true, value_parser = no_profile)]
    profile: Option<String>,
}

impl ValueOptions {
    /// Adds them to what is asked for.
    pub(super) fn add(&self, wanted: &mut Wanted) {
        wanted.variables.clone_from(&self.variables);
        wanted.runtime_config.clone_from(&self.runtime_config_file);
    }
}

/// Which app, and how it is deployed.
#[derive(Clone, Debug, Args)]
pub(super) struct AppOptions {
    #[command(flatten)]
    files: FileOptions,

    /// Run this component only; may be given several times
    #[arg(
        long = "component-id",
        short = 'c',
        env = "WEIR_COMPONENT_ID",
        value_name = "ID",
        value_delimiter = ','
    )]
    components: Vec<String>,

    #[command(flatten)]
    values: ValueOptions,

    /// Run the app as Spin would: nothing of weir:platform, and every dependency composed
    #[arg(long, env = "WEIR_PORTABLE", value_parser = BoolishValueParser::new())]
    portable: bool,
}

impl AppOptions {
    /// What is asked for, without settings.
    pub(super) fn wanted(&self) -> Wanted {
        let mut wanted = self.files.wanted(APP);
        wanted.components.clone_from(&self.components);
        self.values.add(&mut wanted);
        if self.portable {
            wanted.contract = Contract::Spin;
        }
        wanted
    }
}

/// Where the host keeps files.
#[derive(Clone, Debug, Args)]
pub(super) struct StateOptions {
    /// Where stores, logs and compiled components are kept [default: .weir in the app's folder]
    #[arg(long, env = "WEIR_STATE_DIR", value_name = "DIR")]
    state_dir: Option<PathBuf>,

    /// Where the components' log directories lie [default: log in the state directory]
    #[arg(long, env = "WEIR_LOG_DIRECTORY", value_name = "DIR")]
    log_directory: Option<PathBuf>,

    /// Not in Weir: files with what components print
    #[arg(long, value_name = "DIR", hide = true, value_parser = no_log_dir)]
    log_dir: Option<PathBuf>,
}

impl StateOptions {
    /// Adds them to settings.
    pub(super) fn add(&self, settings: &mut ConfigLayer) {
        settings.state.directory.clone_from(&self.state_dir);
        settings.log_root.root.clone_from(&self.log_directory);
    }

    /// Where log directories lie, if that is given.
    pub(super) fn log_directory(&self) -> Option<&Path> {
        self.log_directory.as_deref()
    }
}

/// Reads what `--variable` says. Unlike a function that does, it has its error to itself: clap's own
/// shows what was given, which may be a secret.
#[derive(Clone)]
struct Assignment;

impl TypedValueParser for Assignment {
    type Value = VariableSource;

    fn parse_ref(
        &self,
        command: &Command,
        _: Option<&Arg>,
        given: &OsStr,
    ) -> Result<Self::Value, clap::Error> {
        let source = given.to_str().ok_or(NoVariable).and_then(str::parse);
        source.map_err(|none| {
            clap::Error::raw(ErrorKind::ValueValidation, format!("{none}\n")).with_cmd(command)
        })
    }
}

fn no_profile(_name: &str) -> Result<String, String> {
    Err("profiles of the manifest are not in Weir yet".into())
}

fn no_log_dir(_folder: &str) -> Result<PathBuf, &'static str> {
    Err(
        "Spin writes to it what components print, which in Weir goes to the host's log; \
         --log-directory is where the log directories lie that components write to themselves",
    )
}

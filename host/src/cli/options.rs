//! Options that several commands have.

use crate::app::definition::Wanted;
use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Args, Command};
use std::ffi::OsStr;
use std::path::PathBuf;

/// Which app, and how it is deployed.
#[derive(Clone, Debug, Args)]
pub(super) struct AppOptions {
    /// The manifest, or the folder it lies in
    #[arg(
        long,
        short,
        env = "WEIR_FROM",
        value_name = "PATH",
        default_value = "spin.toml"
    )]
    pub(super) from: PathBuf,

    /// The configuration of this deployment [default: weir.toml beside the manifest, if there]
    #[arg(long, env = "WEIR_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    /// Where the manifest's relative paths start from [default: the manifest's folder]
    #[arg(long, env = "WEIR_APP_DIR", value_name = "DIR")]
    pub(super) app_dir: Option<PathBuf>,

    /// Run this component only; may be given several times
    #[arg(
        long = "component-id",
        short = 'c',
        env = "WEIR_COMPONENT_ID",
        value_name = "ID",
        value_delimiter = ','
    )]
    components: Vec<String>,

    /// The value of a variable; may be given several times. Also SPIN_VARIABLE_<NAME> in the
    /// environment or in .env beside the manifest, which is the place for secrets
    #[arg(long = "variable", value_name = "NAME=VALUE", value_parser = Assignment)]
    variables: Vec<(String, String)>,

    /// A runtime configuration file of Spin; its [key_value_store.<label>] tables are used. Weir's
    /// own file is --config
    #[arg(long, env = "WEIR_RUNTIME_CONFIG_FILE", value_name = "FILE")]
    runtime_config_file: Option<PathBuf>,

    /// Not in Weir: build profiles of the manifest
    #[arg(long, value_name = "NAME", hide = true, value_parser = no_profile)]
    profile: Option<String>,
}

impl AppOptions {
    /// What is asked for, without settings.
    pub(super) fn wanted(&self) -> Wanted {
        Wanted {
            manifest: self.from.clone(),
            app: self.app_dir.clone(),
            config: self.config.clone(),
            runtime_config: self.runtime_config_file.clone(),
            components: self.components.clone(),
            variables: self.variables.clone(),
            ..Wanted::default()
        }
    }
}

/// Reads `NAME=VALUE`. Unlike a function that does, it has its error to itself: clap's own shows
/// what was given, which may be a secret.
#[derive(Clone)]
struct Assignment;

impl TypedValueParser for Assignment {
    type Value = (String, String);

    fn parse_ref(
        &self,
        command: &Command,
        _: Option<&Arg>,
        given: &OsStr,
    ) -> Result<Self::Value, clap::Error> {
        let assignment = given.to_str().and_then(|text| text.split_once('='));
        match assignment {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
            _ => Err(no_assignment().with_cmd(command)),
        }
    }
}

fn no_assignment() -> clap::Error {
    let why = "--variable must be NAME=VALUE; what was given is not shown, as it may be a secret\n";
    clap::Error::raw(ErrorKind::ValueValidation, why)
}

fn no_profile(_name: &str) -> Result<String, String> {
    Err("profiles of the manifest are not in Weir yet".into())
}

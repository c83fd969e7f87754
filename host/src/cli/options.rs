//! Options that several commands have.

use crate::app::definition::Wanted;
use crate::capability::interfaces::Contract;
use clap::Args;
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
    #[arg(long = "variable", value_name = "NAME=VALUE", value_parser = assignment)]
    variables: Vec<(String, String)>,

    /// A runtime configuration file of Spin; its [key_value_store.<label>] tables are used. Weir's
    /// own file is --config
    #[arg(long, env = "WEIR_RUNTIME_CONFIG_FILE", value_name = "FILE")]
    runtime_config_file: Option<PathBuf>,

    /// Run the app as Spin would: nothing of weir:platform, and every dependency composed
    #[arg(long, env = "WEIR_PORTABLE")]
    portable: bool,

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
            contract: match self.portable {
                true => Contract::Spin,
                false => Contract::Weir,
            },
            ..Wanted::default()
        }
    }
}

/// The value is not repeated in the error: it may be a secret.
fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it must be NAME=VALUE".into()),
    }
}

fn no_profile(_name: &str) -> Result<String, String> {
    Err("profiles of the manifest are not in Weir yet".into())
}

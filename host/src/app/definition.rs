//! What is to run and how: the manifest, the settings and the values of variables, from every
//! place that states them.
//!
//! All of it is read before any port is opened or file written, and everything that is wrong is
//! reported at once.

use super::variables;
use super::variables::source::VariableSource;
use crate::capability::interfaces::Contract;
use crate::config::component::ComponentSettings;
use crate::config::section::Layer as _;
use crate::config::state::Directories;
use crate::config::{Config, ConfigLayer};
use crate::deploy::prepare::Plan;
use crate::diagnostic::{Problem, Problems, Source};
use crate::manifest::Manifest;
use crate::manifest::component::Component;
use crate::manifest::resolver::Resolver;
use std::path::{Path, PathBuf};

/// The manifest's name where only its folder is given.
const MANIFEST: &str = "spin.toml";
/// The configuration that is read if it lies beside the manifest.
const CONFIG: &str = "weir.toml";

/// What the command line and the environment ask for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The manifest, or the folder it lies in.
    pub manifest: PathBuf,
    /// Where the manifest's relative paths start from; without it the manifest's folder.
    pub app: Option<PathBuf>,
    /// The configuration; without it `weir.toml` beside the manifest, if there is one.
    pub config: Option<PathBuf>,
    /// A runtime configuration file of Spin.
    pub runtime_config: Option<PathBuf>,
    /// The components to run; all if it is empty.
    pub components: Vec<String>,
    /// Values of variables; of several for one the last counts.
    pub variables: Vec<VariableSource>,
    /// Settings, stronger than those in files.
    pub flags: ConfigLayer,
    /// Whose interfaces components may import.
    pub contract: Contract,
}

/// An app and its deployment, read and found consistent.
#[derive(Debug)]
pub struct Definition {
    /// The app, without the components that are not to run.
    pub manifest: Manifest,
    /// The settings.
    pub config: Config,
    /// The values of variables.
    pub resolver: Resolver,
    /// Where relative paths of the manifest start from.
    pub app: PathBuf,
    /// Where the host keeps files.
    pub directories: Directories,
    /// The files that it was read from, or would have been, were they there.
    pub files: Vec<PathBuf>,
    /// Whose interfaces components may import.
    pub contract: Contract,
}

impl Definition {
    /// Reads everything.
    pub fn read(wanted: &Wanted) -> Result<Self, Problems> {
        Self::read_with(wanted, |manifest, folder, config| {
            let given = variables::given(manifest, &wanted.variables, folder, config)?;
            Resolver::new(manifest, given)
        })
    }

    /// Reads everything except the values of variables, which who builds, or reads logs, need not
    /// have: they may be the secrets of production. Every variable has its default or none.
    pub fn read_without_values(wanted: &Wanted) -> Result<Self, Problems> {
        Self::read_with(wanted, |manifest, _, _| Ok(Resolver::of_defaults(manifest)))
    }

    fn read_with(
        wanted: &Wanted,
        values: impl FnOnce(&Manifest, &Path, &Config) -> Result<Resolver, Problems>,
    ) -> Result<Self, Problems> {
        let path = manifest_path(&wanted.manifest);
        let folder = folder(&path);
        let app = wanted.app.clone().unwrap_or_else(|| folder.to_owned());
        // Patterns give absolute paths back as they were given, and others not.
        let app = std::path::absolute(&app).unwrap_or(app);
        let (mut manifest, config) = Problems::both(
            source(&path, "--from names the manifest or its folder")
                .and_then(|source| Manifest::parse(&source)),
            config(wanted, folder),
        )?;
        let (resolver, ()) = Problems::both(
            values(&manifest, folder, &config),
            manifest.check_deployment(&config).none_or(()),
        )?;
        manifest.select(&wanted.components, &resolver)?;
        let mut files = vec![path.clone(), folder.join(variables::DOT_ENV)];
        files.push(wanted.config.clone().unwrap_or(folder.join(CONFIG)));
        files.extend(wanted.runtime_config.clone());
        let given = wanted.variables.iter().filter_map(VariableSource::file);
        files.extend(given.map(Path::to_owned));
        Ok(Self {
            manifest,
            directories: config.directories(&app),
            config,
            resolver,
            app,
            files,
            contract: wanted.contract,
        })
    }

    /// The components that run, by id: those that a trigger leads to.
    pub fn components(&self) -> impl Iterator<Item = (&str, &Component)> {
        let components = self.manifest.triggered();
        components.map(|(id, component)| (id.as_str(), component))
    }

    /// The labels of the key-value stores that these components use, each as often as it is used.
    pub fn store_labels(&self) -> impl Iterator<Item = &str> {
        self.components()
            .flat_map(|(_, component)| &component.key_value_stores)
            .map(|label| label.as_str())
    }

    /// The settings of a component. Under Spin's contract nothing of Weir's own is granted.
    pub fn settings(&self, id: &str, component: &Component) -> ComponentSettings {
        let mut settings = self.config.component(id, &component.settings);
        if self.contract == Contract::Spin {
            settings.log_directory = None;
            settings.metrics = None;
        }
        settings
    }

    /// What is needed to prepare a component with these settings.
    pub fn plan<'a>(
        &'a self,
        id: &'a str,
        component: &'a Component,
        settings: &'a ComponentSettings,
    ) -> Plan<'a> {
        Plan {
            id,
            component,
            settings,
            app: &self.app,
            directories: &self.directories,
            resolver: &self.resolver,
            manifest: &self.manifest,
            contract: self.contract,
        }
    }
}

fn manifest_path(given: &Path) -> PathBuf {
    match given.is_dir() {
        true => given.join(MANIFEST),
        false => given.to_owned(),
    }
}

fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// The text of a file; `fix` is what to do if it is not there.
fn source(path: &Path, fix: &str) -> Result<Source, Problems> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Source::new(path.display().to_string(), text)),
        Err(error) => {
            let problem = Problem::new(format!("{} cannot be read: {error}", path.display()));
            Err(problem.help(fix).into())
        }
    }
}

/// Flags before `weir.toml` before the runtime configuration.
fn config(wanted: &Wanted, folder: &Path) -> Result<Config, Problems> {
    let beside = Some(folder.join(CONFIG)).filter(|path| path.exists());
    let own = wanted.config.clone().or(beside);
    let (own, runtime) = Problems::both(
        layer(own.as_deref(), ConfigLayer::parse),
        layer(
            wanted.runtime_config.as_deref(),
            ConfigLayer::parse_runtime_config,
        ),
    )?;
    Ok(wanted.flags.clone().or(own).or(runtime).resolve())
}

fn layer(
    path: Option<&Path>,
    parse: fn(&Source, &Path) -> Result<ConfigLayer, Problems>,
) -> Result<ConfigLayer, Problems> {
    match path {
        Some(path) => source(path, "name a file that is there")
            .and_then(|source| parse(&source, folder(path))),
        None => Ok(ConfigLayer::default()),
    }
}

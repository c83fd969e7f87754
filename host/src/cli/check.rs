//! `weir check`: loads, compiles and links every component without serving, and says what each
//! imports and what it was granted. Whatever is wrong is said at once.

use super::options::AppOptions;
use super::output::say;
use crate::app::definition::Definition;
use crate::capability::interfaces::{self, Capability, Contract};
use crate::config::component::ComponentSettings;
use crate::deploy::generation;
use crate::deploy::prepare::code::{self, Code};
use crate::deploy::prepare::{Plan, grants};
use crate::deploy::toolchain::Toolchain;
use crate::engine::loader::Loaded;
use crate::engine::refusal;
use crate::error::Error;
use crate::manifest::component::Component;
use clap::Args;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// What `weir check` is told.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    app: AppOptions,
}

/// Checks, and says what was found.
pub(super) fn run(options: &Options) -> Result<ExitCode, Error> {
    let definition = Definition::read(&options.app.wanted())?;
    let directories = &definition.directories;
    let toolchain = Toolchain::new(&definition.config, directories)?;
    let mut problems = definition.check_secret_files();
    for (id, component) in definition.components() {
        let settings = definition.settings(id, component);
        let plan = definition.plan(id, component, &settings);
        problems.extend(grants::check(&plan));
        let is_command = definition
            .manifest
            .commands
            .iter()
            .any(|command| **command == id);
        let reported = match is_command {
            true => {
                code::command(&plan, &toolchain).map(|(loaded, _)| about_command(&plan, &loaded))
            }
            false => code::handler(&plan, &toolchain).map(|code| report(&plan, &code, &definition)),
        };
        match reported {
            Ok(text) => say(text.trim_end())?,
            Err(found) => problems.extend(found),
        }
    }
    problems.none_or(())?;
    let name = &definition.manifest.application.name;
    say(match definition.contract {
        Contract::Weir => format!("{name}: all is well"),
        Contract::Spin => format!("{name}: all is well, here and under Spin"),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// What there is to say of a command that loads.
fn about_command(plan: &Plan<'_>, loaded: &Loaded) -> String {
    let digest = &loaded.digest;
    let imports = imports(plan, loaded);
    let command = match plan.contract {
        Contract::Weir => "command",
        Contract::Spin => "command (Spin needs a plugin for this trigger)",
    };
    format!("{}\n  digest    {digest}\n  {command}\n{imports}", plan.id)
}

/// What there is to say of a component that loads.
fn report(plan: &Plan<'_>, code: &Code, definition: &Definition) -> String {
    let mut text = format!("{}\n", plan.id);
    let reuse = generation::reuse(&plan.settings.execution, &code.pre);
    let instances = definition.config.engine.instances.get() / code.loaded.places.max(1);
    let limits = &definition.config.limits;
    let in_flight = generation::in_flight(&plan.settings.execution, limits, &reuse, instances);
    text.push_str(&format!(
        "  digest    {}\n  capacity  {in_flight} requests in flight: at most {instances} instances \
         of {} pool places, {} requests each at once; {} over all components\n",
        code.loaded.digest, code.loaded.places, reuse.concurrency, limits.max_in_flight
    ));
    text.push_str(&imports(plan, &code.loaded));
    text
}

/// The imports of a component by capability, with what it was granted.
fn imports(plan: &Plan<'_>, loaded: &Loaded) -> String {
    let mut text = String::new();
    let withheld = loaded.imports.iter();
    for withheld in withheld.filter_map(|name| refusal::withheld(name)) {
        text.push_str(&format!("  {withheld} is not inherited by a dependency\n"));
    }
    for (capability, imports) in by_capability(&loaded.imports) {
        let granted = grant(capability, plan.component, plan.settings);
        text.push_str(&format!("  {:24}  {granted}\n", capability.to_string()));
        for import in imports {
            text.push_str(&format!("    {import}\n"));
        }
    }
    text
}

fn by_capability(imports: &[String]) -> BTreeMap<Capability, Vec<&str>> {
    let mut sorted: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for import in imports {
        if let Some(capability) = interfaces::capability(import) {
            sorted.entry(capability).or_default().push(import);
        }
    }
    sorted
}

/// What the manifest and the settings grant of a capability.
fn grant(capability: Capability, component: &Component, settings: &ComponentSettings) -> String {
    let list = |granted: Vec<String>| match granted.is_empty() {
        true => "denied: none is granted".to_owned(),
        false => format!("granted: {}", granted.join(", ")),
    };
    let yes = |granted: bool| match granted {
        true => "granted".to_owned(),
        false => "denied".to_owned(),
    };
    match capability {
        Capability::Base => String::new(),
        Capability::Files => list(vec![format!("{} entries", component.files.len())])
            .replace("granted: 0 entries", "denied: no file is granted"),
        Capability::Sockets => yes(false),
        Capability::Http => {
            let hosts = component.allowed_outbound_hosts.iter();
            list(hosts.map(|host| host.to_string()).collect())
        }
        Capability::KeyValue => {
            let stores = component.key_value_stores.iter();
            list(stores.map(|label| label.as_str().to_owned()).collect())
        }
        Capability::Variables => list(component.variables.keys().cloned().collect()),
        Capability::LogDirectory => yes(settings.log_directory.is_some()),
        Capability::Metrics => yes(settings.metrics.is_some()),
    }
}

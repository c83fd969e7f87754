//! Composes a component with what its manifest lists under `dependencies`, under Spin's rules.
//!
//! A dependency satisfies every import of the component that its name matches; each needs to match
//! one at least, and no two the same. What a dependency does not inherit is refused to it, though
//! it shares the imports of its parent ([`inheritance`]). The result is one component with the
//! exports of the parent and one instance of each dependency inside, so the state of a dependency
//! ends with the instance of its parent.
//!
//! Under Weir's contract, dependencies that name Weir's own interfaces are left out, because the
//! host has those itself. Limits: code from a registry or a URL is refused by name, and of one
//! package there is one dependency, as under Spin.

mod graph;
mod inheritance;

use super::prepare::Plan;
use crate::capability::interfaces::Contract;
use crate::diagnostic::{Problem, Problems};
use crate::engine::loader;
use crate::manifest::dependency::{Dependency, Origin};
use graph::{Composition, GraphError};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use tracing::info;

/// The dependencies of a component that are composed into it, in the order of the manifest.
pub fn composed<'a>(plan: &Plan<'a>) -> impl Iterator<Item = &'a Dependency> {
    let contract = plan.contract;
    plan.component
        .dependencies
        .iter()
        .filter(move |one| contract == Contract::Spin || !one.is_provided_by_host())
}

/// The file that a dependency comes from; none if it comes from elsewhere.
pub fn file(plan: &Plan<'_>, dependency: &Dependency) -> Option<PathBuf> {
    let path = plan.manifest.dependency_path(dependency)?;
    Some(plan.app.join(path))
}

/// The component `code` with its dependencies. Reads their files.
pub fn compose(plan: &Plan<'_>, code: Vec<u8>) -> Result<Vec<u8>, Problems> {
    let dependencies: Vec<_> = composed(plan).collect();
    if dependencies.len() < plan.component.dependencies.len() {
        info!(
            component = plan.id,
            "dependencies that name weir:platform are left out, the host has it"
        );
    }
    if dependencies.is_empty() {
        return Ok(code);
    }
    let source = &plan.component.source;
    let unreadable = |why: GraphError| {
        Problem::new(format!("`{}` cannot be composed: {why}", plan.id)).at(&source.location, "")
    };
    one_of_a_package(&dependencies).none_or(())?;
    let mut composition = Composition::of(plan.id, code).map_err(unreadable)?;
    each_matches(plan, &dependencies, &composition).none_or(())?;
    let mut problems = Problems::default();
    for dependency in &dependencies {
        problems.extend(add(plan, dependency, &mut composition).err());
    }
    problems.none_or(())?;
    composition.encode().map_err(|why| unreadable(why).into())
}

/// Spin's composition has one place for each package.
fn one_of_a_package(dependencies: &[&Dependency]) -> Problems {
    let mut first: BTreeMap<String, &Dependency> = BTreeMap::new();
    let mut problems = Problems::default();
    for dependency in dependencies {
        let name = &dependency.name;
        let package = name.package().unwrap_or(&name.to_string()).to_owned();
        if let Some(first) = first.get(&package) {
            let problem = Problem::new(format!("two dependencies are of the package `{package}`"))
                .at(&name.location, "the second")
                .at(&first.name.location, "the first")
                .help(format!("list it once, under `\"{package}\"`, with a component that exports all that is needed of it"));
            problems.push(problem);
        } else {
            first.insert(package, dependency);
        }
    }
    problems
}

/// Each dependency must match an import. No two match the same, being of different packages.
fn each_matches(
    plan: &Plan<'_>,
    dependencies: &[&Dependency],
    composition: &Composition,
) -> Problems {
    let imports = composition.imports();
    let mut problems = Problems::default();
    for dependency in dependencies {
        if !imports.iter().any(|import| dependency.name.matches(import)) {
            problems.push(matches_nothing(plan, dependency, &imports));
        }
    }
    problems
}

fn matches_nothing(plan: &Plan<'_>, dependency: &Dependency, imports: &[String]) -> Problem {
    let name = dependency.name.to_string();
    let message = format!("dependency `{name}` matches no import of `{}`", plan.id);
    let names: BTreeSet<_> = imports
        .iter()
        .map(|import| dependency.name.in_this_form(import))
        .collect();
    Problem::new(message)
        .at(&dependency.name.location, "")
        .suggest(&name, names.iter().map(String::as_str))
}

/// Puts a dependency into the composition.
fn add(
    plan: &Plan<'_>,
    dependency: &Dependency,
    composition: &mut Composition,
) -> Result<(), Problem> {
    let name = &dependency.name;
    let code = code(plan, dependency)?;
    let imports = composition.imports().into_iter();
    let imports = imports.filter(|import| name.matches(import));
    let export = dependency.export.as_deref();
    composition
        .plug(&name.to_string(), code, imports, export)
        .map_err(|why| not_plugged(dependency, &why))
}

/// The code of a dependency, with no more than it inherits.
fn code(plan: &Plan<'_>, dependency: &Dependency) -> Result<Vec<u8>, Problem> {
    let path = file(plan, dependency).ok_or_else(|| no_file(dependency))?;
    let code = loader::read(&path).map_err(|error| unusable(dependency, &error.to_string()))?;
    inheritance::restrict(&code, &dependency.inherit).map_err(|error| {
        unusable(
            dependency,
            &format!("{} is damaged: {error}", path.display()),
        )
    })
}

fn unusable(dependency: &Dependency, why: &str) -> Problem {
    let name = &dependency.name;
    Problem::new(format!("dependency `{}` cannot be used: {why}", name.value))
        .at(&name.location, "")
}

fn no_file(dependency: &Dependency) -> Problem {
    let place = match dependency.origin {
        Origin::Url { .. } => "a URL",
        _ => "a registry",
    };
    unusable(dependency, &format!("code from {place} is not in Weir yet"))
        .help("fetch the file when the app is built, and give it as `path`")
}

fn not_plugged(dependency: &Dependency, why: &GraphError) -> Problem {
    let problem = unusable(dependency, &why.to_string());
    match why.nearest() {
        Some((wanted, exports)) => problem.suggest(wanted, exports.iter().map(String::as_str)),
        None => problem,
    }
}

//! Gives triggers and inline components the ids that Spin gives them.

use super::{Declared, DeclaredTarget, HttpTrigger, Target};
use crate::diagnostic::Located;
use crate::manifest::component::Component;
use crate::manifest::name::ComponentId;
use std::collections::BTreeSet;

/// What the triggers come to.
#[derive(Default)]
pub(in crate::manifest) struct Normalized {
    /// The triggers.
    pub(in crate::manifest) triggers: Vec<HttpTrigger>,
    /// The components that are written inside them, by the ids that they get.
    pub(in crate::manifest) inline: Vec<(String, Component)>,
    /// The ids by which they refer to components.
    pub(in crate::manifest) references: Vec<Located<String>>,
}

/// Gives every trigger an id and every inline component too; `components` are the ids in use.
pub(in crate::manifest) fn normalize(
    declared: Vec<Declared>,
    mut components: BTreeSet<String>,
) -> Normalized {
    let mut trigger_ids: BTreeSet<_> = declared.iter().filter_map(|one| one.id.clone()).collect();
    let mut normalized = Normalized::default();
    for Declared {
        id,
        route,
        target,
        location,
    } in declared
    {
        let Some(target) = target else { continue };
        let id = id.unwrap_or_else(|| trigger_id(&target, &mut trigger_ids));
        let target = normalized.target(&id, target, &mut components);
        let trigger = route.zip(target).map(|(route, target)| HttpTrigger {
            id,
            route,
            target,
            location,
        });
        normalized.triggers.extend(trigger);
    }
    normalized
}

impl Normalized {
    fn target(
        &mut self,
        trigger: &str,
        target: DeclaredTarget,
        components: &mut BTreeSet<String>,
    ) -> Option<Target> {
        match target {
            DeclaredTarget::Static(response) => Some(Target::Static(response)),
            DeclaredTarget::Component(reference) => {
                self.references.push(reference.clone());
                ComponentId::try_from(reference.value)
                    .ok()
                    .map(Target::Component)
            }
            DeclaredTarget::Inline(component) => {
                let id = inline_id(trigger, components)?;
                self.inline.push((id.to_string(), *component));
                Some(Target::Component(id))
            }
        }
    }
}

fn trigger_id(target: &DeclaredTarget, taken: &mut BTreeSet<String>) -> String {
    let natural = match target {
        DeclaredTarget::Component(id) => Some(format!("{}-http-trigger", **id)),
        DeclaredTarget::Inline(_) | DeclaredTarget::Static(_) => None,
    };
    let numbered = (1u32..).map(|number| format!("http-trigger{number}"));
    first_free(natural.into_iter().chain(numbered), taken)
}

fn inline_id(trigger: &str, taken: &mut BTreeSet<String>) -> Option<ComponentId> {
    let natural = ComponentId::try_from(format!("{trigger}-component")).ok();
    let numbered = (1u32..).map(|number| format!("inline-component{number}"));
    let candidates = natural.map(|id| id.to_string()).into_iter().chain(numbered);
    ComponentId::try_from(first_free(candidates, taken)).ok()
}

fn first_free(
    mut candidates: impl Iterator<Item = String>,
    taken: &mut BTreeSet<String>,
) -> String {
    let free = candidates
        .find(|id| !taken.contains(id))
        .unwrap_or_default();
    taken.insert(free.clone());
    free
}

//! Room for series: how many routes, components and stores a host can tell apart in its metrics.
//!
//! The limits on series are set when the host starts ([`crate::telemetry::registry`]), and a series
//! that was there once takes its place until the end. So what the app has had since the start is
//! remembered, and a reload that would bring in more than there is room for is refused: what is
//! counted beyond the limits would be folded into one series, in silence.

use super::definition::Definition;
use crate::diagnostic::{Problem, Problems};
use crate::manifest::route::Route;
use crate::manifest::trigger::{HttpTrigger, Target};
use crate::telemetry::metrics::capability::key_value::UNKNOWN;
use crate::telemetry::metrics::http_server::{HOST, UNMATCHED};
use crate::telemetry::metrics::reload::APP;
use crate::telemetry::registry::Scale;
use std::collections::HashSet;

/// Routes, and components, that reloads may add.
const ROOM: usize = 64;
/// Stores that reloads may add.
const ROOM_FOR_STORES: usize = 8;

/// What the metrics of a host that is started as `definition` says have room for.
pub(super) fn scale(definition: &Definition) -> Scale {
    let now = Subjects::of(definition);
    Scale {
        routes: ROOM + now.routes.len(),
        components: ROOM + now.components.len(),
        listeners: definition.config.listeners.len(),
        stores: ROOM_FOR_STORES + now.stores.len(),
    }
}

/// What there is room for, and what has taken of it since the start.
pub(super) struct Room {
    scale: Scale,
    taken: Subjects,
}

impl Room {
    /// The room of a host that was started as `definition` says.
    pub(super) fn of(definition: &Definition) -> Self {
        Self {
            scale: scale(definition),
            taken: Subjects::of(definition),
        }
    }

    /// Makes room for what the app is to be. Takes nothing if there is too little.
    pub(super) fn take(&mut self, definition: &Definition) -> Result<(), Problems> {
        let mut taken = Subjects::of(definition);
        taken.routes.extend(self.taken.routes.iter().cloned());
        taken
            .components
            .extend(self.taken.components.iter().cloned());
        taken.stores.extend(self.taken.stores.iter().cloned());
        let wanted = [
            ("routes", taken.routes.len(), self.scale.routes),
            ("components", taken.components.len(), self.scale.components),
            ("stores", taken.stores.len(), self.scale.stores),
        ];
        let full = wanted.into_iter().filter(|(_, count, room)| count > room);
        let problems = full.map(|(what, count, room)| no_room(what, count, room));
        problems.collect::<Problems>().none_or(())?;
        self.taken = taken;
        Ok(())
    }
}

fn no_room(what: &str, count: usize, room: usize) -> Problem {
    let message = format!(
        "the metrics of this host have room for {room} {what}, and with this change the app has had \
         {count} since the start"
    );
    Problem::new(message).help("restart the host, which makes room for what the app has by then")
}

/// What metrics are measured of, as their labels name it.
struct Subjects {
    /// Each with the component that answers.
    routes: HashSet<(String, String)>,
    components: HashSet<String>,
    stores: HashSet<String>,
}

impl Subjects {
    fn of(definition: &Definition) -> Self {
        let routes = definition.manifest.triggers.iter().filter_map(route);
        let unmatched = (HOST.to_owned(), UNMATCHED.to_owned());
        let components = definition.components().map(|(id, _)| id);
        let configured = definition.config.key_value_stores.keys();
        let stores = definition
            .store_labels()
            .chain(configured.map(String::as_str));
        Self {
            routes: routes.chain([unmatched]).collect(),
            components: named(components.chain([HOST, APP])),
            stores: named(stores.chain([UNKNOWN])),
        }
    }
}

/// Who answers a trigger's route, and the route; none if it is private.
fn route(trigger: &HttpTrigger) -> Option<(String, String)> {
    let Route::Public(written) = &trigger.route else {
        return None;
    };
    let component = match &trigger.target {
        Target::Component(id) => id.as_str(),
        Target::Static(_) => HOST,
    };
    Some((component.to_owned(), written.as_str().to_owned()))
}

fn named<'n>(names: impl Iterator<Item = &'n str>) -> HashSet<String> {
    names.map(str::to_owned).collect()
}

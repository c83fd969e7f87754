//! Builds the route table from the manifest's triggers.

use crate::config::listener::Listener;
use crate::diagnostic::{Problem, Problems};
use crate::manifest::Manifest;
use crate::manifest::route::Route as Written;
use crate::manifest::trigger::{HttpTrigger, StaticResponse, Target as Answerer};
use crate::server::chain::INTERNAL_ROUTE;
use crate::server::route::{self, Component, Route, RouteHeaders, RouteTable, Target};
use crate::server::router::parameter_names;
use crate::telemetry::metrics::http_server::{HOST, HttpServer, UNMATCHED};
use std::collections::HashMap;
use std::sync::Arc;

/// What begins the header that carries a route's parameter.
const PARAMETER: &str = "spin-path-match-";

/// The table for these components; triggers of others are left out.
pub fn build(
    manifest: &Manifest,
    listeners: &[Listener],
    components: HashMap<String, Arc<Component>>,
    metrics: &HttpServer,
) -> Result<RouteTable, Problems> {
    let mut problems = Problems::default();
    let mut table = RouteTable {
        listeners: listeners.iter().map(|_| Default::default()).collect(),
        internal: RouteHeaders::new(INTERNAL_ROUTE),
        unmatched: Some(metrics.route(HOST, UNMATCHED)),
        ..RouteTable::default()
    };
    for trigger in &manifest.triggers {
        match route(trigger, &components, metrics) {
            Ok(Some((pattern, route))) => {
                add(&mut table, listeners, trigger, &pattern, &Arc::new(route));
            }
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    for id in components.keys() {
        table.patterns.entry(id.as_str().into()).or_default();
    }
    table.components = components;
    problems.none_or(table)
}

fn add(
    table: &mut RouteTable,
    listeners: &[Listener],
    trigger: &HttpTrigger,
    pattern: &str,
    route: &Arc<Route>,
) {
    let answerer = match &route.target {
        Target::Component(component) => Arc::clone(&component.id),
        Target::Static(_) => HOST.into(),
    };
    let patterns = table.patterns.entry(answerer).or_default();
    patterns.push(Arc::clone(&route.label));
    table.app.insert(pattern, Arc::clone(route));
    for (listener, router) in listeners.iter().zip(&mut table.listeners) {
        if serves(listener, &trigger.target) {
            router.insert(pattern, Arc::clone(route));
        }
    }
}

/// A listener that names its components serves those and nothing else.
fn serves(listener: &Listener, target: &Answerer) -> bool {
    match (&listener.components, target) {
        (Some(named), Answerer::Component(id)) => {
            named.iter().any(|name| name.as_str() == id.as_str())
        }
        (Some(_), Answerer::Static(_)) => false,
        (None, _) => true,
    }
}

/// The route of a trigger with what is written for it; none if it is private or not served here.
fn route(
    trigger: &HttpTrigger,
    components: &HashMap<String, Arc<Component>>,
    metrics: &HttpServer,
) -> Result<Option<(String, Route)>, Problem> {
    let Written::Public(written) = &trigger.route else {
        return Ok(None);
    };
    let (target, component) = match &trigger.target {
        Answerer::Static(given) => (Target::Static(fixed(given)), HOST),
        Answerer::Component(id) => match components.get(id.as_str()) {
            Some(component) => (Target::Component(Arc::clone(component)), id.as_str()),
            None => return Ok(None),
        },
    };
    let pattern = written.as_str();
    let invalid = || Problem::new("this route cannot stand in a header").at(&written.location, "");
    let names = parameter_names(pattern).map(|name| {
        http::HeaderName::try_from(format!("{PARAMETER}{}", name.to_ascii_lowercase()))
    });
    let route = Route {
        label: pattern.into(),
        headers: RouteHeaders::new(pattern).ok_or_else(invalid)?,
        parameters: names.collect::<Result<_, _>>().map_err(|_| invalid())?,
        series: metrics.route(component, pattern),
        target,
    };
    Ok(Some((pattern.to_owned(), route)))
}

fn fixed(given: &StaticResponse) -> route::StaticResponse {
    route::StaticResponse {
        status: given.status,
        headers: given.headers.clone(),
        body: given.body.clone().into(),
    }
}

//! Finds the route of a path, by Spin's rules.
//!
//! A route is made of segments: literal, `:name` for any one segment, and `...` at the end for any
//! rest, also none. Leading and trailing slashes of a path do not count. At the first segment in
//! which two matching routes differ, a literal beats a parameter, which beats the rest.
//!
//! The routes form a trie of segments that is searched in that order, going back where a branch
//! leads nowhere. A literal path costs a look-up per segment and allocates nothing.

use std::collections::HashMap;

/// Routes with what they lead to.
#[derive(Clone, Debug)]
pub struct Router<T> {
    root: Node<T>,
}

#[derive(Clone, Debug)]
struct Node<T> {
    literals: HashMap<Box<str>, Node<T>>,
    parameter: Option<Box<Node<T>>>,
    rest: Option<T>,
    end: Option<T>,
}

/// A route that matches a path.
#[derive(Debug, PartialEq, Eq)]
pub struct Match<'r, 'p, T> {
    /// What the route leads to.
    pub value: &'r T,
    /// The segments that stand for its parameters, in their order.
    pub parameters: Vec<&'p str>,
    /// What `...` stands for, without the slash before it; `None` if the route has none.
    pub rest: Option<&'p str>,
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self {
            literals: HashMap::new(),
            parameter: None,
            rest: None,
            end: None,
        }
    }
}

impl<T> Default for Router<T> {
    fn default() -> Self {
        Self {
            root: Node::default(),
        }
    }
}

impl<T> Router<T> {
    /// Adds a route. Gives back the value that a route matching the same paths had before.
    pub fn insert(&mut self, route: &str, value: T) -> Option<T> {
        let mut node = &mut self.root;
        for segment in route.split('/').filter(|segment| !segment.is_empty()) {
            node = match segment {
                "..." | "*" => return node.rest.replace(value),
                parameter if parameter.starts_with(':') => node.parameter.get_or_insert_default(),
                literal => node.literals.entry(literal.into()).or_default(),
            };
        }
        node.end.replace(value)
    }

    /// The best route for a path.
    pub fn find<'p>(&self, path: &'p str) -> Option<Match<'_, 'p, T>> {
        let trimmed = path.trim_matches('/');
        let mut parameters = Vec::new();
        let segments = (!trimmed.is_empty()).then_some(trimmed);
        let (value, rest) = self.root.find(segments, &mut parameters)?;
        Some(Match {
            value,
            parameters,
            rest,
        })
    }
}

impl<T> Node<T> {
    fn find<'p>(
        &self,
        remaining: Option<&'p str>,
        parameters: &mut Vec<&'p str>,
    ) -> Option<(&T, Option<&'p str>)> {
        let Some(remaining) = remaining else {
            let end = self.end.as_ref().map(|value| (value, None));
            return end.or_else(|| self.rest.as_ref().map(|value| (value, Some(""))));
        };
        let (segment, next) = match remaining.split_once('/') {
            Some((segment, next)) => (segment, Some(next)),
            None => (remaining, None),
        };
        if let Some(literal) = self.literals.get(segment)
            && let Some(found) = literal.find(next, parameters)
        {
            return Some(found);
        }
        if let Some(parameter) = &self.parameter {
            parameters.push(segment);
            if let Some(found) = parameter.find(next, parameters) {
                return Some(found);
            }
            parameters.pop();
        }
        self.rest.as_ref().map(|value| (value, Some(remaining)))
    }
}

/// The names of a route's parameters, in their order.
pub fn parameter_names(route: &str) -> impl Iterator<Item = &str> {
    route
        .split('/')
        .filter_map(|segment| segment.strip_prefix(':'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn router(routes: &[&'static str]) -> Router<&'static str> {
        let mut router = Router::default();
        for route in routes {
            assert_eq!(router.insert(route, *route), None);
        }
        router
    }

    #[test]
    fn a_literal_beats_a_parameter_and_a_parameter_beats_the_rest() {
        let router = router(&["/u/:id", "/u/...", "/u/me", "/...", "/"]);
        let found = |path| *router.find(path).unwrap().value;
        assert_eq!(found("/u/me"), "/u/me");
        assert_eq!(found("/u/7"), "/u/:id");
        assert_eq!(found("/u/7/x"), "/u/...");
        assert_eq!(found("/u"), "/u/...");
        assert_eq!(found("/"), "/");
        assert_eq!(found("/v"), "/...");
    }

    #[test]
    fn a_branch_that_leads_nowhere_is_left_again() {
        let router = router(&["/a/:x/c", "/a/b/d"]);
        let found = router.find("/a/b/c").unwrap();
        assert_eq!((*found.value, found.parameters), ("/a/:x/c", vec!["b"]));
        assert_eq!(router.find("/a/b/e"), None);
    }

    #[test]
    fn slashes_at_the_ends_do_not_count_and_inner_ones_do() {
        let router = router(&["/backend/..."]);
        assert_eq!(router.find("//backend/x").unwrap().rest, Some("x"));
        assert_eq!(router.find("/backend///").unwrap().rest, Some(""));
        assert_eq!(router.find("/backend//x").unwrap().rest, Some("/x"));
    }

    #[test]
    fn routes_that_match_the_same_paths_replace_one_another() {
        let mut router = Router::default();
        assert_eq!(router.insert("/:a", 1), None);
        assert_eq!(router.insert("/:b/", 2), Some(1));
    }

    fn segment() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec!["a", "b", "ab", "a.b", "c"])
    }

    /// Routes of up to four segments, the last of which may be the rest.
    fn route() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            3 => segment().prop_map(str::to_owned),
            1 => prop::sample::select(vec![":x", ":y"]).prop_map(str::to_owned),
        ];
        (prop::collection::vec(part, 0..4), any::<bool>()).prop_map(|(mut parts, rest)| {
            if rest {
                parts.push("*".into());
            }
            format!("/{}", parts.join("/"))
        })
    }

    fn path() -> impl Strategy<Value = String> {
        let part = prop_oneof![4 => segment(), 1 => Just("")];
        prop::collection::vec(part, 0..6).prop_map(|parts| format!("/{}", parts.join("/")))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn agrees_with_the_router_that_spin_uses(
            routes in prop::collection::vec(route(), 0..8),
            paths in prop::collection::vec(path(), 1..8),
        ) {
            let mut ours = Router::default();
            let mut theirs = routefinder::Router::new();
            for route in &routes {
                // Of routes that match the same paths theirs would pick any; ours has only one.
                if ours.insert(route, route.clone()).is_none() {
                    theirs.add(route.as_str(), route.clone()).unwrap();
                } else {
                    return Ok(());
                }
            }
            for path in &paths {
                let expected = theirs.best_match(path);
                let found = ours.find(path);
                prop_assert_eq!(
                    found.as_ref().map(|found| found.value),
                    expected.as_ref().map(|expected| expected.handler()),
                    "{} in {:?}", path, &routes
                );
                if let (Some(found), Some(expected)) = (found, expected) {
                    let captures = expected.captures();
                    let parameters: Vec<_> = captures.iter().map(|(_, value)| value).collect();
                    prop_assert_eq!(found.parameters, parameters);
                    prop_assert_eq!(found.rest, captures.wildcard());
                }
            }
        }
    }
}

//! What somebody may have meant by a name that does not exist.

/// The one of `valid` that `name` is likely a misspelling of: at most a third of its letters are
/// wrong, two that changed places counting once, and not all of them.
pub fn nearest<'v>(name: &str, valid: impl IntoIterator<Item = &'v str>) -> Option<&'v str> {
    let given = name.to_lowercase().replace('_', "-");
    let distance = |valid: &str| {
        let valid = valid.to_lowercase().replace('_', "-");
        strsim::damerau_levenshtein(&given, &valid)
    };
    let most = (name.chars().count() / 3).max(1);
    let distances = valid.into_iter().map(|valid| (distance(valid), valid));
    let (distance, nearest) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= most && distance < name.chars().count()).then_some(nearest)
}

/// What to say to somebody who wrote `name` where one of `valid` belongs: the nearest one, else
/// all of them. `None` if there are none.
pub(super) fn suggestion<'v>(
    name: &str,
    valid: impl IntoIterator<Item = &'v str>,
) -> Option<String> {
    let valid: Vec<_> = valid.into_iter().collect();
    if let Some(nearest) = nearest(name, valid.iter().copied()) {
        return Some(format!("did you mean `{nearest}`?"));
    }
    (!valid.is_empty()).then(|| format!("expected {}", list(valid)))
}

/// Names as a person lists them: `a`, `b` or `c`.
pub(super) fn list<'v>(names: impl IntoIterator<Item = &'v str>) -> String {
    let quoted: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 3] = ["source", "variables", "allowed_outbound_hosts"];

    #[test]
    fn a_misspelt_name_is_recognised() {
        assert_eq!(nearest("sorce", KEYS), Some("source"));
        assert_eq!(nearest("Variable", KEYS), Some("variables"));
        assert_eq!(
            nearest("allowed-outbound-host", KEYS),
            Some("allowed_outbound_hosts")
        );
        assert_eq!(nearest("a", ["b"]), None);
    }

    #[test]
    fn a_name_that_is_like_none_gets_the_list() {
        assert_eq!(nearest("replicas", KEYS), None);
        let all = suggestion("replicas", KEYS).unwrap();
        assert_eq!(
            all,
            "expected `source`, `variables` or `allowed_outbound_hosts`"
        );
        assert_eq!(suggestion("replicas", ["path"]).unwrap(), "expected `path`");
        assert_eq!(suggestion("replicas", []), None);
    }
}

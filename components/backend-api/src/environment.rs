//! The environments whose logs can be fetched.

/// An environment, as the query's `env` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Environment {
    Development,
    Staging,
    Production,
}

impl Environment {
    /// The environment that the query names first, if it names one exactly.
    pub(crate) fn from_query(query: &str) -> Option<Self> {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let (_, name) = pairs.find(|(key, _)| key == "env")?;
        [Self::Development, Self::Staging, Self::Production]
            .into_iter()
            .find(|environment| environment.name() == name)
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }

    /// The variable that holds its integration key; empty if there is no key.
    pub(crate) fn key_variable(self) -> &'static str {
        match self {
            Self::Development => "dev_integration_key",
            Self::Staging => "staging_integration_key",
            Self::Production => "prod_integration_key",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_known_by_its_exact_name() {
        let named = |query| Environment::from_query(query).map(Environment::name);
        assert_eq!(named("env=development"), Some("development"));
        assert_eq!(named("a=b&env=st%61ging"), Some("staging"));
        assert_eq!(named("env=production&env=x"), Some("production"));
    }

    #[test]
    fn what_is_missing_empty_unknown_or_in_capitals_is_no_environment() {
        for query in [
            "",
            "env",
            "env=",
            "env=test",
            "env=Development",
            "ENV=staging",
            "env=x&env=staging",
        ] {
            assert_eq!(Environment::from_query(query), None, "{query}");
        }
    }

    #[test]
    fn each_environment_has_a_key_of_its_own() {
        assert_eq!(
            Environment::Development.key_variable(),
            "dev_integration_key"
        );
        assert_eq!(
            Environment::Staging.key_variable(),
            "staging_integration_key"
        );
        assert_eq!(
            Environment::Production.key_variable(),
            "prod_integration_key"
        );
    }
}

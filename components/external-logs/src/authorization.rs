//! Who may read the logs of which environment.

use http::HeaderValue;
use subtle::ConstantTimeEq as _;

/// The integration keys; an empty one opens nothing.
pub(crate) struct Keys {
    pub(crate) development: String,
    pub(crate) staging: String,
    pub(crate) production: String,
}

impl Keys {
    /// The environment that `token` is the key of.
    ///
    /// Time taken tells nothing of how much of a key was right: every key is compared, and each
    /// comparison looks at all bytes. It does tell whether a key of that length exists.
    pub(crate) fn environment_of(&self, token: &[u8]) -> Option<&'static str> {
        let keys = [
            ("development", &self.development),
            ("staging", &self.staging),
            ("production", &self.production),
        ];
        let mut environment = None;
        for (name, key) in keys {
            let equal = bool::from(key.as_bytes().ct_eq(token));
            if equal && !key.is_empty() {
                environment = Some(name);
            }
        }
        environment
    }
}

/// The token of an `Authorization: Bearer` header; the scheme's case does not matter.
pub(crate) fn bearer_token(authorization: &HeaderValue) -> Option<&[u8]> {
    let value = authorization.as_bytes();
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys {
            development: "dev".into(),
            staging: String::new(),
            production: "prod".into(),
        }
    }

    #[test]
    fn a_key_opens_the_logs_of_its_environment() {
        assert_eq!(keys().environment_of(b"dev"), Some("development"));
        assert_eq!(keys().environment_of(b"prod"), Some("production"));
    }

    #[test]
    fn what_is_no_key_opens_nothing() {
        for token in ["", "de", "devx", "Dev", "None"] {
            assert_eq!(keys().environment_of(token.as_bytes()), None, "{token}");
        }
    }

    #[test]
    fn a_token_follows_the_bearer_scheme() {
        let token = |value| bearer_token(&HeaderValue::from_static(value)).map(<[u8]>::to_vec);
        assert_eq!(token("Bearer abc"), Some(b"abc".to_vec()));
        assert_eq!(token("bearer abc"), Some(b"abc".to_vec()));
        assert_eq!(token("Bearer "), Some(Vec::new()));
        for value in ["", "abc", "Bearer", "Basic abc", "Bearerabc"] {
            assert_eq!(token(value), None, "{value}");
        }
    }
}

//! What a request asks for: the part of its path that is the component's, and its method.

use super::response::{self, Response};
use http::{HeaderMap, Method, Uri};

/// The methods of a path that can only be read, as `Allow` lists them.
pub const READ_ONLY: &str = "GET, HEAD, OPTIONS";

/// The path below the component's route, without slashes around it; empty for the route itself.
///
/// The host says it in `spin-path-info`. On a host that says nothing, the component has the whole
/// path.
pub fn path<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> &'a str {
    let below = headers
        .get("spin-path-info")
        .and_then(|value| value.to_str().ok());
    below.unwrap_or(uri.path()).trim_matches('/')
}

/// The answer to a method other than GET and HEAD, on a path that can only be read.
pub fn unless_read(method: &Method) -> Option<Response> {
    match *method {
        Method::GET | Method::HEAD => None,
        Method::OPTIONS => Some(response::options(READ_ONLY)),
        _ => Some(response::method_not_allowed(READ_ONLY)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderValue, StatusCode};

    fn below(info: Option<&'static str>) -> String {
        let mut headers = HeaderMap::new();
        if let Some(info) = info {
            headers.insert("spin-path-info", HeaderValue::from_static(info));
        }
        path(&headers, &Uri::from_static("/data/x")).to_owned()
    }

    #[test]
    fn the_path_is_what_the_route_leaves_of_it() {
        assert_eq!(below(Some("")), "");
        assert_eq!(below(Some("/")), "");
        assert_eq!(below(Some("/x")), "x");
        assert_eq!(below(Some("//x/")), "x");
        assert_eq!(below(Some("/x/y")), "x/y");
        assert_eq!(below(None), "data/x");
    }

    #[test]
    fn what_can_only_be_read_refuses_other_methods() {
        assert!(unless_read(&Method::GET).is_none());
        assert!(unless_read(&Method::HEAD).is_none());
        let status = |method| unless_read(&method).unwrap().status();
        assert_eq!(status(Method::OPTIONS), StatusCode::NO_CONTENT);
        assert_eq!(status(Method::POST), StatusCode::METHOD_NOT_ALLOWED);
    }
}

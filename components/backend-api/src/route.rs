//! Which of the component's resources a path means.
//!
//! The manifest gives `download_external_logs` a route of its own, so that its requests are
//! measured apart from the slow ones. It also lies below the route of the rest, where it is found
//! if the path has a slash too many.

use http::{HeaderMap, Uri};
use service::request;

const DOWNLOAD: &str = "download_external_logs";

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    LogMessage,
    DownloadExternalLogs,
    NotFound,
}

impl Route {
    /// What is meant by a request with these headers and this URI.
    pub(crate) fn of(headers: &HeaderMap, uri: &Uri) -> Self {
        let route = headers
            .get("spin-component-route")
            .and_then(|route| route.to_str().ok());
        let of_its_own = route.is_some_and(|route| route.rsplit('/').next() == Some(DOWNLOAD));
        match (of_its_own, request::path(headers, uri)) {
            (true, "") | (false, DOWNLOAD) => Self::DownloadExternalLogs,
            (false, "") => Self::LogMessage,
            _ => Self::NotFound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn route(component_route: &'static str, path_info: &'static str) -> Route {
        let mut headers = HeaderMap::new();
        headers.insert(
            "spin-component-route",
            HeaderValue::from_static(component_route),
        );
        headers.insert("spin-path-info", HeaderValue::from_static(path_info));
        Route::of(&headers, &Uri::from_static("/any"))
    }

    #[test]
    fn the_root_writes_a_message() {
        assert_eq!(route("/backend", ""), Route::LogMessage);
        assert_eq!(route("/backend", "/"), Route::LogMessage);
        assert_eq!(route("", "/"), Route::LogMessage);
    }

    #[test]
    fn external_logs_are_found_by_their_own_route_and_below_the_other() {
        let own = "/backend/download_external_logs";
        assert_eq!(route(own, ""), Route::DownloadExternalLogs);
        assert_eq!(
            route("/backend", "/download_external_logs"),
            Route::DownloadExternalLogs
        );
        assert_eq!(
            route("/backend", "//download_external_logs"),
            Route::DownloadExternalLogs
        );
    }

    #[test]
    fn nothing_else_is_found() {
        assert_eq!(route("/backend", "/x"), Route::NotFound);
        assert_eq!(
            route("/backend", "/download_external_logs/x"),
            Route::NotFound
        );
    }
}

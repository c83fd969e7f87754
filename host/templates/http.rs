//! Greets whoever asks.

use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    greeting(request.uri().path())
}

fn greeting(path: &str) -> String {
    format!("Hello from {path}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greeting_names_the_path() {
        assert_eq!(greeting("/a"), "Hello from /a\n");
    }
}

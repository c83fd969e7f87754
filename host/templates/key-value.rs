//! Counts how often each path was asked for, in the key-value store `default`.

use spin_sdk::http::{IntoResponse, Request, StatusCode};
use spin_sdk::http_service;
use spin_sdk::key_value::{Error, Store};

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    match count(request.uri().path()).await {
        Ok(visits) => (StatusCode::OK, format!("{visits}\n")),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    }
}

async fn count(path: &str) -> Result<u64, Error> {
    let store = Store::open_default().await?;
    let visits = visits(store.get(path).await?.as_deref()) + 1;
    store.set(path, visits.to_string()).await?;
    Ok(visits)
}

/// The number that is stored; none is zero, and so is what is no number.
fn visits(stored: Option<&[u8]>) -> u64 {
    let text = stored.and_then(|bytes| std::str::from_utf8(bytes).ok());
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting_begins_at_zero_and_goes_on_from_what_is_stored() {
        assert_eq!(visits(None), 0);
        assert_eq!(visits(Some(b"41")), 41);
        assert_eq!(visits(Some(b"\xff")), 0);
    }
}

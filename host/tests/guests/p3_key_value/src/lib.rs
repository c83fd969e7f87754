//! `spin:key-value@3.0.0` by spin-sdk, on the store `store`.
//!
//! The path's last segment says what is done: `open`, `get`, `set`, `delete` and `exists` of `key`
//! (`set` to `value` or, without it, to the request's body), or `keys`, one a line. A key that is
//! not there is answered as the error `None`.

use p3::{Outcome, Response, Target};
use spin_sdk::http::Request;
use spin_sdk::http::body::IncomingBodyExt as _;
use spin_sdk::http_service;
use spin_sdk::key_value::{Error, Store};

#[http_service]
async fn handle(request: Request) -> Response {
    let target = Target::parse(
        request
            .uri()
            .path_and_query()
            .map_or("", |both| both.as_str()),
    );
    let body = request.into_body().bytes().await.expect("a whole body");
    p3::outcome(run(&target, &body).await)
}

async fn run(target: &Target, body: &[u8]) -> Outcome {
    let key = target.text("key");
    let store = Store::open(target.text("store"))
        .await
        .map_err(p3::error_name)?;
    let done = match target.operation() {
        "open" => Ok(b"ok".to_vec()),
        "get" => {
            return store
                .get(key)
                .await
                .map_err(p3::error_name)?
                .ok_or("None".into());
        }
        "set" => store
            .set(key, value(target, body))
            .await
            .map(|()| b"ok".to_vec()),
        "delete" => store.delete(key).await.map(|()| b"ok".to_vec()),
        "exists" => store
            .exists(key)
            .await
            .map(|exists| exists.to_string().into_bytes()),
        "keys" => keys(&store).await,
        other => return Err(format!("no operation {other}")),
    };
    done.map_err(p3::error_name)
}

fn value<'a>(target: &'a Target, body: &'a [u8]) -> &'a [u8] {
    match target.text("value") {
        "" => body,
        value => value.as_bytes(),
    }
}

async fn keys(store: &Store) -> Result<Vec<u8>, Error> {
    let keys = store.get_keys().await.collect().await?;
    Ok(keys.join("\n").into_bytes())
}

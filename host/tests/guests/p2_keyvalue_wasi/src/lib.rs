//! `wasi:keyvalue@0.2.0-draft2`, on the store `store`.
//!
//! The path's last segment says what is done: `open`, `get`, `set`, `delete` and `exists` of `key`
//! (`set` to `value` or, without it, to the request's body); `keys`, one a line; `increment` of
//! `key` by `delta`; `cas` of `key` to `value`, which after the comparison waits `ms` milliseconds
//! before it swaps. `keep-cas` keeps `n` comparisons of `key` at once. `get-many`, `set-many` and `delete-many` take `keys` with commas between. A key
//! that is not there is answered as the error `None`.

use bindings::wasi::keyvalue::atomics::{Cas, CasError, increment, swap};
use bindings::wasi::keyvalue::batch::{delete_many, get_many, set_many};
use bindings::wasi::keyvalue::store::{Bucket, Error, open};
use p2::wasip2::clocks::monotonic_clock::subscribe_duration;
use p2::{IncomingRequest, Outcome, ResponseOutparam, Target};

p2::handler!(handle);

fn handle(request: IncomingRequest, out: ResponseOutparam) {
    p2::outcome(out, run(&request));
}

fn run(request: &IncomingRequest) -> Outcome {
    let target = p2::target(request);
    let key = target.text("key");
    let bucket = open(target.text("store")).map_err(p2::error_name)?;
    let done = match target.operation() {
        "open" => Ok(b"ok".to_vec()),
        "get" => {
            return bucket
                .get(key)
                .map_err(p2::error_name)?
                .ok_or("None".into());
        }
        "set" => match target.text("value") {
            "" => bucket.set(key, &p2::body(request)),
            value => bucket.set(key, value.as_bytes()),
        }
        .map(|()| b"ok".to_vec()),
        "delete" => bucket.delete(key).map(|()| b"ok".to_vec()),
        "exists" => bucket
            .exists(key)
            .map(|exists| exists.to_string().into_bytes()),
        "keys" => keys(&bucket),
        "increment" => increment(&bucket, key, target.number("delta"))
            .map(|value| value.to_string().into_bytes()),
        "keep-cas" => keep_comparisons(&bucket, &target),
        "cas" => return compare_and_swap(&bucket, &target),
        _ => return batch(&bucket, &target),
    };
    done.map_err(p2::error_name)
}

/// Every key, page by page.
fn keys(bucket: &Bucket) -> Result<Vec<u8>, Error> {
    let mut page = bucket.list_keys(None)?;
    let mut keys = page.keys;
    while let Some(cursor) = page.cursor {
        page = bucket.list_keys(Some(&cursor))?;
        keys.append(&mut page.keys);
    }
    Ok(keys.join("\n").into_bytes())
}

fn compare_and_swap(bucket: &Bucket, target: &Target) -> Outcome {
    let cas = Cas::new(bucket, target.text("key")).map_err(p2::error_name)?;
    let current = cas.current().map_err(p2::error_name)?.unwrap_or_default();
    subscribe_duration(target.number::<u64>("ms") * 1_000_000).block();
    match swap(cas, target.text("value").as_bytes()) {
        Ok(()) => Ok(current),
        Err(CasError::StoreError(error)) => Err(p2::error_name(error)),
        Err(CasError::CasFailed(_)) => Err("CasFailed".to_owned()),
    }
}

fn keep_comparisons(bucket: &Bucket, target: &Target) -> Result<Vec<u8>, Error> {
    let numbers = 0..target.number::<u64>("n");
    let kept = numbers.map(|_| Cas::new(bucket, target.text("key")));
    let kept: Vec<Cas> = kept.collect::<Result<_, _>>()?;
    Ok(kept.len().to_string().into_bytes())
}

fn batch(bucket: &Bucket, target: &Target) -> Outcome {
    let keys: Vec<String> = target.text("keys").split(',').map(str::to_owned).collect();
    let done = match target.operation() {
        "get-many" => get_many(bucket, &keys).map(|pairs| lines(&pairs)),
        "set-many" => {
            let value = target.text("value").as_bytes().to_vec();
            let pairs: Vec<_> = keys.into_iter().map(|key| (key, value.clone())).collect();
            set_many(bucket, &pairs).map(|()| b"ok".to_vec())
        }
        "delete-many" => delete_many(bucket, &keys).map(|()| b"ok".to_vec()),
        other => return Err(format!("no operation {other}")),
    };
    done.map_err(p2::error_name)
}

/// `key=value` a line; a key that is not there has no `=`.
fn lines(pairs: &[(String, Option<Vec<u8>>)]) -> Vec<u8> {
    let line = |(key, value): &(String, Option<Vec<u8>>)| match value {
        Some(value) => format!("{key}={}", String::from_utf8_lossy(value)),
        None => key.clone(),
    };
    pairs
        .iter()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
        .into_bytes()
}

//! Reads on after a request was refused, so that its client gets to see why.
//!
//! A client that is still sending when its connection is closed may find the connection reset and
//! the answer gone with it. So what it sends is taken and forgotten for a while. The cost is
//! bounded in bytes and time; a client that goes on beyond that is cut off.

use bytes::Buf as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use std::time::Duration;
use tokio::time::timeout;

/// The most that is taken of a body, in bytes.
const MOST: usize = 64 << 20;
/// The longest that it is taken for.
const LONGEST: Duration = Duration::from_secs(5);

/// Takes what comes and forgets it.
pub(super) fn linger(body: Incoming) {
    tokio::spawn(timeout(LONGEST, forget(body)));
}

async fn forget(mut body: Incoming) {
    let mut taken = 0;
    while let Some(Ok(frame)) = body.frame().await {
        taken += frame.data_ref().map_or(0, |data| data.remaining());
        if taken > MOST {
            break;
        }
    }
}

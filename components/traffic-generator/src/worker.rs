//! A worker: one task after the other, all on one bucket, so that workers are not in each other's
//! way.

use crate::mix::Step;
use crate::pace::Pace;
use crate::tally::Tally;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use spin_sdk::time::sleep;

/// What is put into a bucket.
const CONTENT: &[u8] = br#"{ "data": "some json" }"#;

/// A worker and what all of them share.
pub(crate) struct Worker<'a> {
    /// Its bucket.
    pub(crate) url: String,
    pub(crate) mix: &'a [Step],
    pub(crate) pace: &'a Pace,
    pub(crate) tally: &'a Tally,
}

impl Worker<'_> {
    /// Works until there is no task left.
    pub(crate) async fn run(&self) {
        while let Some(wait) = self.pace.next() {
            sleep(wait).await;
            for step in self.mix {
                match step {
                    Step::Pause(pause) => sleep(*pause).await,
                    Step::Request(method) => {
                        self.tally.count(method, self.send(method).await);
                    }
                }
            }
        }
    }

    /// The status of the answer, whose body has come to its end.
    async fn send(&self, method: &Method) -> Option<StatusCode> {
        let content = match *method {
            Method::PUT => Bytes::from_static(CONTENT),
            _ => Bytes::new(),
        };
        let request = Request::builder().method(method).uri(&self.url);
        let request = request.body(Full::new(content)).ok()?;
        let answer = spin_sdk::http::send(request).await.ok()?;
        let status = answer.status();
        answer.into_body().collect().await.ok()?;
        Some(status)
    }
}

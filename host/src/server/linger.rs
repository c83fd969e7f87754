//! Reads on after a request was answered without all of its body, so that its client gets to see
//! the answer.
//!
//! A client that is still sending when its connection is closed may find the connection reset and
//! the answer gone with it. So whoever gives up an [`Upload`] before its end, on whatever way the
//! request was answered, has it taken and forgotten for a while. The cost is bounded in bytes and
//! time; a client that goes on beyond that is cut off. One that waits for a go-ahead before it
//! sends (`Expect: 100-continue`) has sent nothing and is not asked to.
//!
//! Meanwhile the connection counts as active, or what still comes of the body would be taken for the
//! beginning of the next request.

use super::io::{ActiveRequest, Activity};
use bytes::{Buf as _, Bytes};
use http::Request;
use http::header::EXPECT;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// The most that is taken of a body, in bytes.
const MOST: usize = 64 << 20;
/// The longest that it is taken for.
const LONGEST: Duration = Duration::from_secs(5);

/// The body of a client's request; read on when it is dropped before its end.
#[derive(Debug)]
pub(super) struct Upload {
    /// None once it has ended or was given up.
    incoming: Option<Incoming>,
    /// The client waits for the go-ahead that asking for the body gives.
    asks_first: bool,
    /// The connection that it comes on.
    connection: Arc<Activity>,
}

impl Upload {
    /// The request, which came on `connection`, with its body as an upload.
    pub(super) fn of(request: Request<Incoming>, connection: &Arc<Activity>) -> Request<Self> {
        let asks_first = request.headers().contains_key(EXPECT);
        request.map(|incoming| Self {
            incoming: Some(incoming),
            asks_first,
            connection: Arc::clone(connection),
        })
    }

    /// Asks for no more of it.
    pub(super) fn give_up(&mut self) {
        let incoming = self.incoming.take().filter(|body| !body.is_end_stream());
        // Without a runtime the connection is gone too.
        if let (Some(incoming), false, Ok(runtime)) =
            (incoming, self.asks_first, Handle::try_current())
        {
            let active = self.connection.resume();
            runtime.spawn(async move { timeout(LONGEST, forget(incoming, active)).await });
        }
    }
}

async fn forget(mut body: Incoming, _active: ActiveRequest) {
    let mut taken = 0;
    while let Some(Ok(frame)) = body.frame().await {
        taken += frame.data_ref().map_or(0, |data| data.remaining());
        if taken > MOST {
            break;
        }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.asks_first = false;
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(incoming).poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            self.incoming = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let hint = self.incoming.as_ref().map(Body::size_hint);
        hint.unwrap_or_else(|| SizeHint::with_exact(0))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.give_up();
    }
}

//! Reads the body of a request up to a limit.
//!
//! A body that announces more than the limit is refused before any of it is read; one that does
//! not is read no further than the part that goes beyond. At most the limit is held.

use bytes::Bytes;
use http_body::Body;
use http_body_util::{BodyExt as _, Collected, LengthLimitError, Limited};
use std::error::Error;

/// Why there is no body.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyError {
    /// It is longer than the limit, in bytes.
    #[error("the body is larger than {0} bytes")]
    TooLarge(u64),
    /// It did not arrive as a whole.
    #[error("the body is incomplete")]
    Incomplete,
}

/// The whole of `body`, if it has at most `limit` bytes.
pub(crate) async fn read<B>(body: B, limit: u64) -> Result<Bytes, BodyError>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let hint = body.size_hint();
    let announced = hint.upper().unwrap_or(hint.lower());
    if announced > limit {
        return Err(BodyError::TooLarge(limit));
    }
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let collected = Limited::new(body, most).collect().await;
    collected
        .map(Collected::to_bytes)
        .map_err(|error| match error.is::<LengthLimitError>() {
            true => BodyError::TooLarge(limit),
            false => BodyError::Incomplete,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use futures::stream;
    use http_body::Frame;
    use http_body_util::{Full, StreamBody};
    use std::cell::Cell;

    /// A body that announces no length.
    fn parts<'a>(
        parts: &'a [Result<&'static str, &'static str>],
        read: &'a Cell<usize>,
    ) -> impl Body<Data = Bytes, Error = Box<dyn Error + Send + Sync>> + 'a {
        StreamBody::new(stream::iter(parts).map(|part| {
            read.set(read.get() + 1);
            match part {
                Ok(data) => Ok(Frame::data(Bytes::from_static(data.as_bytes()))),
                Err(error) => Err((*error).into()),
            }
        }))
    }

    use futures::StreamExt as _;

    #[test]
    fn a_body_of_the_limit_is_read() {
        assert_eq!(
            block_on(read(Full::new(Bytes::from("four")), 4)),
            Ok(Bytes::from("four"))
        );
        let count = Cell::new(0);
        let body = parts(&[Ok("fo"), Ok("ur")], &count);
        assert_eq!(block_on(read(body, 4)), Ok(Bytes::from("four")));
    }

    #[test]
    fn an_empty_body_is_a_body() {
        assert_eq!(block_on(read(Full::new(Bytes::new()), 4)), Ok(Bytes::new()));
    }

    #[test]
    fn a_body_that_announces_too_much_is_refused() {
        let body = Full::new(Bytes::from("five!"));
        assert_eq!(block_on(read(body, 4)), Err(BodyError::TooLarge(4)));
    }

    #[test]
    fn a_body_is_read_no_further_than_beyond_the_limit() {
        let count = Cell::new(0);
        let body = parts(&[Ok("four"), Ok("five!"), Ok("more"), Ok("more")], &count);
        assert_eq!(block_on(read(body, 4)), Err(BodyError::TooLarge(4)));
        assert_eq!(count.get(), 2);
    }

    #[test]
    fn a_body_that_breaks_off_is_none() {
        let count = Cell::new(0);
        let body = parts(&[Ok("fo"), Err("connection lost")], &count);
        assert_eq!(block_on(read(body, 4)), Err(BodyError::Incomplete));
    }
}

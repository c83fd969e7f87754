//! `[limits]`: what clients may do, and how long they may take.

use super::bounded::{Size, Timeout, count};
use super::section::section;
use std::num::NonZeroU32;
use std::time::Duration;

section! {
    /// Limits on what clients may do, over all components.
    pub struct Limits / LimitsLayer {
        /// Requests in flight over all components, without those from one component to another, which
        /// count for the component alone. Further ones wait in the queue.
        max_in_flight: NonZeroU32 = count(4096),
        /// Requests that may wait for each component. Further ones are refused with 503 at once.
        queue_length: u32 = 256,
        /// How long a request may wait before it is refused with 503. `"0s"` lets none wait.
        queue_timeout: Duration = Duration::from_secs(1),
        /// Open connections of each listener. Further ones wait to be accepted. All listeners
        /// together take half of the files that the process may open (`ulimit -Hn`), so this can be
        /// less.
        max_connections: NonZeroU32 = count(16_384),
        /// From the opening of a connection to the first byte of its first request.
        first_byte_timeout: Timeout = Timeout::seconds(10),
        /// For a TLS handshake.
        handshake_timeout: Timeout = Timeout::seconds(10),
        /// From the first byte of a request's head to its end.
        header_timeout: Timeout = Timeout::seconds(10),
        /// Bytes of a request's head, 8 KiB or more. Larger ones are refused with 431, and so are
        /// those with more than 256 fields. HTTP/2 counts 32 bytes more for each field.
        max_header_bytes: Size<8192> = Size::bytes(64 << 10),
        /// The longest wait for more of a request's body. Then 408.
        body_timeout: Timeout = Timeout::seconds(30),
        /// How long a client may take none of what is sent to it.
        write_timeout: Timeout = Timeout::seconds(30),
        /// Between two requests on a connection.
        keep_alive_timeout: Timeout = Timeout::seconds(75),
    }
}

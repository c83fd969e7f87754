//! Cuts what a guest writes into lines, for each of its requests apart.

use super::Stream;
use crate::engine::exchange::Exchange;
use crate::telemetry::logs;
use std::sync::Arc;

/// Longest line, in bytes; a longer one goes on in the next.
const MAX_LINE: usize = 16 * 1024;

/// Lines that are not ended yet and are kept, each of another request. Beyond this the oldest is
/// logged as it is, so that a guest which never ends its lines takes no more and more memory.
const MAX_UNFINISHED: usize = 64;

/// The lines of one stream of one instance.
pub(super) struct Lines {
    stream: Stream,
    component: Arc<str>,
    unfinished: Vec<Line>,
}

/// A line that is not ended yet.
struct Line {
    caller: Option<Arc<Exchange>>,
    text: Vec<u8>,
}

impl Lines {
    pub(super) fn new(stream: Stream, component: &Arc<str>) -> Self {
        Self {
            stream,
            component: Arc::clone(component),
            unfinished: Vec::new(),
        }
    }

    /// Takes what was written on behalf of `caller`.
    pub(super) fn take(&mut self, caller: Option<Arc<Exchange>>, bytes: &[u8]) {
        let mut line = self.begun(caller);
        let mut parts = bytes.split(|byte| *byte == b'\n');
        // What follows the last line feed, possibly nothing, is not a line yet.
        let rest = parts.next_back().unwrap_or_default();
        for part in parts {
            self.extend(&mut line, part);
            self.end(&mut line);
        }
        self.extend(&mut line, rest);
        if !line.text.is_empty() {
            self.keep(line);
        }
    }

    /// The line that `caller` has begun, or a new one.
    fn begun(&mut self, caller: Option<Arc<Exchange>>) -> Line {
        let same = |line: &Line| line.caller.as_ref().map(Arc::as_ptr);
        let asked = caller.as_ref().map(Arc::as_ptr);
        match self.unfinished.iter().position(|line| same(line) == asked) {
            Some(begun) => self.unfinished.remove(begun),
            None => Line {
                caller,
                text: Vec::new(),
            },
        }
    }

    fn keep(&mut self, line: Line) {
        if self.unfinished.len() >= MAX_UNFINISHED {
            let mut oldest = self.unfinished.remove(0);
            self.end(&mut oldest);
        }
        self.unfinished.push(line);
    }

    fn extend(&self, line: &mut Line, mut part: &[u8]) {
        while line.text.len() + part.len() > MAX_LINE {
            let (now, later) = part.split_at(MAX_LINE - line.text.len());
            line.text.extend_from_slice(now);
            self.end(line);
            part = later;
        }
        line.text.extend_from_slice(part);
    }

    /// Logs the line; what follows is another.
    fn end(&self, line: &mut Line) {
        let bytes = std::mem::take(&mut line.text);
        let text = String::from_utf8_lossy(&bytes);
        let origin = line.caller.as_ref().map(|exchange| exchange.origin());
        logs::guest_line(&logs::GuestLine {
            component: &self.component,
            place: logs::GuestPlace::Stream(match self.stream {
                Stream::Stdout => "stdout",
                Stream::Stderr => "stderr",
            }),
            route: origin.map(|origin| &*origin.route),
            trace: origin.and_then(|origin| origin.trace),
            text: text.trim_end_matches('\r'),
        });
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        for mut line in std::mem::take(&mut self.unfinished) {
            self.end(&mut line);
        }
    }
}

//! What commands say. Whoever reads may have seen enough and left, as `head` does: that is no error,
//! and the command goes on to its end.

use crate::error::Error;
use std::fmt::Display;
use std::io::{self, Write as _};

/// Says a line, or several, on standard output.
pub(super) fn say(text: impl Display) -> Result<(), Error> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|source| Error::System {
            what: "standard output cannot be written",
            source,
        }),
    }
}

/// Says a line on standard error, if anybody is there to read it.
pub(super) fn tell(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

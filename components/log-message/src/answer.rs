//! The answers to a written and to an unwritten message.

use super::message::Message;
use http::StatusCode;
use service::response::{self, Response};
use weir_platform::log_directory::Error;

const HTML: &str = "text/html; charset=utf-8";

/// The message is in the log directory.
pub(crate) fn written(message: Message) -> Response {
    response::content(StatusCode::OK, HTML, format!("Log: {}", message.text()))
}

/// The message is not in the log directory.
pub(crate) fn not_written(error: &Error) -> Response {
    let message = format!("the log entry could not be written: {}", reason(error));
    response::error(StatusCode::INTERNAL_SERVER_ERROR, &message)
}

fn reason(error: &Error) -> &str {
    match error {
        Error::AccessDenied => "the component has no log directory",
        Error::InvalidName(why) | Error::Other(why) => why,
        Error::InvalidLine => "a line may not hold a line feed",
        Error::TooLarge(_) => "the entry is too large",
        Error::QuotaExceeded => "the component's quota is used up",
        Error::NoSpace => "the disk is full",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(response: &Response) -> String {
        format!("{:?}", response.body())
    }

    #[test]
    fn a_written_message_is_answered_as_html() {
        let response = written(Message::Executing);
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            response.headers()["content-type"],
            "text/html; charset=utf-8"
        );
        assert!(body(&response).contains("Log: Executing task..."));
    }

    #[test]
    fn an_unwritten_message_is_an_error_that_says_why() {
        let response = not_written(&Error::NoSpace);
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = body(&response);
        assert!(
            body.contains("could not be written: the disk is full"),
            "{body}"
        );
    }
}

//! What backend-api and data-api both do at their root: some work that takes a while, then one
//! message of four, written to the log directory as an entry of its own.

mod answer;
mod message;

use message::Message;
use service::response::Response;
use service::setting;
use spin_sdk::wasip3::random::random::get_random_u64;
use weir_platform::{log_directory, metrics};

/// Waits `processing_seconds`, writes a message chosen at random, and answers with it.
pub async fn handle() -> Response {
    let wait = match setting::seconds("processing_seconds").await {
        Ok(wait) => wait,
        Err(error) => return error.into(),
    };
    spin_sdk::time::sleep(wait).await;
    let message = Message::choose(get_random_u64());
    match log_directory::write_entry(message.entry()).await {
        Ok(_name) => {
            count(message);
            answer::written(message)
        }
        Err(error) => answer::not_written(&error),
    }
}

/// The host counts a measurement that it refuses; the request does not fail for it.
fn count(message: Message) {
    let _ = metrics::add("log_messages", 1, &[("kind".into(), message.kind().into())]);
}

//! A command that asks the backend API, its external logs and the data API, one after the other,
//! and appends a line for each to the log `health_check`. It succeeds if all of them answered 200.

mod check;
mod line;

use check::Check;
use service::setting::{self, SettingError};
use spin_sdk::wasip3::cli::command::export;
use spin_sdk::wasip3::exports::cli::run::Guest;
use std::time::Duration;
use time::OffsetDateTime;
use weir_platform::log_directory;

/// The named log that lines go to.
const LOG: &str = "health_check";

struct HealthCheck;

export!(HealthCheck);

impl Guest for HealthCheck {
    async fn run() -> Result<(), ()> {
        match all().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(()),
            Err(error) => {
                eprintln!("{error}");
                Err(())
            }
        }
    }
}

/// Whether every check passed and was logged.
async fn all() -> Result<bool, SettingError> {
    let backend = address("backend_api_url", "backend_api_path").await?;
    let data = address("data_api_url", "data_api_path").await?;
    let timeout = setting::seconds("check_timeout_seconds").await?;
    let mut passed = true;
    for check in check::all(&backend, &data) {
        passed &= one(&check, timeout).await;
    }
    Ok(passed)
}

/// Where a service is: its origin, which is what can be granted, and the path in front of its own.
async fn address(url: &'static str, path: &'static str) -> Result<String, SettingError> {
    let origin = setting::text(url).await?;
    let path = setting::text(path).await?;
    Ok(format!("{}{path}", origin.trim_end_matches('/')))
}

async fn one(check: &Check, timeout: Duration) -> bool {
    let answer = check.ask(timeout).await;
    let line = line::of(check, answer, OffsetDateTime::now_utc());
    println!("{line}");
    let logged = log_directory::append_line(LOG.to_owned(), line).await;
    if let Err(error) = &logged {
        eprintln!("not logged: {error}");
    }
    check::passes(answer) && logged.is_ok()
}

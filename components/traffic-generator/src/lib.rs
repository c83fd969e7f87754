//! A command that sends requests to the storage API: several workers, each with a bucket of its own,
//! go through the steps of a mix task after task. It says how many requests got which answer, and
//! succeeds if none failed.

mod mix;
mod pace;
mod tally;
mod worker;

use pace::Pace;
use service::setting::{self, SettingError};
use spin_sdk::wasip3::cli::command::export;
use spin_sdk::wasip3::exports::cli::run::Guest;
use tally::Tally;
use worker::Worker;

struct TrafficGenerator;

export!(TrafficGenerator);

impl Guest for TrafficGenerator {
    async fn run() -> Result<(), ()> {
        let tally = run().await.map_err(|error| eprintln!("{error}"))?;
        print!("{tally}");
        match tally.failed() {
            0 => Ok(()),
            _ => Err(()),
        }
    }
}

async fn run() -> Result<Tally, SettingError> {
    let url = setting::text("storage_api_url").await?;
    let workers = setting::number("traffic_workers", 1).await?;
    let mix = setting::text("traffic_mix").await?;
    let mix = mix::parse(&mix).map_err(|_reason| SettingError::Invalid {
        name: "traffic_mix",
        wanted: "a row of methods (PUT, GET, HEAD, DELETE) and pauses in seconds",
    })?;
    let pace = Pace::begin(
        setting::number("traffic_tasks", 0).await?,
        setting::fraction("traffic_rate").await?,
        setting::seconds("traffic_seconds").await?,
    );
    let tally = Tally::default();
    let work = (1..=workers).map(|bucket| {
        let worker = Worker {
            url: format!("{}/api/buckets/{bucket}", url.trim_end_matches('/')),
            mix: &mix,
            pace: &pace,
            tally: &tally,
        };
        async move { worker.run().await }
    });
    futures_util::future::join_all(work).await;
    Ok(tally)
}

//! How fast Weir is beside `wasmtime serve` and a native server.
//!
//! All servers run at once and idle; `wrk` loads one after the other, in rounds, so that what else
//! the machine does hits all of them alike. Printed are medians over the rounds and their ratios.
//! Weir runs as it does by default: full telemetry, all limits. A response that is not 200 ends
//! the run. Absolute figures belong to the machine; ratios are what to go by.

pub(crate) mod native;
mod reload;
mod servers;
mod wrk;

use anyhow::{Context as _, Result, bail};
use servers::{Contender, Servers};
use wrk::Measured;

/// How long is measured.
pub(crate) struct Plan {
    rounds: usize,
    seconds: u32,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            rounds: 5,
            seconds: 4,
        }
    }
}

impl Plan {
    pub(crate) fn new(rounds: &str, seconds: &str) -> Result<Self> {
        Ok(Self {
            rounds: rounds.parse().context("ROUNDS is a number")?,
            seconds: seconds.parse().context("SECONDS is a number")?,
        })
    }
}

/// Builds what is measured, measures, and prints.
pub(crate) fn run(plan: Plan) -> Result<()> {
    // Before the builds, which take long.
    wrk::find()?;
    servers::build()?;
    let servers = Servers::start()?;
    let contenders = servers.contenders();
    let mut results: Vec<Vec<Measured>> = contenders.iter().map(|_| Vec::new()).collect();
    for round in 0..=plan.rounds {
        for (contender, results) in contenders.iter().zip(&mut results) {
            let measured = wrk::measure(&contender.url, plan.seconds)
                .with_context(|| format!("{} under load", contender.name))?;
            if measured.errors > 0 {
                bail!(
                    "{}: {} answers were errors",
                    contender.name,
                    measured.errors
                );
            }
            // The first round warms up.
            if round > 0 {
                results.push(measured);
            }
        }
    }
    print(&plan, &contenders, &results);
    drop(servers);
    reload::measure()
}

fn print(plan: &Plan, contenders: &[Contender], results: &[Vec<Measured>]) {
    println!(
        "\nMedians of {} rounds of {} s, wrk -t1 -c32, all servers on this machine:\n",
        plan.rounds, plan.seconds
    );
    println!("| | requests/s | p99 | beside its peer | beside native |");
    println!("|---|---|---|---|---|");
    let medians: Vec<_> = results.iter().map(|rounds| median(rounds)).collect();
    let rate = |name: &str| {
        let index = contenders
            .iter()
            .position(|contender| contender.name == name);
        index
            .and_then(|index| medians.get(index))
            .map(|median| median.rate)
    };
    for (contender, median) in contenders.iter().zip(&medians) {
        let beside = |peer: Option<&str>| match peer.and_then(rate) {
            Some(peer) => format!("{:.2}", median.rate / peer),
            None => String::new(),
        };
        println!(
            "| {} | {:.0} | {:.1} ms | {} | {} |",
            contender.name,
            median.rate,
            median.p99,
            beside(contender.peer),
            beside(Some(servers::NATIVE))
        );
    }
}

/// The medians of rate and latency, each by itself.
fn median(rounds: &[Measured]) -> Measured {
    let of = |read: fn(&Measured) -> f64| middle(rounds.iter().map(read).collect());
    Measured {
        rate: of(|one| one.rate),
        p99: of(|one| one.p99),
        errors: 0,
    }
}

/// The one in the middle.
fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

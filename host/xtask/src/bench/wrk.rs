//! Runs wrk and reads what it prints.

use anyhow::{Context as _, Result, ensure};
use std::process::Command;

const MISSING: &str = "wrk cannot be started; Debian has it in the package wrk";

/// What one run gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measured {
    /// Requests a second.
    pub(super) rate: f64,
    /// The 99th percentile of latencies, in milliseconds.
    pub(super) p99: f64,
    /// Answers that were not 2xx or 3xx, and connections that broke.
    pub(super) errors: u64,
}

/// Fails if wrk is not there.
pub(super) fn find() -> Result<()> {
    let started = Command::new("wrk").arg("--version").output();
    started.context(MISSING).map(drop)
}

/// Loads `url` with 32 connections for so long.
pub(super) fn measure(url: &str, seconds: u32) -> Result<Measured> {
    let output = Command::new("wrk")
        .args(["-t1", "-c32", "--latency", &format!("-d{seconds}s"), url])
        .output()
        .context(MISSING)?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "wrk failed: {text}");
    parse(&text).with_context(|| format!("wrk printed something else:\n{text}"))
}

fn parse(text: &str) -> Option<Measured> {
    let field = |name: &str| {
        let line = text
            .lines()
            .find(|line| line.trim_start().starts_with(name))?;
        line.split_whitespace().nth(1)
    };
    let failed = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("Non-2xx or 3xx responses: "));
    let broken = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("Socket errors: "));
    Some(Measured {
        rate: field("Requests/sec:")?.parse().ok()?,
        p99: milliseconds(field("99%")?)?,
        errors: failed.map_or(Some(0), |count| count.parse().ok())? + broken.map_or(0, numbers),
    })
}

fn milliseconds(text: &str) -> Option<f64> {
    let units = [("us", 0.001), ("ms", 1.0), ("s", 1000.0)];
    units.into_iter().find_map(|(unit, factor)| {
        let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
        Some(number * factor)
    })
}

/// The sum of all numbers in a text.
fn numbers(text: &str) -> u64 {
    text.split(|c: char| !c.is_ascii_digit())
        .filter_map(|number| number.parse::<u64>().ok())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Running 4s test @ http://127.0.0.1:1/\n  1 threads and 32 connections\n  \
        Latency Distribution\n     50%  611.00us\n     99%    2.81ms\n  \
        113500 requests in 4.00s, 10.28MB read\n";

    #[test]
    fn rate_and_latency_are_read() {
        let whole = format!("{TEXT}Requests/sec:  28345.15\nTransfer/sec:      2.57MB\n");
        let expected = Measured {
            rate: 28345.15,
            p99: 2.81,
            errors: 0,
        };
        assert_eq!(parse(&whole), Some(expected));
    }

    #[test]
    fn errors_are_counted() {
        let whole = format!(
            "{TEXT}  Socket errors: connect 0, read 3, write 0, timeout 1\n  \
             Non-2xx or 3xx responses: 12\nRequests/sec:  1.0\n"
        );
        assert_eq!(parse(&whole).unwrap().errors, 16);
    }

    #[test]
    fn times_have_units() {
        assert_eq!(milliseconds("500.00us"), Some(0.5));
        assert_eq!(milliseconds("1.20s"), Some(1200.0));
        assert_eq!(milliseconds("12"), None);
    }
}

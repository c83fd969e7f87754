//! The log lines, the same at every call.

use serde_json::{Value, json};

/// The logs of `environment`.
pub(crate) fn of(environment: &str) -> Value {
    json!({
        "environment": environment,
        "logs": [
            line("2024-01-01T00:00:00Z", "info", "service started"),
            line("2024-01-01T00:00:05Z", "info", "connected to the queue"),
            line("2024-01-01T00:01:30Z", "warning", "a delivery was retried"),
        ],
    })
}

fn line(time: &str, level: &str, message: &str) -> Value {
    json!({ "time": time, "level": level, "message": message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logs_name_their_environment() {
        let logs = of("staging");
        assert_eq!(logs["environment"], "staging");
        assert_eq!(logs["logs"].as_array().unwrap().len(), 3);
    }
}

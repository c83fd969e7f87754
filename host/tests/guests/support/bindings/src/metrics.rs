//! `weir:platform/metrics`, driven by a request. Its functions are the same at either version of
//! WASI.

use crate::weir::platform::metrics::{
    Description, Error, Kind, add, adjust, describe, observe, set,
};
use request::{Outcome, Target, error_name};

/// Does what the path's last segment says: `add`, `adjust`, `set` and `observe` take `name` and
/// `value`, and all other parameters as attributes; `describe` takes `name`, `kind`, `help`,
/// `unit`, and `boundaries` with commas between.
pub fn run(target: &Target) -> Outcome {
    let name = target.text("name");
    let attributes = target.others(&["name", "value"]);
    let done = match target.operation() {
        "add" => add(name, target.number("value"), &attributes),
        "adjust" => adjust(name, target.number("value"), &attributes),
        "set" => set(name, target.number("value"), &attributes),
        "observe" => observe(name, target.number("value"), &attributes),
        "describe" => describe_metric(name, target),
        other => return Err(format!("no operation {other}")),
    };
    done.map(|()| b"ok".to_vec()).map_err(error_name)
}

fn describe_metric(name: &str, target: &Target) -> Result<(), Error> {
    let kind = match target.text("kind") {
        "up-down-counter" => Kind::UpDownCounter,
        "gauge" => Kind::Gauge,
        "histogram" => Kind::Histogram,
        _ => Kind::Counter,
    };
    let description = Description {
        help: target.text("help").to_owned(),
        unit: target.text("unit").to_owned(),
        boundaries: target
            .text("boundaries")
            .split(',')
            .flat_map(str::parse)
            .collect(),
    };
    describe(name, kind, &description)
}

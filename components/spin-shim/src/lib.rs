//! `weir:platform` for hosts that do not have it, such as Spin: whatever a component gives to its
//! log directory and to its metrics is printed, one line of JSON each ([`event`]).
//!
//! It stands under `dependencies` of each component that imports `weir:platform`, and is composed
//! into it. So it lives and dies with an instance of that component: it adds up nothing, keeps
//! nothing and limits nothing. What the interfaces refuse for its form is refused here as well.

#![expect(unsafe_code, reason = "generated, as exports need it")]

mod check;
mod event;
mod name;

mod generated {
    wit_bindgen::generate!({
        path: "../../wit/weir-platform@0.1.0",
        inline: "
            package weir:shim;

            world shim {
                export weir:platform/log-directory@0.1.0;
                export weir:platform/log-directory-sync@0.1.0;
                export weir:platform/metrics@0.1.0;
            }
        ",
        world: "weir:shim/shim",
        generate_all,
    });
}

use event::Event;
use generated::exports::weir::platform::{log_directory, log_directory_sync, metrics};
use metrics::{Attributes, Description, Kind};

struct Shim;

impl log_directory::Guest for Shim {
    async fn write_entry(contents: Vec<u8>) -> Result<String, log_directory::Error> {
        Ok(write_entry(&contents))
    }

    async fn append_line(log: String, line: String) -> Result<(), log_directory::Error> {
        append_line(&log, &line)
    }
}

impl log_directory_sync::Guest for Shim {
    fn write_entry(contents: Vec<u8>) -> Result<String, log_directory::Error> {
        Ok(write_entry(&contents))
    }

    fn append_line(log: String, line: String) -> Result<(), log_directory::Error> {
        append_line(&log, &line)
    }
}

fn write_entry(contents: &[u8]) -> String {
    let name = name::next();
    Event::entry(&name, contents).print();
    name
}

fn append_line(log: &str, line: &str) -> Result<(), log_directory::Error> {
    check::line(log, line)?;
    Event::line(log, line).print();
    Ok(())
}

impl metrics::Guest for Shim {
    fn describe(name: String, kind: Kind, about: Description) -> Result<(), metrics::Error> {
        check::description(&name, &about)?;
        Event::description(&name, kind, &about).print();
        Ok(())
    }

    fn add(name: String, value: u64, about: Attributes) -> Result<(), metrics::Error> {
        measured("add", &name, value.into(), &about)
    }

    fn adjust(name: String, value: i64, about: Attributes) -> Result<(), metrics::Error> {
        measured("adjust", &name, value.into(), &about)
    }

    fn set(name: String, value: f64, about: Attributes) -> Result<(), metrics::Error> {
        check::finite(value)?;
        measured("set", &name, value.into(), &about)
    }

    fn observe(name: String, value: f64, about: Attributes) -> Result<(), metrics::Error> {
        check::finite(value)?;
        measured("observe", &name, value.into(), &about)
    }
}

fn measured(
    operation: &str,
    name: &str,
    value: serde_json::Value,
    about: &Attributes,
) -> Result<(), metrics::Error> {
    check::metric(name, about)?;
    Event::measurement(operation, name, value, about).print();
    Ok(())
}

generated::export!(Shim with_types_in generated);

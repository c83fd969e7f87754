//! Every setting with its type, default and documentation, for the reference page.
//!
//! The settings are the declarations that also read them, so the page cannot be out of date.

use super::admin::Admin;
use super::component::{Execution, GuestMetrics};
use super::drain::Drain;
use super::engine::Engine;
use super::key_value::KeyValueStore;
use super::limits::Limits;
use super::listener::Listener;
use super::log_directory::{LogDirectory, LogRoot};
use super::section::Setting;
use super::state::State;
use super::telemetry::Telemetry;
use std::fmt::Write as _;

/// A table of `weir.toml` with the settings that it can have.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Its header, such as `[limits]`.
    pub header: &'static str,
    /// What it is about, in Markdown.
    pub text: &'static str,
    /// Its settings.
    pub settings: &'static [Setting],
}

/// All tables, in the order in which the reference shows them.
pub const SECTIONS: &[Section] = &[
    Section {
        header: "[[listener]]",
        text: "Where requests come in. Without any there is one with the defaults.",
        settings: Listener::SETTINGS,
    },
    Section {
        header: "[admin]",
        text: "The server for metrics, probes and status.",
        settings: Admin::SETTINGS,
    },
    Section {
        header: "[limits]",
        text: "What clients may do, and how long they may take.",
        settings: Limits::SETTINGS,
    },
    Section {
        header: "[drain]",
        text: "How the host stops: not ready for `delay`, then no new connections, then up to \
               `deadline` for what is in flight, then `admin_linger` for a last scrape.",
        settings: Drain::SETTINGS,
    },
    Section {
        header: "[engine]",
        text: "How the WebAssembly engine is sized.",
        settings: Engine::SETTINGS,
    },
    Section {
        header: "[state]",
        text: "Where the host keeps files.",
        settings: State::SETTINGS,
    },
    Section {
        header: "[log_directory]",
        text: "Where the log directories of components lie. The keys of \
               `[component.<id>.log_directory]` can stand here too, as defaults for all of them.",
        settings: LogRoot::SETTINGS,
    },
    Section {
        header: "[telemetry]",
        text: "What the host logs, on standard error.",
        settings: Telemetry::SETTINGS,
    },
    Section {
        header: "[key_value_store.<label>]",
        text: "What lies behind a label that `key_value_stores` of a component names. The label \
               `default` is there without it, as an embedded store.",
        settings: KeyValueStore::SETTINGS,
    },
    Section {
        header: "[variables]",
        text: "Values of the app's variables, each as `name = \"value\"`. Weaker than those of \
               flags, of the environment and of `.env`.",
        settings: &[],
    },
    Section {
        header: "[component.<id>]",
        text: "How the instances of a component run. The same keys can stand in \
               `[component.<id>.tool.weir]` of `spin.toml`; what is said here is stronger.",
        settings: Execution::SETTINGS,
    },
    Section {
        header: "[component.<id>.log_directory]",
        text: "Grants a log directory. `log_directory = true` grants one with the defaults, \
               `log_directory = false` takes it away.",
        settings: LogDirectory::SETTINGS,
    },
    Section {
        header: "[component.<id>.metrics]",
        text: "Grants metrics of its own. `metrics = true` grants them with the defaults, \
               `metrics = false` takes them away.",
        settings: GuestMetrics::SETTINGS,
    },
];

/// What the page begins with.
const TITLE: &str = "# Configuration

All settings of `weir.toml`, generated from the code; a test fails when this page is stale. A
setting is taken from the strongest place that states it: a flag of `weir up`, its `WEIR_` variable
in the environment, `weir.toml`, for what a component may set for itself its
`[component.<id>.tool.weir]` in `spin.toml`, the default. Durations are written like `\"30s\"` or
`\"500ms\"`, sizes like `\"128MiB\"`. Relative paths start from the file's folder.

";

/// The reference as Markdown.
pub fn markdown() -> String {
    let sections: Vec<_> = SECTIONS.iter().map(section).collect();
    format!("{TITLE}{}", sections.join("\n"))
}

fn section(section: &Section) -> String {
    let Section {
        header,
        text,
        settings,
    } = section;
    let mut page = format!("## `{header}`\n\n{text}\n\n");
    if settings.is_empty() {
        return page;
    }
    page.push_str("| key | value | default | |\n|---|---|---|---|\n");
    for Setting {
        key,
        kind,
        default,
        text,
    } in *settings
    {
        let default = default()
            .map(|default| format!("`{default}`"))
            .unwrap_or_default();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        // Writing to a string does not fail.
        let _ = writeln!(page, "| `{key}` | {kind} | {default} | {text} |");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, ConfigLayer, section::Layer as _};
    use crate::diagnostic::Source;
    use std::path::Path;

    /// A file in which every setting that has a default is set to it.
    fn all_defaults() -> String {
        let mut text = String::new();
        let has_default = |setting: &Setting| (setting.default)().is_some();
        for Section {
            header, settings, ..
        } in SECTIONS
        {
            if !settings.iter().any(has_default) {
                continue;
            }
            writeln!(text, "{}", header.replace("<id>", "a")).unwrap();
            for setting in *settings {
                if let Some(default) = (setting.default)() {
                    writeln!(text, "{} = {default}", setting.key).unwrap();
                }
            }
        }
        text
    }

    #[test]
    fn what_the_reference_says_is_what_holds_without_a_file() {
        let source = Source::new("weir.toml", all_defaults());
        let read = ConfigLayer::parse(&source, Path::new("")).unwrap_or_else(|e| panic!("{e}"));
        let read = read.resolve();
        let default = Config::default();
        assert_eq!(read.listeners, default.listeners);
        assert_eq!(read.admin, default.admin);
        assert_eq!(read.limits, default.limits);
        assert_eq!(read.drain, default.drain);
        assert_eq!(read.engine, default.engine);
        assert_eq!(read.telemetry, default.telemetry);
        let component = read.component("a", &Default::default());
        assert_eq!(component.execution, Execution::default());
        assert_eq!(component.log_directory, Some(LogDirectory::default()));
        assert_eq!(component.metrics, Some(GuestMetrics::default()));
    }

    #[test]
    fn the_page_in_docs_is_not_stale() {
        crate::diagnostic::golden::page("configuration.md", &markdown());
    }

    #[test]
    fn every_setting_is_on_the_page_with_its_default() {
        let page = markdown();
        assert!(
            page.contains("| `timeout` | duration above 0 | `\"30s\"` | How long"),
            "{page}"
        );
        assert!(
            page.contains("| `token_file` | path |  | A file with the token"),
            "{page}"
        );
        for setting in SECTIONS.iter().flat_map(|section| section.settings) {
            assert!(
                page.contains(&format!("| `{}` |", setting.key)),
                "{}",
                setting.key
            );
            assert!(setting.text.trim_end().ends_with('.'), "{}", setting.key);
        }
    }
}

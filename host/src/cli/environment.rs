//! What the environment says in place of flags.
//!
//! clap reads the variable of each flag. Three things are done here: a variable that is empty, as
//! `${X:-}` in a compose file makes them, counts as not set; a variable of Spin stands in for
//! Weir's own where that is not set; an error about a value from the environment names the variable.

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Command, Error, Parser};
use std::env;
use std::ffi::OsStr;

/// Variables of Weir, and those of Spin that say the same and are weaker.
const OF_SPIN: [(&str, &str); 3] = [
    ("WEIR_LISTEN", "SPIN_HTTP_LISTEN_ADDR"),
    ("WEIR_TLS_CERT", "SPIN_TLS_CERT"),
    ("WEIR_TLS_KEY", "SPIN_TLS_KEY"),
];

/// The command line, completed from the environment. Ends the process if it is wrong or asks for
/// help.
pub(super) fn parse<C: Parser>() -> C {
    let command = C::command().mut_subcommands(|command| command.mut_args(completed));
    let matches = command.clone().try_get_matches();
    let parsed = matches.and_then(|matches| C::from_arg_matches(&matches));
    parsed.unwrap_or_else(|error| explained(error, &command).exit())
}

fn completed(arg: Arg) -> Arg {
    let Some(own) = arg.get_env().map(OsStr::to_owned) else {
        return arg;
    };
    let mut others = OF_SPIN.iter().filter(|(weir, _)| own == *weir);
    match others.next() {
        _ if is_set(&own) => arg,
        Some((_, spin)) if is_set(spin.as_ref()) => arg.env(*spin),
        _ if env::var_os(&own).is_some() => arg.env(None::<&str>),
        _ => arg,
    }
}

fn is_set(variable: &OsStr) -> bool {
    env::var_os(variable).is_some_and(|value| !value.is_empty())
}

/// clap names the flag, wherever its value came from.
fn explained(mut error: Error, command: &Command) -> Error {
    let Some(ContextValue::String(named)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let flag = named.split(' ').next().unwrap_or_default();
    let mut args = command.get_subcommands().flat_map(Command::get_arguments);
    let is_meant = |arg: &&Arg| {
        arg.get_long()
            .is_some_and(|long| flag == format!("--{long}"))
    };
    let variable = args.find(is_meant).and_then(Arg::get_env);
    if let Some(variable) = variable.filter(|variable| is_set(variable) && !is_given(flag)) {
        let named = format!("{} ({named})", variable.display());
        error.insert(ContextKind::InvalidArg, ContextValue::String(named));
    }
    error
}

/// Whether the command line has the flag, which is then stronger than its variable.
fn is_given(flag: &str) -> bool {
    env::args_os().any(|arg| {
        let rest = arg.to_str().and_then(|arg| arg.strip_prefix(flag));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    })
}

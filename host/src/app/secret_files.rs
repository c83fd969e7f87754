//! The files with secrets that the host itself reads: certificates with their keys, and the token of
//! the admin server.
//!
//! A start and `weir check` look at them; whoever builds an app need not have them, and a reload
//! does without, because it leaves listeners and the admin server as they are.

use super::definition::Definition;
use super::sockets;
use crate::config::listener::TlsFiles;
use crate::diagnostic::{Located, Problem, Problems};
use std::path::{Path, PathBuf};

impl Definition {
    /// What is wrong with these files. Commands need none of them, though they share the
    /// configuration with the app that they stand beside. Blocks.
    pub fn check_secret_files(&self) -> Problems {
        if !self.manifest.commands.is_empty() {
            return Problems::default();
        }
        let listeners = self.config.listeners.iter();
        let certificates = listeners.filter_map(|listener| certificate(listener.tls.as_ref()?));
        let token = self.config.admin.token_file.as_ref().and_then(token);
        certificates.chain(token).collect()
    }
}

fn certificate(stated: &TlsFiles) -> Option<Problem> {
    let why = sockets::files(stated).check().err()?;
    let problem = Problem::new(format!("a listener cannot speak TLS: {why}"));
    let help = |certificate, key| {
        format!(
            "{certificate} names the chain in PEM, the server's own first, and {key} its key in PEM"
        )
    };
    Some(match &stated.location {
        Some(location) => problem
            .at(location, "")
            .help(help("`certificate`", "`key`")),
        None => problem.help(help("--tls-cert", "--tls-key")),
    })
}

fn token(file: &Located<PathBuf>) -> Option<Problem> {
    let why = std::fs::read_to_string(Path::new(&file.value)).err()?;
    let message = format!(
        "the admin server's token cannot be read from {}: {why}",
        file.display()
    );
    Some(
        Problem::new(message)
            .at(&file.location, "")
            .help("name a file with the token, or leave `token_file` out"),
    )
}

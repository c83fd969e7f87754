//! Which handler a component exports, and how its imports are linked.

use super::{LoadError, Loaded};
use crate::capability::interfaces::{self, Contract};
use crate::engine::command::CommandPre;
use crate::engine::refusal;
use crate::engine::state::InstanceState;
use wasmtime::component::{InstancePre, Linker};
use wasmtime_wasi::p2::bindings as cli_p2;
use wasmtime_wasi::p3::bindings as cli_p3;
use wasmtime_wasi_http::handler::ProxyPre;
use wasmtime_wasi_http::{p2, p3};

/// The exports by which Weir calls a component.
const HANDLER_P2: &str = "wasi:http/incoming-handler@0.2.";
const HANDLER_P3: &str = "wasi:http/handler@0.3.";
/// The exports by which Weir runs a command.
const RUN_P2: &str = "wasi:cli/run@0.2.";
const RUN_P3: &str = "wasi:cli/run@0.3.";

impl Loaded {
    /// Links its imports, as far as `contract` has them, and finds its handler.
    pub fn link(
        &self,
        linker: &Linker<InstanceState>,
        contract: Contract,
    ) -> Result<ProxyPre<InstanceState>, LoadError> {
        let handler = self.handler()?;
        let pre = self.link_imports(linker, contract)?;
        match handler {
            Handler::P2 => p2::bindings::ProxyPre::new(pre).map(ProxyPre::P2),
            Handler::P3 => p3::bindings::ServicePre::new(pre).map(ProxyPre::P3),
        }
        .map_err(|error| self.not_linked(&error))
    }

    /// Links its imports and finds how it is run as a command.
    pub fn link_command(
        &self,
        linker: &Linker<InstanceState>,
        contract: Contract,
    ) -> Result<CommandPre, LoadError> {
        let exports = |run: &str| self.exports.iter().any(|name| name.starts_with(run));
        let (newer, older) = (exports(RUN_P3), exports(RUN_P2));
        if !newer && !older {
            return Err(LoadError::NoCommand {
                path: self.path.clone(),
                exports: self.exported(),
            });
        }
        let pre = self.link_imports(linker, contract)?;
        match newer {
            true => cli_p3::CommandPre::new(pre).map(CommandPre::P3),
            false => cli_p2::CommandPre::new(pre).map(CommandPre::P2),
        }
        .map_err(|error| self.not_linked(&error))
    }

    fn link_imports(
        &self,
        linker: &Linker<InstanceState>,
        contract: Contract,
    ) -> Result<InstancePre<InstanceState>, LoadError> {
        self.check_imports(contract)?;
        let refusing = refusal::link(linker, &self.component);
        refusing
            .and_then(|refusing| {
                let linker = refusing.as_ref().unwrap_or(linker);
                linker.instantiate_pre(&self.component)
            })
            .map_err(|error| self.not_linked(&error))
    }

    fn not_linked(&self, error: &wasmtime::Error) -> LoadError {
        LoadError::Link {
            path: self.path.clone(),
            reason: format!("{error:#}"),
        }
    }

    /// What it exports, for a person.
    fn exported(&self) -> String {
        match self.exports.is_empty() {
            true => "nothing".into(),
            false => self.exports.join(", "),
        }
    }

    fn check_imports(&self, contract: Contract) -> Result<(), LoadError> {
        let imports = self.imports.iter().map(|name| refusal::original(name));
        let missing: Vec<_> = imports
            .filter_map(|name| interfaces::missing(name, contract))
            .collect();
        match missing.is_empty() {
            true => Ok(()),
            false => Err(LoadError::MissingImports {
                path: self.path.clone(),
                contract,
                imports: missing,
            }),
        }
    }

    fn handler(&self) -> Result<Handler, LoadError> {
        let mut handlers = self.exports.iter().filter_map(|name| {
            let handler = match name {
                name if name.starts_with(HANDLER_P2) => Handler::P2,
                name if name.starts_with(HANDLER_P3) => Handler::P3,
                _ => return None,
            };
            Some((handler, name))
        });
        match (handlers.next(), handlers.next()) {
            (Some((handler, _)), None) => Ok(handler),
            (Some((_, one)), Some((_, other))) => Err(LoadError::TwoHandlers {
                path: self.path.clone(),
                one: one.clone(),
                other: other.clone(),
            }),
            (None, _) => Err(LoadError::NoHandler {
                path: self.path.clone(),
                exports: self.exported(),
            }),
        }
    }
}

enum Handler {
    P2,
    P3,
}

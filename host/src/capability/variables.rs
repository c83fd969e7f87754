//! Variables: `spin:variables@3.0.0`, `fermyon:spin/variables@2.0.0` and `wasi:config/store`.
//!
//! A component sees the variables of its own `[component.<id>.variables]` table. Their values were
//! resolved when it was loaded, so a look-up waits for nothing.

use crate::engine::state::InstanceState;
use wasmtime::component::{Accessor, HasData, HasSelf, Linker};
use weir_bindings::fermyon::spin::variables as v2;
use weir_bindings::spin::variables::variables as v3;
use weir_bindings::wasi::config::store as config;

/// What a look-up can end in, besides a value.
enum Missing {
    InvalidName(String),
    Undefined(String),
}

fn get(state: &InstanceState, name: &str) -> Result<String, Missing> {
    if let Some(value) = state.component().grants.variables.get(name) {
        return Ok(value.clone());
    }
    match is_valid(name) {
        true => Err(Missing::Undefined(name.to_owned())),
        false => Err(Missing::InvalidName(format!(
            "`{name}` is not lower-case letters, digits and single underscores that begin with a letter"
        ))),
    }
}

fn is_valid(name: &str) -> bool {
    let characters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(characters)
        && !name.ends_with('_')
        && !name.contains("__")
}

pub(super) fn link(linker: &mut Linker<InstanceState>) -> wasmtime::Result<()> {
    v3::add_to_linker::<_, Variables>(linker, |state| state)?;
    v2::add_to_linker::<_, HasSelf<InstanceState>>(linker, |state| state)?;
    config::add_to_linker::<_, HasSelf<InstanceState>>(linker, |state| state)
}

struct Variables;

impl HasData for Variables {
    type Data<'a> = &'a mut InstanceState;
}

impl v3::Host for &mut InstanceState {}

impl v3::HostWithStore<InstanceState> for Variables {
    async fn get(
        accessor: &Accessor<InstanceState, Self>,
        name: String,
    ) -> wasmtime::Result<Result<String, v3::Error>> {
        let value = accessor.with(|mut store| get(store.get(), &name));
        Ok(value.map_err(|missing| match missing {
            Missing::InvalidName(why) => v3::Error::InvalidName(why),
            Missing::Undefined(name) => v3::Error::Undefined(name),
        }))
    }
}

impl v2::Host for InstanceState {
    fn get(&mut self, name: String) -> wasmtime::Result<Result<String, v2::Error>> {
        Ok(get(self, &name).map_err(|missing| match missing {
            Missing::InvalidName(why) => v2::Error::InvalidName(why),
            Missing::Undefined(name) => v2::Error::Undefined(name),
        }))
    }
}

impl config::Host for InstanceState {
    fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, config::Error>> {
        Ok(Ok(get(self, &key).ok()))
    }

    fn get_all(&mut self) -> wasmtime::Result<Result<Vec<(String, String)>, config::Error>> {
        let all = &self.component().grants.variables;
        Ok(Ok(all
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()))
    }
}

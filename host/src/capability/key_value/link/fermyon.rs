//! `fermyon:spin/key-value@2.0.0`: synchronous, for WASI 0.2 guests.

use super::{Itself, told};
use crate::capability::key_value::Refused;
use crate::capability::key_value::store::StoreError;
use crate::engine::state::InstanceState;
use wasmtime::Result;
use wasmtime::component::{Linker, Resource};
use weir_bindings::fermyon::spin::key_value as wit;
use wit::{Error, Store};

pub(super) fn link(linker: &mut Linker<InstanceState>) -> Result<()> {
    wit::add_to_linker::<_, Itself>(linker, |state| state)
}

type Done<T> = Result<std::result::Result<T, Error>>;

impl wit::Host for InstanceState {}

impl wit::HostStore for InstanceState {
    async fn open(&mut self, label: String) -> Done<Resource<Store>> {
        Ok(InstanceState::open(self, &label)?.map_err(Error::from))
    }

    async fn get(&mut self, store: Resource<Store>, key: String) -> Done<Option<Vec<u8>>> {
        let open = self.called(&store)?;
        Ok(open.get(&key).await.map_err(Error::from))
    }

    async fn set(&mut self, store: Resource<Store>, key: String, value: Vec<u8>) -> Done<()> {
        let open = self.called(&store)?;
        Ok(open.set(key, value).await.map_err(Error::from))
    }

    async fn delete(&mut self, store: Resource<Store>, key: String) -> Done<()> {
        let open = self.called(&store)?;
        Ok(open.delete(key).await.map_err(Error::from))
    }

    async fn exists(&mut self, store: Resource<Store>, key: String) -> Done<bool> {
        let open = self.called(&store)?;
        Ok(open.exists(&key).await.map_err(Error::from))
    }

    async fn get_keys(&mut self, store: Resource<Store>) -> Done<Vec<String>> {
        let open = self.called(&store)?;
        Ok(open.all_keys().await.map_err(Error::from))
    }

    async fn drop(&mut self, store: Resource<Store>) -> Result<()> {
        self.close(&store)
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::AccessDenied => Self::AccessDenied,
            Refused::TableFull => Self::StoreTableFull,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Other(told(&error))
    }
}

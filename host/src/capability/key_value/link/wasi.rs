//! `wasi:keyvalue@0.2.0-draft2`: store, batch and atomics.

use super::Itself;
use crate::capability::key_value::store::{StoreError, Swapped};
use crate::capability::key_value::{Open, Refused};
use crate::engine::state::InstanceState;
use atomics::{Cas, CasError};
use store::{Bucket, Error, KeyResponse};
use wasmtime::Result;
use wasmtime::component::{Linker, Resource};
use weir_bindings::wasi::keyvalue::{atomics, batch, store};

pub(super) fn link(linker: &mut Linker<InstanceState>) -> Result<()> {
    store::add_to_linker::<_, Itself>(linker, |state| state)?;
    batch::add_to_linker::<_, Itself>(linker, |state| state)?;
    atomics::add_to_linker::<_, Itself>(linker, |state| state)
}

type Done<T, E = Error> = Result<std::result::Result<T, E>>;

impl store::Host for InstanceState {
    async fn open(&mut self, identifier: String) -> Done<Resource<Bucket>> {
        let opened = InstanceState::open(self, &identifier)?;
        Ok(opened.map_err(|refused| match refused {
            Refused::NoSuchStore => Error::NoSuchStore,
            Refused::AccessDenied => Error::AccessDenied,
            Refused::TableFull => Error::Other("too many stores are open".into()),
        }))
    }
}

impl store::HostBucket for InstanceState {
    async fn get(&mut self, bucket: Resource<Bucket>, key: String) -> Done<Option<Vec<u8>>> {
        let open: Open = self.kept(&bucket)?;
        Ok(open.get(&key).await.map_err(Error::from))
    }

    async fn set(&mut self, bucket: Resource<Bucket>, key: String, value: Vec<u8>) -> Done<()> {
        let open: Open = self.kept(&bucket)?;
        Ok(open.set(key, value).await.map_err(Error::from))
    }

    async fn delete(&mut self, bucket: Resource<Bucket>, key: String) -> Done<()> {
        let open: Open = self.kept(&bucket)?;
        Ok(open.delete(key).await.map_err(Error::from))
    }

    async fn exists(&mut self, bucket: Resource<Bucket>, key: String) -> Done<bool> {
        let open: Open = self.kept(&bucket)?;
        Ok(open.exists(&key).await.map_err(Error::from))
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<Bucket>,
        cursor: Option<String>,
    ) -> Done<KeyResponse> {
        let open: Open = self.kept(&bucket)?;
        let page = open.run("list", open.store.keys(cursor)).await;
        Ok(page.map_err(Error::from).map(|page| KeyResponse {
            keys: page.keys,
            cursor: page.next,
        }))
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> Result<()> {
        self.close(&bucket)
    }
}

impl batch::Host for InstanceState {
    async fn get_many(
        &mut self,
        bucket: Resource<Bucket>,
        keys: Vec<String>,
    ) -> Done<Vec<(String, Option<Vec<u8>>)>> {
        let open: Open = self.kept(&bucket)?;
        let found = open.run("get_many", open.store.get_many(&keys)).await;
        Ok(found
            .map(|values| keys.into_iter().zip(values).collect())
            .map_err(Error::from))
    }

    async fn set_many(
        &mut self,
        bucket: Resource<Bucket>,
        pairs: Vec<(String, Vec<u8>)>,
    ) -> Done<()> {
        let open: Open = self.kept(&bucket)?;
        Ok(open
            .run("set_many", open.store.set_many(pairs))
            .await
            .map_err(Error::from))
    }

    async fn delete_many(&mut self, bucket: Resource<Bucket>, keys: Vec<String>) -> Done<()> {
        let open: Open = self.kept(&bucket)?;
        Ok(open
            .run("delete_many", open.store.delete_many(keys))
            .await
            .map_err(Error::from))
    }
}

impl atomics::Host for InstanceState {
    async fn increment(&mut self, bucket: Resource<Bucket>, key: String, delta: i64) -> Done<i64> {
        let open: Open = self.kept(&bucket)?;
        Ok(open
            .run("increment", open.store.increment(key, delta))
            .await
            .map_err(Error::from))
    }

    async fn swap(&mut self, cas: Resource<Cas>, value: Vec<u8>) -> Done<(), CasError> {
        let Compare { open, key, seen } = self.release(&cas)?;
        let swap = open.store.swap(key.clone(), seen, value);
        match open.run("swap", swap).await {
            Ok(Swapped::Done) => Ok(Ok(())),
            Ok(Swapped::Found(found)) => {
                let again = self.keep::<Compare, Cas>(Compare {
                    open,
                    key,
                    seen: found,
                })?;
                Ok(Err(CasError::CasFailed(again)))
            }
            Err(error) => Ok(Err(CasError::StoreError(error.into()))),
        }
    }
}

/// What a compare-and-swap expects.
#[derive(Clone)]
struct Compare {
    open: Open,
    key: String,
    seen: Option<Vec<u8>>,
}

impl atomics::HostCas for InstanceState {
    async fn new(&mut self, bucket: Resource<Bucket>, key: String) -> Done<Resource<Cas>> {
        let open: Open = self.kept(&bucket)?;
        match open.get(&key).await {
            Ok(seen) => Ok(Ok(self.keep::<Compare, Cas>(Compare {
                open,
                key,
                seen,
            })?)),
            Err(error) => Ok(Err(error.into())),
        }
    }

    async fn current(&mut self, cas: Resource<Cas>) -> Done<Option<Vec<u8>>> {
        let compare: Compare = self.kept(&cas)?;
        Ok(Ok(compare.seen))
    }

    async fn drop(&mut self, cas: Resource<Cas>) -> Result<()> {
        self.release::<Compare, Cas>(&cas).map(drop)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Other(error.to_string())
    }
}

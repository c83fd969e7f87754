//! `wasi:keyvalue@0.2.0-draft2`: store, batch and atomics.

use super::{Itself, told};
use crate::capability::key_value::store::{StoreError, Swapped};
use crate::capability::key_value::{Open, Refused};
use crate::engine::compile_cache::Digest;
use crate::engine::exchange::Exchange;
use crate::engine::state::InstanceState;
use crate::telemetry::metrics::capability::key_value::Operation;
use atomics::{Cas, CasError};
use std::sync::Arc;
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
            Refused::AccessDenied => Error::AccessDenied,
            Refused::TableFull => Error::Other("too many stores are open".into()),
        }))
    }
}

impl store::HostBucket for InstanceState {
    async fn get(&mut self, bucket: Resource<Bucket>, key: String) -> Done<Option<Vec<u8>>> {
        let open = self.called(&bucket)?;
        Ok(open.get(&key).await.map_err(Error::from))
    }

    async fn set(&mut self, bucket: Resource<Bucket>, key: String, value: Vec<u8>) -> Done<()> {
        let open = self.called(&bucket)?;
        Ok(open.set(key, value).await.map_err(Error::from))
    }

    async fn delete(&mut self, bucket: Resource<Bucket>, key: String) -> Done<()> {
        let open = self.called(&bucket)?;
        Ok(open.delete(key).await.map_err(Error::from))
    }

    async fn exists(&mut self, bucket: Resource<Bucket>, key: String) -> Done<bool> {
        let open = self.called(&bucket)?;
        Ok(open.exists(&key).await.map_err(Error::from))
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<Bucket>,
        cursor: Option<String>,
    ) -> Done<KeyResponse> {
        let open = self.called(&bucket)?;
        let page = open.run(Operation::List, open.store.keys(cursor)).await;
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
        let open = self.called(&bucket)?;
        let found = open
            .run(Operation::GetMany, open.store.get_many(&keys))
            .await;
        Ok(found
            .map(|values| keys.into_iter().zip(values).collect())
            .map_err(Error::from))
    }

    async fn set_many(
        &mut self,
        bucket: Resource<Bucket>,
        pairs: Vec<(String, Vec<u8>)>,
    ) -> Done<()> {
        let open = self.called(&bucket)?;
        Ok(open
            .run(Operation::SetMany, open.store.set_many(pairs))
            .await
            .map_err(Error::from))
    }

    async fn delete_many(&mut self, bucket: Resource<Bucket>, keys: Vec<String>) -> Done<()> {
        let open = self.called(&bucket)?;
        Ok(open
            .run(Operation::DeleteMany, open.store.delete_many(keys))
            .await
            .map_err(Error::from))
    }
}

impl atomics::Host for InstanceState {
    async fn increment(&mut self, bucket: Resource<Bucket>, key: String, delta: i64) -> Done<i64> {
        let open = self.called(&bucket)?;
        Ok(open
            .run(Operation::Increment, open.store.increment(key, delta))
            .await
            .map_err(Error::from))
    }

    async fn swap(&mut self, cas: Resource<Cas>, value: Vec<u8>) -> Done<(), CasError> {
        let compare: Compare = self.release_counted(&cas)?;
        let compare = compare.called_by(self.only_exchange());
        match compare.swap(value).await {
            Ok(None) => Ok(Ok(())),
            Ok(Some(again)) => Ok(Err(CasError::CasFailed(self.keep_counted(again)?))),
            Err(error) => Ok(Err(CasError::StoreError(error.into()))),
        }
    }
}

/// What a compare-and-swap expects: what was seen, by its digest, because a guest may keep many of
/// these and a value may be large.
#[derive(Clone)]
struct Compare {
    open: Open,
    key: String,
    seen: Option<Digest>,
}

impl Compare {
    async fn new(open: Open, key: String) -> std::result::Result<Self, StoreError> {
        let seen = digest(open.get(&key).await?.as_deref());
        Ok(Self { open, key, seen }.called_by(None))
    }

    fn called_by(self, caller: Option<Arc<Exchange>>) -> Self {
        let open = self.open.called_by(caller);
        Self { open, ..self }
    }

    /// Swaps if what is there is what was seen; else gives what to compare with next.
    async fn swap(self, value: Vec<u8>) -> std::result::Result<Option<Self>, StoreError> {
        let Self { open, key, seen } = self;
        let swap = async {
            let present = open.store.get(&key).await?;
            if digest(present.as_deref()) != seen {
                return Ok(Swapped::Found(present));
            }
            open.store.swap(key.clone(), present, value).await
        };
        match open.run(Operation::Swap, swap).await? {
            Swapped::Done => Ok(None),
            Swapped::Found(found) => {
                let seen = digest(found.as_deref());
                Ok(Some(Self { open, key, seen }.called_by(None)))
            }
        }
    }
}

fn digest(value: Option<&[u8]>) -> Option<Digest> {
    value.map(Digest::of)
}

impl atomics::HostCas for InstanceState {
    async fn new(&mut self, bucket: Resource<Bucket>, key: String) -> Done<Resource<Cas>> {
        if !self.has_room() {
            return Ok(Err(Error::Other("too many comparisons are open".into())));
        }
        match Compare::new(self.called(&bucket)?, key).await {
            Ok(compare) => Ok(Ok(self.keep_counted(compare)?)),
            Err(error) => Ok(Err(error.into())),
        }
    }

    /// What is there now. From here on that is what is expected: what a guest computes from it must
    /// replace nothing else.
    async fn current(&mut self, cas: Resource<Cas>) -> Done<Option<Vec<u8>>> {
        let compare: Compare = self.kept(&cas)?;
        let compare = compare.called_by(self.only_exchange());
        match compare.open.get(&compare.key).await {
            Ok(present) => {
                let kept = Resource::<Compare>::new_borrow(cas.rep());
                self.table.get_mut(&kept)?.seen = digest(present.as_deref());
                Ok(Ok(present))
            }
            Err(error) => Ok(Err(error.into())),
        }
    }

    async fn drop(&mut self, cas: Resource<Cas>) -> Result<()> {
        self.release_counted::<Compare, Cas>(&cas).map(drop)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Other(told(&error))
    }
}

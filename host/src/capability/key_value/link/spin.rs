//! `spin:key-value@3.0.0`: every function `async`, so that a call which waits for its commit holds
//! up no other request of the instance. The keys come as a stream, page by page.

use super::told;
use crate::capability::key_value::store::{Page, StoreError};
use crate::capability::key_value::{Open, Refused};
use crate::engine::state::{self, InstanceState};
use crate::telemetry::metrics::capability::key_value::Operation;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::oneshot;
use wasmtime::component::{
    Access, Accessor, Destination, FutureReader, HasData, Linker, Resource, StreamProducer,
    StreamReader, StreamResult, VecBuffer,
};
use wasmtime::{AsContextMut as _, Result, StoreContextMut};
use weir_bindings::spin::key_value::key_value as wit;
use wit::{Error, Store};

pub(super) fn link(linker: &mut Linker<InstanceState>) -> Result<()> {
    wit::add_to_linker::<_, KeyValue>(linker, |state| state)
}

type Done<T> = std::result::Result<T, Error>;

pub(super) struct KeyValue;

impl HasData for KeyValue {
    type Data<'a> = &'a mut InstanceState;
}

impl wit::Host for &mut InstanceState {}

impl wit::HostStore for &mut InstanceState {
    fn drop(&mut self, store: Resource<Store>) -> Result<()> {
        self.close(&store)
    }
}

type Calls = Accessor<InstanceState, KeyValue>;

fn kept(accessor: &Calls, store: &Resource<Store>) -> Result<Open> {
    accessor.with(|mut access| {
        let open: Open = access.get().kept(store)?;
        Ok(open.called_by(state::caller(access.as_context_mut())))
    })
}

impl wit::HostStoreWithStore<InstanceState> for KeyValue {
    async fn open(accessor: &Calls, label: String) -> Result<Done<Resource<Store>>> {
        let opened = accessor.with(|mut access| InstanceState::open(access.get(), &label))?;
        Ok(opened.map_err(Error::from))
    }

    async fn get(
        accessor: &Calls,
        store: Resource<Store>,
        key: String,
    ) -> Result<Done<Option<Vec<u8>>>> {
        Ok(kept(accessor, &store)?.get(&key).await.map_err(Error::from))
    }

    async fn set(
        accessor: &Calls,
        store: Resource<Store>,
        key: String,
        value: Vec<u8>,
    ) -> Result<Done<()>> {
        Ok(kept(accessor, &store)?
            .set(key, value)
            .await
            .map_err(Error::from))
    }

    async fn delete(accessor: &Calls, store: Resource<Store>, key: String) -> Result<Done<()>> {
        Ok(kept(accessor, &store)?
            .delete(key)
            .await
            .map_err(Error::from))
    }

    async fn exists(accessor: &Calls, store: Resource<Store>, key: String) -> Result<Done<bool>> {
        Ok(kept(accessor, &store)?
            .exists(&key)
            .await
            .map_err(Error::from))
    }

    async fn get_keys(
        accessor: &Calls,
        store: Resource<Store>,
    ) -> Result<(StreamReader<String>, FutureReader<Done<()>>)> {
        let open = kept(accessor, &store)?;
        accessor.with(|mut access| stream(&mut access, open))
    }
}

fn stream(
    access: &mut Access<'_, InstanceState, KeyValue>,
    open: Open,
) -> Result<(StreamReader<String>, FutureReader<Done<()>>)> {
    let (ended, end) = oneshot::channel();
    let keys = StreamReader::new(&mut *access, Keys::new(open, ended))?;
    // A stream that the guest drops before its end has no error to tell.
    let result = async { wasmtime::error::Ok(end.await.unwrap_or(Ok(()))) };
    Ok((keys, FutureReader::new(access, result)?))
}

type NextPage = Pin<Box<dyn Future<Output = std::result::Result<Page, StoreError>> + Send>>;

/// Reads a page whenever the guest wants more.
struct Keys {
    open: Open,
    next: Option<NextPage>,
    ended: Option<oneshot::Sender<Done<()>>>,
}

impl Keys {
    fn new(open: Open, ended: oneshot::Sender<Done<()>>) -> Self {
        Self {
            next: Some(page(open.clone(), None)),
            open,
            ended: Some(ended),
        }
    }

    fn end(&mut self, result: Done<()>) {
        if let Some(ended) = self.ended.take() {
            // A guest that does not ask how it ended has dropped the future.
            let _ = ended.send(result);
        }
    }
}

fn page(open: Open, from: Option<String>) -> NextPage {
    Box::pin(async move { open.run(Operation::List, open.store.keys(from)).await })
}

impl StreamProducer<InstanceState> for Keys {
    type Item = String;
    type Buffer = VecBuffer<String>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'a, InstanceState>,
        mut destination: Destination<'a, String, VecBuffer<String>>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        if destination.remaining(&mut store) == Some(0) {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        let Some(next) = &mut self.next else {
            self.end(Ok(()));
            return Poll::Ready(Ok(StreamResult::Dropped));
        };
        match next.as_mut().poll(cx) {
            Poll::Pending if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(Page { keys, next })) => {
                self.next = next.map(|next| page(self.open.clone(), Some(next)));
                let last = self.next.is_none();
                destination.set_buffer(keys.into());
                if last {
                    self.end(Ok(()));
                    return Poll::Ready(Ok(StreamResult::Dropped));
                }
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Poll::Ready(Err(error)) => {
                self.next = None;
                self.end(Err(error.into()));
                Poll::Ready(Ok(StreamResult::Dropped))
            }
        }
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

//! The interfaces: Spin's at 3.0 and 2.0, and the WASI proposal.
//!
//! Each keeps its open stores in the instance's resource table and says errors in its own words.

mod fermyon;
mod spin;
mod wasi;

use super::store::StoreError;
use super::{Open, Refused};
use crate::engine::state::InstanceState;
use wasmtime::Result;
use wasmtime::component::{HasSelf, Linker, Resource};

pub(in crate::capability) fn link(linker: &mut Linker<InstanceState>) -> Result<()> {
    spin::link(linker)?;
    fermyon::link(linker)?;
    wasi::link(linker)
}

/// Stores, and comparisons with what is in them, that one instance may have open at once.
const MAX_OPEN: usize = 1024;

/// What a guest is told of an error. Paths and addresses are the host's own; its log has them.
fn told(error: &StoreError) -> String {
    match error {
        error if error.is_guests_own() => error.to_string(),
        StoreError::NoSpace | StoreError::Busy => error.to_string(),
        _ => "the store is not available; the host's log says why".into(),
    }
}

/// A generated marker type stands for a resource; what is behind it is kept under its number.
impl InstanceState {
    fn keep<T: Send + 'static, R: 'static>(&mut self, value: T) -> Result<Resource<R>> {
        let kept = self.table.push(value)?;
        Ok(Resource::new_own(kept.rep()))
    }

    fn kept<T: Clone + Send + 'static, R: 'static>(&self, resource: &Resource<R>) -> Result<T> {
        Ok(self
            .table
            .get(&Resource::<T>::new_borrow(resource.rep()))?
            .clone())
    }

    /// An open store for a call that is being handled. The engine's store is out of reach here, so of
    /// several requests none can be told apart.
    fn called<R: 'static>(&self, store: &Resource<R>) -> Result<Open> {
        let open: Open = self.kept(store)?;
        Ok(open.called_by(self.only_exchange()))
    }

    fn release<T: Send + 'static, R: 'static>(&mut self, resource: &Resource<R>) -> Result<T> {
        Ok(self.table.delete(Resource::<T>::new_own(resource.rep()))?)
    }

    /// Opens a store and keeps it; the inner error is the guest's.
    fn open<R: 'static>(
        &mut self,
        label: &str,
    ) -> Result<std::result::Result<Resource<R>, Refused>> {
        match Open::of(self.component(), label, self.has_room()) {
            Ok(open) => self.keep_counted(open).map(Ok),
            Err(refused) => Ok(Err(refused)),
        }
    }

    fn has_room(&self) -> bool {
        self.open_stores < MAX_OPEN
    }

    /// Keeps what counts against [`MAX_OPEN`].
    fn keep_counted<T: Send + 'static, R: 'static>(&mut self, value: T) -> Result<Resource<R>> {
        let kept = self.keep(value)?;
        self.open_stores += 1;
        Ok(kept)
    }

    fn release_counted<T: Send + 'static, R: 'static>(
        &mut self,
        resource: &Resource<R>,
    ) -> Result<T> {
        self.open_stores = self.open_stores.saturating_sub(1);
        self.release(resource)
    }

    fn close<R: 'static>(&mut self, store: &Resource<R>) -> Result<()> {
        self.release_counted::<Open, R>(store).map(drop)
    }
}

type Itself = HasSelf<InstanceState>;

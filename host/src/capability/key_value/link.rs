//! The interfaces: Spin's at 3.0 and 2.0, and the WASI proposal.
//!
//! Each keeps its open stores in the instance's resource table and says errors in its own words.

mod fermyon;
mod spin;
mod wasi;

use super::{Open, Refused};
use crate::engine::state::InstanceState;
use wasmtime::Result;
use wasmtime::component::{HasSelf, Linker, Resource};

pub(in crate::capability) fn link(linker: &mut Linker<InstanceState>) -> Result<()> {
    spin::link(linker)?;
    fermyon::link(linker)?;
    wasi::link(linker)
}

/// Stores that one instance may have open at once.
const MAX_OPEN: usize = 1024;

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

    fn release<T: Send + 'static, R: 'static>(&mut self, resource: &Resource<R>) -> Result<T> {
        Ok(self.table.delete(Resource::<T>::new_own(resource.rep()))?)
    }

    /// Opens a store and keeps it; the inner error is the guest's.
    fn open<R: 'static>(
        &mut self,
        label: &str,
    ) -> Result<std::result::Result<Resource<R>, Refused>> {
        let open = match self.open_stores < MAX_OPEN {
            true => Open::of(self.component(), label),
            false => Err(Refused::TableFull),
        };
        Ok(match open {
            Ok(open) => {
                self.open_stores += 1;
                Ok(self.keep::<Open, R>(open)?)
            }
            Err(refused) => Err(refused),
        })
    }

    fn close<R: 'static>(&mut self, store: &Resource<R>) -> Result<()> {
        self.open_stores = self.open_stores.saturating_sub(1);
        self.release::<Open, R>(store).map(drop)
    }
}

type Itself = HasSelf<InstanceState>;

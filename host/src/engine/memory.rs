//! The memory limit of an instance, over all its linear memories together.
//!
//! wasmtime asks before each growth, for one memory at a time; a limit per memory would let a
//! component with several memories have several times its share. A refused growth is an ordinary
//! failure to the guest, which usually ends in a trap; that it was refused is remembered while the
//! guest works, so that the trap is reported as what it is.

use crate::telemetry::metrics::component::ComponentSeries;
use std::sync::Arc;
use wasmtime::{ResourceLimiter, Result};

/// Elements that the tables of one instance may have together.
const MAX_TABLE_ELEMENTS: usize = 1_000_000;

/// Counts and limits what one instance allocates.
#[derive(Debug)]
pub struct MemoryLimiter {
    limit: usize,
    used: usize,
    table_elements: usize,
    refused: bool,
    /// The growth that was allowed last, in case the allocator cannot carry it out.
    last_growth: usize,
    series: Arc<ComponentSeries>,
}

impl MemoryLimiter {
    /// Allows `limit` bytes of linear memory.
    pub fn new(limit: usize, series: Arc<ComponentSeries>) -> Self {
        Self {
            limit,
            used: 0,
            table_elements: 0,
            refused: false,
            last_growth: 0,
            series,
        }
    }

    /// Whether a growth was refused since the guest began to work.
    pub fn refused(&self) -> bool {
        self.refused
    }

    /// The guest has got over what was refused: it has ended all its work.
    pub fn forget(&mut self) {
        self.refused = false;
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        let growth = desired.saturating_sub(current);
        let within_own_maximum = maximum.is_none_or(|maximum| desired <= maximum);
        let wanted = self.used.saturating_add(growth);
        if wanted > self.limit {
            self.refused = true;
            return Ok(false);
        }
        if within_own_maximum {
            self.used = wanted;
            self.last_growth = growth;
            self.series.memory_changed(signed(growth));
        }
        Ok(within_own_maximum)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> Result<()> {
        let growth = std::mem::take(&mut self.last_growth);
        self.used = self.used.saturating_sub(growth);
        self.series.memory_changed(-signed(growth));
        self.refused = true;
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        let wanted = self
            .table_elements
            .saturating_add(desired.saturating_sub(current));
        let allowed =
            wanted <= MAX_TABLE_ELEMENTS && maximum.is_none_or(|maximum| desired <= maximum);
        if allowed {
            self.table_elements = wanted;
        }
        Ok(allowed)
    }
}

impl Drop for MemoryLimiter {
    fn drop(&mut self) {
        self.series.memory_changed(-signed(self.used));
    }
}

fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

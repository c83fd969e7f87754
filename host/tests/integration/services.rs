//! The three services as their users know them: what seed systems do on the wire, and what became
//! of their defects.

mod backend;
pub(crate) mod contract;
mod storage;

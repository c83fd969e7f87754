//! Key-value storage: the backends, and the interfaces through which components reach them.

pub mod redb;
pub mod store;

//! What bodies on every side have in common.

pub mod idle;

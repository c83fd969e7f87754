//! From the manifest and the configuration to what serves.
//!
//! The [`toolchain`] compiles and links; [`resources`] are opened once and shared by all components;
//! [`prepare`] makes of a component in the manifest something that can be instantiated, with its
//! grants; [`generation`] puts it into service; [`table`] leads routes to it.

pub mod build;
pub mod compose;
pub mod fetch;
pub mod fingerprint;
pub mod generation;
pub mod prepare;
pub mod resources;
pub mod table;
pub mod toolchain;

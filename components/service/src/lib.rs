//! What the services share: the form of their answers, which methods and paths a request means,
//! and settings from variables.

pub mod request;
pub mod response;
pub mod setting;

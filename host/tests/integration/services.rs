//! The three services as their users know them: what seed systems do on the wire, and what became
//! of their defects. The same tests run on Weir as it is ([`native`]) and as Spin would run the app
//! ([`portable`]), where the components of `spin.toml` print what they would write.

pub(crate) mod contract;
mod log_directory;
mod native;
mod portable;

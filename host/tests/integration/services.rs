//! The three services as their users know them: what seed systems do on the wire, and what became
//! of their defects. The same tests run on Weir as it is ([`native`]), on Weir as Spin would run the
//! app ([`portable`]) and under Spin itself ([`spin`]). Each of these three says how the app is
//! started, and where what its components write and measure is found.

pub(crate) mod contract;
mod listeners;
mod log_directory;
mod native;
mod portable;
mod printed;
mod spin;

//! Weir: a host for WebAssembly component services that measures everything that flows through it.

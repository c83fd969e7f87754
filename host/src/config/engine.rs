//! `[engine]`: how the WebAssembly engine is sized.

use super::bounded::count;
use super::section::section;
use bytesize::ByteSize;
use std::num::NonZeroU32;
use std::path::PathBuf;

section! {
    /// How the WebAssembly engine is sized.
    pub struct Engine / EngineLayer {
        /// Places for instances that live at once, over all components. A component whose modules
        /// have several memories or tables takes several. Each reserves 4 GiB of address space,
        /// of which only what a guest touches takes memory.
        instances: NonZeroU32 = count(1000),
        /// Whether a fresh instance maps its initial memory copy-on-write rather than copy it.
        /// Better for guests with much initial memory of which little is written.
        copy_on_write: bool = false,
        /// Bytes of each memory that stay resident for the next instance and are cleared by
        /// writing zeros. More than a guest's memory makes fresh instances fast; at most
        /// `instances` times this stays in use.
        keep_resident: ByteSize = ByteSize::mib(2),
        /// Where compiled components are kept, so that a restart need not compile. It must belong
        /// to the user that Weir runs as and be closed to others, since what lies there is run as
        /// native code. Without it `cache` in the state directory.
        cache_directory: PathBuf,
        /// Where `weir compile` has put components that were compiled ahead. Only the user that
        /// Weir runs as and root may be able to write it. What another version of the engine
        /// compiled, or for more than this processor has, is refused in one line and compiled anew.
        /// Without it `precompiled` in the state directory.
        precompiled_directory: PathBuf,
    }
}

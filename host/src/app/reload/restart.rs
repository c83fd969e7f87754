//! What a reload cannot change: addresses, the engine's size, where the state lies, limits of the
//! whole host, stores that are open.
//!
//! What the files say now is compared with what the host was started with and not with what they
//! said before, so that a part is named until the restart, or until it is what runs again.

use crate::app::definition::Definition;
use crate::deploy::resources::Resources;

/// The parts of the configuration that are not what runs and that only a restart changes.
pub(super) fn needed(
    started: &Definition,
    now: &Definition,
    resources: &Resources,
) -> Vec<&'static str> {
    let (old, new) = (&started.config, &now.config);
    let parts = [
        ("[[listener]]", old.listeners == new.listeners),
        ("[admin]", old.admin == new.admin),
        ("[engine]", old.engine == new.engine),
        ("[state]", old.state == new.state),
        ("[log_directory] root", old.log_root == new.log_root),
        ("[telemetry]", old.telemetry == new.telemetry),
        ("[limits]", old.limits == new.limits),
        ("[key_value_store]", resources.stores_stay(new)),
    ];
    let changed = parts.into_iter().filter(|(_, same)| !same);
    changed.map(|(part, _)| part).collect()
}

//! Whether work may be shared among the cores: rayon's threads stay behind when a process forks.

use std::sync::atomic::{AtomicU32, Ordering};

/// The process whose threads they are, once there are any.
static OWNER: AtomicU32 = AtomicU32::new(0);

/// False in a process that was forked after another one's threads were started: a call that waited for them would wait
/// for ever.
pub fn shared() -> bool {
    let own = std::process::id();
    match OWNER.compare_exchange(0, own, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => true,
        Err(owner) => owner == own,
    }
}

//! The threads among which large work is shared: started once, where the system allows it and one core is not all.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// None where they could not be started, which limits on threads or memory can forbid.
static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
static BEGUN: AtomicBool = AtomicBool::new(false);
/// Whether they stayed behind in the process that this one was forked from: whoever waited for them would wait for ever.
static LOST: AtomicBool = AtomicBool::new(false);

fn pool() -> Option<&'static ThreadPool> {
    if LOST.load(Ordering::SeqCst) {
        return None;
    }
    BEGUN.store(true, Ordering::SeqCst);
    let pool = POOL.get_or_init(|| ThreadPoolBuilder::new().build().ok()).as_ref();
    pool.filter(|pool| pool.current_num_threads() > 1)
}

/// To be called in a process that was just forked. Its number would not tell it from its parent: numbers recur.
#[pyfunction]
pub fn after_fork() {
    LOST.fetch_or(BEGUN.load(Ordering::SeqCst), Ordering::SeqCst);
}

/// How many threads work at once.
pub fn count() -> usize {
    pool().map_or(1, ThreadPool::current_num_threads)
}

/// What each item gives, in order: so many items or more (`least`) are shared among the cores.
pub fn map<T: Sync, R: Send>(items: &[T], least: usize, each: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
    match pool().filter(|_| items.len() >= least) {
        Some(pool) => pool.install(|| items.par_iter().map(each).collect()),
        None => items.iter().map(each).collect(),
    }
}

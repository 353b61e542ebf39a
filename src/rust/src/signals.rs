//! Signals, such as Ctrl-C's: a call that takes long looks for them between pieces of its work.

use pyo3::PyTypeCheck;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

/// Items of a piece: a third of a second where each is multiplied or encoded on one core, while each of 32 cores still
/// has a share that is worth it.
pub const PIECE: usize = 1 << 16;

/// The items of a call so far.
#[derive(Default)]
pub struct Items(usize);

impl Items {
    /// Counts one more, and looks for signals at the end of each piece.
    pub fn next(&mut self, py: Python<'_>) -> PyResult<()> {
        self.0 += 1;
        if self.0.is_multiple_of(PIECE) { py.check_signals() } else { Ok(()) }
    }
}

/// The objects of a Python iterable, of one class. They are kept and not copied: nobody else may keep them, and a secret
/// stays where it is.
pub fn own<T: PyTypeCheck>(iterable: &Bound<'_, PyAny>, refusal: &'static str) -> PyResult<Vec<Py<T>>> {
    let mut items = Items::default();
    let kept = iterable.try_iter()?.map(|item| {
        items.next(iterable.py())?;
        Ok(item?.cast_into::<T>().map_err(|_| PyTypeError::new_err(refusal))?.unbind())
    });
    kept.collect()
}

//! Errors are the library's own, with the index of the item at fault.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

static INVALID_ELEMENT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static INVALID_SCALAR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static INVALID_PROOF: PyOnceLock<Py<PyType>> = PyOnceLock::new();

fn raise(
    py: Python<'_>,
    lock: &PyOnceLock<Py<PyType>>,
    name: &str,
    message: &str,
    index: Option<usize>,
) -> PyErr {
    let made = lock.import(py, "secretballot.errors", name).and_then(|class| {
        let named = PyDict::new(py);
        if let Some(index) = index {
            named.set_item("index", index)?;
        }
        class.call((message,), Some(&named))
    });
    match made {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}

pub fn invalid_element(py: Python<'_>, message: &str, index: usize) -> PyErr {
    raise(py, &INVALID_ELEMENT, "InvalidElementError", message, Some(index))
}

pub fn invalid_scalar(py: Python<'_>, message: &str, index: usize) -> PyErr {
    raise(py, &INVALID_SCALAR, "InvalidScalarError", message, Some(index))
}

pub fn invalid_proof(py: Python<'_>, message: &str) -> PyErr {
    raise(py, &INVALID_PROOF, "InvalidProofError", message, None)
}

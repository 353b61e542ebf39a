//! Secret scalars: constant-time arithmetic, wiped when dropped.

use curve25519_dalek::scalar::Scalar as Inner;
use pyo3::basic::CompareOp;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::errors::invalid_scalar;
use crate::signals::Items;

pub const SIZE: usize = 32;

/// A secret integer modulo the order of ristretto255.
#[pyclass(frozen, module = "secretballot.crypto.group._native")]
pub struct Scalar(pub Inner);

impl Drop for Scalar {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[pymethods]
impl Scalar {
    /// The scalar of 64 little-endian bytes, reduced.
    #[staticmethod]
    fn reduce(data: &[u8]) -> PyResult<Self> {
        let mut wide: [u8; 64] = data.try_into().map_err(|_| PyValueError::new_err("64 bytes are needed"))?;
        let scalar = Inner::from_bytes_mod_order_wide(&wide);
        wide.zeroize();
        Ok(Scalar(scalar))
    }

    /// The scalar of its canonical encoding.
    #[staticmethod]
    fn decode(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        let bytes: [u8; SIZE] = data
            .try_into()
            .map_err(|_| invalid_scalar(py, &format!("a scalar has {SIZE} bytes, not {}", data.len()), 0))?;
        Option::from(Inner::from_canonical_bytes(bytes))
            .map(Scalar)
            .ok_or_else(|| invalid_scalar(py, "not below the group's order", 0))
    }

    fn __add__(&self, other: &Self) -> Self {
        Scalar(self.0 + other.0)
    }

    fn __sub__(&self, other: &Self) -> Self {
        Scalar(self.0 - other.0)
    }

    fn __mul__(&self, other: &Self) -> Self {
        Scalar(self.0 * other.0)
    }

    fn __neg__(&self) -> Self {
        Scalar(-self.0)
    }

    fn invert(&self, py: Python<'_>) -> PyResult<Self> {
        if self.is_zero() {
            return Err(invalid_scalar(py, "zero has no inverse", 0));
        }
        Ok(Scalar(self.0.invert()))
    }

    fn is_zero(&self) -> bool {
        self.0.ct_eq(&Inner::ZERO).into()
    }

    fn encode<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.as_bytes())
    }

    fn __richcmp__(&self, other: &Bound<'_, PyAny>, op: CompareOp) -> PyResult<Py<PyAny>> {
        let py = other.py();
        let Ok(other) = other.cast::<Scalar>() else { return Ok(py.NotImplemented()) };
        let equal: bool = self.0.ct_eq(&other.get().0).into();
        match op {
            CompareOp::Eq => Ok(equal.into_pyobject(py)?.to_owned().into_any().unbind()),
            CompareOp::Ne => Ok((!equal).into_pyobject(py)?.to_owned().into_any().unbind()),
            _ => Ok(py.NotImplemented()),
        }
    }

    fn __hash__(&self) -> PyResult<isize> {
        Err(PyTypeError::new_err("a Scalar is secret and has no hash"))
    }

    fn __repr__(&self) -> &'static str {
        "<Scalar redacted>"
    }

    fn __reduce__<'py>(&self) -> PyResult<Bound<'py, PyTuple>> {
        Err(PyTypeError::new_err("a Scalar is secret and is never pickled"))
    }
}

/// Public integers as scalars: 32 little-endian bytes each, canonical.
pub fn read_public(py: Python<'_>, data: &[u8]) -> PyResult<Vec<Inner>> {
    if !data.len().is_multiple_of(SIZE) {
        let message = format!("{SIZE} bytes are expected, there are {}", data.len() % SIZE);
        return Err(invalid_scalar(py, &message, data.len() / SIZE));
    }
    let mut items = Items::default();
    data.chunks_exact(SIZE)
        .enumerate()
        .map(|(index, chunk)| {
            items.next(py)?;
            let bytes: [u8; SIZE] = chunk.try_into().expect("chunks of 32");
            Option::from(Inner::from_canonical_bytes(bytes))
                .ok_or_else(|| invalid_scalar(py, "not below the group's order", index))
        })
        .collect()
}

/// Raises InvalidScalarError with the index of the first of the encodings that is not canonical.
#[pyfunction]
pub fn check_integers(py: Python<'_>, data: &[u8]) -> PyResult<()> {
    read_public(py, data).map(|_| ())
}

//! Multiplications: constant time for secret scalars, variable time and on all cores for public integers.

use curve25519_dalek::ristretto::{RistrettoBasepointTable, RistrettoPoint};
use curve25519_dalek::scalar::Scalar as Inner;
use curve25519_dalek::traits::{Identity, MultiscalarMul, VartimeMultiscalarMul};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::cores;
use crate::element::{Element, points};
use crate::scalar::{Scalar, read_public};
use crate::signals::{PIECE, own};

/// Terms from which on the sum is shared among the cores: below, one core's larger buckets win.
const PARALLEL: usize = 4096;

#[pyfunction]
pub fn multiply_generator(scalar: &Scalar) -> Element {
    Element::new(RistrettoPoint::mul_base(&scalar.0))
}

/// A table of multiples of one element (30 kB), for constant-time multiplications.
#[pyclass(frozen, module = "secretballot.crypto.group._native")]
pub struct FixedBase {
    table: Box<RistrettoBasepointTable>,
    element: Py<Element>,
}

#[pymethods]
impl FixedBase {
    #[new]
    fn new(element: Py<Element>) -> Self {
        FixedBase { table: Box::new(RistrettoBasepointTable::create(&element.get().point)), element }
    }

    #[getter]
    fn element(&self, py: Python<'_>) -> Py<Element> {
        self.element.clone_ref(py)
    }

    fn multiply(&self, scalar: &Scalar) -> Element {
        Element::new(&*self.table * &scalar.0)
    }
}

/// Terms whose tables are in memory at once: 1.3 MB, near the processor.
const SECRET_PIECE: usize = 1024;

/// The multi-scalar multiplication of secret scalars, in constant time.
#[pyfunction]
pub fn sum_of_secret_products(
    py: Python<'_>,
    scalars: &Bound<'_, PyAny>,
    elements: &Bound<'_, PyAny>,
) -> PyResult<Element> {
    let points = points(elements)?;
    let scalars = own::<Scalar>(scalars, "not a Scalar")?;
    if scalars.len() != points.len() {
        return Err(PyValueError::new_err("as many scalars as elements are needed"));
    }
    let mut total = RistrettoPoint::identity();
    for (scalars, points) in scalars.chunks(SECRET_PIECE).zip(points.chunks(SECRET_PIECE)) {
        total += py
            .detach(|| RistrettoPoint::multiscalar_mul(scalars.iter().map(|scalar| &scalar.get().0), points));
        py.check_signals()?;
    }
    Ok(Element::new(total))
}

/// The sum of public products, in variable time; a large one is shared among the cores.
fn multiply_public(scalars: &[Inner], points: &[RistrettoPoint]) -> RistrettoPoint {
    if points.len() < PARALLEL {
        return RistrettoPoint::vartime_multiscalar_mul(scalars, points);
    }
    let share = points.len().div_ceil(cores::count()).max(PARALLEL / 2);
    let shares: Vec<_> = scalars.chunks(share).zip(points.chunks(share)).collect();
    cores::map(&shares, 2, |(scalars, points)| RistrettoPoint::vartime_multiscalar_mul(*scalars, *points))
        .into_iter()
        .sum()
}

/// The multi-scalar multiplication of public integers, 32 little-endian bytes each.
#[pyfunction]
pub fn sum_of_products(
    py: Python<'_>,
    coefficients: &[u8],
    elements: &Bound<'_, PyAny>,
) -> PyResult<Element> {
    let scalars = read_public(py, coefficients)?;
    let points = points(elements)?;
    if scalars.len() != points.len() {
        return Err(PyValueError::new_err("as many coefficients as elements are needed"));
    }
    sum_in_pieces(py, &scalars, &points)
}

/// The same, with a look for signals after each piece. Buckets grow no larger beyond some hundreds of terms: a sum in
/// pieces costs what it costs in one.
pub fn sum_in_pieces(py: Python<'_>, scalars: &[Inner], points: &[RistrettoPoint]) -> PyResult<Element> {
    let mut total = RistrettoPoint::identity();
    for (scalars, points) in scalars.chunks(PIECE).zip(points.chunks(PIECE)) {
        total += py.detach(|| multiply_public(scalars, points));
        py.check_signals()?;
    }
    Ok(Element::new(total))
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT;

    use super::*;

    /// One sum in many shares is the sum: the terms n * (n G) for n below a size that is shared and one that is not.
    #[test]
    fn shares_add_up() {
        for size in [0u64, 1, 100, 3 * PARALLEL as u64 + 1] {
            let scalars: Vec<Inner> = (0..size).map(Inner::from).collect();
            let points: Vec<RistrettoPoint> = scalars.iter().map(|n| RISTRETTO_BASEPOINT_POINT * n).collect();
            let expected: Inner = scalars.iter().map(|n| n * n).sum();
            assert_eq!(multiply_public(&scalars, &points), RISTRETTO_BASEPOINT_POINT * expected);
        }
    }
}

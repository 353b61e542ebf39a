//! Elements: public, decoded strictly, with their encoding kept once it is known.

use std::sync::OnceLock;

use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT;
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::traits::Identity;
use pyo3::basic::CompareOp;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::cores;
use crate::errors::invalid_element;
use crate::scalar::Scalar;
use crate::signals::{Items, PIECE, own};

pub const SIZE: usize = 32;
/// Elements from which on it pays to ask the other cores to decode or encode them.
const PARALLEL: usize = 2048;

/// A ristretto255 element.
#[pyclass(frozen, module = "secretballot.crypto.group._native")]
pub struct Element {
    pub point: RistrettoPoint,
    encoding: OnceLock<[u8; SIZE]>,
}

impl Element {
    pub fn new(point: RistrettoPoint) -> Self {
        Element { point, encoding: OnceLock::new() }
    }

    /// Without Python's lock no encoding is kept, only computed: a process that is forked meanwhile would wait for ever
    /// for whoever keeps it.
    fn compute(&self) -> [u8; SIZE] {
        self.encoding.get().copied().unwrap_or_else(|| self.point.compress().to_bytes())
    }

    fn keep(&self, _: Python<'_>, bytes: [u8; SIZE]) -> &[u8; SIZE] {
        self.encoding.get_or_init(|| bytes)
    }

    fn bytes(&self, py: Python<'_>) -> &[u8; SIZE] {
        self.keep(py, self.compute())
    }

    fn known(point: RistrettoPoint, bytes: [u8; SIZE]) -> Self {
        Element { point, encoding: OnceLock::from(bytes) }
    }
}

#[pymethods]
impl Element {
    /// The element of 64 uniform bytes (RFC 9496, section 4.3.4).
    #[staticmethod]
    fn derive(data: &[u8]) -> PyResult<Self> {
        let wide: [u8; 64] = data.try_into().map_err(|_| PyValueError::new_err("64 bytes are needed"))?;
        Ok(Element::new(RistrettoPoint::from_uniform_bytes(&wide)))
    }

    fn __add__(&self, other: &Self) -> Self {
        Element::new(self.point + other.point)
    }

    fn __sub__(&self, other: &Self) -> Self {
        Element::new(self.point - other.point)
    }

    fn __neg__(&self) -> Self {
        Element::new(-self.point)
    }

    fn __mul__(&self, scalar: &Scalar) -> Self {
        Element::new(self.point * scalar.0)
    }

    fn __richcmp__(&self, other: &Bound<'_, PyAny>, op: CompareOp) -> PyResult<Py<PyAny>> {
        let py = other.py();
        let Ok(other) = other.cast::<Element>() else { return Ok(py.NotImplemented()) };
        let equal = self.point == other.get().point;
        match op {
            CompareOp::Eq => Ok(equal.into_pyobject(py)?.to_owned().into_any().unbind()),
            CompareOp::Ne => Ok((!equal).into_pyobject(py)?.to_owned().into_any().unbind()),
            _ => Ok(py.NotImplemented()),
        }
    }

    fn __hash__(&self, py: Python<'_>) -> u64 {
        u64::from_le_bytes(self.bytes(py)[..8].try_into().expect("8 bytes"))
    }

    fn is_identity(&self) -> bool {
        self.point == RistrettoPoint::identity()
    }

    fn encode<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        if self.is_identity() {
            return Err(invalid_element(py, "the identity has no encoding here", 0));
        }
        Ok(PyBytes::new(py, self.bytes(py)))
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        if self.is_identity() {
            return "<Element identity>".to_owned();
        }
        let hex: String = self.bytes(py).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("<Element {hex}>")
    }

    /// Pickled as its encoding, and the identity as no bytes: what comes back is decoded strictly.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let restore = py.import("secretballot.crypto.group.native")?.getattr("_restore")?;
        let data: &[u8] = if self.is_identity() { &[] } else { self.bytes(py) };
        Ok((restore, (PyBytes::new(py, data),)))
    }
}

#[pyfunction]
pub fn generator() -> Element {
    Element::new(RISTRETTO_BASEPOINT_POINT)
}

#[pyfunction]
pub fn identity() -> Element {
    Element::new(RistrettoPoint::identity())
}

/// The points of some canonical encodings, of which the first has this index; none is the identity.
fn read(py: Python<'_>, data: &[u8], first: usize) -> PyResult<Vec<Py<Element>>> {
    let (encodings, _) = data.as_chunks::<SIZE>();
    let decoded =
        py.detach(|| cores::map(encodings, PARALLEL, |encoding| CompressedRistretto(*encoding).decompress()));
    decoded
        .into_iter()
        .zip(encodings)
        .zip(first..)
        .map(|((point, encoding), index)| match point {
            None => Err(invalid_element(py, "not the canonical encoding of an element", index)),
            Some(_) if *encoding == [0; SIZE] => Err(invalid_element(py, "the identity", index)),
            Some(point) => Py::new(py, Element::known(point, *encoding)),
        })
        .collect()
}

#[pyfunction]
pub fn decode_elements<'py>(py: Python<'py>, data: &[u8]) -> PyResult<Bound<'py, PyList>> {
    let rest = data.len() % SIZE;
    if rest != 0 {
        let message = format!("{SIZE} bytes are expected, there are {rest}");
        return Err(invalid_element(py, &message, data.len() / SIZE));
    }
    let mut elements = Vec::with_capacity(data.len() / SIZE);
    for piece in data.chunks(PIECE * SIZE) {
        elements.extend(read(py, piece, elements.len())?);
        py.check_signals()?;
    }
    PyList::new(py, elements)
}

/// The elements of 64 uniform bytes each (RFC 9496, section 4.3.4).
#[pyfunction]
pub fn derive_elements<'py>(py: Python<'py>, data: &[u8]) -> PyResult<Bound<'py, PyList>> {
    let (wide, []) = data.as_chunks::<64>() else {
        return Err(PyValueError::new_err("64 bytes for each are needed"));
    };
    let mut elements = Vec::with_capacity(wide.len());
    for piece in wide.chunks(PIECE) {
        let points = py.detach(|| cores::map(piece, PARALLEL, RistrettoPoint::from_uniform_bytes));
        for point in points {
            elements.push(Py::new(py, Element::new(point))?);
        }
        py.check_signals()?;
    }
    PyList::new(py, elements)
}

/// Gives each element of a Python iterable to `take`, in order.
fn for_each(
    elements: &Bound<'_, PyAny>,
    items: &mut Items,
    mut take: impl FnMut(&Element) -> PyResult<()>,
) -> PyResult<()> {
    for element in elements.try_iter()? {
        let element = element?;
        take(element.cast::<Element>().map_err(|_| PyTypeError::new_err("not an Element"))?.get())?;
        items.next(elements.py())?;
    }
    Ok(())
}

/// The points of a Python iterable of elements.
pub fn points(elements: &Bound<'_, PyAny>) -> PyResult<Vec<RistrettoPoint>> {
    let mut out = Vec::new();
    for_each(elements, &mut Items::default(), |element| {
        out.push(element.point);
        Ok(())
    })?;
    Ok(out)
}

#[pyfunction]
pub fn encode_elements<'py>(py: Python<'py>, elements: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let elements = own::<Element>(elements, "not an Element")?;
    let mut out = Vec::with_capacity(SIZE * elements.len());
    for piece in elements.chunks(PIECE) {
        let encodings = py.detach(|| cores::map(piece, PARALLEL, |element| element.get().compute()));
        for (element, encoding) in piece.iter().zip(encodings) {
            if element.get().is_identity() {
                return Err(invalid_element(py, "the identity has no encoding here", out.len() / SIZE));
            }
            out.extend_from_slice(element.get().keep(py, encoding));
        }
        py.check_signals()?;
    }
    Ok(PyBytes::new(py, &out))
}

#[pyfunction]
pub fn sum(elements: &Bound<'_, PyAny>) -> PyResult<Element> {
    let mut total = RistrettoPoint::identity();
    for_each(elements, &mut Items::default(), |element| {
        total += element.point;
        Ok(())
    })?;
    Ok(Element::new(total))
}

/// The sum of each column of rows of the same length.
#[pyfunction]
pub fn sum_columns<'py>(py: Python<'py>, rows: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
    let unequal = || PyValueError::new_err("rows of one length are needed");
    let mut items = Items::default();
    let mut rows = rows.try_iter()?;
    let mut sums = Vec::new();
    if let Some(row) = rows.next() {
        for_each(&row?, &mut items, |element| {
            sums.push(element.point);
            Ok(())
        })?;
    }
    for row in rows {
        let mut columns = sums.iter_mut();
        for_each(&row?, &mut items, |element| {
            *columns.next().ok_or_else(unequal)? += element.point;
            Ok(())
        })?;
        if columns.next().is_some() {
            return Err(unequal());
        }
    }
    let sums: PyResult<Vec<_>> = sums.into_iter().map(|point| Py::new(py, Element::new(point))).collect();
    PyList::new(py, sums?)
}

/// For each element the encoding of its double: equal exactly when the elements are, as the order is odd; in bulk one
/// inversion serves many.
#[pyfunction]
pub fn lookup_keys<'py>(py: Python<'py>, elements: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
    let points = points(elements)?;
    let mut keys = Vec::with_capacity(points.len());
    for piece in points.chunks(PIECE) {
        let doubles = py.detach(|| RistrettoPoint::double_and_compress_batch(piece));
        keys.extend(doubles.iter().map(|bytes| PyBytes::new(py, bytes.as_bytes())));
        py.check_signals()?;
    }
    PyList::new(py, keys)
}

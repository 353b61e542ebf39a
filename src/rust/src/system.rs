//! The equations of a proof, compiled: the coefficients of a weighted sum of them. Public data alone, in variable time.

use std::collections::HashMap;

use curve25519_dalek::scalar::Scalar as Inner;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::element::{Element, points as points_of};
use crate::errors::invalid_proof;
use crate::multiply::sum_in_pieces;
use crate::scalar::{SIZE, read_public};
use crate::signals::own;

const WEIGHT_SIZE: usize = 16;
/// The most elements or scalars of a system, as in `system.py`: their bytes are far from overflowing.
const MAX_SIZE: usize = 1 << 24;

/// A public coefficient; most are one.
enum Coefficient {
    One,
    Other(Inner),
}

impl Coefficient {
    fn times(&self, value: Inner) -> Inner {
        match self {
            Coefficient::One => value,
            Coefficient::Other(scalar) => scalar * value,
        }
    }
}

struct Equation {
    /// (element, coefficient)
    image: Vec<(usize, Coefficient)>,
    /// (scalar, element, coefficient)
    terms: Vec<(usize, usize, Coefficient)>,
}

struct Branch {
    num_scalars: usize,
    equations: Vec<Equation>,
}

/// The equations of every proof of one form.
#[pyclass(frozen, module = "secretballot.crypto.group._native")]
pub struct System {
    num_elements: usize,
    num_equations: usize,
    num_scalars: usize,
    clauses: Vec<Vec<Branch>>,
}

/// An equation as Python gives it, with coefficients as 32 bytes.
type GivenEquation = (Vec<(usize, [u8; SIZE])>, Vec<(usize, usize, [u8; SIZE])>);

fn coefficient(py: Python<'_>, bytes: &[u8; SIZE]) -> PyResult<Coefficient> {
    let scalar = read_public(py, bytes)?[0];
    Ok(if scalar == Inner::ONE { Coefficient::One } else { Coefficient::Other(scalar) })
}

fn below(value: usize, limit: usize, what: &str) -> PyResult<usize> {
    if value < limit {
        return Ok(value);
    }
    Err(PyValueError::new_err(format!("an equation names {what} that there is none of")))
}

fn limited(size: usize) -> PyResult<usize> {
    if size <= MAX_SIZE {
        return Ok(size);
    }
    Err(PyValueError::new_err(format!("a system has at most {MAX_SIZE} elements, and as many scalars")))
}

#[pymethods]
impl System {
    #[new]
    fn new(
        py: Python<'_>,
        num_elements: usize,
        clauses: Vec<Vec<(usize, Vec<GivenEquation>)>>,
    ) -> PyResult<Self> {
        let mut system = System { num_elements, num_equations: 0, num_scalars: 0, clauses: Vec::new() };
        limited(num_elements)?;
        for given in clauses {
            let mut branches = Vec::new();
            let Some(others) = given.len().checked_sub(1) else {
                return Err(PyValueError::new_err("a clause has at least one branch"));
            };
            system.num_scalars += others;
            for (num_scalars, given) in given {
                limited(num_scalars)?;
                let mut equations = Vec::new();
                for (image, terms) in given {
                    let image = image
                        .iter()
                        .map(|(e, c)| Ok((below(*e, num_elements, "an element")?, coefficient(py, c)?)));
                    let terms = terms.iter().map(|(s, e, c)| {
                        let s = below(*s, num_scalars, "a scalar")?;
                        Ok((s, below(*e, num_elements, "an element")?, coefficient(py, c)?))
                    });
                    equations.push(Equation {
                        image: image.collect::<PyResult<_>>()?,
                        terms: terms.collect::<PyResult<_>>()?,
                    });
                }
                system.num_scalars = limited(system.num_scalars + num_scalars)?;
                system.num_equations += equations.len();
                branches.push(Branch { num_scalars, equations });
            }
            system.clauses.push(branches);
        }
        Ok(system)
    }

    /// The system with a proof's challenge (32 bytes) and scalars.
    fn bind(slf: Bound<'_, Self>, challenge: &[u8], scalars: &[u8]) -> PyResult<BoundSystem> {
        let py = slf.py();
        let system = slf.get();
        if challenge.len() != SIZE || scalars.len() != SIZE * system.num_scalars {
            return Err(invalid_proof(py, "the proof has the wrong length"));
        }
        let total = read_public(py, challenge)?[0];
        let mut scalars = read_public(py, scalars)?.into_iter();
        let mut challenges = Vec::new();
        let mut responses = Vec::new();
        for clause in &system.clauses {
            let mut last = total;
            for challenge in scalars.by_ref().take(clause.len() - 1) {
                last -= challenge;
                challenges.push(challenge);
            }
            challenges.push(last);
            let own = clause.iter().map(|branch| branch.num_scalars).sum();
            responses.extend(scalars.by_ref().take(own));
        }
        Ok(BoundSystem { system: slf.clone().unbind(), challenges, responses })
    }
}

/// A system with one proof's challenges, one for each branch, and responses.
#[pyclass(frozen, module = "secretballot.crypto.group._native")]
pub struct BoundSystem {
    system: Py<System>,
    challenges: Vec<Inner>,
    responses: Vec<Inner>,
}

#[pymethods]
impl BoundSystem {
    /// The coefficients of the weighted sum: of every element, then of every commitment.
    fn coefficients<'py>(&self, py: Python<'py>, weights: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let (elements, commitments) = self.weigh(weights)?;
        let mut out = Vec::with_capacity(SIZE * (elements.len() + commitments.len()));
        for scalar in elements.iter().chain(&commitments) {
            out.extend_from_slice(scalar.as_bytes());
        }
        Ok(PyBytes::new(py, &out))
    }
}

impl BoundSystem {
    /// The coefficients of the elements, and those of the commitments.
    fn weigh(&self, weights: &[u8]) -> PyResult<(Vec<Inner>, Vec<Inner>)> {
        let system = self.system.get();
        if weights.len() != WEIGHT_SIZE * system.num_equations {
            return Err(too_few());
        }
        let mut elements = vec![Inner::ZERO; system.num_elements];
        let mut commitments = Vec::with_capacity(system.num_equations);
        let mut weights = weights.chunks_exact(WEIGHT_SIZE);
        let mut responses = self.responses.as_slice();
        for (branch, challenge) in system.clauses.iter().flatten().zip(&self.challenges) {
            let (own, rest) = responses.split_at(branch.num_scalars);
            responses = rest;
            for equation in &branch.equations {
                let bytes = weights.next().expect("counted above").try_into().expect("chunks of 16");
                let weight = Inner::from(u128::from_le_bytes(bytes));
                commitments.push(weight);
                let scaled = weight * challenge;
                for (e, c) in &equation.image {
                    elements[*e] += c.times(scaled);
                }
                for (s, e, c) in &equation.terms {
                    elements[*e] -= c.times(weight * own[*s]);
                }
            }
        }
        Ok((elements, commitments))
    }
}

fn too_few() -> PyErr {
    PyValueError::new_err("as many weights as equations are needed")
}

/// A proof as Python gives it: its bound system, its elements and commitments, and how many of the elements are shared.
type Answered<'py> = (Bound<'py, BoundSystem>, Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>);

/// The weighted sum of all equations of several proofs. Elements that proofs share as objects are gathered: each is then
/// one term of the sum.
#[pyfunction]
pub fn sum_of_systems(py: Python<'_>, answered: Vec<Answered<'_>>, weights: &[u8]) -> PyResult<Element> {
    let mut scalars = Vec::new();
    let mut terms = Vec::new();
    // The term of each shared element, by its address: the elements are kept, so that no address recurs.
    let mut gathered: HashMap<usize, usize> = HashMap::new();
    let mut kept = Vec::new();
    let mut rest = weights;
    for (bound, elements, commitments, shared) in answered {
        let elements = own::<Element>(&elements, "not an Element")?;
        let committed = points_of(&commitments)?;
        let (own, later) = rest.split_at_checked(WEIGHT_SIZE * committed.len()).ok_or_else(too_few)?;
        rest = later;
        let (of_elements, of_commitments) = bound.get().weigh(own)?;
        if elements.len() != of_elements.len() {
            return Err(PyValueError::new_err("as many coefficients as elements are needed"));
        }
        let shared = shared.extract::<usize>().ok().filter(|shared| *shared <= elements.len());
        let shared = shared.ok_or_else(|| PyValueError::new_err("so many elements cannot be shared"))?;
        for (place, (element, scalar)) in elements.iter().zip(of_elements).enumerate() {
            let next = scalars.len();
            let term = if place < shared {
                *gathered.entry(element.as_ptr() as usize).or_insert(next)
            } else {
                next
            };
            if term == next {
                scalars.push(scalar);
                terms.push(element.get().point);
            } else {
                scalars[term] += scalar;
            }
        }
        scalars.extend(of_commitments);
        terms.extend(committed);
        kept.push(elements);
    }
    if !rest.is_empty() {
        return Err(too_few());
    }
    sum_in_pieces(py, &scalars, &terms)
}

//! Small discrete logarithms by baby steps and giant steps. Public elements alone, in variable time.

use std::collections::HashMap;
use std::ops::Range;

use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT;
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::traits::Identity;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::element::{Element, SIZE};

/// The most baby steps of a table, as in `logarithm.py`: step numbers, and logarithms, are far from overflowing.
const MAX_STEPS: u32 = 1 << 20;
/// Steps whose keys are computed at once; enough to share an inversion, few enough to stop early.
const CHUNK: usize = 256;
/// Steps from one look for signals to the next: some ten milliseconds.
const PIECE: usize = 64 * CHUNK;

/// A table of the generator's first multiples, for the logarithms of many elements.
#[pyclass(frozen, module = "secretballot.crypto.group._native")]
pub struct BabySteps {
    /// For each baby step its key, the encoding of its double, and its number.
    table: HashMap<[u8; SIZE], u32>,
    count: u32,
    /// One giant step: the generator's multiple by the count, negated.
    giant: RistrettoPoint,
}

/// The keys of so many points, each one step after the one before. The first is `point`, which is left at the next.
fn walk(point: &mut RistrettoPoint, step: &RistrettoPoint, count: usize) -> Vec<CompressedRistretto> {
    let mut points = Vec::with_capacity(count);
    for _ in 0..count {
        points.push(*point);
        *point += step;
    }
    RistrettoPoint::double_and_compress_batch(&points)
}

/// The steps in ranges of a size, the last of what remains.
fn split(steps: Range<u32>, size: usize) -> impl Iterator<Item = Range<u32>> {
    let end = steps.end;
    steps.step_by(size).map(move |start| start..end.min(start + size as u32))
}

impl BabySteps {
    /// The logarithm, where it is found after one of these giant steps; `point` is where the first of them begins.
    fn look(&self, point: &mut RistrettoPoint, giants: Range<u32>) -> Option<u64> {
        let keys = walk(point, &self.giant, giants.len());
        keys.iter().zip(giants).find_map(|(key, giant)| {
            let baby = self.table.get(key.as_bytes())?;
            Some(u64::from(giant) * u64::from(self.count) + u64::from(*baby))
        })
    }
}

#[pymethods]
impl BabySteps {
    #[new]
    fn new(py: Python<'_>, count: u32) -> PyResult<Self> {
        if count == 0 || count > MAX_STEPS {
            return Err(PyValueError::new_err(format!("a table has 1 to {MAX_STEPS} baby steps")));
        }
        let mut table = HashMap::with_capacity(count as usize);
        let mut point = RistrettoPoint::identity();
        for piece in split(0..count, PIECE) {
            py.detach(|| {
                for babies in split(piece, CHUNK) {
                    let keys = walk(&mut point, &RISTRETTO_BASEPOINT_POINT, babies.len());
                    table.extend(keys.iter().map(CompressedRistretto::to_bytes).zip(babies));
                }
            });
            py.check_signals()?;
        }
        Ok(BabySteps { table, count, giant: -point })
    }

    /// The logarithm to the generator's base where it is below the count's square, None elsewhere.
    fn find(&self, py: Python<'_>, element: &Element) -> PyResult<Option<u64>> {
        let mut point = element.point;
        for piece in split(0..self.count, PIECE) {
            let found = py.detach(|| split(piece, CHUNK).find_map(|giants| self.look(&mut point, giants)));
            if found.is_some() {
                return Ok(found);
            }
            py.check_signals()?;
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_every_step_once() {
        for count in [1, 255, 256, 257, MAX_STEPS - 1, MAX_STEPS] {
            let ranges: Vec<_> = split(0..count, CHUNK).collect();
            assert!(ranges.iter().all(|range| !range.is_empty() && range.len() <= CHUNK));
            assert!(ranges.into_iter().flatten().eq(0..count));
        }
    }

    #[test]
    fn keys_tell_steps_apart() {
        let mut point = RistrettoPoint::identity();
        let keys = walk(&mut point, &RISTRETTO_BASEPOINT_POINT, 300);
        assert_eq!(
            keys.iter().map(CompressedRistretto::to_bytes).collect::<std::collections::HashSet<_>>().len(),
            300
        );
        let mut same = RISTRETTO_BASEPOINT_POINT;
        assert_eq!(walk(&mut same, &RISTRETTO_BASEPOINT_POINT, 299), keys[1..]);
        assert_eq!(same, point);
    }
}

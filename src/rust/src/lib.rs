//! A thin binding to curve25519-dalek: ristretto255 for secretballot. Bytes and integers in, bytes out; no voting logic.

use pyo3::prelude::*;

mod cores;
mod element;
mod errors;
mod logarithm;
mod multiply;
mod scalar;
mod signals;
mod system;

#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::cores::after_fork;
    #[pymodule_export]
    use crate::element::{
        Element, decode_elements, derive_elements, encode_elements, generator, identity, lookup_keys, sum,
        sum_columns,
    };
    #[pymodule_export]
    use crate::logarithm::BabySteps;
    #[pymodule_export]
    use crate::multiply::{FixedBase, multiply_generator, sum_of_products, sum_of_secret_products};
    #[pymodule_export]
    use crate::scalar::{Scalar, check_integers};
    #[pymodule_export]
    use crate::system::{BoundSystem, System, sum_of_systems};
}

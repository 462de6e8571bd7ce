//! What the benchmarks share: seeded inputs, always made outside the timer, and
//! the programs that are differentiated.
#![forbid(unsafe_code)]

pub mod programs;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wonderland_linalg::{Scalar, Tensor};

/// An n × c matrix of uniform numbers in [−1, 1), the same for each seed.
#[must_use]
pub fn uniform<T: Scalar>(n: usize, c: usize, seed: u64) -> Tensor<T> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Tensor::from_fn(n, c, |_, _| T::from_f64(rng.random_range(-1.0..1.0)))
}

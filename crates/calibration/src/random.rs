//! One generator, one stream per purpose: adding a purpose never shifts the
//! numbers of another.
//!
//! Streams are numbered from 101, past those that `wonderland-data` splits and
//! shuffles with: one seed given to both never makes them draw the same words.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What random numbers are drawn for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    ConformalFit = 101,
    ConformalPredict = 102,
    Bootstrap = 103,
    Consistency = 104,
    Band = 105,
    Folds = 106,
    Ties = 107,
}

/// The generator of `seed` for one purpose.
pub(crate) fn stream(seed: u64, purpose: Purpose) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(purpose as u64);
    rng
}

/// n numbers uniform on [0, 1).
pub(crate) fn uniforms(seed: u64, purpose: Purpose, n: usize) -> Vec<f64> {
    let mut rng = stream(seed, purpose);
    (0..n).map(|_| rng.random()).collect()
}

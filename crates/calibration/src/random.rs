//! One generator, one stream per purpose: adding a purpose never shifts the
//! numbers of another.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What random numbers are drawn for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    ConformalFit = 1,
    ConformalPredict = 2,
    Bootstrap = 3,
    Consistency = 4,
    Band = 5,
    Folds = 6,
    Ties = 7,
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

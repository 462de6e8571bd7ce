//! Randomness: one seed, one ChaCha stream per purpose.
//!
//! All streams of a seed are independent, so that drawing more for one purpose
//! never shifts what another draws.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// What random numbers are drawn for; its number is the ChaCha stream.
///
/// Numbers are never given anew: adding a purpose leaves all others as they were.
/// Those from 101 belong to `wonderland-calibration`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u64)]
pub enum Purpose {
    /// Parts of a train/test/calibration/conformal split.
    Split = 1,
    /// Folds of a cross-validation.
    Folds = 2,
    /// Order of the rows in every epoch.
    Shuffle = 3,
    /// Starting values of parameters.
    Init = 4,
    /// Bootstrap resamples.
    Bootstrap = 5,
    /// Dropout and other noise in training.
    Noise = 6,
    /// Breaking of ties.
    Ties = 7,
    /// Random search over settings.
    Search = 8,
    /// Permutations of a column or of labels.
    Permutation = 9,
    /// Part of the training rows held out for early stopping.
    EarlyStopping = 10,
}

/// The generator of a seed for one purpose.
///
/// # Examples
/// ```
/// use rand::Rng;
/// use wonderland_data::{Purpose, rng};
/// let (mut a, mut b) = (rng(7, Purpose::Split), rng(7, Purpose::Shuffle));
/// assert_ne!(a.next_u64(), b.next_u64());
/// assert_eq!(rng(7, Purpose::Split).next_u64(), rng(7, Purpose::Split).next_u64());
/// ```
#[must_use]
pub fn rng(seed: u64, purpose: Purpose) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(purpose as u64);
    rng
}

/// A number below `n`, all equally likely (Lemire 2019, *Fast random integer
/// generation in an interval*).
///
/// Written here, not taken from a library, so that a seed keeps its meaning.
pub(crate) fn below(rng: &mut impl Rng, n: usize) -> usize {
    debug_assert!(n > 0);
    let n = n as u64;
    // Products whose low half is below 2⁶⁴ mod n would favour small numbers.
    let favoured = n.wrapping_neg() % n;
    loop {
        let product = u128::from(rng.next_u64()) * u128::from(n);
        if product as u64 >= favoured {
            return (product >> 64) as usize;
        }
    }
}

/// Puts the items into a uniformly random order (Fisher–Yates).
pub fn shuffle<T>(items: &mut [T], rng: &mut impl Rng) {
    for i in (1..items.len()).rev() {
        items.swap(i, below(rng, i + 1));
    }
}

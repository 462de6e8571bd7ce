//! Mini-batches and epochs (notes §5.3).
//!
//! Shuffle, take r rows after r rows, shuffle again. The notes put the number
//! of epochs at n/b; what n/r (rounded up) counts is the batches of one epoch,
//! the last of which may be short. How many epochs to run is free.

use wonderland_linalg::{MatRef, Scalar, Tensor};

use crate::rng::{Purpose, below, rng, shuffle};
use crate::{Error, Result};

/// The rows of a training set in batches, newly shuffled every epoch.
///
/// The order of an epoch depends on the seed and the number of the epoch
/// alone: a training that is resumed meets the same batches.
///
/// # Examples
/// ```
/// use wonderland_data::MiniBatches;
/// let mut batches = MiniBatches::new(10, 4, 0)?;
/// let sizes: Vec<usize> = batches.epoch(0).map(<[usize]>::len).collect();
/// assert_eq!(sizes, [4, 4, 2]);
/// assert_eq!(batches.per_epoch(), 3);
/// # Ok::<(), wonderland_data::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MiniBatches {
    order: Vec<usize>,
    batch_size: usize,
    seed: u64,
}

impl MiniBatches {
    /// Batches of at most `batch_size` of the rows 0, …, n − 1.
    ///
    /// # Errors
    /// [`Error::BadBatch`] when either number is zero.
    pub fn new(n: usize, batch_size: usize, seed: u64) -> Result<Self> {
        if n == 0 || batch_size == 0 {
            return Err(Error::BadBatch { batch_size, n });
        }
        Ok(Self { order: (0..n).collect(), batch_size, seed })
    }

    /// ⌈n/r⌉, the number of batches in an epoch.
    #[must_use]
    pub fn per_epoch(&self) -> usize {
        self.order.len().div_ceil(self.batch_size)
    }

    /// The batches of epoch number `epoch`; every row is in exactly one.
    pub fn epoch(&mut self, epoch: u32) -> std::slice::Chunks<'_, usize> {
        for (i, row) in self.order.iter_mut().enumerate() {
            *row = i;
        }
        let mut rng = rng(self.seed, Purpose::Shuffle);
        // Every epoch has 2³⁶ words of the stream, far more than a shuffle draws.
        rng.set_word_pos(u128::from(epoch) << 36);
        shuffle(&mut self.order, &mut rng);
        self.order.chunks(self.batch_size)
    }
}

/// The named rows of X ~ (n, c), in the given order: a batch, or a part of a split.
///
/// # Panics
/// When a row is not below n.
///
/// # Examples
/// ```
/// use wonderland_data::take_rows;
/// use wonderland_linalg::Tensor;
/// let X = Tensor::from_rows(&[[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(take_rows(X.as_mat(), &[1, 1]).as_slice(), [3.0, 4.0, 3.0, 4.0]);
/// ```
#[must_use]
#[track_caller]
pub fn take_rows<T: Scalar>(X: MatRef<'_, T>, rows: &[usize]) -> Tensor<T> {
    Tensor::from_fn(rows.len(), X.ncols(), |i, j| X[(rows[i], j)])
}

/// A bootstrap resample: n rows drawn from 0, …, n − 1 with replacement.
///
/// Resample number `replicate` of a seed does not depend on the others.
///
/// # Examples
/// ```
/// let rows = wonderland_data::bootstrap_rows(5, 0, 1);
/// assert_eq!(rows.len(), 5);
/// assert!(rows.iter().all(|&row| row < 5));
/// assert_ne!(rows, wonderland_data::bootstrap_rows(5, 0, 2));
/// ```
#[must_use]
pub fn bootstrap_rows(n: usize, seed: u64, replicate: u32) -> Vec<usize> {
    let mut rng = rng(seed, Purpose::Bootstrap);
    rng.set_word_pos(u128::from(replicate) << 36);
    (0..n).map(|_| below(&mut rng, n)).collect()
}

//! Prediction sets of many samples, one bit per sample and class.

use serde::{Deserialize, Serialize};

use crate::blocks::{LANES, Lanes};

/// One set of classes per sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PredictionSets {
    n_samples: usize,
    n_classes: usize,
    words: Vec<u64>,
}

impl PredictionSets {
    /// Empty sets.
    pub(crate) fn empty(n_samples: usize, n_classes: usize) -> Self {
        Self { n_samples, n_classes, words: vec![0; n_samples * n_classes.div_ceil(64)] }
    }

    /// Puts class k into set i.
    pub(crate) fn insert(&mut self, i: usize, k: usize) {
        let per_row = self.n_classes.div_ceil(64);
        self.words[i * per_row + k / 64] |= 1 << (k % 64);
    }

    /// Puts the classes of a block of rows whose scores are at most
    /// `limits[k]` into their sets.
    pub(super) fn insert_block(
        &mut self,
        first: usize,
        rows: usize,
        scores: &[Lanes],
        limits: &[Lanes],
    ) {
        let per_row = self.n_classes.div_ceil(64);
        let arch = pulp::Arch::new();
        for (word, (scores, limits)) in scores.chunks(64).zip(limits.chunks(64)).enumerate() {
            let words = arch.dispatch(Within { scores, limits });
            for (r, &bits) in words[..rows].iter().enumerate() {
                self.words[(first + r) * per_row + word] |= bits;
            }
        }
    }

    fn row(&self, i: usize) -> &[u64] {
        let per_row = self.n_classes.div_ceil(64);
        &self.words[i * per_row..(i + 1) * per_row]
    }

    /// Number of sets.
    #[must_use]
    pub fn n_samples(&self) -> usize {
        self.n_samples
    }

    /// Number of classes m.
    #[must_use]
    pub fn n_classes(&self) -> usize {
        self.n_classes
    }

    /// Whether class k is in set i.
    ///
    /// # Panics
    /// When there is no such sample or class.
    #[must_use]
    pub fn contains(&self, i: usize, k: usize) -> bool {
        assert!(k < self.n_classes, "class {k} of {}", self.n_classes);
        self.row(i)[k / 64] >> (k % 64) & 1 == 1
    }

    /// Number of classes in set i.
    ///
    /// # Panics
    /// When there is no such sample.
    #[must_use]
    pub fn size(&self, i: usize) -> usize {
        self.row(i).iter().map(|w| w.count_ones() as usize).sum()
    }

    /// The classes of set i, increasing.
    ///
    /// # Panics
    /// When there is no such sample.
    pub fn classes(&self, i: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.n_classes).filter(move |&k| self.contains(i, k))
    }

    /// Mean number of classes in a set; 0 without samples.
    #[must_use]
    pub fn mean_size(&self) -> f64 {
        let total: usize = (0..self.n_samples).map(|i| self.size(i)).sum();
        total as f64 / self.n_samples.max(1) as f64
    }

    /// Number of sets that are empty.
    #[must_use]
    pub fn n_empty(&self) -> usize {
        (0..self.n_samples).filter(|&i| self.size(i) == 0).count()
    }
}

/// For each row of a block the bits of the classes, 64 at most, whose scores
/// are within their limits.
struct Within<'a> {
    scores: &'a [Lanes],
    limits: &'a [Lanes],
}

impl pulp::WithSimd for Within<'_> {
    type Output = [u64; LANES];

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> [u64; LANES] {
        let (mut words, mut bit) = ([0; LANES], 1_u64);
        for (scores, limits) in self.scores.iter().zip(self.limits) {
            for r in 0..LANES {
                words[r] |= if scores[r] <= limits[r] { bit } else { 0 };
            }
            bit <<= 1;
        }
        words
    }
}

//! Prediction sets of many samples, one bit per sample and class.

use serde::{Deserialize, Serialize};

use wonderland_linalg::MatRef;

use crate::blocks::{ClassWork, LANES, Lanes, RowWork, work_on_classes, work_on_rows};

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

    /// Puts the classes of every row of P, 64 at most, with 1 − Pᵢₖ ≤ `limits[k]`
    /// into its set, in one pass without a score being stored.
    pub(super) fn insert_lac(&mut self, P: MatRef<'_, f64>, limits: &[f64]) {
        debug_assert!(self.n_classes <= 64);
        work_on_rows(P, &mut LacRows { words: &mut self.words, limits });
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

/// The sets of rows by their LAC scores, a word each.
struct LacRows<'a> {
    words: &'a mut [u64],
    limits: &'a [f64],
}

impl RowWork for LacRows<'_> {
    #[inline(always)]
    fn rows<S: pulp::Simd>(
        &mut self,
        simd: S,
        first: usize,
        n_rows: usize,
        rows: &[&[f64]; LANES],
    ) {
        let mut words = [0; LANES];
        for (rows, words) in rows.chunks_exact(S::F64_LANES).zip(S::as_mut_simd_u64s(&mut words).0)
        {
            let none = simd.splat_u64s(0);
            let mut classes = LacClasses { limits: self.limits.iter(), bit: 1, words: none };
            work_on_classes(simd, rows, &mut classes);
            *words = classes.words;
        }
        self.words[first..first + n_rows].copy_from_slice(&words[..n_rows]);
    }
}

/// The bits of the classes so far, a row in each lane.
struct LacClasses<'a, S: pulp::Simd> {
    limits: std::slice::Iter<'a, f64>,
    bit: u64,
    words: S::u64s,
}

impl<S: pulp::Simd> ClassWork<S> for LacClasses<'_, S> {
    #[inline(always)]
    fn class(&mut self, simd: S, p: S::f64s) {
        let Some(&limit) = self.limits.next() else { return };
        let score = simd.sub_f64s(simd.splat_f64s(1.0), p);
        let within = simd.less_than_or_equal_f64s(score, simd.splat_f64s(limit));
        let bit = simd.select_u64s(within, simd.splat_u64s(self.bit), simd.splat_u64s(0));
        self.words = simd.or_u64s(self.words, bit);
        self.bit <<= 1;
    }
}

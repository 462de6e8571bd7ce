//! Class probabilities and logits: two types, so that one is never taken for
//! the other (notes §4.3.3).

use std::sync::Arc;

use wonderland_linalg::{MatRef, Tensor};

use crate::blocks::{LANES, Lanes, for_blocks, vectors, vectors_of_row};
use crate::{Error, Result};

/// How far a row may sum from 1 before it is refused: wide enough for
/// probabilities written with four or more digits.
const ROW_SUM_TOLERANCE: f64 = 1e-3;

#[derive(Debug, Clone)]
enum Storage<'a> {
    View(MatRef<'a, f64>),
    Owned(Arc<Tensor>),
}

impl Storage<'_> {
    fn view(&self) -> MatRef<'_, f64> {
        match self {
            Self::View(mat) => *mat,
            Self::Owned(tensor) => tensor.as_mat(),
        }
    }
}

/// Class probabilities P ~ (n, m), one row per sample, checked when made.
///
/// The same pass that checks finds each row's confidence maxₖ Pᵢₖ and its
/// class (the lowest index among equals), so that everything about the top
/// class reads the matrix once.
///
/// # Examples
/// ```
/// use wonderland_calibration::Probabilities;
/// use wonderland_linalg::Tensor;
/// let P = Tensor::from_rows(&[[0.7, 0.3], [0.5, 0.5]]);
/// let P = Probabilities::new(P.as_mat())?;
/// assert_eq!(P.confidence(), [0.7, 0.5]);
/// assert_eq!(P.predicted(), [0, 0]);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Probabilities<'a> {
    storage: Storage<'a>,
    confidence: Vec<f64>,
    predicted: Vec<u32>,
}

impl<'a> Probabilities<'a> {
    /// Checks a matrix of probabilities; nothing is copied, clipped or
    /// renormalised.
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::NotAProbability`] for a value outside
    /// \[0, 1\]; [`Error::RowSum`] for a row that sums further than 10⁻³ from 1.
    pub fn new(P: MatRef<'a, f64>) -> Result<Self> {
        Self::with_tolerance(P, ROW_SUM_TOLERANCE)
    }

    /// The same with another tolerance on the row sums.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_tolerance(P: MatRef<'a, f64>, tolerance: f64) -> Result<Self> {
        let (confidence, predicted) = scan(P, tolerance)?;
        Ok(Self { storage: Storage::View(P), confidence, predicted })
    }

    /// The same from an owned tensor.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_tensor(P: Tensor) -> Result<Probabilities<'static>> {
        let (confidence, predicted) = scan(P.as_mat(), ROW_SUM_TOLERANCE)?;
        Ok(Probabilities { storage: Storage::Owned(Arc::new(P)), confidence, predicted })
    }

    /// P ~ (n, m).
    #[must_use]
    pub fn as_mat(&self) -> MatRef<'_, f64> {
        self.storage.view()
    }

    /// Number of rows n.
    #[must_use]
    pub fn n_samples(&self) -> usize {
        self.confidence.len()
    }

    /// Number of columns m.
    #[must_use]
    pub fn n_classes(&self) -> usize {
        self.as_mat().ncols()
    }

    /// The largest probability of each row.
    #[must_use]
    pub fn confidence(&self) -> &[f64] {
        &self.confidence
    }

    /// The class of the largest probability, the lowest index among equals.
    #[must_use]
    pub fn predicted(&self) -> &[u32] {
        &self.predicted
    }

    /// The given rows, in the given order; rows may repeat.
    ///
    /// # Panics
    /// When a row does not exist.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Probabilities<'static> {
        let P = self.as_mat();
        let tensor = Tensor::from_fn(rows.len(), P.ncols(), |i, j| P[(rows[i], j)]);
        Probabilities {
            storage: Storage::Owned(Arc::new(tensor)),
            confidence: rows.iter().map(|&i| self.confidence[i]).collect(),
            predicted: rows.iter().map(|&i| self.predicted[i]).collect(),
        }
    }

    /// Column k as a vector.
    pub(crate) fn column(&self, k: usize) -> Vec<f64> {
        let P = self.as_mat();
        (0..P.nrows()).map(|i| P[(i, k)]).collect()
    }
}

/// Calls `f(row index, row)` for each row, copying only when a row is not
/// contiguous.
pub(crate) fn for_rows(mat: MatRef<'_, f64>, mut f: impl FnMut(usize, &[f64])) {
    let mut buffer = vec![0.0; mat.ncols()];
    for i in 0..mat.nrows() {
        match mat.row(i).try_as_row_major() {
            Some(row) => f(i, row.as_slice()),
            None => {
                for (j, x) in buffer.iter_mut().enumerate() {
                    *x = mat[(i, j)];
                }
                f(i, &buffer);
            }
        }
    }
}

/// Checks every row and returns (confidence, predicted class).
fn scan(P: MatRef<'_, f64>, tolerance: f64) -> Result<(Vec<f64>, Vec<u32>)> {
    if P.nrows() == 0 || P.ncols() == 0 {
        return Err(Error::Empty { what: "P" });
    }
    let mut confidence = Vec::with_capacity(P.nrows());
    let mut predicted = Vec::with_capacity(P.nrows());
    let mut bad = None;
    let arch = pulp::Arch::new();
    for_blocks(P, |first, rows, block| {
        let found = arch.dispatch(Scan { block, tolerance });
        if bad.is_none() {
            bad = found.wrong[..rows].iter().position(|&wrong| wrong).map(|r| first + r);
        }
        confidence.extend_from_slice(&found.top[..rows]);
        predicted.extend_from_slice(&found.class[..rows]);
    });
    let Some(row) = bad else { return Ok((confidence, predicted)) };
    for column in 0..P.ncols() {
        let value = P[(row, column)];
        if !(0.0..=1.0).contains(&value) {
            return Err(Error::NotAProbability { what: "P", row, column, value });
        }
    }
    let sum = (0..P.ncols()).map(|j| P[(row, j)]).sum();
    Err(Error::RowSum { row, sum, tolerance })
}

/// The checks of one block of rows, and their top classes.
struct Scan<'a> {
    block: &'a [Lanes],
    tolerance: f64,
}

struct Scanned {
    top: Lanes,
    class: [u32; LANES],
    wrong: [bool; LANES],
}

impl pulp::WithSimd for Scan<'_> {
    type Output = Scanned;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) -> Scanned {
        let [mut top, mut low, mut sum, mut class] = [[0.0; LANES]; 4];
        let columns = vectors::<S>(self.block);
        let width = LANES / S::F64_LANES;
        for v in 0..width {
            let (mut tops, mut lows) = (simd.splat_f64s(f64::NEG_INFINITY), simd.splat_f64s(1.0));
            let (mut sums, mut classes) = (simd.splat_f64s(0.0), simd.splat_f64s(0.0));
            let mut k = simd.splat_f64s(0.0);
            // Selections instead of branches: which class is largest is not
            // predictable, and a mispredicted branch costs more than the row.
            for &p in columns[v..].iter().step_by(width) {
                classes = simd.select_f64s(simd.greater_than_f64s(p, tops), k, classes);
                tops = simd.max_f64s(p, tops);
                lows = simd.min_f64s(p, lows);
                sums = simd.add_f64s(sums, p);
                k = simd.add_f64s(k, simd.splat_f64s(1.0));
            }
            vectors_of_row::<S>(&mut top)[v] = tops;
            vectors_of_row::<S>(&mut low)[v] = lows;
            vectors_of_row::<S>(&mut sum)[v] = sums;
            vectors_of_row::<S>(&mut class)[v] = classes;
        }
        // A NaN fails the test on the sum; top ≤ 1 follows from it only up
        // to the tolerance, so it is tested as well.
        let wrong = std::array::from_fn(|r| {
            !(low[r] >= 0.0 && top[r] <= 1.0 && (sum[r] - 1.0).abs() <= self.tolerance)
        });
        Scanned { top, class: class.map(|k| k as u32), wrong }
    }
}

/// Scores before softmax, Z ~ (n, m), checked when made.
///
/// −∞ is allowed (probability zero) as long as a row has one finite entry.
#[derive(Debug, Clone)]
pub struct Logits<'a> {
    storage: Storage<'a>,
}

impl<'a> Logits<'a> {
    /// Checks a matrix of logits; nothing is copied.
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::NonFinite`] for NaN, +∞ or a row of −∞ only.
    pub fn new(Z: MatRef<'a, f64>) -> Result<Self> {
        check_logits(Z)?;
        Ok(Self { storage: Storage::View(Z) })
    }

    /// The same from an owned tensor.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_tensor(Z: Tensor) -> Result<Logits<'static>> {
        check_logits(Z.as_mat())?;
        Ok(Logits { storage: Storage::Owned(Arc::new(Z)) })
    }

    /// ln P: the logits that softmax takes back to P.
    #[must_use]
    pub fn from_probabilities(P: &Probabilities<'_>) -> Logits<'static> {
        let P = P.as_mat();
        let Z = Tensor::from_fn(P.nrows(), P.ncols(), |i, j| P[(i, j)].ln());
        Logits { storage: Storage::Owned(Arc::new(Z)) }
    }

    /// The given rows, in the given order; rows may repeat.
    ///
    /// # Panics
    /// When a row does not exist.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Logits<'static> {
        let Z = self.as_mat();
        let tensor = Tensor::from_fn(rows.len(), Z.ncols(), |i, j| Z[(rows[i], j)]);
        Logits { storage: Storage::Owned(Arc::new(tensor)) }
    }

    /// Z ~ (n, m).
    #[must_use]
    pub fn as_mat(&self) -> MatRef<'_, f64> {
        self.storage.view()
    }

    /// Number of rows n.
    #[must_use]
    pub fn n_samples(&self) -> usize {
        self.as_mat().nrows()
    }

    /// Number of columns m.
    #[must_use]
    pub fn n_classes(&self) -> usize {
        self.as_mat().ncols()
    }
}

fn check_logits(Z: MatRef<'_, f64>) -> Result<()> {
    if Z.nrows() == 0 || Z.ncols() == 0 {
        return Err(Error::Empty { what: "Z" });
    }
    let mut bad = None;
    for_rows(Z, |row, z| {
        if bad.is_some() {
            return;
        }
        // x · 0 is 0 for finite x only, so one sum tests the whole row.
        if z.iter().map(|x| x * 0.0).sum::<f64>() == 0.0 {
            return;
        }
        let column = z.iter().position(|x| x.is_nan() || *x == f64::INFINITY);
        let none_finite = || z.iter().all(|x| !x.is_finite()).then_some(0);
        if let Some(column) = column.or_else(none_finite) {
            bad = Some(Error::NonFinite { what: "Z", row, column, value: z[column] });
        }
    });
    bad.map_or(Ok(()), Err)
}

//! Class probabilities and logits: two types, so that one is never taken for
//! the other (notes §4.3.3).

use std::sync::Arc;

use wonderland_linalg::{MatRef, Tensor};

use crate::blocks::{ClassWork, LANES, RowWork, vectors_of_row, work_on_classes, work_on_rows};
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
    let n = P.nrows();
    let room = n.next_multiple_of(LANES);
    let mut scan = Scan {
        tolerance,
        confidence: Vec::with_capacity(room),
        predicted: Vec::with_capacity(room),
        bad: None,
    };
    work_on_rows(P, &mut scan);
    let Scan { mut confidence, mut predicted, bad, .. } = scan;
    // Lanes beyond the last row repeat it.
    confidence.truncate(n);
    predicted.truncate(n);
    let Some(row) = bad else { return Ok((confidence, predicted)) };
    let row = row.min(n - 1);
    for column in 0..P.ncols() {
        let value = P[(row, column)];
        if !(0.0..=1.0).contains(&value) {
            return Err(Error::NotAProbability { what: "P", row, column, value });
        }
    }
    let sum = (0..P.ncols()).map(|j| P[(row, j)]).sum();
    Err(Error::RowSum { row, sum, tolerance })
}

/// The checks of the rows, and their top classes.
struct Scan {
    tolerance: f64,
    confidence: Vec<f64>,
    predicted: Vec<u32>,
    /// The first row to be refused.
    bad: Option<usize>,
}

impl RowWork for Scan {
    #[inline(always)]
    fn rows<S: pulp::Simd>(&mut self, simd: S, first: usize, _: usize, rows: &[&[f64]; LANES]) {
        let [mut top, mut wrong, mut class] = [[0.0; LANES]; 3];
        for (v, rows) in rows.chunks_exact(S::F64_LANES).enumerate() {
            let mut tops = Tops::new(simd);
            work_on_classes(simd, rows, &mut tops);
            vectors_of_row::<S>(&mut top)[v] = tops.top;
            vectors_of_row::<S>(&mut wrong)[v] = tops.wrong(simd, self.tolerance);
            vectors_of_row::<S>(&mut class)[v] = tops.class;
        }
        self.confidence.extend_from_slice(&top);
        self.predicted.extend_from_slice(&class.map(|k| k.to_bits() as u32));
        if self.bad.is_none() {
            self.bad = wrong.iter().position(|&wrong| wrong > 0.0).map(|r| first + r);
        }
    }
}

/// The top class of each row, and what its checks need.
struct Tops<S: pulp::Simd> {
    top: S::f64s,
    low: S::f64s,
    sum: S::f64s,
    /// 2⁵² + the class of the top, and of the next probability.
    class: S::f64s,
    next: S::f64s,
}

impl<S: pulp::Simd> Tops<S> {
    #[inline(always)]
    fn new(simd: S) -> Self {
        let [low, sum, first] = [1.0, 0.0, NUMBERS].map(|x| simd.splat_f64s(x));
        Self { top: simd.splat_f64s(f64::NEG_INFINITY), low, sum, class: first, next: first }
    }

    /// 1 for a row that is to be refused, otherwise 0. A NaN fails the test on
    /// the sum; top ≤ 1 follows from it only up to the tolerance, so it is
    /// tested as well.
    #[inline(always)]
    fn wrong(&self, simd: S, tolerance: f64) -> S::f64s {
        let [zero, one, tolerance] = [0.0, 1.0, tolerance].map(|x| simd.splat_f64s(x));
        let off = simd.abs_f64s(simd.sub_f64s(self.sum, one));
        let in_range = simd.and_m64s(
            simd.greater_than_or_equal_f64s(self.low, zero),
            simd.less_than_or_equal_f64s(self.top, one),
        );
        let good = simd.and_m64s(in_range, simd.less_than_or_equal_f64s(off, tolerance));
        simd.select_f64s(good, zero, one)
    }
}

impl<S: pulp::Simd> ClassWork<S> for Tops<S> {
    /// Selections instead of branches: which class is largest is not
    /// predictable, and a mispredicted branch costs more than the row.
    #[inline(always)]
    fn class(&mut self, simd: S, p: S::f64s) {
        let ahead = simd.greater_than_f64s(p, self.top);
        self.class = simd.select_f64s(ahead, self.next, self.class);
        self.top = simd.max_f64s(p, self.top);
        self.low = simd.min_f64s(p, self.low);
        self.sum = simd.add_f64s(self.sum, p);
        self.next = simd.add_f64s(self.next, simd.splat_f64s(1.0));
    }
}

/// 2⁵²: the last bits of 2⁵² + k are those of k.
const NUMBERS: f64 = (1_u64 << 52) as f64;

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

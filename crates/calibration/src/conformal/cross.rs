//! Jackknife+ and CV+: intervals from out-of-fold residuals, so that every
//! sample both trains and calibrates. The model is a closure of the caller's.

use std::fmt::Display;

use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use wonderland_linalg::{MatRef, Tensor};

use super::alpha::Alpha;
use super::intervals::PredictionIntervals;
use super::threshold::conformal_threshold;
use crate::random::{Purpose, stream};
use crate::{Error, Result, check};

/// How out-of-fold predictions and residuals are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum CrossMethod {
    /// Order statistics of μ₋ᵢ(x) ∓ Rᵢ: coverage at least 1 − 2α in theory
    /// (less √(2/n) with few folds), about 1 − α for stable models.
    #[default]
    Plus,
    /// min and max of μ₋ᵢ(x), widened by the quantile of R: coverage at least
    /// 1 − α, wider.
    MinMax,
}

/// Cross-conformal regression: jackknife+ with one fold per sample, CV+ with
/// fewer.
///
/// # References
/// Barber, Candès, Ramdas and Tibshirani 2021.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Alpha, CrossConformal};
/// let y = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
/// let settings = CrossConformal { alpha: Alpha::new(1, 3)?, ..Default::default() };
/// // The model is the mean of the training targets; one new sample.
/// let intervals = settings.fit_predict(&y, 6, |train, held_out| {
///     let mean = train.iter().map(|&i| y[i]).sum::<f64>() / train.len() as f64;
///     Ok::<_, String>((vec![mean; held_out.len()], vec![mean]))
/// })?;
/// assert!(intervals.covers(&[3.5])?[0]);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrossConformal {
    /// The miscoverage α.
    pub alpha: Alpha,
    /// How predictions and residuals are combined.
    pub method: CrossMethod,
    /// Seed of the folds.
    pub seed: u64,
}

impl Default for CrossConformal {
    /// α = 1/10.
    fn default() -> Self {
        Self { alpha: Alpha::TENTH, method: CrossMethod::Plus, seed: 0 }
    }
}

impl CrossConformal {
    /// Refits without each fold. The closure fits on the rows `train` and
    /// returns its predictions of the rows `held_out` and of the new samples.
    ///
    /// # Errors
    /// [`Error::BadParameter`] unless 2 ≤ n_folds ≤ n; [`Error::Refit`] when
    /// the closure fails; faults of [`intervals`](Self::intervals).
    pub fn fit_predict<E: Display>(
        &self,
        y: &[f64],
        n_folds: usize,
        mut refit: impl FnMut(&[usize], &[usize]) -> Result<(Vec<f64>, Vec<f64>), E>,
    ) -> Result<PredictionIntervals> {
        let n = y.len();
        let rule = "it must lie between 2 and the number of samples";
        check::parameter("n_folds", n_folds as f64, n_folds >= 2 && n_folds <= n, rule)?;
        let fold = folds(n, n_folds, self.seed);
        let mut out_of_fold = vec![0.0; n];
        let mut columns: Vec<Vec<f64>> = Vec::with_capacity(n_folds);
        for k in 0..n_folds {
            let (held_out, train): (Vec<usize>, Vec<usize>) = (0..n).partition(|&i| fold[i] == k);
            let (own, new) = refit(&train, &held_out)
                .map_err(|e| Error::Refit { fold: k, message: e.to_string() })?;
            check::length("the held-out predictions", own.len(), held_out.len(), "held-out row")?;
            if let Some(first) = columns.first() {
                check::length("the new predictions", new.len(), first.len(), "new sample")?;
            }
            for (&i, &value) in held_out.iter().zip(&own) {
                out_of_fold[i] = value;
            }
            columns.push(new);
        }
        let predictions = Tensor::from_fn(columns[0].len(), n_folds, |i, k| columns[k][i]);
        self.intervals(y, &out_of_fold, &fold, predictions.as_mat())
    }

    /// The intervals from out-of-fold predictions made elsewhere.
    ///
    /// `fold[i]` names the fold whose model did not see sample i and gave
    /// `out_of_fold[i]`; column k of `predictions` ~ (n_new, K) holds that
    /// model's predictions of the new samples.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::NonFinite`]; [`Error::UnknownLabel`]
    /// for a fold without a column.
    pub fn intervals(
        &self,
        y: &[f64],
        out_of_fold: &[f64],
        fold: &[usize],
        predictions: MatRef<'_, f64>,
    ) -> Result<PredictionIntervals> {
        let n = y.len();
        check::length("out_of_fold", out_of_fold.len(), n, "sample")?;
        check::finite("y", y)?;
        check::finite("out_of_fold", out_of_fold)?;
        crate::class_forecasts::check_labels(fold, n, predictions.ncols())?;
        for row in 0..predictions.nrows() {
            for column in 0..predictions.ncols() {
                let value = predictions[(row, column)];
                if !value.is_finite() {
                    return Err(Error::NonFinite { what: "predictions", row, column, value });
                }
            }
        }
        let residuals: Vec<f64> = y.iter().zip(out_of_fold).map(|(y, m)| (y - m).abs()).collect();
        let q = conformal_threshold(&residuals, self.alpha)?.value();
        let mut scratch = vec![0.0; n];
        let mut intervals = PredictionIntervals { lower: Vec::new(), upper: Vec::new() };
        for j in 0..predictions.nrows() {
            let centre = |i: usize| predictions[(j, fold[i])];
            let (lower, upper) = match self.method {
                CrossMethod::Plus => {
                    let mut end = |sign: f64, rank: usize| {
                        for (i, s) in scratch.iter_mut().enumerate() {
                            *s = centre(i) + sign * residuals[i];
                        }
                        nth(&mut scratch, rank)
                    };
                    (end(-1.0, self.alpha.lower_rank(n)), end(1.0, self.alpha.rank(n)))
                }
                CrossMethod::MinMax => {
                    let low = (0..n).map(centre).fold(f64::INFINITY, f64::min);
                    let high = (0..n).map(centre).fold(f64::NEG_INFINITY, f64::max);
                    (low - q, high + q)
                }
            };
            intervals.lower.push(lower);
            intervals.upper.push(upper);
        }
        Ok(intervals)
    }
}

/// The rank-th smallest value; rank 0 is −∞, beyond the last +∞.
fn nth(values: &mut [f64], rank: usize) -> f64 {
    match rank {
        0 => f64::NEG_INFINITY,
        r if r > values.len() => f64::INFINITY,
        r => *values.select_nth_unstable_by(r - 1, f64::total_cmp).1,
    }
}

/// A fold for each of n rows, sizes as equal as possible, in random order.
fn folds(n: usize, n_folds: usize, seed: u64) -> Vec<usize> {
    let mut fold: Vec<usize> = (0..n).map(|i| i % n_folds).collect();
    fold.shuffle(&mut stream(seed, Purpose::Folds));
    fold
}

//! How good a classification is (notes §3.2, §4.2.2): accuracy, log loss, Brier
//! score, ROC AUC and the confusion matrix, for one set of rows.

mod auc;
mod curves;
mod scores;
#[cfg(test)]
mod tests;

use wonderland_linalg::MatRef;

use crate::{Error, Result};
pub use auc::{roc_auc, roc_auc_binary};
pub use curves::{RankingCurve, precision_recall_curve, roc_curve};
pub use scores::{ClassBaseline, ClassificationScores, classification_scores, wilson_interval};

/// The share of rows whose class was predicted.
///
/// # Errors
/// [`Error::LengthMismatch`], [`Error::TooFewRows`] for no rows.
///
/// # Examples
/// ```
/// # use wonderland_models::accuracy;
/// assert_eq!(accuracy(&[0, 1, 2, 1], &[0, 1, 1, 1])?, 0.75);
/// # Ok::<(), wonderland_models::Error>(())
/// ```
pub fn accuracy(y: &[usize], y_hat: &[usize]) -> Result<f64> {
    check_rows(y, y_hat.len(), "y_hat")?;
    let right = y.iter().zip(y_hat).filter(|(a, b)| a == b).count();
    Ok(right as f64 / y.len() as f64)
}

/// The mean of −ln p over rows, p the probability given to the row's class.
///
/// # Errors
/// [`Error::LengthMismatch`], [`Error::TooFewRows`], [`Error::UnknownClass`],
/// [`Error::NotAProbability`].
///
/// # Numerics
/// A probability below 2.2e-308 counts as that, so that a certain mistake costs
/// 708 instead of making the mean infinite.
///
/// # References
/// Notes §4.2.2 (cross-entropy).
///
/// # Examples
/// ```
/// # use wonderland_linalg::Tensor;
/// # use wonderland_models::log_loss;
/// let P = Tensor::from_rows(&[[0.5, 0.5], [0.25, 0.75]]);
/// assert!((log_loss(&[0, 0], P.as_mat())? - 8f64.ln() / 2.0).abs() < 1e-15);
/// # Ok::<(), wonderland_models::Error>(())
/// ```
pub fn log_loss(y: &[usize], proba: MatRef<'_, f64>) -> Result<f64> {
    check_proba(y, proba)?;
    Ok(mean(y.iter().enumerate().map(|(i, &k)| row_log_loss(proba[(i, k)]))))
}

/// The Brier score of m classes: the mean over rows of Σₖ (pₖ − [k = y])², in
/// \[0, 2\].
///
/// # Errors
/// As [`log_loss`].
///
/// # References
/// Brier, Monthly Weather Review 78 (1950) 1.
///
/// # Examples
/// ```
/// # use wonderland_linalg::Tensor;
/// # use wonderland_models::{brier, brier_binary};
/// let P = Tensor::from_rows(&[[0.25, 0.75]]);
/// assert_eq!(brier(&[0], P.as_mat())?, 1.125);
/// assert_eq!(brier_binary(&[0], P.as_mat())?, 0.5625);
/// # Ok::<(), wonderland_models::Error>(())
/// ```
pub fn brier(y: &[usize], proba: MatRef<'_, f64>) -> Result<f64> {
    check_proba(y, proba)?;
    Ok(mean(y.iter().enumerate().map(|(i, &k)| row_brier(proba, i, k))))
}

/// The Brier score of two classes: the mean of (p₁ − y)², in \[0, 1\]; half of
/// [`brier`].
///
/// # Errors
/// As [`log_loss`]; [`Error::ColumnMismatch`] unless there are two columns.
pub fn brier_binary(y: &[usize], proba: MatRef<'_, f64>) -> Result<f64> {
    if proba.ncols() != 2 {
        return Err(Error::ColumnMismatch { expected: 2, actual: proba.ncols() });
    }
    Ok(0.5 * brier(y, proba)?)
}

/// Counts of rows by true class (row) and predicted class (column).
///
/// # Errors
/// [`Error::LengthMismatch`], [`Error::UnknownClass`].
///
/// # Examples
/// ```
/// # use wonderland_models::confusion_matrix;
/// assert_eq!(confusion_matrix(&[0, 0, 1], &[0, 1, 1], 2)?, [[1, 1], [0, 1]]);
/// # Ok::<(), wonderland_models::Error>(())
/// ```
pub fn confusion_matrix(y: &[usize], y_hat: &[usize], n_classes: usize) -> Result<Vec<Vec<usize>>> {
    check_rows(y, y_hat.len(), "y_hat")?;
    check_classes("y", y, n_classes)?;
    check_classes("y_hat", y_hat, n_classes)?;
    let mut counts = vec![vec![0; n_classes]; n_classes];
    y.iter().zip(y_hat).for_each(|(&a, &b)| counts[a][b] += 1);
    Ok(counts)
}

/// −ln p, p no smaller than the smallest normal number.
fn row_log_loss(p: f64) -> f64 {
    // Adding 0 turns −0 into 0.
    0.0 - p.max(f64::MIN_POSITIVE).ln()
}

/// Σₖ (pₖ − [k = y])² of one row.
fn row_brier(proba: MatRef<'_, f64>, i: usize, y: usize) -> f64 {
    (0..proba.ncols()).map(|k| (proba[(i, k)] - if k == y { 1.0 } else { 0.0 }).powi(2)).sum()
}

/// The mean of a non-empty sequence, its sum compensated.
fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    let (mut sum, mut lost) = (0.0_f64, 0.0);
    for v in values {
        let next = sum + v;
        lost += if sum.abs() >= v.abs() { (sum - next) + v } else { (v - next) + sum };
        sum = next;
    }
    (sum + lost) / n
}

fn check_rows(y: &[usize], actual: usize, name: &'static str) -> Result<()> {
    if actual != y.len() {
        return Err(Error::LengthMismatch { name, actual, rows_of: "y", expected: y.len() });
    }
    if y.is_empty() {
        return Err(Error::TooFewRows { what: "a score", needed: 1, actual: 0 });
    }
    Ok(())
}

fn check_classes(name: &'static str, y: &[usize], n_classes: usize) -> Result<()> {
    match y.iter().position(|&k| k >= n_classes) {
        Some(index) => Err(Error::UnknownClass { name, index, class: y[index], n_classes }),
        None => Ok(()),
    }
}

/// Rows of numbers in [0, 1] that sum to 1 within 1e-6, which allows for
/// probabilities written with seven digits.
fn check_proba(y: &[usize], proba: MatRef<'_, f64>) -> Result<()> {
    check_rows(y, proba.nrows(), "proba")?;
    check_classes("y", y, proba.ncols())?;
    for row in 0..proba.nrows() {
        let sum: f64 = (0..proba.ncols()).map(|k| proba[(row, k)]).sum();
        let inside = (0..proba.ncols()).all(|k| (0.0..=1.0).contains(&proba[(row, k)]));
        // Written so that NaN is refused too.
        if !(inside && (sum - 1.0).abs() <= 1e-6) {
            return Err(Error::NotAProbability { row, sum });
        }
    }
    Ok(())
}

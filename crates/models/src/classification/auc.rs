//! The area under the ROC curve as the probability it is: that a row of the
//! class scores above a row of another, ties counting one half.

use wonderland_linalg::MatRef;

use super::check_proba;
use crate::{Error, Result};

/// The ROC AUC of scores for two classes: P(score₁ > score₀) + ½ P(equal).
///
/// `None` when either class has no rows: there is nothing to compare.
///
/// # Shapes
/// `positive ~ (n)` tells the rows of the class, `scores ~ (n)`.
///
/// # Errors
/// [`Error::LengthMismatch`], [`Error::NonFinite`].
///
/// # References
/// Hanley & McNeil, Radiology 143 (1982) 29: the Mann–Whitney statistic.
///
/// # Examples
/// ```
/// # use wonderland_models::roc_auc_binary;
/// // Of the four pairs three are in order and one is tied.
/// let auc = roc_auc_binary(&[false, false, true, true], &[0.1, 0.4, 0.4, 0.8])?;
/// assert_eq!(auc, Some(0.875));
/// # Ok::<(), wonderland_models::Error>(())
/// ```
pub fn roc_auc_binary(positive: &[bool], scores: &[f64]) -> Result<Option<f64>> {
    if scores.len() != positive.len() {
        let (actual, expected) = (scores.len(), positive.len());
        return Err(Error::LengthMismatch {
            name: "scores",
            actual,
            rows_of: "positive",
            expected,
        });
    }
    if let Some(index) = scores.iter().position(|s| !s.is_finite()) {
        return Err(Error::NonFinite { name: "scores", index, value: scores[index] });
    }
    let ones = vec![1; scores.len()];
    Ok(Ranking::new(scores).auc(|i| positive[i], &ones))
}

/// The mean over classes of the ROC AUC of each class against the rest; for two
/// classes the AUC of the second.
///
/// Classes without rows are left out; `None` when fewer than two have any.
///
/// # Shapes
/// `y ~ (n)`, `proba ~ (n, m)`.
///
/// # Errors
/// As [`log_loss`](crate::log_loss).
///
/// # Examples
/// ```
/// # use wonderland_linalg::Tensor;
/// # use wonderland_models::roc_auc;
/// let P = Tensor::from_rows(&[[0.9, 0.1], [0.3, 0.7], [0.6, 0.4]]);
/// assert_eq!(roc_auc(&[0, 1, 1], P.as_mat())?, Some(1.0));
/// # Ok::<(), wonderland_models::Error>(())
/// ```
pub fn roc_auc(y: &[usize], proba: MatRef<'_, f64>) -> Result<Option<f64>> {
    check_proba(y, proba)?;
    Ok(OneVersusRest::new(proba).auc(y, &vec![1; y.len()]))
}

/// The rankings of each class's probabilities.
pub(super) struct OneVersusRest {
    /// One per class, or only that of the second of two.
    rankings: Vec<(usize, Ranking)>,
}

impl OneVersusRest {
    pub(super) fn new(proba: MatRef<'_, f64>) -> Self {
        let first = if proba.ncols() == 2 { 1 } else { 0 };
        let ranking = |k: usize| {
            let column: Vec<f64> = (0..proba.nrows()).map(|i| proba[(i, k)]).collect();
            (k, Ranking::new(&column))
        };
        Self { rankings: (first..proba.ncols()).map(ranking).collect() }
    }

    /// The mean AUC with row i counted `counts[i]` times.
    pub(super) fn auc(&self, y: &[usize], counts: &[u32]) -> Option<f64> {
        let each: Vec<f64> =
            self.rankings.iter().filter_map(|(k, r)| r.auc(|i| y[i] == *k, counts)).collect();
        (!each.is_empty()).then(|| each.iter().sum::<f64>() / each.len() as f64)
    }
}

/// Rows by ascending score, cut into runs of equal scores.
struct Ranking {
    order: Vec<u32>,
    /// Where each run ends in `order`.
    ends: Vec<u32>,
}

impl Ranking {
    fn new(scores: &[f64]) -> Self {
        let n = u32::try_from(scores.len()).expect("fewer than 2³² rows fit in memory with scores");
        let mut order: Vec<u32> = (0..n).collect();
        order.sort_by(|&a, &b| scores[a as usize].total_cmp(&scores[b as usize]));
        // 0 and −0 are equal scores although total_cmp orders them.
        let differs = |pair: &[u32]| scores[pair[0] as usize] < scores[pair[1] as usize];
        let mut ends: Vec<u32> =
            (1..n).filter(|&i| differs(&order[i as usize - 1..=i as usize])).collect();
        ends.push(n);
        Self { order, ends }
    }

    /// The AUC, exact in integers up to the one division.
    fn auc(&self, positive: impl Fn(usize) -> bool, counts: &[u32]) -> Option<f64> {
        // Twice the pairs in order, so that ties are whole numbers.
        let (mut twice, mut below, mut n_positive) = (0_u128, 0_u64, 0_u64);
        let mut start = 0;
        for &end in &self.ends {
            let (mut up, mut down) = (0_u64, 0_u64);
            for &row in &self.order[start..end as usize] {
                let row = row as usize;
                let side = if positive(row) { &mut up } else { &mut down };
                *side += u64::from(counts[row]);
            }
            twice += u128::from(up) * (2 * u128::from(below) + u128::from(down));
            below += down;
            n_positive += up;
            start = end as usize;
        }
        let pairs = 2 * u128::from(n_positive) * u128::from(below);
        (pairs > 0).then(|| twice as f64 / pairs as f64)
    }
}

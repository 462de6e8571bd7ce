//! All classification scores of one set of rows, with intervals, beside the
//! baseline that knows the classes' shares in the training rows and nothing
//! else.
//!
//! Accuracy gets Wilson's interval; log loss, Brier score and AUC get percentile
//! intervals of a seeded bootstrap over rows.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use wonderland_linalg::{MatRef, Real};

use super::auc::OneVersusRest;
use super::{check_proba, confusion_matrix, mean, row_brier, row_log_loss};
use crate::{Error, Estimate, Result};

/// What a model without features scores: it answers the shares of the classes
/// in the training rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassBaseline {
    /// The most frequent class of the training rows.
    pub class: usize,
    /// Accuracy of always answering it.
    pub accuracy: f64,
    /// Log loss of the shares.
    pub log_loss: f64,
    /// Brier score of the shares.
    pub brier: f64,
}

/// Scores of a classification, beside its baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassificationScores {
    /// Rows scored.
    pub n: usize,
    /// Number of classes m.
    pub n_classes: usize,
    /// Confidence of every interval.
    pub confidence: f64,
    /// Share of rows whose class was predicted.
    pub accuracy: Estimate,
    /// Mean of −ln p of the row's class.
    pub log_loss: Estimate,
    /// Brier score: of two classes in \[0, 1\], of more in \[0, 2\].
    pub brier: Estimate,
    /// ROC AUC, of more than two classes the mean of one against the rest;
    /// `None` when fewer than two classes occur.
    pub roc_auc: Option<Estimate>,
    /// Counts by true class (row) and predicted class (column).
    pub confusion: Vec<Vec<usize>>,
    /// The shares baseline on the same rows.
    pub baseline: ClassBaseline,
    /// Rows the model gets right and the majority class does not, and rows the
    /// other way round.
    pub against_baseline: [usize; 2],
}

impl ClassificationScores {
    /// Whether the model predicts better than the majority class by more than
    /// chance explains: among the rows only one of them gets right, the whole
    /// interval of the model's share is above one half (the sign test).
    #[must_use]
    pub fn beats_baseline(&self) -> bool {
        let [model, majority] = self.against_baseline;
        let n = model + majority;
        n > 0 && wilson(model as f64, n as f64, self.confidence)[0] > 0.5
    }
}

/// Wilson's interval of a share k/n: the values that a score test at this
/// confidence does not refuse.
///
/// # Errors
/// [`Error::InvalidSetting`] for a confidence outside (0, 1) or k > n;
/// [`Error::TooFewRows`] for n = 0.
///
/// # References
/// Wilson, J. Amer. Statist. Assoc. 22 (1927) 209.
///
/// # Examples
/// ```
/// # use wonderland_models::wilson_interval;
/// let [low, high] = wilson_interval(8, 10, 0.95)?;
/// assert!((low - 0.4902).abs() < 1e-4 && (high - 0.9433).abs() < 1e-4);
/// # Ok::<(), wonderland_models::Error>(())
/// ```
pub fn wilson_interval(k: usize, n: usize, confidence: f64) -> Result<[f64; 2]> {
    check_confidence(confidence)?;
    if n == 0 {
        return Err(Error::TooFewRows { what: "an interval of a share", needed: 1, actual: 0 });
    }
    if k > n {
        let rule = "it must be at most the number of rows";
        return Err(Error::InvalidSetting { name: "k", value: k as f64, rule });
    }
    Ok(wilson(k as f64, n as f64, confidence))
}

fn wilson(k: f64, n: f64, confidence: f64) -> [f64; 2] {
    let z = normal_quantile(confidence);
    let (p, z2) = (k / n, z * z);
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    // The ends at k = 0 and k = n are exact, rounding aside.
    let low = if k == 0.0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if (k - n).abs() < 0.5 { 1.0 } else { (centre + half).min(1.0) };
    [low, high]
}

/// The z with P(|Z| ≤ z) = confidence, by bisection of erf(z/√2): to the last
/// digits, and too rare to need speed.
fn normal_quantile(confidence: f64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 40.0_f64);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        let inside = Real::erf(middle / std::f64::consts::SQRT_2);
        if inside < confidence { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

fn check_confidence(confidence: f64) -> Result<()> {
    if confidence > 0.0 && confidence < 1.0 {
        return Ok(());
    }
    let rule = "it must lie between 0 and 1";
    Err(Error::InvalidSetting { name: "confidence", value: confidence, rule })
}

/// Accuracy, log loss, Brier score, AUC and confusion matrix with intervals.
///
/// `train_counts` holds how often each class occurs in the training rows, from
/// which the baseline answers; `seed` draws the bootstrap.
///
/// # Shapes
/// `y ~ (n)` codes, `proba ~ (n, m)`, `train_counts ~ (m)`.
///
/// # Errors
/// As [`log_loss`](crate::log_loss); counts that are all 0 or not one per class;
/// a confidence outside (0, 1).
///
/// # Numerics
/// 200 to 2000 resamples, fewer for more rows: about 2·10⁷ drawn values. The
/// predicted class is the most likely one, of equal ones the first.
///
/// # Examples
/// ```
/// # use wonderland_linalg::Tensor;
/// # use wonderland_models::classification_scores;
/// let P = Tensor::from_rows(&[[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.7, 0.3]]);
/// let scores = classification_scores(&[0, 1, 0, 0], P.as_mat(), &[30, 10], 0.95, 0)?;
/// assert_eq!(scores.accuracy.value, 0.75);
/// assert_eq!(scores.baseline.accuracy, 0.75);
/// assert!(!scores.beats_baseline());
/// # Ok::<(), wonderland_models::Error>(())
/// ```
pub fn classification_scores(
    y: &[usize],
    proba: MatRef<'_, f64>,
    train_counts: &[usize],
    confidence: f64,
    seed: u64,
) -> Result<ClassificationScores> {
    check_proba(y, proba)?;
    check_confidence(confidence)?;
    let (n, m) = (y.len(), proba.ncols());
    let baseline = baseline(y, train_counts, m)?;
    let y_hat = wonderland_losses::argmax_rows(proba)?;
    let right = y.iter().zip(&y_hat).filter(|(a, b)| a == b).count();

    let log_losses: Vec<f64> =
        y.iter().enumerate().map(|(i, &k)| row_log_loss(proba[(i, k)])).collect();
    let per_class = if m == 2 { 0.5 } else { 1.0 };
    let briers: Vec<f64> =
        y.iter().enumerate().map(|(i, &k)| per_class * row_brier(proba, i, k)).collect();
    let ranking = OneVersusRest::new(proba);
    let auc = ranking.auc(y, &vec![1; n]);

    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let resamples = (20_000_000 / (n * m)).clamp(200, 2000);
    let (mut of_log_loss, mut of_brier, mut of_auc) = (Vec::new(), Vec::new(), Vec::new());
    let mut counts = vec![0_u32; n];
    for _ in 0..resamples {
        counts.fill(0);
        (0..n).for_each(|_| counts[rng.random_range(0..n)] += 1);
        let average = |losses: &[f64]| {
            losses.iter().zip(&counts).map(|(l, &c)| l * f64::from(c)).sum::<f64>() / n as f64
        };
        of_log_loss.push(average(&log_losses));
        of_brier.push(average(&briers));
        of_auc.extend(ranking.auc(y, &counts));
    }
    let estimate = |value: f64, draws: Vec<f64>| Estimate {
        value,
        interval: if n > 1 { percentiles(draws, value, confidence) } else { None },
    };
    let pair = |model: bool| {
        let differs = |(k, k_hat): &(&usize, &usize)| {
            ((k == k_hat) == model) && ((**k == baseline.class) != model)
        };
        y.iter().zip(&y_hat).filter(differs).count()
    };
    Ok(ClassificationScores {
        n,
        n_classes: m,
        confidence,
        accuracy: Estimate {
            value: right as f64 / n as f64,
            interval: Some(wilson(right as f64, n as f64, confidence)),
        },
        log_loss: estimate(mean(log_losses.iter().copied()), of_log_loss),
        brier: estimate(mean(briers.iter().copied()), of_brier),
        roc_auc: auc.map(|auc| estimate(auc, of_auc)),
        confusion: confusion_matrix(y, &y_hat, m)?,
        against_baseline: [pair(true), pair(false)],
        baseline,
    })
}

fn baseline(y: &[usize], train_counts: &[usize], m: usize) -> Result<ClassBaseline> {
    if train_counts.len() != m {
        return Err(Error::ColumnMismatch { expected: m, actual: train_counts.len() });
    }
    let total: usize = train_counts.iter().sum();
    if total == 0 {
        return Err(Error::TooFewRows { what: "a baseline", needed: 1, actual: 0 });
    }
    let shares: Vec<f64> = train_counts.iter().map(|&c| c as f64 / total as f64).collect();
    let class = (0..m).rev().max_by_key(|&k| train_counts[k]).unwrap_or(0);
    let row = MatRef::from_row_major_slice(&shares, 1, m);
    let per_class = if m == 2 { 0.5 } else { 1.0 };
    Ok(ClassBaseline {
        class,
        accuracy: y.iter().filter(|&&k| k == class).count() as f64 / y.len() as f64,
        log_loss: mean(y.iter().map(|&k| row_log_loss(shares[k]))),
        brier: mean(y.iter().map(|&k| per_class * row_brier(row, 0, k))),
    })
}

/// The percentile interval, widened to hold the value itself.
fn percentiles(mut draws: Vec<f64>, value: f64, confidence: f64) -> Option<[f64; 2]> {
    if draws.is_empty() {
        return None;
    }
    draws.sort_by(f64::total_cmp);
    let at = |share: f64| draws[(share * (draws.len() - 1) as f64).round() as usize];
    let tail = 0.5 * (1.0 - confidence);
    Some([at(tail).min(value), at(1.0 - tail).max(value)])
}

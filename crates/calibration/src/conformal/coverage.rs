//! Is the promised coverage there? The exact law says what to expect.
//!
//! Given the calibration set, coverage is Beta(k, n + 1 − k); of m test
//! samples, BetaBinomial(m, k, n + 1 − k) are covered, k being the rank of
//! the threshold. Exact for scores without ties; ties only cover more.

use serde::{Deserialize, Serialize};
use wonderland_linalg::special::{beta_binomial_quantile, beta_cdf, clopper_pearson};

use super::alpha::Alpha;
use super::classify::{ConformalClassifier, Grouping};
use super::sets::PredictionSets;
use crate::class_forecasts::check_labels;
use crate::{Error, Result, check};

/// Where the observed coverage lies in the band of its exact law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Below: calibration and test data are not exchangeable, or the test
    /// rows were used elsewhere.
    Below,
    /// Inside: as promised.
    Within,
    /// Above: ties, forced non-empty sets, an unrandomised score, or shift.
    Above,
}

/// Coverage of a group of samples beside what the law allows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Test samples m.
    pub n: u64,
    /// Covered ones.
    pub covered: u64,
    /// covered / n; `None` without samples.
    pub coverage: Option<f64>,
    /// Clopper–Pearson interval of the true coverage; `None` without samples.
    pub interval: Option<(f64, f64)>,
    /// Calibration samples behind the threshold, if it has its own.
    pub n_calibration: Option<usize>,
    /// Least and greatest number covered inside the band, where a threshold
    /// makes a promise for this group.
    pub band: Option<(u64, u64)>,
    /// Where `covered` lies in it.
    pub verdict: Option<Verdict>,
}

/// A report on empirical coverage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoverageReport {
    /// The promised coverage 1 − α.
    pub target: f64,
    /// Level of intervals and bands.
    pub level: f64,
    /// All samples together.
    pub overall: Coverage,
    /// Each true class; the bands, which exist for class-conditional
    /// thresholds, share the error level between the classes.
    pub per_class: Vec<Coverage>,
    /// Mean number of classes in a set; `None` for intervals.
    pub mean_set_size: Option<f64>,
    /// How many sets have 0, 1, 2, … classes; empty for intervals.
    pub size_counts: Vec<u64>,
}

impl Coverage {
    fn new(covered: u64, n: u64, promise: Option<(usize, Alpha)>, level: f64, tail: f64) -> Self {
        let band = promise.map(|(n_calibration, alpha)| {
            let k = alpha.rank(n_calibration);
            let law = |q: f64| {
                let (a, b) = (k as f64, (n_calibration + 1 - k) as f64);
                beta_binomial_quantile(q, n, a, b).expect("a probability and positive shapes")
            };
            // A rank beyond the scores admits everything.
            if k > n_calibration || n == 0 { (n, n) } else { (law(tail), law(1.0 - tail)) }
        });
        let band = band.filter(|_| n > 0);
        Self {
            n,
            covered,
            coverage: (n > 0).then(|| covered as f64 / n as f64),
            interval: (n > 0).then(|| clopper_pearson(covered, n, level)),
            n_calibration: promise.map(|p| p.0),
            band,
            verdict: band.map(|(low, high)| match covered {
                c if c < low => Verdict::Below,
                c if c > high => Verdict::Above,
                _ => Verdict::Within,
            }),
        }
    }
}

/// Compares covered samples with the law of one threshold, as of a regressor.
///
/// # Errors
/// [`Error::Empty`] without samples; [`Error::BadParameter`] unless
/// 0 < level < 1.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Alpha, Verdict, coverage_report};
/// let covered: Vec<bool> = (0..200).map(|i| i % 2 == 0).collect();
/// let report = coverage_report(&covered, 500, Alpha::new(1, 10)?, 0.95)?;
/// assert_eq!(report.overall.coverage, Some(0.5));
/// assert_eq!(report.overall.verdict, Some(Verdict::Below));
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
pub fn coverage_report(
    covered: &[bool],
    n_calibration: usize,
    alpha: Alpha,
    level: f64,
) -> Result<CoverageReport> {
    check::open_unit("level", level)?;
    if covered.is_empty() {
        return Err(Error::Empty { what: "covered" });
    }
    let hits = covered.iter().filter(|c| **c).count() as u64;
    let tail = 0.5 * (1.0 - level);
    let promise = Some((n_calibration, alpha));
    Ok(CoverageReport {
        target: alpha.coverage(),
        level,
        overall: Coverage::new(hits, covered.len() as u64, promise, level, tail),
        per_class: Vec::new(),
        mean_set_size: None,
        size_counts: Vec::new(),
    })
}

impl ConformalClassifier {
    /// Compares sets with true classes, overall and per class.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::LengthMismatch`], [`Error::UnknownLabel`],
    /// [`Error::ClassCount`]; [`Error::BadParameter`] unless 0 < level < 1.
    pub fn coverage_report(
        &self,
        sets: &PredictionSets,
        labels: &[usize],
        level: f64,
    ) -> Result<CoverageReport> {
        check::open_unit("level", level)?;
        let (n, m) = (sets.n_samples(), sets.n_classes());
        if m != self.n_classes {
            return Err(Error::ClassCount { expected: self.n_classes, actual: m });
        }
        check_labels(labels, n, m)?;
        if n == 0 {
            return Err(Error::Empty { what: "sets" });
        }
        let (mut count, mut hits) = (vec![0_u64; m], vec![0_u64; m]);
        let mut size_counts = vec![0_u64; m + 1];
        for (i, &y) in labels.iter().enumerate() {
            count[y] += 1;
            hits[y] += u64::from(sets.contains(i, y));
            size_counts[sets.size(i)] += 1;
        }
        let tail = 0.5 * (1.0 - level);
        let alpha = self.settings.alpha;
        let by_class = self.settings.grouping == Grouping::ByClass;
        let overall = (!by_class).then(|| (self.n_calibration[0], alpha));
        let per_class = (0..m)
            .map(|k| {
                let promise = by_class.then(|| (self.n_calibration[k], alpha));
                Coverage::new(hits[k], count[k], promise, level, tail / m as f64)
            })
            .collect();
        Ok(CoverageReport {
            target: alpha.coverage(),
            level,
            overall: Coverage::new(hits.iter().sum(), n as u64, overall, level, tail),
            per_class,
            mean_set_size: Some(sets.mean_size()),
            size_counts,
        })
    }
}

/// The least calibration size n with a finite threshold for which coverage,
/// given the calibration set, is within ε of 1 − α with probability at least 1 − δ:
/// P(|Beta(k, n + 1 − k) − (1 − α)| ≤ ε) ≥ 1 − δ.
///
/// # Errors
/// [`Error::BadParameter`] unless 0 < ε, δ < 1 and the answer is below about
/// 10⁸.
///
/// # Numerics
/// Sizes are tried one by one; where the normal approximation expects more
/// than 10 000, the search starts at half of it.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Alpha, calibration_size};
/// assert_eq!(calibration_size(Alpha::new(1, 10)?, 0.05, 0.1)?, 90);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
pub fn calibration_size(alpha: Alpha, epsilon: f64, delta: f64) -> Result<usize> {
    check::open_unit("epsilon", epsilon)?;
    check::open_unit("delta", delta)?;
    let z = wonderland_linalg::special::normal_quantile(1.0 - 0.5 * delta);
    let expected = z * z * alpha.to_f64() * alpha.coverage() / (epsilon * epsilon);
    check::parameter("epsilon", epsilon, expected < 1e8, "it asks for more than 1e8 samples")?;
    let enough = |n: usize| {
        let k = alpha.rank(n);
        if k > n {
            // An unbounded threshold covers everything and says nothing.
            return false;
        }
        let (a, b) = (k as f64, (n + 1 - k) as f64);
        let c = alpha.coverage();
        beta_cdf((c + epsilon).min(1.0), a, b) - beta_cdf((c - epsilon).max(0.0), a, b)
            >= 1.0 - delta
    };
    let start = if expected > 1e4 { (0.5 * expected) as usize } else { 1 };
    Ok((start..).find(|&n| enough(n)).unwrap_or(usize::MAX))
}

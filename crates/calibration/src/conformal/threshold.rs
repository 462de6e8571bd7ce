//! The conformal threshold: the ⌈(n + 1)(1 − α)⌉-th smallest score of the
//! calibration set (notes §4.3.4, erratum: γ is not the coverage).

use serde::{Deserialize, Serialize};

use super::alpha::Alpha;
use crate::{Error, Result};

/// The largest score that still belongs to a set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Threshold {
    /// Scores up to this one belong.
    Finite(f64),
    /// Every score belongs: too few calibration samples for a finite promise.
    Unbounded,
}

impl Threshold {
    /// Whether a score belongs.
    #[must_use]
    pub fn admits(self, score: f64) -> bool {
        match self {
            Self::Finite(q) => score <= q,
            Self::Unbounded => true,
        }
    }

    /// The value, +∞ when unbounded.
    #[must_use]
    pub fn value(self) -> f64 {
        match self {
            Self::Finite(q) => q,
            Self::Unbounded => f64::INFINITY,
        }
    }
}

/// The k-th smallest of the scores, k = ⌈(n + 1)(1 − α)⌉, never interpolated;
/// unbounded when k > n.
///
/// For exchangeable scores a new one lies at or below it with probability at
/// least 1 − α, and, without ties, with probability exactly k/(n + 1).
///
/// # Errors
/// [`Error::NonFinite`] for NaN among the scores; ±∞ are allowed.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Alpha, Threshold, conformal_threshold};
/// let scores = [0.3, 0.1, 0.4, 0.2];
/// let alpha = Alpha::new(1, 4)?; // k = ⌈5 · 3/4⌉ = 4
/// assert_eq!(conformal_threshold(&scores, alpha)?, Threshold::Finite(0.4));
/// assert_eq!(conformal_threshold(&scores, Alpha::new(1, 10)?)?, Threshold::Unbounded);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
pub fn conformal_threshold(scores: &[f64], alpha: Alpha) -> Result<Threshold> {
    if let Some(row) = scores.iter().position(|s| s.is_nan()) {
        return Err(Error::NonFinite { what: "scores", row, column: 0, value: scores[row] });
    }
    let k = alpha.rank(scores.len());
    if k > scores.len() {
        return Ok(Threshold::Unbounded);
    }
    let mut copy = scores.to_vec();
    let (_, q, _) = copy.select_nth_unstable_by(k - 1, f64::total_cmp);
    Ok(if *q == f64::INFINITY { Threshold::Unbounded } else { Threshold::Finite(*q) })
}

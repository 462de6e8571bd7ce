//! Platt scaling: P(y = 1) = σ(slope · score + intercept).

use serde::{Deserialize, Serialize};
use wonderland_linalg::Real;

use crate::logistic::{fit_logistic, separates};
use crate::scored::{check_scored, samples};
use crate::scores::one_outcome;
use crate::{Error, Result, check};

/// Settings of Platt scaling.
///
/// Scores are logits or margins, any real numbers; feed it logit p, not p.
///
/// # Examples
/// ```
/// use wonderland_calibration::PlattScaling;
/// let scores = [-2.0, -1.0, 1.0, 2.0];
/// let map = PlattScaling::default().fit(&scores, &[false, true, false, true], None)?;
/// // Symmetric data: the intercept is 0 and score 0 means ½.
/// assert!((map.transform(&[0.0])?[0] - 0.5).abs() < 1e-12);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlattScaling {
    /// Whether outcomes are softened to (N₊ + 1)/(N₊ + 2) and 1/(N₋ + 2), so
    /// that an optimum exists also for separable scores. Weighted: N₊ and N₋
    /// are sums of weights. Without it, plain maximum likelihood.
    pub smoothed: bool,
}

impl Default for PlattScaling {
    /// Softened targets, as Platt wrote it.
    fn default() -> Self {
        Self { smoothed: true }
    }
}

/// A fitted σ(slope · score + intercept).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PlattMap {
    /// Slope on the score.
    pub slope: f64,
    /// Intercept.
    pub intercept: f64,
}

impl PlattScaling {
    /// Fits slope and intercept.
    ///
    /// # Errors
    /// Bad lengths, values or weights; without smoothing
    /// [`Error::OneOutcome`], and [`Error::Separable`] when a score splits the
    /// outcomes.
    ///
    /// # Numerics
    /// Damped Newton steps on a standardised score, to the last digits.
    ///
    /// # References
    /// Platt 1999; Lin, Lin and Weng 2007.
    pub fn fit(&self, scores: &[f64], y: &[bool], weights: Option<&[f64]>) -> Result<PlattMap> {
        check_scored(scores, y, weights)?;
        let all = samples(scores, y, weights);
        let (mut plus, mut minus) = (0.0, 0.0);
        for (_, y, w) in all.clone() {
            if y { plus += w } else { minus += w }
        }
        let (yes, no) = if self.smoothed {
            ((plus + 1.0) / (plus + 2.0), 1.0 / (minus + 2.0))
        } else {
            one_outcome(all.clone().filter(|s| s.2 > 0.0).map(|s| s.1), scores.len())?;
            let constant = scores.iter().all(|s| s.total_cmp(&scores[0]).is_eq());
            if !constant && separates(all.clone()) {
                return Err(Error::Separable {
                    what: "unsmoothed Platt scaling",
                    remedy: "set `smoothed`",
                });
            }
            (1.0, 0.0)
        };
        let samples: Vec<_> = all.map(|(x, y, w)| (x, if y { yes } else { no }, w)).collect();
        let fit = fit_logistic("Platt scaling", &samples)?;
        Ok(PlattMap { slope: fit.slope, intercept: fit.intercept })
    }
}

impl PlattMap {
    /// The probabilities of scores; an infinite score gives the limit.
    ///
    /// # Errors
    /// [`Error::NonFinite`] for NaN.
    pub fn transform(&self, scores: &[f64]) -> Result<Vec<f64>> {
        if let Some(row) = scores.iter().position(|s| s.is_nan()) {
            return Err(Error::NonFinite { what: "scores", row, column: 0, value: scores[row] });
        }
        check::finite("the map", &[self.slope, self.intercept])?;
        let eta = |s: f64| {
            // 0 · ∞ would be NaN: a flat map ignores the score.
            if self.slope == 0.0 { self.intercept } else { self.slope * s + self.intercept }
        };
        Ok(scores.iter().map(|&s| eta(s).sigmoid()).collect())
    }
}

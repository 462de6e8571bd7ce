//! Split conformal regression: residuals of a held-out set, plain, scaled, or
//! around predicted quantiles.

use serde::{Deserialize, Serialize};

use super::alpha::Alpha;
use super::intervals::PredictionIntervals;
use super::threshold::{Threshold, conformal_threshold};
use crate::{Error, Result, check};

/// Split conformal regression: ŷ ± q with q from held-out |y − ŷ|, or
/// ŷ ± q σ̂(x) from |y − ŷ|/σ̂.
///
/// # Guarantee
/// For exchangeable data the interval holds y with probability at least
/// 1 − α, and at most 1 − α + 1/(n + 1) without ties.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Alpha, SplitRegression};
/// let settings = SplitRegression { alpha: Alpha::new(1, 4)? };
/// let fit = settings.fit(&[1.0, 2.0, 4.0], &[1.5, 2.0, 3.0])?; // residuals ½, 0, 1
/// let intervals = fit.predict(&[10.0])?;
/// assert_eq!((intervals.lower[0], intervals.upper[0]), (9.0, 11.0));
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitRegression {
    /// The miscoverage α.
    pub alpha: Alpha,
}

/// A fitted half-width, in units of y or of the given scales.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SplitRegressor {
    /// The miscoverage α.
    pub alpha: Alpha,
    /// The half-width.
    pub threshold: Threshold,
    /// Calibration samples.
    pub n_calibration: usize,
    /// Whether the half-width multiplies a scale.
    pub normalised: bool,
}

impl SplitRegression {
    /// Half-width from residuals |y − ŷ|.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::NonFinite`].
    pub fn fit(&self, y: &[f64], y_hat: &[f64]) -> Result<SplitRegressor> {
        self.fit_inner(y, y_hat, None)
    }

    /// Half-width from scaled residuals |y − ŷ|/σ̂, with σ̂ > 0 a prediction of
    /// how large residuals are.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::NonFinite`]; [`Error::BadParameter`]
    /// for a scale that is not positive.
    pub fn fit_normalised(
        &self,
        y: &[f64],
        y_hat: &[f64],
        scale: &[f64],
    ) -> Result<SplitRegressor> {
        check_scale(scale, y_hat.len())?;
        self.fit_inner(y, y_hat, Some(scale))
    }

    fn fit_inner(&self, y: &[f64], y_hat: &[f64], scale: Option<&[f64]>) -> Result<SplitRegressor> {
        check::length("y_hat", y_hat.len(), y.len(), "target")?;
        check::finite("y", y)?;
        check::finite("y_hat", y_hat)?;
        let residual = |i: usize| (y[i] - y_hat[i]).abs() / scale.map_or(1.0, |s| s[i]);
        let scores: Vec<f64> = (0..y.len()).map(residual).collect();
        Ok(SplitRegressor {
            alpha: self.alpha,
            threshold: conformal_threshold(&scores, self.alpha)?,
            n_calibration: y.len(),
            normalised: scale.is_some(),
        })
    }
}

impl SplitRegressor {
    /// ŷ ± q.
    ///
    /// # Errors
    /// [`Error::NonFinite`]; [`Error::BadParameter`] when the fit was
    /// normalised and needs scales.
    pub fn predict(&self, y_hat: &[f64]) -> Result<PredictionIntervals> {
        let rule = "this fit is normalised: use `predict_normalised`";
        check::parameter("normalised", 1.0, !self.normalised, rule)?;
        check::finite("y_hat", y_hat)?;
        Ok(self.around(y_hat, |_| 1.0))
    }

    /// ŷ ± q σ̂.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::NonFinite`]; [`Error::BadParameter`]
    /// for a scale that is not positive, or when the fit had no scales.
    pub fn predict_normalised(&self, y_hat: &[f64], scale: &[f64]) -> Result<PredictionIntervals> {
        let rule = "this fit had no scales: use `predict`";
        check::parameter("normalised", 0.0, self.normalised, rule)?;
        check::finite("y_hat", y_hat)?;
        check_scale(scale, y_hat.len())?;
        Ok(self.around(y_hat, |i| scale[i]))
    }

    fn around(&self, y_hat: &[f64], scale: impl Fn(usize) -> f64) -> PredictionIntervals {
        let q = self.threshold.value();
        let end = |sign: f64| {
            y_hat.iter().enumerate().map(|(i, y)| y + sign * q * scale(i)).collect::<Vec<_>>()
        };
        PredictionIntervals { lower: end(-1.0), upper: end(1.0) }
    }
}

fn check_scale(scale: &[f64], n: usize) -> Result<()> {
    check::length("scale", scale.len(), n, "prediction")?;
    match scale.iter().find(|s| !(s.is_finite() && **s > 0.0)) {
        Some(&value) => Err(Error::BadParameter {
            name: "scale",
            value,
            rule: "every scale must be positive and finite",
        }),
        None => Ok(()),
    }
}

/// Conformalised quantile regression: predicted quantiles moved outwards (or
/// inwards) until held-out data are covered.
///
/// # Guarantee
/// As [`SplitRegression`]; asymmetric, each side errs with probability at most
/// α/2.
///
/// # References
/// Romano, Patterson and Candès 2019.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuantileRegression {
    /// The miscoverage α.
    pub alpha: Alpha,
    /// Whether both ends move by the same amount, from max(lo − y, y − hi);
    /// otherwise each end is calibrated at α/2.
    pub symmetric: bool,
}

/// How far each predicted quantile moves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct QuantileRegressor {
    /// The settings.
    pub settings: QuantileRegression,
    /// How far the lower end moves down.
    pub lower: Threshold,
    /// How far the upper end moves up.
    pub upper: Threshold,
    /// Calibration samples.
    pub n_calibration: usize,
}

impl QuantileRegression {
    /// Finds the moves from held-out y and predicted quantiles lo, hi. Rows
    /// with lo > hi are scored as they are.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::NonFinite`].
    pub fn fit(&self, y: &[f64], lo: &[f64], hi: &[f64]) -> Result<QuantileRegressor> {
        check::finite("y", y)?;
        check_quantiles(lo, hi, y.len())?;
        let below: Vec<f64> = lo.iter().zip(y).map(|(lo, y)| lo - y).collect();
        let above: Vec<f64> = hi.iter().zip(y).map(|(hi, y)| y - hi).collect();
        let (lower, upper) = if self.symmetric {
            let both: Vec<f64> = below.iter().zip(&above).map(|(a, b)| a.max(*b)).collect();
            let q = conformal_threshold(&both, self.alpha)?;
            (q, q)
        } else {
            let half = self.alpha.half();
            (conformal_threshold(&below, half)?, conformal_threshold(&above, half)?)
        };
        Ok(QuantileRegressor { settings: *self, lower, upper, n_calibration: y.len() })
    }
}

impl QuantileRegressor {
    /// [lo − move, hi + move]; where that leaves lower > upper the interval is
    /// empty and counted by [`PredictionIntervals::n_empty`], never swapped.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::NonFinite`].
    pub fn predict(&self, lo: &[f64], hi: &[f64]) -> Result<PredictionIntervals> {
        check_quantiles(lo, hi, lo.len())?;
        Ok(PredictionIntervals {
            lower: lo.iter().map(|lo| lo - self.lower.value()).collect(),
            upper: hi.iter().map(|hi| hi + self.upper.value()).collect(),
        })
    }
}

fn check_quantiles(lo: &[f64], hi: &[f64], n: usize) -> Result<()> {
    check::length("lo", lo.len(), n, "sample")?;
    check::length("hi", hi.len(), n, "sample")?;
    check::finite("lo", lo)?;
    check::finite("hi", hi)
}

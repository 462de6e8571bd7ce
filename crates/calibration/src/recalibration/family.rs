//! All binary recalibrations behind one `fit` and one `transform`, on
//! probabilities.

use serde::{Deserialize, Serialize};
use wonderland_linalg::{Real, Tensor};

use super::histogram::{HistogramBinning, HistogramMap};
use super::isotonic::{IsotonicCalibration, IsotonicMap};
use super::platt::{PlattMap, PlattScaling};
use super::scaling_binning::{ScalingBinning, ScalingBinningMap};
use super::temperature::{TemperatureOptimum, TemperatureScaling};
use super::venn_abers::{VennAbers, VennAbersMap};
use crate::scored::logits_of;
use crate::{Error, Forecasts, Logits, Result, check};

/// A recalibration to fit: which map, and its settings.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Forecasts, Recalibration};
/// let p = [0.2, 0.3, 0.6, 0.9];
/// let f = Forecasts::new(&p, &[false, true, false, true])?;
/// let map = Recalibration::Isotonic(Default::default()).fit(&f)?;
/// assert_eq!(map.transform(&p)?, [0.0, 0.5, 0.5, 1.0]);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Recalibration {
    /// One temperature on logit p.
    Temperature(TemperatureScaling),
    /// Slope and intercept on logit p.
    Platt(PlattScaling),
    /// A non-decreasing map.
    Isotonic(IsotonicCalibration),
    /// Frequencies of bins.
    Histogram(HistogramBinning),
    /// Binned Platt curve.
    ScalingBinning(ScalingBinning),
    /// Merged Venn–Abers pairs.
    VennAbers(VennAbers),
}

/// A fitted recalibration of probabilities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Recalibrator {
    /// One temperature on logit p.
    Temperature(BinaryTemperature),
    /// Slope and intercept on logit p.
    Platt(PlattMap),
    /// A non-decreasing map.
    Isotonic(IsotonicMap),
    /// Frequencies of bins.
    Histogram(HistogramMap),
    /// Binned Platt curve.
    ScalingBinning(ScalingBinningMap),
    /// Merged Venn–Abers pairs.
    VennAbers(VennAbersMap),
}

/// σ(logit(p)/T).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BinaryTemperature {
    /// The optimum, or on which side there is none.
    pub optimum: TemperatureOptimum,
}

impl Recalibration {
    /// Every member with its default settings.
    #[must_use]
    pub fn all() -> [Self; 6] {
        [
            Self::Temperature(TemperatureScaling::default()),
            Self::Platt(PlattScaling::default()),
            Self::Isotonic(IsotonicCalibration::default()),
            Self::Histogram(HistogramBinning::default()),
            Self::ScalingBinning(ScalingBinning::default()),
            Self::VennAbers(VennAbers::default()),
        ]
    }

    /// Fits the map on samples the model was not fitted on.
    ///
    /// # Errors
    /// Those of the member; [`Error::NonFinite`] for p = 0 or 1 where the
    /// member works on logit p; [`Error::UnexpectedWeights`] for Venn–Abers.
    pub fn fit(&self, f: &Forecasts<'_>) -> Result<Recalibrator> {
        let (p, y, w) = (f.p(), f.y(), f.weights());
        Ok(match self {
            Self::Temperature(t) => {
                let z = logits_of(f)?;
                let Z = Tensor::from_fn(z.len(), 2, |i, k| if k == 1 { z[i] } else { 0.0 });
                let labels: Vec<usize> = y.iter().map(|&y| usize::from(y)).collect();
                let Z = Logits::new(Z.as_mat())?;
                let fit = match w {
                    None => t.fit(&Z, &labels)?,
                    Some(w) => t.fit_weighted(&Z, &labels, w)?,
                };
                Recalibrator::Temperature(BinaryTemperature { optimum: fit.optimum })
            }
            Self::Platt(s) => Recalibrator::Platt(s.fit(&logits_of(f)?, y, w)?),
            Self::Isotonic(s) => Recalibrator::Isotonic(s.fit(p, y, w)?),
            Self::Histogram(s) => Recalibrator::Histogram(s.fit(f)?),
            Self::ScalingBinning(s) => Recalibrator::ScalingBinning(s.fit(f)?),
            Self::VennAbers(_) if w.is_some() => {
                return Err(Error::UnexpectedWeights {
                    method: "Venn–Abers calibration",
                    instead: "isotonic calibration",
                });
            }
            Self::VennAbers(s) => Recalibrator::VennAbers(s.fit(p, y)?),
        })
    }
}

impl Recalibrator {
    /// The recalibrated probabilities.
    ///
    /// # Errors
    /// [`Error::NotAProbability`].
    pub fn transform(&self, p: &[f64]) -> Result<Vec<f64>> {
        check::probabilities("p", p)?;
        let logits = || p.iter().map(|p| p.logit()).collect::<Vec<_>>();
        match self {
            Self::Temperature(t) => Ok(t.transform(&logits())),
            Self::Platt(m) => m.transform(&logits()),
            Self::Isotonic(m) => m.transform(p),
            Self::Histogram(m) => m.transform(p),
            Self::ScalingBinning(m) => m.transform(p),
            Self::VennAbers(m) => m.transform(p),
        }
    }
}

impl BinaryTemperature {
    fn transform(self, logits: &[f64]) -> Vec<f64> {
        let value = |z: f64| match self.optimum {
            TemperatureOptimum::Interior { beta } => (beta * z).sigmoid(),
            TemperatureOptimum::TToZero if z == 0.0 => 0.5,
            TemperatureOptimum::TToZero => f64::from(u8::from(z > 0.0)),
            // p = 0 and p = 1 rule the other out at any temperature.
            TemperatureOptimum::TToInfinity if z.is_infinite() => f64::from(u8::from(z > 0.0)),
            TemperatureOptimum::TToInfinity => 0.5,
        };
        logits.iter().map(|&z| value(z)).collect()
    }
}

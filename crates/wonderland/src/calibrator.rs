//! Calibration inside a pipeline (notes §4.3.3): which map is fitted on rows
//! that the model has not seen, and the fitted map.

use serde::{Deserialize, Serialize};
use wonderland_calibration::{
    ClassForecasts, ClassRecalibration, ClassRecalibrator, Forecasts, HistogramBinning,
    IsotonicCalibration, Logits, PlattScaling, Probabilities, Recalibration, Recalibrator,
    TemperatureFit, TemperatureOptimum, TemperatureScaling, VennAbers,
};
use wonderland_linalg::Tensor;

use crate::{Error, Result};

/// A way to calibrate probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Calibrate {
    /// One temperature for all logits: softmax(z / T). Keeps every decision.
    Temperature,
    /// Slope and intercept on the log-odds.
    Platt,
    /// A non-decreasing map.
    Isotonic,
    /// Frequencies of bins.
    Histogram,
    /// Merged Venn–Abers pairs.
    VennAbers,
}

impl Calibrate {
    /// The name in words.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Temperature => "temperature scaling",
            Self::Platt => "Platt scaling",
            Self::Isotonic => "isotonic regression",
            Self::Histogram => "histogram binning",
            Self::VennAbers => "Venn–Abers",
        }
    }

    /// Fits the map to the logits Z ~ (n, m) of rows with the given classes.
    pub(crate) fn fit(self, Z: &Tensor, labels: &[usize]) -> Result<Calibrator> {
        let each = match self {
            Self::Temperature => return fit_temperature(Z, labels),
            Self::Platt => Recalibration::Platt(PlattScaling::default()),
            Self::Isotonic => Recalibration::Isotonic(IsotonicCalibration::default()),
            Self::Histogram => Recalibration::Histogram(HistogramBinning::default()),
            Self::VennAbers => Recalibration::VennAbers(VennAbers::default()),
        };
        let proba = softmax(Z)?;
        if proba.n_classes() == 2 {
            let p = class_one(&proba);
            let map = each.fit(&Forecasts::from_codes(&p, labels)?)?;
            return Ok(Calibrator::Binary { method: self, map });
        }
        let forecasts = ClassForecasts::from_probabilities(proba, labels)?;
        let maps = ClassRecalibration { each }.fit(&forecasts)?;
        Ok(Calibrator::EachClass { method: self, maps })
    }
}

fn fit_temperature(Z: &Tensor, labels: &[usize]) -> Result<Calibrator> {
    let fit = TemperatureScaling::default().fit(&Logits::new(Z.as_mat())?, labels)?;
    match fit.optimum {
        TemperatureOptimum::Interior { .. } => Ok(Calibrator::Temperature(fit)),
        TemperatureOptimum::TToZero => Err(Error::NoTemperature {
            n: labels.len(),
            why: "every one of them is predicted right, so ever more extreme probabilities fit better",
        }),
        _ => Err(Error::NoTemperature {
            n: labels.len(),
            why: "the model does no better than chance on them, so ever flatter probabilities fit better",
        }),
    }
}

/// A fitted calibration map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calibrator {
    /// One temperature.
    Temperature(TemperatureFit),
    /// A map of the probability of the second of two classes.
    Binary {
        /// How it was fitted.
        method: Calibrate,
        /// The map.
        map: Recalibrator,
    },
    /// One map per class, rows divided by their sums.
    EachClass {
        /// How they were fitted.
        method: Calibrate,
        /// The maps.
        maps: ClassRecalibrator,
    },
}

impl Calibrator {
    /// How it was fitted.
    #[must_use]
    pub fn method(&self) -> Calibrate {
        match self {
            Self::Temperature(_) => Calibrate::Temperature,
            Self::Binary { method, .. } | Self::EachClass { method, .. } => *method,
        }
    }

    /// The temperature, if that is what was fitted.
    #[must_use]
    pub fn temperature(&self) -> Option<f64> {
        match self {
            Self::Temperature(fit) => Some(fit.temperature()),
            _ => None,
        }
    }

    /// Calibrated probabilities for logits Z ~ (n, m).
    pub(crate) fn transform(&self, Z: &Tensor) -> Result<Probabilities<'static>> {
        Ok(match self {
            Self::Temperature(fit) => fit.transform(&Logits::new(Z.as_mat())?)?,
            Self::Binary { map, .. } => {
                let q = map.transform(&class_one(&softmax(Z)?))?;
                Probabilities::from_tensor(Tensor::from_fn(q.len(), 2, |i, k| {
                    if k == 1 { q[i] } else { 1.0 - q[i] }
                }))?
            }
            Self::EachClass { maps, .. } => maps.transform(&softmax(Z)?)?,
        })
    }

    /// What contradicts itself in a map that came from a file: it has to turn
    /// logits of m classes into probabilities.
    pub(crate) fn fault(&self, n_classes: usize) -> Option<String> {
        let fits = match self {
            Self::Temperature(fit) => fit.n_classes == n_classes,
            Self::Binary { .. } => n_classes == 2,
            Self::EachClass { maps, .. } => maps.maps.len() == n_classes,
        };
        if !fits {
            return Some(format!("a calibration that is not for {n_classes} classes"));
        }
        let probe = Tensor::from_fn(3, n_classes, |i, k| (i as f64 - 1.0) * k as f64);
        match self.transform(&probe) {
            Ok(_) => None,
            Err(fault) => Some(format!("a calibration that does not work: {fault}")),
        }
    }
}

/// softmax of each row.
pub(crate) fn softmax(Z: &Tensor) -> Result<Probabilities<'static>> {
    let mut proba = Z.clone();
    let m = proba.ncols().max(1);
    proba.as_mut_slice().chunks_exact_mut(m).for_each(wonderland_losses::softmax_in_place);
    Ok(Probabilities::from_tensor(proba)?)
}

fn class_one(proba: &Probabilities<'_>) -> Vec<f64> {
    (0..proba.n_samples()).map(|i| proba.as_mat()[(i, 1)]).collect()
}

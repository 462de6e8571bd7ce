//! Any binary recalibration for several classes: one map per class against
//! the rest, rows divided by their sums.

use serde::{Deserialize, Serialize};
use wonderland_linalg::Tensor;

use super::family::{Recalibration, Recalibrator};
use crate::{ClassForecasts, Error, Probabilities, Result};

/// Settings: the map fitted for every class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassRecalibration {
    /// The binary map.
    pub each: Recalibration,
}

/// One fitted map per class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassRecalibrator {
    /// The maps, by class.
    pub maps: Vec<Recalibrator>,
}

impl ClassRecalibration {
    /// Fits every class against the rest.
    ///
    /// # Errors
    /// Those of [`Recalibration::fit`].
    ///
    /// # References
    /// Zadrozny and Elkan 2002.
    pub fn fit(&self, f: &ClassForecasts<'_>) -> Result<ClassRecalibrator> {
        let maps: Result<_> = (0..f.n_classes()).map(|k| self.each.fit(&f.class(k))).collect();
        Ok(ClassRecalibrator { maps: maps? })
    }
}

impl ClassRecalibrator {
    /// The recalibrated probabilities; a row whose maps are all 0 becomes
    /// uniform, since nothing is left to tell its classes apart.
    ///
    /// # Errors
    /// [`Error::ClassCount`] when the columns are not those of the fit.
    pub fn transform(&self, P: &Probabilities<'_>) -> Result<Probabilities<'static>> {
        let (n, m) = (P.n_samples(), P.n_classes());
        if m != self.maps.len() {
            return Err(Error::ClassCount { expected: self.maps.len(), actual: m });
        }
        let mut out = Tensor::zeros(&[n, m]);
        for (k, map) in self.maps.iter().enumerate() {
            for (i, q) in map.transform(&P.column(k))?.into_iter().enumerate() {
                out[[i, k]] = q;
            }
        }
        for i in 0..n {
            let row = out.row_mut(i);
            let sum: f64 = row.iter().sum();
            for q in row {
                *q = if sum > 0.0 { *q / sum } else { 1.0 / m as f64 };
            }
        }
        Probabilities::from_tensor(out)
    }
}

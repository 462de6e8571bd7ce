//! Four disjoint sets of rows, kept apart by types: what calibrates cannot
//! conformalise, and what tests does neither.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::{
    Alpha, ClassForecasts, ConformalClassification, ConformalClassifier, Error, Logits,
    PredictionSets, Result, TemperatureFit, TemperatureScaling, check,
};

/// Rows the model is fitted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Train {}
/// Rows a recalibration is fitted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calibration {}
/// Rows a conformal threshold is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conformal {}
/// Rows everything is judged on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {}

/// Row indices with one role; made by [`DisjointRows::new`] only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows<Role> {
    rows: Vec<usize>,
    role: PhantomData<Role>,
}

impl<Role> Rows<Role> {
    /// The row indices.
    #[must_use]
    pub fn as_slice(&self) -> &[usize] {
        &self.rows
    }
}

/// The rows of a data set, each in at most one role.
///
/// # Examples
/// ```
/// use wonderland_calibration::DisjointRows;
/// assert!(DisjointRows::new(4, vec![0], vec![1], vec![2], vec![3]).is_ok());
/// let shared = DisjointRows::new(4, vec![0], vec![1], vec![1, 2], vec![3]);
/// assert_eq!(
///     shared.unwrap_err().to_string(),
///     "row 1 is used for calibration and for conformal: the sets must be disjoint"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisjointRows {
    /// Rows the model is fitted on.
    pub train: Rows<Train>,
    /// Rows a recalibration is fitted on.
    pub calibration: Rows<Calibration>,
    /// Rows a conformal threshold is taken from.
    pub conformal: Rows<Conformal>,
    /// Rows everything is judged on.
    pub test: Rows<Test>,
}

impl DisjointRows {
    /// Gives each row its role, of n rows.
    ///
    /// # Errors
    /// [`Error::RowOutOfRange`]; [`Error::SharedRow`] when a row has two roles
    /// or occurs twice in one.
    pub fn new(
        n: usize,
        train: Vec<usize>,
        calibration: Vec<usize>,
        conformal: Vec<usize>,
        test: Vec<usize>,
    ) -> Result<Self> {
        let mut role: Vec<Option<&'static str>> = vec![None; n];
        let all = [
            ("training", &train),
            ("calibration", &calibration),
            ("conformal", &conformal),
            ("testing", &test),
        ];
        for (name, rows) in all {
            for &row in rows {
                let Some(role) = role.get_mut(row) else {
                    return Err(Error::RowOutOfRange { row, n });
                };
                if let Some(first) = role.replace(name) {
                    return Err(Error::SharedRow { row, first, second: name });
                }
            }
        }
        Ok(Self {
            train: Rows { rows: train, role: PhantomData },
            calibration: Rows { rows: calibration, role: PhantomData },
            conformal: Rows { rows: conformal, role: PhantomData },
            test: Rows { rows: test, role: PhantomData },
        })
    }
}

/// Temperature first, conformal sets on top, each on its own rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibratedConformal {
    /// The temperature fit.
    pub temperature: TemperatureScaling,
    /// The conformal sets.
    pub conformal: ConformalClassification,
}

/// A fitted temperature with conformal thresholds at that temperature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedCalibratedConformal {
    /// The temperature.
    pub temperature: TemperatureFit,
    /// The thresholds.
    pub conformal: ConformalClassifier,
}

impl CalibratedConformal {
    /// Default temperature scaling, LAC sets at α.
    #[must_use]
    pub fn new(alpha: Alpha) -> Self {
        Self {
            temperature: TemperatureScaling::default(),
            conformal: ConformalClassification::new(alpha),
        }
    }

    /// Fits the temperature on the calibration rows of Z, then the thresholds
    /// on its conformal rows.
    ///
    /// # Errors
    /// [`Error::Empty`] for a role without rows; [`Error::RowOutOfRange`] when
    /// Z has fewer rows than the roles; those of the two fits.
    pub fn fit(
        &self,
        Z: &Logits<'_>,
        labels: &[usize],
        rows: &DisjointRows,
    ) -> Result<FittedCalibratedConformal> {
        check::length("labels", labels.len(), Z.n_samples(), "row")?;
        let part = |what: &'static str, rows: &[usize]| {
            if rows.is_empty() {
                return Err(Error::Empty { what });
            }
            if let Some(&row) = rows.iter().find(|&&r| r >= labels.len()) {
                return Err(Error::RowOutOfRange { row, n: labels.len() });
            }
            let own: Vec<usize> = rows.iter().map(|&i| labels[i]).collect();
            Ok((Z.select(rows), own))
        };
        let (Zc, yc) = part("the calibration set", rows.calibration.as_slice())?;
        let temperature = self.temperature.fit(&Zc, &yc)?;
        let (Zq, yq) = part("the conformal set", rows.conformal.as_slice())?;
        let f = ClassForecasts::from_probabilities(temperature.transform(&Zq)?, &yq)?;
        Ok(FittedCalibratedConformal { temperature, conformal: self.conformal.fit(&f)? })
    }
}

impl FittedCalibratedConformal {
    /// The sets of new logits.
    ///
    /// # Errors
    /// [`Error::ClassCount`].
    pub fn predict(&self, Z: &Logits<'_>, seed: u64) -> Result<PredictionSets> {
        self.conformal.predict(&self.temperature.transform(Z)?, seed)
    }
}

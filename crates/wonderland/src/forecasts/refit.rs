//! A map fitted and judged on different rows: by cross-fitting, or on rows held
//! out, and always said which.

use wonderland_calibration::Probabilities;
use wonderland_data::{SplitBy, SplitSettings, k_folds};
use wonderland_linalg::Tensor;

use super::map::{apply, fit};
use super::{CalibrationMap, Fault, ForecastTable, MapKind};
use crate::Result;

/// Which rows judge a map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Holdout {
    /// Every row, by a map fitted on the other folds; the map that is kept is
    /// then fitted on all rows.
    Folds(usize),
    /// This share of the rows, which no map is fitted on.
    Share(f64),
}

/// Settings of fitting a map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MapFit {
    /// Which map.
    pub kind: MapKind,
    /// Which rows judge it.
    pub holdout: Holdout,
    /// Seed of the choice of rows.
    pub seed: u64,
}

/// A fitted map, and forecasts before and after it on rows that it did not see.
#[derive(Debug, Clone)]
pub struct Refitted {
    /// The map to keep.
    pub map: CalibrationMap,
    /// The rows that judge, as they were.
    pub before: ForecastTable,
    /// The same rows, recalibrated by maps that did not see them.
    pub after: ForecastTable,
    /// How rows were set apart, in a sentence.
    pub how: String,
}

impl MapFit {
    /// Fits the map and recalibrates rows that it did not see.
    ///
    /// # Errors
    /// Those of [`CalibrationMap::fit`], too few rows, a share out of range.
    pub fn run(&self, table: &ForecastTable) -> Result<Refitted> {
        let labels = table.truth("fitting a map")?;
        match self.holdout {
            Holdout::Folds(k) => self.cross_fit(table, labels, k),
            Holdout::Share(share) => self.hold_out(table, labels, share),
        }
    }

    fn cross_fit(&self, table: &ForecastTable, labels: &[usize], k: usize) -> Result<Refitted> {
        let n = table.n();
        if n < 2 * k {
            return Err(Fault::TooFewRows { n, needed: 2 * k }.into());
        }
        let m = table.n_classes();
        let mut out = Tensor::zeros(&[n, m]);
        for fold in k_folds(n, k, SplitBy::Strata(labels), self.seed)? {
            let map = fit(self.kind, &table.select(&fold.train))?;
            let judged = apply(&map, &table.select(&fold.test), table.positive)?;
            for (i, &row) in fold.test.iter().enumerate() {
                for j in 0..m {
                    out[[row, j]] = judged.as_mat()[(i, j)];
                }
            }
        }
        Ok(Refitted {
            map: CalibrationMap::fit(self.kind, table)?,
            before: table.clone(),
            after: table.with_proba(Probabilities::from_tensor(out)?),
            how: format!(
                "cross-fitted: each row was recalibrated by a map fitted on the other {} of {k} folds; the map kept is fitted on all {n} rows",
                k - 1
            ),
        })
    }

    fn hold_out(&self, table: &ForecastTable, labels: &[usize], share: f64) -> Result<Refitted> {
        let settings = SplitSettings { test: share, seed: self.seed, ..SplitSettings::default() };
        let split = settings.split(table.n(), SplitBy::Strata(labels))?;
        let map = CalibrationMap::fit(self.kind, &table.select(&split.train))?;
        let before = table.select(&split.test);
        let after = before.with_proba(map.apply(&before)?);
        let how = format!(
            "fitted on {} rows, judged on the {} others, which it did not see",
            split.train.len(),
            split.test.len()
        );
        Ok(Refitted { map, before, after, how })
    }
}

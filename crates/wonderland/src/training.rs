//! Fitting: from a recipe and the training rows of a table to a pipeline, and
//! the record of it that the pipeline keeps.

use serde::{Deserialize, Serialize};
use wonderland_data::{Snippet, Table, Task};
use wonderland_linalg::Tensor;
use wonderland_models::LinearRegression;

use crate::{Error, Model, ModelSettings, Pipeline, Recipe, Result, rows};

/// What a pipeline remembers of its training. Nothing in it depends on any row
/// but the training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Rows that were fitted on.
    pub n_train: usize,
    /// Seed of whatever was drawn.
    pub seed: u64,
    /// The column of weights, if there was one.
    pub weights: Option<String>,
    /// The (weighted) mean of the target: what the baseline answers.
    pub target_mean: f64,
    /// Standard deviation of every feature, by which coefficients compare.
    pub feature_spread: Vec<f64>,
}

impl Recipe {
    /// Learns everything from the given rows of a table.
    ///
    /// # Errors
    /// A column that is not there or has two roles, missing cells that are not
    /// to be imputed, a target that does not fit the model, and the faults of
    /// the model itself.
    ///
    /// # Panics
    /// When a row is not in the table.
    pub fn fit(&self, table: &Table, rows: &[usize]) -> Result<Pipeline> {
        let settings = self.settings_for(table)?;
        let preprocessor = self.preprocessing(&settings).fit(table, rows)?;
        let train = table.select(rows);
        let X: Tensor = preprocessor.apply(&train)?;
        let y = rows::numbers(&train, &self.target)?;
        let weights = rows::weights(&train, self.weights.as_deref())?;
        let model = settings.fit(&X, &y, weights.as_deref())?;
        let training = Training {
            n_train: rows.len(),
            seed: self.seed,
            weights: self.weights.clone(),
            target_mean: wonderland_models::mean(&y, weights.as_deref())?,
            feature_spread: spread(&X)?,
        };
        Ok(Pipeline::new(self.target.clone(), preprocessor, model, training))
    }

    /// The model to fit: the one asked for, or the plain one for the task.
    fn settings_for(&self, table: &Table) -> Result<ModelSettings> {
        let settings = self
            .model
            .clone()
            .unwrap_or_else(|| ModelSettings::Linear(LinearRegression::default()));
        let task = match self.known_task() {
            Some(task) => task,
            None => Task::infer(&self.target, &table.column(&self.target)?.values)?,
        };
        if task != settings.task() {
            return Err(Error::TaskMismatch {
                model: settings.name(),
                predicts: "numbers",
                target: Snippet::new(&self.target),
                holds: "classes",
                mend: "give a target of quantities, or `--task regression` if these numbers are quantities",
            });
        }
        Ok(settings)
    }
}

/// Standard deviation of every column.
fn spread(X: &Tensor) -> Result<Vec<f64>> {
    (0..X.ncols())
        .map(|j| {
            let column: Vec<f64> = (0..X.nrows()).map(|i| X[[i, j]]).collect();
            Ok(wonderland_models::standard_deviation(&column)?)
        })
        .collect()
}

impl Training {
    /// What contradicts itself in a record that came from a file.
    pub(crate) fn fault(&self, n_features: usize, _model: &Model) -> Option<String> {
        let spread = &self.feature_spread;
        if spread.len() != n_features {
            return Some(format!("{} spreads for {n_features} features", spread.len()));
        }
        if self.n_train == 0 {
            return Some("no training rows".into());
        }
        let finite =
            self.target_mean.is_finite() && spread.iter().all(|s| s.is_finite() && *s >= 0.0);
        (!finite).then(|| "a number in its record is not finite".into())
    }
}

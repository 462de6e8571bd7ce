//! Cross-validation of a recipe (notes §3.2.1): every row tests once, each time
//! a pipeline that was made without it.

use wonderland_data::{Fold, Labels, SplitBy, SplitSettings, Table, Task, k_folds};
use wonderland_models::Workspace;

use crate::{Conformal, Error, Metrics, Recipe, Result};

/// One score over the folds.
#[derive(Debug, Clone, PartialEq)]
pub struct FoldScores {
    /// Name of the score.
    pub name: &'static str,
    /// The score of each fold.
    pub folds: Vec<f64>,
}

impl FoldScores {
    /// Mean over the folds.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.folds.iter().sum::<f64>() / self.folds.len() as f64
    }

    /// Standard deviation over the folds. Folds share training rows, so this
    /// tells less than the spread over independent data would be.
    #[must_use]
    pub fn standard_deviation(&self) -> f64 {
        let (mean, n) = (self.mean(), self.folds.len() as f64);
        (self.folds.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
    }
}

impl Recipe {
    /// Fits on all but one of `k` folds and scores on that one, in turn.
    ///
    /// Folds keep the shares of the classes, whole groups where the recipe has
    /// groups, and blocks of rows with `by_order`. Calibration and conformal
    /// rows, where the recipe wants them, are taken from the training folds.
    ///
    /// # Errors
    /// Fewer than two folds or more than rows; those of
    /// [`split`](Self::split), [`fit`](Self::fit) and
    /// [`evaluate`](crate::Pipeline::evaluate) on any fold.
    ///
    /// # Examples
    /// ```
    /// use wonderland::prelude::*;
    /// let table = builtin("diabetes")?.table()?;
    /// let scores = Recipe::new("target").cross_validate(&table, 5, 0, false)?;
    /// assert_eq!((scores[0].name, scores[0].folds.len()), ("R²", 5));
    /// assert!(scores[0].mean() > 0.4);
    /// # Ok::<(), wonderland::Error>(())
    /// ```
    pub fn cross_validate(
        &self,
        table: &Table,
        k: usize,
        seed: u64,
        by_order: bool,
    ) -> Result<Vec<FoldScores>> {
        let mut scores: Vec<FoldScores> = Vec::new();
        let (threads, mut workspace) = (self.workers()?, Workspace::default());
        for fold in self.folds(table, k, seed, by_order)? {
            let kept = table.select(&fold.train);
            let whole = SplitSettings { test: 0.0, seed, ..SplitSettings::default() };
            let split = self.split(&kept, &whole, by_order)?;
            let pipeline = self.fit_with(&threads, &mut workspace, &kept, &split)?;
            let evaluation = pipeline.evaluate(&table.select(&fold.test))?;
            for (name, value) in headline(&evaluation.metrics, pipeline.conformal()) {
                match scores.iter_mut().find(|s| s.name == name) {
                    Some(score) => score.folds.push(value),
                    None => scores.push(FoldScores { name, folds: vec![value] }),
                }
            }
        }
        // A score that some fold cannot have, such as R² of one row, has no mean.
        scores.retain(|score| score.folds.len() == k);
        Ok(scores)
    }

    fn folds(&self, table: &Table, k: usize, seed: u64, by_order: bool) -> Result<Vec<Fold>> {
        let n = table.n_rows();
        Ok(match (&self.group, by_order, self.task_of(table)?) {
            (Some(_), true, _) => {
                return Err(Error::Conflict {
                    first: "keeping groups together",
                    second: "splitting by order",
                    mend: "give one of `--group` and `--split-by-order`",
                });
            }
            (Some(group), false, _) => k_folds(n, k, SplitBy::Groups(&table.groups(group)?), seed)?,
            (None, true, _) => k_folds(n, k, SplitBy::Order, seed)?,
            (None, false, Task::Regression) => k_folds(n, k, SplitBy::Chance, seed)?,
            (None, false, Task::Classification) => {
                let labels = Labels::from_column(table, &self.target)?;
                k_folds(n, k, SplitBy::Strata(&labels.codes), seed)?
            }
        })
    }
}

/// The scores worth averaging.
fn headline(metrics: &Metrics, conformal: Option<&Conformal>) -> Vec<(&'static str, f64)> {
    let mut scores: Vec<(&'static str, f64)> = match metrics {
        Metrics::Regression(m) => (m.scores.r2.map(|e| ("R²", e.value)).into_iter())
            .chain([("RMSE", m.scores.rmse.value), ("MAE", m.scores.mae.value)])
            .collect(),
        Metrics::Classification(m) => [
            ("accuracy", m.scores.accuracy.value),
            ("log loss", m.scores.log_loss.value),
            ("Brier score", m.scores.brier.value),
        ]
        .into_iter()
        .chain(m.scores.roc_auc.map(|e| ("ROC AUC", e.value)))
        .chain([("calibration error", m.calibration.ece.estimate)])
        .collect(),
    };
    if conformal.is_some() {
        let coverage = metrics.coverage().and_then(|report| report.overall.coverage);
        scores.extend(coverage.map(|coverage| ("coverage", coverage)));
    }
    scores
}

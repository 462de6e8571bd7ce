//! Fitting: from a recipe and the rows of a table to a pipeline, and the record
//! of it that the pipeline keeps.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use wonderland_data::{Labels, Snippet, Split, Table, Task};
use wonderland_linalg::{Tensor, Threads};
use wonderland_models::{Error as ModelsError, Workspace, standard_deviations};

use crate::model::{Answers, Outputs};
use crate::{Error, Model, ModelSettings, Pipeline, Recipe, Result, rows};

/// What a pipeline remembers of its training. Nothing in it depends on any row
/// but those it was fitted on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Rows that the model was fitted on.
    pub n_train: usize,
    /// Rows that its calibration was fitted on.
    pub n_calibration: usize,
    /// Rows that its sets or intervals were fitted on.
    pub n_conformal: usize,
    /// Seed of whatever was drawn.
    pub seed: u64,
    /// The column of weights, if there was one.
    pub weights: Option<String>,
    /// What a model without features answers.
    pub baseline: Baseline,
    /// Standard deviation of every feature, by which coefficients compare.
    pub feature_spread: Vec<f64>,
}

/// What a model without features answers, from the training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// The (weighted) mean of the target.
    Mean(f64),
    /// How often each class occurs.
    ClassCounts(Vec<usize>),
}

impl Recipe {
    /// Learns everything from a table: the preprocessing and the model from the
    /// training rows, the calibration and the sets or intervals from theirs.
    /// Test rows are not looked at.
    ///
    /// # Errors
    /// A column that is not there or has two roles, missing cells that are not
    /// to be imputed, a target that does not fit the model, parts too small for
    /// what they are for, and the faults of the model itself.
    ///
    /// # Panics
    /// When a row is not in the table.
    pub fn fit(&self, table: &Table, split: &Split) -> Result<Pipeline> {
        self.fit_with(&self.workers()?, &mut Workspace::default(), table, split)
    }

    /// The threads of this recipe.
    pub(crate) fn workers(&self) -> Result<Threads> {
        Ok(Threads::new(self.threads).map_err(ModelsError::from)?)
    }

    /// The same by threads and in memory that the next fit finds again.
    pub(crate) fn fit_with(
        &self,
        threads: &Threads,
        workspace: &mut Workspace,
        table: &Table,
        split: &Split,
    ) -> Result<Pipeline> {
        let settings = self.settings_for(table)?;
        let preprocessor = self.preprocessing(&settings, table).fit(table, &split.train)?;
        let X: Tensor = preprocessor.apply_rows(table, &split.train)?;
        let others: Vec<&str> = [Some(&self.target), self.weights.as_ref()]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        // All rows in order are the table itself.
        let all = split.train.iter().copied().eq(0..table.n_rows());
        let train = match all {
            true => Cow::Borrowed(table),
            false => Cow::Owned(table.select_columns(&others, &split.train)),
        };
        let weights = rows::weights(&train, self.weights.as_deref())?;
        let mut fit_model = |answers: &Answers<'_>| {
            let fitted = threads.run(|team| settings.fit(team, workspace, &X, answers, weights));
            fitted.map_err(|fault| self.in_words_of_the_file(fault, answers))
        };
        let (model, baseline) = match settings.task() {
            Task::Regression => {
                let y = rows::numbers(&train, &self.target)?;
                let mean = wonderland_models::mean(y, weights)?;
                let model = fit_model(&Answers::Numbers(y))?;
                (model, Baseline::Mean(mean))
            }
            Task::Classification => {
                let labels = rows::labels(&train, &self.target)?;
                let counts = labels.counts();
                let model = fit_model(&Answers::Classes(&labels))?;
                (model, Baseline::ClassCounts(counts))
            }
        };
        let model = model.ok_or_else(|| self.mismatch(&settings, settings.task()))?;
        let training = Training {
            n_train: split.train.len(),
            n_calibration: 0,
            n_conformal: 0,
            seed: self.seed,
            weights: self.weights.clone(),
            baseline,
            feature_spread: standard_deviations(&X)?,
        };
        let pipeline = Pipeline::new(self.target.clone(), preprocessor, model, training);
        let pipeline = self.calibrated(pipeline, table, &split.calibration)?;
        let pipeline = self.conformalised(pipeline, table, &split.conformal)?;
        match pipeline.fault() {
            Some(why) => Err(Error::Unusable { why }),
            None => Ok(pipeline),
        }
    }

    /// A fault of a model by the names of columns, classes and options.
    fn in_words_of_the_file(&self, fault: Error, answers: &Answers<'_>) -> Error {
        let (Error::Models(model), Answers::Classes(Labels { classes, .. })) = (&fault, answers)
        else {
            return match fault {
                Error::Models(ModelsError::NoChoice { tried }) => Error::NoPenalty { tried },
                fault => fault,
            };
        };
        match (model, &self.weights) {
            (ModelsError::OneClass, _) => Error::OneClass { target: Snippet::new(&self.target) },
            (ModelsError::EmptyClass { class, .. }, Some(weights)) => Error::WeightlessClass {
                class: Snippet::new(&classes[*class]),
                weights: Snippet::new(weights),
            },
            _ => fault,
        }
    }

    /// The pipeline with its probabilities calibrated on the given rows.
    fn calibrated(
        &self,
        mut pipeline: Pipeline,
        table: &Table,
        rows: &[usize],
    ) -> Result<Pipeline> {
        let Some(method) = self.calibrate else { return Ok(pipeline) };
        let held_out = table.select(rows);
        self.check_calibration(pipeline.task())?;
        let classes = pipeline.model().classes().unwrap_or_default();
        let labels = rows::labels_among(&held_out, &self.target, classes)?;
        let Outputs::Logits(logits) = pipeline.outputs(&held_out)? else { return Ok(pipeline) };
        pipeline.set_calibrator(method.fit(&logits, &labels)?, rows.len());
        Ok(pipeline)
    }

    /// Refuses calibrated probabilities of what has none.
    pub(crate) fn check_calibration(&self, task: Task) -> Result<()> {
        if task == Task::Classification || self.calibrate.is_none() {
            return Ok(());
        }
        Err(Error::Conflict {
            first: "calibrated probabilities",
            second: "a quantity as target",
            mend: "ask for intervals with `--coverage`, or for a classification",
        })
    }

    /// The pipeline with sets or intervals fitted on the given rows.
    fn conformalised(
        &self,
        mut pipeline: Pipeline,
        table: &Table,
        rows: &[usize],
    ) -> Result<Pipeline> {
        let Some(coverage) = self.coverage else { return Ok(pipeline) };
        let held_out = table.select(rows);
        let conformal = match (pipeline.outputs(&held_out)?, pipeline.model().classes()) {
            (Outputs::Logits(logits), Some(classes)) => {
                let labels = rows::labels_among(&held_out, &self.target, classes)?;
                coverage.fit_sets(pipeline.proba(&logits)?, &labels, self.seed)?
            }
            (Outputs::Numbers(y_hat), _) => {
                coverage.fit_intervals(rows::numbers(&held_out, &self.target)?, &y_hat)?
            }
            (Outputs::Logits(_), None) => unreachable!("logits belong to classes"),
        };
        pipeline.set_conformal(conformal, rows.len());
        Ok(pipeline)
    }

    /// The model to fit: the one asked for, or the plain one for the task.
    pub(crate) fn settings_for(&self, table: &Table) -> Result<ModelSettings> {
        let task = self.task_of(table)?;
        let settings = self.model.clone().unwrap_or_else(|| ModelSettings::plain(task));
        if task == settings.task() { Ok(settings) } else { Err(self.mismatch(&settings, task)) }
    }

    fn mismatch(&self, settings: &ModelSettings, task: Task) -> Error {
        let (predicts, holds, mend) = match task {
            Task::Classification => (
                "numbers",
                "classes",
                "use `--model logistic`, or `--task regression` if these numbers are quantities",
            ),
            Task::Regression => (
                "classes",
                "quantities",
                "use `--model linear`, or `--task classification` if these numbers are classes",
            ),
        };
        let target = Snippet::new(&self.target);
        Error::TaskMismatch { model: settings.name(), predicts, target, holds, mend }
    }
}

impl Training {
    /// What contradicts itself in a record that came from a file.
    pub(crate) fn fault(&self, n_features: usize, model: &Model) -> Option<String> {
        let spread = &self.feature_spread;
        if spread.len() != n_features {
            return Some(format!("{} spreads for {n_features} features", spread.len()));
        }
        if self.n_train == 0 {
            return Some("no training rows".into());
        }
        let fits = match (&self.baseline, model.classes()) {
            (Baseline::Mean(mean), None) => mean.is_finite(),
            (Baseline::ClassCounts(counts), Some(classes)) => {
                counts.len() == classes.len() && counts.iter().sum::<usize>() == self.n_train
            }
            _ => false,
        };
        if !fits {
            return Some("a baseline that does not belong to its model".into());
        }
        let finite = spread.iter().all(|s| s.is_finite() && *s >= 0.0);
        (!finite).then(|| "a number in its record is not finite".into())
    }
}

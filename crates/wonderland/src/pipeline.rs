//! A pipeline: everything that turns a row of a table into a prediction, in one
//! value and one file.

use serde::{Deserialize, Serialize};
use wonderland_calibration::Probabilities;
use wonderland_data::{Cell, Csv, Preprocessor, ReadAs, Table, Task};
use wonderland_linalg::Tensor;

use crate::calibrator::softmax;
use crate::model::Outputs;
use crate::{
    Calibrator, ClassPredictions, Conformal, Model, NumberPredictions, Prediction, Predictions,
    Result, Training,
};

/// A fitted pipeline: columns, what was learned about them, the model, its
/// calibration, and the threshold of its sets or intervals.
///
/// It is made by [`Recipe::fit`](crate::Recipe::fit) or
/// [`Pipeline::load`], and does not change afterwards: the model that is saved
/// is the one that was evaluated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    target: String,
    preprocessor: Preprocessor,
    model: Model,
    calibrator: Option<Calibrator>,
    conformal: Option<Conformal>,
    training: Training,
}

impl Pipeline {
    pub(crate) fn new(
        target: String,
        preprocessor: Preprocessor,
        model: Model,
        training: Training,
    ) -> Self {
        Self { target, preprocessor, model, calibrator: None, conformal: None, training }
    }

    pub(crate) fn set_calibrator(&mut self, calibrator: Calibrator, n_rows: usize) {
        self.calibrator = Some(calibrator);
        self.training.n_calibration = n_rows;
    }

    pub(crate) fn set_conformal(&mut self, conformal: Conformal, n_rows: usize) {
        self.conformal = Some(conformal);
        self.training.n_conformal = n_rows;
    }

    /// Name of the predicted column.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// What kind of target it is.
    #[must_use]
    pub fn task(&self) -> Task {
        self.model.task()
    }

    /// What was learned about the columns.
    #[must_use]
    pub fn preprocessor(&self) -> &Preprocessor {
        &self.preprocessor
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The calibration of its probabilities, if there is one.
    #[must_use]
    pub fn calibrator(&self) -> Option<&Calibrator> {
        self.calibrator.as_ref()
    }

    /// The threshold of its sets or intervals, if there is one.
    #[must_use]
    pub fn conformal(&self) -> Option<&Conformal> {
        self.conformal.as_ref()
    }

    /// The record of the training.
    #[must_use]
    pub fn training(&self) -> &Training {
        &self.training
    }

    /// How a file is read for [`predict`](Self::predict): the columns of the
    /// training as they were then, all others passed over.
    #[must_use]
    pub fn csv(&self) -> Csv {
        self.preprocessor.csv()
    }

    /// How a file is read for [`evaluate`](Self::evaluate): as for predicting,
    /// and the target (and weights) too.
    #[must_use]
    pub fn csv_with_target(&self) -> Csv {
        // Classes called by numbers are compared as numbers: 1.0 is 1.
        let target = match self.model.classes() {
            None => ReadAs::Numbers,
            Some(classes) if classes.iter().all(|c| c.parse::<f64>().is_ok()) => ReadAs::Auto,
            Some(_) => ReadAs::Text,
        };
        let csv = self.csv().rule(&self.target, target);
        match &self.training.weights {
            Some(weights) => csv.rule(weights, ReadAs::Numbers),
            None => csv,
        }
    }

    /// Predictions for every row of a table. Columns are found by name; their
    /// order, and further columns, do not matter.
    ///
    /// # Errors
    /// A column that is missing or of another type, a missing cell or an unseen
    /// category that training made no provision for, an overflow.
    pub fn predict(&self, table: &Table) -> Result<Predictions> {
        self.predict_features(&self.preprocessor.apply(table)?)
    }

    fn predict_features(&self, X: &Tensor) -> Result<Predictions> {
        let conformal = self.conformal.as_ref();
        Ok(match self.model.outputs(X)? {
            Outputs::Numbers(values) => {
                let intervals = conformal.map(|c| c.intervals(&values)).transpose()?.flatten();
                Predictions::Numbers(NumberPredictions { values, intervals })
            }
            Outputs::Logits(logits) => {
                let proba = self.proba(&logits)?;
                let sets = conformal.map(|c| c.sets(&proba)).transpose()?.flatten();
                let classes = self.model.classes().unwrap_or_default().to_vec();
                let uncalibrated = match self.calibrator {
                    Some(_) => Some(softmax(&logits)?),
                    None => None,
                };
                Predictions::Classes(ClassPredictions { classes, proba, uncalibrated, sets })
            }
        })
    }

    /// What the model computes for the rows of a table.
    pub(crate) fn outputs(&self, table: &Table) -> Result<Outputs> {
        self.outputs_of(&self.preprocessor.apply(table)?)
    }

    /// What the model computes for rows of features.
    pub(crate) fn outputs_of(&self, X: &Tensor) -> Result<Outputs> {
        self.model.outputs(X)
    }

    /// Probabilities for logits, calibrated if the pipeline is.
    pub(crate) fn proba(&self, logits: &Tensor) -> Result<Probabilities<'static>> {
        match &self.calibrator {
            Some(calibrator) => calibrator.transform(logits),
            None => softmax(logits),
        }
    }

    /// The prediction for one row, given as cells by the names of their
    /// columns; the same bits as in a table.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    ///
    /// # Examples
    /// ```
    /// use wonderland::prelude::*;
    /// // y = 2x + 1
    /// let table = Csv::default().read("x,y\n0,1\n1,3\n2,5\n".as_bytes(), "line")?;
    /// let all = SplitSettings { test: 0.0, ..SplitSettings::default() };
    /// let recipe = Recipe { task: Some(Task::Regression), ..Recipe::new("y") };
    /// let line = recipe.fit(&table, &recipe.split(&table, &all, false)?)?;
    /// let y = line.predict_row(&[("x", 10.0.into())])?;
    /// assert_eq!(y, Prediction::Number { value: 21.0, interval: None });
    /// # Ok::<(), wonderland::Error>(())
    /// ```
    pub fn predict_row(&self, cells: &[(&str, Cell<'_>)]) -> Result<Prediction> {
        let x: Vec<f64> = self.preprocessor.apply_row(cells)?;
        let X = Tensor::from_fn(1, x.len(), |_, j| x[j]);
        Ok(self.predict_features(&X)?.row(0))
    }

    /// A pipeline that must not be saved.
    #[cfg(test)]
    pub(crate) fn break_for_test(&mut self) {
        self.training.baseline = crate::Baseline::Mean(f64::INFINITY);
    }

    /// What contradicts itself in a pipeline that came from a file.
    pub(crate) fn fault(&self) -> Option<String> {
        let n = self.preprocessor.n_features();
        let m = self.model.classes().map(<[String]>::len);
        let calibrator = || match (&self.calibrator, m) {
            (None, _) => None,
            (Some(calibrator), Some(m)) => calibrator.fault(m),
            (Some(_), None) => Some("a calibration for a quantity".into()),
        };
        (self.model.fault(n))
            .or_else(|| self.training.fault(n, &self.model))
            .or_else(calibrator)
            .or_else(|| self.conformal.as_ref().and_then(|c| c.fault(m)))
            .or_else(|| {
                let finite = self.describe().is_finite();
                (!finite).then(|| "a coefficient overflows in the units of the file".into())
            })
    }
}

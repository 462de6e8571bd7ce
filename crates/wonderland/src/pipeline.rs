//! A pipeline: everything that turns a row of a table into a prediction, in one
//! value and one file.

use serde::{Deserialize, Serialize};
use wonderland_data::{Cell, Csv, Preprocessor, ReadAs, Table, Task};
use wonderland_linalg::Tensor;

use crate::{Model, Result, Training};

/// A fitted pipeline: columns, what was learned about them, and the model.
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
    training: Training,
}

/// Predictions for the rows of a table, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Predictions {
    /// One number per row.
    Numbers(Vec<f64>),
}

/// The prediction for one row.
#[derive(Debug, Clone, PartialEq)]
pub enum Prediction {
    /// A number.
    Number(f64),
}

impl Pipeline {
    pub(crate) fn new(
        target: String,
        preprocessor: Preprocessor,
        model: Model,
        training: Training,
    ) -> Self {
        Self { target, preprocessor, model, training }
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
        let csv = self.csv().rule(&self.target, ReadAs::Numbers);
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
        let X: Tensor = self.preprocessor.apply(table)?;
        Ok(Predictions::Numbers(self.model.predict(&X)?))
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
    /// let line = Recipe { model: Some(ModelSettings::Linear(LinearRegression::default())), ..Recipe::new("y") }
    ///     .fit(&table, &[0, 1, 2])?;
    /// assert_eq!(line.predict_row(&[("x", 10.0.into())])?, Prediction::Number(21.0));
    /// # Ok::<(), wonderland::Error>(())
    /// ```
    pub fn predict_row(&self, cells: &[(&str, Cell<'_>)]) -> Result<Prediction> {
        let x: Vec<f64> = self.preprocessor.apply_row(cells)?;
        Ok(Prediction::Number(self.model.predict_row(&x)?))
    }

    /// What contradicts itself in a pipeline that came from a file.
    pub(crate) fn fault(&self) -> Option<String> {
        let n = self.preprocessor.n_features();
        self.model.fault(n).or_else(|| self.training.fault(n, &self.model))
    }
}

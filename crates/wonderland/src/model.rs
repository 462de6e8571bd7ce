//! The models a pipeline can hold: settings before the fit, one enum after it.
//!
//! A new kind of model is a variant of each enum here; the compiler then names
//! every place that has to know it.

use serde::{Deserialize, Serialize};
use wonderland_data::{Labels, Task};
use wonderland_linalg::{Team, Tensor};
use wonderland_models::{
    FittedLinearRegression, FittedRidge, LinearRegression, LogisticRegression, Ridge, Workspace,
};

use crate::{Classifier, Result};

/// A model with its settings, before it is fitted.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ModelSettings {
    /// Linear regression.
    Linear(LinearRegression),
    /// Ridge regression, on standardised columns.
    Ridge(Ridge),
    /// Logistic regression, on standardised columns.
    Logistic(LogisticRegression),
}

/// A kind of model, before or after it is fitted.
#[derive(Clone, Copy)]
enum Kind {
    Linear,
    Ridge,
    Logistic,
}

impl Kind {
    fn task(self) -> Task {
        match self {
            Self::Linear | Self::Ridge => Task::Regression,
            Self::Logistic => Task::Classification,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Ridge => "ridge",
            Self::Logistic => "logistic",
        }
    }
}

/// What a model is fitted to.
pub(crate) enum Answers<'a> {
    /// Quantities.
    Numbers(&'a [f64]),
    /// Codes of the given classes.
    Classes(&'a Labels),
}

impl ModelSettings {
    /// The plain model of a task.
    #[must_use]
    pub fn plain(task: Task) -> Self {
        match task {
            Task::Regression => Self::Linear(LinearRegression::default()),
            Task::Classification => Self::Logistic(LogisticRegression::default()),
        }
    }

    /// The task the model is for.
    #[must_use]
    pub fn task(&self) -> Task {
        self.kind().task()
    }

    /// Name of the model on the command line and in JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Linear(_) => Kind::Linear,
            Self::Ridge(_) => Kind::Ridge,
            Self::Logistic(_) => Kind::Logistic,
        }
    }

    /// Whether the size of the coefficients is penalised, so that the fit
    /// depends on the scale of the columns.
    #[must_use]
    pub fn is_penalised(&self) -> bool {
        matches!(self, Self::Ridge(_) | Self::Logistic(_))
    }

    /// Whether an intercept is fitted.
    #[must_use]
    pub fn has_intercept(&self) -> bool {
        match self {
            Self::Linear(model) => model.intercept,
            Self::Ridge(model) => model.intercept,
            Self::Logistic(model) => model.intercept,
        }
    }

    /// Fits the model; `None` when it is for another kind of answers.
    pub(crate) fn fit(
        &self,
        team: Team,
        workspace: &mut Workspace,
        X: &Tensor,
        answers: &Answers<'_>,
        weights: Option<&[f64]>,
    ) -> Result<Option<Model>> {
        let X = X.as_mat();
        Ok(Some(match (self, answers) {
            (Self::Linear(model), Answers::Numbers(y)) => {
                Model::Linear(model.fit_with(workspace, team, X, y, weights)?)
            }
            (Self::Ridge(model), Answers::Numbers(y)) => {
                Model::Ridge(model.fit_with(workspace, team, X, y, weights)?)
            }
            (Self::Logistic(model), Answers::Classes(labels)) => {
                let y = &labels.codes;
                let fit = model.fit_with(workspace, team, X, y, weights, &mut ())?;
                Model::Logistic(Classifier { classes: labels.classes.clone(), fit })
            }
            (Self::Linear(_) | Self::Ridge(_), Answers::Classes(_))
            | (Self::Logistic(_), Answers::Numbers(_)) => return Ok(None),
        }))
    }
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Model {
    /// Linear regression.
    Linear(FittedLinearRegression),
    /// Ridge regression.
    Ridge(FittedRidge),
    /// Logistic regression.
    Logistic(Classifier),
}

impl Model {
    /// The task the model is for.
    #[must_use]
    pub fn task(&self) -> Task {
        self.kind().task()
    }

    /// Name of the model on the command line and in JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Linear(_) => Kind::Linear,
            Self::Ridge(_) => Kind::Ridge,
            Self::Logistic(_) => Kind::Logistic,
        }
    }

    /// The name in words.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Self::Linear(_) => "linear regression",
            Self::Ridge(_) => "ridge regression",
            Self::Logistic(_) => "logistic regression",
        }
    }

    /// Whether an intercept was fitted.
    #[must_use]
    pub fn has_intercept(&self) -> bool {
        match self {
            Self::Linear(model) => model.has_intercept,
            Self::Ridge(model) => model.has_intercept,
            Self::Logistic(model) => model.fit.has_intercept,
        }
    }

    /// Coefficients and intercept of one output, of the columns as the model
    /// saw them.
    pub(crate) fn affine(&self, output: usize) -> (Vec<f64>, f64) {
        match self {
            Self::Linear(model) => (model.coefficients.clone(), model.intercept),
            Self::Ridge(model) => (model.coefficients.clone(), model.intercept),
            Self::Logistic(model) => {
                let W = &model.fit.coefficients;
                let w = (0..W.nrows()).map(|j| W[[j, output]]).collect();
                (w, model.fit.intercept[output])
            }
        }
    }

    /// Names of the classes, where there are classes.
    #[must_use]
    pub fn classes(&self) -> Option<&[String]> {
        match self {
            Self::Linear(_) | Self::Ridge(_) => None,
            Self::Logistic(model) => Some(&model.classes),
        }
    }

    /// The output for every row: numbers (n), or logits (n, m).
    pub(crate) fn outputs(&self, X: &Tensor) -> Result<Outputs> {
        Ok(match self {
            Self::Linear(model) => Outputs::Numbers(model.predict(X.as_mat())?),
            Self::Ridge(model) => Outputs::Numbers(model.predict(X.as_mat())?),
            Self::Logistic(model) => Outputs::Logits(model.decision(X)?),
        })
    }

    /// What contradicts itself in a model that came from a file.
    pub(crate) fn fault(&self, n_features: usize) -> Option<String> {
        let (fault, n) = match self {
            Self::Linear(model) => (model.check(), model.coefficients.len()),
            Self::Ridge(model) => (model.check(), model.coefficients.len()),
            Self::Logistic(model) => return model.fault(n_features),
        };
        if let Err(fault) = fault {
            return Some(fault.to_string());
        }
        (n != n_features).then(|| format!("{n} coefficients for {n_features} features"))
    }
}

/// What a model computes for the rows of X.
pub(crate) enum Outputs {
    /// One number per row.
    Numbers(Vec<f64>),
    /// The logits of the classes: (n, m).
    Logits(Tensor),
}

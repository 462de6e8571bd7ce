//! The models a pipeline can hold: settings before the fit, one enum after it.
//!
//! A new kind of model is a variant of each enum here; the compiler then names
//! every place that has to know it.

use serde::{Deserialize, Serialize};
use wonderland_data::Task;
use wonderland_linalg::Tensor;
use wonderland_models::{FittedLinearRegression, LinearRegression};

use crate::Result;

/// A model with its settings, before it is fitted.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ModelSettings {
    /// Linear regression.
    Linear(LinearRegression),
}

impl ModelSettings {
    /// The task the model is for.
    #[must_use]
    pub fn task(&self) -> Task {
        match self {
            Self::Linear(_) => Task::Regression,
        }
    }

    /// Name of the model on the command line and in JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Linear(_) => "linear",
        }
    }

    /// Whether the size of the coefficients is penalised, so that the fit
    /// depends on the scale of the columns.
    #[must_use]
    pub fn is_penalised(&self) -> bool {
        false
    }

    /// Whether an intercept is fitted.
    #[must_use]
    pub fn has_intercept(&self) -> bool {
        match self {
            Self::Linear(model) => model.intercept,
        }
    }

    /// Fits the model to numbers.
    pub(crate) fn fit(&self, X: &Tensor, y: &[f64], weights: Option<&[f64]>) -> Result<Model> {
        let X = X.as_mat();
        Ok(match (self, weights) {
            (Self::Linear(model), None) => Model::Linear(model.fit(X, y)?),
            (Self::Linear(model), Some(w)) => Model::Linear(model.fit_weighted(X, y, w)?),
        })
    }
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Model {
    /// Linear regression.
    Linear(FittedLinearRegression),
}

impl Model {
    /// The task the model is for.
    #[must_use]
    pub fn task(&self) -> Task {
        match self {
            Self::Linear(_) => Task::Regression,
        }
    }

    /// Name of the model on the command line and in JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Linear(_) => "linear",
        }
    }

    /// The name in words.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Self::Linear(_) => "linear regression",
        }
    }

    /// Whether an intercept was fitted.
    #[must_use]
    pub fn has_intercept(&self) -> bool {
        match self {
            Self::Linear(model) => model.has_intercept,
        }
    }

    /// Coefficients and intercept of the columns as the model saw them.
    pub(crate) fn affine(&self) -> (&[f64], f64) {
        match self {
            Self::Linear(model) => (&model.coefficients, model.intercept),
        }
    }

    pub(crate) fn predict(&self, X: &Tensor) -> Result<Vec<f64>> {
        Ok(match self {
            Self::Linear(model) => model.predict(X.as_mat())?,
        })
    }

    pub(crate) fn predict_row(&self, x: &[f64]) -> Result<f64> {
        Ok(match self {
            Self::Linear(model) => model.predict_row(x)?,
        })
    }

    /// What contradicts itself in a model that came from a file.
    pub(crate) fn fault(&self, n_features: usize) -> Option<String> {
        let fault = match self {
            Self::Linear(model) => model.check(),
        };
        if let Err(fault) = fault {
            return Some(fault.to_string());
        }
        let n = self.affine().0.len();
        (n != n_features).then(|| format!("{n} coefficients for {n_features} features"))
    }
}

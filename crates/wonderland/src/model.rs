//! The models a pipeline can hold: settings before the fit, one enum after it.
//!
//! A new kind of model is a variant of each enum here; the compiler then names
//! every place that has to know it.

use serde::{Deserialize, Serialize};
use wonderland_data::Task;
use wonderland_linalg::Tensor;
use wonderland_models::{FittedLinearRegression, FittedRidge, LinearRegression, Ridge};

use crate::Result;

/// A model with its settings, before it is fitted.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ModelSettings {
    /// Linear regression.
    Linear(LinearRegression),
    /// Ridge regression, on standardised columns.
    Ridge(Ridge),
}

impl ModelSettings {
    /// The task the model is for.
    #[must_use]
    pub fn task(&self) -> Task {
        match self {
            Self::Linear(_) | Self::Ridge(_) => Task::Regression,
        }
    }

    /// Name of the model on the command line and in JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Linear(_) => "linear",
            Self::Ridge(_) => "ridge",
        }
    }

    /// Whether the size of the coefficients is penalised, so that the fit
    /// depends on the scale of the columns.
    #[must_use]
    pub fn is_penalised(&self) -> bool {
        matches!(self, Self::Ridge(_))
    }

    /// Whether an intercept is fitted.
    #[must_use]
    pub fn has_intercept(&self) -> bool {
        match self {
            Self::Linear(model) => model.intercept,
            Self::Ridge(model) => model.intercept,
        }
    }

    /// Fits the model to numbers.
    pub(crate) fn fit(&self, X: &Tensor, y: &[f64], weights: Option<&[f64]>) -> Result<Model> {
        let X = X.as_mat();
        Ok(match (self, weights) {
            (Self::Linear(model), None) => Model::Linear(model.fit(X, y)?),
            (Self::Linear(model), Some(w)) => Model::Linear(model.fit_weighted(X, y, w)?),
            (Self::Ridge(model), None) => Model::Ridge(model.fit(X, y)?),
            (Self::Ridge(model), Some(w)) => Model::Ridge(model.fit_weighted(X, y, w)?),
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
    /// Ridge regression.
    Ridge(FittedRidge),
}

impl Model {
    /// The task the model is for.
    #[must_use]
    pub fn task(&self) -> Task {
        match self {
            Self::Linear(_) | Self::Ridge(_) => Task::Regression,
        }
    }

    /// Name of the model on the command line and in JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Linear(_) => "linear",
            Self::Ridge(_) => "ridge",
        }
    }

    /// The name in words.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Self::Linear(_) => "linear regression",
            Self::Ridge(_) => "ridge regression",
        }
    }

    /// Whether an intercept was fitted.
    #[must_use]
    pub fn has_intercept(&self) -> bool {
        match self {
            Self::Linear(model) => model.has_intercept,
            Self::Ridge(model) => model.has_intercept,
        }
    }

    /// Coefficients and intercept of the columns as the model saw them.
    pub(crate) fn affine(&self) -> (&[f64], f64) {
        match self {
            Self::Linear(model) => (&model.coefficients, model.intercept),
            Self::Ridge(model) => (&model.coefficients, model.intercept),
        }
    }

    pub(crate) fn predict(&self, X: &Tensor) -> Result<Vec<f64>> {
        Ok(match self {
            Self::Linear(model) => model.predict(X.as_mat())?,
            Self::Ridge(model) => model.predict(X.as_mat())?,
        })
    }

    pub(crate) fn predict_row(&self, x: &[f64]) -> Result<f64> {
        Ok(match self {
            Self::Linear(model) => model.predict_row(x)?,
            Self::Ridge(model) => model.predict_row(x)?,
        })
    }

    /// What contradicts itself in a model that came from a file.
    pub(crate) fn fault(&self, n_features: usize) -> Option<String> {
        let fault = match self {
            Self::Linear(model) => model.check(),
            Self::Ridge(model) => model.check(),
        };
        if let Err(fault) = fault {
            return Some(fault.to_string());
        }
        let n = self.affine().0.len();
        (n != n_features).then(|| format!("{n} coefficients for {n_features} features"))
    }
}

//! A classifier of a pipeline: the fitted model and the names of its classes.

use serde::{Deserialize, Serialize};
use wonderland_linalg::Tensor;
use wonderland_models::FittedLogisticRegression;

use crate::Result;

/// A fitted logistic regression that knows what its classes are called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Classifier {
    /// Names of the classes, by code.
    pub classes: Vec<String>,
    /// The fitted model.
    pub fit: FittedLogisticRegression,
}

impl Classifier {
    /// Logits of every row: (n, m).
    pub(crate) fn decision(&self, X: &Tensor) -> Result<Tensor> {
        Ok(self.fit.decision(X.as_mat())?)
    }

    /// What contradicts itself in a classifier that came from a file.
    pub(crate) fn fault(&self, n_features: usize) -> Option<String> {
        let m = self.classes.len();
        let W = &self.fit.coefficients;
        if m < 2 {
            return Some(format!("{m} classes"));
        }
        if W.shape() != [n_features, m] || self.fit.intercept.len() != m {
            return Some(format!(
                "coefficients of shape {:?} and {} intercepts for {n_features} features and {m} classes",
                W.shape(),
                self.fit.intercept.len()
            ));
        }
        let distinct: std::collections::BTreeSet<&String> = self.classes.iter().collect();
        if distinct.len() < m {
            return Some("two classes of one name".into());
        }
        let numbers = W.as_slice().iter().chain(&self.fit.intercept);
        let others = [self.fit.l2, self.fit.objective, self.fit.gradient_norm];
        let finite = numbers.chain(&others).all(|v| v.is_finite());
        (!finite).then(|| "a number of its classifier is not finite".into())
    }
}

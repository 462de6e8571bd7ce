//! When to stop (notes §4.1.4): a small gradient, a small step, or a budget.

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::error::check_setting;

/// Tolerances and budgets of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stopping {
    /// Stop once max |∂f/∂xᵢ| ≤ this.
    pub gradient: f64,
    /// Stop once ‖x_{t+1} − x_t‖² < this, the rule of the notes; 0 is off.
    ///
    /// A short step only shows a slow method, not a near minimum: the gradient
    /// is the better witness.
    pub step: f64,
    /// Stop after this many iterations.
    pub max_iterations: usize,
    /// Stop after this many evaluations, checked between iterations.
    pub max_evaluations: usize,
}

impl Default for Stopping {
    fn default() -> Self {
        Self { gradient: 1e-6, step: 0.0, max_iterations: 10_000, max_evaluations: 100_000 }
    }
}

impl Stopping {
    pub(crate) fn check(&self) -> Result<()> {
        let rule = "a tolerance must be at least 0";
        check_setting(self.gradient >= 0.0, "the gradient tolerance", self.gradient, rule)?;
        check_setting(self.step >= 0.0, "the step tolerance", self.step, rule)
    }
}

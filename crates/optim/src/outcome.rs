//! What a minimiser returns, and why it stopped.

use serde::{Deserialize, Serialize};

/// Why a minimiser stopped. None of these is an error; divergence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stop {
    /// max |∂f/∂xᵢ| fell to the tolerance.
    Gradient,
    /// ‖x_{t+1} − x_t‖² fell below the tolerance of the notes.
    Step,
    /// No step lowers the value any more: the limit of the arithmetic, or of
    /// the objective's accuracy, is reached before the tolerance.
    Precision,
    /// No lower point was found although the gradient is not small beside value
    /// and point: the objective is too rough, or too steep, for its numbers.
    Stalled,
    /// The iterations ran out.
    Iterations,
    /// The evaluations ran out.
    Evaluations,
    /// The observer asked to stop.
    Observer,
}

impl Stop {
    /// Whether a tolerance was met, or the arithmetic allows no better point.
    #[must_use]
    pub fn converged(self) -> bool {
        matches!(self, Self::Gradient | Self::Step | Self::Precision)
    }
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Gradient => "the gradient met its tolerance",
            Self::Step => "the step met its tolerance",
            Self::Precision => "no step lowers the value further in floating point",
            Self::Stalled => "no lower point was found, but the gradient is not small",
            Self::Iterations => "the iterations ran out",
            Self::Evaluations => "the evaluations ran out",
            Self::Observer => "the observer asked to stop",
        })
    }
}

/// The best point a minimiser saw.
///
/// "Best" is the lowest value; among values within 8ε of the lowest,
/// relatively, the smallest gradient, because their order is rounding.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The point.
    pub x: Vec<f64>,
    /// f at the point.
    pub value: f64,
    /// max |∂f/∂xᵢ| at the point.
    pub gradient_norm: f64,
    /// Iterations, that is accepted steps.
    pub iterations: usize,
    /// Evaluations of the objective with its gradient.
    pub evaluations: usize,
    /// Hessians, or products with the Hessian, that were asked for.
    pub hessians: usize,
    /// Why the run ended.
    pub stop: Stop,
}

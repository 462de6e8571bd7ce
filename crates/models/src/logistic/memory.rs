//! What fits of logistic regression keep.

use wonderland_linalg::Tensor;
use wonderland_optim::{LbfgsMemory, NewtonMemory};

use super::columns::Columns;
use super::sweep::SweepMemory;
use super::trail::Trail;
use crate::workspace::Spare;

/// What fits keep.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(super) columns: Columns,
    pub(super) sample: SampleMemory,
    pub(super) sweep: SweepMemory,
    pub(super) lbfgs: LbfgsMemory,
    pub(super) newton: NewtonMemory,
    pub(super) trail: Trail,
    /// Where a fit starts and, when it is over, where it ended.
    pub(super) u: Vec<f64>,
}

/// The storage of a sample.
#[derive(Debug)]
pub(super) struct SampleMemory {
    pub(super) X: Tensor,
    pub(super) y: Vec<usize>,
    pub(super) weights: Vec<f64>,
    /// Rows of it, centred and scaled.
    pub(super) scaled: Spare<Vec<f64>>,
    /// Curvatures of some of its rows.
    pub(super) sums: Spare<Vec<f64>>,
}

impl Default for SampleMemory {
    fn default() -> Self {
        Self {
            X: Tensor::zeros(&[0, 0]),
            y: Vec::new(),
            weights: Vec::new(),
            scaled: Spare::default(),
            sums: Spare::default(),
        }
    }
}

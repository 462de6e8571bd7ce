//! What fits of logistic regression keep: the workspaces of their passes, and the
//! storage of a sample of the rows.

use wonderland_linalg::Tensor;
use wonderland_optim::LbfgsMemory;

use super::sweep::SweepMemory;
use crate::workspace::Spare;

/// What fits keep.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(super) sample: SampleMemory,
    pub(super) sweep: SweepMemory,
    pub(super) lbfgs: LbfgsMemory,
}

/// The storage of a sample.
#[derive(Debug)]
pub(super) struct SampleMemory {
    pub(super) X: Tensor,
    pub(super) y: Vec<usize>,
    pub(super) weights: Vec<f64>,
    /// Rows of it, centred and scaled.
    pub(super) scaled: Spare<Vec<f64>>,
}

impl Default for Memory {
    fn default() -> Self {
        let sample = SampleMemory {
            X: Tensor::zeros(&[0, 0]),
            y: Vec::new(),
            weights: Vec::new(),
            scaled: Spare::default(),
        };
        Self { sample, sweep: SweepMemory::default(), lbfgs: LbfgsMemory::default() }
    }
}

/// Makes `len` times `value` of a vector, whatever it held.
pub(super) fn renew<E: Copy>(x: &mut Vec<E>, len: usize, value: E) {
    x.clear();
    x.resize(len, value);
}

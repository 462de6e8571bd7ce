//! Kernels over slices: elementary functions, softmax and log-sum-exp, dot
//! products; the floor that the layers above stand on.
//!
//! The one idea: plain loops over functions without branches, compiled once
//! more for the widest vectors of the processor and chosen at run time
//! (`pulp`). Every rounding is written down (`mul_add` where a product is not
//! rounded, sums over a fixed number of lanes), so that every processor gives
//! the same bits; one without fused multiply-add is slow but not different.
//! The exception are the scores of [`TwoClasses`], which are summed in as many
//! lanes as the processor's vectors have.

mod back;
mod double;
mod elementary;
mod few;
mod formulas;
mod inner;
mod logistic;
mod moments;
mod narrow;
mod rows;
mod single;
mod two_classes;

pub use back::{Sixteen, rows_gradient};
pub use elementary::Elementary;
pub use few::{logsumexp_rows, softmax_rows};
pub use inner::{axpy, dot, dot_axpy, dot_twofold, sum, sum_twofold};
pub use logistic::{CrossEntropy, softmax_residuals};
pub use moments::add_moments;
pub use narrow::{padded_width, rows_times};
pub use rows::{
    log_softmax, logsumexp, logsumexp_class_major, mean_variance, softmax, softmax_class_major,
};
pub use two_classes::TwoClasses;

pub(crate) use elementary::sealed::Lane;

#[cfg(test)]
mod tests;

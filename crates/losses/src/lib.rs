#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]

mod error;
mod loss;

mod absolute;
mod gaussian;
mod huber;
mod squared;

mod hinge;
mod margin;
mod sign;
mod squared_hinge;
mod zero_one;

mod binary_cross_entropy;
mod cross_entropy;

mod class;
mod one_hot;
mod simplex;
mod softmax;

mod likelihood;
mod penalty;
mod risk;
mod sum;
mod weights;

pub use absolute::Absolute;
pub use binary_cross_entropy::{BinaryCrossEntropy, BinaryCrossEntropyFromProba};
pub use class::{argmax, argmax_rows, class_by_half, class_by_rounding};
pub use cross_entropy::{
    CrossEntropy, cross_entropy, cross_entropy_between, cross_entropy_from_logits,
};
pub use error::{Error, Result};
pub use gaussian::{GaussianNll, gaussian_log_likelihood, sigma2_mle};
pub use hinge::Hinge;
pub use huber::Huber;
pub use likelihood::{categorical_likelihood, likelihood, log_likelihood};
pub use loss::{Loss, Reduction};
pub use margin::{Margin, margin};
pub use one_hot::{one_hot, one_hot_smoothed};
pub use penalty::{Penalty, gaussian_prior, laplace_prior};
pub use risk::{GeneralisationGap, empirical_risk, generalisation_gap};
pub use simplex::{check_simplex, simplex_tolerance};
pub use softmax::{
    log_softmax, logsumexp, softmax, softmax_in_place, softmax_rows, softmax_with_temperature,
};
pub use squared::Squared;
pub use squared_hinge::SquaredHinge;
pub use weights::{balanced_class_weights, check_weights, sample_weights};
pub use zero_one::ZeroOne;

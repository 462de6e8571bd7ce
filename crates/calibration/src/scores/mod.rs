//! Proper scores and what they say about calibration: Brier, log loss, their
//! decompositions, and two classical tests.

mod brier;
mod log_loss;

pub use brier::{brier, brier_multiclass};
pub use log_loss::{LogLoss, clipped_log_loss, log_loss, log_loss_multiclass};

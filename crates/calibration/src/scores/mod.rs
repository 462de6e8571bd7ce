//! Proper scores and what they say about calibration: Brier, log loss, their
//! decompositions, and two classical tests.

mod brier;
mod corp;
mod cox;
mod log_loss;
mod murphy;
mod spiegelhalter;
mod streaming;

pub use brier::{brier, brier_multiclass};
pub use corp::{Corp, corp_brier, corp_log_loss};
pub(crate) use cox::one_outcome;
pub use cox::{Cox, cox};
pub use log_loss::{LogLoss, clipped_log_loss, log_loss, log_loss_multiclass};
pub use murphy::{Murphy, murphy};
pub use spiegelhalter::{Spiegelhalter, spiegelhalter};
pub use streaming::ScoreSums;

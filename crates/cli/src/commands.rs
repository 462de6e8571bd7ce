//! The commands, one file each: what may be written, and what is done.

pub(crate) mod calibration;
pub(crate) mod completions;
pub(crate) mod conformal;
pub(crate) mod datasets;
pub(crate) mod decide;
pub(crate) mod evaluate;
pub(crate) mod fit;
pub(crate) mod inspect;
pub(crate) mod predict;
pub(crate) mod recalibrate;

//! The commands, one file each: what may be written, and what is done.

pub(crate) mod completions;
pub(crate) mod datasets;
pub(crate) mod evaluate;
pub(crate) mod fit;
pub(crate) mod inspect;
pub(crate) mod predict;

//! The arithmetic of every operation on slices, shared by all ways to run a
//! program, so that they agree bit for bit.

pub(crate) mod elementwise;
pub(crate) mod index;
pub(crate) mod lanes;
pub(crate) mod matmul;
pub(crate) mod reduce;
pub(crate) mod tile;

//! From a table to a matrix X ~ (n, c) (notes §3.1), learned once on the
//! training rows and applied the same way ever after.

mod encoder;
mod fitted;
mod learn;
mod moments;
mod orthogonal;
mod powers;
mod settings;

pub use fitted::{Feature, Preprocessor};
pub use powers::powers;
pub use settings::{Basis, Missing, OneHot, Polynomial, Preprocessing, Unseen};

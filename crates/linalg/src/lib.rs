#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]

mod error;
mod real;
mod scalar;
mod tensor;

mod product;

mod factor;
mod least_squares;
mod scale;
pub mod special;
mod twofold;

pub use error::{Error, Result};
pub use factor::{
    Cholesky, Qr, Svd, SvdRoute, SymmetricEigen, cholesky, pinv, qr, solve_lower, solve_spd,
    solve_upper, svd, symmetric_eigen,
};
pub use faer::{MatMut, MatRef};
pub use least_squares::{
    LeastSquares, LeastSquaresSolution, RidgePath, RidgeSolution, Route, lstsq,
};
pub use product::{matmul, matmul_into};
pub use real::Real;
pub use scalar::Scalar;
pub use tensor::{Tensor, column};

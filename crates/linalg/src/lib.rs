#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]

mod error;
mod real;
mod scalar;
mod tensor;

mod product;

mod least_squares;
mod twofold;

pub use error::{Error, Result};
pub use faer::{MatMut, MatRef};
pub use least_squares::{LeastSquares, LeastSquaresSolution, Route, lstsq};
pub use product::{matmul, matmul_into};
pub use real::Real;
pub use scalar::Scalar;
pub use tensor::{Tensor, column};

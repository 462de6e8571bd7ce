#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]

mod ahead;
mod error;
mod real;
mod scalar;
mod tensor;

mod gram;
mod packed;
mod product;
mod shared;
mod vector;

pub mod kernels;

mod factor;
mod least_squares;
mod linear_model;
mod polynomial;
mod scale;
mod simd;
pub mod special;
mod threads;
mod twofold;
mod wide;

pub use error::{Error, Result};
pub use factor::{
    Cholesky, Qr, Svd, SvdRoute, SymmetricEigen, cholesky, pinv, qr, solve_lower, solve_spd,
    solve_upper, svd, symmetric_eigen,
};
pub use faer::{MatMut, MatRef};
pub use least_squares::{
    LeastSquares, LeastSquaresSolution, LeastSquaresSolver, NormalEquations, RidgePath,
    RidgeSolution, Route, lstsq,
};
pub use linear_model::{least_squares_gradient, noise_variance, squared_norm2};
pub use polynomial::{PolynomialFit, fit_polynomial};
pub use product::{gram, matmul, matmul_batched, matmul_batched_into, matmul_into, matvec};
pub use real::Real;
pub use scalar::Scalar;
pub use shared::{adds_same_bits, is_worth_sharing, matmul_shared};
pub use tensor::{Tensor, column};
pub use threads::{Team, Threads};
pub use vector::{best_template, cosine_similarity, dot, norm, norm_l1, norm_max};
pub use wide::{Wide, wide};

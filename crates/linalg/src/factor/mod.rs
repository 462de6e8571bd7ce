//! Factorisations behind one door: shapes and finiteness are checked first,
//! the arithmetic is `f64` whatever the element type, faer runs sequentially,
//! and what it returns is checked again.

mod cholesky;
mod eigen;
mod pinv;
mod qr;
mod svd;
mod triangular;

pub use cholesky::{Cholesky, cholesky, solve_spd};
pub(crate) use cholesky::{factor as factor_spd, solve_in_place as solve_factored};
pub use eigen::{SymmetricEigen, symmetric_eigen};
pub use pinv::pinv;
pub use qr::{Qr, qr};
pub(crate) use svd::Factors;
pub use svd::{Svd, SvdRoute, svd};
pub use triangular::{solve_lower, solve_upper};

use faer::{Mat, MatRef};

use crate::scale::{exponent, pow2};
use crate::{Error, Result, Scalar, Tensor};

/// A matrix in `f64` times 2^(−exponent), its largest element near 1.
struct Widened {
    mat: Mat<f64>,
    exponent: i32,
}

/// Refuses NaN and infinities, then widens and scales.
fn widen<T: Scalar>(X: MatRef<'_, T>, name: &'static str) -> Result<Widened> {
    check_finite(X, name)?;
    let largest = (0..X.ncols())
        .flat_map(|j| (0..X.nrows()).map(move |i| (i, j)))
        .fold(0.0, |m: f64, at| m.max(X[at].to_f64().abs()));
    let e = exponent(largest).clamp(-1000, 1000);
    let factor = pow2(-e);
    Ok(Widened {
        mat: Mat::from_fn(X.nrows(), X.ncols(), |i, j| X[(i, j)].to_f64() * factor),
        exponent: e,
    })
}

/// Refuses NaN and infinities, naming the first.
///
/// # Errors
/// [`Error::NonFinite`].
pub(crate) fn check_finite<T: Scalar>(X: MatRef<'_, T>, name: &'static str) -> Result<()> {
    for i in 0..X.nrows() {
        for j in 0..X.ncols() {
            let value = X[(i, j)].to_f64();
            if !value.is_finite() {
                return Err(Error::NonFinite { name, row: i, column: j, value });
            }
        }
    }
    Ok(())
}

fn check_square<T: Scalar>(A: MatRef<'_, T>, op: &'static str) -> Result<()> {
    if A.nrows() == A.ncols() {
        return Ok(());
    }
    Err(Error::NotSquare { op, shape: vec![A.nrows(), A.ncols()] })
}

/// The matrix rounded to `T`.
fn narrow<T: Scalar>(mat: MatRef<'_, f64>) -> Tensor<T> {
    Tensor::from_fn(mat.nrows(), mat.ncols(), |i, j| T::from_f64(mat[(i, j)]))
}

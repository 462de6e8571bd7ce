//! Eigenvalues of symmetric matrices.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd;
use faer::{Mat, MatRef, Par};

use super::{check_square, narrow, svd, widen};
use crate::scale::ldexp;
use crate::{Error, Result, Scalar, Tensor};

/// A = Q diag(values) Qᵀ of a symmetric matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct SymmetricEigen<T: Scalar = f64> {
    /// Eigenvalues, ascending.
    pub values: Vec<T>,
    /// Orthonormal eigenvectors, as columns in the same order.
    pub vectors: Tensor<T>,
}

/// Eigenvalues and eigenvectors of a symmetric matrix.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::NonFinite`] (faer's own routine would answer
/// NaN with success), [`Error::NotSymmetric`] when A and Aᵀ differ by more than
/// 64 ε of the largest element.
///
/// # Examples
/// ```
/// use wonderland_linalg::{Tensor, symmetric_eigen};
/// // Eigenvalues 1 and 3 by hand.
/// let A = Tensor::from_rows(&[[2.0, 1.0], [1.0, 2.0]]);
/// let eigen = symmetric_eigen(A.as_mat())?;
/// assert!((eigen.values[0] - 1.0_f64).abs() < 1e-15);
/// assert!((eigen.values[1] - 3.0_f64).abs() < 1e-15);
/// # Ok::<(), wonderland_linalg::Error>(())
/// ```
pub fn symmetric_eigen<T: Scalar>(A: MatRef<'_, T>) -> Result<SymmetricEigen<T>> {
    check_square(A, "symmetric eigendecomposition")?;
    let wide = widen(A, "A")?;
    let A = wide.mat.as_ref();
    let n = A.nrows();
    let tol = 64.0 * T::EPSILON.to_f64();
    for i in 0..n {
        for j in 0..i {
            if (A[(i, j)] - A[(j, i)]).abs() > tol {
                return Err(Error::NotSymmetric {
                    row: i,
                    column: j,
                    lower: ldexp(A[(i, j)], wide.exponent),
                    upper: ldexp(A[(j, i)], wide.exponent),
                });
            }
        }
    }
    let (values, vectors) = tridiagonal(A).unwrap_or_else(|| by_svd(A));
    Ok(SymmetricEigen {
        values: values.iter().map(|&v| T::from_f64(ldexp(v, wide.exponent))).collect(),
        vectors: narrow(vectors.as_ref()),
    })
}

/// faer's route; `None` when it does not converge or is not finite.
fn tridiagonal(A: MatRef<'_, f64>) -> Option<(Vec<f64>, Mat<f64>)> {
    let n = A.nrows();
    let (mut values, mut vectors) = (Mat::<f64>::zeros(n, 1), Mat::zeros(n, n));
    let params = Default::default();
    let yes = evd::ComputeEigenvectors::Yes;
    let mut memory = MemBuffer::new(evd::self_adjoint_evd_scratch::<f64>(n, yes, Par::Seq, params));
    evd::self_adjoint_evd(
        A,
        values.col_mut(0).as_diagonal_mut(),
        Some(vectors.as_mut()),
        Par::Seq,
        MemStack::new(&mut memory),
        params,
    )
    .ok()?;
    let values: Vec<f64> = (0..n).map(|i| values[(i, 0)]).collect();
    let finite = values.iter().all(|v| v.is_finite())
        && vectors.col_iter().all(|c| c.iter().all(|x| x.is_finite()));
    finite.then_some((values, vectors))
}

/// The second route: A + σI is positive semidefinite for σ = ‖A‖_∞, so its
/// singular vectors are eigenvectors; σ is taken off again. Absolute errors
/// stay at ε ‖A‖.
fn by_svd(A: MatRef<'_, f64>) -> (Vec<f64>, Mat<f64>) {
    let n = A.nrows();
    let sigma = (0..n).map(|i| (0..n).map(|j| A[(i, j)].abs()).sum::<f64>()).fold(0.0, f64::max);
    let shifted = Mat::from_fn(n, n, |i, j| A[(i, j)] + if i == j { sigma } else { 0.0 });
    let factors = svd::decompose(shifted.as_ref()).0;
    let values = factors.s.iter().rev().map(|s| s - sigma).collect();
    (values, Mat::from_fn(n, n, |i, j| factors.V[(i, n - 1 - j)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_routes_agree() {
        let A = Tensor::<f64>::from_fn(6, 6, |i, j| {
            1.0 / (1.0 + i as f64 + j as f64) - f64::from(u8::from(i == j))
        });
        let (first, Q) = tridiagonal(A.as_mat()).unwrap();
        let (second, P) = by_svd(A.as_mat());
        for k in 0..6 {
            assert!((first[k] - second[k]).abs() < 16.0 * f64::EPSILON);
            // A q = λ q by either.
            for (values, Q) in [(&first, &Q), (&second, &P)] {
                for i in 0..6 {
                    let Aq: f64 = (0..6).map(|j| A[[i, j]] * Q[(j, k)]).sum();
                    assert!((Aq - values[k] * Q[(i, k)]).abs() < 32.0 * f64::EPSILON);
                }
            }
        }
    }

    #[test]
    fn nan_is_refused_where_faer_answers() {
        let mut A = Tensor::<f64>::eye(3);
        A[[1, 0]] = f64::NAN;
        assert!(matches!(
            symmetric_eigen(A.as_mat()),
            Err(Error::NonFinite { row: 1, column: 0, .. })
        ));
        A[[1, 0]] = 0.5;
        let error = symmetric_eigen(A.as_mat()).unwrap_err();
        assert_eq!(error, Error::NotSymmetric { row: 1, column: 0, lower: 0.5, upper: 0.0 });
        let wide = Tensor::<f64>::zeros(&[2, 3]);
        assert!(matches!(symmetric_eigen(wide.as_mat()), Err(Error::NotSquare { .. })));
    }
}

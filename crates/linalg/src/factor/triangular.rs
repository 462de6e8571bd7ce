//! Triangular systems.

use faer::MatRef;

use super::{check_finite, check_square};
use crate::{Error, Result, Scalar, Tensor};

/// Solves R X = B for upper triangular R; what is below the diagonal is not read.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::ShapeMismatch`], [`Error::NonFinite`],
/// [`Error::Singular`] for a zero on the diagonal, [`Error::Overflow`].
///
/// # Examples
/// ```
/// use wonderland_linalg::{Tensor, column, solve_upper};
/// let R = Tensor::from_rows(&[[2.0, 1.0], [0.0, 4.0]]);
/// let x = solve_upper(R.as_mat(), column(&[4.0, 8.0]))?;
/// assert_eq!(x.as_slice(), [1.0, 2.0]);
/// # Ok::<(), wonderland_linalg::Error>(())
/// ```
pub fn solve_upper<T: Scalar>(R: MatRef<'_, T>, B: MatRef<'_, T>) -> Result<Tensor<T>> {
    let n = R.nrows();
    solve(R, B, &(0..n).rev().collect::<Vec<_>>(), |i| i + 1..n)
}

/// Solves L X = B for lower triangular L; what is above the diagonal is not read.
///
/// # Errors
/// Those of [`solve_upper`].
///
/// # Examples
/// ```
/// use wonderland_linalg::{Tensor, column, solve_lower};
/// let L = Tensor::from_rows(&[[2.0, 0.0], [1.0, 4.0]]);
/// let x = solve_lower(L.as_mat(), column(&[4.0, 10.0]))?;
/// assert_eq!(x.as_slice(), [2.0, 2.0]);
/// # Ok::<(), wonderland_linalg::Error>(())
/// ```
pub fn solve_lower<T: Scalar>(L: MatRef<'_, T>, B: MatRef<'_, T>) -> Result<Tensor<T>> {
    solve(L, B, &(0..L.nrows()).collect::<Vec<_>>(), |i| 0..i)
}

/// Substitution in the given order of rows; `known` are the unknowns before i.
fn solve<T: Scalar>(
    A: MatRef<'_, T>,
    B: MatRef<'_, T>,
    order: &[usize],
    known: impl Fn(usize) -> std::ops::Range<usize>,
) -> Result<Tensor<T>> {
    check_square(A, "triangular solve")?;
    let n = A.nrows();
    if B.nrows() != n {
        return Err(Error::ShapeMismatch {
            op: "triangular solve",
            left: vec![n, n],
            right: vec![B.nrows(), B.ncols()],
            rule: "the right-hand side must have one row per row of the triangle",
        });
    }
    check_finite(A, "the triangle")?;
    check_finite(B, "B")?;
    let mut X = Tensor::zeros(&[n, B.ncols()]);
    for k in 0..B.ncols() {
        let mut x = vec![0.0; n];
        for &i in order {
            let pivot = A[(i, i)].to_f64();
            if pivot == 0.0 {
                return Err(Error::Singular { pivot: i });
            }
            let sum: f64 = known(i).map(|j| A[(i, j)].to_f64() * x[j]).sum();
            x[i] = (B[(i, k)].to_f64() - sum) / pivot;
            X[[i, k]] = T::from_f64(x[i]);
            if !X[[i, k]].is_finite() {
                return Err(Error::Overflow { what: "solution", column: k });
            }
        }
    }
    Ok(X)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column;

    #[test]
    fn faults_are_typed() {
        let R = Tensor::from_rows(&[[1.0, 2.0], [0.0, 0.0]]);
        assert_eq!(
            solve_upper(R.as_mat(), column(&[1.0, 1.0])).unwrap_err(),
            Error::Singular { pivot: 1 }
        );
        assert!(matches!(
            solve_upper(R.as_mat(), column(&[1.0])),
            Err(Error::ShapeMismatch { .. })
        ));
        assert!(matches!(
            solve_lower(R.as_mat(), column(&[1.0, f64::INFINITY])),
            Err(Error::NonFinite { .. })
        ));
        let tiny = Tensor::from_rows(&[[1e-300]]);
        assert!(matches!(
            solve_lower(tiny.as_mat(), column(&[1e300])),
            Err(Error::Overflow { .. })
        ));
        let wide = Tensor::<f64>::zeros(&[1, 2]);
        assert!(matches!(solve_lower(wide.as_mat(), column(&[1.0])), Err(Error::NotSquare { .. })));
    }
}

//! Cholesky factorisation and symmetric positive definite systems.

use faer::MatRef;

use super::{check_finite, check_square};
use crate::least_squares::dot;
use crate::scale::{exponent, ldexp, pow2};
use crate::simd::dispatch;
use crate::twofold::Twofold;
use crate::{Error, Result, Scalar, Tensor};

/// A = D L Lᵀ D of a symmetric positive definite matrix, D powers of two.
///
/// Only the lower triangle of A is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Cholesky {
    /// Lower triangle of the scaled A, row-major.
    A: Vec<f64>,
    /// Lower triangular, row-major.
    L: Vec<f64>,
    n: usize,
    /// D = diag(2^exponents).
    exponents: Vec<i32>,
}

/// Factors a symmetric positive definite matrix.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::NonFinite`], and
/// [`Error::NotPositiveDefinite`] naming the pivot.
///
/// # Numerics
/// In `f64`, on the matrix scaled to a diagonal near 1 by powers of two, so
/// badly scaled variables cost no digits.
pub fn cholesky<T: Scalar>(A: MatRef<'_, T>) -> Result<Cholesky> {
    check_square(A, "Cholesky factorisation")?;
    check_finite(A, "A")?;
    let n = A.nrows();
    let mut exponents = vec![0; n];
    for (i, e) in exponents.iter_mut().enumerate() {
        let d = A[(i, i)].to_f64();
        if d <= 0.0 {
            return Err(Error::NotPositiveDefinite { pivot: i, value: d });
        }
        *e = exponent(d).div_euclid(2);
    }
    let mut scaled = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            scaled[i * n + j] = ldexp(A[(i, j)].to_f64(), -exponents[i] - exponents[j]);
        }
    }
    let mut L = scaled.clone();
    factor(&mut L, n).map_err(|(pivot, value)| Error::NotPositiveDefinite {
        pivot,
        value: ldexp(value, 2 * exponents[pivot]),
    })?;
    Ok(Cholesky { A: scaled, L, n, exponents })
}

/// Replaces the lower triangle of row-major `A` ~ (n, n) by its Cholesky
/// factor; the error is the first pivot that is not positive.
pub(crate) fn factor(A: &mut [f64], n: usize) -> Result<(), (usize, f64)> {
    dispatch!(factor_kernel(A: &'a mut [f64], n: usize) -> Result<(), (usize, f64)>)
}

#[inline(always)]
fn factor_kernel(A: &mut [f64], n: usize) -> Result<(), (usize, f64)> {
    for i in 0..n {
        let (done, rest) = A.split_at_mut(i * n);
        let row = &mut rest[..=i];
        for j in 0..i {
            let other = &done[j * n..j * n + j + 1];
            row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
        }
        let pivot = row[i] - dot(&row[..i], &row[..i]);
        if pivot.is_nan() || pivot <= 0.0 {
            return Err((i, pivot));
        }
        row[i] = pivot.sqrt();
    }
    Ok(())
}

/// x ← (L Lᵀ)⁻¹ x for row-major lower triangular L.
pub(crate) fn solve_in_place(L: &[f64], n: usize, x: &mut [f64]) {
    for i in 0..n {
        let row = &L[i * n..i * n + i + 1];
        x[i] = (x[i] - dot(&row[..i], &x[..i])) / row[i];
    }
    for i in (0..n).rev() {
        let row = &L[i * n..i * n + i + 1];
        x[i] /= row[i];
        let xi = x[i];
        for (x, l) in x[..i].iter_mut().zip(row) {
            *x -= l * xi;
        }
    }
}

impl Cholesky {
    /// Solves A X = B.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NonFinite`], [`Error::Overflow`].
    ///
    /// # Numerics
    /// Refined with twofold residuals: as long as κ of the scaled A is below
    /// about 10¹⁴ the error is an ulp or so.
    pub fn solve<T: Scalar>(&self, B: MatRef<'_, T>) -> Result<Tensor<T>> {
        if B.nrows() != self.n {
            return Err(Error::ShapeMismatch {
                op: "solve",
                left: vec![self.n, self.n],
                right: vec![B.nrows(), B.ncols()],
                rule: "the right-hand side must have one row per row of A",
            });
        }
        check_finite(B, "B")?;
        let mut X = Tensor::zeros(&[self.n, B.ncols()]);
        for k in 0..B.ncols() {
            let b: Vec<f64> = (0..self.n).map(|i| B[(i, k)].to_f64()).collect();
            let top = b.iter().zip(&self.exponents).filter(|(b, _)| **b != 0.0);
            let common = top.map(|(&b, e)| exponent(b) - e).max().unwrap_or(0);
            let b: Vec<f64> =
                b.iter().zip(&self.exponents).map(|(&b, &e)| ldexp(b, -e - common)).collect();
            for (i, x) in self.refined(&b).into_iter().enumerate() {
                let value = T::from_f64(ldexp(x, common - self.exponents[i]));
                if !value.is_finite() {
                    return Err(Error::Overflow { what: "solution", column: k });
                }
                X[[i, k]] = value;
            }
        }
        Ok(X)
    }

    /// ln det A.
    #[must_use]
    pub fn log_det(&self) -> f64 {
        let logs = (0..self.n).map(|i| self.L[i * self.n + i].ln()).sum::<f64>();
        let twos: i32 = self.exponents.iter().sum();
        2.0 * (logs + f64::from(twos) * std::f64::consts::LN_2)
    }

    /// L with A = L Lᵀ, in the units of A.
    #[must_use]
    pub fn lower(&self) -> Tensor {
        Tensor::from_fn(self.n, self.n, |i, j| {
            if j <= i { self.L[i * self.n + j] * pow2(self.exponents[i]) } else { 0.0 }
        })
    }

    fn refined(&self, b: &[f64]) -> Vec<f64> {
        let n = self.n;
        let mut x = vec![Twofold::ZERO; n];
        let mut previous = f64::INFINITY;
        // Each round gains the digits that κ ε leaves; a dozen serve any κ for
        // which the factorisation exists.
        for _ in 0..12 {
            let mut r: Vec<f64> = (0..n)
                .map(|i| {
                    let mut sum = Twofold { hi: b[i], lo: 0.0 };
                    for (j, x) in x.iter().enumerate() {
                        let a = if j <= i { self.A[i * n + j] } else { self.A[j * n + i] };
                        sum = sum.plus_twofold(x.times(-a));
                    }
                    sum.hi
                })
                .collect();
            solve_in_place(&self.L, n, &mut r);
            let step = r.iter().fold(0.0_f64, |m, d| m.max(d.abs()));
            if step >= previous / 2.0 || step.is_nan() {
                break;
            }
            previous = step;
            let mut done = true;
            for (x, d) in x.iter_mut().zip(&r) {
                *x = x.plus(*d);
                done &= d.abs() <= f64::EPSILON / 16.0 * x.hi.abs();
            }
            if done {
                break;
            }
        }
        x.into_iter().map(|x| x.hi).collect()
    }
}

/// Solves A X = B for a symmetric positive definite A (its lower triangle).
///
/// # Errors
/// Those of [`cholesky`] and [`Cholesky::solve`].
///
/// # Examples
/// ```
/// use wonderland_linalg::{Tensor, column, solve_spd};
/// let A = Tensor::from_rows(&[[4.0, 2.0], [2.0, 3.0]]);
/// let x = solve_spd(A.as_mat(), column(&[2.0, 5.0]))?;
/// assert_eq!(x.as_slice(), [-0.5, 2.0]);
/// # Ok::<(), wonderland_linalg::Error>(())
/// ```
pub fn solve_spd<T: Scalar>(A: MatRef<'_, T>, B: MatRef<'_, T>) -> Result<Tensor<T>> {
    cholesky(A)?.solve(B)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column;

    #[test]
    fn badly_scaled_variables_cost_nothing() {
        // [[2, 1], [1, 3]] with variables in units of 1e150 and 1e-150.
        let A = Tensor::from_rows(&[[2e300, 1.0], [1.0, 3e-300]]);
        let x = solve_spd(A.as_mat(), column(&[3e150, 4e-150])).unwrap();
        assert!((x[[0, 0]] / 1e-150 - 1.0_f64).abs() < 4e-16, "{x:?}");
        assert!((x[[1, 0]] / 1e150 - 1.0_f64).abs() < 4e-16, "{x:?}");
    }

    #[test]
    fn the_hilbert_matrix_is_solved() {
        // Hilbert 8 × 8 times lcm(1..15) is an integer matrix; x = 1 has an
        // integer right-hand side. κ = 1.5e10.
        let H = Tensor::from_fn(8, 8, |i, j| 360_360.0 / (i + j + 1) as f64);
        let b: Vec<f64> = (0..8).map(|i| H.row(i).iter().sum()).collect();
        let x = solve_spd(H.as_mat(), column(&b)).unwrap();
        assert_eq!(x.as_slice(), [1.0; 8]);
    }

    #[test]
    fn log_det_and_factor() {
        let A = Tensor::from_rows(&[[4.0, 2.0], [2.0, 3.0]]);
        let chol = cholesky(A.as_mat()).unwrap();
        assert!((chol.log_det() - 8.0_f64.ln()).abs() < 1e-15);
        let L = chol.lower();
        assert_eq!(L.as_slice(), [2.0, 0.0, 1.0, 2.0_f64.sqrt()]);
    }

    #[test]
    fn faults_are_typed() {
        let indefinite = Tensor::from_rows(&[[1.0, 2.0], [2.0, 1.0]]);
        let error = cholesky(indefinite.as_mat()).unwrap_err();
        assert_eq!(error, Error::NotPositiveDefinite { pivot: 1, value: -3.0 });
        let error = cholesky(Tensor::from_rows(&[[0.0]]).as_mat()).unwrap_err();
        assert_eq!(error, Error::NotPositiveDefinite { pivot: 0, value: 0.0 });
        let chol = cholesky(Tensor::<f64>::eye(2).as_mat()).unwrap();
        assert!(matches!(chol.solve(column(&[1.0])), Err(Error::ShapeMismatch { .. })));
        assert!(matches!(chol.solve(column(&[1.0, f64::NAN])), Err(Error::NonFinite { .. })));
        let tiny = cholesky(Tensor::from_rows(&[[1e-300]]).as_mat()).unwrap();
        assert!(matches!(tiny.solve(column(&[1e300])), Err(Error::Overflow { .. })));
    }
}

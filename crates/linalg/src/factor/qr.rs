//! The thin QR factorisation by Householder reflections.

use faer::MatRef;

use super::widen;
use crate::least_squares::{reflect, reflector};
use crate::scale::ldexp;
use crate::{Result, Scalar, Tensor};

/// X = Q R with k = min(n, c).
#[derive(Debug, Clone, PartialEq)]
pub struct Qr<T: Scalar = f64> {
    /// Orthonormal columns ~ (n, k).
    pub Q: Tensor<T>,
    /// Upper triangular (trapezoidal for n < c) ~ (k, c), diagonal ≥ 0.
    pub R: Tensor<T>,
}

/// The thin QR factorisation of X ~ (n, c), without pivoting.
///
/// With the diagonal of R taken non-negative it is unique when the columns of
/// X are independent. Every column is reflected, however small.
///
/// # Errors
/// [`Error::NonFinite`](crate::Error::NonFinite) for NaN and infinities.
///
/// # Examples
/// ```
/// use wonderland_linalg::{Tensor, qr};
/// let X = Tensor::from_rows(&[[3.0, 1.0], [4.0, 2.0]]);
/// let qr = qr(X.as_mat())?;
/// assert!((qr.R[[0, 0]] - 5.0_f64).abs() < 1e-15);
/// # Ok::<(), wonderland_linalg::Error>(())
/// ```
pub fn qr<T: Scalar>(X: MatRef<'_, T>) -> Result<Qr<T>> {
    let wide = widen(X, "X")?;
    let (n, c) = (X.nrows(), X.ncols());
    let k = n.min(c);
    let mut columns: Vec<Vec<f64>> =
        (0..c).map(|j| wide.mat.col(j).iter().copied().collect()).collect();
    let mut reflectors = Vec::with_capacity(k);
    for i in 0..k {
        let (head, tail) = columns.split_at_mut(i + 1);
        let mut v = head[i][i..].to_vec();
        let found = reflector(&mut v);
        if let Some((beta, tau)) = found {
            for column in tail {
                reflect(&v, tau, &mut column[i..]);
            }
            head[i][i] = beta;
            reflectors.push((v, tau));
        } else {
            reflectors.push((v, 0.0));
        }
    }
    let sign = |i: usize| if columns[i][i] < 0.0 { -1.0 } else { 1.0 };
    let mut Q = Tensor::zeros(&[n, k]);
    for j in 0..k {
        let mut q = vec![0.0; n];
        q[j] = 1.0;
        for (i, (v, tau)) in reflectors.iter().enumerate().rev() {
            reflect(v, *tau, &mut q[i..]);
        }
        for (i, q) in q.into_iter().enumerate() {
            Q[[i, j]] = T::from_f64(q * sign(j));
        }
    }
    let R = Tensor::from_fn(k, c, |i, j| {
        T::from_f64(if j >= i { ldexp(columns[j][i] * sign(i), wide.exponent) } else { 0.0 })
    });
    Ok(Qr { Q, R })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matmul;

    #[track_caller]
    fn check(X: &Tensor, tol: f64) {
        let Qr { Q, R } = qr(X.as_mat()).unwrap();
        let product = matmul(Q.as_mat(), R.as_mat()).unwrap();
        for (a, b) in product.as_slice().iter().zip(X.as_slice()) {
            assert!((a - b).abs() <= tol, "{product:?} is not {X:?}");
        }
        let gram = matmul(Q.as_mat().transpose(), Q.as_mat()).unwrap();
        let eye = Tensor::<f64>::eye(gram.nrows());
        for (a, b) in gram.as_slice().iter().zip(eye.as_slice()) {
            assert!((a - b).abs() <= 32.0 * f64::EPSILON, "{gram:?}");
        }
        assert!(
            (0..R.nrows()).all(|i| R[[i, i]] >= 0.0 && R.row(i)[..i].iter().all(|&r| r == 0.0))
        );
    }

    #[test]
    fn shapes_and_ranks() {
        let tol = 64.0 * f64::EPSILON;
        check(&Tensor::from_fn(9, 4, |i, j| ((3 * i + 7 * j) as f64).sin()), tol);
        check(&Tensor::from_fn(3, 5, |i, j| ((3 * i + 7 * j) as f64).sin()), tol);
        check(&Tensor::from_fn(5, 3, |i, _| i as f64), tol);
        check(&Tensor::zeros(&[4, 2]), 0.0);
        check(&Tensor::zeros(&[2, 0]), 0.0);
        // A column that faer's QR would drop.
        check(&Tensor::from_rows(&[[1.0, 1.0], [1.0, 1.0 + 1e-15], [1.0, 1.0]]), tol);
    }
}

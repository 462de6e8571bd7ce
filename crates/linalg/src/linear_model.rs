//! The pieces of gradient descent on least squares (notes §4.1.4 and §4.1.5):
//! LS(w) = (1/n) ‖y − Xw‖².

use faer::MatRef;

use crate::{Error, Result, Scalar, column, matmul_into, matvec, norm};

/// ∇LS(w) = (2/n) Xᵀ(Xw − y), the gradient of (1/n) ‖y − Xw‖².
///
/// The notes leave out the factor 2/n (erratum to §4.1.4).
///
/// # Shapes
/// X ~ (n, c), w ~ (c), y ~ (n), returns (c).
///
/// # Errors
/// [`Error::ShapeMismatch`]: a w of shape (c, 1) against y of shape (n) cannot
/// broadcast to (n, n) here. [`Error::Empty`] for no rows.
///
/// # Numerics
/// Two products with a vector, O(n c): XᵀX is never formed (notes §4.1.5).
///
/// # Examples
/// ```
/// use wonderland_linalg::{Tensor, least_squares_gradient};
/// let X = Tensor::from_rows(&[[1.0], [3.0]]);
/// // Residuals 2 − 1 and 6 − 5: (2/2) (1 · 1 + 3 · 1).
/// assert_eq!(least_squares_gradient(X.as_mat(), &[2.0], &[1.0, 5.0])?, [4.0]);
/// # Ok::<(), wonderland_linalg::Error>(())
/// ```
pub fn least_squares_gradient<T: Scalar>(X: MatRef<'_, T>, w: &[T], y: &[T]) -> Result<Vec<T>> {
    let mut residual = residual(X, w, y)?;
    let factor = T::from_f64(2.0 / y.len() as f64);
    residual.iter_mut().for_each(|r| *r *= factor);
    matvec(X.transpose(), &residual)
}

/// σ*² = (1/n) Σ (yᵢ − xᵢᵀw)², the maximum-likelihood variance of the noise.
///
/// # Errors
/// [`Error::ShapeMismatch`], [`Error::Empty`] for no rows.
///
/// # References
/// Notes §4.1.4.
pub fn noise_variance<T: Scalar>(X: MatRef<'_, T>, w: &[T], y: &[T]) -> Result<T> {
    let r = residual(X, w, y)?;
    let rms = norm(&r) / T::from_f64(y.len() as f64).sqrt();
    Ok(rms * rms)
}

/// λ_max(XᵀX) = ‖X‖₂², approached from below by power iteration.
///
/// Gradient descent on ‖y − Xw‖² (gradient 2Xᵀ(Xw − y)) converges for steps
/// below 1/λ_max, on (1/n)‖y − Xw‖² below n/λ_max, and with the direction
/// Xᵀ(y − Xw) of the notes below 2/λ_max: their fixed 1e−3 diverges
/// for large n (erratum to §4.1.4).
///
/// # Errors
/// [`Error::NonFinite`] for NaN and infinities in X or when λ_max overflows.
///
/// # Numerics
/// Stops when an iteration gains less than `rtol` of the estimate, after at
/// most 1000; with two eigenvalues nearly equal at the top the estimate is as
/// near as their ratio. O(n c) each, from a fixed start.
pub fn squared_norm2<T: Scalar>(X: MatRef<'_, T>, rtol: T) -> Result<T> {
    crate::factor::check_finite(X, "X")?;
    let (n, c) = (X.nrows(), X.ncols());
    let mut v: Vec<T> =
        (0..c).map(|j| T::from_f64(1.0 + ((j * 7919 + 13) % 101) as f64 / 101.0)).collect();
    let mut estimate = T::ZERO;
    let mut Xv = vec![T::ZERO; n];
    for _ in 0..1000 {
        let length = norm(&v);
        if length == T::ZERO {
            break;
        }
        v.iter_mut().for_each(|v| *v /= length);
        let out = faer::MatMut::from_column_major_slice_mut(&mut Xv, n, 1);
        matmul_into(out, false, X, column(&v))?;
        let size = norm(&Xv);
        let next = size * size;
        if !next.is_finite() {
            let value = next.to_f64();
            return Err(Error::NonFinite { name: "XᵀX", row: 0, column: 0, value });
        }
        let gain = next - estimate;
        estimate = estimate.maximum(next);
        if gain <= rtol * estimate {
            break;
        }
        let out = faer::MatMut::from_column_major_slice_mut(&mut v, c, 1);
        matmul_into(out, false, X.transpose(), column(&Xv))?;
    }
    Ok(estimate)
}

/// Xw − y.
fn residual<T: Scalar>(X: MatRef<'_, T>, w: &[T], y: &[T]) -> Result<Vec<T>> {
    if X.nrows() != y.len() || X.ncols() != w.len() {
        return Err(Error::ShapeMismatch {
            op: "residual",
            left: vec![X.nrows(), X.ncols()],
            right: vec![w.len(), y.len()],
            rule: "w must have one entry per column of X and y one per row",
        });
    }
    if y.is_empty() {
        return Err(Error::Empty { op: "residual" });
    }
    let mut r = matvec(X, w)?;
    r.iter_mut().zip(y).for_each(|(r, y)| *r -= *y);
    Ok(r)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tensor, lstsq};

    fn data() -> (Tensor, Vec<f64>) {
        let X = Tensor::from_fn(50, 3, |i, j| ((i * (13 + 4 * j)) as f64 * 0.3).sin());
        let y = (0..50).map(|i| (i as f64 * 0.77).cos()).collect();
        (X, y)
    }

    fn objective(X: &Tensor, w: &[f64], y: &[f64]) -> f64 {
        let r = residual(X.as_mat(), w, y).unwrap();
        r.iter().map(|r| r * r).sum::<f64>() / y.len() as f64
    }

    #[test]
    fn erratum_4_1_4_the_gradient_has_the_factor_two_over_n() {
        let (X, y) = data();
        let w = [0.3, -1.0, 2.0];
        let gradient = least_squares_gradient(X.as_mat(), &w, &y).unwrap();
        // Central differences are exact for a quadratic, up to rounding ε/h.
        let h = 1e-3;
        for j in 0..3 {
            let moved = |s: f64| {
                let mut w = w;
                w[j] += s;
                objective(&X, &w, &y)
            };
            let difference = (moved(h) - moved(-h)) / (2.0 * h);
            assert!(
                (gradient[j] - difference).abs() < 1e-11,
                "{} is not {difference}",
                gradient[j]
            );
        }
        let best = lstsq(X.as_mat(), column(&y)).unwrap();
        let gradient =
            least_squares_gradient(X.as_mat(), best.coefficients.as_slice(), &y).unwrap();
        assert!(gradient.iter().all(|g| g.abs() < 1e-15));
    }

    #[test]
    fn notes_4_1_4_the_optimal_variance() {
        let (X, y) = data();
        let best = lstsq(X.as_mat(), column(&y)).unwrap();
        let sigma2 = noise_variance(X.as_mat(), best.coefficients.as_slice(), &y).unwrap();
        assert!((sigma2 - best.sigma2(0)).abs() < 1e-15);
        assert!((sigma2 - objective(&X, best.coefficients.as_slice(), &y)).abs() < 1e-15);
    }

    #[test]
    fn erratum_4_1_4_steps_below_the_bound_converge_and_beyond_it_diverge() {
        let (X, y) = data();
        let n = y.len() as f64;
        let lambda = squared_norm2(X.as_mat(), 1e-10).unwrap();
        let descend = |step: f64| {
            let mut w = vec![0.0; 3];
            for _ in 0..500 {
                let gradient = least_squares_gradient(X.as_mat(), &w, &y).unwrap();
                w.iter_mut().zip(gradient).for_each(|(w, g)| *w -= step * g);
            }
            w
        };
        let best = lstsq(X.as_mat(), column(&y)).unwrap();
        for (w, best) in descend(0.95 * n / lambda).iter().zip(best.coefficients.as_slice()) {
            assert!((w - best).abs() < 1e-9);
        }
        assert!(norm(&descend(1.05 * n / lambda)) > 1e6);
    }

    #[test]
    fn erratum_4_1_4_shapes_are_checked() {
        let (X, y) = data();
        let error = least_squares_gradient(X.as_mat(), &[1.0], &y).unwrap_err();
        assert!(matches!(error, Error::ShapeMismatch { .. }));
        let empty = Tensor::<f64>::zeros(&[0, 1]);
        assert!(matches!(noise_variance(empty.as_mat(), &[1.0], &[]), Err(Error::Empty { .. })));
        // The largest singular value of diag(3, 4) is 4.
        let D = Tensor::from_rows(&[[3.0, 0.0], [0.0, 4.0]]);
        assert!((squared_norm2(D.as_mat(), 1e-15).unwrap() - 16.0_f64).abs() < 1e-12);
        assert_eq!(
            squared_norm2(Tensor::<f64>::zeros(&[3, 2]).as_mat(), 1e-3).unwrap().to_bits(),
            0
        );
        let big = Tensor::from_rows(&[[1e300]]);
        assert!(matches!(squared_norm2(big.as_mat(), 1e-3), Err(Error::NonFinite { .. })));
    }
}

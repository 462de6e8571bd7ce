//! The Moore–Penrose pseudoinverse (notes §4.1.4 with its erratum).

use faer::MatRef;

use super::{svd, widen};
use crate::scale::ldexp;
use crate::{Error, Result, Scalar, Tensor};

/// X⁺ = V Σ⁺ Uᵀ ~ (c, n), singular values at most `tol` times the largest
/// taken as zero; `None` takes ε · max(n, c) with the ε of `T`.
///
/// The notes' (XᵀX)⁻¹Xᵀ is the case of independent columns only. To solve a
/// least-squares problem use [`lstsq`](crate::lstsq): it is faster and exact to
/// the last digit.
///
/// # Errors
/// [`Error::NonFinite`], [`Error::InvalidTolerance`] outside \[0, 1),
/// [`Error::Overflow`].
///
/// # Examples
/// ```
/// use wonderland_linalg::{Tensor, pinv};
/// // Rank one: X = u vᵀ has X⁺ = v uᵀ / (‖u‖² ‖v‖²) = Xᵀ / 4 here.
/// let X = Tensor::from_rows(&[[1.0, 1.0], [1.0, 1.0]]);
/// let P = pinv(X.as_mat(), None)?;
/// assert!(P.as_slice().iter().all(|p: &f64| (p - 0.25).abs() < 1e-15));
/// # Ok::<(), wonderland_linalg::Error>(())
/// ```
pub fn pinv<T: Scalar>(X: MatRef<'_, T>, tol: Option<f64>) -> Result<Tensor<T>> {
    let (n, c) = (X.nrows(), X.ncols());
    let tol = match tol {
        None => T::EPSILON.to_f64() * n.max(c) as f64,
        Some(tol) if (0.0..1.0).contains(&tol) => tol,
        Some(tol) => return Err(Error::InvalidTolerance { name: "tol", value: tol }),
    };
    let wide = widen(X, "X")?;
    let svd::Factors { U, s, V, .. } = svd::decompose(wide.mat.as_ref()).0;
    let largest = s.first().copied().unwrap_or(0.0);
    let kept: Vec<usize> = (0..s.len()).filter(|&k| s[k] > tol * largest).collect();
    let mut P = Tensor::zeros(&[c, n]);
    for j in 0..c {
        for i in 0..n {
            let sum: f64 = kept.iter().map(|&k| V[(j, k)] / s[k] * U[(i, k)]).sum();
            P[[j, i]] = T::from_f64(ldexp(sum, -wide.exponent));
            if !P[[j, i]].is_finite() {
                return Err(Error::Overflow { what: "pseudoinverse", column: i });
            }
        }
    }
    Ok(P)
}

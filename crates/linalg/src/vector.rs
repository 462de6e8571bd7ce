//! Vectors: dot products, norms, and the template that resonates most
//! (notes §2.1.1).

use faer::MatRef;

use crate::least_squares::dot as dot_f64;
use crate::scale::{exponent, ldexp};
use crate::{Error, Result, Scalar};

/// x · y = Σ xᵢ yᵢ.
///
/// # Errors
/// [`Error::ShapeMismatch`] when the lengths differ.
///
/// # Numerics
/// Summed in `f64` in eight lanes and rounded once.
///
/// # References
/// Notes §2.1.1.
///
/// # Examples
/// ```
/// use wonderland_linalg::dot;
/// assert_eq!(dot(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0])?, 32.0);
/// # Ok::<(), wonderland_linalg::Error>(())
/// ```
pub fn dot<T: Scalar>(x: &[T], y: &[T]) -> Result<T> {
    check_lengths("dot", x, y)?;
    Ok(T::from_f64(dot_f64(&widen(x, 0), &widen(y, 0))))
}

/// ‖x‖ = (Σ xᵢ²)^½, without overflow or underflow on the way.
///
/// # Numerics
/// Scaled by a power of two, which rounds nothing. NaN gives NaN, an infinity
/// gives ∞.
///
/// # Examples
/// ```
/// use wonderland_linalg::norm;
/// assert_eq!(norm(&[3.0, 4.0]), 5.0);
/// assert!((norm(&[3e200, 4e200]) / 5e200 - 1.0_f64).abs() < 1e-15);
/// assert_eq!(norm::<f64>(&[]), 0.0);
/// ```
#[must_use]
pub fn norm<T: Scalar>(x: &[T]) -> T {
    let largest = norm_max(x);
    if !largest.is_finite() {
        return largest;
    }
    let e = exponent(largest.to_f64());
    let x = widen(x, -e);
    T::from_f64(ldexp(dot_f64(&x, &x).sqrt(), e))
}

/// ‖x‖₁ = Σ |xᵢ|, summed in `f64`.
#[must_use]
pub fn norm_l1<T: Scalar>(x: &[T]) -> T {
    T::from_f64(x.iter().map(|x| x.to_f64().abs()).sum())
}

/// ‖x‖_∞ = max |xᵢ|; NaN when any is NaN, 0 for no entries.
#[must_use]
pub fn norm_max<T: Scalar>(x: &[T]) -> T {
    let nan = |x: &T| x.to_f64().is_nan();
    if x.iter().any(nan) { T::NAN } else { x.iter().fold(T::ZERO, |m, x| m.maximum(x.abs())) }
}

/// The cosine of the angle between two vectors, x · y / (‖x‖ ‖y‖), in \[−1, 1\].
///
/// # Errors
/// [`Error::ShapeMismatch`] when the lengths differ, [`Error::ZeroVector`] for a
/// vector without a direction, [`Error::NonFinite`].
///
/// # References
/// Notes §2.1.1.
///
/// # Examples
/// ```
/// use wonderland_linalg::cosine_similarity;
/// assert_eq!(cosine_similarity(&[3.0, 4.0], &[4.0, 3.0])?, 0.96);
/// assert_eq!(cosine_similarity(&[1e300, 0.0], &[-1e-300, 0.0])?, -1.0);
/// # Ok::<(), wonderland_linalg::Error>(())
/// ```
pub fn cosine_similarity<T: Scalar>(x: &[T], y: &[T]) -> Result<T> {
    check_lengths("cosine similarity", x, y)?;
    let direction = |v: &[T], name| {
        let largest = norm_max(v).to_f64();
        if !largest.is_finite() {
            let row = v.iter().position(|v| !v.is_finite()).unwrap_or(0);
            return Err(Error::NonFinite { name, row, column: 0, value: v[row].to_f64() });
        }
        if largest == 0.0 {
            return Err(Error::ZeroVector { op: "cosine similarity", name });
        }
        Ok(widen(v, -exponent(largest)))
    };
    let (x, y) = (direction(x, "x")?, direction(y, "y")?);
    let cosine = dot_f64(&x, &y) / (dot_f64(&x, &x) * dot_f64(&y, &y)).sqrt();
    Ok(T::from_f64(cosine.clamp(-1.0, 1.0)))
}

/// The row of `templates` ~ (m, c) whose direction is nearest to x, and its
/// cosine similarity; the first of equals.
///
/// Template matching (notes §2.1.1): the dot product of normalised vectors is
/// largest when both are the same.
///
/// # Errors
/// [`Error::Empty`] for no templates, and those of [`cosine_similarity`].
///
/// # Examples
/// ```
/// use wonderland_linalg::{Tensor, best_template};
/// let templates = Tensor::from_rows(&[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]);
/// let (best, similarity) = best_template(templates.as_mat(), &[5.0, 5.0])?;
/// assert_eq!((best, similarity), (2, 1.0));
/// # Ok::<(), wonderland_linalg::Error>(())
/// ```
pub fn best_template<T: Scalar>(templates: MatRef<'_, T>, x: &[T]) -> Result<(usize, T)> {
    let mut best: Option<(usize, T)> = None;
    for (i, row) in templates.row_iter().enumerate() {
        let row: Vec<T> = row.iter().copied().collect();
        let similarity = cosine_similarity(&row, x)?;
        if best.is_none_or(|(_, s)| similarity > s) {
            best = Some((i, similarity));
        }
    }
    best.ok_or(Error::Empty { op: "best template" })
}

fn check_lengths<T>(op: &'static str, x: &[T], y: &[T]) -> Result<()> {
    if x.len() == y.len() {
        return Ok(());
    }
    Err(Error::ShapeMismatch {
        op,
        left: vec![x.len()],
        right: vec![y.len()],
        rule: "both vectors must have one length",
    })
}

/// x · 2^e in `f64`.
fn widen<T: Scalar>(x: &[T], e: i32) -> Vec<f64> {
    x.iter().map(|x| ldexp(x.to_f64(), e)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "tests mean bit equality")]

    use super::*;
    use crate::Tensor;

    #[test]
    fn notes_2_1_1_a_vector_resonates_most_with_itself() {
        let templates = Tensor::from_fn(20, 7, |i, j| ((i * 31 + j * 17) as f64 * 0.7).sin());
        for i in 0..20 {
            let (best, similarity) = best_template(templates.as_mat(), templates.row(i)).unwrap();
            assert_eq!(best, i);
            assert!((1.0 - similarity).abs() <= 4.0 * f64::EPSILON);
        }
    }

    #[test]
    fn norms_keep_their_range() {
        for scale in [1e-320, 1e-300, 1.0, 1e300] {
            let x: [f64; 2] = [3.0 * scale, -4.0 * scale];
            let ratio = norm(&x) / x[1].abs();
            assert!((ratio - 1.25_f64).abs() < 1e-3, "{scale}: {ratio}");
            assert_eq!(norm_max(&x), 4.0 * scale);
        }
        assert_eq!(norm(&[f32::MAX, 0.0]), f32::MAX);
        assert!(norm(&[f64::NAN, 1.0]).is_nan());
        assert!(norm(&[1.0, f64::NAN]).is_nan());
        assert_eq!(norm(&[f64::INFINITY, 1.0]), f64::INFINITY);
        assert_eq!(norm_l1(&[1.0, -2.0]), 3.0);
    }

    #[test]
    fn faults_are_typed() {
        assert!(matches!(dot(&[1.0], &[1.0, 2.0]), Err(Error::ShapeMismatch { .. })));
        let zero = cosine_similarity(&[0.0, 0.0], &[1.0, 2.0]).unwrap_err();
        assert_eq!(zero, Error::ZeroVector { op: "cosine similarity", name: "x" });
        assert!(matches!(
            cosine_similarity(&[1.0, f64::INFINITY], &[1.0, 2.0]),
            Err(Error::NonFinite { row: 1, .. })
        ));
        let none = Tensor::<f64>::zeros(&[0, 2]);
        assert_eq!(
            best_template(none.as_mat(), &[1.0, 2.0]).unwrap_err(),
            Error::Empty { op: "best template" }
        );
    }
}

//! The softmax, its temperature with both limits, and logsumexp (notes §4.2.1,
//! §4.3.2). All shift by the largest logit first, which changes nothing in
//! exact arithmetic and leaves only exponentials of numbers ≤ 0.

use wonderland_linalg::{MatRef, Real, Scalar, Tensor};

use crate::loss::check_values;
use crate::{Error, Result};

/// Writes softmax(x) over `x`: exp(xᵢ) / Σⱼ exp(xⱼ).
///
/// Takes finite values; an empty slice stays empty.
///
/// # Numerics
/// Exact shift by the maximum: no overflow, and the entries sum to 1 within
/// m/2 roundings.
///
/// # References
/// Notes §4.2.1, §4.3.2.
///
/// # Examples
/// ```
/// let mut p = [1000.0, 1000.0];
/// wonderland_losses::softmax_in_place(&mut p);
/// assert_eq!(p, [0.5, 0.5]);
/// ```
pub fn softmax_in_place<T: Real>(x: &mut [T]) {
    let Some(max) = maximum(x) else { return };
    let mut z = T::ZERO;
    for v in x.iter_mut() {
        *v = (*v - max).exp();
        z += *v;
    }
    for v in x.iter_mut() {
        *v /= z;
    }
}

/// Returns softmax(x) as a new vector.
///
/// # Errors
/// [`Error::Empty`]; [`Error::OutOfDomain`] for a value that is not finite.
///
/// # Examples
/// ```
/// let p = wonderland_losses::softmax(&[0.0, 3f64.ln()])?;
/// assert!((p[1] - 0.75).abs() < 1e-15);
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn softmax<T: Scalar>(x: &[T]) -> Result<Vec<T>> {
    check_logits(x)?;
    let mut p = x.to_vec();
    softmax_in_place(&mut p);
    Ok(p)
}

/// Returns softmax(x/τ) for a temperature τ in \[0, ∞\].
///
/// A high temperature flattens, a low one sharpens; the order of the entries
/// never changes. The limits are taken at τ = 0 (the one-hot vector of the
/// largest entry, ties sharing equally) and τ = ∞ (1/m for each of the m).
///
/// # Errors
/// [`Error::BadSetting`] for a negative or NaN temperature; as [`softmax`].
///
/// # Numerics
/// (xᵢ − max)/τ, so that a tiny τ cannot overflow.
///
/// # References
/// Notes §4.2.1, with the limits the erratum settles.
///
/// # Examples
/// ```
/// use wonderland_losses::softmax_with_temperature;
/// let x = [1.0, 3.0, 3.0, 0.0];
/// assert_eq!(softmax_with_temperature(&x, 0.0)?, [0.0, 0.5, 0.5, 0.0]);
/// assert_eq!(softmax_with_temperature(&x, f64::INFINITY)?, [0.25; 4]);
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn softmax_with_temperature<T: Scalar>(x: &[T], tau: T) -> Result<Vec<T>> {
    // Written so that NaN is refused too.
    if !matches!(
        tau.partial_cmp(&T::ZERO),
        Some(std::cmp::Ordering::Greater | std::cmp::Ordering::Equal)
    ) {
        return Err(Error::BadSetting {
            name: "temperature",
            value: tau.to_f64(),
            rule: "it must be at least 0",
        });
    }
    check_logits(x)?;
    let max = maximum(x).unwrap_or(T::ZERO);
    let mut scaled: Vec<T> = x.iter().map(|&v| over_temperature(v - max, tau)).collect();
    softmax_of_shifted(&mut scaled);
    Ok(scaled)
}

/// (x − max)/τ with the limits: 0/0 is 0 (a tie at τ = 0).
fn over_temperature<T: Scalar>(shifted: T, tau: T) -> T {
    if shifted == T::ZERO { T::ZERO } else { shifted / tau }
}

/// The softmax of values at most 0 of which one is 0; −∞ gets nothing.
fn softmax_of_shifted<T: Real>(x: &mut [T]) {
    x.iter_mut().for_each(|v| *v = v.exp());
    let z: T = x.iter().copied().sum();
    x.iter_mut().for_each(|v| *v /= z);
}

/// Returns the softmax of each row.
///
/// # Shapes
/// `logits ~ (n, m)` with any strides, returns `(n, m)`.
///
/// # Errors
/// As [`softmax`]; no rows give no rows.
///
/// # Examples
/// ```
/// use wonderland_linalg::Tensor;
/// let P = wonderland_losses::softmax_rows(Tensor::from_rows(&[[0.0, 0.0]]).as_mat())?;
/// assert_eq!(P.row(0), [0.5, 0.5]);
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn softmax_rows<T: Scalar>(logits: MatRef<'_, T>) -> Result<Tensor<T>> {
    let mut P = Tensor::from_mat(logits);
    check_values("logits", P.as_slice(), |_| None)?;
    if P.ncols() > 0 {
        P.as_mut_slice().chunks_exact_mut(logits.ncols()).for_each(softmax_in_place);
    }
    Ok(P)
}

/// Returns ln Σⱼ exp(xⱼ) of finite values; −∞ of none.
///
/// # Numerics
/// max + ln(1 + Σ exp(xⱼ − max)) over the others: no overflow, and the digits
/// of a small second term survive.
///
/// # References
/// Notes §4.3.2: logsumexp(x) = logsumexp(x − c) + c.
///
/// # Examples
/// ```
/// use wonderland_losses::logsumexp;
/// assert_eq!(logsumexp(&[1000.0, 1000.0]), 1000.0 + 2f64.ln());
/// ```
pub fn logsumexp<T: Real>(x: &[T]) -> T {
    let Some(top) = argmax_unchecked(x) else { return T::from_f64(f64::NEG_INFINITY) };
    x[top] + tail(x, top).ln_1p()
}

/// Returns ln softmax(x) = x − logsumexp(x).
///
/// # Errors
/// As [`softmax`].
///
/// # Numerics
/// (xᵢ − max) − ln(1 + tail): finite where the probability itself is 0.
///
/// # Examples
/// ```
/// let l = wonderland_losses::log_softmax(&[0.0, -2000.0])?;
/// assert_eq!(l, [0.0, -2000.0]);
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn log_softmax<T: Scalar>(x: &[T]) -> Result<Vec<T>> {
    check_logits(x)?;
    let top = argmax_unchecked(x).unwrap_or(0);
    let log_z = tail(x, top).ln_1p();
    Ok(x.iter().map(|&v| (v - x[top]) - log_z).collect())
}

/// Σ exp(xⱼ − x_top) over j ≠ top.
pub(crate) fn tail<T: Real>(x: &[T], top: usize) -> T {
    let others = x.iter().enumerate().filter(|&(j, _)| j != top);
    others.map(|(_, &v)| (v - x[top]).exp()).sum()
}

/// The position of the first largest entry.
pub(crate) fn argmax_unchecked<T: PartialOrd>(x: &[T]) -> Option<usize> {
    let mut best = 0;
    for i in 1..x.len() {
        if x[i] > x[best] {
            best = i;
        }
    }
    (!x.is_empty()).then_some(best)
}

fn maximum<T: Real>(x: &[T]) -> Option<T> {
    argmax_unchecked(x).map(|i| x[i])
}

fn check_logits<T: Scalar>(x: &[T]) -> Result<()> {
    if x.is_empty() {
        return Err(Error::Empty { name: "x" });
    }
    check_values("x", x, |_| None)
}

//! The angle between a direction and the gradient (notes §2.3): a direction
//! descends when the angle lies between π/2 and 3π/2.

use crate::error::check_finite;
use crate::gradient_descent::check_same_length;
use crate::vector::{dot, max_abs};
use crate::{Error, Result};

/// Returns the angle α in \[0, π\] between the gradient and a direction.
///
/// α = π is steepest descent, α = π/2 moves along a level set.
///
/// # Errors
/// Different lengths, entries that are not finite, a zero vector (it has no
/// direction).
///
/// # Numerics
/// Kahan's 2 atan2(‖a − b‖, ‖a + b‖) of the unit vectors: accurate near 0 and
/// π too, where the arc cosine loses half the digits.
///
/// # References
/// Notes §2.3.
///
/// # Examples
/// ```
/// use wonderland_optim::descent_angle;
/// let angle = descent_angle(&[1.0, 0.0], &[-1.0, 1.0])?;
/// assert!((angle.to_degrees() - 135.0).abs() < 1e-12);
/// # Ok::<(), wonderland_optim::Error>(())
/// ```
pub fn descent_angle(gradient: &[f64], direction: &[f64]) -> Result<f64> {
    let (a, b) = (unit("gradient", gradient)?, unit("direction", direction)?);
    check_same_length(&a, &b)?;
    let length =
        |sign: f64| a.iter().zip(&b).map(|(a, b)| (a + sign * b).powi(2)).sum::<f64>().sqrt();
    Ok(2.0 * length(-1.0).atan2(length(1.0)))
}

/// Returns whether the value falls along the direction at first:
/// ⟨∇f, p⟩ < 0, an angle above π/2.
///
/// # Errors
/// As [`descent_angle`].
///
/// # Examples
/// ```
/// assert!(wonderland_optim::is_descent_direction(&[1.0, 0.0], &[-1.0, 1.0])?);
/// assert!(!wonderland_optim::is_descent_direction(&[1.0, 0.0], &[0.0, 1.0])?);
/// # Ok::<(), wonderland_optim::Error>(())
/// ```
pub fn is_descent_direction(gradient: &[f64], direction: &[f64]) -> Result<bool> {
    let (a, b) = (unit("gradient", gradient)?, unit("direction", direction)?);
    check_same_length(&a, &b)?;
    Ok(dot(&a, &b) < 0.0)
}

/// The vector divided by its length.
fn unit(name: &'static str, v: &[f64]) -> Result<Vec<f64>> {
    check_finite(name, v)?;
    let largest = max_abs(v);
    if largest == 0.0 {
        return Err(Error::BadSetting {
            name,
            value: 0.0,
            rule: "the zero vector has no direction",
        });
    }
    let scaled: Vec<f64> = v.iter().map(|x| x / largest).collect();
    let length = dot(&scaled, &scaled).sqrt();
    Ok(scaled.into_iter().map(|x| x / length).collect())
}

//! Convexity along a segment (notes §2.3.1): the chord must lie above the
//! function. A violation proves that f is not convex; none found proves
//! nothing beyond the points tried.

use crate::Result;
use crate::error::{check_finite, check_setting};
use crate::gradient_descent::check_same_length;
use crate::run::noise;

/// A point of a segment where the function lies above the chord.
#[derive(Debug, Clone, PartialEq)]
pub struct ConvexityViolation {
    /// The share α of the first end in the point αx₁ + (1 − α)x₂.
    pub alpha: f64,
    /// f at the point.
    pub value: f64,
    /// αf(x₁) + (1 − α)f(x₂), which is smaller.
    pub chord: f64,
}

/// Looks for the worst of `n_points` inner points of the segment from `x1` to
/// `x2` at which f lies above the chord, beyond rounding; `None` if there is
/// none.
///
/// # Errors
/// Different lengths, entries that are not finite, no points.
///
/// # References
/// Notes §2.3.1.
///
/// # Examples
/// ```
/// use wonderland_optim::convexity_along_segment;
/// let square = |x: &[f64]| x[0] * x[0];
/// assert!(convexity_along_segment(square, &[-1.0], &[2.0], 9)?.is_none());
/// let bump = |x: &[f64]| -x[0] * x[0];
/// let found = convexity_along_segment(bump, &[-1.0], &[1.0], 9)?.unwrap();
/// assert_eq!((found.alpha, found.value, found.chord), (0.5, 0.0, -1.0));
/// # Ok::<(), wonderland_optim::Error>(())
/// ```
pub fn convexity_along_segment(
    mut f: impl FnMut(&[f64]) -> f64,
    x1: &[f64],
    x2: &[f64],
    n_points: usize,
) -> Result<Option<ConvexityViolation>> {
    check_finite("x1", x1)?;
    check_finite("x2", x2)?;
    check_same_length(x1, x2)?;
    check_setting(n_points > 0, "n_points", 0.0, "try at least one point")?;
    let (f1, f2) = (f(x1), f(x2));
    let slack = noise(f1.abs().max(f2.abs()));
    let mut worst: Option<ConvexityViolation> = None;
    for k in 1..=n_points {
        let alpha = k as f64 / (n_points + 1) as f64;
        let x: Vec<f64> = x1.iter().zip(x2).map(|(a, b)| alpha * a + (1.0 - alpha) * b).collect();
        let (value, chord) = (f(&x), alpha * f1 + (1.0 - alpha) * f2);
        let excess = value - chord;
        let before = worst.as_ref().map_or(slack + noise(value), |w| w.value - w.chord);
        if excess > before {
            worst = Some(ConvexityViolation { alpha, value, chord });
        }
    }
    Ok(worst)
}

//! Polynomials of one variable through points, with the coefficients of their
//! powers right to the last digits at any sensible degree.
//!
//! The one idea: powers rounded to binary64 no longer determine the coefficients
//! of an ill-conditioned fit (NIST's Filip keeps 7.6 digits of them, whatever the
//! solver), so no power is formed. The fit is made in the polynomials orthogonal
//! over the points, in twofold arithmetic, and turned into powers in the same
//! arithmetic (Forsythe 1957, *Generation and use of orthogonal polynomials for
//! data-fitting with a digital computer*; notes §4.2.2 for least squares).

use crate::twofold::{Twofold, two_sum};
use crate::{Error, Result};

/// A fitted polynomial p(x) = Σₖ βₖ xᵏ.
#[derive(Debug, Clone, PartialEq)]
pub struct PolynomialFit {
    /// β₀, …, β_d.
    pub coefficients: Vec<f64>,
    /// Σᵢ (yᵢ − p(xᵢ))².
    pub residual_ss: f64,
    centre: f64,
    scale: f64,
    basis: Vec<Term>,
}

/// pₖ₊₁(t) = (t − α) pₖ(t) − γ pₖ₋₁(t), and the weight of pₖ in the fit.
#[derive(Debug, Clone, PartialEq)]
struct Term {
    alpha: f64,
    gamma: f64,
    weight: f64,
}

/// The polynomial of degree d that minimises Σᵢ (yᵢ − p(xᵢ))².
///
/// # Shapes
/// x ~ (n), y ~ (n), with more than d distinct values among x.
///
/// # Errors
/// [`Error::ShapeMismatch`], [`Error::Empty`], [`Error::NonFinite`],
/// [`Error::TooFewDistinct`], and [`Error::Overflow`] when a coefficient exceeds
/// the largest number.
///
/// # Numerics
/// Coefficients carry the error of rounding them once, beside some
/// ε² times what turning the orthogonal basis into powers amplifies: at
/// degree 10 nothing that shows. Time O(n d), about 60 operations per row and
/// degree.
///
/// # Examples
/// ```
/// use wonderland_linalg::fit_polynomial;
/// let fit = fit_polynomial(&[0.0, 1.0, 2.0, 3.0], &[1.0, 2.0, 5.0, 10.0], 2)?;
/// assert_eq!(fit.coefficients, [1.0, 0.0, 1.0]);
/// assert_eq!(fit.predict(4.0), 17.0);
/// # Ok::<(), wonderland_linalg::Error>(())
/// ```
pub fn fit_polynomial(x: &[f64], y: &[f64], degree: usize) -> Result<PolynomialFit> {
    check(x, y, degree)?;
    let (centre, scale) = frame(x);
    let t: Vec<Twofold> = x.iter().map(|&x| into_frame(x, centre, scale)).collect();
    let mut residual: Vec<Twofold> = y.iter().map(|&y| Twofold { hi: y, lo: 0.0 }).collect();
    let one = Twofold { hi: 1.0, lo: 0.0 };

    // Values of pₖ₋₁ and pₖ at the points, and their coefficients in powers of t.
    let mut values = [vec![Twofold::ZERO; t.len()], vec![one; t.len()]];
    let mut powers = [vec![Twofold::ZERO; degree + 2], vec![Twofold::ZERO; degree + 2]];
    powers[1][0] = one;
    let mut sum = vec![Twofold::ZERO; degree + 1];
    let mut basis = Vec::with_capacity(degree + 1);
    let mut square_before = one;
    for k in 0..=degree {
        let p = &values[1];
        let square = inner(p, p);
        let weight = inner(p, &residual).over(square);
        let alpha = weighted_square(&t, p).over(square);
        let gamma = if k == 0 { Twofold::ZERO } else { square.over(square_before) };
        for (r, p) in residual.iter_mut().zip(p) {
            *r = r.plus_twofold(weight.times_twofold(*p).negated());
        }
        for (sum, power) in sum.iter_mut().zip(&powers[1]) {
            *sum = sum.plus_twofold(weight.times_twofold(*power));
        }
        let [before, p] = &mut values;
        for ((before, p), t) in before.iter_mut().zip(p.iter()).zip(&t) {
            *before = next(*t, *p, *before, alpha, gamma);
        }
        values.swap(0, 1);
        let [before, power] = &mut powers;
        for j in 0..=degree + 1 {
            let raised = if j == 0 { Twofold::ZERO } else { power[j - 1] };
            let kept = alpha.times_twofold(power[j]).plus_twofold(gamma.times_twofold(before[j]));
            before[j] = raised.plus_twofold(kept.negated());
        }
        powers.swap(0, 1);
        basis.push(Term { alpha: alpha.hi, gamma: gamma.hi, weight: weight.hi });
        square_before = square;
    }
    let coefficients = in_powers_of_x(&sum, centre, scale);
    match coefficients.iter().position(|beta| !beta.is_finite()) {
        Some(column) => Err(Error::Overflow { what: "a coefficient", column }),
        None => {
            let residual_ss = inner(&residual, &residual).hi;
            Ok(PolynomialFit { coefficients, residual_ss, centre, scale, basis })
        }
    }
}

impl PolynomialFit {
    /// p(x), evaluated in the orthogonal basis: powers would cancel.
    #[must_use]
    pub fn predict(&self, x: f64) -> f64 {
        let t = (x - self.centre) / self.scale;
        let (mut before, mut p, mut sum) = (0.0, 1.0, 0.0);
        for term in &self.basis {
            sum += term.weight * p;
            (before, p) = (p, (t - term.alpha) * p - term.gamma * before);
        }
        sum
    }
}

fn check(x: &[f64], y: &[f64], degree: usize) -> Result<()> {
    if x.len() != y.len() {
        let rule = "one y per x";
        let (left, right) = (vec![x.len()], vec![y.len()]);
        return Err(Error::ShapeMismatch { op: "fit_polynomial", left, right, rule });
    }
    if x.is_empty() {
        return Err(Error::Empty { op: "fit_polynomial" });
    }
    for (name, values) in [("x", x), ("y", y)] {
        if let Some(row) = values.iter().position(|v| !v.is_finite()) {
            return Err(Error::NonFinite { name, row, column: 0, value: values[row] });
        }
    }
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    if sorted.len() <= degree {
        return Err(Error::TooFewDistinct { needed: degree + 1, actual: sorted.len() });
    }
    Ok(())
}

/// t = (x − centre) / scale lies in about [−1, 1]; the scale is a power of two,
/// so that t is exact as a twofold number.
fn frame(x: &[f64]) -> (f64, f64) {
    let least = x.iter().copied().fold(f64::INFINITY, f64::min);
    let most = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let half = most / 2.0 - least / 2.0;
    let scale = half.max(f64::MIN_POSITIVE).log2().floor().exp2();
    (f64::midpoint(least, most), scale)
}

fn into_frame(x: f64, centre: f64, scale: f64) -> Twofold {
    let (hi, lo) = two_sum(x, -centre);
    Twofold { hi: hi / scale, lo: lo / scale }
}

fn inner(a: &[Twofold], b: &[Twofold]) -> Twofold {
    a.iter().zip(b).fold(Twofold::ZERO, |sum, (a, b)| sum.plus_twofold(a.times_twofold(*b)))
}

/// Σ t p².
fn weighted_square(t: &[Twofold], p: &[Twofold]) -> Twofold {
    t.iter()
        .zip(p)
        .fold(Twofold::ZERO, |sum, (t, p)| sum.plus_twofold(t.times_twofold(p.times_twofold(*p))))
}

fn next(t: Twofold, p: Twofold, before: Twofold, alpha: Twofold, gamma: Twofold) -> Twofold {
    let moved = t.plus_twofold(alpha.negated()).times_twofold(p);
    moved.plus_twofold(gamma.times_twofold(before).negated())
}

/// Σₖ aₖ ((x − centre) / scale)ᵏ multiplied out, by Horner's scheme.
fn in_powers_of_x(a: &[Twofold], centre: f64, scale: f64) -> Vec<f64> {
    let mut beta = vec![Twofold::ZERO; a.len()];
    for a in a.iter().rev() {
        for j in (0..beta.len()).rev() {
            let raised = if j == 0 { Twofold::ZERO } else { beta[j - 1] };
            let moved = raised.plus_twofold(beta[j].times(-centre));
            beta[j] = Twofold { hi: moved.hi / scale, lo: moved.lo / scale };
        }
        beta[0] = beta[0].plus_twofold(*a);
    }
    beta.iter().map(|beta| beta.hi).collect()
}

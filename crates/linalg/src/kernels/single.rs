//! Elementary functions in `f32`, without branches.
//!
//! The exponential family is evaluated in `f32`, for speed; the others in
//! `f64` (see `double.rs`) and rounded once, which makes them right to
//! 0.51 ulp at the price of half the lanes.

#![allow(clippy::inline_always, reason = "vector code needs the callee in the loop's body")]

/// Adding and subtracting 1.5 · 2²³ rounds to the nearest integer, and leaves
/// that integer in the low bits.
const ROUND: f32 = 12_582_912.0;
/// ln 2 minus its f32 value.
const LN_2_LOW: f32 = -1.904_654_3e-9;

/// (eʳ − 1 − r)/r² for |r| ≤ ½ ln 2, highest power first; relative error 1.3e-7.
const EXP: [f32; 5] = [0.001_392_618_4, 0.008_363_179, 0.041_666_555, 0.16666577, 0.5];

/// Horner's rule, coefficients from the highest power.
#[inline(always)]
fn horner<const N: usize>(c: &[f32; N], x: f32) -> f32 {
    let mut sum = c[0];
    let mut i = 1;
    while i < N {
        sum = sum.mul_add(x, c[i]);
        i += 1;
    }
    sum
}

#[inline(always)]
fn clamp(x: f32, low: f32, high: f32) -> f32 {
    let x = if x > high { high } else { x };
    if x < low { low } else { x }
}

/// 2ⁿ for the integer n that `ROUND + n` holds in its low bits.
#[inline(always)]
fn power_of_two(rounded: f32) -> f32 {
    f32::from_bits(rounded.to_bits().wrapping_add(127) << 23)
}

/// (k, eʳ − 1) with x = k ln 2 + r and |r| ≤ ½ ln 2.
#[inline(always)]
fn reduced_exp(x: f32) -> (f32, f32) {
    let k = x.mul_add(std::f32::consts::LOG2_E, ROUND) - ROUND;
    let r = k.mul_add(-LN_2_LOW, k.mul_add(-std::f32::consts::LN_2, x));
    (k, (r * r).mul_add(horner(&EXP, r), r))
}

/// eˣ.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let (k, e) = reduced_exp(clamp(x, -104.0, 89.0));
    let half = k.mul_add(0.5, ROUND);
    let rest = (k - (half - ROUND)) + ROUND;
    (1.0 + e) * power_of_two(half) * power_of_two(rest)
}

/// eˣ for x ≤ 0, zero below −87: one factor suffices.
#[inline(always)]
pub(super) fn exp_negative(x: f32) -> f32 {
    let (k, e) = reduced_exp(clamp(x, -87.0, 0.0));
    let y = (1.0 + e) * power_of_two(k + ROUND);
    if x < -87.0 { 0.0 } else { y }
}

/// (tanh x − x)/x³ in z = x² for |x| < 0.35; relative error 5.2e-10.
const TANH: [f32; 5] = [-0.007845539, 0.021763075, -0.053963648, 0.13333326, -0.33333333];

/// tanh x = (e^(2x) − 1) / (e^(2x) + 1).
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    let a = x.abs();
    let (k, e) = reduced_exp(clamp(2.0 * a, 0.0, 20.0));
    let scale = power_of_two(k + ROUND);
    let n = scale.mul_add(e, scale - 1.0);
    let y = n / (n + 2.0);
    // There the quotient has rounded three times.
    let z = a * a;
    let near = (a * z).mul_add(horner(&TANH, z), a);
    let y = if a < 0.35 { near } else { y };
    y.copysign(x)
}

/// 1/(1 + e⁻ˣ).
#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    let e = exp(-x.abs());
    let d = 1.0 + e;
    let y = (if x < 0.0 { e } else { 1.0 }) / d;
    // What the sum has lost, times −y/d; 1/d is y or 1 − y.
    let inverse = if x < 0.0 { 1.0 - y } else { y };
    (y * inverse).mul_add((d - 1.0) - e, y)
}

/// Beyond this size the reduction of sin and cos is left to the standard
/// library.
pub(super) const FAR: f32 = 1e6;

macro_rules! by_double {
    ($($name:ident)*) => {
        $(#[inline(always)]
        pub(super) fn $name(x: f32) -> f32 {
            super::double::$name(f64::from(x)) as f32
        })*
    };
}
by_double!(exp_m1 ln ln_1p softplus erf erfc sin cos atan);

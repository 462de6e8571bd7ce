//! The elementary functions in `f32`: their constants, with polynomials just
//! long enough for the type, from `xtask/refs/polynomials.py`.

#![allow(clippy::inline_always, reason = "vector code needs the callee in the loop's body")]

use super::formulas::formulas;

/// Adding and subtracting 1.5 · 2²³ rounds to the nearest integer, and leaves
/// that integer in the low bits.
const ROUND: f32 = 12_582_912.0;
/// ln 2 minus its f32 value.
const LN_2_LOW: f32 = -1.904_654_3e-9;
/// Place of the exponent, what is added to it, and from bit 1 to the sign.
const DIGITS: u32 = 23;
const BIAS: f32 = 127.0;
const SIGN: u32 = 30;
/// Beyond these eˣ is 0 or ∞, and eˣ − 1 is −1 or ∞.
const EXP_ENDS: (f32, f32) = (-104.0, 89.0);
const EXP_M1_ENDS: (f32, f32) = (-20.0, 89.0);
/// Below it eˣ is not a normal number.
const NORMAL_EXP: f32 = -87.0;
/// Below this size eˣ − 1 and ln(1 + x) are x, and sin x is.
const LINEAR: f32 = 1e-8;
const SINE_LINEAR: f32 = 1e-5;
/// Beyond these tanh x and erf x are 1.
const TANH_END: f32 = 10.0;
const ERF_END: f32 = 3.95;
/// A power of two that makes subnormal numbers normal, and its exponent.
const LIFT: (f32, f32) = (33_554_432.0, 25.0);
/// π/2 is its nearest number, P2 and P3.
const P2: f32 = -4.371_139e-8;
const P3: f32 = -1.715_125e-15;
/// Beyond this size the reduction of sin and cos is left to the standard
/// library.
pub(super) const FAR: f32 = 1e6;

/// (eʳ − 1 − r)/r² for |r| ≤ ½ ln 2, highest power first; relative error 1.3e-7.
const EXP: [f32; 5] = [0.001_392_618_4, 0.008_363_179, 0.041_666_555, 0.16666577, 0.5];
/// (ln(1 + f) − f)/f² for √½ ≤ 1 + f ≤ √2; relative error 5.1e-8.
const LN: [f32; 9] = [
    -0.07673641,
    0.12722673,
    -0.13127555,
    0.14204855,
    -0.16626646,
    0.20001234,
    -0.2500078,
    0.3333333,
    -0.49999997,
];
/// (arctan t − t)/t³ in z = t²; relative error 1.6e-9.
const ATAN: [f32; 6] = [0.05046128, -0.086238967, 0.1107126, -0.14284146, 0.19999977, -0.33333333];
/// (sin r − r)/r³ in z = r²; relative error 1.7e-10.
const SIN: [f32; 4] = [2.724962e-06, -0.00019840084, 0.008333332, -0.16666667];
/// (cos r − 1 + r²/2)/r⁴ in z = r²; relative error 4.9e-8.
const COS: [f32; 3] = [2.454769e-05, -0.0013888302, 0.041666665];
/// erf(x)/x − 1 in z = x² ≤ 1.44; the error of erf x is 2.3e-8.
const ERF: [f32; 7] =
    [6.561942e-05, -0.0007577328, 0.0051337685, -0.026822075, 0.11282752, -0.37612545, 0.12837915];
/// (erfc a)^(1/8) for 1.2 ≤ a ≤ 3.95; the error of erf a is 8.2e-9.
const ROOT_ERFC: [f32; 7] =
    [0.00016904419, -0.0026708606, 0.013783525, -0.01328217, -0.05908425, -0.14656577, 1.0012311];
/// (eʳ − 1 − r)/r² for 0 ≤ r ≤ ln 2; relative error 3.4e-9.
const RISE: [f32; 6] = [0.0002582913, 0.0013399892, 0.0083512915, 0.041663717, 0.16666684, 0.5];

formulas!(f32, u32);

/// e and m with x = 2ᵉ m and m in [√½, √2), for normal x > 0.
#[inline(always)]
fn split(x: f32) -> (f32, f32) {
    const SQRT_HALF: u32 = 0x3f35_04f3;
    const ONE: u32 = 127 << 23;
    let bits = x.to_bits();
    let biased = bits.wrapping_add(ONE - SQRT_HALF) >> 23;
    let m = f32::from_bits(bits.wrapping_sub(biased << 23).wrapping_add(ONE));
    (biased.cast_signed() as f32 - 127.0, m)
}

/// e ln 2 + ln(1 + f) + rest, for f in [√½ − 1, √2 − 1]: without a division, and
/// one ln 2, whose error is a tenth of an ulp of the smallest sum.
#[inline(always)]
fn ln_parts(e: f32, f: f32, rest: f32) -> f32 {
    e.mul_add(std::f32::consts::LN_2, (f * f).mul_add(poly(&LN, f), rest) + f)
}

/// erf x: near 0 a polynomial, and then 1 − t⁸ with one for t, whose eightfold
/// error is forgiven because erfc is small. The eighth root of erfc falls so
/// gently that few terms do, where erfc itself would need twice as many.
#[inline(always)]
pub(super) fn erf(x: f32) -> f32 {
    let a = x.abs();
    let near = a.mul_add(poly(&ERF, a * a), a);
    let t = poly(&ROOT_ERFC, if a > ERF_END { ERF_END } else { a });
    let squared = t * t;
    let fourth = squared * squared;
    let far = (-fourth).mul_add(fourth, 1.0);
    (if a < 1.2 { near } else { far }).copysign(x)
}

/// erfc x: its tail needs more digits on the way than `f32` has, so it is
/// evaluated in `f64` and rounded once.
#[inline(always)]
pub(super) fn erfc(x: f32) -> f32 {
    super::double::erfc(f64::from(x)) as f32
}

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
const BIAS: u32 = 127;
const SIGN: u32 = 30;
/// Beyond these eˣ is 0 or ∞, and eˣ − 1 is −1 or ∞.
const EXP_ENDS: (f32, f32) = (-104.0, 89.0);
const EXP_M1_ENDS: (f32, f32) = (-20.0, 89.0);
/// Below it eˣ is not a normal number.
const NORMAL_EXP: f32 = -87.0;
/// Below this size eˣ − 1 and ln(1 + x) are x, and sin x is.
const LINEAR: f32 = 1e-8;
const SINE_LINEAR: f32 = 1e-5;
/// Beyond these tanh(x/2) and erf x are 1.
const TANH_END: f32 = 20.0;
const ERF_END: f32 = 4.0;
/// A power of two that makes subnormal numbers normal, and its exponent.
const LIFT: (f32, f32) = (33_554_432.0, 25.0);
/// ln 2 in two parts, the high one with zero bits at its end: times an exponent
/// it is exact.
const LN_2_HIGH: f32 = 0.693_138_1;
const LN_2_REST: f32 = 9.058_001e-6;
/// π/2 is its nearest number, P2 and P3.
const P2: f32 = -4.371_139e-8;
const P3: f32 = -1.715_125e-15;
/// Beyond this size the reduction of sin and cos is left to the standard
/// library.
pub(super) const FAR: f32 = 1e6;

/// (eʳ − 1 − r)/r² for |r| ≤ ½ ln 2, highest power first; relative error 1.3e-7.
const EXP: [f32; 5] = [0.001_392_618_4, 0.008_363_179, 0.041_666_555, 0.16666577, 0.5];
/// (2 artanh s − 2s)/s³ in z = s²; relative error 1.7e-9.
const LN: [f32; 4] = [0.23331614, 0.2855078, 0.40000122, 0.6666667];
/// (arctan t − t)/t³ in z = t²; relative error 1.6e-9.
const ATAN: [f32; 6] = [0.05046128, -0.086238967, 0.1107126, -0.14284146, 0.19999977, -0.33333333];
/// (sin r − r)/r³ in z = r²; relative error 1.7e-10.
const SIN: [f32; 4] = [2.724962e-06, -0.00019840084, 0.008333332, -0.16666667];
/// (cos r − 1 + r²/2)/r⁴ in z = r²; relative error 4.9e-8.
const COS: [f32; 3] = [2.454769e-05, -0.0013888302, 0.041666665];
/// erf(x)/x − 1 in z = x² ≤ 1; relative error 4.7e-8.
const ERF: [f32; 8] = [
    -9.667045e-06,
    0.00011265959,
    -0.00084840804,
    0.0052210318,
    -0.02686543,
    0.11283782,
    -0.37612638,
    0.12837917,
];
/// e^(a²) erfc(a) in u = (a − 2)/(a + 2) for 1 ≤ a ≤ 4; relative error 2.5e-10.
const ERFCX: [f32; 9] = [
    4.987674e-05,
    -0.0009395269,
    -0.0008476556,
    0.006993954,
    0.003732908,
    -0.07897847,
    0.2416582,
    -0.42718585,
    0.25539568,
];
/// (tanh x − x)/x³ in z = x² for |x| < 0.35; relative error 5.2e-10.
const TANH: [f32; 5] = [-0.007845539, 0.021763075, -0.053963648, 0.13333326, -0.33333333];

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

/// erfc x: its tail needs more digits on the way than `f32` has, so it is
/// evaluated in `f64` and rounded once.
#[inline(always)]
pub(super) fn erfc(x: f32) -> f32 {
    super::double::erfc(f64::from(x)) as f32
}

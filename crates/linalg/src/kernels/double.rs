//! The elementary functions in `f64`: their constants, what only they need to
//! keep their digits, and erfc, which the other type has from here. The coefficients come from
//! `xtask/refs/polynomials.py`.

#![allow(clippy::inline_always, reason = "vector code needs the callee in the loop's body")]

use super::formulas::formulas;

/// Adding and subtracting 1.5 · 2⁵² rounds to the nearest integer, and leaves
/// that integer in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;
const LN_2_LOW: f64 = 2.319_046_813_846_299_6e-17;

/// Place of the exponent, what is added to it, and from bit 1 to the sign.
const DIGITS: u32 = 52;
const BIAS: f64 = 1023.0;
const SIGN: u32 = 62;
/// Beyond these eˣ is 0 or ∞, and eˣ − 1 is −1 or ∞.
const EXP_ENDS: (f64, f64) = (-746.0, 710.0);
const EXP_M1_ENDS: (f64, f64) = (-40.0, 710.0);
/// Below it eˣ is not a normal number.
const NORMAL_EXP: f64 = -708.0;
/// Below this size eˣ − 1 and ln(1 + x) are x, and sin x is.
const LINEAR: f64 = 1e-17;
const SINE_LINEAR: f64 = 1e-9;
/// Beyond these tanh x and erf x are 1.
const TANH_END: f64 = 22.0;
const ERF_END: f64 = 6.0;
/// A power of two that makes subnormal numbers normal, and its exponent.
const LIFT: (f64, f64) = (18_014_398_509_481_984.0, 54.0);
/// ln 2 in two parts, the high one with zero bits at its end: times an exponent
/// it is exact.
const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN_2_REST: f64 = 1.908_214_929_270_587_7e-10;
/// π/2 is its nearest number, P2 and P3.
const P2: f64 = 6.123_233_995_736_766e-17;
const P3: f64 = -1.497_384_904_859_169_8e-33;
/// Beyond this size the reduction of sin and cos is left to the standard
/// library.
pub(super) const FAR: f64 = 1e6;

/// (eʳ − 1 − r)/r² for |r| ≤ ½ ln 2, highest power first; relative error 3.0e-18.
const EXP: [f64; 11] = [
    2.0914686968086876e-09,
    2.5105217004720745e-08,
    2.75572736431103e-07,
    2.7557255400206422e-06,
    2.4801587325547743e-05,
    0.00019841269874820627,
    0.0013888888888883748,
    0.008333333333326136,
    0.04166666666666667,
    0.1666666666666667,
    0.5,
];
/// (2 artanh s − 2s)/s³ in z = s²; relative error 3.1e-18.
const LN: [f64; 8] = [
    0.13088034850927555,
    0.13268638369266825,
    0.15386244737621665,
    0.18181795547521137,
    0.22222222392581045,
    0.28571428570799784,
    0.40000000000000885,
    0.6666666666666666,
];
/// (arctan t − t)/t³ in z = t²; relative error 3.5e-18.
const ATAN: [f64; 12] = [
    0.01627194475162406,
    -0.034558092551413795,
    0.04551108126325172,
    -0.052303478730160745,
    0.058789145444006215,
    -0.06666423628069258,
    0.0769229630497447,
    -0.09090908751076636,
    0.11111111105106705,
    -0.14285714285659326,
    0.199999999999998,
    -0.3333333333333333,
];
/// (sin r − r)/r³ in z = r²; relative error 7.2e-20.
const SIN: [f64; 7] = [
    -7.586636882825159e-13,
    1.6058530596645953e-10,
    -2.50521062259944e-08,
    2.755731921932058e-06,
    -0.0001984126984126504,
    0.008333333333333331,
    -0.16666666666666666,
];
/// (cos r − 1 + r²/2)/r⁴ in z = r²; relative error 1.6e-20.
const COS: [f64; 7] = [
    4.745838412531023e-14,
    -1.1470460319209511e-11,
    2.0876755787492604e-09,
    -2.755731922139249e-07,
    2.4801587301584632e-05,
    -0.0013888888888888887,
    0.041666666666666664,
];
/// erf(x)/x − 1 in z = x² ≤ 1; relative error 9.1e-18.
const ERF: [f64; 14] = [
    -4.230945824295338e-12,
    8.709045129053106e-11,
    -1.216456005728345e-09,
    1.4792401209404813e-08,
    -1.6364642158167616e-07,
    1.6462045441468418e-06,
    -1.4925647567519332e-05,
    0.00012055332902888736,
    -0.000854832702193483,
    0.0052239776254232985,
    -0.02686617064512984,
    0.1128379167095512,
    -0.37612638903183754,
    0.1283791670955126,
];
/// e^(a²) erfc(a) in u = (a − 2)/(a + 2) for 1 ≤ a ≤ 6; relative error 3.5e-16.
const ERFCX: [f64; 16] = [
    -2.22812957637235e-07,
    4.146302183268488e-06,
    1.859427387429402e-06,
    -1.4166339069117108e-05,
    -2.7640727821912852e-05,
    2.7560352756678313e-05,
    0.00017436477257256738,
    4.355265359817883e-05,
    -0.0009819771114740715,
    -0.0008471431229415333,
    0.006997461739200575,
    0.0037328924016564484,
    -0.07897858101571269,
    0.24165819424248763,
    -0.4271858474139585,
    0.2553956763105057,
];

/// (1 + 2a) e^(a²) erfc(a) in u = (a − 4)/(a + 4) for ½ ≤ a ≤ 28, without the
/// constant; relative error 6.6e-19.
const ERFC: [f64; 22] = [
    1.9717656765049794e-09,
    -9.652213521087604e-09,
    -1.8406671051403966e-08,
    1.03256669073015e-07,
    7.540467350144586e-08,
    -8.195085083459565e-07,
    2.9313186423696087e-07,
    5.706494720146254e-06,
    -1.1221668942295945e-05,
    -2.4398057333996413e-05,
    0.00015062155590137163,
    -0.00019925696553927866,
    -0.0007577732634973155,
    0.00503197001856426,
    -0.016197734061059108,
    0.03716751553379472,
    -0.06633036581196795,
    0.09373283499853434,
    -0.1010390660363143,
    0.06809705425468844,
    0.015379652102619901,
    -0.1396211168405625,
];
const ERFC_CONSTANT: f64 = 1.2329951186255526;
/// (eʳ − 1 − r)/r² for 0 ≤ r ≤ ln 2; relative error 4.4e-20.
const RISE: [f64; 12] = [
    2.1662376709313186e-10,
    1.9804228033376276e-09,
    2.5167040589467284e-08,
    2.7549588302746583e-07,
    2.7557660926791986e-06,
    2.4801577256987716e-05,
    0.0001984127003525384,
    0.0013888888886517366,
    0.00833333333335042,
    0.04166666666666603,
    0.16666666666666669,
    0.5,
];

formulas!(f64, u64);

/// e and m with x = 2ᵉ m and m in [√½, √2), for normal x > 0.
#[inline(always)]
fn split(x: f64) -> (f64, f64) {
    const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    const ONE: u64 = 1023 << 52;
    /// 2⁵², whose low bits can hold an integer.
    const HOLDER: f64 = 4_503_599_627_370_496.0;
    let bits = x.to_bits();
    let biased = bits.wrapping_add(ONE - SQRT_HALF) >> 52;
    let e = f64::from_bits(biased | HOLDER.to_bits()) - (HOLDER + 1023.0);
    let m = f64::from_bits(bits.wrapping_sub(biased << 52).wrapping_add(ONE));
    (e, m)
}

/// e ln 2 + ln(1 + f) + rest, for f in [√½ − 1, √2 − 1].
#[inline(always)]
fn ln_parts(e: f64, f: f64, rest: f64) -> f64 {
    let s = f / (2.0 + f);
    let z = s * s;
    let r = z * poly(&LN, z);
    let half_square = 0.5 * f * f;
    // f leads, and what corrects it is added up before it.
    let small = s.mul_add(half_square + r, e.mul_add(LN_2_REST, rest));
    e.mul_add(LN_2_HIGH, f - (half_square - small))
}

/// erf x.
#[inline(always)]
pub(super) fn erf(x: f64) -> f64 {
    let a = x.abs();
    let z = a * a;
    let low = a.mul_add(poly(&ERF, clamp(z, 0.0, 1.0)), a);
    let far = clamp(a, 1.0, ERF_END);
    let u = (far - 2.0) / (far + 2.0);
    let high = 1.0 - exp_negative(-far * far) * poly(&ERFCX, u);
    let y = if a < 1.0 { low } else { high };
    // NaN fails the comparison above and was lost in no clamp.
    y.copysign(x)
}

/// erfc a for ½ ≤ a: a quotient times e^(−a²), each with what its roundings
/// lost, because four of them in a row would exceed two units.
#[inline(always)]
fn erfc_far(a: f64) -> f64 {
    let u = (a - 4.0) / (a + 4.0);
    let p = poly(&ERFC, u);
    let n = p.mul_add(u, ERFC_CONSTANT);
    let n_low = p.mul_add(u, ERFC_CONSTANT - n);
    let d = 1.0 + 2.0 * a;
    let d_low = 2.0 * a - (d - 1.0);
    let inverse = 1.0 / d;
    let q = n * inverse;
    let q_low = ((-q).mul_add(d, n) + (n_low - q * d_low)) * inverse;
    // What the square lost is a relative error of its exponential.
    let square = a * a;
    let (held, e) = reduced_exp(-square);
    let e = (1.0 + e).mul_add(-a.mul_add(a, -square), e);
    let f = 1.0 + e;
    let f_low = e - (f - 1.0);
    let y = f * q;
    let y = y + (f.mul_add(q, -y) + f.mul_add(q_low, f_low * q));
    scaled(y, held)
}

/// 1 − erf x, without the cancellation.
#[inline(always)]
pub(super) fn erfc(x: f64) -> f64 {
    let a = x.abs();
    let near = clamp(a, 0.0, 0.5);
    let near = near.mul_add(poly(&ERF, near * near), near);
    let far = erfc_far(clamp(a, 0.5, 27.25));
    let far = if x < 0.0 { 2.0 - far } else { far };
    if a < 0.5 { 1.0 - near.copysign(x) } else { far }
}

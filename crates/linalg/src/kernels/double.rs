//! Elementary functions in `f64`, without branches: written so that a loop
//! over a slice becomes vector code.
//!
//! The one idea: reduce the argument, evaluate a short polynomial with fused
//! multiply-adds, put the exponent back by integer arithmetic on the bits;
//! special values are chosen at the end by selection. The coefficients come
//! from `xtask/refs/polynomials.py`.

#![allow(clippy::inline_always, reason = "vector code needs the callee in the loop's body")]

/// Adding and subtracting 1.5 · 2⁵² rounds to the nearest integer, and leaves
/// that integer in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;
const LN_2_LOW: f64 = 2.319_046_813_846_299_6e-17;

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

/// Horner's rule, coefficients from the highest power.
#[inline(always)]
fn horner<const N: usize>(c: &[f64; N], x: f64) -> f64 {
    let mut sum = c[0];
    let mut i = 1;
    while i < N {
        sum = sum.mul_add(x, c[i]);
        i += 1;
    }
    sum
}

/// `x` kept within [low, high]; NaN stays.
#[inline(always)]
fn clamp(x: f64, low: f64, high: f64) -> f64 {
    let x = if x > high { high } else { x };
    if x < low { low } else { x }
}

/// 2ⁿ for the integer n that `ROUND + n` holds in its low bits.
#[inline(always)]
fn power_of_two(rounded: f64) -> f64 {
    f64::from_bits(rounded.to_bits().wrapping_add(1023) << 52)
}

/// (k, eʳ − 1) with x = k ln 2 + r and |r| ≤ ½ ln 2.
#[inline(always)]
fn reduced_exp(x: f64) -> (f64, f64) {
    let k = x.mul_add(std::f64::consts::LOG2_E, ROUND) - ROUND;
    // The first step is exact: its result is a short multiple of 2⁻⁵⁴.
    let r = k.mul_add(-LN_2_LOW, k.mul_add(-std::f64::consts::LN_2, x));
    (k, (r * r).mul_add(horner(&EXP, r), r))
}

/// y 2ᵏ, the power as two factors: one alone leaves the range of normal numbers.
#[inline(always)]
fn scaled(y: f64, k: f64) -> f64 {
    let half = k.mul_add(0.5, ROUND);
    let rest = (k - (half - ROUND)) + ROUND;
    y * power_of_two(half) * power_of_two(rest)
}

/// eˣ.
#[inline(always)]
pub(super) fn exp(x: f64) -> f64 {
    let (k, e) = reduced_exp(clamp(x, -746.0, 710.0));
    scaled(1.0 + e, k)
}

/// eˣ for x ≤ 0, zero below −708: one factor suffices.
#[inline(always)]
pub(super) fn exp_negative(x: f64) -> f64 {
    let (k, e) = reduced_exp(clamp(x, -708.0, 0.0));
    let y = (1.0 + e) * power_of_two(k + ROUND);
    if x < -708.0 { 0.0 } else { y }
}

/// eˣ − 1.
#[inline(always)]
pub(super) fn exp_m1(x: f64) -> f64 {
    let (k, e) = reduced_exp(clamp(x, -40.0, 710.0));
    // 2ᵏ⁻¹ stays finite up to the largest k.
    let scale = power_of_two((k - 1.0) + ROUND);
    let y = 2.0 * scale.mul_add(e, scale - 0.5);
    if x.abs() < 1e-17 { x } else { y }
}

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
    const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN_2_REST: f64 = 1.908_214_929_270_587_7e-10;
    let s = f / (2.0 + f);
    let z = s * s;
    let r = z * horner(&LN, z);
    let half_square = 0.5 * f * f;
    // f leads, and what corrects it is added up before it.
    let small = s.mul_add(half_square + r, e.mul_add(LN_2_REST, rest));
    e.mul_add(LN_2_HIGH, f - (half_square - small))
}

/// ln x.
#[inline(always)]
pub(super) fn ln(x: f64) -> f64 {
    const TWO_54: f64 = 18_014_398_509_481_984.0;
    let tiny = x < f64::MIN_POSITIVE;
    let (e, m) = split(if tiny { x * TWO_54 } else { x });
    let y = ln_parts(if tiny { e - 54.0 } else { e }, m - 1.0, 0.0);
    let y = if x < f64::INFINITY { y } else { x };
    let y = if x == 0.0 { f64::NEG_INFINITY } else { y };
    if x < 0.0 { f64::NAN } else { y }
}

/// ln(1 + x).
#[inline(always)]
pub(super) fn ln_1p(x: f64) -> f64 {
    let u = 1.0 + x;
    // What the sum lost, by Knuth's two-sum; first order is enough for it.
    let t = u - 1.0;
    let lost = (1.0 - (u - t)) + (x - t);
    let (e, m) = split(u);
    let y = ln_parts(e, m - 1.0, lost / u);
    let y = if x < f64::INFINITY { y } else { x };
    let y = if x.abs() < 1e-20 { x } else { y };
    let y = if x <= -1.0 { f64::NEG_INFINITY } else { y };
    if x < -1.0 { f64::NAN } else { y }
}

/// (tanh x − x)/x³ in z = x² for |x| < 0.35; relative error 1.1e-17.
const TANH: [f64; 9] = [
    -0.0001919937670087209,
    0.0005796485945430674,
    -0.0014545746507303983,
    0.003592038122983898,
    -0.00886323174283133,
    0.021869488446310148,
    -0.053968253967184264,
    0.13333333333332842,
    -0.3333333333333333,
];

/// tanh x = (e^(2x) − 1) / (e^(2x) + 1).
#[inline(always)]
pub(super) fn tanh(x: f64) -> f64 {
    let a = x.abs();
    let (k, e) = reduced_exp(clamp(2.0 * a, 0.0, 44.0));
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
pub(super) fn sigmoid(x: f64) -> f64 {
    let e = exp(-x.abs());
    let d = 1.0 + e;
    let y = (if x < 0.0 { e } else { 1.0 }) / d;
    // What the sum has lost, times −y/d; 1/d is y or 1 − y.
    let inverse = if x < 0.0 { 1.0 - y } else { y };
    (y * inverse).mul_add((d - 1.0) - e, y)
}

/// ln(1 + eˣ).
#[inline(always)]
pub(super) fn softplus(x: f64) -> f64 {
    // 0 ≤ e ≤ 1, so of the special cases of ln_1p only tiny e remains.
    let e = exp(-x.abs());
    let u = 1.0 + e;
    let lost = e - (u - 1.0);
    let (k, m) = split(u);
    let y = ln_parts(k, m - 1.0, lost / u);
    let y = if e < 1e-20 { e } else { y };
    (if x > 0.0 { x } else { 0.0 }) + y
}

/// erf x.
#[inline(always)]
pub(super) fn erf(x: f64) -> f64 {
    let a = x.abs();
    let z = a * a;
    let low = a.mul_add(horner(&ERF, clamp(z, 0.0, 1.0)), a);
    let far = clamp(a, 1.0, 6.0);
    let u = (far - 2.0) / (far + 2.0);
    let high = 1.0 - exp_negative(-far * far) * horner(&ERFCX, u);
    let y = if a < 1.0 { low } else { high };
    // NaN fails the comparison above and was lost in no clamp.
    y.copysign(x)
}

/// erfc a for ½ ≤ a: a quotient times e^(−a²), each with what its roundings
/// lost, because four of them in a row would exceed two units.
#[inline(always)]
fn erfc_far(a: f64) -> f64 {
    let u = (a - 4.0) / (a + 4.0);
    let p = horner(&ERFC, u);
    let n = p.mul_add(u, ERFC_CONSTANT);
    let n_low = p.mul_add(u, ERFC_CONSTANT - n);
    let d = 1.0 + 2.0 * a;
    let d_low = 2.0 * a - (d - 1.0);
    let inverse = 1.0 / d;
    let q = n * inverse;
    let q_low = ((-q).mul_add(d, n) + (n_low - q * d_low)) * inverse;
    // What the square lost is a relative error of its exponential.
    let square = a * a;
    let (k, e) = reduced_exp(-square);
    let e = (1.0 + e).mul_add(-a.mul_add(a, -square), e);
    let f = 1.0 + e;
    let f_low = e - (f - 1.0);
    let y = f * q;
    let y = y + (f.mul_add(q, -y) + f.mul_add(q_low, f_low * q));
    scaled(y, k)
}

/// 1 − erf x, without the cancellation.
#[inline(always)]
pub(super) fn erfc(x: f64) -> f64 {
    let a = x.abs();
    let near = clamp(a, 0.0, 0.5);
    let near = near.mul_add(horner(&ERF, near * near), near);
    let far = erfc_far(clamp(a, 0.5, 27.25));
    let far = if x < 0.0 { 2.0 - far } else { far };
    if a < 0.5 { 1.0 - near.copysign(x) } else { far }
}

/// Beyond this size the reduction of sin and cos is left to the standard
/// library.
pub(super) const FAR: f64 = 1e6;

/// Parity and sign bits of k, and x − k π/2 in two parts, for |x| ≤ `FAR`.
#[inline(always)]
fn quarter_turns(x: f64) -> (u64, f64, f64) {
    const P2: f64 = 6.123_233_995_736_766e-17;
    const P3: f64 = -1.497_384_904_859_169_8e-33;
    let held = x.mul_add(std::f64::consts::FRAC_2_PI, ROUND);
    let k = held - ROUND;
    // The first step is exact, the second is followed by its own error.
    let first = k.mul_add(-std::f64::consts::FRAC_PI_2, x);
    let r = k.mul_add(-P2, first);
    let low = k.mul_add(-P3, k.mul_add(-P2, first - r));
    (held.to_bits(), r, low)
}

/// sin(r + low) for odd, cos(r + low) for even `quarter`, with the sign of
/// bit 1 of `turn`.
#[inline(always)]
fn turned(quarter: u64, turn: u64, r: f64, low: f64) -> f64 {
    let z = r * r;
    let sin = r + (r * z).mul_add(horner(&SIN, z), low);
    let half = 0.5 * z;
    let w = 1.0 - half;
    let cos = w + ((1.0 - w) - half + (z * z).mul_add(horner(&COS, z), -r * low));
    let y = if quarter & 1 == 0 { cos } else { sin };
    f64::from_bits(y.to_bits() ^ ((turn & 2) << 62))
}

/// sin x for |x| ≤ `FAR`.
#[inline(always)]
pub(super) fn sin(x: f64) -> f64 {
    let (k, r, low) = quarter_turns(x);
    let y = turned(k.wrapping_add(1), k, r, low);
    if x.abs() < 1e-9 { x } else { y }
}

/// cos x for |x| ≤ `FAR`.
#[inline(always)]
pub(super) fn cos(x: f64) -> f64 {
    let (k, r, low) = quarter_turns(x);
    turned(k, k.wrapping_add(1), r, low)
}

/// arctan x.
#[inline(always)]
pub(super) fn atan(x: f64) -> f64 {
    use std::f64::consts::{FRAC_PI_2, FRAC_PI_4};
    const HALF_LOW: f64 = 6.123_233_995_736_766e-17;
    const QUARTER_LOW: f64 = 3.061_616_997_868_383e-17;
    const TAN_PI_8: f64 = 0.414_213_562_373_095;
    const COT_PI_8: f64 = 2.414_213_562_373_095;
    let a = x.abs();
    // arctan a = π/4 + arctan((a − 1)/(a + 1)) = π/2 + arctan(−1/a).
    let (n, d) = if a > TAN_PI_8 { (a - 1.0, a + 1.0) } else { (a, 1.0) };
    let (n, d) = if a > COT_PI_8 { (-1.0, a) } else { (n, d) };
    let (high, low) = if a > TAN_PI_8 { (FRAC_PI_4, QUARTER_LOW) } else { (0.0, 0.0) };
    let (high, low) = if a > COT_PI_8 { (FRAC_PI_2, HALF_LOW) } else { (high, low) };
    let t = n / d;
    let z = t * t;
    let y = high + (t + (t * z).mul_add(horner(&ATAN, z), low));
    y.copysign(x)
}

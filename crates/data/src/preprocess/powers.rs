//! xᵏ correctly rounded: the exact power of the binary64 number x, rounded once.
//!
//! A polynomial of high degree over a short interval (StRD's Filip) is so badly
//! conditioned that a last bit in the columns moves the seventh digit of the
//! answer; powers that differ between libraries would make it unrepeatable.
//! Twofold arithmetic settles nearly every case with a proven error bound, an
//! exact integer power the rest.

/// Writes x, x², …, into `out`, each correctly rounded to binary64.
///
/// # Numerics
/// Ties go to even; what is too large becomes an infinity.
///
/// # Examples
/// ```
/// let mut out = [0.0; 3];
/// wonderland_data::powers(-1.5, &mut out);
/// assert_eq!(out, [-1.5, 2.25, -3.375]);
/// ```
pub fn powers(x: f64, out: &mut [f64]) {
    let (mut high, mut low) = (x, 0.0);
    for (i, out) in out.iter_mut().enumerate() {
        let k = i + 1;
        if k > 1 {
            (high, low) = times(high, low, x);
        }
        *out = rounded(high, low, k).unwrap_or_else(|| exact_power(x, k));
    }
}

/// (high + low) · x as high + low, relative error below 2⁻¹⁰³.
fn times(high: f64, low: f64, x: f64) -> (f64, f64) {
    let product = high * x;
    let error = high.mul_add(x, -product);
    let rest = low.mul_add(x, error);
    let sum = product + rest;
    (sum, rest - (sum - product))
}

/// The rounding of xᵏ ≈ high + low, where the error cannot change it.
fn rounded(high: f64, low: f64, k: usize) -> Option<f64> {
    // Outside, a low part may be subnormal or a product overflow.
    const SAFE: std::ops::Range<f64> = 1e-140..1e300;
    if k == 1 {
        return Some(high);
    }
    if !SAFE.contains(&high.abs()) {
        return None;
    }
    // Each of the k − 1 products adds at most 2⁻¹⁰³ of the value; 2⁻¹⁰⁰ is ample.
    let bound = high.abs() * (k as f64) * 2.0_f64.powi(-100);
    let (below, above) = (high + (low - bound), high + (low + bound));
    (below.to_bits() == above.to_bits()).then_some(below)
}

/// The power by exact integers: x = ±m · 2ᵉ, so |xᵏ| = mᵏ · 2ᵉᵏ.
fn exact_power(x: f64, k: usize) -> f64 {
    if x == 0.0 {
        return if k % 2 == 1 { x } else { 0.0 };
    }
    let bits = x.abs().to_bits();
    let (mantissa, exponent) = match bits >> 52 {
        0 => (bits, -1074_i64),
        e => (bits & ((1 << 52) - 1) | 1 << 52, e as i64 - 1075),
    };
    let shift = mantissa.trailing_zeros();
    let (mantissa, exponent) = (mantissa >> shift, exponent + i64::from(shift));
    // Limbs of 32 bits, the lowest first.
    let mut limbs = vec![1_u32];
    for _ in 0..k {
        multiply(&mut limbs, mantissa);
    }
    let magnitude = round_scaled(&limbs, exponent.saturating_mul(k as i64));
    if x < 0.0 && k % 2 == 1 { -magnitude } else { magnitude }
}

/// limbs ← limbs · factor, for a factor below 2⁵³.
fn multiply(limbs: &mut Vec<u32>, factor: u64) {
    let mut carry = 0_u128;
    for limb in limbs.iter_mut() {
        carry += u128::from(*limb) * u128::from(factor);
        *limb = carry as u32;
        carry >>= 32;
    }
    while carry > 0 {
        limbs.push(carry as u32);
        carry >>= 32;
    }
}

/// The integer times 2ᵉ, rounded to binary64, ties to even.
fn round_scaled(limbs: &[u32], e: i64) -> f64 {
    let bit = |i: i64| (limbs[(i / 32) as usize] >> (i % 32)) & 1 == 1;
    let top = limbs.len() as i64 * 32 - i64::from(limbs.last().map_or(32, |l| l.leading_zeros()));
    // Value of the last place kept: 53 bits, but none below 2⁻¹⁰⁷⁴.
    let last = (top - 53 + e).max(-1074);
    if top + e > 1024 {
        return f64::INFINITY;
    }
    let cut = last - e; // bits of the integer that are cut off
    if cut > top {
        return 0.0; // below half of the smallest number
    }
    let mut kept = 0_u64;
    for i in (cut.max(0)..top).rev() {
        kept = kept << 1 | u64::from(bit(i));
    }
    if cut < 0 {
        kept <<= -cut;
    }
    if cut > 0 && bit(cut - 1) && (kept & 1 == 1 || (0..cut - 1).any(bit)) {
        kept += 1;
    }
    // kept ≤ 2⁵³ and its product with a power of two are exact but at overflow.
    scale(kept as f64, last)
}

/// x · 2ᵉ for a whole x ≤ 2⁵³ and a result that is exact or overflows.
fn scale(x: f64, e: i64) -> f64 {
    let power = |e: i64| 2.0_f64.powi(e as i32);
    if e < -1000 { x * power(-1000) * power(e + 1000) } else { x * power(e) }
}

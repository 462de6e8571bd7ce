//! Powers of two that bring a column near 1, so that scaling rounds nothing.

/// The exponent e with 2^(e−1) ≤ |x| < 2^e; 0 for x = 0.
pub(crate) fn exponent(x: f64) -> i32 {
    const TWO_64: f64 = 18_446_744_073_709_551_616.0;
    if x == 0.0 {
        return 0;
    }
    let biased = |x: f64| ((x.to_bits() >> 52) & 0x7ff) as i32;
    match biased(x) {
        // Subnormal: look at it 64 binary places higher.
        0 => biased(x * TWO_64) - 1022 - 64,
        e => e - 1022,
    }
}

/// x · 2^e; only a subnormal result is rounded; ±∞ on overflow.
pub(crate) fn ldexp(x: f64, e: i32) -> f64 {
    // Three factors, because one of 2^±2100 is no number. Both signs of e move
    // x monotonically, so an intermediate overflows only if the result does.
    let e = e.clamp(-2200, 2200);
    let third = e / 3;
    x * pow2(third) * pow2(third) * pow2(e - 2 * third)
}

/// 2^e for |e| ≤ 1022.
pub(crate) fn pow2(e: i32) -> f64 {
    debug_assert!(e.abs() <= 1022, "2^{e} is no normal number");
    f64::from_bits(((1023 + i64::from(e)) as u64) << 52)
}

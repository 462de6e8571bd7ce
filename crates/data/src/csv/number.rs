//! The number at the head of some bytes, correctly rounded, in one look at
//! every byte.
//!
//! Files hold shortest or 17-digit decimals, whose digits exceed 2⁵³: they are
//! a quotient of two integers of 64 bits, w / 10ᵏ = (w / 5ᵏ) · 2⁻ᵏ, and one exact
//! division with remainder rounds it. Whatever is longer, smaller or larger
//! than this covers is left to the standard library, which rounds alike.

/// Most digits that surely fit into 64 bits.
const MAX_DIGITS: usize = 19;
/// Largest k with 5ᵏ below 2⁶⁴.
const MAX_POWER: usize = 27;

/// The number that the bytes begin with, and how many of them it takes; none
/// if there is no number, or one that has to be parsed another way.
///
/// What follows the number is not looked at.
#[inline]
pub(super) fn leading_number(bytes: &[u8]) -> Option<(f64, usize)> {
    let negative = bytes.first() == Some(&b'-');
    let start = usize::from(negative);
    let mut w = 0;
    let mut at = digits(bytes, start, &mut w);
    let mut n_digits = at - start;
    let mut exponent = 0;
    if bytes.get(at) == Some(&b'.') {
        let point = at + 1;
        at = digits(bytes, point, &mut w);
        n_digits += at - point;
        exponent = -((at - point) as i32);
    }
    if n_digits == 0 || n_digits > MAX_DIGITS && significant(&bytes[start..at]) > MAX_DIGITS {
        return None;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let (value, end) = written_exponent(bytes, at + 1)?;
        (exponent, at) = (exponent + value, end);
    }
    let x = scaled(w, exponent)?;
    Some((if negative { -x } else { x }, at))
}

/// Appends the decimal digits from `at` on to w; returns where they end.
#[inline]
fn digits(bytes: &[u8], mut at: usize, w: &mut u64) -> usize {
    const TENS: [u64; 9] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        // A digit becomes its value, and no other byte is below ten then.
        let values = u64::from_le_bytes(*eight) ^ 0x3030_3030_3030_3030;
        // A carry can only come from a byte that is no digit, so the first
        // of them is found.
        let others = (values.wrapping_add(0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080;
        let n = (others.trailing_zeros() / 8) as usize;
        if n == 0 {
            return at;
        }
        // As if zeros stood before the digits.
        let values = values << (64 - 8 * n);
        *w = w.wrapping_mul(TENS[n]).wrapping_add(eight_digits(values));
        at += n;
        if n < 8 {
            return at;
        }
    }
    while let Some(byte @ b'0'..=b'9') = bytes.get(at) {
        *w = w.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
        at += 1;
    }
    at
}

/// The number of eight digits, the first in the lowest byte: pairs, fours and
/// eights are joined side by side.
#[inline]
fn eight_digits(values: u64) -> u64 {
    const TWO: u64 = 0x0000_00ff_0000_00ff;
    let pairs = values.wrapping_mul(10).wrapping_add(values >> 8);
    let first = (pairs & TWO).wrapping_mul(100 + (1_000_000 << 32));
    let second = (pairs >> 16 & TWO).wrapping_mul(1 + (10_000 << 32));
    first.wrapping_add(second) >> 32
}

/// The digits behind leading zeros.
#[cold]
fn significant(number: &[u8]) -> usize {
    let digits = || number.iter().filter(|&&byte| byte != b'.');
    digits().count() - digits().take_while(|&&byte| byte == b'0').count()
}

/// The exponent behind an `e`, and where it ends.
fn written_exponent(bytes: &[u8], at: usize) -> Option<(i32, usize)> {
    let sign = bytes.get(at).copied();
    let start = at + usize::from(matches!(sign, Some(b'-' | b'+')));
    let mut value = 0;
    let end = digits(bytes, start, &mut value);
    // Three digits reach beyond the largest and smallest numbers.
    if !(1..=3).contains(&(end - start)) {
        return None;
    }
    let value = value as i32;
    Some((if sign == Some(b'-') { -value } else { value }, end))
}

/// w · 10ᵉ rounded to nearest, ties to even, where it can be had at once.
#[inline]
fn scaled(w: u64, e: i32) -> Option<f64> {
    const TENS: [f64; 23] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ];
    let power = e.unsigned_abs() as usize;
    // Both sides are exact, so that one operation rounds once.
    if w <= 1 << 53 && power < TENS.len() {
        let x = w as f64;
        return Some(if e < 0 { x / TENS[power] } else { x * TENS[power] });
    }
    match power {
        0 => Some(w as f64),
        _ if w == 0 => Some(0.0),
        1..=MAX_POWER if e < 0 => Some(quotient(w, power)),
        _ => None,
    }
}

/// w / 10ᵏ, rounded to nearest, ties to even; w > 0 and k from 1 to 27.
#[inline]
fn quotient(w: u64, k: usize) -> f64 {
    let divisor = &DIVISORS[k];
    let shift = w.leading_zeros();
    let n = w << shift;
    // Halved if need be, so that the quotient has 64 bits, the highest set.
    let halved = u32::from(n >= divisor.d);
    let (q, inexact) = divisor.divide(n >> halved, if halved == 1 { n << 63 } else { 0 });
    let (kept, cut) = (q >> 11, q & 0x7ff);
    let up = cut > 0x400 || cut == 0x400 && (inexact || kept & 1 == 1);
    // w / 10ᵏ = q · 2^(shift of 5ᵏ − shift of w − k − 64 + halved), and q is cut by 2¹¹.
    let exponent = divisor.shift + halved + 11 + 1023 - shift - k as u32 - 64;
    (kept + u64::from(up)) as f64 * f64::from_bits(u64::from(exponent) << 52)
}

/// 5ᵏ · 2^shift with its highest bit set, and its reciprocal.
struct Divisor {
    d: u64,
    /// ⌊(2¹²⁸ − 1) / d⌋ − 2⁶⁴.
    reciprocal: u64,
    shift: u32,
}

const DIVISORS: [Divisor; MAX_POWER + 1] = {
    let mut all = [const { Divisor::of(1) }; MAX_POWER + 1];
    let (mut k, mut power) = (1, 1_u64);
    while k <= MAX_POWER {
        power *= 5;
        all[k] = Divisor::of(power);
        k += 1;
    }
    all
};

impl Divisor {
    const fn of(power: u64) -> Self {
        let shift = power.leading_zeros();
        let d = power << shift;
        let reciprocal = (u128::MAX / d as u128 - (1 << 64)) as u64;
        Self { d, reciprocal, shift }
    }

    /// ⌊(high · 2⁶⁴ + low) / d⌋ for high < d, and whether anything remains
    /// (Möller and Granlund 2011, *Improved division by invariant integers*,
    /// algorithm 4).
    #[inline]
    fn divide(&self, high: u64, low: u64) -> (u64, bool) {
        let sum = u128::from(self.reciprocal) * u128::from(high)
            + (u128::from(high) << 64 | u128::from(low));
        let mut q = ((sum >> 64) as u64).wrapping_add(1);
        let mut rest = low.wrapping_sub(q.wrapping_mul(self.d));
        if rest > sum as u64 {
            q = q.wrapping_sub(1);
            rest = rest.wrapping_add(self.d);
        }
        if rest >= self.d {
            q = q.wrapping_add(1);
            rest -= self.d;
        }
        (q, rest > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str) {
        let (found, taken) = leading_number(text.as_bytes()).unwrap();
        assert_eq!(found.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
        assert_eq!(taken, text.len(), "{text}");
    }

    #[test]
    fn hard_numbers_round_as_the_standard_library_does() {
        for text in [
            "0",
            "-0",
            "0.0",
            "-0.00",
            "5.",
            ".5",
            "-.25",
            "1e3",
            "1E+3",
            "1e-3",
            "0e999",
            // Beyond 2⁵³, also by ties: half of the last place above 2⁵³.
            "9007199254740993",
            "9007199254740993.0",
            "9007199254740992.5",
            "9007199254740995.0",
            "9446744073709551615e-27",
            "9999999999999999999",
            "0.9999999999999999999",
            "1.000000000000000222",
            "1.000000000000000111",
            "1.000000000000000333",
            "0.000000001234567890123456789",
            "-2.2250738585072014e-5",
            "7.4109846876186982e-9",
            "123456789.1234567891",
            "0.1",
            "0.30000000000000004",
            "5e-22",
            "5e22",
        ] {
            check(text);
        }
    }

    #[test]
    fn every_length_and_scale_of_random_digits() {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state >> 11
        };
        for _ in 0..40_000 {
            let digits = (next() << 11 ^ next()).to_string();
            let length = 1 + next() as usize % digits.len().min(MAX_DIGITS);
            let point = next() as usize % (length + 1);
            let number = format!("{}.{}", &digits[..point], &digits[point..length]);
            check(&number);
            let exponent = next() % 28;
            if exponent as usize + length - point <= MAX_POWER {
                check(&format!("-{number}e-{exponent}"));
            }
        }
    }

    #[test]
    fn shortest_decimals_come_back() {
        let mut x = 1e-9_f64;
        while x < 1e16 {
            check(&x.to_string());
            check(&format!("{x:.17}")[..19.min(format!("{x:.17}").len())]);
            x *= 1.000_37;
        }
    }

    #[test]
    fn what_follows_is_left_and_what_is_no_number_refused() {
        assert_eq!(leading_number(b"12,13"), Some((12.0, 2)));
        assert_eq!(leading_number(b"1.5\n1.5\n1.5\n"), Some((1.5, 3)));
        for text in ["", "-", ".", "-.", "+1", "nan", "inf", "e5", "1e", "1e-", "1e1000", " 1"] {
            assert_eq!(leading_number(text.as_bytes()), None, "{text}");
        }
        // Too long or too small for the short way.
        for text in ["12345678901234567890", "1.2345678901234567e-25", "12345678901234567e30"] {
            assert_eq!(leading_number(text.as_bytes()), None, "{text}");
        }
    }
}

//! Numbers as people read them.

/// Six significant digits, with an exponent where the plain form would be long.
pub(crate) fn significant(x: f64) -> String {
    rounded(x, 6)
}

/// `digits` significant digits, without trailing zeros.
fn rounded(x: f64, digits: usize) -> String {
    if x == 0.0 {
        return "0".into();
    }
    let scientific = format!("{:.*e}", digits - 1, x);
    let (mantissa, exponent) = scientific.split_once('e').expect("`{:e}` writes an e");
    let exponent: i32 = exponent.parse().expect("`{:e}` writes a whole exponent");
    if !(-4..9).contains(&exponent) {
        return format!("{}e{exponent}", trimmed(mantissa));
    }
    let decimals = usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0);
    trimmed(&format!("{x:.decimals$}")).to_owned()
}

/// Without the zeros that say nothing.
fn trimmed(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

/// `[low, high]` with three significant digits.
pub(crate) fn interval(ends: [f64; 2]) -> String {
    format!("[{}, {}]", rounded(ends[0], 4), rounded(ends[1], 4))
}

/// `1 row`, `2 rows`.
pub(crate) fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::{counted, interval, significant};

    #[test]
    fn six_digits() {
        for (x, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (-152.133_484, "-152.133"),
            (0.000_123_456_78, "0.000123457"),
            (0.000_012_345_678, "1.23457e-5"),
            (123_456_789.0, "123456789"),
            (1_234_567_890.0, "1.23457e9"),
            (999_999.96, "1000000"),
            (1e300, "1e300"),
        ] {
            assert_eq!(significant(x), text);
        }
    }

    #[test]
    fn intervals_and_counts() {
        assert_eq!(interval([0.123_456, 12.0]), "[0.1235, 12]");
        assert_eq!((counted(1, "row").as_str(), counted(0, "row").as_str()), ("1 row", "0 rows"));
    }
}

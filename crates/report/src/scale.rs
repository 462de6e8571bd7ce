//! Axes: from data to pixels, and the round numbers to mark.

/// A linear map from `[low, high]` to pixels, with its tick marks.
#[derive(Debug, Clone)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// Maps `low` to pixel `from` and `high` to pixel `to`; an empty range is
    /// widened so that a constant still has a place.
    pub(crate) fn new(low: f64, high: f64, from: f64, to: f64) -> Self {
        let (low, high) =
            if low.is_finite() && high.is_finite() { (low, high) } else { (0.0, 1.0) };
        if high > low {
            return Self { low, high, from, to };
        }
        let margin = if low == 0.0 { 1.0 } else { low.abs() * 0.5 };
        Self { low: low - margin, high: low + margin, from, to }
    }

    /// The pixel of `value`.
    pub(crate) fn at(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    /// About `count` round numbers inside the range: steps of 1, 2 or 5 times
    /// a power of ten.
    pub(crate) fn ticks(&self, count: usize) -> Vec<f64> {
        let raw = (self.high - self.low) / count.max(1) as f64;
        let power = 10_f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|m| m * power)
            .find(|&s| s >= raw * 0.999)
            .unwrap_or(10.0 * power);
        let first = (self.low / step - 1e-9).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        (first..=last).map(|k| k as f64 * step).collect()
    }
}

/// The range that holds all finite values, with a margin of `share` on either side.
pub(crate) fn padded_range(values: impl Iterator<Item = f64>, share: f64) -> (f64, f64) {
    let (low, high) = values
        .filter(|v| v.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    if low > high {
        return (0.0, 1.0);
    }
    let margin = (high - low) * share;
    (low - margin, high + margin)
}

/// A number as a label: at most four significant digits, thousands separated,
/// no trailing zeros.
pub(crate) fn label(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let magnitude = value.abs();
    if !(1e-4..1e7).contains(&magnitude) {
        return format!("{value:.2e}");
    }
    let digits = (3 - magnitude.log10().floor() as i32).max(0) as usize;
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        text
    };
    separate_thousands(&text.replace('-', "−"))
}

fn separate_thousands(text: &str) -> String {
    let (whole, rest) = text.split_once('.').map_or((text, None), |(w, r)| (w, Some(r)));
    let (sign, digits) = whole.strip_prefix('−').map_or(("", whole), |d| ("−", d));
    let mut out = String::from(sign);
    for (i, digit) in digits.chars().enumerate() {
        let left = digits.len() - i;
        if i > 0 && left % 3 == 0 && digits.len() > 4 {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    if let Some(rest) = rest {
        out.push('.');
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let unit = Scale::new(0.0, 1.0, 0.0, 100.0).ticks(5);
        assert_eq!(unit.len(), 6);
        assert!((unit[1] - 0.2).abs() < 1e-15);
        assert_eq!(Scale::new(-3.0, 47.0, 0.0, 1.0).ticks(5), [0.0, 10.0, 20.0, 30.0, 40.0]);
    }

    #[test]
    fn a_constant_or_an_unknown_range_still_has_a_scale() {
        for scale in [Scale::new(2.0, 2.0, 0.0, 10.0), Scale::new(0.0, 0.0, 0.0, 10.0)] {
            assert!((scale.at(f64::midpoint(scale.low, scale.high)) - 5.0).abs() < 1e-12);
        }
        let unknown = Scale::new(f64::NAN, 1.0, 0.0, 1.0);
        assert_eq!((unknown.low, unknown.high), (0.0, 1.0));
        assert_eq!(padded_range(std::iter::empty(), 0.1), (0.0, 1.0));
    }

    #[test]
    fn labels_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (0.25, "0.25"),
            (-1.5, "−1.5"),
            (1234.0, "1234"),
            (452_600.0, "452\u{202f}600"),
            (0.1 + 0.2, "0.3"),
            (1e9, "1.00e9"),
        ] {
            assert_eq!(label(value), text);
        }
    }
}

//! The few statistics that timings need: medians, their uncertainty, outliers.

/// Share of the probability that an interval leaves out on each side.
const TAIL: f64 = 0.025;
/// Resamples of the bootstrap; the ends of a 95 % interval move by about 2 % of its width.
const RESAMPLES: usize = 2000;

/// A figure with the ends of its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Interval {
    pub(crate) low: f64,
    pub(crate) middle: f64,
    pub(crate) high: f64,
}

/// The value below which the fraction `p` of the sorted sample lies, interpolated.
pub(crate) fn quantile(sorted: &[f64], p: f64) -> f64 {
    let at = p * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    below + (above - below) * at.fract()
}

/// The sample in ascending order.
pub(crate) fn sorted(sample: &[f64]) -> Vec<f64> {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The median.
pub(crate) fn median(sample: &[f64]) -> f64 {
    quantile(&sorted(sample), 0.5)
}

/// How many values lie outside Tukey's fences, 1.5 interquartile ranges beyond the quartiles.
pub(crate) fn outliers(sample: &[f64]) -> usize {
    let sorted = sorted(sample);
    let (first, third) = (quantile(&sorted, 0.25), quantile(&sorted, 0.75));
    let reach = 1.5 * (third - first);
    sorted.iter().filter(|x| **x < first - reach || **x > third + reach).count()
}

/// The median with a 95 % interval from order statistics: it assumes nothing
/// but independent draws, and needs at least six of them to be finite.
pub(crate) fn median_interval(sample: &[f64]) -> Interval {
    let sorted = sorted(sample);
    let n = sorted.len();
    // P(fewer than k of n coins show heads) for k = 1, 2, … until it passes the tail.
    let mut k = 0;
    let mut probability = 0.5_f64.powi(i32::try_from(n).unwrap_or(i32::MAX));
    let mut below = probability;
    while below <= TAIL && k < n / 2 {
        k += 1;
        probability *= (n - k + 1) as f64 / k as f64;
        below += probability;
    }
    let middle = quantile(&sorted, 0.5);
    if k == 0 {
        return Interval { low: f64::NEG_INFINITY, middle, high: f64::INFINITY };
    }
    Interval { low: sorted[k - 1], middle, high: sorted[n - k] }
}

/// median(a) / median(b) of two independent samples, with a bootstrap interval.
pub(crate) fn ratio_of_medians(a: &[f64], b: &[f64]) -> Interval {
    let mut random = SplitMix(0x5EED);
    let mut resampled = |sample: &[f64]| {
        let draw: Vec<f64> = sample.iter().map(|_| sample[random.below(sample.len())]).collect();
        median(&draw)
    };
    let ratios: Vec<f64> = (0..RESAMPLES).map(|_| resampled(a) / resampled(b)).collect();
    let ratios = sorted(&ratios);
    Interval {
        low: quantile(&ratios, TAIL),
        middle: median(a) / median(b),
        high: quantile(&ratios, 1.0 - TAIL),
    }
}

/// Steele, Lea and Flood's SplitMix64: enough for a bootstrap, and no dependency.
struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 4.0 * f64::EPSILON * a.abs().max(b.abs())
    }

    #[test]
    fn quantiles_are_interpolated() {
        assert!(close(median(&[3.0, 1.0, 2.0]), 2.0));
        assert!(close(median(&[4.0, 1.0, 2.0, 3.0]), 2.5));
        assert!(close(quantile(&[0.0, 10.0], 0.25), 2.5));
    }

    #[test]
    fn a_far_value_is_an_outlier() {
        assert_eq!(outliers(&[1.0, 1.1, 0.9, 1.0, 1.05, 9.0]), 1);
        assert_eq!(outliers(&[1.0, 2.0, 3.0]), 0);
    }

    #[test]
    fn thirty_values_give_the_tenth_and_the_twenty_first() {
        // P(Bin(30, ½) ≤ 9) = 0.0214 and P(Bin(30, ½) ≤ 10) = 0.0494.
        let sample: Vec<f64> = (1..=30).map(f64::from).collect();
        let interval = median_interval(&sample);
        assert!(close(interval.low, 10.0) && close(interval.high, 21.0), "{interval:?}");
        assert!(median_interval(&[1.0; 5]).low.is_infinite());
    }

    #[test]
    fn the_ratio_of_a_sample_and_its_double_is_a_half() {
        let a: Vec<f64> = (0..50).map(|i| 1.0 + f64::from(i % 7) / 100.0).collect();
        let b: Vec<f64> = a.iter().map(|x| 2.0 * x).collect();
        let ratio = ratio_of_medians(&a, &b);
        assert!(close(ratio.middle, 0.5));
        assert!(ratio.low <= 0.5 && 0.5 <= ratio.high && ratio.high - ratio.low < 0.05);
    }
}

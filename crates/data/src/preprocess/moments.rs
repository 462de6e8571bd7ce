//! Centre and spread of a column, also where sums would overflow.

/// Mean and standard deviation (over n) of finite numbers, which are gone
/// through more than once.
///
/// A constant column has exactly its value as the mean and 0 as the deviation.
///
/// # Numerics
/// Numbers are scaled by a power of two before anything is summed, so that
/// neither squares nor sums overflow or vanish; the deviation is taken in a
/// second pass about the mean, corrected for the rounding of that mean.
pub(super) fn mean_and_deviation(x: impl ExactSizeIterator<Item = f64> + Clone) -> (f64, f64) {
    let (least, most) = range(x.clone());
    #[expect(clippy::float_cmp, reason = "constant means every bit the same")]
    if least == most || x.len() == 0 {
        return (if x.len() == 0 { 0.0 } else { least }, 0.0);
    }
    let n = x.len() as f64;
    let size = least.abs().max(most.abs());
    // 2^−exponent brings the largest number into [1, 2); twice half of the
    // exponent stays finite where one factor would not.
    let exponent = size.log2().floor().clamp(-1021.0, 1023.0) as i32;
    let (down, up) = (2.0_f64.powi(-exponent.min(1021)), 2.0_f64.powi(exponent.min(1021)));
    let scaled = x.map(|x| x * down);
    let mean = scaled.clone().sum::<f64>() / n;
    let (mut sum, mut squares) = (0.0, 0.0);
    for x in scaled {
        let d = x - mean;
        sum += d;
        squares += d * d;
    }
    let variance = (squares - sum * sum / n) / n;
    let mean = mean + sum / n;
    (mean * up, variance.max(0.0).sqrt() * up)
}

/// Smallest and largest number.
pub(super) fn range(x: impl Iterator<Item = f64>) -> (f64, f64) {
    x.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)))
}

/// The middle of the numbers; between the middle two of an even count.
pub(super) fn median(mut x: Vec<f64>) -> Option<f64> {
    if x.is_empty() {
        return None;
    }
    let half = x.len() / 2;
    let even = x.len().is_multiple_of(2);
    let (below, &mut upper, _) = x.select_nth_unstable_by(half, f64::total_cmp);
    if !even {
        return Some(upper);
    }
    let lower = below.iter().copied().max_by(f64::total_cmp)?;
    Some(f64::midpoint(lower, upper))
}

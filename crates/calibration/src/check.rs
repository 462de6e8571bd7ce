//! The checks at the public door: lengths, weights, ranges.

use crate::{Error, Result};

/// Fails unless `what` has `expected` entries.
pub(crate) fn length(
    what: &'static str,
    actual: usize,
    expected: usize,
    per: &'static str,
) -> Result<()> {
    if actual == expected {
        Ok(())
    } else {
        Err(Error::LengthMismatch { what, expected, actual, per })
    }
}

/// Fails unless every weight is finite, none negative and one positive.
pub(crate) fn weights(w: &[f64], n: usize) -> Result<()> {
    length("weights", w.len(), n, "sample")?;
    if let Some(row) = w.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
        return Err(Error::BadWeight { row, weight: w[row] });
    }
    if w.iter().all(|&w| w == 0.0) {
        return Err(Error::NoWeight { n });
    }
    Ok(())
}

/// The first value that is not good, by whole chunks without a branch per
/// value: bad ones are rare.
pub(crate) fn first_bad<T: Copy>(xs: &[T], good: impl Fn(T) -> bool) -> Option<usize> {
    const CHUNK: usize = 64;
    let all_good = |chunk: &[T]| chunk.iter().fold(true, |all, &x| all & good(x));
    let chunk = xs.chunks(CHUNK).position(|chunk| !all_good(chunk))?;
    (chunk * CHUNK..xs.len()).find(|&i| !good(xs[i]))
}

/// Fails unless every value is finite.
pub(crate) fn finite(what: &'static str, xs: &[f64]) -> Result<()> {
    match first_bad(xs, f64::is_finite) {
        Some(row) => Err(Error::NonFinite { what, row, column: 0, value: xs[row] }),
        None => Ok(()),
    }
}

/// Fails unless every value is a probability.
pub(crate) fn probabilities(what: &'static str, p: &[f64]) -> Result<()> {
    match first_bad(p, |p| (0.0..=1.0).contains(&p)) {
        Some(row) => Err(Error::NotAProbability { what, row, column: 0, value: p[row] }),
        None => Ok(()),
    }
}

/// Fails unless `holds`.
pub(crate) fn parameter(
    name: &'static str,
    value: f64,
    holds: bool,
    rule: &'static str,
) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::BadParameter { name, value, rule }) }
}

/// Fails unless 0 < value < 1.
pub(crate) fn open_unit(name: &'static str, value: f64) -> Result<()> {
    parameter(name, value, value > 0.0 && value < 1.0, "it must lie strictly between 0 and 1")
}

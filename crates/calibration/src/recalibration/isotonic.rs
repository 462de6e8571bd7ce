//! Isotonic calibration: the best non-decreasing map of a score.

use serde::{Deserialize, Serialize};

use crate::pav::{Block, blocks, pool_ties};
use crate::scored::{check_scored, samples};
use crate::{Error, Result};

/// How the map runs between the scores it was fitted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum IsotonicCurve {
    /// Straight lines between the ends of flat pieces.
    #[default]
    Linear,
    /// Right-continuous steps: a piece lasts until the next one begins.
    Step,
}

/// Settings of isotonic calibration.
///
/// # Examples
/// ```
/// use wonderland_calibration::IsotonicCalibration;
/// let y = [false, true, false, true];
/// let map = IsotonicCalibration::default().fit(&[1.0, 2.0, 3.0, 4.0], &y, None)?;
/// assert_eq!(map.transform(&[1.0, 2.5, 3.5, 9.0])?, [0.0, 0.5, 0.75, 1.0]);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct IsotonicCalibration {
    /// Between the fitted scores.
    pub curve: IsotonicCurve,
    /// Whether the value of a piece with weight w and events s is
    /// (s + 1)/(w + 2) (Laplace) instead of s/w, so that no outcome is ruled
    /// out and the log loss stays finite; pieces are pooled again so that the
    /// map stays non-decreasing.
    pub bounded: bool,
}

/// A fitted non-decreasing map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IsotonicMap {
    /// First score of each piece, increasing.
    pub starts: Vec<f64>,
    /// Last score of each piece.
    pub ends: Vec<f64>,
    /// Value of each piece, not decreasing.
    pub values: Vec<f64>,
    /// Between the pieces.
    pub curve: IsotonicCurve,
}

impl IsotonicCalibration {
    /// Pools equal scores, then adjacent violators.
    ///
    /// # Errors
    /// Bad lengths, values or weights.
    pub fn fit(&self, scores: &[f64], y: &[bool], weights: Option<&[f64]>) -> Result<IsotonicMap> {
        check_scored(scores, y, weights)?;
        let ties = pool_ties(samples(scores, y, weights));
        let mut blocks = blocks(&ties);
        let mut values: Vec<f64> = blocks.iter().map(Block::mean).collect();
        if self.bounded {
            (blocks, values) = laplace(&blocks);
        }
        let mut start = 0;
        let mut map = IsotonicMap {
            starts: Vec::with_capacity(blocks.len()),
            ends: Vec::with_capacity(blocks.len()),
            values,
            curve: self.curve,
        };
        for block in &blocks {
            map.starts.push(ties[start].x);
            map.ends.push(ties[block.end - 1].x);
            start = block.end;
        }
        Ok(map)
    }
}

/// Merges pieces until (s + 1)/(w + 2) does not decrease.
fn laplace(blocks: &[Block]) -> (Vec<Block>, Vec<f64>) {
    let value = |b: &Block| (b.sum + 1.0) / (b.weight + 2.0);
    let mut kept: Vec<Block> = Vec::new();
    for block in blocks {
        let mut block = *block;
        while let Some(last) = kept.last() {
            if value(last) <= value(&block) {
                break;
            }
            block.sum += last.sum;
            block.weight += last.weight;
            kept.pop();
        }
        kept.push(block);
    }
    let values = kept.iter().map(value).collect();
    (kept, values)
}

impl IsotonicMap {
    /// The values of scores; beyond the fitted scores, the end values.
    ///
    /// # Errors
    /// [`Error::NonFinite`] for NaN.
    pub fn transform(&self, scores: &[f64]) -> Result<Vec<f64>> {
        if let Some(row) = scores.iter().position(|s| s.is_nan()) {
            return Err(Error::NonFinite { what: "scores", row, column: 0, value: scores[row] });
        }
        Ok(scores.iter().map(|&s| self.value(s)).collect())
    }

    fn value(&self, s: f64) -> f64 {
        // The number of pieces that begin at or before s.
        let Some(i) = self.starts.partition_point(|&x| x <= s).checked_sub(1) else {
            return self.values[0];
        };
        let end = self.ends[i];
        if self.curve == IsotonicCurve::Step || s <= end || i + 1 == self.values.len() {
            return self.values[i];
        }
        let (low, high) = (self.values[i], self.values[i + 1]);
        // Between two neighbours the difference may overflow to ∞ only if
        // both are huge; halving first keeps it finite.
        let part = (0.5 * s - 0.5 * end) / (0.5 * self.starts[i + 1] - 0.5 * end);
        (low + part * (high - low)).clamp(low, high)
    }
}

//! Pool adjacent violators: the non-decreasing sequence nearest to y in
//! weighted least squares, in one pass over a stack of blocks.

use crate::{Error, Result, check};

/// A run of equal fitted values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Block {
    /// One past its last element.
    pub(crate) end: usize,
    /// Σ w y.
    pub(crate) sum: f64,
    /// Σ w.
    pub(crate) weight: f64,
}

impl Block {
    pub(crate) fn mean(&self) -> f64 {
        self.sum / self.weight
    }
}

/// The isotonic regression of y with weights w: minimises Σ wᵢ (gᵢ − yᵢ)² over
/// non-decreasing g. O(n).
///
/// # Errors
/// [`Error::Empty`], [`Error::LengthMismatch`], [`Error::NonFinite`];
/// [`Error::BadWeight`] unless every weight is positive and finite.
///
/// # Numerics
/// Blocks are compared by cross-multiplied sums, so that 0/1 outcomes with
/// counts as weights are pooled exactly (up to 9·10⁷ samples).
///
/// # References
/// Barlow et al. 1972; Best and Chakravarti 1990.
///
/// # Examples
/// ```
/// use wonderland_calibration::pav;
/// assert_eq!(pav(&[1.0, 3.0, 2.0, 4.0], None)?, [1.0, 2.5, 2.5, 4.0]);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
pub fn pav(y: &[f64], weights: Option<&[f64]>) -> Result<Vec<f64>> {
    if y.is_empty() {
        return Err(Error::Empty { what: "y" });
    }
    check::finite("y", y)?;
    if let Some(w) = weights {
        check::weights(w, y.len())?;
        if let Some(row) = w.iter().position(|&w| w <= 0.0) {
            return Err(Error::BadWeight { row, weight: w[row] });
        }
    }
    let blocks = match weights {
        None => pool(y.iter().map(|&y| (y, 1.0))),
        Some(w) => pool(y.iter().zip(w).map(|(&y, &w)| (w * y, w))),
    };
    let mut fitted = Vec::with_capacity(y.len());
    for block in &blocks {
        fitted.resize(block.end, block.mean());
    }
    Ok(fitted)
}

/// The blocks of terms (Σ w y, Σ w), all weights positive.
pub(crate) fn pool(terms: impl Iterator<Item = (f64, f64)>) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for (i, (sum, weight)) in terms.enumerate() {
        let mut block = Block { end: i + 1, sum, weight };
        while let Some(last) = blocks.last() {
            if last.sum * block.weight < block.sum * last.weight {
                break;
            }
            block.sum += last.sum;
            block.weight += last.weight;
            blocks.pop();
        }
        blocks.push(block);
    }
    blocks
}

/// Samples pooled by equal score: increasing scores x, Σ w y and Σ w of each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pooled {
    pub(crate) x: Vec<f64>,
    pub(crate) sum: Vec<f64>,
    pub(crate) weight: Vec<f64>,
}

impl Pooled {
    /// Pools samples (score, outcome, weight); those of weight 0 are dropped.
    pub(crate) fn new(samples: impl Iterator<Item = (f64, bool, f64)>) -> Self {
        let mut sorted: Vec<(f64, f64, f64)> = samples
            .filter(|&(_, _, w)| w > 0.0)
            // −0.0 and 0.0 are one score.
            .map(|(x, y, w)| (x + 0.0, if y { w } else { 0.0 }, w))
            .collect();
        // A total order on all three parts: the sums do not depend on the
        // order in which samples arrive.
        sorted.sort_unstable_by(|a, b| {
            a.0.total_cmp(&b.0).then(a.2.total_cmp(&b.2)).then(a.1.total_cmp(&b.1))
        });
        let mut pooled = Self::default();
        for (x, y, w) in sorted {
            if pooled.x.last() == Some(&x) {
                let last = pooled.x.len() - 1;
                pooled.sum[last] += y;
                pooled.weight[last] += w;
            } else {
                pooled.x.push(x);
                pooled.sum.push(y);
                pooled.weight.push(w);
            }
        }
        pooled
    }

    /// The blocks of the isotonic regression; ends count distinct scores.
    pub(crate) fn blocks(&self) -> Vec<Block> {
        pool(self.sum.iter().copied().zip(self.weight.iter().copied()))
    }
}

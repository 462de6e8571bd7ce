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
    const NONE: Self = Self { end: 0, sum: 0.0, weight: 0.0 };

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
///
/// Neighbours out of order end in one block whatever is pooled first. So
/// whole falling runs are pooled in rounds over a short buffer, where a
/// boundary is an addition and not a branch; the branches that follow no
/// pattern are left to the few blocks that remain.
pub(crate) fn pool(terms: impl Iterator<Item = (f64, f64)>) -> Vec<Block> {
    const BUFFER: usize = 512;
    let mut blocks: Vec<Block> = Vec::new();
    let (mut buffer, mut spare) = ([Block::NONE; BUFFER], [Block::NONE; BUFFER]);
    let mut terms = terms.enumerate().map(|(i, (sum, weight))| Block { end: i + 1, sum, weight });
    loop {
        let once = pool_falling_runs((&mut terms).take(BUFFER), &mut buffer);
        if once == 0 {
            return blocks;
        }
        let twice = pool_falling_runs(buffer[..once].iter().copied(), &mut spare);
        let thrice = pool_falling_runs(spare[..twice].iter().copied(), &mut buffer);
        buffer[..thrice].iter().for_each(|&block| push(&mut blocks, block));
    }
}

/// Writes every run of means that do not rise as one block, and returns how
/// many there are.
fn pool_falling_runs(terms: impl Iterator<Item = Block>, pooled: &mut [Block]) -> usize {
    let (mut n, mut run, mut last) = (0, Block::NONE, Block::NONE);
    for term in terms {
        let rises = last.sum * term.weight < term.sum * last.weight || n == 0;
        n += usize::from(rises);
        run.end = term.end;
        run.sum = if rises { term.sum } else { run.sum + term.sum };
        run.weight = if rises { term.weight } else { run.weight + term.weight };
        // Written for every term; the last of its run stays.
        pooled[n - 1] = run;
        last = term;
    }
    n
}

/// Adds a block on the right, pooled with what it violates.
fn push(blocks: &mut Vec<Block>, mut block: Block) {
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

/// Samples of one score.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tie {
    pub(crate) x: f64,
    /// Σ w y.
    pub(crate) sum: f64,
    /// Σ w.
    pub(crate) weight: f64,
}

/// Samples (score, outcome, weight) pooled by equal score, in the order of the
/// scores; those of weight 0 are dropped.
pub(crate) fn pool_ties(samples: impl Iterator<Item = (f64, bool, f64)>) -> Vec<Tie> {
    let mut ties: Vec<Tie> = Vec::with_capacity(samples.size_hint().0);
    let weighty = samples.filter(|&(_, _, w)| w > 0.0);
    // −0.0 and 0.0 are one score.
    ties.extend(weighty.map(|(x, y, w)| Tie {
        x: x + 0.0,
        sum: if y { w } else { 0.0 },
        weight: w,
    }));
    // A total order on all three parts: the sums do not depend on the order in
    // which samples arrive. One whole number, compared without a branch.
    ties.sort_unstable_by_key(|tie| {
        let rest = tie.weight.to_bits() << 1 | u64::from(tie.sum > 0.0);
        u128::from(ordered(tie.x)) << 64 | u128::from(rest)
    });
    ties.dedup_by(|next, kept| {
        let tied = next.x.total_cmp(&kept.x).is_eq();
        if tied {
            kept.sum += next.sum;
            kept.weight += next.weight;
        }
        tied
    });
    ties
}

/// A whole number that grows with x.
pub(crate) fn ordered(x: f64) -> u64 {
    let bits = x.to_bits();
    bits ^ if bits >> 63 == 1 { u64::MAX } else { 1 << 63 }
}

/// The blocks of the isotonic regression; ends count distinct scores.
pub(crate) fn blocks(ties: &[Tie]) -> Vec<Block> {
    pool(ties.iter().map(|tie| (tie.sum, tie.weight)))
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::pav;
    use crate::random::{Purpose, stream};

    /// One stack, no runs pooled beforehand, in whole numbers.
    fn plain(y: &[u64], w: &[u64]) -> Vec<f64> {
        let mut blocks: Vec<(u64, u64, usize)> = Vec::new();
        for (&y, &w) in y.iter().zip(w) {
            let mut block = (y * w, w, 1);
            while let Some(&(sum, weight, n)) = blocks.last() {
                if sum * block.1 < block.0 * weight {
                    break;
                }
                block = (block.0 + sum, block.1 + weight, block.2 + n);
                blocks.pop();
            }
            blocks.push(block);
        }
        let fitted = blocks.iter().map(|&(s, w, n)| vec![s as f64 / w as f64; n]);
        fitted.flatten().collect()
    }

    #[test]
    fn runs_pooled_first_change_nothing() {
        let mut rng = stream(3, Purpose::Ties);
        // Below, at and beyond the length of the buffer; outcomes and counts.
        for n in [1, 2, 3, 511, 512, 513, 5000] {
            for largest in [1, 4] {
                let draw = |rng: &mut rand_chacha::ChaCha8Rng, i: usize| {
                    rng.random_range(0..=largest) + (i / 700) as u64
                };
                let y: Vec<u64> = (0..n).map(|i| draw(&mut rng, i)).collect();
                let w: Vec<u64> = (0..n).map(|_| rng.random_range(1..=largest)).collect();
                let float = |x: &[u64]| x.iter().map(|&x| x as f64).collect::<Vec<_>>();
                assert_eq!(pav(&float(&y), Some(&float(&w))).unwrap(), plain(&y, &w));
                assert_eq!(pav(&float(&y), None).unwrap(), plain(&y, &vec![1; n]));
            }
        }
    }
}

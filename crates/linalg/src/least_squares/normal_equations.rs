//! Least squares over more rows than fit in memory: XᵀX and XᵀY, accumulated
//! block by block.
//!
//! Two ideas. Sums are twofold, so squaring the condition costs range but no
//! digits. And blocks are added up along the binary tree of their indices, so
//! the bits of the result depend on the blocks alone, not on the order in which
//! they came or on who summed which.

use std::collections::BTreeMap;

use faer::MatRef;

use super::condition::condition;
use super::design::{Block, Design};
use super::householder::PivotedFactor;
use super::scratch::Scratch;
use super::sweep::twofold_dot;
use super::{LeastSquaresSolution, Route};
use crate::factor::{factor_spd, solve_factored};
use crate::scale::{exponent, ldexp};
use crate::simd::dispatch;
use crate::twofold::Twofold;
use crate::{Error, Result, Scalar, Tensor};

/// Condition of the scaled design beyond which XᵀX no longer determines the
/// solution: its Cholesky factor needs κ² ε well below 1.
const MAX_CONDITION: f64 = 1e7;

/// Accumulates the normal equations of min Σ w (y − Xw − 1b)² over blocks of rows.
///
/// Memory is O(p² log b) for p columns and b blocks, when blocks come roughly
/// in order.
///
/// # Numerics
/// XᵀX is summed in twofold arithmetic and the solution refined against it, so
/// up to the condition limit of 10⁷ it has nearly all its digits; beyond, `solve` is an error.
/// [`lstsq`](crate::lstsq) on data in memory has no such limit.
///
/// # Examples
/// ```
/// use wonderland_linalg::{NormalEquations, Tensor, column};
/// let mut sums = NormalEquations::new(1, 1, true);
/// // y = 1 + 2x, in two blocks that come in the wrong order.
/// sums.add(1, Tensor::from_rows(&[[2.0], [3.0]]).as_mat(), column(&[5.0, 7.0]), None)?;
/// sums.add(0, Tensor::from_rows(&[[0.0], [1.0]]).as_mat(), column(&[1.0, 3.0]), None)?;
/// let fit = sums.solve(0.0)?;
/// assert_eq!((fit.intercept[0], fit.coefficients[[0, 0]]), (1.0, 2.0));
/// # Ok::<(), wonderland_linalg::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NormalEquations {
    n_features: usize,
    n_targets: usize,
    intercept: bool,
    /// Sums over the blocks index·2^level .. (index+1)·2^level, by (first
    /// block, level).
    nodes: BTreeMap<(u64, u32), Sums>,
}

/// XᵀWX of \[1 X Y\], lower triangle, and how many rows it holds.
#[derive(Debug, Clone, PartialEq)]
struct Sums {
    G: Vec<Twofold>,
    n_samples: usize,
}

impl NormalEquations {
    /// No rows yet, of X ~ (·, n_features) and Y ~ (·, n_targets).
    #[must_use]
    pub fn new(n_features: usize, n_targets: usize, intercept: bool) -> Self {
        Self { n_features, n_targets, intercept, nodes: BTreeMap::new() }
    }

    /// Number of rows with a positive weight so far.
    #[must_use]
    pub fn n_samples(&self) -> usize {
        self.nodes.values().map(|sums| sums.n_samples).sum()
    }

    /// Adds the rows of block `index`.
    ///
    /// # Errors
    /// [`Error::DuplicateBlock`] when the block was added before,
    /// [`Error::ShapeMismatch`], [`Error::Empty`], [`Error::NonFinite`],
    /// [`Error::InvalidWeight`], [`Error::NoWeight`]. After an error the sums are
    /// as they were.
    pub fn add<T: Scalar>(
        &mut self,
        index: u64,
        X: MatRef<'_, T>,
        Y: MatRef<'_, T>,
        weights: Option<&[T]>,
    ) -> Result<()> {
        if X.ncols() != self.n_features || Y.ncols() != self.n_targets {
            return Err(Error::ShapeMismatch {
                op: "normal equations",
                left: vec![X.ncols(), Y.ncols()],
                right: vec![self.n_features, self.n_targets],
                rule: "every block must have the features and targets that were announced",
            });
        }
        if self.contains(index) {
            return Err(Error::DuplicateBlock { index });
        }
        let scratch = Scratch::default();
        let mut design = Design::new(&scratch, X, Y, weights, self.intercept)?;
        design.measure()?;
        // Only checked, not scaled: blocks must add up.
        design.exponents.fill(0);
        design.target_exponents.fill(0);
        let mut block = design.block();
        let q = design.ncols() + design.n_targets();
        let mut sums =
            Sums { G: vec![Twofold::ZERO; q * (q + 1) / 2], n_samples: design.n_samples };
        let unscale = ldexp(1.0, design.weight_exponent);
        design.for_each_column_block(0..X.nrows(), &mut block, |block| {
            block.w.iter_mut().for_each(|w| *w *= if weights.is_some() { unscale } else { 1.0 });
            accumulate(block, q, &mut sums.G);
        });
        self.insert(index, 0, sums);
        Ok(())
    }

    /// Takes in the blocks of another accumulator. However blocks were shared
    /// out, the merged sums are the same to the bit.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for other columns, [`Error::DuplicateBlock`].
    pub fn merge(&mut self, other: Self) -> Result<()> {
        let shape = |e: &Self| vec![e.n_features, e.n_targets, usize::from(e.intercept)];
        if shape(self) != shape(&other) {
            return Err(Error::ShapeMismatch {
                op: "merge",
                left: shape(self),
                right: shape(&other),
                rule: "features, targets and intercept must agree",
            });
        }
        for &(first, level) in other.nodes.keys() {
            let overlaps = self.contains(first)
                || self.nodes.range((first, 0)..(first + (1 << level), 0)).next().is_some();
            if overlaps {
                return Err(Error::DuplicateBlock { index: first });
            }
        }
        for ((first, level), sums) in other.nodes {
            self.insert(first, level, sums);
        }
        Ok(())
    }

    /// Whether a block is among the sums.
    fn contains(&self, index: u64) -> bool {
        let before = self.nodes.range(..=(index, u32::MAX)).next_back();
        before.is_some_and(|(&(first, level), _)| index - first < 1 << level)
    }

    /// Adds a node, joining it with its sibling as long as there is one.
    fn insert(&mut self, first: u64, level: u32, sums: Sums) {
        let (mut first, mut level, mut sums) = (first, level, sums);
        loop {
            let sibling = first ^ (1 << level);
            let Some(other) = self.nodes.remove(&(sibling, level)) else { break };
            // Left plus right, whichever came last.
            sums = if sibling < first { other.plus(&sums) } else { sums.plus(&other) };
            first = first.min(sibling);
            level += 1;
        }
        self.nodes.insert((first, level), sums);
    }

    /// The minimiser of Σ w (y − Xw − 1b)² + l2 ‖w‖² over all blocks.
    ///
    /// # Errors
    /// [`Error::Empty`] without blocks, [`Error::InvalidPenalty`],
    /// [`Error::IllScaled`] when squares of a column leave the range of `f64`,
    /// [`Error::IllConditioned`] beyond a condition of 10⁷, dependent columns
    /// included.
    pub fn solve(&self, l2: f64) -> Result<LeastSquaresSolution<f64>> {
        if !(l2.is_finite() && l2 >= 0.0) {
            return Err(Error::InvalidPenalty { value: l2 });
        }
        let mut nodes = self.nodes.values();
        let first = nodes.next().ok_or(Error::Empty { op: "normal equations" })?;
        let total = nodes.fold(first.clone(), |total, node| total.plus(node));
        let free = usize::from(self.intercept);
        let p = self.n_features + free;
        let q = p + self.n_targets;
        let mut G = total.G;
        for j in free..p {
            G[at(j, j)] = G[at(j, j)].plus(l2);
        }
        for j in 0..q {
            let d = G[at(j, j)].hi;
            let zero_target = j >= p && d == 0.0;
            if !(1e-250..=1e250).contains(&d) && !zero_target {
                if d == 0.0 {
                    return Err(Error::IllConditioned {
                        condition: f64::MAX,
                        limit: MAX_CONDITION,
                    });
                }
                return Err(Error::IllScaled { column: j });
            }
        }
        let e: Vec<i32> = (0..q).map(|j| exponent(G[at(j, j)].hi.sqrt())).collect();
        let scaled = |i: usize, j: usize| {
            let (g, e) = (G[at(i, j)], -e[i] - e[j]);
            Twofold { hi: ldexp(g.hi, e), lo: ldexp(g.lo, e) }
        };
        let mut L = vec![0.0; p * p];
        for i in 0..p {
            for j in 0..=i {
                L[i * p + j] = scaled(i, j).hi;
            }
        }
        let refuse = |condition: f64| Error::IllConditioned { condition, limit: MAX_CONDITION };
        factor_spd(&mut L, p).map_err(|_| refuse(f64::MAX))?;
        let scratch = Scratch::default();
        let factor = PivotedFactor::from_cholesky(&scratch, L, p);
        let kappa = condition(&scratch, &factor, &[]);
        if kappa > MAX_CONDITION {
            return Err(refuse(kappa));
        }
        let mut coefficients = Tensor::zeros(&[self.n_features, self.n_targets]);
        let mut intercept = vec![0.0; self.n_targets];
        let mut residual_norm = Vec::with_capacity(self.n_targets);
        let (mut sweeps, mut last) = (0, 0.0_f64);
        for t in 0..self.n_targets {
            let g: Vec<Twofold> = (0..p).map(|j| scaled(p + t, j)).collect();
            let (x, rounds, correction) = refined(&factor.R, p, &scaled, &g);
            sweeps = sweeps.max(rounds);
            last = last.max(correction);
            for (j, x) in x.iter().enumerate() {
                let value = ldexp(x.hi, e[p + t] - e[j]);
                if !value.is_finite() {
                    return Err(Error::Overflow { what: "least-squares coefficient", column: j });
                }
                if j < free {
                    intercept[t] = value;
                } else {
                    coefficients[[j - free, t]] = value;
                }
            }
            // yᵀy − gᵀx is the objective; what the penalty holds is taken off.
            let objective = g.iter().zip(&x).fold(scaled(p + t, p + t), |sum, (g, x)| {
                sum.plus_twofold(g.times_twofold(*x).negated())
            });
            let ss = (free..p).fold(objective, |sum, j| {
                let penalty = ldexp(l2, -2 * e[j]);
                sum.plus_twofold(x[j].times(x[j].hi).times(penalty).negated())
            });
            residual_norm.push(ldexp(ss.hi.max(0.0).sqrt(), e[p + t]));
        }
        let inverse = factor.inverse_lengths(&scratch);
        let shrinkage: f64 =
            (free..p).map(|j| ldexp(l2, -2 * e[j]) * inverse[j] * inverse[j]).sum();
        Ok(LeastSquaresSolution {
            coefficients,
            intercept,
            has_intercept: self.intercept,
            rank: p,
            n_columns: p,
            n_samples: total.n_samples,
            effective_df: (p as f64 - shrinkage).max(0.0),
            condition: condition(&scratch, &factor, &e[..p]),
            scaled_condition: kappa,
            residual_norm,
            unscaled_std_errors: (l2 == 0.0)
                .then(|| inverse.iter().zip(&e).map(|(x, &e)| ldexp(*x, -e)).collect()),
            route: Route::NormalEquations,
            reason: "the rows were added up block by block",
            refinement_sweeps: sweeps,
            last_correction: last,
            factor,
            lengths: e[..p].to_vec(),
            weight_exponent: 0,
        })
    }
}

impl Sums {
    fn plus(&self, other: &Self) -> Self {
        let pairs = self.G.iter().zip(&other.G);
        Self {
            G: pairs.map(|(a, b)| a.plus_twofold(*b)).collect(),
            n_samples: self.n_samples + other.n_samples,
        }
    }
}

/// Place of (i, j), in any order, in a packed lower triangle.
fn at(i: usize, j: usize) -> usize {
    let (i, j) = (i.max(j), i.min(j));
    i * (i + 1) / 2 + j
}

/// Adds the products of all pairs of the block's q columns.
fn accumulate(block: &Block<'_>, q: usize, G: &mut [Twofold]) {
    let m = block.rows;
    let (mut hi, mut lo) = (vec![0.0; m], vec![0.0; m]);
    for i in 0..q {
        for (((hi, lo), a), w) in hi.iter_mut().zip(&mut lo).zip(block.column(i)).zip(&*block.w) {
            let (p, e) = crate::twofold::two_prod(*a, *w);
            (*hi, *lo) = (p, e);
        }
        for j in 0..=i {
            let (a, hi, lo) = (block.column(j), &hi[..], &lo[..]);
            let dot = dispatch!(twofold_dot(a: &'a [f64], hi: &'a [f64], lo: &'a [f64]) -> Twofold);
            G[at(i, j)] = G[at(i, j)].plus_twofold(dot);
        }
    }
}

/// Solves G x = g by the factor L of G's high parts and twofold residuals;
/// also the number of rounds and the last relative correction.
fn refined(
    L: &[f64],
    p: usize,
    G: &impl Fn(usize, usize) -> Twofold,
    g: &[Twofold],
) -> (Vec<Twofold>, usize, f64) {
    // κ² ε is 2e-2 at the limit: a dozen rounds gain two digits each.
    const MAX_ROUNDS: usize = 12;
    let mut x = vec![Twofold::ZERO; p];
    let (mut previous, mut correction) = (f64::INFINITY, 0.0);
    for round in 1..=MAX_ROUNDS {
        let mut r: Vec<f64> = (0..p)
            .map(|i| {
                (0..p).fold(g[i], |r, j| r.plus_twofold(G(i, j).times_twofold(x[j]).negated())).hi
            })
            .collect();
        solve_factored(L, p, &mut r);
        let largest = |v: &mut dyn Iterator<Item = f64>| v.fold(0.0_f64, |m, x| m.max(x.abs()));
        let step = largest(&mut r.iter().copied());
        if step.is_nan() || step >= previous / 2.0 {
            return (x, round, correction);
        }
        previous = step;
        x.iter_mut().zip(&r).for_each(|(x, d)| *x = x.plus(*d));
        let size = largest(&mut x.iter().map(|x| x.hi));
        correction = if size > 0.0 { step / size } else { 0.0 };
        if x.iter().zip(&r).all(|(x, d)| d.abs() <= f64::EPSILON / 16.0 * x.hi.abs()) {
            return (x, round, correction);
        }
    }
    (x, MAX_ROUNDS, correction)
}

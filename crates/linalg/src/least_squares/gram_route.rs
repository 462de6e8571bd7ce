//! The fast route: XᵀX in one sweep and its Cholesky factor, when the condition
//! proves them good enough to steer the refinement.
//!
//! Forming XᵀX squares the condition, so the factor alone would lose digits; as
//! the preconditioner of twofold refinement it only has to contract, and the
//! result is the same as the stable route's.

use std::ops::Range;

use faer::{MatMut, MatRef};

use super::condition::condition;
use super::design::Design;
use super::householder::PivotedFactor;
use super::panel::add_gram;
use super::refine::Start;
use super::rows::LEAF;
use super::scratch::Lent;
use crate::factor::{factor_spd, solve_factored};
use crate::gram::WIDE;
use crate::scalar::sealed::Kernels;
use crate::scale::{exponent, ldexp};
use crate::{Scalar, Team};

/// Largest condition of the scaled design for which the route is taken: there
/// κ² ε = 2e-8, so two sweeps of refinement suffice, and the standard errors,
/// which are not refined, keep seven digits.
pub(super) const MAX_CONDITION: f64 = 1e4;

/// The factor of √w ∘ \[1 X\] and a first solution for every target.
pub(super) struct GramFactor<'a> {
    pub(super) factor: PivotedFactor,
    pub(super) start: Start<'a>,
}

/// Factors XᵀX, setting the scales of the design on the way; `None` when the
/// data is not finite, out of range, or too ill-conditioned.
pub(super) fn factor<'a, T: Scalar>(
    team: Team,
    design: &mut Design<'a, T>,
    l2: f64,
) -> Option<GramFactor<'a>> {
    let scratch = design.scratch;
    let (p, targets) = (design.ncols(), design.n_targets());
    if p == 0 || design.n_samples < p {
        return None;
    }
    let q = p + targets;
    let ld = design.row_length();
    if a_sample_is_too_ill_conditioned(design, p, q, ld) {
        return None;
    }
    let G = gram(team, design, q, ld);
    let diagonal = |j: usize| G[j * ld + j];
    // Squares and their sums must be far from the ends of the range.
    let in_range = |d: f64| (1e-250..=1e250).contains(&d);
    if !(0..p).all(|j| in_range(diagonal(j)))
        || !(p..q).all(|j| in_range(diagonal(j)) || diagonal(j) == 0.0)
    {
        return None;
    }
    for j in 0..p {
        design.exponents[j] = exponent(diagonal(j).sqrt());
    }
    for k in 0..targets {
        design.target_exponents[k] = exponent(diagonal(p + k).sqrt());
    }
    design.penalise(l2).ok()?;
    let e = |j: usize| if j < p { design.exponents[j] } else { design.target_exponents[j - p] };
    let scaled = |i: usize, j: usize| ldexp(G[i * ld + j], -e(i) - e(j));
    let mut L = scratch.floats.lend(p * p);
    for i in 0..p {
        for j in 0..=i {
            L[i * p + j] = scaled(i, j);
        }
        L[i * p + i] += design.penalties[i];
    }
    factor_spd(&mut L, p).ok()?;
    let (mut x, mut lengths) = (scratch.floats.lend(targets * p), scratch.floats.lend(targets));
    for k in 0..targets {
        let x = &mut x[k * p..(k + 1) * p];
        x.iter_mut().enumerate().for_each(|(j, x)| *x = scaled(p + k, j));
        solve_factored(&L, p, x);
        lengths[k] = scaled(p + k, p + k).sqrt();
    }
    let factor = PivotedFactor::from_cholesky(scratch, L.into_vec(), p);
    let condition = condition(scratch, &factor, &[]);
    if condition > MAX_CONDITION {
        factor.give_back(scratch);
        return None;
    }
    // XᵀX is known to ε p ‖X‖² or so, and the solve divides that by σ_min².
    let contraction = 4.0 * (p as f64).sqrt() * f64::EPSILON * condition * condition;
    Some(GramFactor { factor, start: Start { x, lengths, contraction, condition } })
}

/// Rows of a sample per column, and how often all rows must hold it.
const SAMPLE_PER_COLUMN: usize = 16;
const WORTH_SAMPLING: usize = 8;
/// A sample's condition this many times the largest that all rows may have leaves
/// no hope: of well-conditioned columns sixteen rows each tell it to a few per cent.
const HOPELESS: f64 = 10.0;

/// Whether blocks of rows from all over the design show that XᵀX of all would be
/// formed for nothing. A column that the sample does not show proves nothing.
fn a_sample_is_too_ill_conditioned<T: Scalar>(
    design: &Design<'_, T>,
    p: usize,
    q: usize,
    ld: usize,
) -> bool {
    let scratch = design.scratch;
    let mut block = design.rows();
    let n_blocks = (SAMPLE_PER_COLUMN * p).div_ceil(block.capacity);
    let stride = design.nrows() / n_blocks;
    if stride < WORTH_SAMPLING * block.capacity {
        return false;
    }
    let mut G = scratch.floats.lend(q * ld);
    for start in (0..n_blocks).map(|i| i * stride) {
        let rows = start..start + block.capacity;
        design.for_each_row_block(rows, &mut block, |block, ahead| {
            design.weigh_rows(block);
            add_gram(block.as_slice(), ld, q, &mut G, ahead);
        });
    }
    let mut lengths = scratch.floats.lend(p);
    lengths.iter_mut().enumerate().for_each(|(j, l)| *l = G[j * ld + j].sqrt());
    if !lengths.iter().all(|l| (1e-125..=1e125).contains(l)) {
        return false;
    }
    let mut L = scratch.floats.lend(p * p);
    for i in 0..p {
        for j in 0..=i {
            L[i * p + j] = G[i * ld + j] / lengths[i] / lengths[j];
        }
    }
    if factor_spd(&mut L, p).is_err() {
        return true;
    }
    let factor = PivotedFactor::from_cholesky(scratch, L.into_vec(), p);
    let hopeless = condition(scratch, &factor, &[]) > HOPELESS * MAX_CONDITION;
    factor.give_back(scratch);
    hopeless
}

/// The lower triangle of \[1 X Y\]ᵀ W \[1 X Y\], row-major with `ld` places per
/// row; what stands right of the diagonal is undefined.
fn gram<'a, T: Scalar>(team: Team, design: &Design<'a, T>, q: usize, ld: usize) -> Lent<'a, f64> {
    let scratch = design.scratch;
    let leaf = |rows: Range<usize>| {
        let mut G = scratch.floats.lend(q * ld);
        let wide = q >= WIDE;
        let mut block = if wide { design.rows_of(512) } else { design.rows() };
        design.for_each_row_block(rows, &mut block, |block, ahead| {
            design.weigh_rows(block);
            if wide {
                let n = block.as_slice().len() / ld;
                let A = MatRef::from_row_major_slice(block.as_slice(), n, ld).subcols(0, q);
                let G = MatMut::from_row_major_slice_mut(&mut G, q, ld).subcols_mut(0, q);
                f64::gram_lower(G, A);
            } else {
                add_gram(block.as_slice(), ld, q, &mut G, ahead);
            }
        });
        G
    };
    let merge = |mut left: Lent<'a, f64>, right: Lent<'a, f64>| {
        left.iter_mut().zip(&*right).for_each(|(a, b)| *a += b);
        left
    };
    // Sums of wide rows are dear to merge.
    let tall = if q < WIDE { LEAF } else { 4 * LEAF };
    let whole = team.map_reduce(design.nrows(), tall, leaf, merge);
    whole.unwrap_or_else(|| scratch.floats.lend(q * ld))
}

//! One sweep over the data for refinement: g = AᵀW(y − A x) and Σ w r² with
//! twice the digits of `f64`, of several targets at once.
//!
//! Two ways to the same digits: full twofold arithmetic on columns, for any
//! design; and anchored sums on packed rows (`panel.rs`) at half the price,
//! which err by some 2⁻⁸⁵ of the largest term and so serve while the condition
//! squared, which multiplies that, is far below.

use std::ops::Range;

use super::design::{Block, Design};
use super::panel::{add_gradient, anchor, residuals, weigh};
use super::rows::LEAF;
use super::scratch::{Lent, Scratch};
use crate::simd::dispatch;
use crate::twofold::{Twofold, gathered, two_prod, two_sum};
use crate::{Scalar, Team};

/// Largest condition of the scaled design for anchored sums: κ² 2⁻⁸⁵ = 2.6e-14,
/// but that is the worst case of a million equal errors; of random ones it is
/// below 1e-16.
pub(super) const MAX_ANCHORED: f64 = 1e6;

/// What there is to sweep for.
pub(super) struct Aims<'a> {
    /// The column of each target, in the design or behind it.
    pub(super) y: &'a [usize],
    /// The solutions so far, one after another.
    pub(super) x: &'a [Twofold],
    /// The targets that are not done.
    pub(super) active: &'a [usize],
}

impl Aims<'_> {
    /// The column and the solution of each active target of `rank` columns.
    fn iter(&self, rank: usize) -> impl Iterator<Item = (usize, &[Twofold])> {
        self.active.iter().map(move |&k| (self.y[k], &self.x[k * rank..(k + 1) * rank]))
    }
}

/// The independent columns of a design, to be swept over.
pub(super) struct Sweep<'a, 'd, T> {
    pub(super) design: &'d Design<'a, T>,
    pub(super) columns: &'d [usize],
    pub(super) anchored: bool,
}

impl<'a, T: Scalar> Sweep<'a, '_, T> {
    /// One sweep; for each active target AᵀW r by independent column, then
    /// Σ w r². The bits do not depend on the team.
    pub(super) fn run(&self, team: Team, aims: &Aims<'_>) -> Lent<'a, Twofold> {
        let pool = &self.design.scratch.twofolds;
        let places = aims.active.len() * (self.columns.len() + 1);
        let leaf = |rows: Range<usize>| {
            let mut sums = pool.lend(places);
            if self.anchored {
                self.sweep_rows(rows, aims, &mut sums);
            } else {
                self.sweep_columns(rows, aims, &mut sums);
            }
            sums
        };
        let merge = |mut left: Lent<'a, Twofold>, right: Lent<'a, Twofold>| {
            left.iter_mut().zip(&*right).for_each(|(a, b)| *a = a.plus_twofold(*b));
            left
        };
        let whole = team.map_reduce(self.design.nrows(), LEAF, leaf, merge);
        whole.unwrap_or_else(|| pool.lend(places))
    }

    fn sweep_columns(&self, rows: Range<usize>, aims: &Aims<'_>, sums: &mut [Twofold]) {
        let floats = &self.design.scratch.floats;
        let rank = self.columns.len();
        let mut block = self.design.block();
        let (mut hi, mut lo) = (floats.lend(block.ld), floats.lend(block.ld));
        self.design.for_each_column_block(rows, &mut block, |block| {
            let (hi, lo) = (&mut hi[..block.rows], &mut lo[..block.rows]);
            for ((y, x), sums) in aims.iter(rank).zip(sums.chunks_exact_mut(rank + 1)) {
                hi.copy_from_slice(block.column(y));
                lo.fill(0.0);
                sweep_block(block, self.columns, x, sums, [hi, lo]);
            }
        });
    }

    fn sweep_rows(&self, rows: Range<usize>, aims: &Aims<'_>, sums: &mut [Twofold]) {
        let Scratch { floats, twofolds, .. } = self.design.scratch;
        let (rank, count) = (self.columns.len(), aims.active.len());
        let mut block = self.design.rows();
        let ld = block.ld;
        let (mut x_hi, mut x_lo) = (floats.lend(count * ld), floats.lend(count * ld));
        let mut sizes = floats.lend(count);
        let each = x_hi.chunks_exact_mut(ld).zip(x_lo.chunks_exact_mut(ld));
        for (((y, x), (hi, lo)), size) in aims.iter(rank).zip(each).zip(&mut *sizes) {
            *size = self.direction(y, x, hi, lo);
        }
        let (mut hi, mut lo) = (floats.lend(block.capacity), floats.lend(block.capacity));
        let (mut g_hi, mut g_lo) = (floats.lend(ld), floats.lend(ld));
        let mut gradients = twofolds.lend(ld * count);
        self.design.for_each_row_block(rows, &mut block, |block, ahead| {
            let filled = block.rows.next_multiple_of(4);
            ahead.spread(filled / 2);
            let (hi, lo) = (&mut hi[..filled], &mut lo[..filled]);
            let directions = x_hi.chunks_exact(ld).zip(x_lo.chunks_exact(ld)).zip(&*sizes);
            let outs = gradients.chunks_exact_mut(ld).zip(sums.chunks_exact_mut(rank + 1));
            for (((x_hi, x_lo), size), (g, sums)) in directions.zip(outs) {
                let sigma = anchor(size * block.largest);
                residuals(block.as_slice(), [x_hi, x_lo], sigma, hi, lo, ahead);
                let (ss, largest) = weigh(&block.w[..filled], hi, lo);
                sums[rank] = sums[rank].plus_twofold(ss);
                if largest > 0.0 {
                    let sigma = anchor(largest * block.largest * filled as f64);
                    let sums = [&mut *g_hi, &mut *g_lo];
                    add_gradient(block.as_slice(), [hi, lo], sigma, sums, g, ahead);
                }
            }
        });
        for (g, sums) in gradients.chunks_exact(ld).zip(sums.chunks_exact_mut(rank + 1)) {
            sums.iter_mut().zip(self.columns).for_each(|(out, &j)| *out = g[j]);
        }
    }

    /// The vector whose product with a packed row is the residual of column y,
    /// and the sum of its sizes.
    fn direction(&self, y: usize, x: &[Twofold], hi: &mut [f64], lo: &mut [f64]) -> f64 {
        hi[y] = 1.0;
        for (&j, x) in self.columns.iter().zip(x) {
            hi[j] = -x.hi;
            lo[j] = -x.lo;
        }
        hi.iter().map(|x| x.abs()).sum()
    }
}

/// Adds one block to g = AᵀW(y − A x) and to Σ w r², which stands behind it; r
/// holds y at first.
fn sweep_block(
    block: &Block<'_>,
    columns: &[usize],
    x: &[Twofold],
    sums: &mut [Twofold],
    r: [&mut [f64]; 2],
) {
    let [hi, lo] = r;
    for (columns, x) in columns.chunks(4).zip(x.chunks(4)) {
        if let ([i, j, k, l], [x0, x1, x2, x3]) = (columns, x) {
            let a = [*i, *j, *k, *l].map(|j| block.column(j));
            let x = [*x0, *x1, *x2, *x3];
            dispatch!(
                subtract(a: [&'a [f64]; 4], x: [Twofold; 4], hi: &'a mut [f64], lo: &'a mut [f64]) -> ()
            );
            continue;
        }
        for (&j, &x) in columns.iter().zip(x) {
            let (a, x) = ([block.column(j)], [x]);
            dispatch!(
                subtract(a: [&'a [f64]; 1], x: [Twofold; 1], hi: &'a mut [f64], lo: &'a mut [f64]) -> ()
            );
        }
    }
    let (ss, _) = weigh(&block.w[..block.rows], hi, lo);
    let rank = columns.len();
    sums[rank] = sums[rank].plus_twofold(ss);
    for (&j, g) in columns.iter().zip(sums) {
        let a = block.column(j);
        let (hi, lo) = (&*hi, &*lo);
        *g = g.plus_twofold(
            dispatch!(twofold_dot(a: &'a [f64], hi: &'a [f64], lo: &'a [f64]) -> Twofold),
        );
    }
}

/// r ← r − Σ aⱼ xⱼ for a few columns, error terms gathered in the low parts.
#[inline(always)]
fn subtract<const N: usize>(a: [&[f64]; N], x: [Twofold; N], hi: &mut [f64], lo: &mut [f64]) {
    let m = hi.len();
    let a = a.map(|a| &a[..m]);
    let lo = &mut lo[..m];
    for i in 0..m {
        let (mut high, mut low) = (hi[i], lo[i]);
        for j in 0..N {
            let (p, e) = two_prod(a[j][i], -x[j].hi);
            let (s, t) = two_sum(high, p);
            high = s;
            low += t + a[j][i].mul_add(-x[j].lo, e);
        }
        hi[i] = high;
        lo[i] = low;
    }
}

/// Σ aᵢ rᵢ in twofold arithmetic, eight lanes.
#[inline(always)]
pub(super) fn twofold_dot(a: &[f64], hi: &[f64], lo: &[f64]) -> Twofold {
    const LANES: usize = 8;
    let mut sums = [0.0_f64; LANES];
    let mut errors = [0.0_f64; LANES];
    let (a8, a_rest) = a.as_chunks::<LANES>();
    let (h8, h_rest) = hi.as_chunks::<LANES>();
    let (l8, l_rest) = lo.as_chunks::<LANES>();
    for ((a, h), l) in a8.iter().zip(h8).zip(l8) {
        for i in 0..LANES {
            let (p, e) = two_prod(a[i], h[i]);
            let (s, t) = two_sum(sums[i], p);
            sums[i] = s;
            errors[i] += t + a[i].mul_add(l[i], e);
        }
    }
    let mut sum = gathered(&sums, &errors);
    for ((a, h), l) in a_rest.iter().zip(h_rest).zip(l_rest) {
        sum = sum.plus_twofold(Twofold { hi: *h, lo: *l }.times(*a));
    }
    sum
}

//! One sweep over the data for refinement: g = AᵀW(y − A x) and Σ w r² with
//! twice the digits of `f64`, of several targets at once.
//!
//! Two ways to the same digits: full twofold arithmetic on columns, for any
//! design; and anchored sums on packed rows (`panel.rs`) at half the price,
//! which err by some 2⁻⁸⁵ of the largest term and so serve while the condition
//! squared, which multiplies that, is far below.

use std::ops::Range;

use super::design::{Block, Design};
use super::panel::{Direction, add_gradient, anchor, residuals, weigh};
use super::rows::LEAF;
use crate::simd::dispatch;
use crate::twofold::{Twofold, gathered, two_prod, two_sum};
use crate::{Scalar, Team};

/// Largest condition of the scaled design for anchored sums: κ² 2⁻⁸⁵ = 2.6e-14,
/// but that is the worst case of a million equal errors; of random ones it is
/// below 1e-16.
pub(super) const MAX_ANCHORED: f64 = 1e6;

/// What a sweep gathers for one target.
pub(super) struct Sums {
    /// AᵀW r by independent column.
    pub(super) g: Vec<Twofold>,
    /// Σ w r².
    pub(super) residual_ss: Twofold,
}

impl Sums {
    fn plus(mut self, other: &Self) -> Self {
        self.g.iter_mut().zip(&other.g).for_each(|(a, b)| *a = a.plus_twofold(*b));
        self.residual_ss = self.residual_ss.plus_twofold(other.residual_ss);
        self
    }
}

/// A target, as a column of the design or behind it, and its solution so far.
pub(super) struct Aim<'a> {
    pub(super) y: usize,
    pub(super) x: &'a [Twofold],
}

/// The independent columns of a design, to be swept over.
pub(super) struct Sweep<'a, T> {
    pub(super) design: &'a Design<'a, T>,
    pub(super) columns: &'a [usize],
    pub(super) anchored: bool,
}

impl<T: Scalar> Sweep<'_, T> {
    /// One sweep for all aims; the bits do not depend on the team.
    pub(super) fn run(&self, team: Team, aims: &[Aim<'_>]) -> Vec<Sums> {
        let leaf = |rows: Range<usize>| {
            let mut sums: Vec<Sums> = aims
                .iter()
                .map(|aim| Sums { g: vec![Twofold::ZERO; aim.x.len()], residual_ss: Twofold::ZERO })
                .collect();
            if self.anchored {
                self.sweep_rows(rows, aims, &mut sums);
            } else {
                self.sweep_columns(rows, aims, &mut sums);
            }
            sums
        };
        let merge = |left: Vec<Sums>, right: Vec<Sums>| {
            left.into_iter().zip(&right).map(|(left, right)| left.plus(right)).collect()
        };
        team.map_reduce(self.design.nrows(), LEAF, leaf, merge).unwrap_or_default()
    }

    fn sweep_columns(&self, rows: Range<usize>, aims: &[Aim<'_>], sums: &mut [Sums]) {
        let mut block = self.design.block();
        let mut r = Residual { hi: vec![0.0; block.ld], lo: vec![0.0; block.ld] };
        self.design.for_each_column_block(rows, &mut block, |block| {
            for (aim, sums) in aims.iter().zip(&mut *sums) {
                sweep_block(block, self.columns, aim, sums, &mut r);
            }
        });
    }

    fn sweep_rows(&self, rows: Range<usize>, aims: &[Aim<'_>], sums: &mut [Sums]) {
        let mut block = self.design.rows();
        let ld = block.ld;
        let directions: Vec<(Direction, f64)> =
            aims.iter().map(|aim| self.direction(aim, ld)).collect();
        let mut r = Residual { hi: vec![0.0; block.capacity], lo: vec![0.0; block.capacity] };
        let mut scratch = Direction { hi: vec![0.0; ld], lo: vec![0.0; ld] };
        let mut gradients = vec![Twofold::ZERO; ld * aims.len()];
        self.design.for_each_row_block(rows, &mut block, |block, ahead| {
            let filled = block.rows.next_multiple_of(4);
            ahead.spread(filled / 2);
            let (hi, lo) = (&mut r.hi[..filled], &mut r.lo[..filled]);
            let of_targets = directions.iter().zip(gradients.chunks_exact_mut(ld));
            for (((x, size), g), sums) in of_targets.zip(&mut *sums) {
                residuals(block.as_slice(), x, anchor(size * block.largest), hi, lo, ahead);
                let (ss, largest) = weigh(&block.w[..filled], hi, lo);
                sums.residual_ss = sums.residual_ss.plus_twofold(ss);
                if largest > 0.0 {
                    let sigma = anchor(largest * block.largest * filled as f64);
                    add_gradient(block.as_slice(), hi, lo, sigma, &mut scratch, g, ahead);
                }
            }
        });
        for (g, sums) in gradients.chunks_exact(ld).zip(sums) {
            sums.g.iter_mut().zip(self.columns).for_each(|(out, &j)| *out = g[j]);
        }
    }

    /// The vector whose product with a packed row is the residual of the aim,
    /// and the sum of its sizes.
    fn direction(&self, aim: &Aim<'_>, ld: usize) -> (Direction, f64) {
        let mut direction = Direction { hi: vec![0.0; ld], lo: vec![0.0; ld] };
        direction.hi[aim.y] = 1.0;
        for (&j, x) in self.columns.iter().zip(aim.x) {
            direction.hi[j] = -x.hi;
            direction.lo[j] = -x.lo;
        }
        let size = direction.hi.iter().map(|x| x.abs()).sum();
        (direction, size)
    }
}

/// Residuals of one block: high and low parts.
struct Residual {
    hi: Vec<f64>,
    lo: Vec<f64>,
}

/// Adds one block to g = AᵀW(y − A x) and to Σ w r².
fn sweep_block(block: &Block, columns: &[usize], aim: &Aim<'_>, sums: &mut Sums, r: &mut Residual) {
    let m = block.rows;
    let (hi, lo) = (&mut r.hi[..m], &mut r.lo[..m]);
    hi.copy_from_slice(block.column(aim.y));
    lo.fill(0.0);
    for (columns, x) in columns.chunks(4).zip(aim.x.chunks(4)) {
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
    let (ss, _) = weigh(&block.w[..m], hi, lo);
    sums.residual_ss = sums.residual_ss.plus_twofold(ss);
    for (&j, g) in columns.iter().zip(&mut sums.g) {
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

//! The minimum-norm solution of a rank-deficient problem (erratum to notes
//! §4.1.4: the pseudoinverse, not (XᵀX)⁻¹Xᵀ).
//!
//! The one idea: if the dependent columns are A_D = A_B T, all minimisers are
//! v_B + T v_D = v⁰ with v⁰ the solution on the basis B, so the shortest is
//! that of the full-rank system \[I T\] v = v⁰, however tall A was.

use super::householder::{PivotedFactor, dot, pivot, triangularise};
use super::scratch::{Lent, Scratch};
use super::tsqr::Triangle;
use crate::scale::{exponent, ldexp};
use crate::twofold::Twofold;

/// Corrections of the small system: each gains ε κ of \[I T\], which pivoting
/// keeps near 1.
const CORRECTIONS: usize = 4;

/// Solutions in all columns, shortest first: of each target one value and binary
/// exponent per column of the design.
pub(super) struct Shortest<'a> {
    pub(super) values: Lent<'a, f64>,
    pub(super) exponents: Lent<'a, i32>,
}

/// Expresses every solution of `basic` in all p columns, as the shortest.
///
/// `basic[k rank + i]` and `T[d rank + i]` are in the units of the scaled columns, column j
/// of the design having been divided by 2^exponents\[j\]; `free` leading basis
/// columns (the intercept) do not count in the norm.
pub(super) fn min_norm<'a>(
    scratch: &'a Scratch,
    factor: &PivotedFactor,
    exponents: &[i32],
    free: usize,
    targets: usize,
    basic: &[Twofold],
    T: &[Twofold],
) -> Shortest<'a> {
    let (rank, p) = (factor.rank, factor.p);
    let unit = |i: usize| exponents[factor.order[i]];
    let rows = rank - free;
    let dependent = p - rank;
    // Column b of M holds constraint b, (e_b, T'_b), with T' in the units of X
    // and the whole divided by 2^tops[b].
    let m = rows + dependent;
    let (mut M, mut tops) = (scratch.floats.lend(m * rows), scratch.exponents.lend(rows));
    for b in 0..rows {
        let e = |d: usize| unit(rank + d) - unit(free + b);
        let coefficient = |d: usize| T[d * rank + free + b].hi;
        let top = (0..dependent)
            .filter(|&d| coefficient(d) != 0.0)
            .map(|d| exponent(coefficient(d)) + e(d))
            .fold(1, i32::max);
        tops[b] = top;
        M[b * m + b] = ldexp(1.0, -top);
        for d in 0..dependent {
            M[b * m + rows + d] = ldexp(coefficient(d), e(d) - top);
        }
    }
    let small = pivoted(scratch, &M, m, rows);
    let mut out = Shortest {
        values: scratch.floats.lend(targets * p),
        exponents: scratch.exponents.lend(targets * p),
    };
    let (mut target, mut v) = (scratch.floats.lend(rows), scratch.floats.lend(m));
    for k in 0..targets {
        let x = &basic[k * rank..(k + 1) * rank];
        // v⁰ over a common exponent, so that nothing overflows on the way.
        let common = (0..rows)
            .filter(|&b| x[free + b].hi != 0.0)
            .map(|b| exponent(x[free + b].hi) - unit(free + b) - tops[b])
            .max()
            .unwrap_or(0);
        for (b, target) in target.iter_mut().enumerate() {
            *target = ldexp(x[free + b].hi, -unit(free + b) - tops[b] - common);
        }
        shortest(scratch, &M, &small, &target, &mut v);
        let mut put = |j: usize, value: f64, e: i32| {
            (out.values[k * p + j], out.exponents[k * p + j]) = (value, e);
        };
        for d in 0..dependent {
            put(factor.order[rank + d], v[rows + d], common);
        }
        // The basis follows from the dependent ones, so that A v = A v⁰
        // holds to the last digit.
        for i in 0..rank {
            let base = if i < free { -unit(i) } else { common };
            let mut value = Twofold {
                hi: ldexp(x[i].hi, -unit(i) - base),
                lo: ldexp(x[i].lo, -unit(i) - base),
            };
            for d in 0..dependent {
                let e = unit(rank + d) - unit(i) + common - base;
                let t =
                    Twofold { hi: ldexp(T[d * rank + i].hi, e), lo: ldexp(T[d * rank + i].lo, e) };
                value = value.plus_twofold(t.times(-v[rows + d]));
            }
            put(factor.order[i], value.hi, base);
        }
    }
    small.give_back(scratch);
    out
}

/// The pivoted factor of M ~ (m, rows), column-major.
fn pivoted(scratch: &Scratch, M: &[f64], m: usize, rows: usize) -> PivotedFactor {
    let mut reduced = scratch.floats.lend(M.len());
    reduced.copy_from_slice(M);
    triangularise(&mut reduced, m, m, rows);
    let mut R = scratch.floats.lend(rows * rows);
    for j in 0..rows {
        R[j * rows..j * rows + j + 1].copy_from_slice(&reduced[j * m..j * m + j + 1]);
    }
    pivot(scratch, &Triangle { R, rows }, rows, 0, 0.0, None)
}

/// v = the shortest with Mᵀ v = target: v = M s, MᵀM s = target.
fn shortest(scratch: &Scratch, M: &[f64], small: &PivotedFactor, target: &[f64], v: &mut [f64]) {
    let (rows, m) = (target.len(), v.len());
    let floats = &scratch.floats;
    let (mut s, mut gap, mut delta) =
        (floats.lend(rows), floats.lend(rows), floats.lend(small.rank));
    v.fill(0.0);
    for _ in 0..CORRECTIONS {
        for (b, gap) in gap.iter_mut().enumerate() {
            *gap = target[b] - dot(&M[b * m..(b + 1) * m], v);
        }
        let scale = |i: usize| ldexp(1.0, -small.shifts[small.order[i]]);
        for (i, delta) in delta.iter_mut().enumerate() {
            *delta = gap[small.order[i]] * scale(i);
        }
        small.solve_transposed(&mut delta);
        small.solve(&mut delta);
        for (i, d) in delta.iter().enumerate() {
            s[small.order[i]] += d * scale(i);
        }
        v.fill(0.0);
        for b in 0..rows {
            for (v, a) in v.iter_mut().zip(&M[b * m..(b + 1) * m]) {
                *v += a * s[b];
            }
        }
    }
}

//! R of a tall design, one sweep over blocks of rows (TSQR; Demmel, Grigori,
//! Hoemmen and Langou 2012).
//!
//! A leaf's blocks are rotated into its triangle one after another, each while
//! it is in the cache; the leaves are merged pairwise in a tree whose shape
//! depends on the number of rows alone.

use std::ops::Range;

use super::absorb::absorb;
use super::design::Design;
use super::householder::triangularise;
use super::scratch::{Lent, Scratch};
use crate::{Scalar, Team};

/// Rows of a leaf: merging costs as much as p rows.
const TALL: usize = 8192;

/// An upper triangle or trapezoid ~ (rows, p), column-major without gaps.
#[derive(Debug)]
pub(super) struct Triangle<'a> {
    pub(super) R: Lent<'a, f64>,
    pub(super) rows: usize,
}

impl<'a> Triangle<'a> {
    /// That of no rows.
    fn none(scratch: &'a Scratch) -> Self {
        Self { R: scratch.floats.lend(0), rows: 0 }
    }
}

/// R of √w ∘ \[1 X\] with scaled columns and the penalty's rows below; with
/// `targets`, of \[1 X Y\]. It has min(n, p) rows.
pub(super) fn factor<'a, T: Scalar>(
    team: Team,
    design: &Design<'a, T>,
    targets: bool,
) -> Triangle<'a> {
    let scratch = design.scratch;
    let p = design.ncols() + if targets { design.n_targets() } else { 0 };
    let leaf = |rows: Range<usize>| reduce(design, rows, p);
    let merge = |left: Triangle<'a>, right: Triangle<'a>| merge(scratch, left, &right, p);
    // A leaf several times taller than wide wastes little on merging.
    let tall = TALL.max(16 * p);
    let found = team.map_reduce(design.nrows(), tall, leaf, merge);
    let triangle = found.unwrap_or_else(|| Triangle::none(scratch));
    if design.penalties.iter().all(|&l| l == 0.0) {
        return triangle;
    }
    // √Λ has one row per column; it is triangular already.
    let mut R = scratch.floats.lend(p * p);
    for (j, l) in design.penalties.iter().enumerate() {
        R[j * p + j] = l.sqrt();
    }
    self::merge(scratch, triangle, &Triangle { R, rows: p }, p)
}

/// R of some rows: a first block is reduced, the others are absorbed.
fn reduce<'a, T: Scalar>(design: &Design<'a, T>, rows: Range<usize>, p: usize) -> Triangle<'a> {
    // A block that fits the second-level cache, and has p rows at least.
    let capacity = (24_576 / p.max(1)).clamp(64, 512).max(p).next_multiple_of(8);
    let mut block = design.block_of_rows(capacity);
    let mut found: Option<Triangle<'a>> = None;
    design.for_each_column_block(rows, &mut block, |block| {
        design.weigh(block);
        let (ld, filled) = (block.ld, block.rows);
        if let Some(triangle) = &mut found {
            for column in block.A.chunks_exact_mut(ld) {
                column[filled..].fill(0.0);
            }
            absorb(&mut triangle.R, &mut block.A, ld, p);
        } else {
            triangularise(&mut block.A, ld, filled, p);
            found = Some(upper(design.scratch, &block.A, ld, filled, p));
        }
    });
    found.unwrap_or_else(|| Triangle::none(design.scratch))
}

/// The upper trapezoid of the first `m` rows.
fn upper<'a>(scratch: &'a Scratch, a: &[f64], ld: usize, m: usize, p: usize) -> Triangle<'a> {
    let rows = m.min(p);
    let mut R = scratch.floats.lend(rows * p);
    for j in 0..p {
        let filled = (j + 1).min(rows);
        R[j * rows..j * rows + filled].copy_from_slice(&a[j * ld..j * ld + filled]);
    }
    Triangle { R, rows }
}

/// R of the two triangles stacked.
fn merge<'a>(
    scratch: &'a Scratch,
    mut top: Triangle<'a>,
    bottom: &Triangle<'_>,
    p: usize,
) -> Triangle<'a> {
    let whole = top.rows == p;
    // A triangle of p rows absorbs the other; a trapezoid has to be stacked.
    let above = if whole { 0 } else { top.rows };
    let m = above + bottom.rows;
    let ld = m.next_multiple_of(8);
    let mut stacked = scratch.floats.lend(ld * p);
    for (j, column) in stacked.chunks_exact_mut(ld.max(1)).enumerate() {
        column[..above].copy_from_slice(&top.R[j * top.rows..j * top.rows + above]);
        column[above..m].copy_from_slice(&bottom.R[j * bottom.rows..(j + 1) * bottom.rows]);
    }
    if whole {
        absorb(&mut top.R, &mut stacked, ld, p);
        return top;
    }
    triangularise(&mut stacked, ld, m, p);
    upper(scratch, &stacked, ld, m, p)
}

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
use super::rows::LEAF;
use crate::{Scalar, Team};

/// An upper triangle or trapezoid ~ (rows, p), column-major without gaps.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Triangle {
    pub(super) R: Vec<f64>,
    pub(super) rows: usize,
}

/// R of √w ∘ \[1 X\] with scaled columns and the penalty's rows below; with
/// `targets`, of \[1 X Y\]. It has min(n, p) rows.
pub(super) fn factor<T: Scalar>(team: Team, design: &Design<'_, T>, targets: bool) -> Triangle {
    let p = design.ncols() + if targets { design.n_targets() } else { 0 };
    let leaf = |rows: Range<usize>| reduce(design, rows, p);
    let merge = |left: Triangle, right: Triangle| merge(left, &right, p);
    // A leaf several times taller than wide wastes little on merging.
    let tall = LEAF.max(16 * p);
    let found = team.map_reduce(design.nrows(), tall, leaf, merge);
    let triangle = found.unwrap_or(Triangle { R: Vec::new(), rows: 0 });
    if design.penalties.iter().all(|&l| l == 0.0) {
        return triangle;
    }
    // √Λ has one row per column; it is triangular already.
    let mut R = vec![0.0; p * p];
    for (j, l) in design.penalties.iter().enumerate() {
        R[j * p + j] = l.sqrt();
    }
    self::merge(triangle, &Triangle { R, rows: p }, p)
}

/// R of some rows: a first block is reduced, the others are absorbed.
fn reduce<T: Scalar>(design: &Design<'_, T>, rows: Range<usize>, p: usize) -> Triangle {
    // A block that fits the second-level cache, and has p rows at least.
    let capacity = (24_576 / p.max(1)).clamp(64, 512).max(p).next_multiple_of(8);
    let mut block = design.block_of_rows(capacity);
    let mut found: Option<Triangle> = None;
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
            found = Some(upper(&block.A, ld, filled, p));
        }
    });
    found.unwrap_or(Triangle { R: Vec::new(), rows: 0 })
}

/// The upper trapezoid of the first `m` rows.
fn upper(a: &[f64], ld: usize, m: usize, p: usize) -> Triangle {
    let rows = m.min(p);
    let mut R = vec![0.0; rows * p];
    for j in 0..p {
        let filled = (j + 1).min(rows);
        R[j * rows..j * rows + filled].copy_from_slice(&a[j * ld..j * ld + filled]);
    }
    Triangle { R, rows }
}

/// R of the two triangles stacked.
fn merge(mut top: Triangle, bottom: &Triangle, p: usize) -> Triangle {
    let whole = top.rows == p;
    // A triangle of p rows absorbs the other; a trapezoid has to be stacked.
    let above = if whole { 0 } else { top.rows };
    let m = above + bottom.rows;
    let ld = m.next_multiple_of(8);
    let mut stacked = vec![0.0; ld * p];
    for (j, column) in stacked.chunks_exact_mut(ld.max(1)).enumerate() {
        column[..above].copy_from_slice(&top.R[j * top.rows..j * top.rows + above]);
        column[above..m].copy_from_slice(&bottom.R[j * bottom.rows..(j + 1) * bottom.rows]);
    }
    if whole {
        absorb(&mut top.R, &mut stacked, ld, p);
        return top;
    }
    triangularise(&mut stacked, ld, m, p);
    upper(&stacked, ld, m, p)
}

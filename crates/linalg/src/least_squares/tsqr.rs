//! R of a tall design, one sweep over blocks of rows (TSQR; Demmel, Grigori,
//! Hoemmen and Langou 2012).
//!
//! Each block is reduced to its triangle in cache; the triangles are merged
//! pairwise in a tree whose shape depends on the number of blocks alone, which
//! also keeps the rounding error at the logarithm of that number.

use super::design::Design;
use super::householder::triangularise;
use crate::Scalar;

/// An upper triangle or trapezoid ~ (rows, p), column-major without gaps.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Triangle {
    pub(super) R: Vec<f64>,
    pub(super) rows: usize,
}

/// R of √w ∘ \[1 X\] with scaled columns and the penalty's rows below; with
/// `targets`, of \[1 X Y\]. It has min(n, p) rows.
pub(super) fn factor<T: Scalar>(design: &Design<'_, T>, targets: bool) -> Triangle {
    let p = design.ncols() + if targets { design.n_targets() } else { 0 };
    // A block at least a few times taller than wide wastes little on merging.
    let mut block = design.block_of_rows((16 * p).max(64));
    let mut tree: Vec<(u32, Triangle)> = Vec::new();
    let mut start = 0;
    while design.load(&mut block, start) {
        start += block.rows;
        let (ld, rows) = (block.ld, block.rows);
        design.weigh(&mut block);
        triangularise(&mut block.A, ld, rows, p);
        push(&mut tree, upper(&block.A, ld, rows, p), p);
    }
    if design.penalties.iter().any(|&l| l > 0.0) {
        // √Λ has one row per column; it is triangular already.
        let mut R = vec![0.0; p * p];
        for (j, l) in design.penalties.iter().enumerate() {
            R[j * p + j] = l.sqrt();
        }
        push(&mut tree, Triangle { R, rows: p }, p);
    }
    let mut result = tree.pop().map_or(Triangle { R: Vec::new(), rows: 0 }, |(_, R)| R);
    while let Some((_, left)) = tree.pop() {
        result = merge(&left, &result, p);
    }
    result
}

/// Adds a leaf, merging equal levels like a binary counter.
fn push(tree: &mut Vec<(u32, Triangle)>, leaf: Triangle, p: usize) {
    let mut leaf = leaf;
    let mut level = 0;
    while let Some((_, left)) = tree.pop_if(|(l, _)| *l == level) {
        leaf = merge(&left, &leaf, p);
        level += 1;
    }
    tree.push((level, leaf));
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
fn merge(top: &Triangle, bottom: &Triangle, p: usize) -> Triangle {
    let m = top.rows + bottom.rows;
    let mut stacked = vec![0.0; m * p];
    for j in 0..p {
        let column = &mut stacked[j * m..(j + 1) * m];
        column[..top.rows].copy_from_slice(&top.R[j * top.rows..(j + 1) * top.rows]);
        column[top.rows..].copy_from_slice(&bottom.R[j * bottom.rows..(j + 1) * bottom.rows]);
    }
    triangularise(&mut stacked, m, m, p);
    upper(&stacked, m, m, p)
}

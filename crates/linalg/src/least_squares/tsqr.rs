//! R of a tall design, one sweep over blocks of rows (TSQR; Demmel, Grigori,
//! Hoemmen and Langou 2012).
//!
//! Each block is reduced to its triangle in cache; the triangles are merged
//! pairwise in a tree whose shape depends on the number of blocks alone, which
//! also keeps the rounding error at the logarithm of that number.

use super::design::Design;
use super::householder::triangularise;
use crate::Scalar;

/// R ~ (p, p), column-major, of √w ∘ \[1 X\] with scaled columns; rows that do
/// not exist (n < p) are zero.
pub(super) fn factor<T: Scalar>(design: &Design<'_, T>) -> Vec<f64> {
    let p = design.ncols();
    // A block at least a few times taller than wide wastes little on merging.
    let mut block = design.block_of_rows((16 * p).max(64));
    let mut tree: Vec<(u32, Vec<f64>)> = Vec::new();
    let mut start = 0;
    while design.load(&mut block, start) {
        start += block.rows;
        for i in (0..block.rows).filter(|_| design.is_weighted()) {
            let root = block.w[i].sqrt();
            for j in 0..p {
                block.A[j * block.ld + i] *= root;
            }
        }
        let (ld, rows) = (block.ld, block.rows);
        triangularise(&mut block.A, ld, rows, p);
        let mut R = upper(&block.A, ld, rows.min(p), p);
        let mut level = 0;
        while let Some((_, left)) = tree.pop_if(|(l, _)| *l == level) {
            R = merge(&left, &R, p);
            level += 1;
        }
        tree.push((level, R));
    }
    let mut result = tree.pop().map_or_else(|| vec![0.0; p * p], |(_, R)| R);
    while let Some((_, left)) = tree.pop() {
        result = merge(&left, &result, p);
    }
    result
}

/// The upper triangle of the first `rows` rows, as (p, p).
fn upper(a: &[f64], ld: usize, rows: usize, p: usize) -> Vec<f64> {
    let mut R = vec![0.0; p * p];
    for j in 0..p {
        let filled = (j + 1).min(rows);
        R[j * p..j * p + filled].copy_from_slice(&a[j * ld..j * ld + filled]);
    }
    R
}

/// R of the two triangles stacked.
fn merge(top: &[f64], bottom: &[f64], p: usize) -> Vec<f64> {
    let mut stacked = vec![0.0; 2 * p * p];
    for j in 0..p {
        stacked[j * 2 * p..j * 2 * p + p].copy_from_slice(&top[j * p..(j + 1) * p]);
        stacked[j * 2 * p + p..(j + 1) * 2 * p].copy_from_slice(&bottom[j * p..(j + 1) * p]);
    }
    triangularise(&mut stacked, 2 * p, 2 * p, p);
    upper(&stacked, 2 * p, p, p)
}

//! Products of matrices by faer, one per entry of the leading axes.

use wonderland_linalg::{MatMut, MatRef, Scalar, Team, matmul_into};

use crate::shape::Shape;

/// y = op(a) op(b), or y += with `add`; transposed operands are views.
pub(crate) fn matmul<T: Scalar>(
    (ta, tb): (bool, bool),
    add: bool,
    a: (&[T], Shape),
    b: (&[T], Shape),
    y: (&mut [T], Shape),
) {
    let ((_, ar, ac), (_, br, bc), (batch, n, m)) = (a.1.matrix(), b.1.matrix(), y.1.matrix());
    if y.0.is_empty() {
        return;
    }
    if a.0.is_empty() {
        if !add {
            y.0.fill(T::ZERO);
        }
        return;
    }
    let step = |shape: Shape, size: usize| if shape.rank() == 2 { 0 } else { size };
    let (step_a, step_b) = (step(a.1, ar * ac), step(b.1, br * bc));
    for (k, y) in (0..batch).zip(y.0.chunks_exact_mut(n * m)) {
        let A = MatRef::from_row_major_slice(&a.0[k * step_a..k * step_a + ar * ac], ar, ac);
        let B = MatRef::from_row_major_slice(&b.0[k * step_b..k * step_b + br * bc], br, bc);
        let A = if ta { A.transpose() } else { A };
        let B = if tb { B.transpose() } else { B };
        let Y = MatMut::from_row_major_slice_mut(y, n, m);
        matmul_into(Y, add, A, B).expect("shapes are checked when the product is traced");
    }
}

/// Smallest number of multiply-adds worth a second thread.
const SHARED: usize = 4_000_000;
/// Blocks of rows of a shared product, and the least rows of one.
const BLOCKS: usize = 4;
const ROWS: usize = 32;

/// y = op(a) op(b) by the threads of a team, for matrices by fixed blocks of
/// rows.
pub(crate) fn matmul_by<T: Scalar>(
    team: Team,
    (ta, tb): (bool, bool),
    a: (&[T], Shape),
    b: (&[T], Shape),
    y: (&mut [T], Shape),
) {
    let ((_, ar, ac), (_, br, bc), (batch, n, m)) = (a.1.matrix(), b.1.matrix(), y.1.matrix());
    let inner = if ta { ar } else { ac };
    if team.is_alone() || batch != 1 || n < 2 * ROWS || n * m * inner < SHARED {
        return matmul((ta, tb), false, a, b, y);
    }
    let A = MatRef::from_row_major_slice(a.0, ar, ac);
    let B = MatRef::from_row_major_slice(b.0, br, bc);
    let A = if ta { A.transpose() } else { A };
    let B = if tb { B.transpose() } else { B };
    let rows = n.div_ceil(BLOCKS).next_multiple_of(ROWS);
    team.for_each_chunk_mut(y.0, rows * m, |k, y| {
        let count = y.len() / m;
        let Y = MatMut::from_row_major_slice_mut(y, count, m);
        matmul_into(Y, false, A.subrows(k * rows, count), B)
            .expect("shapes are checked when the product is traced");
    });
}

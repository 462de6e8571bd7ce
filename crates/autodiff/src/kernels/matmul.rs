//! Products of matrices by faer, one per entry of the leading axes.

use wonderland_linalg::{
    MatMut, MatRef, Scalar, Team, adds_same_bits, is_worth_sharing, matmul_into, matmul_shared,
};

use crate::shape::Shape;

/// y = op(a) op(b), or y += α op(a) op(b) with `onto` = Some(α), by the threads of a
/// team; transposed operands are views. The bits do not depend on the number of
/// threads.
pub(crate) fn matmul<T: Scalar>(
    team: Team,
    (ta, tb): (bool, bool),
    onto: Option<T>,
    a: (&[T], Shape),
    b: (&[T], Shape),
    y: (&mut [T], Shape),
) {
    let ((_, ar, ac), (_, br, bc), (batch, n, m)) = (a.1.matrix(), b.1.matrix(), y.1.matrix());
    if y.0.is_empty() {
        return;
    }
    if a.0.is_empty() {
        if onto.is_none() {
            y.0.fill(T::ZERO);
        }
        return;
    }
    let step = |shape: Shape, size: usize| if shape.rank() == 2 { 0 } else { size };
    let (step_a, step_b) = (step(a.1, ar * ac), step(b.1, br * bc));
    for (k, y) in (0..batch).zip(y.0.chunks_exact_mut(n * m)) {
        let A = MatRef::from_row_major_slice(&a.0[k * step_a..k * step_a + ar * ac], ar, ac);
        let B = MatRef::from_row_major_slice(&b.0[k * step_b..k * step_b + br * bc], br, bc);
        if ta && !tb && is_narrow_by_wide(ar, ac, bc) {
            narrow_by_wide(onto, A, B, y);
            continue;
        }
        let A = if ta { A.transpose() } else { A };
        let B = if tb { B.transpose() } else { B };
        let Y = MatMut::from_row_major_slice_mut(y, n, m);
        matmul_shared(team, Y, onto, A, B).expect("shapes are checked when the product is traced");
    }
}

/// Whether a product that is added has the bits of a product and a sum.
pub(crate) fn is_added_alike(ta: bool, a: Shape, y: Shape) -> bool {
    let ((_, ar, ac), (_, n, m)) = (a.matrix(), y.matrix());
    adds_same_bits(n, if ta { ar } else { ac }, m)
}

/// Whether several threads can share the product of an instruction.
pub(crate) fn is_shared(ta: bool, a: Shape, y: Shape) -> bool {
    let ((_, ar, ac), (_, n, m)) = (a.matrix(), y.matrix());
    is_worth_sharing(n, if ta { ar } else { ac }, m)
}

/// Most columns of A for which Aᵀ B is computed as (Bᵀ A)ᵀ.
const NARROW: usize = 64;
/// Elements of a part of Bᵀ A.
const PART: usize = 4096;

/// Whether Aᵀ B of A ~ (rows, narrow) and B ~ (rows, wide) is computed as
/// (Bᵀ A)ᵀ: faer packs the first factor of a row-major product's transpose, and
/// packing the narrow A takes much less than packing B.
fn is_narrow_by_wide(rows: usize, narrow: usize, wide: usize) -> bool {
    rows >= 256 && (5..=NARROW).contains(&narrow) && wide >= 4 * narrow
}

/// y = Aᵀ B or y += α Aᵀ B, some columns of B at a time.
fn narrow_by_wide<T: Scalar>(onto: Option<T>, A: MatRef<'_, T>, B: MatRef<'_, T>, y: &mut [T]) {
    let (narrow, wide) = (A.ncols(), B.ncols());
    let mut part = [T::ZERO; PART];
    let most = PART / narrow;
    for first in (0..wide).step_by(most) {
        let columns = most.min(wide - first);
        let part = &mut part[..columns * narrow];
        let out = MatMut::from_row_major_slice_mut(part, columns, narrow);
        matmul_into(out, false, B.subcols(first, columns).transpose(), A)
            .expect("shapes are checked when the product is traced");
        for (i, y) in y.chunks_exact_mut(wide).enumerate() {
            for (y, row) in y[first..first + columns].iter_mut().zip(part.chunks_exact(narrow)) {
                *y = onto.map_or(row[i], |alpha| *y + alpha * row[i]);
            }
        }
    }
}

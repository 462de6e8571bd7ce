//! Rows taken from, and added to, a tensor at given indices.

use wonderland_linalg::Scalar;

use crate::shape::Shape;

/// The first index that is not below `limit`, as (position, index).
pub(crate) fn out_of_range(index: &[u32], limit: usize) -> Option<(usize, u32)> {
    index.iter().copied().enumerate().find(|&(_, i)| i as usize >= limit)
}

/// y = rows of x; `along`, entry i_k of row k. Indices are in range.
pub(crate) fn gather<T: Copy>(along: bool, x: (&[T], Shape), index: &[u32], y: &mut [T]) {
    let (rows, inner) = layout(along, x.1);
    if inner == 0 {
        return;
    }
    for (k, (y, &i)) in y.chunks_exact_mut(inner).zip(index).enumerate() {
        let row = if along { k * rows + i as usize } else { i as usize };
        y.copy_from_slice(&x.0[row * inner..(row + 1) * inner]);
    }
}

/// y = zeros to which the rows of x are added, in order.
pub(crate) fn scatter<T: Scalar>(along: bool, x: &[T], index: &[u32], y: (&mut [T], Shape)) {
    y.0.fill(T::ZERO);
    let (rows, inner) = layout(along, y.1);
    if inner == 0 {
        return;
    }
    for (k, (x, &i)) in x.chunks_exact(inner).zip(index).enumerate() {
        let row = if along { k * rows + i as usize } else { i as usize };
        for (y, &x) in y.0[row * inner..(row + 1) * inner].iter_mut().zip(x) {
            *y += x;
        }
    }
}

/// Entries of the indexed axis, and elements of one entry.
fn layout(along: bool, shape: Shape) -> (usize, usize) {
    let axis = usize::from(along);
    let (_, rows, inner) = shape.around(axis);
    (rows, inner)
}

/// y = rows of the identity.
pub(crate) fn one_hot<T: Scalar>(n: usize, index: &[u32], y: &mut [T]) {
    y.fill(T::ZERO);
    for (k, &i) in index.iter().enumerate() {
        y[k * n + i as usize] = T::ONE;
    }
}

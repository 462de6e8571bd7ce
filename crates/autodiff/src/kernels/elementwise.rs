//! Elementwise operations with stretching, and movement of elements.

use wonderland_linalg::Scalar;

use super::scalar;
use crate::op::Op;
use crate::shape::{Axes, MAX_RANK, Shape, stretched_strides, walk};

/// y = f(x).
pub(crate) fn unary<T: Scalar>(op: &Op, x: &[T], y: &mut [T]) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = scalar::unary(op, x);
    }
}

/// y = f(a, b), the smaller argument stretched.
pub(crate) fn binary<T: Scalar>(op: &Op, a: (&[T], Shape), b: (&[T], Shape), y: (&mut [T], Shape)) {
    if a.1 == b.1 {
        for ((y, &a), &b) in y.0.iter_mut().zip(a.0).zip(b.0) {
            *y = scalar::binary(op, a, b);
        }
        return;
    }
    let strides = [stretched_strides(&a.1, &y.1), stretched_strides(&b.1, &y.1)];
    let mut out = y.0.iter_mut();
    walk(&y.1, strides, |[i, j]| {
        if let Some(y) = out.next() {
            *y = scalar::binary(op, a.0[i], b.0[j]);
        }
    });
}

/// y = a where the mask is not 0, b elsewhere.
pub(crate) fn select<T: Scalar>(
    mask: (&[T], Shape),
    a: (&[T], Shape),
    b: (&[T], Shape),
    y: (&mut [T], Shape),
) {
    let strides = [mask.1, a.1, b.1].map(|s| stretched_strides(&s, &y.1));
    let mut out = y.0.iter_mut();
    walk(&y.1, strides, |[m, i, j]| {
        if let Some(y) = out.next() {
            *y = if mask.0[m] == T::ZERO { b.0[j] } else { a.0[i] };
        }
    });
}

/// y = x read at `start` with the given strides.
fn read<T: Copy>(x: &[T], start: usize, strides: [usize; MAX_RANK], y: (&mut [T], Shape)) {
    let mut out = y.0.iter_mut();
    walk(&y.1, [strides], |[i]| {
        if let Some(y) = out.next() {
            *y = x[start + i];
        }
    });
}

/// y = x repeated along new axes.
pub(crate) fn broadcast<T: Copy>(axes: Axes, x: &[T], y: (&mut [T], Shape)) {
    read(x, 0, stretched_strides(&y.1.kept(axes), &y.1), y);
}

/// y = x with its axes in another order.
pub(crate) fn permute<T: Copy>(perm: [u8; MAX_RANK], x: (&[T], Shape), y: (&mut [T], Shape)) {
    let own = x.1.strides();
    let mut strides = [0; MAX_RANK];
    for k in 0..y.1.rank() {
        strides[k] = own[usize::from(perm[k])];
    }
    read(x.0, 0, strides, y);
}

fn offset(start: Shape, shape: Shape) -> usize {
    start.iter().zip(shape.strides()).map(|(s, stride)| s * stride).sum()
}

/// y = a box of x.
pub(crate) fn slice<T: Copy>(start: Shape, x: (&[T], Shape), y: (&mut [T], Shape)) {
    if !y.1.is_empty() {
        read(x.0, offset(start, x.1), x.1.strides(), y);
    }
}

/// y = zeros with x put in.
pub(crate) fn pad<T: Scalar>(start: Shape, x: (&[T], Shape), y: (&mut [T], Shape)) {
    y.0.fill(T::ZERO);
    let first = offset(start, y.1);
    let mut from = x.0.iter();
    walk(&x.1, [y.1.strides()], |[i]| {
        if let Some(&x) = from.next() {
            y.0[first + i] = x;
        }
    });
}

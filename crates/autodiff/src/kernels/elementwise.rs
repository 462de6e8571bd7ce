//! Elementwise operations with stretching, and movement of elements.

use wonderland_linalg::Scalar;
use wonderland_linalg::kernels::Elementary;

use super::scalar::{with_binary, with_unary};
use crate::op::{Cmp, Op};
use crate::shape::{Axes, MAX_RANK, Shape, stretched_strides, walk};

/// The vectorised form of an operation; its bits do not depend on the place in
/// the slice.
fn elementary(op: &Op) -> Option<Elementary> {
    Some(match op {
        Op::Exp => Elementary::Exp,
        Op::Expm1 => Elementary::ExpM1,
        Op::Log => Elementary::Ln,
        Op::Log1p => Elementary::Ln1p,
        Op::Tanh => Elementary::Tanh,
        Op::Sigmoid => Elementary::Sigmoid,
        Op::Softplus => Elementary::Softplus,
        Op::Erf => Elementary::Erf,
        Op::Erfc => Elementary::Erfc,
        Op::Sin => Elementary::Sin,
        Op::Cos => Elementary::Cos,
        Op::Atan => Elementary::Atan,
        _ => return None,
    })
}

/// y = f(x).
pub(crate) fn unary<T: Scalar>(op: &Op, x: &[T], y: &mut [T]) {
    if let Some(f) = elementary(op) {
        return f.apply_into(x, y);
    }
    with_unary!(T, op, f => for (y, &x) in y.iter_mut().zip(x) {
        *y = f(x);
    });
}

/// y = f(y).
pub(crate) fn unary_in_place<T: Scalar>(op: &Op, y: &mut [T]) {
    if let Some(f) = elementary(op) {
        return f.apply(y);
    }
    with_unary!(T, op, f => for y in y.iter_mut() {
        *y = f(*y);
    });
}

/// An argument of an elementwise operation on its way to the full shape.
#[derive(Clone, Copy)]
enum Stretch {
    /// It has the full shape.
    Full,
    /// One number.
    One,
    /// The last axes, repeated.
    Row,
    /// One number per row of the last axis.
    Column,
    /// Anything else.
    Any,
}

fn stretch_of(small: &Shape, full: &Shape) -> Stretch {
    if small == full || small.len() == full.len() {
        return Stretch::Full;
    }
    if small.len() == 1 {
        return Stretch::One;
    }
    let skip = full.rank() - small.rank();
    let ones = small.iter().take_while(|&d| d == 1).count();
    let rank = small.rank() - ones;
    if small.iter().skip(ones).eq(full.iter().skip(full.rank() - rank)) {
        return Stretch::Row;
    }
    let last = small.rank() - 1;
    let rows = skip == 0 && (0..last).all(|a| small.dim(a) == full.dim(a));
    if rows && small.dim(last) == 1 { Stretch::Column } else { Stretch::Any }
}

/// y = f(a, b), the smaller argument stretched.
pub(crate) fn binary<T: Scalar>(op: &Op, a: (&[T], Shape), b: (&[T], Shape), y: (&mut [T], Shape)) {
    let (y, full) = y;
    if y.is_empty() {
        return;
    }
    let width = full.iter().next_back().unwrap_or(1);
    with_binary!(T, op, f => match (stretch_of(&a.1, &full), stretch_of(&b.1, &full)) {
        (Stretch::Full, Stretch::Full) => {
            for ((y, &a), &b) in y.iter_mut().zip(a.0).zip(b.0) {
                *y = f(a, b);
            }
        }
        (Stretch::Full, Stretch::One) => {
            let b = b.0[0];
            for (y, &a) in y.iter_mut().zip(a.0) {
                *y = f(a, b);
            }
        }
        (Stretch::One, Stretch::Full) => {
            let a = a.0[0];
            for (y, &b) in y.iter_mut().zip(b.0) {
                *y = f(a, b);
            }
        }
        (Stretch::Full, Stretch::Row) => {
            let n = b.0.len();
            for (y, a) in y.chunks_exact_mut(n).zip(a.0.chunks_exact(n)) {
                for ((y, &a), &b) in y.iter_mut().zip(a).zip(b.0) {
                    *y = f(a, b);
                }
            }
        }
        (Stretch::Row, Stretch::Full) => {
            let n = a.0.len();
            for (y, b) in y.chunks_exact_mut(n).zip(b.0.chunks_exact(n)) {
                for ((y, &a), &b) in y.iter_mut().zip(a.0).zip(b) {
                    *y = f(a, b);
                }
            }
        }
        (Stretch::Full, Stretch::Column) => {
            for ((y, a), &b) in y.chunks_exact_mut(width).zip(a.0.chunks_exact(width)).zip(b.0) {
                for (y, &a) in y.iter_mut().zip(a) {
                    *y = f(a, b);
                }
            }
        }
        (Stretch::Column, Stretch::Full) => {
            for ((y, b), &a) in y.chunks_exact_mut(width).zip(b.0.chunks_exact(width)).zip(a.0) {
                for (y, &b) in y.iter_mut().zip(b) {
                    *y = f(a, b);
                }
            }
        }
        _ => {
            let strides = [stretched_strides(&a.1, &full), stretched_strides(&b.1, &full)];
            let mut out = y.iter_mut();
            walk(&full, strides, |[i, j]| {
                if let Some(y) = out.next() {
                    *y = f(a.0[i], b.0[j]);
                }
            });
        }
    });
}

/// y = f(y, b), or f(b, y) if `swapped`; b is stretched.
pub(crate) fn binary_in_place<T: Scalar>(
    op: &Op,
    swapped: bool,
    (y, full): (&mut [T], Shape),
    b: (&[T], Shape),
) {
    if y.is_empty() {
        return;
    }
    let width = full.iter().next_back().unwrap_or(1);
    with_binary!(T, op, f => {
        let f = |y: T, b: T| if swapped { f(b, y) } else { f(y, b) };
        match stretch_of(&b.1, &full) {
            Stretch::Full => y.iter_mut().zip(b.0).for_each(|(y, &b)| *y = f(*y, b)),
            Stretch::One => {
                let b = b.0[0];
                y.iter_mut().for_each(|y| *y = f(*y, b));
            }
            Stretch::Row => {
                for y in y.chunks_exact_mut(b.0.len()) {
                    y.iter_mut().zip(b.0).for_each(|(y, &b)| *y = f(*y, b));
                }
            }
            Stretch::Column => {
                for (y, &b) in y.chunks_exact_mut(width).zip(b.0) {
                    y.iter_mut().for_each(|y| *y = f(*y, b));
                }
            }
            Stretch::Any => {
                let mut out = y.iter_mut();
                walk(&full, [stretched_strides(&b.1, &full)], |[j]| {
                    if let Some(y) = out.next() {
                        *y = f(*y, b.0[j]);
                    }
                });
            }
        }
    });
}

/// y = f(y, y).
pub(crate) fn binary_with_itself<T: Scalar>(op: &Op, y: &mut [T]) {
    with_binary!(T, op, f => for y in y.iter_mut() {
        *y = f(*y, *y);
    });
}

/// y = a where the mask is not 0, b elsewhere.
pub(crate) fn select<T: Scalar>(
    mask: (&[T], Shape),
    a: (&[T], Shape),
    b: (&[T], Shape),
    y: (&mut [T], Shape),
) {
    let shapes = [mask.1, a.1, b.1].map(|s| stretch_of(&s, &y.1));
    match shapes {
        [Stretch::Full, Stretch::Full, Stretch::One] if !y.0.is_empty() => {
            let b = b.0[0];
            for ((y, &m), &a) in y.0.iter_mut().zip(mask.0).zip(a.0) {
                *y = if m == T::ZERO { b } else { a };
            }
            return;
        }
        [Stretch::Full, Stretch::Full, Stretch::Full] => {
            for (((y, &m), &a), &b) in y.0.iter_mut().zip(mask.0).zip(a.0).zip(b.0) {
                *y = if m == T::ZERO { b } else { a };
            }
            return;
        }
        _ => {}
    }
    let strides = [mask.1, a.1, b.1].map(|s| stretched_strides(&s, &y.1));
    let mut out = y.0.iter_mut();
    walk(&y.1, strides, |[m, i, j]| {
        if let Some(y) = out.next() {
            *y = if mask.0[m] == T::ZERO { b.0[j] } else { a.0[i] };
        }
    });
}

/// y = y where the mask is not 0 and b elsewhere, or the other way round unless
/// `kept_if_set`.
pub(crate) fn select_in_place<T: Scalar>(
    mask: (&[T], Shape),
    kept_if_set: bool,
    b: (&[T], Shape),
    y: (&mut [T], Shape),
) {
    if let [Stretch::Full, Stretch::One] = [mask.1, b.1].map(|s| stretch_of(&s, &y.1)) {
        if let Some(&b) = b.0.first() {
            for (y, &m) in y.0.iter_mut().zip(mask.0) {
                *y = if (m == T::ZERO) == kept_if_set { b } else { *y };
            }
        }
        return;
    }
    let strides = [mask.1, b.1].map(|s| stretched_strides(&s, &y.1));
    let mut out = y.0.iter_mut();
    walk(&y.1, strides, |[m, j]| {
        if let Some(y) = out.next()
            && (mask.0[m] == T::ZERO) == kept_if_set
        {
            *y = b.0[j];
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

//! Elementwise operations with stretching, and movement of elements.

use wonderland_linalg::Scalar;

use crate::functions::{Binary, BinaryLoop, Unary, UnaryLoop};
use crate::shape::{Axes, MAX_RANK, Shape, stretched_strides, walk};

struct Map<'a, T>(&'a [T], &'a mut [T]);

impl<T: Copy> UnaryLoop<T> for Map<'_, T> {
    type Out = ();
    fn run(self, f: impl Fn(T) -> T) {
        for (y, &x) in self.1.iter_mut().zip(self.0) {
            *y = f(x);
        }
    }
}

struct MapInPlace<'a, T>(&'a mut [T]);

impl<T: Copy> UnaryLoop<T> for MapInPlace<'_, T> {
    type Out = ();
    fn run(self, f: impl Fn(T) -> T) {
        for y in self.0 {
            *y = f(*y);
        }
    }
}

/// y = f(x).
pub(crate) fn map<T: Scalar>(f: Unary, x: &[T], y: &mut [T]) {
    match f.kernel() {
        Some(kernel) => kernel.apply_into(x, y),
        None => f.choose(Map(x, y)),
    }
}

/// y = f(y).
pub(crate) fn map_in_place<T: Scalar>(f: Unary, y: &mut [T]) {
    match f.kernel() {
        Some(kernel) => kernel.apply(y),
        None => f.choose(MapInPlace(y)),
    }
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
pub(crate) fn zip<T: Scalar>(f: Binary, a: (&[T], Shape), b: (&[T], Shape), y: (&mut [T], Shape)) {
    if !y.0.is_empty() {
        f.choose(Zip { a, b, y });
    }
}

struct Zip<'a, T> {
    a: (&'a [T], Shape),
    b: (&'a [T], Shape),
    y: (&'a mut [T], Shape),
}

impl<T: Copy> BinaryLoop<T> for Zip<'_, T> {
    type Out = ();
    fn run(self, f: impl Fn(T, T) -> T) {
        let Self { a, b, y } = self;
        match (stretch_of(&a.1, &y.1), stretch_of(&b.1, &y.1)) {
            (Stretch::Full, of_b) => with_full(a.0, b, of_b, y, f),
            (of_a, Stretch::Full) => with_full(b.0, a, of_a, y, |b, a| f(a, b)),
            _ => {
                let strides = [stretched_strides(&a.1, &y.1), stretched_strides(&b.1, &y.1)];
                let mut out = y.0.iter_mut();
                walk(&y.1, strides, |[i, j]| {
                    if let Some(y) = out.next() {
                        *y = f(a.0[i], b.0[j]);
                    }
                });
            }
        }
    }
}

/// y = f(a, b) for an `a` of the full shape.
fn with_full<T: Copy>(
    a: &[T],
    b: (&[T], Shape),
    of_b: Stretch,
    (y, full): (&mut [T], Shape),
    f: impl Fn(T, T) -> T,
) {
    let each = |y: &mut [T], a: &[T], b: &[T]| {
        for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
            *y = f(a, b);
        }
    };
    let with_one = |y: &mut [T], a: &[T], b: T| {
        for (y, &a) in y.iter_mut().zip(a) {
            *y = f(a, b);
        }
    };
    match of_b {
        Stretch::Full => each(y, a, b.0),
        Stretch::One => with_one(y, a, b.0[0]),
        Stretch::Row => {
            let n = b.0.len();
            for (y, a) in y.chunks_exact_mut(n).zip(a.chunks_exact(n)) {
                each(y, a, b.0);
            }
        }
        Stretch::Column => {
            let n = full.dim(full.rank() - 1);
            for ((y, a), &b) in y.chunks_exact_mut(n).zip(a.chunks_exact(n)).zip(b.0) {
                with_one(y, a, b);
            }
        }
        Stretch::Any => {
            let mut both = y.iter_mut().zip(a);
            walk(&full, [stretched_strides(&b.1, &full)], |[j]| {
                if let Some((y, &a)) = both.next() {
                    *y = f(a, b.0[j]);
                }
            });
        }
    }
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

/// A tensor as runs of elements that lie one stride apart: the shape of what
/// comes before the run, its length and the stride.
fn runs(shape: Shape, strides: &[usize; MAX_RANK]) -> (Shape, usize, usize) {
    let (mut first, mut n, mut stride) = (shape.rank(), 1, 1);
    while let Some(axis) = first.checked_sub(1) {
        let d = shape.dim(axis);
        if n == 1 {
            stride = strides[axis];
        } else if d != 1 && strides[axis] != stride * n {
            break;
        }
        (first, n) = (axis, n * d);
    }
    (Shape::new(&shape.dims()[..first]), n, stride)
}

/// y = x read at `start` with the given strides.
fn read<T: Copy>(x: &[T], start: usize, strides: [usize; MAX_RANK], y: (&mut [T], Shape)) {
    if y.0.is_empty() {
        return;
    }
    let (before, n, stride) = runs(y.1, &strides);
    let mut out = y.0.chunks_exact_mut(n);
    walk(&before, [strides], |[i]| {
        let (Some(y), x) = (out.next(), &x[start + i..]) else { return };
        match stride {
            0 => y.fill(x[0]),
            1 => y.copy_from_slice(&x[..n]),
            _ => y.iter_mut().zip(x.iter().step_by(stride)).for_each(|(y, &x)| *y = x),
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

/// y = entries of x along an axis, from the given one on.
pub(crate) fn slice<T: Copy>((axis, start): (u8, usize), x: (&[T], Shape), y: (&mut [T], Shape)) {
    if !y.1.is_empty() {
        let strides = x.1.strides();
        read(x.0, start * strides[usize::from(axis)], strides, y);
    }
}

/// y = zeros with x put in along an axis, behind so many of them.
pub(crate) fn pad<T: Scalar>((axis, zeros): (u8, usize), x: (&[T], Shape), y: (&mut [T], Shape)) {
    y.0.fill(T::ZERO);
    if x.0.is_empty() {
        return;
    }
    let strides = y.1.strides();
    let first = zeros * strides[usize::from(axis)];
    let (before, n, stride) = runs(x.1, &strides);
    let mut from = x.0.chunks_exact(n);
    walk(&before, [strides], |[i]| {
        let (Some(x), y) = (from.next(), &mut y.0[first + i..]) else { return };
        match stride {
            1 => y[..n].copy_from_slice(x),
            _ => y.iter_mut().step_by(stride).zip(x).for_each(|(y, &x)| *y = x),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs of any kind hold what a walk over single elements finds.
    #[test]
    fn runs_of_elements_are_moved_as_single_ones() {
        let numbers: Vec<f64> = (0..120).map(f64::from).collect();
        let shapes: [&[usize]; 8] =
            [&[], &[1], &[5], &[2, 3, 4], &[4, 1, 5], &[3, 1], &[1, 1], &[2, 0, 3]];
        for shape in shapes.map(Shape::new) {
            for stride in [[0; 3], [12, 4, 1], [20, 5, 2], [1, 2, 7], [0, 1, 0], [1, 1, 1]] {
                let mut strides = [0; MAX_RANK];
                strides[..3].copy_from_slice(&stride);
                let (mut found, mut expected) = (vec![-1.0; shape.len()], Vec::new());
                read(&numbers, 7, strides, (&mut found, shape));
                walk(&shape, [strides], |[i]| expected.push(numbers[7 + i]));
                assert_eq!(found, expected, "{shape} by {stride:?}");
            }
            // Put into a larger tensor, and taken out again.
            for (axis, size) in (0_u8..).zip(shape.iter()) {
                let (full, place) = (shape.resized(axis, size + 2), (axis, size % 2));
                let x = &numbers[1..=shape.len()];
                let (mut padded, mut back) = (vec![-1.0; full.len()], vec![-1.0; shape.len()]);
                pad(place, (x, shape), (&mut padded, full));
                slice(place, (&padded, full), (&mut back, shape));
                assert_eq!(back, x, "{shape}");
                let kept = padded.iter().filter(|&&x| x > 0.0).count();
                assert_eq!(kept, shape.len(), "zeros around {shape}");
            }
        }
    }
}

//! Reductions in one fixed order, so that a value computed twice has the same
//! bits, with errors that grow with log n: sums are pairwise over rows of
//! sixteen lanes.

use wonderland_linalg::{Scalar, kernels};

use crate::functions::{Along, is_nan};
use crate::shape::{Axes, MAX_RANK, Shape, walk};

const LANES: usize = 16;
/// Rows added one after the other before sums are halved.
const BLOCK: usize = 32;

/// Columns added side by side where there are many: a few cache lines of every
/// row.
const STRIP: usize = 64;

/// Sums of `width` ≤ W neighbouring columns over `rows` rows; the order for
/// each column does not depend on W.
fn columns<T: Scalar, const W: usize>(x: &[T], stride: usize, rows: usize, width: usize) -> [T; W] {
    if rows > BLOCK {
        let half = (rows / 2).next_multiple_of(BLOCK);
        let mut sums = columns::<T, W>(x, stride, half, width);
        let rest = columns::<T, W>(&x[half * stride..], stride, rows - half, width);
        for (s, r) in sums.iter_mut().zip(rest) {
            *s += r;
        }
        return sums;
    }
    let mut sums = [T::ZERO; W];
    for row in 0..rows {
        let row = &x[row * stride..row * stride + width];
        if let Ok(row) = <&[T; W]>::try_from(row) {
            for (s, &v) in sums.iter_mut().zip(row) {
                *s += v;
            }
        } else {
            for (s, &v) in sums.iter_mut().zip(row) {
                *s += v;
            }
        }
    }
    sums
}

/// Σ x over a contiguous slice.
pub(crate) fn sum<T: Scalar>(x: &[T]) -> T {
    let rows = x.len() / LANES;
    let mut lanes = columns::<T, LANES>(x, LANES, rows, LANES);
    for (s, &v) in lanes.iter_mut().zip(&x[rows * LANES..]) {
        *s += v;
    }
    let mut width = LANES / 2;
    while width > 0 {
        for k in 0..width {
            let upper = lanes[k + width];
            lanes[k] += upper;
        }
        width /= 2;
    }
    lanes[0]
}

/// y = Σ of (outer, n, inner) over n.
pub(crate) fn sum_middle<T: Scalar>(
    x: &[T],
    (outer, n, inner): (usize, usize, usize),
    y: &mut [T],
) {
    if n == 0 {
        y.fill(T::ZERO);
    } else if inner == 1 {
        for (y, x) in y.iter_mut().zip(x.chunks_exact(n)) {
            *y = sum(x);
        }
    } else if inner > 0 {
        for (x, y) in x.chunks_exact(n * inner).zip(y.chunks_exact_mut(inner)).take(outer) {
            let wide = inner / STRIP * STRIP;
            let (strips, last) = y.split_at_mut(wide);
            strip::<T, STRIP>(x, (n, inner), strips);
            strip::<T, LANES>(&x[wide..], (n, inner), last);
        }
    }
}

/// y = sums of the first columns of (n, inner), W at a time.
fn strip<T: Scalar, const W: usize>(x: &[T], (n, inner): (usize, usize), y: &mut [T]) {
    for (y, at) in y.chunks_mut(W).zip((0..).step_by(W)) {
        let sums = columns::<T, W>(&x[at..], inner, n, y.len());
        y.copy_from_slice(&sums[..y.len()]);
    }
}

/// y = Σ x over the axes. A run of neighbouring axes is one sum; others are
/// summed element by element in row-major order.
pub(crate) fn sum_axes<T: Scalar>(axes: Axes, x: (&[T], Shape), y: &mut [T]) {
    let shape = x.1;
    let count = axes.iter().count();
    match (axes.iter().next(), axes.iter().next_back()) {
        (Some(first), Some(last)) if last + 1 - first == count => {
            let outer = shape.iter().take(first).product();
            let n = shape.iter().skip(first).take(count).product();
            let inner = shape.iter().skip(last + 1).product();
            sum_middle(x.0, (outer, n, inner), y);
        }
        _ => {
            y.fill(T::ZERO);
            let mut strides = [0; MAX_RANK];
            let mut step = 1;
            for axis in (0..shape.rank()).rev().filter(|&a| !axes.has(a)) {
                strides[axis] = step;
                step *= shape.dim(axis);
            }
            let mut from = x.0.iter();
            walk(&shape, [strides], |[i]| {
                if let Some(&x) = from.next() {
                    y[i] += x;
                }
            });
        }
    }
}

/// Runs `f` on every line of (outer, n, inner): first element and stride.
fn lines((outer, n, inner): (usize, usize, usize), mut f: impl FnMut(usize, usize)) {
    for o in 0..outer {
        for i in 0..inner {
            f(o * n * inner + i, o * inner + i);
        }
    }
}

/// Largest of a line; NaN if one is NaN; −∞ if empty.
fn largest<T: Scalar>(line: impl Iterator<Item = T>) -> T {
    line.fold(-T::INFINITY, |m, v| if v > m || is_nan(v) { v } else { m })
}

/// y = a function of the numbers along an axis.
pub(crate) fn along<T: Scalar>(f: Along, axis: u8, x: (&[T], Shape), y: &mut [T]) {
    match f {
        Along::Max => max_axis(axis, x, y),
        Along::LogSumExp => logsumexp(axis, x, y),
        Along::Softmax => softmax(axis, x, y),
    }
}

/// y = largest entry along an axis.
fn max_axis<T: Scalar>(axis: u8, x: (&[T], Shape), y: &mut [T]) {
    let (outer, n, inner) = x.1.around(axis.into());
    lines((outer, n, inner), |first, out| {
        y[out] = largest((0..n).map(|k| x.0[first + k * inner]));
    });
}

/// y = first index of the largest entry along an axis; of the first NaN if
/// there is one.
pub(crate) fn argmax<T: Scalar>(axis: u8, x: (&[T], Shape), y: &mut [u32]) {
    let (outer, n, inner) = x.1.around(axis.into());
    lines((outer, n, inner), |first, out| {
        let mut best = 0;
        for k in 1..n {
            let (v, m) = (x.0[first + k * inner], x.0[first + best * inner]);
            if !is_nan(m) && (v > m || is_nan(v)) {
                best = k;
            }
        }
        y[out] = best as u32;
    });
}

/// y = ln Σ eˣ along an axis; −∞ for an empty line or one of −∞ only.
fn logsumexp<T: Scalar>(axis: u8, x: (&[T], Shape), y: &mut [T]) {
    let (outer, n, inner) = x.1.around(axis.into());
    if inner == 1 && n > 0 {
        for (y, x) in y.iter_mut().zip(x.0.chunks_exact(n)) {
            *y = kernels::logsumexp(x);
        }
        return;
    }
    lines((outer, n, inner), |first, out| {
        let line = || (0..n).map(|k| x.0[first + k * inner]);
        let m = largest(line());
        y[out] = if m.to_f64().is_infinite() || is_nan(m) {
            m
        } else {
            m + line().fold(T::ZERO, |s, v| s + (v - m).exp()).ln()
        };
    });
}

/// y = eˣ / Σ eˣ along an axis; zeros where every entry is −∞, which is the
/// gradient of logsumexp there.
fn softmax<T: Scalar>(axis: u8, x: (&[T], Shape), y: &mut [T]) {
    let (outer, n, inner) = x.1.around(axis.into());
    if inner == 1 && n > 0 {
        y.copy_from_slice(x.0);
        for y in y.chunks_exact_mut(n) {
            if y.iter().all(|&v| v == -T::INFINITY) {
                y.fill(T::ZERO);
            } else {
                kernels::softmax(y);
            }
        }
        return;
    }
    lines((outer, n, inner), |first, _| {
        let at = |k: usize| first + k * inner;
        let m = largest((0..n).map(|k| x.0[at(k)]));
        if m == -T::INFINITY {
            for k in 0..n {
                y[at(k)] = T::ZERO;
            }
            return;
        }
        let mut total = T::ZERO;
        for k in 0..n {
            let e = (x.0[at(k)] - m).exp();
            y[at(k)] = e;
            total += e;
        }
        for k in 0..n {
            y[at(k)] = y[at(k)] / total;
        }
    });
}

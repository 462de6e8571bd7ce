//! Reductions in one fixed order, so that a value computed twice has the same
//! bits, with errors that grow with log n: sums are pairwise over rows of
//! sixteen lanes.

use std::ops::Range;

use wonderland_linalg::{Scalar, kernels};

use crate::functions::{Along, is_nan};
use crate::shape::{Axes, MAX_RANK, Shape, walk};

const LANES: usize = 16;
/// Rows added one after the other before sums are halved.
const BLOCK: usize = 32;

/// Sums of W neighbouring columns over `rows` rows; the order for each column
/// does not depend on W.
fn columns<T: Scalar, const W: usize>(x: &[T], stride: usize, rows: usize) -> [T; W] {
    if rows > BLOCK {
        let half = first_half(rows);
        let mut sums = columns::<T, W>(x, stride, half);
        let rest = columns::<T, W>(&x[half * stride..], stride, rows - half);
        for (s, r) in sums.iter_mut().zip(rest) {
            *s += r;
        }
        return sums;
    }
    let mut sums = [T::ZERO; W];
    for row in x.chunks(stride).take(rows) {
        let row = row.first_chunk::<W>().expect("a row has W columns");
        for (s, &v) in sums.iter_mut().zip(row) {
            *s += v;
        }
    }
    sums
}

/// How many of more than `BLOCK` rows are summed before the others.
fn first_half(rows: usize) -> usize {
    (rows / 2).next_multiple_of(BLOCK)
}

/// Sums of the columns of (rows, inner) when the rows come a few at a time: in
/// the order, so with the bits, of [`columns`]. Sums of earlier blocks wait in
/// slots for those that they are added to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ColumnSums {
    pub(crate) rows: usize,
    pub(crate) inner: usize,
}

impl ColumnSums {
    /// Elements of all slots; the sums end up in the first.
    pub(crate) fn len(&self) -> usize {
        let halvings = self.rows.div_ceil(BLOCK).next_power_of_two().ilog2() as usize;
        (halvings + 1) * self.inner
    }

    /// Adds the rows of x, which begin with row `first`.
    pub(crate) fn add<T: Scalar>(&self, mut first: usize, mut x: &[T], slots: &mut [T]) {
        while !x.is_empty() {
            let (slot, block) = self.block_of(first);
            let (earlier, own) = slots.split_at_mut(slot * self.inner);
            let own = &mut own[..self.inner];
            if first == block.start {
                own.fill(T::ZERO);
            }
            let count = (block.end - first).min(x.len() / self.inner);
            let (now, later) = x.split_at(count * self.inner);
            for row in now.chunks_exact(self.inner) {
                add_to(own, row);
            }
            (first, x) = (first + count, later);
            if first == block.end {
                // What follows reuses the slots of the sums it does not need.
                let needed = if first == self.rows { 1 } else { self.block_of(first).0 };
                self.merge(needed, slot, earlier, own);
            }
        }
    }

    /// Adds the sums in slots `needed`, …, `slot` up, the last first.
    fn merge<T: Scalar>(&self, needed: usize, slot: usize, earlier: &mut [T], own: &[T]) {
        if slot >= needed {
            let (rest, last) = earlier.split_at_mut((slot - 1) * self.inner);
            add_to(last, own);
            self.merge(needed, slot - 1, rest, last);
        }
    }

    /// The slot and the rows of the block that the row is in.
    fn block_of(&self, row: usize) -> (usize, Range<usize>) {
        let (mut slot, mut rows) = (0, 0..self.rows);
        while rows.len() > BLOCK {
            let middle = rows.start + first_half(rows.len());
            if row < middle {
                rows.end = middle;
            } else {
                (rows.start, slot) = (middle, slot + 1);
            }
        }
        (slot, rows)
    }
}

fn add_to<T: Scalar>(sums: &mut [T], row: &[T]) {
    for (s, &v) in sums.iter_mut().zip(row) {
        *s += v;
    }
}

/// Σ x over a contiguous slice.
pub(crate) fn sum<T: Scalar>(x: &[T]) -> T {
    let rows = x.len() / LANES;
    let mut lanes = columns::<T, LANES>(x, LANES, rows);
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
            // As many columns at once as there are.
            let mut at = 0;
            at += strips::<T, 256>(&x[at..], (n, inner), &mut y[at..]);
            at += strips::<T, 64>(&x[at..], (n, inner), &mut y[at..]);
            at += strips::<T, 16>(&x[at..], (n, inner), &mut y[at..]);
            at += strips::<T, 4>(&x[at..], (n, inner), &mut y[at..]);
            strips::<T, 1>(&x[at..], (n, inner), &mut y[at..]);
        }
    }
}

/// y = sums of the first columns of (n, inner), W at a time; how many.
fn strips<T: Scalar, const W: usize>(x: &[T], (n, inner): (usize, usize), y: &mut [T]) -> usize {
    let (strips, _) = y.as_chunks_mut::<W>();
    for (y, at) in strips.iter_mut().zip((0..).step_by(W)) {
        *y = columns::<T, W>(&x[at..], inner, n);
    }
    y.len() / W * W
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
        kernels::logsumexp_rows(x.0, n, y);
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
        kernels::softmax_rows(y, n);
        for (x, y) in x.0.chunks_exact(n).zip(y.chunks_exact_mut(n)) {
            if x.iter().all(|&v| v == -T::INFINITY) {
                y.fill(T::ZERO);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers whose sums round differently in any other order.
    fn wave(n: usize) -> Vec<f64> {
        (0..n).map(|i| (i as f64 * 0.7).sin()).collect()
    }

    #[test]
    fn columns_are_summed_with_the_same_bits_however_many_at_once() {
        for rows in [1, 31, 32, 33, 64, 65, 100, 1000] {
            for inner in [2, 5, 16, 63, 64, 300] {
                let x = wave(rows * inner);
                let mut sums = vec![0.0; inner];
                sum_middle(&x, (1, rows, inner), &mut sums);
                for (j, s) in sums.iter().enumerate() {
                    let alone = columns::<f64, 1>(&x[j..], inner, rows)[0];
                    assert_eq!(s.to_bits(), alone.to_bits(), "column {j} of {rows} x {inner}");
                }
            }
        }
    }

    #[test]
    fn rows_that_come_a_few_at_a_time_have_the_sums_of_all_at_once() {
        for rows in [1, 31, 32, 33, 64, 65, 96, 97, 100, 500, 1000, 1025] {
            let (inner, x) = (3, wave(rows * 3));
            let mut expected = vec![0.0; inner];
            sum_middle(&x, (1, rows, inner), &mut expected);
            for at_once in [1, 2, 7, 32, 33, 100, 2000] {
                let sums = ColumnSums { rows, inner };
                let mut slots = vec![f64::NAN; sums.len()];
                for (x, first) in x.chunks(at_once * inner).zip((0..).step_by(at_once)) {
                    sums.add(first, x, &mut slots);
                }
                let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&slots[..inner]), bits(&expected), "{rows} rows by {at_once}");
            }
        }
    }
}

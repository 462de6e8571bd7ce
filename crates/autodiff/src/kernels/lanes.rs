//! Elementwise operations between runs of elements of one slice, eight at a time.
//!
//! What is left over goes by fours, twos and ones, so that a value is read in the
//! pieces in which it was written a moment ago: only such are handed on by the
//! processor before they are in the cache. A run may be overwritten by what is
//! computed of it.

use std::cell::Cell;

/// The runs of `n` elements that begin at `from` and `to` in one slice.
pub(crate) struct Runs<'a, T, const K: usize> {
    pub(crate) all: &'a mut [T],
    pub(crate) from: [usize; K],
    pub(crate) to: usize,
    pub(crate) n: usize,
}

/// As many elements as go `$w` at a time; the others are left.
macro_rules! pieces {
    ($w:literal $f:ident $y:ident $($x:ident)+) => {
        $(let $x = $x.as_chunks::<$w>();)+
        let (pieces, $y) = $y.as_chunks::<$w>();
        for (k, y) in pieces.iter().enumerate() {
            $(let $x = &$x.0[k];)+
            // All are read before one is written, so that they are one vector.
            let mut now = [y[0].get(); $w];
            for lane in 0..$w {
                now[lane] = $f([$($x[lane].get()),+]);
            }
            for lane in 0..$w {
                y[lane].set(now[lane]);
            }
        }
        $(let $x = $x.1;)+
    };
}

macro_rules! each {
    ($($k:literal ($($x:ident)+))+) => {$(
        impl<T: Copy> Runs<'_, T, $k> {
            /// y = f(x₁, …), element by element.
            #[inline(always)]
            pub(crate) fn each(self, f: impl Fn([T; $k]) -> T) {
                let Self { all, from: [$($x),+], to, n } = self;
                let all = Cell::from_mut(all).as_slice_of_cells();
                $(let $x = &all[$x..$x + n];)+
                let y = &all[to..to + n];
                pieces!(8 f y $($x)+);
                pieces!(4 f y $($x)+);
                pieces!(2 f y $($x)+);
                if let [y] = y {
                    y.set(f([$($x[0].get()),+]));
                }
            }
        }
    )+};
}
// Written out for each number of arguments, so that all slices are in registers.
each! { 1 (a) 2 (a b) 3 (a b c) 4 (a b c d) 5 (a b c d e) }

/// y = x, in the same pieces.
#[inline(always)]
pub(crate) fn copy<T: Copy>(x: &[T], y: &mut [T]) {
    let (x8, x) = x.as_chunks::<8>();
    let (y8, y) = y.as_chunks_mut::<8>();
    y8.iter_mut().zip(x8).for_each(|(y, x)| *y = *x);
    let (x4, x) = x.as_chunks::<4>();
    let (y4, y) = y.as_chunks_mut::<4>();
    y4.iter_mut().zip(x4).for_each(|(y, x)| *y = *x);
    let (x2, x) = x.as_chunks::<2>();
    let (y2, y) = y.as_chunks_mut::<2>();
    y2.iter_mut().zip(x2).for_each(|(y, x)| *y = *x);
    y.iter_mut().zip(x).for_each(|(y, x)| *y = *x);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that tell one place from another.
    fn wave(n: usize) -> Vec<f64> {
        (0..n).map(|i| (i as f64 * 0.7).sin()).collect()
    }

    /// Runs `f` over all lengths, into memory of its own and over each argument.
    fn check<const K: usize>(
        f: impl Fn([f64; K]) -> f64,
        run: impl Fn(Runs<'_, f64, K>, &dyn Fn([f64; K]) -> f64),
    ) {
        for n in 0..40 {
            let mut from = [0; K];
            from.iter_mut().zip(0..).for_each(|(from, k)| *from = 1 + k * 41);
            for to in from.into_iter().chain([1 + K * 41]) {
                let before = wave(2 + (K + 1) * 41);
                let mut after = before.clone();
                run(Runs { all: &mut after, from, to, n }, &f);
                let mut expected = before.clone();
                for i in 0..n {
                    expected[to + i] = f(from.map(|at| before[at + i]));
                }
                assert_eq!(after, expected, "{n} elements of {K} arguments into {to}");
            }
        }
    }

    #[test]
    fn pieces_make_up_the_whole_also_in_place() {
        check(|[a]| a * a, |runs: Runs<'_, _, 1>, f| runs.each(f));
        check(|[a, b]| a - b, |runs: Runs<'_, _, 2>, f| runs.each(f));
        check(|[a, b, c]| a * b - c, |runs: Runs<'_, _, 3>, f| runs.each(f));
        check(|[a, b, c, d]| a * b - c * d, |runs: Runs<'_, _, 4>, f| runs.each(f));
        check(|[a, b, c, d, e]| a * b + c / d - e, |runs: Runs<'_, _, 5>, f| runs.each(f));
    }

    #[test]
    fn a_copy_is_whole_and_no_longer() {
        for n in 0..40 {
            let mut y = vec![0.0; n];
            copy(&wave(n), &mut y);
            assert_eq!(y, wave(n));
        }
    }
}

//! Memory asked for before it is needed.
//!
//! The one idea: a processor fetches by itself only along a stream that is being
//! read. A sweep that stops after every block of rows to compute leaves the
//! memory idle meanwhile, unless it asks for the next block as it goes.

use faer::MatRef;

/// Bytes of a cache line.
const LINE: usize = 64;

/// Cache lines of the memory that will be read next, not yet asked for.
pub(crate) struct Ahead {
    next: *const i8,
    lines: usize,
    /// Lines to ask for at a time.
    share: usize,
}

impl Ahead {
    /// The memory of X when it is one piece, row by row; else nothing: columns
    /// are streams for which the processor does as well.
    pub(crate) fn of<T>(X: MatRef<'_, T>) -> Self {
        let (n, c) = (X.nrows(), X.ncols());
        let apart = X.row_stride().unsigned_abs();
        let forward = X.row_stride() > 0 && (X.col_stride() == 1 || c == 1);
        let places = if forward && apart < 2 * c && n > 0 { (n - 1) * apart + c } else { 0 };
        let lines = (places * size_of::<T>()).div_ceil(LINE);
        Self { next: X.as_ptr().cast(), lines, share: lines }
    }

    /// Sees to it that `times` calls of [`fetch`](Self::fetch) ask for all.
    pub(crate) fn spread(&mut self, times: usize) {
        self.share = self.lines.div_ceil(times.max(1));
    }

    /// Asks for the next lines. Nothing waits for them, and nothing but the
    /// speed depends on them.
    #[inline(always)]
    pub(crate) fn fetch(&mut self) {
        let lines = self.share.min(self.lines);
        self.lines -= lines;
        for _ in 0..lines {
            prefetch(self.next);
            self.next = self.next.wrapping_byte_add(LINE);
        }
    }
}

/// Asks for the memory of `x`.
#[inline(always)]
pub(crate) fn prefetch_slice<T>(x: &[T]) {
    x.chunks(LINE / size_of::<T>()).for_each(|line| prefetch(line.as_ptr().cast()));
}

/// Asks for the line of a place, which need not be one of ours.
#[inline(always)]
pub(crate) fn prefetch_place<T>(place: *const T) {
    prefetch(place.cast());
}

/// Rows that will be read next, asked for some at a time.
pub(crate) struct RowsAhead<'a> {
    rows: std::slice::Iter<'a, &'a [f64]>,
    /// Rows to ask for at a time.
    share: usize,
}

impl<'a> RowsAhead<'a> {
    /// All of them in `times` calls of [`fetch`](Self::fetch).
    pub(crate) fn spread(rows: &'a [&'a [f64]], times: usize) -> Self {
        Self { rows: rows.iter(), share: rows.len().div_ceil(times.max(1)) }
    }

    /// Asks for the next rows. Nothing waits for them.
    #[inline(always)]
    pub(crate) fn fetch(&mut self) {
        for row in self.rows.by_ref().take(self.share) {
            prefetch_slice(row);
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn prefetch(place: *const i8) {
    // Every processor of this architecture has it: decided when compiled.
    if let Some(sse) = pulp::core_arch::x86::Sse::try_new() {
        sse._mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(place);
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn prefetch(_: *const i8) {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;

    #[test]
    fn all_of_one_piece_is_asked_for_and_nothing_else() {
        let X = Tensor::<f64>::zeros(&[30, 20]);
        let turned = X.as_mat().transpose();
        for (X, bytes) in [
            (X.as_mat(), 30 * 20 * 8),
            (X.as_mat().subrows(7, 5), 5 * 20 * 8),
            (X.as_mat().subrows(30, 0), 0),
            // A gap as wide as what is read is not worth asking for.
            (X.as_mat().subcols(0, 10), 0),
            (turned.subrows(3, 1), 0),
            (turned, 0),
            (X.as_mat().reverse_rows(), 0),
        ] {
            let mut ahead = Ahead::of(X);
            assert_eq!(ahead.lines, usize::div_ceil(bytes, LINE), "{X:?}");
            ahead.spread(7);
            (0..7).for_each(|_| ahead.fetch());
            assert_eq!(ahead.lines, 0);
            ahead.fetch();
        }
        let y = Tensor::<f32>::zeros(&[100, 1]);
        assert_eq!(Ahead::of(y.as_mat()).lines, 7);
    }
}

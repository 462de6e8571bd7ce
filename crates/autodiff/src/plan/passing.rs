//! Rows that pass between a loop and the memory of its body, a few numbers each.

use wonderland_linalg::{Scalar, Wide};

use crate::kernels::lanes;

/// Sequences of numbers that are looked up once for all steps; further ones in
/// every step.
pub(crate) const LISTED: usize = 48;

/// The listed sequences of a loop.
pub(crate) type Rows<'v, T> = [&'v [T]; LISTED];

/// Rows on their way into the arena of a body.
pub(crate) struct Entering<'e, 'v, T> {
    pub(crate) rows: &'e Rows<'v, T>,
    /// Of each sequence its argument, and where in the arena a row begins and how long
    /// it is.
    pub(crate) listed: &'e [(usize, usize, usize)],
    /// Which row of each.
    pub(crate) row: usize,
    pub(crate) arena: &'e mut [T],
}

impl<T: Scalar> Wide for Entering<'_, '_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (x, &(_, start, len)) in self.rows.iter().zip(self.listed) {
            let x = &x[self.row * len..][..len];
            lanes::copy(x, &mut self.arena[start..start + len]);
        }
    }
}

/// Numbers on their way from the arena of a body to their rows.
pub(crate) struct Leaving<'e, T> {
    /// Of each result where in the arena it begins, where in `out` its rows do, and how
    /// long a row is.
    pub(crate) rows: &'e [(usize, usize, usize)],
    /// Which row of each.
    pub(crate) row: usize,
    pub(crate) arena: &'e [T],
    pub(crate) out: &'e mut [T],
}

impl<T: Scalar> Wide for Leaving<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for &(from, to, len) in self.rows {
            let y = &mut self.out[to + self.row * len..][..len];
            lanes::copy(&self.arena[from..from + len], y);
        }
    }
}

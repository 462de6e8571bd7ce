//! All numbers of a plan while it runs, cut so that one result is writable and
//! everything else readable.

use wonderland_linalg::Scalar;

use crate::run::Arg;

/// Where numbers begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Base {
    /// At an element of the arena.
    Arena(usize),
    /// At the first element of a result.
    Output(usize),
    /// At the first element of an argument.
    Input(usize),
    /// At an element of the constants.
    Fixed(usize),
}

/// What a run works on.
pub(crate) struct Memory<'m, 'o, T> {
    pub(crate) args: &'m [Arg<'m, T>],
    pub(crate) outputs: &'m mut [&'o mut [T]],
    pub(crate) arena: &'m mut Vec<T>,
    pub(crate) fixed: &'m [T],
}

/// Everything but the result that is being written.
pub(crate) struct Rest<'r, T> {
    args: &'r [Arg<'r, T>],
    outputs: &'r [&'r mut [T]],
    low: &'r [T],
    high: &'r [T],
    /// Where `high` begins.
    cut: usize,
    fixed: &'r [T],
}

impl<T: Scalar> Memory<'_, '_, T> {
    /// Gives `len` elements from element `from` of `base` to be written, all
    /// else to be read.
    #[inline]
    pub(crate) fn write<R>(
        &mut self,
        base: Base,
        from: usize,
        len: usize,
        f: impl FnOnce(&mut [T], &Rest<'_, T>) -> R,
    ) -> R {
        let (args, fixed) = (self.args, self.fixed);
        match base {
            Base::Arena(at) => {
                let (low, rest) = self.arena.split_at_mut(at + from);
                let (out, high) = rest.split_at_mut(len);
                let (outputs, cut) = (&*self.outputs, at + from + len);
                f(out, &Rest { args, outputs, low, high, cut, fixed })
            }
            Base::Output(k) => {
                // Taken out, so that all others can be read.
                let own = std::mem::take(&mut self.outputs[k]);
                let (outputs, low) = (&*self.outputs, &*self.arena);
                let rest = Rest { args, outputs, low, high: &[], cut: usize::MAX, fixed };
                let result = f(&mut own[from..from + len], &rest);
                self.outputs[k] = own;
                result
            }
            Base::Input(_) | Base::Fixed(_) => unreachable!("only results are written"),
        }
    }

    /// Everything, to be read.
    pub(crate) fn all(&self) -> Rest<'_, T> {
        let Self { args, outputs, arena, fixed } = self;
        Rest { args, outputs, low: arena, high: &[], cut: usize::MAX, fixed }
    }
}

impl<'r, T> Rest<'r, T> {
    /// `n` elements from element `from` of `base`.
    #[inline]
    pub(crate) fn read(&self, base: Base, from: usize, n: usize) -> &'r [T] {
        match base {
            Base::Arena(_) if n == 0 => &[],
            Base::Arena(at) if at + from >= self.cut => &self.high[at + from - self.cut..][..n],
            Base::Arena(at) => &self.low[at + from..][..n],
            Base::Output(k) => &self.outputs[k][from..][..n],
            Base::Input(k) => match self.args[k] {
                Arg::Real(x, _) => &x[from..][..n],
                Arg::Index(..) => unreachable!("numbers are expected here"),
            },
            Base::Fixed(at) => &self.fixed[at + from..][..n],
        }
    }

    /// An argument of indices.
    pub(crate) fn index(&self, k: usize) -> &'r [u32] {
        match self.args[k] {
            Arg::Index(x, _) => x,
            Arg::Real(..) => unreachable!("indices are expected here"),
        }
    }
}

//! Groups as small programs over tiles: every operation goes over a few
//! thousand bytes at a time; what lies between operations stays in registers
//! of that size behind the arena.
//!
//! The kernels are those of the interpreter, element by element or block by
//! block, so that the bits do not depend on the tiling.

mod join;
mod writer;

pub(crate) use writer::Writer;

use wonderland_linalg::Scalar;

use crate::kernels::reduce::{self, ColumnSums};
use crate::kernels::tile::{In, copy, repeat, select};
use crate::plan::memory::{Base, Memory, Rest};
use crate::plan::near::{self, Function, Near};

/// Bytes of all registers together, if tiles of `SHORTEST` elements allow.
const REGISTERS: usize = 16 << 10;
const SHORTEST: usize = 256;
const LONGEST: usize = 2048;
/// Most arguments of an operation.
const MOST: usize = 5;

/// An argument of an operation on tiles.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Source<T> {
    /// The tile of a whole tensor.
    Tile(Base),
    /// A register, by number.
    Register(usize),
    /// A whole tensor, wherever the tile is.
    Whole(Base),
    /// A row repeated in every tile, by number, until the length of tiles is known.
    Row(usize),
    /// One number, wherever the tile is.
    Number(Base),
    /// A constant.
    Constant(T),
    /// What is in the place of the result.
    Same,
}

/// The arguments of an operation, and places for more.
type Sources<T> = [Source<T>; MOST];

/// Where a result goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Target {
    Tile(Base),
    Register(usize),
    /// What is kept from tile to tile, behind the registers.
    Kept(usize),
}

impl Target {
    fn register(self) -> Option<usize> {
        match self {
            Self::Register(register) => Some(register),
            _ => None,
        }
    }
}

/// What is done with a tile.
#[derive(Clone, PartialEq, Debug)]
enum Work {
    Function(Function),
    Select,
    Copy,
    /// Blocks of `inner`, each `times` times, of a tensor of `len` elements; in
    /// the first tile only if all tiles are alike.
    Repeat {
        from: Base,
        len: usize,
        times: usize,
        inner: usize,
        once: bool,
    },
    /// Sums of blocks of `n` rows of `inner`.
    Sum {
        n: usize,
        inner: usize,
    },
    /// The rows of a tile added to what is kept of those before.
    AddRows(ColumnSums),
    /// Once all rows are added, their sums from where they are kept.
    Total(ColumnSums, usize),
}

#[derive(Clone, PartialEq, Debug)]
struct Operation<T> {
    work: Work,
    target: Target,
    args: Sources<T>,
}

/// Operations, ready to run.
#[derive(Clone, Debug)]
enum Ready<T> {
    /// Some, one after the other.
    Near(Vec<Near<T>>),
    Any(Box<Operation<T>>),
}

/// A group, ready to run.
#[derive(Clone, Debug)]
pub(crate) struct Tiles<T> {
    ready: Vec<Ready<T>>,
    len: usize,
    tile: usize,
    /// Elements of the registers.
    pub(crate) scratch: usize,
}

impl<T: Scalar> Tiles<T> {
    pub(crate) fn run(&self, memory: &mut Memory<'_, '_, T>) {
        let mut start = 0;
        while start < self.len {
            let n = self.tile.min(self.len - start);
            for ready in &self.ready {
                match ready {
                    Ready::Near(list) => near::run(list, memory.arena, start, n as u32),
                    Ready::Any(operation) => operation.run(memory, start, n),
                }
            }
            start += n;
        }
    }
}

impl<T: Scalar> Operation<T> {
    /// The operation as one within the arena, if it is.
    fn near(&self) -> Option<Near<T>> {
        let Work::Function(function) = self.work else { return None };
        let (here, moves) = match self.target {
            Target::Tile(Base::Arena(at)) => (at, true),
            Target::Tile(_) => return None,
            Target::Register(at) | Target::Kept(at) => (at, false),
        };
        let mut near = Near::new(function, (here, moves))?;
        for source in &self.args[..function.arity()] {
            match *source {
                Source::Tile(Base::Arena(at)) => near.place(at, true)?,
                Source::Whole(Base::Arena(at)) | Source::Register(at) => near.place(at, false)?,
                Source::Same => near.place(here, moves)?,
                Source::Constant(c) => near.set(c)?,
                _ => return None,
            }
        }
        Some(near)
    }

    fn run(&self, memory: &mut Memory<'_, '_, T>, start: usize, n: usize) {
        let (base, mut from, mut len) = match self.target {
            Target::Tile(base) => (base, start, n),
            Target::Register(at) | Target::Kept(at) => (Base::Arena(at), 0, n),
        };
        match &self.work {
            Work::Sum { n: rows, .. } => (from, len) = (start / rows, n / rows),
            Work::AddRows(sums) => len = sums.len(),
            Work::Total(sums, _) => {
                if start + n < sums.rows * sums.inner {
                    return;
                }
                (from, len) = (0, sums.inner);
            }
            _ => {}
        }
        memory.write(base, from, len, |y, rest| {
            let arg = |k: usize| self.args[k].of(rest, start, n);
            match &self.work {
                Work::Function(f) => f.run(arg, y),
                Work::Select => select([arg(0), arg(1), arg(2)], y),
                Work::Copy => copy(arg(0), y),
                Work::Repeat { from, len, times, inner, once } => {
                    if !once || start == 0 {
                        repeat(rest.read(*from, 0, *len), (*times, *inner), start, y);
                    }
                }
                Work::Sum { n: rows, inner } => {
                    if let In::Slice(x) = arg(0) {
                        reduce::sum_middle(x, (n / (rows * inner), *rows, *inner), y);
                    }
                }
                Work::AddRows(sums) => {
                    if let In::Slice(x) = arg(0) {
                        sums.add(start / sums.inner, x, y);
                    }
                }
                Work::Total(_, at) => y.copy_from_slice(rest.read(Base::Arena(*at), 0, len)),
            }
        });
    }
}

impl<T: Scalar> Source<T> {
    #[inline]
    fn of<'r>(&self, rest: &Rest<'r, T>, start: usize, n: usize) -> In<'r, T> {
        match *self {
            Source::Tile(base) => In::Slice(rest.read(base, start, n)),
            Source::Register(at) => In::Slice(rest.read(Base::Arena(at), 0, n)),
            Source::Whole(base) => In::Slice(rest.read(base, 0, n)),
            Source::Number(base) => In::One(rest.read(base, 0, 1)[0]),
            Source::Constant(c) => In::One(c),
            Source::Same => In::Same,
            Source::Row(_) => unreachable!("rows are placed before anything runs"),
        }
    }
}

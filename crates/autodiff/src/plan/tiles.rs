//! Groups as small programs over tiles: every operation goes over a few
//! thousand bytes at a time; what lies between operations stays in registers
//! of that size behind the arena.
//!
//! The kernels are those of the interpreter, element by element or block by
//! block, so that the bits do not depend on the tiling.

use wonderland_linalg::Scalar;

use crate::kernels::reduce::{self, ColumnSums};
use crate::kernels::tile::{In, Pair, copy, repeat, select};
use crate::op::Op;
use crate::plan::memory::{Base, Memory, Rest};
use crate::plan::near::{Argument, Function, Near, Spot};
use crate::plan::schedule::{Group, Reading, Summing, Uses, argument_reading};
use crate::plan::{Place, base};
use crate::program::Program;

/// Bytes of all registers together, if tiles of `SHORTEST` elements allow.
const REGISTERS: usize = 16 << 10;
const SHORTEST: usize = 256;
const LONGEST: usize = 2048;

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

/// Where a result goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Target {
    Tile(Base),
    Register(usize),
    /// What is kept from tile to tile, behind the registers.
    Kept(usize),
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
    args: [Source<T>; 3],
}

/// An operation, ready to run.
#[derive(Clone, Debug)]
enum Ready<T> {
    Near(Near<T>),
    Any(Box<Operation<T>>),
}

/// A group, ready to run.
#[derive(Clone, Debug)]
pub(crate) struct Tiles<T> {
    operations: Vec<Ready<T>>,
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
            for operation in &self.operations {
                match operation {
                    Ready::Near(near) => near.run(memory.arena, start, n),
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
        let spot = |base: Base, moves: bool| match base {
            Base::Arena(at) => Some(Spot { at, moves }),
            _ => None,
        };
        let arg = |source: Source<T>| {
            Some(match source {
                Source::Tile(base) => Argument::Spot(spot(base, true)?),
                Source::Whole(base) => Argument::Spot(spot(base, false)?),
                Source::Register(at) => Argument::Spot(Spot { at, moves: false }),
                Source::Constant(c) => Argument::Constant(c),
                Source::Same => Argument::Same,
                Source::Number(_) | Source::Row(_) => return None,
            })
        };
        let Work::Function(function) = self.work else { return None };
        let target = match self.target {
            Target::Tile(base) => spot(base, true)?,
            Target::Register(at) | Target::Kept(at) => Spot { at, moves: false },
        };
        let [a, b, c] = self.args;
        Some(Near { function, target, args: [arg(a)?, arg(b)?, arg(c)?] })
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

/// Writes the operations of groups, one group after the other.
pub(crate) struct Writer<'a, T> {
    program: &'a Program,
    uses: &'a Uses,
    places: &'a [Place],
    /// Where the registers of every group begin.
    arena: usize,
    /// By value: its register inside its group, and how often it is still read.
    /// A value is in one group only, so that all groups share the list.
    registers: Vec<Option<(u32, u32)>>,
    // Of one group:
    operations: Vec<Operation<T>>,
    /// Elements it goes over.
    len: usize,
    /// Tiles hold a multiple of so many.
    block: usize,
    /// Rows that are the same in all tiles: value, place and length.
    rows: Vec<(usize, Base, usize)>,
    count: usize,
    free: Vec<usize>,
    /// Of one member: registers that no one needs after it.
    done: Vec<usize>,
    /// Elements kept from tile to tile.
    kept: usize,
}

impl<'a, T: Scalar> Writer<'a, T> {
    /// For groups of a program whose values are at `places`, in an arena of so many
    /// elements.
    pub(crate) fn new(
        program: &'a Program,
        uses: &'a Uses,
        places: &'a [Place],
        arena: usize,
    ) -> Self {
        let registers = vec![None; program.instrs.len()];
        let (operations, rows, free, done) = Default::default();
        let (len, block, count, kept) = (0, 1, 0, 0);
        Self {
            program,
            uses,
            places,
            arena,
            registers,
            operations,
            len,
            block,
            rows,
            count,
            free,
            done,
            kept,
        }
    }

    /// The group as operations.
    pub(crate) fn group(&mut self, group: &Group) -> Tiles<T> {
        let len = group.len;
        (self.len, self.block, self.count, self.kept) = (len, group.block, 0, 0);
        self.rows.clear();
        self.free.clear();
        for &m in &group.members {
            self.member(m);
        }
        let ideal = REGISTERS / ((self.count + self.rows.len()).max(4) * size_of::<T>());
        let tile = ideal.clamp(SHORTEST, LONGEST) / self.block * self.block;
        let tile = tile.max(self.block).min(len);
        let rows = self.place_rows(tile);
        let place = |r: usize| self.arena + r * tile;
        let kept = place(self.count);
        for operation in &mut self.operations {
            match &mut operation.target {
                Target::Tile(_) => {}
                Target::Register(r) => *r = place(*r),
                Target::Kept(at) => *at += kept,
            }
            if let Work::Total(_, at) = &mut operation.work {
                *at += kept;
            }
            for source in &mut operation.args {
                if let Source::Row(k) = *source {
                    *source = rows[k];
                }
                if let Source::Register(r) = source {
                    *r = place(*r);
                }
            }
        }
        let scratch = self.count * tile + self.kept;
        let ready = |o: Operation<T>| o.near().map_or_else(|| Ready::Any(o.into()), Ready::Near);
        Tiles { operations: self.operations.drain(..).map(ready).collect(), len, tile, scratch }
    }

    fn fresh(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.count += 1;
            self.count - 1
        })
    }

    /// Appends member `m`.
    fn member(&mut self, m: usize) {
        let instr = &self.program.instrs[m];
        let mut args = [Source::Same; 3];
        let mut done = std::mem::take(&mut self.done);
        for j in 0..instr.args.len() {
            args[j] = self.argument(m, j, &mut done);
        }
        let mut work = match &instr.op {
            Op::Select => Work::Select,
            Op::Broadcast(..) => Work::Copy,
            Op::Sum(axes) => {
                let shape = self.program.shape_of(instr.args[0]);
                match Summing::of(*axes, &shape).expect("only such sums are fused") {
                    Summing::Blocks { n, inner } => Work::Sum { n, inner },
                    Summing::Columns { rows, inner } => {
                        self.add_rows(ColumnSums { rows, inner }, args)
                    }
                }
            }
            Op::Map(f) => Work::Function(Function::Unary(*f)),
            Op::Zip(f) => Work::Function(Function::Binary(*f)),
            op => unreachable!("{} is not fused", op.name()),
        };
        let own = base(self.places[m]);
        let mut paired = None;
        if let Some((pair, all, register)) = self.pair_with_last(&work, args, own, &done) {
            self.operations.pop();
            (work, args, paired) = (Work::Function(Function::Pair(pair)), all, Some(register));
        }
        let target = match own {
            Some(base) => Target::Tile(base),
            None => {
                // What the first of a pair would have written is free.
                done.retain(|&r| Some(r) != paired);
                Target::Register(paired.unwrap_or_else(|| self.fresh()))
            }
        };
        if let Target::Register(register) = target {
            self.registers[m] = Some((register as u32, self.uses.readers(m).len() as u32));
        }
        self.push(work, target, args, &mut done);
        self.free.append(&mut done);
        self.done = done;
    }

    /// The operation and the last one as a pair, its arguments, and the register
    /// between the two: if no one else reads that, and the result, `own`, is not
    /// where an argument of the first is.
    fn pair_with_last(
        &self,
        work: &Work,
        args: [Source<T>; 3],
        own: Option<Base>,
        done: &[usize],
    ) -> Option<(Pair, [Source<T>; 3], usize)> {
        let Work::Function(Function::Binary(then)) = *work else { return None };
        let last = self.operations.last()?;
        let Work::Function(Function::Binary(first)) = last.work else { return None };
        let Target::Register(register) = last.target else { return None };
        let between = |s: Source<T>| s == Source::Register(register);
        let turned = between(args[1]);
        if between(args[0]) == turned || !done.contains(&register) {
            return None;
        }
        let all = [last.args[0], last.args[1], args[usize::from(!turned)]];
        let fits = |s: &Source<T>| match *s {
            Source::Tile(base) => Some(base) != own,
            Source::Register(_) | Source::Row(_) => true,
            _ => false,
        };
        let pair = Pair::of(first, then, turned)?;
        all[..2].iter().all(fits).then_some((pair, all, register))
    }

    /// Appends the sums of columns; what gives the total.
    fn add_rows(&mut self, sums: ColumnSums, args: [Source<T>; 3]) -> Work {
        let at = self.kept;
        self.kept += sums.len();
        let work = Work::AddRows(sums);
        self.operations.push(Operation { work, target: Target::Kept(at), args });
        Work::Total(sums, at)
    }

    /// Appends an operation, arguments in the place of the result marked.
    fn push(
        &mut self,
        work: Work,
        target: Target,
        mut args: [Source<T>; 3],
        done: &mut Vec<usize>,
    ) {
        let Target::Tile(own) = target else {
            self.operations.push(Operation { work, target, args });
            return;
        };
        let here = |s: &Source<T>| *s == Source::Tile(own);
        match work {
            Work::Sum { .. } | Work::Total(..) => {}
            Work::Select if args.iter().any(here) => {
                // Chosen into a register, then moved.
                let register = self.fresh();
                done.push(register);
                let chosen = Target::Register(register);
                self.operations.push(Operation { work, target: chosen, args });
                let args = [Source::Register(register), Source::Same, Source::Same];
                self.operations.push(Operation { work: Work::Copy, target, args });
                return;
            }
            _ => args.iter_mut().filter(|s| here(s)).for_each(|s| *s = Source::Same),
        }
        self.operations.push(Operation { work, target, args });
    }

    /// Where each row is read: where it is, if a tile is as long, or in a register
    /// of its own, repeated before anything else.
    fn place_rows(&mut self, tile: usize) -> Vec<Source<T>> {
        let mut copies = Vec::new();
        let rows = self.rows.iter().map(|&(_, from, inner)| {
            if inner == tile {
                return Source::Whole(from);
            }
            let times = self.len / inner;
            let work = Work::Repeat { from, len: inner, times, inner, once: true };
            let (target, args) = (Target::Register(self.count), [Source::Same; 3]);
            copies.push(Operation { work, target, args });
            self.count += 1;
            Source::Register(self.count - 1)
        });
        let rows = rows.collect();
        self.operations.splice(..0, copies);
        rows
    }

    /// How argument `j` of member `m` is read, after what makes it readable.
    fn argument(&mut self, m: usize, j: usize, done: &mut Vec<usize>) -> Source<T> {
        let instr = &self.program.instrs[m];
        let value = instr.args[j] as usize;
        let root = self.uses.root[value];
        if let Op::Const(c, _) = &self.program.instrs[root].op {
            return Source::Constant(T::from_f64(c.get()));
        }
        if let Some((register, left)) = &mut self.registers[root] {
            let register = *register as usize;
            // A member that reads it twice counts once.
            if instr.args[..j].iter().all(|&b| self.uses.root[b as usize] != root) {
                *left -= 1;
                if *left == 0 {
                    done.push(register);
                }
            }
            return Source::Register(register);
        }
        let from = base(self.places[value]).expect("what a group reads is in memory");
        match argument_reading(self.program, instr, j).expect("it is fusible") {
            Reading::Full => Source::Tile(from),
            Reading::One => Source::Number(from),
            Reading::Repeat { times, inner } => {
                let len = self.program.instrs[value].shape.len();
                self.repeated(root, (from, len), (times, inner), done)
            }
        }
    }

    /// A register with a tensor repeated.
    fn repeated(
        &mut self,
        root: usize,
        (from, len): (Base, usize),
        (times, inner): (usize, usize),
        done: &mut Vec<usize>,
    ) -> Source<T> {
        let (large, small) = (self.block.max(inner), self.block.min(inner));
        let alike = times * inner == self.len;
        let once = alike && inner <= LONGEST && large.is_multiple_of(small);
        if once {
            self.block = large;
            let row = (root, from, inner);
            let known = self.rows.iter().position(|r| *r == row);
            return Source::Row(known.unwrap_or_else(|| {
                self.rows.push(row);
                self.rows.len() - 1
            }));
        }
        let register = self.fresh();
        done.push(register);
        let work = Work::Repeat { from, len, times, inner, once: false };
        let args = [Source::Same; 3];
        self.operations.push(Operation { work, target: Target::Register(register), args });
        Source::Register(register)
    }
}

//! Writing the operations of a group: where each reads and what it overwrites.

use wonderland_linalg::Scalar;

use super::{
    LONGEST, MOST, Operation, REGISTERS, Ready, SHORTEST, Source, Sources, Target, Tiles, Work,
};
use crate::functions::{Binary, Unary};
use crate::kernels::reduce::ColumnSums;
use crate::op::Op;
use crate::plan::memory::Base;
use crate::plan::near::Function;
use crate::plan::schedule::{Group, Reading, Summing, Uses, argument_reading};
use crate::plan::{Place, base};
use crate::program::Program;

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
    pub(super) operations: Vec<Operation<T>>,
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
        let mut ready = Vec::new();
        for operation in self.operations.drain(..) {
            match (operation.near(), ready.last_mut()) {
                (Some(near), Some(Ready::Near(list))) => list.push(near),
                (Some(near), _) => ready.push(Ready::Near(vec![near])),
                (None, _) => ready.push(Ready::Any(operation.into())),
            }
        }
        Tiles { ready, len, tile, scratch }
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
        let mut args = [Source::Same; MOST];
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
            Op::Map(Unary::Scale(c)) => {
                args[1] = Source::Constant(T::from_f64(c.get()));
                Work::Function(Function::Binary(Binary::Mul))
            }
            Op::Map(f) => Work::Function(Function::Unary(*f)),
            Op::Zip(f) => Work::Function(Function::Binary(*f)),
            op => unreachable!("{} is not fused", op.name()),
        };
        let own = base(self.places[m]);
        let joined = self.join(&mut work, &mut args, own, &done);
        let target = match own {
            Some(base) => Target::Tile(base),
            None => {
                // What the first of a pair would have written is free.
                done.retain(|&r| Some(r) != joined);
                Target::Register(joined.unwrap_or_else(|| self.fresh()))
            }
        };
        if let Target::Register(register) = target {
            self.registers[m] = Some((register as u32, self.uses.readers(m).len() as u32));
        }
        self.push(work, target, args, &mut done);
        self.free.append(&mut done);
        self.done = done;
    }

    /// Appends the sums of columns; what gives the total.
    fn add_rows(&mut self, sums: ColumnSums, args: Sources<T>) -> Work {
        let at = self.kept;
        self.kept += sums.len();
        let work = Work::AddRows(sums);
        self.operations.push(Operation { work, target: Target::Kept(at), args });
        Work::Total(sums, at)
    }

    /// Appends an operation, arguments in the place of the result marked.
    fn push(&mut self, work: Work, target: Target, mut args: Sources<T>, done: &mut Vec<usize>) {
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
                let mut args = [Source::Same; MOST];
                args[0] = Source::Register(register);
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
            let (target, args) = (Target::Register(self.count), [Source::Same; MOST]);
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
        let args = [Source::Same; MOST];
        self.operations.push(Operation { work, target: Target::Register(register), args });
        Source::Register(register)
    }
}

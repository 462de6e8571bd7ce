//! The one builder of programs: it checks shapes, takes the simpler of two ways
//! and never computes the same thing twice.
//!
//! Tracing, differentiation, transposition and batching all emit into it.

use std::panic::Location;
use std::sync::Arc;

use crate::error::Place;
use crate::functions::{Binary, Unary};
use crate::ids::{FEW, Ids};
use crate::known::{Known, commutes, hash};
use crate::op::{Number, Op};
use crate::program::{Id, Input, Instr, Output, Program};
use crate::shape::{Axes, MAX_RANK, Shape};

/// A program in the making.
#[derive(Default)]
pub(crate) struct Graph {
    pub(crate) inputs: Vec<Input>,
    pub(crate) instrs: Vec<Instr>,
    known: Known,
}

impl Graph {
    /// A graph with room for so many instructions.
    pub(crate) fn with_room(n: usize) -> Self {
        Self { inputs: Vec::new(), instrs: Vec::with_capacity(n), known: Known::with_room(n) }
    }

    /// A program to be continued, and its outputs. What is added is not looked for
    /// among what is there.
    pub(crate) fn going_on(program: Program) -> (Self, Vec<Id>) {
        let outputs = program.outputs.iter().map(|o| o.id).collect();
        let inputs = Arc::unwrap_or_clone(program.inputs);
        let instrs = Arc::unwrap_or_clone(program.instrs);
        (Self { inputs, instrs, known: Known::default() }, outputs)
    }

    /// Declares the next input; all inputs come before any instruction.
    pub(crate) fn input(&mut self, input: Input, at: Place) -> Id {
        debug_assert_eq!(self.inputs.len(), self.instrs.len(), "inputs come first");
        self.instrs.push(Instr::input(self.inputs.len(), &input, at));
        self.inputs.push(input);
        self.instrs.len() as Id - 1
    }

    /// The program with these outputs, without dead instructions.
    pub(crate) fn finish(self, outputs: Vec<(String, Id)>) -> Program {
        let outputs = outputs.into_iter().map(|(name, id)| Output { name, id }).collect();
        Program { inputs: self.inputs.into(), instrs: self.instrs.into(), outputs }.without_dead()
    }

    pub(crate) fn shape(&self, id: Id) -> Shape {
        self.instrs[id as usize].shape
    }

    pub(crate) fn op(&self, id: Id) -> &Op {
        &self.instrs[id as usize].op
    }

    /// The number a constant is filled with.
    pub(crate) fn constant_of(&self, id: Id) -> Option<f64> {
        match self.op(id) {
            Op::Const(c, _) => Some(c.get()),
            _ => None,
        }
    }

    /// Emits `op`, or tells what its arguments should be.
    pub(crate) fn try_emit(&mut self, op: &Op, args: &[Id], at: Place) -> Result<Id, String> {
        let shape = match (op, args) {
            (Op::Part(k), &[bundle]) => match self.op(bundle).as_loop() {
                Some(scan) => scan.part_shape(*k as usize),
                None => return Err("only loops have parts".to_owned()),
            },
            _ => self.with_shapes(args, |shapes| op.shape(shapes))?,
        };
        if let Some(id) = self.simpler(op, args, shape, at) {
            return Ok(id);
        }
        Ok(self.cons(op, args.into(), shape, at))
    }

    /// Emits `op` on arguments known to fit.
    #[track_caller]
    pub(crate) fn emit(&mut self, op: &Op, args: &[Id], at: Place) -> Id {
        self.try_emit(op, args, at).unwrap_or_else(|rule| {
            let name = op.name();
            self.with_shapes(args, |shapes| {
                unreachable!("a derived {name} of {shapes:?} does not fit: {rule} (from {at})")
            })
        })
    }

    /// Hands on the shapes of some values.
    fn with_shapes<R>(&self, args: &[Id], f: impl FnOnce(&[Shape]) -> R) -> R {
        let mut few = [Shape::SCALAR; FEW];
        if args.len() > FEW {
            return f(&args.iter().map(|&a| self.shape(a)).collect::<Vec<_>>());
        }
        for (shape, &a) in few.iter_mut().zip(args) {
            *shape = self.shape(a);
        }
        f(&few[..args.len()])
    }

    /// The instruction of another program that this one begins with, on what its
    /// arguments have become. It was as simple as can be there.
    pub(crate) fn copy(&mut self, instr: &Instr, map: &[Id]) -> Id {
        let args: Ids = instr.args.iter().map(|&a| map[a as usize]).collect();
        self.cons(&instr.op, args, instr.shape, instr.at)
    }

    /// The instruction `op args`, made only if there is none.
    fn cons(&mut self, op: &Op, args: Ids, shape: Shape, at: Place) -> Id {
        let Self { known, instrs, .. } = self;
        let next = instrs.len() as Id;
        let newest = |args: &[Id]| args.iter().copied().max();
        let of_known = |id: Id| newest(&instrs[id as usize].args);
        let key = (hash(op, &args), next);
        let id = known.find_or_add(key, of_known, newest(&args), |id| {
            let instr = &instrs[id as usize];
            let turned = || commutes(op) && instr.args[0] == args[1] && instr.args[1] == args[0];
            instr.op == *op && (instr.args == args || turned())
        });
        if id == next {
            instrs.push(Instr { op: op.clone(), args, shape, at });
        }
        id
    }

    // Shorthand for the transforms.

    pub(crate) fn constant(&mut self, c: f64, shape: Shape, at: Place) -> Id {
        self.cons(&Op::Const(Number::new(c), shape), (&[][..]).into(), shape, at)
    }

    pub(crate) fn map(&mut self, f: Unary, x: Id, at: Place) -> Id {
        self.emit(&Op::Map(f), &[x], at)
    }

    pub(crate) fn zip(&mut self, f: Binary, a: Id, b: Id, at: Place) -> Id {
        self.emit(&Op::Zip(f), &[a, b], at)
    }

    pub(crate) fn scale(&mut self, c: f64, x: Id, at: Place) -> Id {
        self.map(Unary::Scale(Number::new(c)), x, at)
    }

    pub(crate) fn add(&mut self, a: Id, b: Id, at: Place) -> Id {
        self.zip(Binary::Add, a, b, at)
    }

    pub(crate) fn mul(&mut self, a: Id, b: Id, at: Place) -> Id {
        self.zip(Binary::Mul, a, b, at)
    }

    pub(crate) fn reshape(&mut self, x: Id, shape: Shape, at: Place) -> Id {
        if self.shape(x) == shape { x } else { self.emit(&Op::Reshape(shape), &[x], at) }
    }

    pub(crate) fn permute(&mut self, x: Id, order: &[usize], at: Place) -> Id {
        self.emit(&Op::Permute(permutation(order)), &[x], at)
    }

    pub(crate) fn matmul(&mut self, a: (Id, bool), b: (Id, bool), at: Place) -> Id {
        self.emit(&Op::MatMul { ta: a.1, tb: b.1 }, &[a.0, b.0], at)
    }

    /// x, repeated to `shape` as stretching would.
    pub(crate) fn stretch(&mut self, x: Id, shape: Shape, at: Place) -> Id {
        let own = self.shape(x);
        if own == shape {
            return x;
        }
        let axes = own.stretched_axes(&shape);
        let core = self.reshape(x, shape.without(axes), at);
        self.emit(&Op::Broadcast(axes, shape), &[core], at)
    }

    /// The sum over the axes along which `small` was stretched: the transpose
    /// of [`stretch`](Graph::stretch).
    pub(crate) fn unstretch_sum(&mut self, x: Id, small: Shape, at: Place) -> Id {
        let own = self.shape(x);
        if own == small {
            return x;
        }
        let axes = small.stretched_axes(&own);
        let sum = self.emit(&Op::Sum(axes), &[x], at);
        self.reshape(sum, small, at)
    }

    /// x (without `axis`), repeated along `axis` of `shape`.
    pub(crate) fn along(&mut self, x: Id, axis: u8, shape: Shape, at: Place) -> Id {
        self.emit(&Op::Broadcast(Axes::of([usize::from(axis)]), shape), &[x], at)
    }
}

/// The program written again: the rule is given the number of each instruction,
/// its arguments, and what every earlier value has become.
pub(crate) fn rewritten(
    program: &Program,
    mut rule: impl FnMut(&mut Graph, usize, Ids, &[Id]) -> Id,
) -> Program {
    let n = program.instrs.len();
    let (mut g, mut map) = (Graph::with_room(n), Vec::with_capacity(n));
    for (input, instr) in program.inputs.iter().zip(program.instrs.iter()) {
        map.push(g.input(input.clone(), instr.at));
    }
    for (k, instr) in program.instrs.iter().enumerate().skip(program.inputs.len()) {
        let args = instr.args.iter().map(|&a| map[a as usize]).collect();
        let value = rule(&mut g, k, args, &map);
        map.push(value);
    }
    let outputs = program.outputs.iter().map(|o| (o.name.clone(), map[o.id as usize]));
    let outputs = outputs.collect();
    g.finish(outputs)
}

/// The attribute of [`Op::Permute`].
pub(crate) fn permutation(order: &[usize]) -> [u8; MAX_RANK] {
    let mut perm = [u8::MAX; MAX_RANK];
    for (slot, &axis) in perm.iter_mut().zip(order) {
        *slot = axis as u8;
    }
    perm
}

/// A place for what no user wrote.
#[track_caller]
pub(crate) fn here() -> Place {
    Location::caller()
}

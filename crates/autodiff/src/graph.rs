//! The one builder of programs: it checks shapes, folds constants, applies
//! identities and never computes the same thing twice.
//!
//! Tracing, differentiation, transposition and batching all emit into it.
//! IEEE arithmetic is kept: 0 · x is not folded (x may be infinite). Only the
//! sign of a zero may change (x + 0 is x).

use std::hash::{Hash, Hasher};
use std::panic::Location;

use crate::error::Place;
use crate::kernels::scalar;
use crate::op::{Kind, Number, Op};
use crate::program::{Id, Input, Instr, Output, Program};
use crate::shape::{Axes, MAX_RANK, Shape};

/// A program in the making.
#[derive(Default)]
pub(crate) struct Graph {
    pub(crate) inputs: Vec<Input>,
    pub(crate) instrs: Vec<Instr>,
    /// Open-addressing table of instruction numbers + 1, by content.
    table: Vec<u32>,
}

impl Graph {
    /// Declares the next input; all inputs come before any instruction.
    pub(crate) fn input(&mut self, input: Input, at: Place) -> Id {
        debug_assert_eq!(self.inputs.len(), self.instrs.len(), "inputs come first");
        let op = Op::Input(self.inputs.len() as u32, input.kind);
        self.instrs.push(Instr { op, args: Vec::new(), shape: input.shape, at });
        self.inputs.push(input);
        self.instrs.len() as Id - 1
    }

    /// The program with these outputs, without dead instructions.
    pub(crate) fn finish(self, outputs: Vec<(String, Id)>) -> Program {
        let outputs = outputs.into_iter().map(|(name, id)| Output { name, id }).collect();
        Program { inputs: self.inputs, instrs: self.instrs, outputs }.without_dead()
    }

    pub(crate) fn shape(&self, id: Id) -> Shape {
        self.instrs[id as usize].shape
    }

    pub(crate) fn kind(&self, id: Id) -> Kind {
        self.instrs[id as usize].op.kind()
    }

    fn op(&self, id: Id) -> &Op {
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
    pub(crate) fn try_emit(&mut self, op: Op, args: &[Id], at: Place) -> Result<Id, String> {
        let shape = match (&op, args) {
            (Op::Part(k), &[bundle]) => match self.op(bundle).as_loop() {
                Some(scan) => scan.part_shape(*k as usize),
                None => return Err("only loops have parts".to_owned()),
            },
            _ => {
                let shapes: Vec<Shape> = args.iter().map(|&a| self.shape(a)).collect();
                op.shape(&shapes)?
            }
        };
        if let Some(id) = self.rewrite(&op, args, shape, at) {
            return Ok(id);
        }
        Ok(self.cons(op, args, shape, at))
    }

    /// Emits `op` on arguments known to fit.
    #[track_caller]
    pub(crate) fn emit(&mut self, op: Op, args: &[Id], at: Place) -> Id {
        let name = op.name();
        self.try_emit(op, args, at).unwrap_or_else(|rule| {
            let shapes: Vec<Shape> = args.iter().map(|&a| self.shape(a)).collect();
            unreachable!("a derived {name} of {shapes:?} does not fit: {rule} (from {at})")
        })
    }

    /// The instruction `op args`, made only if there is none.
    fn cons(&mut self, op: Op, args: &[Id], shape: Shape, at: Place) -> Id {
        if self.table.len() < 2 * (self.instrs.len() + 1) {
            self.grow();
        }
        let commutes = matches!(op, Op::Add | Op::Mul) && args[0] != args[1];
        if commutes && let Some(id) = self.find(&op, &[args[1], args[0]]).0 {
            return id;
        }
        let (found, slot) = self.find(&op, args);
        if let Some(id) = found {
            return id;
        }
        self.instrs.push(Instr { op, args: args.to_vec(), shape, at });
        self.table[slot] = self.instrs.len() as u32;
        self.instrs.len() as Id - 1
    }

    fn find(&self, op: &Op, args: &[Id]) -> (Option<Id>, usize) {
        let mask = self.table.len() - 1;
        let mut slot = hash(op, args) as usize & mask;
        while self.table[slot] != 0 {
            let id = self.table[slot] - 1;
            let instr = &self.instrs[id as usize];
            if instr.op == *op && instr.args == args {
                return (Some(id), slot);
            }
            slot = (slot + 1) & mask;
        }
        (None, slot)
    }

    fn grow(&mut self) {
        let size = (4 * (self.instrs.len() + 1)).next_power_of_two().max(64);
        self.table = vec![0; size];
        for id in 0..self.instrs.len() {
            let instr = &self.instrs[id];
            let mut slot = hash(&instr.op, &instr.args) as usize & (size - 1);
            while self.table[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            self.table[slot] = id as u32 + 1;
        }
    }

    /// A simpler way to the same value, if there is one.
    fn rewrite(&mut self, op: &Op, args: &[Id], shape: Shape, at: Place) -> Option<Id> {
        if let Some(value) = self.fold(op, args) {
            return Some(self.cons(Op::Const(Number::new(value), shape), &[], shape, at));
        }
        match op {
            Op::Add => {
                for (x, c) in [(args[0], args[1]), (args[1], args[0])] {
                    if self.constant_of(c) == Some(0.0) && self.shape(x) == shape {
                        return Some(x);
                    }
                }
                self.unstretch(op, args, shape, at)
            }
            Op::Mul => {
                for (x, c) in [(args[0], args[1]), (args[1], args[0])] {
                    if let Some(c) = self.constant_of(c).filter(|_| self.shape(x) == shape) {
                        return Some(self.scale(c, x, at));
                    }
                }
                self.unstretch(op, args, shape, at)
            }
            Op::Div | Op::Max | Op::Min | Op::Compare(_) => self.unstretch(op, args, shape, at),
            Op::Scale(c) => match (c.get(), self.op(args[0]).clone()) {
                (1.0, _) => Some(args[0]),
                (c, Op::Scale(d)) => {
                    let x = self.instrs[args[0] as usize].args[0];
                    Some(self.scale(c * d.get(), x, at))
                }
                _ => None,
            },
            Op::Sum(axes) => {
                let inner = args[0];
                if axes.is_empty() {
                    return Some(inner);
                }
                match self.op(inner).clone() {
                    Op::Broadcast(new, _) if new == *axes => {
                        let x = self.instrs[inner as usize].args[0];
                        let full = self.shape(inner);
                        let n: usize = axes.iter().map(|a| full.dim(a)).product();
                        Some(self.scale(n as f64, x, at))
                    }
                    _ => None,
                }
            }
            Op::Broadcast(axes, _) => axes.is_empty().then_some(args[0]),
            Op::Reshape(to) => {
                if *to == self.shape(args[0]) {
                    return Some(args[0]);
                }
                if let Op::Reshape(_) = self.op(args[0]) {
                    let x = self.instrs[args[0] as usize].args[0];
                    return Some(self.reshape(x, *to, at));
                }
                None
            }
            Op::Permute(perm) => {
                let rank = shape.rank();
                if (0..rank).all(|k| usize::from(perm[k]) == k) {
                    return Some(args[0]);
                }
                let Op::Permute(first) = *self.op(args[0]) else { return None };
                let x = self.instrs[args[0] as usize].args[0];
                let order: Vec<usize> =
                    (0..rank).map(|k| usize::from(first[usize::from(perm[k])])).collect();
                Some(self.permute(x, &order, at))
            }
            Op::Slice { shape: to, .. } | Op::Pad { shape: to, .. } => {
                (*to == self.shape(args[0])).then_some(args[0])
            }
            Op::Select => {
                if args[1] == args[2] && self.shape(args[1]) == shape {
                    return Some(args[1]);
                }
                let mask = self.constant_of(args[0])?;
                let chosen = args[if mask == 0.0 { 2 } else { 1 }];
                (self.shape(chosen) == shape).then_some(chosen)
            }
            Op::Powi(0) => Some(self.constant(1.0, shape, at)),
            Op::Powi(1) => Some(args[0]),
            Op::Powi(-1) => Some(self.cons(Op::Recip, args, shape, at)),
            Op::Powc(p) => {
                let p = p.get();
                if p.to_bits() == 0.5_f64.to_bits() {
                    return Some(self.emit(Op::Sqrt, args, at));
                }
                let whole = p.fract() == 0.0 && p.abs() <= 64.0;
                whole.then(|| self.emit(Op::Powi(p as i32), args, at))
            }
            Op::MatMul { ta, tb } => {
                // A transposed operand is a flag of the product.
                let (a, fa) = self.untransposed(args[0]);
                let (b, fb) = self.untransposed(args[1]);
                (fa || fb).then(|| self.matmul((a, ta ^ fa), (b, tb ^ fb), at))
            }
            Op::Custom(_) | Op::Gather { .. } | Op::Scatter { .. } => None,
            _ => None,
        }
    }

    /// The value of an elementwise operation on constants only.
    fn fold(&self, op: &Op, args: &[Id]) -> Option<f64> {
        let arg = |k: usize| self.constant_of(args[k]);
        match op {
            Op::Reshape(_) | Op::Broadcast(..) | Op::Permute(_) | Op::Slice { .. } => arg(0),
            Op::Sum(axes) => {
                let shape = self.shape(args[0]);
                let n: usize = axes.iter().map(|a| shape.dim(a)).product();
                arg(0).map(|c| if n == 0 { 0.0 } else { c * n as f64 })
            }
            Op::Select => Some(if arg(0)? == 0.0 { arg(2)? } else { arg(1)? }),
            Op::Add | Op::Mul | Op::Div | Op::Max | Op::Min | Op::Compare(_) => {
                Some(scalar::binary(op, arg(0)?, arg(1)?))
            }
            _ if op.is_elementwise() => Some(scalar::unary(op, arg(0)?)),
            _ => None,
        }
    }

    /// The argument of a transposition of the last two axes, and whether there
    /// was one.
    fn untransposed(&self, x: Id) -> (Id, bool) {
        if let Op::Permute(perm) = self.op(x) {
            let rank = self.shape(x).rank();
            let swaps = (0..rank).all(|k| {
                let to = usize::from(perm[k]);
                if k + 2 < rank { to == k } else { to == 2 * rank - 3 - k }
            });
            if rank >= 2 && swaps {
                return (self.instrs[x as usize].args[0], true);
            }
        }
        (x, false)
    }

    /// Uses stretching where an argument was repeated by hand, so that the
    /// repeated tensor need not exist.
    fn unstretch(&mut self, op: &Op, args: &[Id], shape: Shape, at: Place) -> Option<Id> {
        for k in 0..2 {
            let Op::Broadcast(axes, _) = *self.op(args[k]) else { continue };
            if self.shape(args[1 - k]) != shape {
                continue;
            }
            let repeated = self.shape(args[k]);
            let x = self.instrs[args[k] as usize].args[0];
            let small = repeated.kept(axes);
            // Leading axes of size one need no reshape.
            let own = self.shape(x);
            let x = if own.stretches_to(&repeated)
                && own.stretched_axes(&repeated).iter().eq(axes.iter())
            {
                x
            } else {
                self.reshape(x, small, at)
            };
            let mut args = [args[0], args[1]];
            args[k] = x;
            return Some(self.emit(op.clone(), &args, at));
        }
        None
    }

    // Shorthand for the transforms.

    pub(crate) fn constant(&mut self, c: f64, shape: Shape, at: Place) -> Id {
        self.cons(Op::Const(Number::new(c), shape), &[], shape, at)
    }

    pub(crate) fn scale(&mut self, c: f64, x: Id, at: Place) -> Id {
        self.emit(Op::Scale(Number::new(c)), &[x], at)
    }

    pub(crate) fn add(&mut self, a: Id, b: Id, at: Place) -> Id {
        self.emit(Op::Add, &[a, b], at)
    }

    pub(crate) fn mul(&mut self, a: Id, b: Id, at: Place) -> Id {
        self.emit(Op::Mul, &[a, b], at)
    }

    pub(crate) fn reshape(&mut self, x: Id, shape: Shape, at: Place) -> Id {
        self.emit(Op::Reshape(shape), &[x], at)
    }

    pub(crate) fn permute(&mut self, x: Id, order: &[usize], at: Place) -> Id {
        self.emit(Op::Permute(permutation(order)), &[x], at)
    }

    pub(crate) fn matmul(&mut self, a: (Id, bool), b: (Id, bool), at: Place) -> Id {
        self.emit(Op::MatMul { ta: a.1, tb: b.1 }, &[a.0, b.0], at)
    }

    /// x, repeated to `shape` as stretching would.
    pub(crate) fn stretch(&mut self, x: Id, shape: Shape, at: Place) -> Id {
        let own = self.shape(x);
        if own == shape {
            return x;
        }
        let axes = own.stretched_axes(&shape);
        let core = self.reshape(x, shape.without(axes), at);
        self.emit(Op::Broadcast(axes, shape), &[core], at)
    }

    /// The sum over the axes along which `small` was stretched: the transpose
    /// of [`stretch`](Graph::stretch).
    pub(crate) fn unstretch_sum(&mut self, x: Id, small: Shape, at: Place) -> Id {
        let own = self.shape(x);
        if own == small {
            return x;
        }
        let axes = small.stretched_axes(&own);
        let sum = self.emit(Op::Sum(axes), &[x], at);
        self.reshape(sum, small, at)
    }

    /// x (without `axis`), repeated along `axis` of `shape`.
    pub(crate) fn along(&mut self, x: Id, axis: u8, shape: Shape, at: Place) -> Id {
        self.emit(Op::Broadcast(Axes::of([usize::from(axis)]), shape), &[x], at)
    }
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

/// FNV-1a by words: programs are small and the keys are not adversarial.
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }
    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
    }
    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }
    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }
    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
}

fn hash(op: &Op, args: &[Id]) -> u64 {
    let mut state = Fnv(0xcbf2_9ce4_8422_2325);
    op.hash(&mut state);
    args.hash(&mut state);
    state.finish()
}

//! Tangent matrices (notes §6.2): a linear program applied to many directions
//! at once, along a new leading axis.
//!
//! Only linear operations are batched; what they take as given is shared by
//! all directions.

use crate::error::Place;
use crate::functions::{Binary, Unary};
use crate::graph::Graph;
use crate::ids::Ids;
use crate::linearize::Linear;
use crate::op::{Op, ScanOp, Sub};
use crate::program::{Id, Program};
use crate::shape::Shape;

/// The program for `n` directions: linear inputs and outputs have a new
/// leading axis of that size.
pub(crate) fn batch(linear: &Linear, n: usize) -> Linear {
    let program = batch_program(&linear.program, &linear.inputs(), linear.values, n);
    Linear { program, given: linear.given, values: linear.values }
}

/// As [`batch`], for linear inputs anywhere; outputs from number `values` on
/// get the axis.
pub(crate) fn batch_program(
    program: &Program,
    linear: &[bool],
    values: usize,
    n: usize,
) -> Program {
    let mut g = Graph::default();
    for (k, input) in program.inputs.iter().enumerate() {
        let mut input = input.clone();
        if linear[k] {
            input.shape = input.shape.after(&[n]);
        }
        g.input(input, program.instrs[k].at);
    }
    let taint = program.tainted(linear);
    let mut map: Vec<Id> = (0..program.inputs.len() as Id).collect();
    for (k, instr) in program.instrs.iter().enumerate().skip(program.inputs.len()) {
        let args: Ids = instr.args.iter().map(|&a| map[a as usize]).collect();
        let flags: Vec<bool> = instr.args.iter().map(|&a| taint[a as usize]).collect();
        map.push(if taint[k] {
            let shapes = program.arg_shapes(instr);
            let b = Batched { args: &args, linear: &flags, shapes: &shapes, n, at: instr.at };
            b.emit(&mut g, &instr.op, instr.shape)
        } else {
            g.emit(&instr.op, &args, instr.at)
        });
    }
    let outputs = program.outputs.iter().enumerate().map(|(k, output)| {
        let (id, instr) = (map[output.id as usize], &program.instrs[output.id as usize]);
        let shared = k >= values && !taint[output.id as usize];
        let id = if shared { g.stretch(id, instr.shape.after(&[n]), instr.at) } else { id };
        (output.name.clone(), id)
    });
    let outputs = outputs.collect();
    g.finish(outputs)
}

/// One linear instruction: its arguments in the new program, which of them
/// have the leading axis, and their shapes without it.
struct Batched<'a> {
    args: &'a [Id],
    linear: &'a [bool],
    shapes: &'a [Shape],
    n: usize,
    at: Place,
}

impl Batched<'_> {
    fn front(&self, shape: Shape) -> Shape {
        shape.after(&[self.n])
    }

    /// Argument `k` under a shape that stretches rightly behind the new axis:
    /// a batched argument of lower rank than the result gets ones after it.
    fn aligned(&self, g: &mut Graph, k: usize, rank: usize) -> Id {
        let shape = self.shapes[k];
        if !self.linear[k] || shape.rank() == rank {
            return self.args[k];
        }
        let mut dims = vec![self.n];
        dims.resize(1 + rank - shape.rank(), 1);
        dims.extend(shape.iter());
        g.reshape(self.args[k], Shape::new(&dims), self.at)
    }

    fn emit(&self, g: &mut Graph, op: &Op, shape: Shape) -> Id {
        let (args, at, n) = (self.args, self.at, self.n);
        let rank = shape.rank();
        match op {
            Op::Zip(Binary::Add | Binary::Sub | Binary::Mul | Binary::Div) => {
                let (a, b) = (self.aligned(g, 0, rank), self.aligned(g, 1, rank));
                self.stretched(g, op, &[a, b], shape)
            }
            Op::Select => {
                let all = [0, 1, 2].map(|k| self.aligned(g, k, rank));
                self.stretched(g, op, &all, shape)
            }
            Op::Map(Unary::Scale(_)) => g.emit(op, args, at),
            Op::Sum(axes) => g.emit(&Op::Sum(axes.behind_one()), args, at),
            Op::Broadcast(axes, full) => {
                g.emit(&Op::Broadcast(axes.behind_one(), self.front(*full)), args, at)
            }
            Op::Reshape(to) => g.reshape(args[0], self.front(*to), at),
            Op::Permute(perm) => {
                let mut order = vec![0];
                order.extend(perm[..rank].iter().map(|&a| usize::from(a) + 1));
                g.permute(args[0], &order, at)
            }
            &Op::Slice { axis, start, end } => {
                g.emit(&Op::Slice { axis: axis + 1, start, end }, args, at)
            }
            &Op::Pad { axis, before, after } => {
                g.emit(&Op::Pad { axis: axis + 1, before, after }, args, at)
            }
            Op::MatMul { ta, tb } => self.matmul(g, *ta, *tb, shape),
            Op::Gather { along } => {
                // The indexed axes stay in front: the new axis moves behind them.
                let x = move_axis(g, args[0], 0, 1 + usize::from(*along), at);
                let y = g.emit(op, &[x, args[1]], at);
                move_axis(g, y, if *along { 1 } else { self.shapes[1].rank() }, 0, at)
            }
            Op::Scatter { along, shape } => {
                let rows = if *along { 1 } else { self.shapes[1].rank() };
                let x = move_axis(g, args[0], 0, rows, at);
                let behind = 1 + usize::from(*along);
                let mut dims = shape.dims();
                dims.insert(behind, n);
                let op = Op::Scatter { along: *along, shape: Shape::new(&dims) };
                let y = g.emit(&op, &[x, args[1]], at);
                move_axis(g, y, behind, 0, at)
            }
            Op::Scan(scan) => self.scan(g, scan),
            Op::Part(k) => {
                let part = g.emit(&Op::Part(*k), args, at);
                // A stacked result has the steps in front of the new axis.
                if g.shape(part) == self.front(shape) && !is_stacked(g, args[0], *k) {
                    part
                } else {
                    move_axis(g, part, 1, 0, at)
                }
            }
            op => unreachable!("{} is not linear", op.name()),
        }
    }

    /// A loop of which all states and results carry the new axis.
    fn scan(&self, g: &mut Graph, scan: &ScanOp) -> Id {
        let flags: Vec<bool> =
            (0..self.args.len()).map(|k| self.linear[k] || scan.is_state(k)).collect();
        let body = Sub(batch_program(&scan.body.0, &flags, 0, self.n).into());
        let args: Vec<Id> = (0..self.args.len())
            .map(|k| match self.args[k] {
                x if scan.is_sequence(k) && self.linear[k] => move_axis(g, x, 0, 1, self.at),
                x if scan.is_state(k) && !self.linear[k] => {
                    g.stretch(x, self.front(self.shapes[k]), self.at)
                }
                x => x,
            })
            .collect();
        g.emit(&Op::Scan(Box::new(ScanOp { body, ..scan.clone() })), &args, self.at)
    }

    /// An elementwise operation whose result must have the full shape even
    /// where that came from arguments of different shapes.
    fn stretched(&self, g: &mut Graph, op: &Op, args: &[Id], shape: Shape) -> Id {
        let full = self.front(shape);
        if let Ok(id) = g.try_emit(op, args, self.at)
            && g.shape(id) == full
        {
            return id;
        }
        // Stretch the batched arguments to the full shape.
        let args: Vec<Id> = (0..args.len())
            .map(|k| if self.linear[k] { g.stretch(args[k], full, self.at) } else { args[k] })
            .collect();
        g.emit(op, &args, self.at)
    }

    fn matmul(&self, g: &mut Graph, ta: bool, tb: bool, shape: Shape) -> Id {
        let (args, at, n) = (self.args, self.at, self.n);
        let ranks = [self.shapes[0].rank(), self.shapes[1].rank()];
        if self.linear[0] && !ta && ranks[1] == 2 {
            // All directions and rows in one product.
            let a = self.front(self.shapes[0]);
            let (batch, rows, k) = a.matrix();
            let flat = g.reshape(args[0], Shape::from([batch * rows, k]), at);
            let y = g.matmul((flat, false), (args[1], tb), at);
            return g.reshape(y, self.front(shape), at);
        }
        // Leading axes must be equal, or absent on one side.
        let front: Vec<usize> = shape.dims()[..shape.rank() - 2].to_vec();
        let args: Vec<Id> = (0..2)
            .map(|k| {
                let matrix = self.shapes[k].dims()[ranks[k] - 2..].to_vec();
                let plain = ranks[k] == 2 && !self.linear[k];
                if plain || (self.linear[k] && ranks[k] - 2 == front.len()) {
                    return args[k];
                }
                let mut full = vec![n];
                full.extend(&front);
                full.extend(&matrix);
                let x = self.aligned(g, k, shape.rank());
                g.stretch(x, Shape::new(&full), at)
            })
            .collect();
        g.matmul((args[0], ta), (args[1], tb), at)
    }
}

/// Whether result `part` of a loop is stacked over the steps.
fn is_stacked(g: &Graph, bundle: Id, part: u32) -> bool {
    matches!(g.op(bundle), Op::Scan(op) if part >= op.carry)
}

/// Moves axis `from` to place `to`.
pub(crate) fn move_axis(g: &mut Graph, x: Id, from: usize, to: usize, at: Place) -> Id {
    let mut order: Vec<usize> = (0..g.shape(x).rank()).collect();
    let axis = order.remove(from);
    order.insert(to, axis);
    g.permute(x, &order, at)
}

/// Rows of the identity, shaped as `len` directions of the given shape.
pub(crate) fn directions(g: &mut Graph, shape: Shape, at: Place) -> Id {
    let n = shape.len() as u32;
    let rows = g.emit(&Op::Iota(n), &[], at);
    let eye = g.emit(&Op::OneHot(n), &[rows], at);
    g.reshape(eye, shape.after(&[shape.len()]), at)
}

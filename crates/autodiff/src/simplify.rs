//! Simpler ways to the same value, looked for as each instruction is made:
//! constants folded, identities, stretching instead of repetition.
//!
//! IEEE arithmetic is kept: 0 · x is not folded (x may be infinite). Only the
//! sign of a zero may change (x + 0 is x).

use crate::error::Place;
use crate::functions::{Binary, Unary};
use crate::graph::Graph;
use crate::op::{Number, Op};
use crate::program::Id;
use crate::shape::Shape;

impl Graph {
    /// A simpler way to the same value, if there is one.
    pub(crate) fn simpler(&mut self, op: &Op, args: &[Id], shape: Shape, at: Place) -> Option<Id> {
        if let Some(value) = self.fold(op, args) {
            return Some(self.constant(value, shape, at));
        }
        match op {
            Op::Zip(f) => self.simpler_zip(*f, [args[0], args[1]], shape, at),
            Op::Map(f) => self.simpler_map(*f, args[0], shape, at),
            Op::Select => {
                if args[1] == args[2] && self.shape(args[1]) == shape {
                    return Some(args[1]);
                }
                let mask = self.constant_of(args[0])?;
                let chosen = args[if mask == 0.0 { 2 } else { 1 }];
                (self.shape(chosen) == shape).then_some(chosen)
            }
            Op::Sum(axes) if axes.is_empty() => Some(args[0]),
            Op::Sum(axes) => match self.op(args[0]) {
                Op::Broadcast(new, full) if new == axes => {
                    let n: usize = axes.iter().map(|a| full.dim(a)).product();
                    let x = self.instrs[args[0] as usize].args[0];
                    Some(self.scale(n as f64, x, at))
                }
                _ => None,
            },
            Op::Broadcast(axes, _) => axes.is_empty().then_some(args[0]),
            Op::Reshape(to) if *to == self.shape(args[0]) => Some(args[0]),
            Op::Reshape(to) => {
                let first = &self.instrs[args[0] as usize];
                let x = matches!(first.op, Op::Reshape(_)).then(|| first.args[0])?;
                Some(self.reshape(x, *to, at))
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
            Op::Slice { .. } | Op::Pad { .. } => (shape == self.shape(args[0])).then_some(args[0]),
            Op::MatMul { ta, tb } => {
                // A transposed operand is a flag of the product.
                let (a, fa) = self.untransposed(args[0]);
                let (b, fb) = self.untransposed(args[1]);
                (fa || fb).then(|| self.matmul((a, ta ^ fa), (b, tb ^ fb), at))
            }
            _ => None,
        }
    }

    /// The value of an elementwise operation on constants only.
    fn fold(&self, op: &Op, args: &[Id]) -> Option<f64> {
        let arg = |k: usize| self.constant_of(args[k]);
        match op {
            Op::Reshape(_)
            | Op::Broadcast(..)
            | Op::Permute(_)
            | Op::Slice { .. }
            | Op::StopGradient
            | Op::Segment => arg(0),
            Op::Sum(axes) => {
                let shape = self.shape(args[0]);
                let n: usize = axes.iter().map(|a| shape.dim(a)).product();
                arg(0).map(|c| if n == 0 { 0.0 } else { c * n as f64 })
            }
            Op::Select => Some(if arg(0)? == 0.0 { arg(2)? } else { arg(1)? }),
            Op::Zip(f) => Some(f.of(arg(0)?, arg(1)?)),
            Op::Map(f) => Some(f.of(arg(0)?)),
            _ => None,
        }
    }

    fn simpler_zip(&mut self, f: Binary, args: [Id; 2], shape: Shape, at: Place) -> Option<Id> {
        let [a, b] = args;
        // What stands alone when the other argument is a constant.
        let beside = |g: &Self, x: Id, c: Id| g.constant_of(c).filter(|_| g.shape(x) == shape);
        match (f, beside(self, b, a), beside(self, a, b)) {
            (Binary::Add, Some(0.0), _) => return Some(b),
            (Binary::Add | Binary::Sub, _, Some(0.0)) => return Some(a),
            (Binary::Sub, Some(0.0), _) => return Some(self.scale(-1.0, b, at)),
            (Binary::Mul, Some(c), _) => return Some(self.scale(c, b, at)),
            (Binary::Mul, _, Some(c)) => return Some(self.scale(c, a, at)),
            (Binary::Add, ..) if a == b => return Some(self.scale(2.0, a, at)),
            _ => {}
        }
        match (f, self.negated(a), self.negated(b)) {
            (Binary::Add, _, Some(b)) => return Some(self.zip(Binary::Sub, a, b, at)),
            (Binary::Add, Some(a), _) => return Some(self.zip(Binary::Sub, b, a, at)),
            (Binary::Sub, _, Some(b)) => return Some(self.zip(Binary::Add, a, b, at)),
            _ => {}
        }
        match (self.op(a), self.op(b)) {
            // Repeat the result instead of both arguments.
            (Op::Broadcast(axes, full), repeated) if self.op(a) == repeated => {
                let (axes, full) = (*axes, *full);
                let [a, b] = args.map(|x| self.instrs[x as usize].args[0]);
                let y = self.zip(f, a, b, at);
                Some(self.emit(&Op::Broadcast(axes, full), &[y], at))
            }
            _ => self.unstretch(f, args, shape, at),
        }
    }

    /// x of −x.
    fn negated(&self, x: Id) -> Option<Id> {
        let instr = &self.instrs[x as usize];
        let Op::Map(Unary::Scale(c)) = instr.op else { return None };
        (c == Number::new(-1.0)).then(|| instr.args[0])
    }

    fn simpler_map(&mut self, f: Unary, x: Id, shape: Shape, at: Place) -> Option<Id> {
        match (f, self.op(x)) {
            (Unary::Scale(c), _) if c == Number::new(1.0) => Some(x),
            (Unary::Scale(c), Op::Map(Unary::Scale(d))) => {
                let (c, x) = (c.get() * d.get(), self.instrs[x as usize].args[0]);
                Some(self.scale(c, x, at))
            }
            (Unary::Powi(0), _) => Some(self.constant(1.0, shape, at)),
            (Unary::Powi(1), _) => Some(x),
            (Unary::Powi(-1), _) => Some(self.map(Unary::Recip, x, at)),
            (Unary::Powf(p), _) if p == Number::new(0.5) => Some(self.map(Unary::Sqrt, x, at)),
            (Unary::Powf(p), _) if p.get().fract() == 0.0 && p.get().abs() <= 64.0 => {
                Some(self.map(Unary::Powi(p.get() as i32), x, at))
            }
            // Repeat the result instead of the argument.
            (_, Op::Broadcast(axes, full)) => {
                let (axes, full) = (*axes, *full);
                let y = self.map(f, self.instrs[x as usize].args[0], at);
                Some(self.emit(&Op::Broadcast(axes, full), &[y], at))
            }
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
    fn unstretch(&mut self, f: Binary, args: [Id; 2], shape: Shape, at: Place) -> Option<Id> {
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
            let same =
                own.stretches_to(&repeated) && own.stretched_axes(&repeated).iter().eq(axes.iter());
            let x = if same { x } else { self.reshape(x, small, at) };
            let mut args = args;
            args[k] = x;
            return Some(self.zip(f, args[0], args[1], at));
        }
        None
    }
}

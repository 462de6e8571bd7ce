//! A warning for the best known trap of differentiable programs:
//! `select(x > 0, ln x, 0)` has the right value at x = 0 and a NaN gradient.
//!
//! The branch that is not taken is computed too; its infinite slope is
//! multiplied by a zero adjoint. IEEE arithmetic is kept, so the trap is found
//! in the program instead.

use std::collections::BTreeSet;
use std::fmt;

use crate::functions::{Binary, Unary};
use crate::op::Op;
use crate::program::{Id, Program};

/// A selection whose gradient may be NaN though its value is finite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The operation with the infinite slope.
    pub op: &'static str,
    /// Where it was written.
    pub at: String,
    /// Where the selection was written.
    pub select_at: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at {}: the selection at {} hides its value but not its infinite slope, so a \
             gradient may be NaN: select a harmless argument first, as in \
             mask.select(x, one).{}()",
            self.op, self.at, self.select_at, self.op
        )
    }
}

impl Program {
    /// Selections between branches one of which has a singularity that the
    /// mask seems meant to hide but does not hide from derivatives.
    #[must_use]
    pub fn lint(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for instr in self.instrs.iter().filter(|i| i.op == Op::Select) {
            let mask = instr.args[0];
            let behind_mask = self.reach(mask, None);
            for &branch in &instr.args[1..] {
                for id in self.reach(branch, Some(mask)) {
                    let Some(u) = self.singular_argument(id) else { continue };
                    let sources = self.reach(u, None);
                    let related = sources.iter().any(|s| {
                        behind_mask.contains(s)
                            && !matches!(self.instrs[*s as usize].op, Op::Const(..))
                    });
                    if related && !self.is_guarded(u, mask) && !self.is_positive(u) {
                        let at = &self.instrs[id as usize];
                        warnings.push(Warning {
                            op: at.op.name(),
                            at: at.at.to_string(),
                            select_at: instr.at.to_string(),
                        });
                    }
                }
            }
        }
        warnings
    }

    /// The argument at which an operation is singular.
    fn singular_argument(&self, id: Id) -> Option<Id> {
        let instr = &self.instrs[id as usize];
        match instr.op {
            Op::Map(Unary::Ln | Unary::Sqrt | Unary::Rsqrt | Unary::Recip | Unary::Powf(_)) => {
                Some(instr.args[0])
            }
            Op::Zip(Binary::Div) => Some(instr.args[1]),
            _ => None,
        }
    }

    fn passes(op: &Op) -> bool {
        op.is_elementwise() || matches!(op, Op::Reshape(_) | Op::Broadcast(..))
    }

    /// What `from` is computed of element by element, itself included, up to
    /// selections by `mask`.
    fn reach(&self, from: Id, mask: Option<Id>) -> BTreeSet<Id> {
        let mut seen = BTreeSet::from([from]);
        let mut todo = vec![from];
        while let Some(id) = todo.pop() {
            let instr = &self.instrs[id as usize];
            let stop = instr.op == Op::Select && Some(instr.args[0]) == mask;
            if Self::passes(&instr.op) && !stop {
                todo.extend(instr.args.iter().copied().filter(|&a| seen.insert(a)));
            }
        }
        seen
    }

    /// Whether `u` is itself chosen by the mask, or a function of what is.
    fn is_guarded(&self, u: Id, mask: Id) -> bool {
        let instr = &self.instrs[u as usize];
        match instr.op {
            Op::Select => instr.args[0] == mask,
            _ => {
                Self::passes(&instr.op)
                    && instr.args.len() == 1
                    && self.is_guarded(instr.args[0], mask)
            }
        }
    }

    /// Whether `u` is positive whatever the inputs are.
    fn is_positive(&self, u: Id) -> bool {
        let instr = &self.instrs[u as usize];
        match instr.op {
            Op::Const(c, _) => c.get() > 0.0,
            Op::Map(Unary::Exp | Unary::Softplus | Unary::Sigmoid) => true,
            Op::Zip(Binary::Add) => {
                let [a, b] = [instr.args[0], instr.args[1]];
                (self.is_positive(a) && self.is_not_negative(b))
                    || (self.is_positive(b) && self.is_not_negative(a))
            }
            Op::Reshape(_) | Op::Broadcast(..) => self.is_positive(instr.args[0]),
            _ => false,
        }
    }

    fn is_not_negative(&self, u: Id) -> bool {
        let instr = &self.instrs[u as usize];
        match instr.op {
            Op::Map(Unary::Abs | Unary::Relu | Unary::Sqrt) => true,
            Op::Map(Unary::Powi(n)) => n % 2 == 0,
            Op::Zip(Binary::Mul) => instr.args[0] == instr.args[1],
            Op::Sum(_) | Op::Reshape(_) => self.is_not_negative(instr.args[0]),
            _ => self.is_positive(u),
        }
    }
}

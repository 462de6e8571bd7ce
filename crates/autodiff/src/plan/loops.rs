//! Running loops: the body has a plan of its own and memory for its arguments.
//!
//! A reverse loop within a budget keeps a few states of its forward loop and
//! makes the others again, in the order that [`revolve`] proves cheapest. The
//! same kernels run on the same numbers, so the bits are those of a loop that
//! keeps all.

use wonderland_linalg::Scalar;

use crate::checkpoint::{Action, revolve};
use crate::error::Result;
use crate::op::{Kind, Op, RewindOp, ScanOp};
use crate::plan::Plan;
use crate::plan::run::View;
use crate::program::Instr;
use crate::run::Arg;
use crate::scan::part_offset;

/// A loop, ready to run.
#[derive(Clone, Debug)]
pub(crate) enum Runner<T> {
    /// Step by step.
    Scan(Box<Body<T>>),
    /// Backward within a budget of states.
    Rewind(Box<Rewind<T>>),
}

impl<T: Scalar> Runner<T> {
    /// The runner of a loop, if `op` is one.
    pub(crate) fn new(op: &Op) -> Option<Self> {
        match op {
            Op::Scan(op) => Some(Self::Scan(Box::new(Body::new(op, Some)))),
            Op::Rewind(op) => Some(Self::Rewind(Box::new(Rewind::new(op)))),
            _ => None,
        }
    }

    /// Bytes of memory of its own.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Scan(body) => body.bytes(),
            Self::Rewind(r) => {
                let states = (r.slots.len() + r.current.len()) * size_of::<T>();
                r.back.bytes() + r.forward.bytes() + states
            }
        }
    }

    pub(crate) fn run(
        &mut self,
        instr: &Instr,
        view: &View<'_, '_, T>,
        out: &mut [T],
    ) -> Result<()> {
        match (self, &instr.op) {
            (Self::Scan(body), Op::Scan(op)) => {
                body.begin(op, instr, view);
                body.first_states(op, out);
                for step in 0..op.length as usize {
                    body.enter(op, instr, view, row(op, step));
                    body.step(op, row(op, step), out)?;
                }
                Ok(())
            }
            (Self::Rewind(rewind), Op::Rewind(op)) => rewind.run(op, instr, view, out),
            _ => unreachable!("a runner belongs to its loop"),
        }
    }
}

/// Which entry of the sequences a step reads.
fn row(op: &ScanOp, step: usize) -> usize {
    if op.reverse { op.length as usize - 1 - step } else { step }
}

/// The plan of a loop's body.
#[derive(Clone, Debug)]
pub(crate) struct Body<T> {
    plan: Plan<T>,
    reals: Vec<T>,
    indices: Vec<u32>,
    /// Where each argument begins in its memory, and its length.
    given: Vec<(usize, usize)>,
    /// Which argument of the instruction it is, if it is one.
    from: Vec<Option<usize>>,
    /// Where each result of the loop begins among all, and its length per step.
    results: Vec<(usize, usize)>,
}

impl<T: Scalar> Body<T> {
    fn new(op: &ScanOp, from: impl Fn(usize) -> Option<usize>) -> Self {
        let body = &op.body.0;
        let (mut reals, mut indices) = (0, 0);
        let given = body.inputs.iter().map(|input| {
            let total = if input.kind == Kind::Index { &mut indices } else { &mut reals };
            *total += input.shape.len();
            (*total - input.shape.len(), input.shape.len())
        });
        let given: Vec<(usize, usize)> = given.collect();
        let results = body.outputs.iter().enumerate();
        let results = results.map(|(k, o)| (part_offset(op, k), body.shape_of(o.id).len()));
        Self {
            results: results.collect(),
            plan: Plan::new(body),
            reals: vec![T::ZERO; reals],
            indices: vec![0; indices],
            from: (0..given.len()).map(from).collect(),
            given,
        }
    }

    fn bytes(&self) -> usize {
        let r = self.plan.report();
        r.total() + self.reals.len() * size_of::<T>() + self.indices.len() * 4
    }

    /// Takes constants and first states.
    fn begin(&mut self, op: &ScanOp, instr: &Instr, view: &View<'_, '_, T>) {
        for k in 0..(op.consts + op.carry) as usize {
            self.take(op, instr, view, k, None);
        }
    }

    /// Takes one entry of each sequence.
    fn enter(&mut self, op: &ScanOp, instr: &Instr, view: &View<'_, '_, T>, row: usize) {
        for k in (op.consts + op.carry) as usize..self.given.len() {
            self.take(op, instr, view, k, Some(row));
        }
    }

    fn take(
        &mut self,
        op: &ScanOp,
        instr: &Instr,
        view: &View<'_, '_, T>,
        k: usize,
        row: Option<usize>,
    ) {
        let (at, n) = self.given[k];
        let Some(id) = self.from[k].map(|j| instr.args[j] as usize) else { return };
        let entry = row.unwrap_or(0) * n..(row.unwrap_or(0) + 1) * n;
        if op.body.0.inputs[k].kind == Kind::Index {
            self.indices[at..at + n].copy_from_slice(&view.index(id)[entry]);
        } else {
            self.reals[at..at + n].copy_from_slice(&view.real(id).0[entry]);
        }
    }

    /// Puts the first states where the final ones will be.
    fn first_states(&self, op: &ScanOp, out: &mut [T]) {
        let carry = &self.results[..op.carry as usize];
        for (&(at, n), &(to, _)) in self.given[op.consts as usize..].iter().zip(carry) {
            out[to..to + n].copy_from_slice(&self.reals[at..at + n]);
        }
    }

    /// Runs the body; its results go to row `row` of `out`, its states round.
    fn step(&mut self, op: &ScanOp, row: usize, out: &mut [T]) -> Result<()> {
        let Self { plan, reals, indices, given, results, .. } = self;
        let inputs = &op.body.0.inputs;
        let argument = |k: usize| {
            let (at, n) = given[k];
            match inputs[k].kind {
                Kind::Index => Arg::Index(&indices[at..at + n], inputs[k].shape),
                _ => Arg::Real(&reals[at..at + n], inputs[k].shape),
            }
        };
        plan.execute(&argument)?;
        let carry = op.carry as usize;
        for (k, &(to, n)) in results.iter().enumerate() {
            let to = to + if k < carry { 0 } else { row * n };
            plan.copy_output(k, &argument, &mut out[to..to + n]);
        }
        for (&(at, n), &(from, _)) in given[op.consts as usize..].iter().zip(&results[..carry]) {
            reals[at..at + n].copy_from_slice(&out[from..from + n]);
        }
        Ok(())
    }
}

/// A reverse loop that makes states again.
#[derive(Clone, Debug)]
pub(crate) struct Rewind<T> {
    back: Body<T>,
    forward: Body<T>,
    schedule: Vec<Action>,
    /// Kept states, and the current one.
    slots: Vec<T>,
    current: Vec<T>,
}

impl<T: Scalar> Rewind<T> {
    fn new(op: &RewindOp) -> Self {
        // Arguments of the reverse loop without its histories, then the others.
        let before = |k: usize| op.history[..k].iter().filter(|h| h.is_none()).count();
        let own = before(op.history.len());
        let back = Body::new(&op.back, |k| op.history[k].is_none().then(|| before(k)));
        let forward = Body::new(&op.forward, |k| Some(own + k));
        let state = part_offset(&op.forward, op.forward.carry as usize);
        let schedule = revolve(op.back.length as usize, op.slots as usize);
        let used = schedule.iter().filter_map(|a| match a {
            Action::Keep { slot, .. } => Some(slot + 1),
            _ => None,
        });
        let slots = vec![T::ZERO; used.max().unwrap_or(0) * state];
        Self { back, forward, schedule, slots, current: vec![T::ZERO; state] }
    }

    fn run(
        &mut self,
        op: &RewindOp,
        instr: &Instr,
        view: &View<'_, '_, T>,
        out: &mut [T],
    ) -> Result<()> {
        let Self { back, forward, schedule, slots, current } = self;
        let (n, first) = (current.len(), op.forward.consts as usize);
        forward.begin(&op.forward, instr, view);
        back.begin(&op.back, instr, view);
        back.first_states(&op.back, out);
        forward.first_states(&op.forward, current);
        for action in schedule.iter() {
            match *action {
                Action::Keep { slot, .. } => {
                    slots[slot * n..(slot + 1) * n].copy_from_slice(current)
                }
                Action::Read { slot, .. } => {
                    current.copy_from_slice(&slots[slot * n..(slot + 1) * n]);
                    for (&(at, n), &(to, _)) in forward.given[first..].iter().zip(&forward.results)
                    {
                        forward.reals[at..at + n].copy_from_slice(&current[to..to + n]);
                    }
                }
                Action::Advance { from, to } => {
                    for step in from..to {
                        let row = row(&op.forward, step);
                        forward.enter(&op.forward, instr, view, row);
                        forward.step(&op.forward, 0, current)?;
                    }
                }
                Action::Back { step } => {
                    let row = row(&op.forward, step - 1);
                    back.enter(&op.back, instr, view, row);
                    for (k, state) in op.history.iter().enumerate() {
                        let Some(state) = *state else { continue };
                        let ((at, n), (from, _)) = (back.given[k], forward.results[state as usize]);
                        back.reals[at..at + n].copy_from_slice(&current[from..from + n]);
                    }
                    back.step(&op.back, row, out)?;
                }
                Action::Free { .. } | Action::Tape { .. } => {}
            }
        }
        Ok(())
    }
}

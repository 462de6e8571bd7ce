//! Running loops: the body has a plan of its own and memory for its arguments.
//!
//! A reverse loop within a budget keeps a few states of its forward loop and
//! makes the others again, in the order that [`revolve`] proves cheapest; the
//! first sweep of that order is the forward loop itself, which keeps states on its
//! way. The same kernels run on the same numbers, so the bits are those of a loop that
//! keeps all.

use wonderland_linalg::{Scalar, Team, wide};

use crate::checkpoint::{Action, revolve};
use crate::error::Result;
use crate::op::{Op, RewindOp, ScanOp};
use crate::plan::layout::Host;
use crate::plan::passing::{Entering, LISTED, Leaving, Rows};
use crate::plan::run::View;
use crate::plan::{Place, Plan};
use crate::program::Instr;
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
    /// Bytes of memory of its own.
    pub(crate) fn bytes(&self) -> usize {
        let bodies = match self {
            Self::Scan(body) => body.bytes(),
            Self::Rewind(r) => r.back.bytes() + r.forward.bytes(),
        };
        bodies + self.kept().map_or(0, |k| (k.slots.len() + k.current.len()) * size_of::<T>())
    }

    /// The states it keeps for a reverse loop.
    pub(crate) fn kept(&self) -> Option<&Kept<T>> {
        match self {
            Self::Scan(body) => body.kept.as_ref(),
            Self::Rewind(r) => r.kept.as_ref(),
        }
    }

    /// Runs the loop, with those before it at hand.
    pub(crate) fn run(
        &mut self,
        earlier: &mut [Self],
        instr: &Instr,
        view: &View<'_, T>,
        out: &mut [T],
    ) -> Result<()> {
        match (self, &instr.op) {
            (Self::Scan(body), Op::Scan(op)) => {
                body.begin(op, instr, view);
                let rows = body.rows(instr, view);
                for step in 0..op.length as usize {
                    body.keep(step, op.length as usize);
                    body.enter(instr, view, &rows, row(op, step));
                    body.ask(&rows, row(op, (step + 1).min(op.length as usize - 1)));
                    body.step(view.team, row(op, step), out)?;
                }
                // With no step, the first states are the final ones.
                let states = body.states();
                out[..states.len()].copy_from_slice(states);
                Ok(())
            }
            (Self::Rewind(rewind), Op::Rewind(op)) => {
                let swept = rewind.source.and_then(|k| match &mut earlier[k] {
                    Self::Scan(body) => body.kept.as_mut(),
                    Self::Rewind(_) => None,
                });
                rewind.run(swept, op, instr, view, out)
            }
            _ => unreachable!("a runner belongs to its loop"),
        }
    }
}

/// The loops of a program, collected in order.
pub(crate) struct Runners<T> {
    pub(crate) list: Vec<Runner<T>>,
    /// The instruction of each.
    instrs: Vec<usize>,
}

impl<T> Default for Runners<T> {
    fn default() -> Self {
        Self { list: Vec::new(), instrs: Vec::new() }
    }
}

impl<T: Scalar> Runners<T> {
    /// Appends the runner of instruction `k`, if that is a loop. The forward loop
    /// of a reverse loop keeps states for it unless it does so for another.
    pub(crate) fn take(&mut self, k: usize, instr: &Instr) {
        let runner = match &instr.op {
            Op::Scan(op) => Runner::Scan(Box::new(Body::new(op, Some))),
            Op::Rewind(op) => {
                let mut rewind = Box::new(Rewind::new(op));
                let source = instr.args.last().map(|&a| a as usize);
                let source = self.instrs.iter().rposition(|&i| op.swept && Some(i) == source);
                if let Some(at) = source
                    && let Runner::Scan(forward) = &mut self.list[at]
                    && forward.kept.is_none()
                {
                    forward.kept = rewind.kept.take();
                    rewind.source = Some(at);
                }
                Runner::Rewind(rewind)
            }
            _ => return,
        };
        self.list.push(runner);
        self.instrs.push(k);
    }
}

/// States of a forward loop that its reverse loop works from.
#[derive(Clone, Debug)]
pub(crate) struct Kept<T> {
    /// The states that are in the slots after the first sweep, in order.
    first: Vec<usize>,
    pub(crate) slots: Vec<T>,
    /// The state that is worked on: after the first sweep, the one before the
    /// last.
    pub(crate) current: Vec<T>,
}

/// Which entry of the sequences a step reads.
fn row(op: &ScanOp, step: usize) -> usize {
    if op.reverse { op.length as usize - 1 - step } else { step }
}

/// The plan of a loop's body, whose arguments stand at the beginning of its
/// arena.
#[derive(Clone, Debug)]
pub(crate) struct Body<T> {
    pub(crate) plan: Plan<T>,
    /// For each argument of the body, which argument of the instruction it is,
    /// if it is one.
    from: Vec<Option<usize>>,
    /// Where each result of the loop begins among all, and its length per step.
    results: Vec<(usize, usize)>,
    /// Where the states begin among the arguments, and the length of all.
    states: (usize, usize),
    /// Which states are not written where they were.
    moved: Vec<usize>,
    /// What it keeps for a reverse loop.
    kept: Option<Kept<T>>,
    /// The listed sequences: number of the argument, and where its entries are.
    listed: Vec<(usize, usize, usize)>,
    /// Other sequences.
    others: Vec<usize>,
    /// The stacked results that hold a state before each step, and those that are in
    /// the arena after it: where, where among all results the first row goes, and the
    /// length of a row.
    before: Vec<(usize, usize, usize)>,
    stacked: Vec<(usize, usize, usize)>,
    /// Other stacked results: number among those of a step, and among all.
    apart: Vec<(usize, usize)>,
}

impl<T: Scalar> Body<T> {
    fn new(op: &ScanOp, from: impl Fn(usize) -> Option<usize>) -> Self {
        let body = &op.body.0;
        let results = body.outputs.iter().enumerate();
        let results: Vec<_> =
            results.map(|(k, o)| (part_offset(op, k), body.shape_of(o.id).len())).collect();
        let (consts, carry) = (op.consts as usize, op.carry as usize);
        // What a state was before the step is taken before it, not a result of it.
        let (before, after): (Vec<usize>, Vec<usize>) =
            (0..results.len()).partition(|&k| op.state_before(k as u32).is_some());
        let mut stepping = (**body).clone();
        stepping.outputs = after.iter().map(|&k| body.outputs[k].clone()).collect();
        let plan = Plan::new(&stepping, Host::Loop { consts, carry });
        let next = |at: usize| plan.places[plan.program.outputs[at].id as usize];
        let moved = (0..carry).filter(|&k| next(k) != plan.places[consts + k]).collect();
        let (mut listed, mut others) = (Vec::new(), Vec::new());
        for k in (consts + carry..body.inputs.len()).filter(|&k| from(k).is_some()) {
            match plan.places[k] {
                Place::Arena { start, len } if listed.len() < LISTED => {
                    listed.push((k, start, len));
                }
                _ => others.push(k),
            }
        }
        let row = |place: Place, k: usize| match place {
            Place::Arena { start, len } => Some((start, results[k].0, len)),
            _ => None,
        };
        let before =
            before.iter().filter_map(|&k| row(plan.places[body.outputs[k].id as usize], k));
        let before = before.collect();
        let (mut stacked, mut apart) = (Vec::new(), Vec::new());
        for (at, &k) in after.iter().enumerate().skip(carry) {
            match row(next(at), k) {
                Some(row) => stacked.push(row),
                None => apart.push((at, k)),
            }
        }
        let first = plan.places.get(consts);
        let begin = match first {
            Some(Place::Arena { start, .. }) if op.carry > 0 => *start,
            _ => 0,
        };
        Self {
            results,
            from: (0..body.inputs.len()).map(from).collect(),
            states: (begin, part_offset(op, carry)),
            moved,
            listed,
            others,
            before,
            stacked,
            apart,
            plan,
            kept: None,
        }
    }

    fn bytes(&self) -> usize {
        self.plan.report().total()
    }

    /// Takes constants and first states.
    fn begin(&mut self, op: &ScanOp, instr: &Instr, view: &View<'_, T>) {
        for k in 0..(op.consts + op.carry) as usize {
            self.take(instr, view, k, 0);
        }
    }

    /// Keeps the states before a step, if a reverse loop wants them.
    fn keep(&mut self, step: usize, length: usize) {
        let Some(kept) = &mut self.kept else { return };
        let (begin, n) = self.states;
        let states = &self.plan.arena[begin..begin + n];
        if let Ok(slot) = kept.first.binary_search(&step) {
            kept.slots[slot * n..(slot + 1) * n].copy_from_slice(states);
        }
        if step + 1 == length {
            kept.current.copy_from_slice(states);
        }
    }

    /// The listed sequences.
    fn rows<'v>(&self, instr: &Instr, view: &View<'v, T>) -> Rows<'v, T> {
        let mut rows = [&[][..]; LISTED];
        for (slot, &(k, ..)) in rows.iter_mut().zip(&self.listed) {
            let from = self.from[k].map(|j| instr.args[j] as usize);
            *slot = view.real(from.expect("only arguments are listed")).0;
        }
        rows
    }

    /// Takes entry `row` of each sequence.
    fn enter(&mut self, instr: &Instr, view: &View<'_, T>, rows: &Rows<'_, T>, row: usize) {
        wide(Entering { rows, listed: &self.listed, row, arena: &mut self.plan.arena });
        for j in 0..self.others.len() {
            self.take(instr, view, self.others[j], row);
        }
    }

    /// Asks for the entries of a later step, so that they come while others are
    /// worked on: they lie far apart, and no processor foresees so many.
    fn ask(&self, rows: &Rows<'_, T>, row: usize) {
        let entries = rows.iter().zip(&self.listed).filter_map(|(x, (_, _, n))| x.get(row * n));
        std::hint::black_box(entries.fold(T::ZERO, |all, &x| all + x));
    }

    /// Takes argument `k`, or its entry `row`.
    fn take(&mut self, instr: &Instr, view: &View<'_, T>, k: usize, row: usize) {
        let Some(id) = self.from[k].map(|j| instr.args[j] as usize) else { return };
        match self.plan.places[k] {
            Place::Arena { start, len } => {
                let x = view.real(id).0;
                let to = &mut self.plan.arena[start..start + len];
                match x {
                    // A constant kept once.
                    &[x] => to.fill(x),
                    x => to.copy_from_slice(&x[row * len..(row + 1) * len]),
                }
            }
            Place::Index { start, len } => {
                let x = &view.index(id)[row * len..(row + 1) * len];
                self.plan.indices[start..start + len].copy_from_slice(x);
            }
            place => unreachable!("no argument is in {place:?}"),
        }
    }

    /// The states, to be read or set.
    fn states(&mut self) -> &mut [T] {
        let (begin, len) = self.states;
        &mut self.plan.arena[begin..begin + len]
    }

    /// Argument `k`, to be set.
    fn argument(&mut self, k: usize) -> &mut [T] {
        match self.plan.places[k] {
            Place::Arena { start, len } => &mut self.plan.arena[start..start + len],
            place => unreachable!("no numbers are in {place:?}"),
        }
    }

    /// Runs the body; its states replace those before, its other results go to
    /// row `row` of their parts. The front of `out` is overwritten.
    fn step(&mut self, team: Team, row: usize, out: &mut [T]) -> Result<()> {
        wide(Leaving { rows: &self.before, row, arena: &self.plan.arena, out });
        self.plan.execute(team, &[], &mut [])?;
        wide(Leaving { rows: &self.stacked, row, arena: &self.plan.arena, out });
        for &(at, k) in &self.apart {
            let (to, n) = self.results[k];
            self.plan.copy_kept(at, &mut out[to + row * n..][..n]);
        }
        // Some may be where others go: all are taken before any is put back.
        for &k in &self.moved {
            let (to, n) = self.results[k];
            self.plan.copy_kept(k, &mut out[to..to + n]);
        }
        let Self { plan, results, states: (begin, _), moved, .. } = self;
        for &k in moved.iter() {
            let (to, n) = results[k];
            plan.arena[*begin + to..][..n].copy_from_slice(&out[to..to + n]);
        }
        Ok(())
    }
}

/// A reverse loop that makes states again.
#[derive(Clone, Debug)]
pub(crate) struct Rewind<T> {
    pub(crate) back: Body<T>,
    pub(crate) forward: Body<T>,
    pub(crate) schedule: Vec<Action>,
    /// How much of the schedule is the first sweep.
    sweep: usize,
    /// The forward loop that makes the first sweep and keeps the states, among the
    /// loops before; without one they are kept here.
    source: Option<usize>,
    kept: Option<Kept<T>>,
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
        let sweep = schedule.iter().position(|a| matches!(a, Action::Back { .. })).unwrap_or(0);
        let keeps = |actions: &[Action]| -> Vec<(usize, usize)> {
            let keeps = actions.iter().filter_map(|a| match *a {
                Action::Keep { slot, state } => Some((slot, state)),
                _ => None,
            });
            keeps.collect()
        };
        let used = keeps(&schedule).iter().map(|k| k.0 + 1).max().unwrap_or(0);
        // The first sweep fills one slot after the other.
        let first = keeps(&schedule[..sweep]).iter().map(|k| k.1).collect();
        let (slots, current) = (vec![T::ZERO; used * state], vec![T::ZERO; state]);
        let kept = Some(Kept { first, slots, current });
        Self { back, forward, schedule, sweep, source: None, kept }
    }

    /// Runs the loop, from what the forward loop kept if it did.
    fn run(
        &mut self,
        swept: Option<&mut Kept<T>>,
        op: &RewindOp,
        instr: &Instr,
        view: &View<'_, T>,
        out: &mut [T],
    ) -> Result<()> {
        let Self { back, forward, schedule, sweep, kept, .. } = self;
        let (forward_rows, back_rows) = (forward.rows(instr, view), back.rows(instr, view));
        forward.begin(&op.forward, instr, view);
        back.begin(&op.back, instr, view);
        let done = if swept.is_some() { *sweep } else { 0 };
        let kept = swept.or(kept.as_mut()).expect("states are kept there or here");
        let Kept { slots, current, .. } = kept;
        if done == 0 {
            current.copy_from_slice(forward.states());
        }
        let n = current.len();
        for action in &schedule[done..] {
            match *action {
                Action::Keep { slot, .. } => {
                    slots[slot * n..(slot + 1) * n].copy_from_slice(current)
                }
                Action::Read { slot, .. } => {
                    current.copy_from_slice(&slots[slot * n..(slot + 1) * n]);
                    forward.states().copy_from_slice(current);
                }
                Action::Advance { from, to } => {
                    for step in from..to {
                        let row = row(&op.forward, step);
                        forward.enter(instr, view, &forward_rows, row);
                        forward.step(view.team, 0, current)?;
                    }
                    current.copy_from_slice(forward.states());
                }
                Action::Back { step } => {
                    let row = row(&op.forward, step - 1);
                    back.enter(instr, view, &back_rows, row);
                    for (k, state) in op.history.iter().enumerate() {
                        let Some(state) = *state else { continue };
                        let (from, n) = forward.results[state as usize];
                        back.argument(k).copy_from_slice(&current[from..from + n]);
                    }
                    back.step(view.team, row, out)?;
                }
                Action::Free { .. } | Action::Tape { .. } => {}
            }
        }
        let states = back.states();
        out[..states.len()].copy_from_slice(states);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Runner;
    use crate::{Program, input, scan, trace};

    /// The states of the last loop that are not written where they were.
    fn moved(p: &Program) -> Vec<usize> {
        match p.plan::<f64>().loops.last() {
            Some(Runner::Scan(body)) => body.moved.clone(),
            _ => panic!("a loop is expected"),
        }
    }

    /// A reverse loop adds to its sums in place; states that change places do not.
    #[test]
    fn a_state_is_written_where_it_was_if_no_one_needs_it_there() {
        let steps = trace((input("w", [50]), input("x", [50])), |_, (w, x)| {
            let (s, _) = scan(9, &[w], &[x], &[], |c, s, _| (vec![(s[0] * c[0]).sin()], vec![]));
            s[0].sum()
        });
        let back = steps.and_then(|p| p.grad()).expect("a scalar");
        assert_eq!(moved(&back), [0; 0], "{back}");
        let turns = trace((input("x", [5]), input("y", [5])), |_, (x, y)| {
            scan(9, &[], &[x, y], &[], |_, s, _| (vec![s[1], s[0] * s[1]], vec![])).0[1].sum()
        });
        let turns = turns.expect("it fits");
        assert_eq!(moved(&turns), [0, 1], "{turns}");
    }
}

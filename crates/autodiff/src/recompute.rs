//! Loops that make again what their forward loop could have kept.
//!
//! A reverse loop reads what the forward loop left: states, and values that
//! are dear to compute. Within a memory budget only a few states are kept, so
//! the reverse loop is first rewritten to compute the dear values from the
//! state, by a copy of the forward body. The bits stay the same.

use crate::graph::{Graph, rewritten};
use crate::ids::Ids;
use crate::linearize::inline;
use crate::op::{Op, ScanOp, Sub};
use crate::program::{Id, Instr, Program};

/// The program in which reverse loops read nothing of their forward loops but
/// states.
pub(crate) fn without_residuals(program: &Program) -> Program {
    rewritten(program, |g, k, args, _| {
        let instr = &program.instrs[k];
        let pair = match &instr.op {
            Op::Scan(back) => Pair::find(g, back, &args),
            _ => None,
        };
        let (op, args) = match pair {
            Some(pair) => pair.rewrite(g, &args),
            None => (instr.op.clone(), args),
        };
        g.emit(&op, &args, instr.at)
    })
}

/// What a loop reads of one loop that goes the other way, in as many steps: that
/// loop, and for each argument which of the stacked results that are wanted.
pub(crate) fn left_for(
    instrs: &[Instr],
    back: &ScanOp,
    args: &[Id],
    is_wanted: impl Fn(&ScanOp, u32) -> bool,
) -> Option<(Id, Vec<Option<u32>>)> {
    let mut source = None;
    let left = args.iter().enumerate().map(|(k, &a)| {
        let Instr { op: Op::Part(part), args, .. } = &instrs[a as usize] else { return None };
        let Op::Scan(forward) = &instrs[args[0] as usize].op else { return None };
        let stacked = back.is_sequence(k) && *part >= forward.carry;
        let opposite = forward.reverse != back.reverse && forward.length == back.length;
        (stacked
            && opposite
            && is_wanted(forward, *part)
            && *source.get_or_insert(args[0]) == args[0])
            .then_some(*part)
    });
    let left = left.collect();
    Some((source?, left))
}

/// A reverse loop and the forward loop that left something for it.
struct Pair {
    back: ScanOp,
    forward: ScanOp,
    /// The forward loop, and its arguments.
    source: Id,
    given: Ids,
    /// For each argument of the reverse loop: which stacked result it is.
    left: Vec<Option<u32>>,
    /// Results that hold the states before each step.
    before: Vec<u32>,
}

impl Pair {
    /// The forward loop whose dear values `back` reads, if there is one.
    fn find(g: &Graph, back: &ScanOp, args: &[Id]) -> Option<Self> {
        let (source, left) = left_for(&g.instrs, back, args, |_, _| true)?;
        let Op::Scan(forward) = g.op(source) else { return None };
        let result_of =
            |state| (0..forward.n_parts()).find(|&part| forward.state_before(part) == Some(state));
        let before: Vec<u32> = (0..forward.carry).map(result_of).collect::<Option<_>>()?;
        let reads_dear = left.iter().flatten().any(|part| !before.contains(part));
        let given = g.instrs[source as usize].args.clone();
        let (back, forward) = (back.clone(), (**forward).clone());
        reads_dear.then_some(Self { back, forward, source, given, left, before })
    }

    /// The reverse loop with a copy of the forward body before its own.
    fn rewrite(&self, g: &mut Graph, args: &[Id]) -> (Op, Ids) {
        let Self { back, forward, .. } = self;
        let at = g.instrs[self.source as usize].at;
        let states: Vec<Id> =
            self.before.iter().map(|&p| g.emit(&Op::Part(p), &[self.source], at)).collect();
        let consts = forward.consts as usize;
        // Inputs: constants of both, states of the reverse loop, its sequences
        // but for what was left, then states and sequences of the forward loop.
        let of_back = |k: usize| (true, k, args[k]);
        let of_forward = |k: usize| {
            let state = k.checked_sub(consts).and_then(|k| states.get(k));
            (false, k, state.copied().unwrap_or(self.given[k]))
        };
        let [n_back, n_forward] = [back, forward].map(|op| op.body.0.inputs.len());
        let entries = (0..back.consts as usize)
            .map(of_back)
            .chain((0..consts).map(of_forward))
            .chain((back.consts as usize..n_back).filter(|&k| self.left[k].is_none()).map(of_back))
            .chain((consts..n_forward).map(of_forward));
        let mut inner = Graph::default();
        let (mut own, mut others, mut ids) = (vec![0; n_back], vec![0; n_forward], Vec::new());
        for (is_back, k, outer) in entries {
            let (op, inputs) = if is_back { (back, &mut own) } else { (forward, &mut others) };
            inputs[k] = inner.input(op.body.0.inputs[k].clone(), at);
            ids.push(outer);
        }
        let made = inline(&mut inner, &forward.body.0, &others, None);
        for (k, part) in self.left.iter().enumerate() {
            if let Some(part) = part {
                own[k] = made[*part as usize];
            }
        }
        let outputs = inline(&mut inner, &back.body.0, &own, None);
        let names = back.body.0.outputs.iter().map(|o| o.name.clone());
        let body = inner.finish(names.zip(outputs).collect());
        let op =
            ScanOp { body: Sub(body.into()), consts: back.consts + forward.consts, ..back.clone() };
        (Op::Scan(Box::new(op)), ids.into_iter().collect())
    }
}

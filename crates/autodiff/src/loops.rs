//! Derivatives of loops, which are loops again.
//!
//! Forward mode steps values and tangents together. For reverse mode the loop
//! leaves the state before every step and what is dear to compute again; a
//! second loop, linear in the tangents, reads them. Transposed, it runs in the
//! other direction and carries the adjoint of the state.

use std::ops::Range;

use crate::error::Place;
use crate::functions::Unary;
use crate::graph::Graph;
use crate::ids::Ids;
use crate::linearize::{Mode, linearize_by};
use crate::op::{Kind, Op, ScanOp, Sub};
use crate::program::{Id, Input, Output, Program};
use crate::transpose::transpose_program;

/// Emits a loop whose body takes `kept` of the arguments.
fn emit(g: &mut Graph, op: ScanOp, kept: &[usize], args: &[Id], at: Place) -> Id {
    let consts = kept.iter().filter(|&&k| k < op.consts as usize).count() as u32;
    let args: Ids = kept.iter().map(|&k| args[k]).collect();
    g.emit(&Op::Scan(Box::new(ScanOp { consts, ..op })), &args, at)
}

/// The loop of the derivative: value (or both), and tangent.
pub(crate) fn linearize(
    g: &mut Graph,
    op: &ScanOp,
    args: &[Id],
    dots: &[Option<Id>],
    mode: Mode,
    at: Place,
) -> (Id, Option<Id>) {
    let active: Vec<bool> = (0..args.len()).map(|k| op.is_state(k) || dots[k].is_some()).collect();
    let body = &op.body.0;
    let is_active = |k: usize| active[k] && body.inputs[k].kind == Kind::Real;
    let joint = Joint {
        op,
        args,
        dots,
        dotted: (0..args.len()).filter(|&k| active[k]).collect(),
        body: linearize_by(body, mode, is_active).program,
        at,
    };
    match mode {
        Mode::Forward => {
            let both = joint.step_together(g);
            (both, Some(both))
        }
        Mode::Split => joint.split(g),
    }
}

/// A loop and the program of one step's values and tangents.
struct Joint<'a> {
    op: &'a ScanOp,
    args: &'a [Id],
    dots: &'a [Option<Id>],
    /// Inputs are those of the body, then a tangent for each argument below;
    /// outputs are states and results, then their tangents.
    body: Program,
    dotted: Vec<usize>,
    at: Place,
}

impl Joint<'_> {
    /// Inputs of the body that are constants, states, sequences, and their
    /// tangents.
    fn inputs(&self) -> [[Vec<usize>; 2]; 3] {
        let (n, op) = (self.args.len(), self.op);
        let (consts, fixed) = (op.consts as usize, (op.consts + op.carry) as usize);
        [0..consts, consts..fixed, fixed..n].map(|range| {
            let dotted = self.dotted.iter().enumerate();
            let dots = dotted.filter(|(_, k)| range.contains(k)).map(|(j, _)| n + j).collect();
            [range.collect(), dots]
        })
    }

    /// What is handed to an input of the body.
    fn argument(&self, g: &mut Graph, j: usize) -> Id {
        if let Some(&arg) = self.args.get(j) {
            return arg;
        }
        let k = self.dotted[j - self.args.len()];
        let shape = g.shape(self.args[k]);
        self.dots[k].unwrap_or_else(|| g.constant(0.0, shape, self.at))
    }

    /// Number of outputs that are values.
    fn n_values(&self) -> usize {
        self.op.body.0.outputs.len()
    }

    /// One loop of values and tangents.
    fn step_together(&self, g: &mut Graph) -> Id {
        let [consts, states, xs] = self.inputs();
        let (consts, carry) = (consts.concat(), self.op.carry as usize);
        let n_consts = consts.len();
        let order = [consts, states.concat(), xs.concat()].concat();
        let ids: Vec<Id> = order.iter().map(|&j| self.argument(g, j)).collect();
        // States and their tangents, then results and theirs.
        let (values, tangents) = self.body.outputs.split_at(self.n_values());
        let outputs =
            [&values[..carry], &tangents[..carry], &values[carry..], &tangents[carry..]].concat();
        let inputs = order.iter().map(|&j| self.body.same_input(j)).collect();
        let is_state = |k| (n_consts..n_consts + 2 * carry).contains(&k);
        let (body, kept) = self.body.with_inputs(inputs, outputs, is_state);
        let op = ScanOp {
            body: Sub(body.into()),
            consts: n_consts as u32,
            carry: 2 * self.op.carry,
            ..self.op.clone()
        };
        emit(g, op, &kept, &ids, self.at)
    }

    /// The loop, which also gives the state before each step and the dear
    /// values, and a loop of the tangents that reads them.
    fn split(&self, g: &mut Graph) -> (Id, Option<Id>) {
        let [[consts, d_consts], [states, d_states], [xs, d_xs]] = self.inputs();
        let dear = self.dear();
        let first = self.n_values();
        let mut outputs = self.body.outputs[..first].to_vec();
        for &k in &states {
            let name = format!("{}_before", self.body.inputs[k].name);
            outputs.push(Output { name, id: k as Id });
        }
        let names = (0..dear.len()).map(|k| format!("r{k}"));
        outputs.extend(names.clone().zip(&dear).map(|(name, &id)| Output { name, id }));
        let inputs = (0..self.args.len()).map(|k| self.body.same_input(k)).collect();
        let (values, _) = self.body.with_inputs(inputs, outputs, |_| true);
        let op = ScanOp { body: Sub(values.into()), ..self.op.clone() };
        let value = g.emit(&Op::Scan(Box::new(op)), self.args, self.at);

        let mut left = |k: usize| g.emit(&Op::Part((first + k) as u32), &[value], self.at);
        let before: Vec<Id> = (0..states.len()).map(&mut left).collect();
        let kept: Vec<Id> = (states.len()..states.len() + dear.len()).map(&mut left).collect();
        let fixed = [&consts[..], &d_consts, &d_states].concat();
        let mut ids: Vec<Id> = fixed.iter().map(|&j| self.argument(g, j)).collect();
        ids.extend(before);
        for &j in xs.iter().chain(&d_xs) {
            ids.push(self.argument(g, j));
        }
        ids.extend(kept);
        let own = [fixed, states, xs, d_xs].concat();
        let mut inputs: Vec<_> = own.iter().map(|&j| self.body.same_input(j)).collect();
        inputs.extend(names.zip(&dear).map(|(name, &id)| {
            let shape = self.body.shape_of(id);
            (Some(id), Input { name, shape, kind: Kind::Real, active: true })
        }));
        let consts = consts.len() + d_consts.len();
        let is_state = |k| (consts..consts + self.op.carry as usize).contains(&k);
        let outputs = self.body.outputs[first..].to_vec();
        let (body, kept) = self.body.with_inputs(inputs, outputs, is_state);
        let op = ScanOp { body: Sub(body.into()), consts: consts as u32, ..self.op.clone() };
        (value, Some(emit(g, op, &kept, &ids, self.at)))
    }

    /// Values of the step that the tangents need, that cost more to compute
    /// again than to keep, and that are not the same in every step.
    fn dear(&self) -> Vec<Id> {
        let body = &self.body;
        let from = |wanted: &dyn Fn(usize) -> bool| {
            let flags: Vec<bool> = (0..body.inputs.len()).map(wanted).collect();
            body.tainted(&flags)
        };
        let linear = from(&|k| k >= self.args.len());
        let varies = from(&|k| k >= self.op.consts as usize);
        let computed = body.needed(&body.outputs[..self.n_values()]);
        let mut seen = vec![false; body.instrs.len()];
        let mut dear = Vec::new();
        let tangents = body.instrs.iter().zip(&linear).filter(|(_, linear)| **linear);
        let mut todo: Vec<Id> = tangents.flat_map(|(instr, _)| &instr.args).copied().collect();
        while let Some(id) = todo.pop() {
            let k = id as usize;
            if linear[k] || std::mem::replace(&mut seen[k], true) {
                continue;
            }
            let instr = &body.instrs[k];
            if computed[k] && varies[k] && is_dear(&instr.op) {
                dear.push(id);
            } else {
                todo.extend(&instr.args);
            }
        }
        dear.sort_unstable();
        dear
    }
}

/// Whether a result of numbers is cheaper to keep than to compute again.
fn is_dear(op: &Op) -> bool {
    match op {
        Op::Map(Unary::Powf(_)) => true,
        Op::Map(f) => f.kernel().is_some(),
        Op::MatMul { .. }
        | Op::Sum(_)
        | Op::Along(..)
        | Op::Scatter { .. }
        | Op::Part(_)
        | Op::Custom(_) => true,
        _ => false,
    }
}

/// Result `part` of a differentiated loop, and its tangent; `op` is the loop
/// before.
pub(crate) fn linear_parts(
    g: &mut Graph,
    op: &ScanOp,
    part: u32,
    value: Id,
    tangent: Option<Id>,
    mode: Mode,
    at: Place,
) -> (Id, Option<Id>) {
    let Some(tangent) = tangent else {
        return (g.emit(&Op::Part(part), &[value], at), None);
    };
    let results = op.n_parts() - op.carry;
    let (own, dot) = match mode {
        Mode::Split => (part, part),
        Mode::Forward if part < op.carry => (part, op.carry + part),
        Mode::Forward => (op.carry + part, op.carry + results + part),
    };
    let dot = g.emit(&Op::Part(dot), &[tangent], at);
    (g.emit(&Op::Part(own), &[value], at), Some(dot))
}

/// What the transposed program knows of the arguments of a linear loop.
pub(crate) struct Linearity<'a> {
    pub(crate) args: &'a [Id],
    /// By instruction of the old program.
    pub(crate) taint: &'a [bool],
    /// From instructions of the old program to the new, where not linear.
    pub(crate) map: &'a [Id],
}

/// The transpose of a linear loop, given adjoints of its parts: adjoints of
/// its linear arguments.
pub(crate) fn transpose(
    g: &mut Graph,
    op: &ScanOp,
    given: &Linearity<'_>,
    parts: &[Option<Id>],
    at: Place,
) -> Vec<(Id, Id)> {
    let tainted = |k: usize| given.taint[given.args[k] as usize];
    let (consts, carry, n) = (op.consts as usize, op.carry as usize, given.args.len());
    let choose = |range: std::ops::Range<usize>, linear: bool| -> Vec<usize> {
        range.filter(|&k| tainted(k) == linear).collect()
    };
    let [of_consts, of_xs] = [0..consts, consts + carry..n];
    let linear_consts = choose(of_consts.clone(), true);
    let linear_xs = choose(of_xs.clone(), true);
    let (given_consts, given_xs) = (choose(of_consts, false), choose(of_xs, false));
    let (body, kept) = transposed_body(op, &(0..n).map(tainted).collect::<Vec<_>>(), at);

    let mut ids: Vec<Id> =
        given_consts.iter().map(|&k| given.map[given.args[k] as usize]).collect();
    let part = |g: &mut Graph, k: usize| {
        let bar = parts.get(k).copied().flatten();
        bar.unwrap_or_else(|| g.constant(0.0, op.part_shape(k), at))
    };
    for k in 0..carry {
        ids.push(part(g, k));
    }
    for &k in &linear_consts {
        ids.push(g.constant(0.0, op.body.0.inputs[k].shape, at));
    }
    ids.extend(given_xs.iter().map(|&k| given.map[given.args[k] as usize]));
    for k in carry..op.body.0.outputs.len() {
        ids.push(part(g, k));
    }
    let dual = ScanOp {
        body: Sub(body.into()),
        length: op.length,
        consts: given_consts.len() as u32,
        carry: (carry + linear_consts.len()) as u32,
        reverse: !op.reverse,
    };
    let bundle = emit(g, dual, &kept, &ids, at);
    // Results: adjoints of states, sums for constants, adjoints of sequences.
    let states = consts..consts + carry;
    let all = states.chain(linear_consts).chain(linear_xs).enumerate().filter(|&(_, k)| tainted(k));
    all.map(|(part, k)| (given.args[k], g.emit(&Op::Part(part as u32), &[bundle], at))).collect()
}

/// The body of the transpose. It takes given constants, adjoints of the states
/// and sums for the linear constants, given sequences, adjoints of results; it
/// gives adjoints of the states, the sums, adjoints of linear sequences. Which of
/// the arguments it takes comes second: states, and what it reads.
fn transposed_body(op: &ScanOp, tainted: &[bool], at: Place) -> (Program, Vec<usize>) {
    let (consts, carry) = (op.consts as usize, op.carry as usize);
    let linear: Vec<bool> = tainted.iter().enumerate().map(|(k, &t)| t || op.is_state(k)).collect();
    let dual = transpose_program((*op.body.0).clone(), &linear, 0, None);
    let n_consts = (0..consts).filter(|&k| !linear[k]).count();
    let n_given = linear.iter().filter(|&&l| !l).count();
    let own = |range: Range<usize>| range.map(|k| dual.same_input(k));
    let sums = (0..consts).filter(|&k| linear[k]).map(|k| {
        let Input { name, shape, .. } = &op.body.0.inputs[k];
        let (name, shape) = (format!("{name}_sum"), *shape);
        (None, Input { name, shape, kind: Kind::Real, active: false })
    });
    let mut inputs: Vec<_> =
        own(0..n_consts).chain(own(n_given..n_given + carry)).chain(sums).collect();
    let states = n_consts..inputs.len();
    inputs.extend(own(n_consts..n_given).chain(own(n_given + carry..dual.inputs.len())));
    let (body, kept) = dual.with_inputs(inputs, dual.outputs.clone(), |k| states.contains(&k));
    // Adjoints come in the order constants, states, sequences.
    let n_sums = states.len() - carry;
    let first_sum = kept.iter().take_while(|&&k| k < states.start + carry).count();
    let (mut g, mut bars) = Graph::going_on(body);
    for (k, bar) in bars[..n_sums].iter_mut().enumerate() {
        *bar = g.add((first_sum + k) as Id, *bar, at);
    }
    bars[..n_sums + carry].rotate_left(n_sums);
    let outputs = bars.into_iter().enumerate().map(|(k, id)| (format!("a{k}"), id)).collect();
    (g.finish(outputs), kept)
}

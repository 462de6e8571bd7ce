//! Reverse mode as a transformation (notes §6.3): the transpose of a program
//! that is linear in some of its inputs, the *dual* program.
//!
//! Only the linear operations need a rule, and they pair up: sum and broadcast,
//! slice and pad, gather and scatter; a product gives products with the other
//! operand transposed. Where a value is used twice, its adjoints add.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Place;
use crate::functions::{Binary, Unary};
use crate::graph::{Graph, permutation};
use crate::ids::Ids;
use crate::linearize::{Linear, Names};
use crate::loops;
use crate::op::{Kind, Op};
use crate::program::{Id, Input, Instr, Output, Program};
use crate::shape::{Axes, Shape};

/// Adjoints of linear values while the transpose is written.
struct Adjoints {
    of: Vec<Option<Id>>,
    /// Of the results of loops, by loop.
    parts: BTreeMap<Id, Vec<Option<Id>>>,
}

impl Adjoints {
    fn add(&mut self, g: &mut Graph, id: Id, adjoint: Id, at: Place) {
        add_to(g, &mut self.of[id as usize], adjoint, at);
    }

    fn add_part(&mut self, g: &mut Graph, scan: Id, part: usize, adjoint: Id, at: Place) {
        let parts = self.parts.entry(scan).or_default();
        if parts.len() <= part {
            parts.resize(part + 1, None);
        }
        add_to(g, &mut parts[part], adjoint, at);
    }
}

/// Adds an adjoint to those that came before it.
fn add_to(g: &mut Graph, sum: &mut Option<Id>, adjoint: Id, at: Place) {
    *sum = Some(sum.map_or(adjoint, |so_far| g.add(so_far, adjoint, at)));
}

/// `x_dot` and `x_bar` are each other's dual; a number at the end is dropped.
pub(crate) fn dual_name(mut name: String) -> String {
    let base = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let (end, dual) = match (base.strip_suffix("_dot"), base.strip_suffix("_bar")) {
        (Some(base), _) => (base.len(), "_bar"),
        (_, Some(base)) => (base.len(), "_dot"),
        _ => (name.len(), "_bar"),
    };
    name.truncate(end);
    name.push_str(dual);
    name
}

/// The transpose: inputs are the given ones, then an adjoint for each linear
/// output; outputs are the values, then an adjoint for each linear input.
pub(crate) fn transpose(linear: &Linear) -> Linear {
    let program = transpose_program(linear.program.clone(), &linear.inputs(), linear.values, None);
    Linear { program, given: linear.given, values: linear.values }
}

/// The transpose applied to adjoints that are 1: the gradient of one scalar.
pub(crate) fn gradient(linear: Linear) -> Program {
    let inputs = linear.inputs();
    transpose_program(linear.program, &inputs, linear.values, Some(1.0))
}

/// As [`transpose`], for linear inputs anywhere; the first `values` outputs
/// are kept as they are. With a `seed`, adjoints are that number, not inputs.
pub(crate) fn transpose_program(
    mut program: Program,
    linear: &[bool],
    values: usize,
    seed: Option<f64>,
) -> Program {
    let mut g = Graph::with_room(program.instrs.len());
    let mut map = vec![Id::MAX; program.instrs.len()];
    let inputs = Arc::unwrap_or_clone(std::mem::take(&mut program.inputs));
    let n_inputs = inputs.len();
    let mut duals = Vec::new();
    for (k, input) in inputs.into_iter().enumerate() {
        if linear[k] {
            duals.push((k, dual_name(input.name)));
        } else {
            map[k] = g.input(input, program.instrs[k].at);
        }
    }
    let ends = program.outputs[values..].iter();
    let seeds: Vec<Id> = match seed {
        Some(c) => {
            let seed = |end: &Output| {
                let Instr { shape, at, .. } = program.instrs[end.id as usize];
                g.constant(c, shape, at)
            };
            ends.map(seed).collect()
        }
        None => {
            let mut names = Names::of(g.inputs.iter());
            let names: Vec<_> =
                ends.clone().map(|o| names.fresh(dual_name(o.name.clone()))).collect();
            let seed = |(end, name): (&Output, String)| {
                let Instr { shape, at, .. } = program.instrs[end.id as usize];
                g.input(Input { name, shape, kind: Kind::Real, active: false }, at)
            };
            ends.zip(names).map(seed).collect()
        }
    };
    let taint = program.tainted(linear);
    for (k, instr) in program.instrs.iter().enumerate().skip(n_inputs) {
        if !taint[k] {
            map[k] = g.copy(instr, &map);
        }
    }
    let mut adjoints =
        Adjoints { of: vec![None; program.instrs.len()], parts: BTreeMap::default() };
    for (&Output { id, .. }, seed) in program.outputs[values..].iter().zip(seeds) {
        if taint[id as usize] {
            adjoints.add(&mut g, id, seed, program.instrs[id as usize].at);
        }
    }
    for id in (n_inputs as Id..program.instrs.len() as Id).rev() {
        if taint[id as usize] {
            pull(&mut g, &program, id, &taint, &map, &mut adjoints);
        }
    }
    program.outputs.truncate(values);
    let kept = program.outputs.into_iter();
    let mut outputs: Vec<(String, Id)> = kept.map(|o| (o.name, map[o.id as usize])).collect();
    for (k, name) in duals {
        let Instr { shape, at, .. } = program.instrs[k];
        outputs.push((name, adjoints.of[k].unwrap_or_else(|| g.constant(0.0, shape, at))));
    }
    g.finish(outputs)
}

/// Hands the adjoint of instruction `id` on to its linear arguments.
fn pull(
    g: &mut Graph,
    program: &Program,
    id: Id,
    taint: &[bool],
    map: &[Id],
    adjoints: &mut Adjoints,
) {
    let instr = &program.instrs[id as usize];
    let (args, at) = (&instr.args, instr.at);
    let is_linear = |k: usize| taint[args[k] as usize];
    let shape = |k: usize| program.shape_of(args[k]);
    if let (Op::Scan(op), Some(parts)) = (&instr.op, adjoints.parts.remove(&id)) {
        let given = loops::Linearity { args, taint, map };
        for (arg, bar) in loops::transpose(g, op, &given, &parts, at) {
            adjoints.add(g, arg, bar, at);
        }
    }
    let Some(bar) = adjoints.of[id as usize] else { return };
    if let Some(dual) = dual_of_one(&instr.op, shape(0), instr.shape) {
        let given: Ids =
            [bar].into_iter().chain(args[1..].iter().map(|&a| map[a as usize])).collect();
        let part = g.emit(&dual, &given, at);
        return adjoints.add(g, args[0], part, at);
    }
    match &instr.op {
        Op::Zip(f @ (Binary::Add | Binary::Sub)) => {
            for k in (0..2).filter(|&k| is_linear(k)) {
                let part = g.unstretch_sum(bar, shape(k), at);
                let minus = *f == Binary::Sub && k == 1;
                let part = if minus { g.scale(-1.0, part, at) } else { part };
                adjoints.add(g, args[k], part, at);
            }
        }
        op @ (Op::Zip(Binary::Mul | Binary::Div) | Op::MatMul { .. }) => {
            let (x, other) = if is_linear(0) { (0, 1) } else { (1, 0) };
            debug_assert!(!is_linear(other), "a product is linear in one argument");
            let factor = map[args[other] as usize];
            let part = if let Op::MatMul { ta, tb } = op {
                pull_matmul(g, x == 0, (*ta, *tb), bar, factor, shape(x), at)
            } else {
                let part = g.emit(op, &[bar, factor], at);
                g.unstretch_sum(part, shape(x), at)
            };
            adjoints.add(g, args[x], part, at);
        }
        Op::Select => {
            let mask = map[args[0] as usize];
            let zero = g.constant(0.0, Shape::SCALAR, at);
            for k in (1..3).filter(|&k| is_linear(k)) {
                let branches = if k == 1 { [mask, bar, zero] } else { [mask, zero, bar] };
                let part = g.emit(&Op::Select, &branches, at);
                let part = g.unstretch_sum(part, shape(k), at);
                adjoints.add(g, args[k], part, at);
            }
        }
        Op::Part(k) => adjoints.add_part(g, args[0], *k as usize, bar, at),
        op => unreachable!("{} is not linear", op.name()),
    }
}

/// The transpose of an operation that is linear in one tensor, which had the
/// shape `from`; an index keeps its place.
fn dual_of_one(op: &Op, from: Shape, to: Shape) -> Option<Op> {
    Some(match op {
        Op::Map(Unary::Scale(_)) => op.clone(),
        Op::Sum(axes) => Op::Broadcast(*axes, from),
        Op::Broadcast(axes, _) => Op::Sum(*axes),
        Op::Reshape(_) => Op::Reshape(from),
        Op::Permute(perm) => {
            let mut inverse = vec![0; to.rank()];
            for (k, &axis) in perm.iter().enumerate().take(inverse.len()) {
                inverse[usize::from(axis)] = k;
            }
            Op::Permute(permutation(&inverse))
        }
        &Op::Slice { axis, start, end } => {
            Op::Pad { axis, before: start, after: from.dim(usize::from(axis)) - end }
        }
        &Op::Pad { axis, before, .. } => {
            Op::Slice { axis, start: before, end: before + from.dim(usize::from(axis)) }
        }
        Op::Gather { along } => Op::Scatter { along: *along, shape: from },
        Op::Scatter { along, .. } => Op::Gather { along: *along },
        _ => return None,
    })
}

/// The adjoint of one operand of Y = op(A) op(B), where `bar` is that of Y.
fn pull_matmul(
    g: &mut Graph,
    left: bool,
    (ta, tb): (bool, bool),
    bar: Id,
    factor: Id,
    shape: Shape,
    at: Place,
) -> Id {
    let (y, other) = (g.shape(bar), g.shape(factor));
    if !left && !ta && !tb && shape.rank() == 2 && y.rank() > 2 && other.rank() == y.rank() {
        // One matrix shared by all batches: one long product instead of a sum.
        let rows = |s: Shape| {
            let (batch, n, m) = s.matrix();
            Shape::from([batch * n, m])
        };
        let (a, b) = (g.reshape(factor, rows(other), at), g.reshape(bar, rows(y), at));
        return g.matmul((a, true), (b, false), at);
    }
    let part = match (left, ta, tb) {
        (true, false, tb) => g.matmul((bar, false), (factor, !tb), at),
        (true, true, tb) => g.matmul((factor, tb), (bar, true), at),
        (false, ta, false) => g.matmul((factor, !ta), (bar, false), at),
        (false, ta, true) => g.matmul((bar, true), (factor, ta), at),
    };
    let batches = g.shape(part).rank() - shape.rank();
    g.emit(&Op::Sum(Axes::first(batches)), &[part], at)
}

#[cfg(test)]
mod tests {
    use super::transpose;
    use crate::linearize::{Mode, linearize};
    use crate::{Idx, Var, data, index, input, trace};

    type Map = for<'t> fn(Var<'t>, Var<'t>, Var<'t>, Idx<'t>) -> Var<'t>;

    /// The transpose of the transpose is the linear program itself, instruction
    /// by instruction.
    #[test]
    fn transposing_twice_gives_the_program_back() {
        let maps: [Map; 12] = [
            |x, _, _, _| x * -1.5,
            |x, z, _, _| x * z,
            |x, z, _, _| z.gt(z * 0.5).select(x, x.scalar(0.0)),
            |x, _, A, _| x.matmul(A),
            |x, _, A, _| A.t().matmul(x.t()),
            |x, _, _, _| x.sum_axes(&[0]),
            |x, _, _, _| x.keep_axis(0).broadcast_to([5, 3, 4]),
            |x, _, _, _| x.reshape([12]),
            |x, _, _, _| x.reshape([3, 2, 2]).permute(&[1, 2, 0]),
            |x, _, _, _| x.slice(1, 1, 3),
            |x, _, _, _| x.pad(0, 2, 1),
            |x, _, _, i| x.gather(i).pick(i),
        ];
        for map in maps {
            let spec = (input("x", [3, 4]), data("z", [3, 4]), data("A", [4, 2]), index("i", [3]));
            let p = trace(spec, |_, (x, z, A, i)| map(x, z, A, i)).expect("the shapes fit");
            let mut linear = linearize(&p, Mode::Split);
            // The linear part alone.
            linear.program.outputs.remove(0);
            linear.values = 0;
            linear.program = linear.program.without_dead();
            let twice = transpose(&transpose(&linear));
            assert_eq!(twice.program.to_string(), linear.program.to_string());
        }
    }
}

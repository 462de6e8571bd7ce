//! Forward mode as a transformation (notes §6.2): the tangent of every
//! operation, written beside its value in one program.
//!
//! All derivatives start here. What depends on a tangent is linear; everything
//! else is the program itself or a residual it leaves for the derivative.
//! Rules use the *result* of an operation where they can (tanh' = 1 − y²), so
//! that the residual is a value that exists anyway. A tangent that is zero is
//! absent, never computed.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::error::Place;
use crate::graph::Graph;
use crate::ids::Ids;
use crate::loops;
use crate::op::{Kind, Op};
use crate::program::{Id, Input, Output, Program};
use crate::tangent::{Operation, tangent};

/// How loops are differentiated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// Value and tangent step together: constant memory.
    Forward,
    /// Values first, leaving the states of all steps; then a loop that is
    /// linear in the tangents and can be transposed.
    Split,
}

/// A program of which the last inputs enter linearly: outputs are first
/// values, then linear functions of those inputs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Linear {
    pub(crate) program: Program,
    /// Number of inputs that are not linear; they come first.
    pub(crate) given: usize,
    /// Number of outputs that are not linear; they come first.
    pub(crate) values: usize,
}

impl Linear {
    /// Which inputs are linear.
    pub(crate) fn inputs(&self) -> Vec<bool> {
        (0..self.program.inputs.len()).map(|k| k >= self.given).collect()
    }
}

/// Values and tangents: inputs are those of the program, then a tangent for
/// each active one; outputs are those of the program, then the tangent of each
/// real one.
pub(crate) fn linearize(program: &Program, mode: Mode) -> Linear {
    linearize_by(program, mode, |k| program.inputs[k].active)
}

/// As [`linearize`], with respect to other inputs.
pub(crate) fn linearize_by(
    program: &Program,
    mode: Mode,
    is_active: impl Fn(usize) -> bool,
) -> Linear {
    // About twice as much again for the tangents.
    let mut g = Graph::with_room(3 * program.instrs.len());
    let mut tangents: Vec<Option<Id>> = vec![None; program.instrs.len()];
    for (input, instr) in program.inputs.iter().zip(program.instrs.iter()) {
        g.input(input.clone(), instr.at);
    }
    let mut names = Names::of(program.inputs.iter());
    for (k, input) in program.inputs.iter().enumerate().filter(|&(k, _)| is_active(k)) {
        let name = names.fresh([&input.name, "_dot"].concat());
        let dot = Input { name, shape: input.shape, kind: Kind::Real, active: false };
        tangents[k] = Some(g.input(dot, program.instrs[k].at));
    }
    let mut map = Vec::with_capacity(program.instrs.len());
    map.extend(0..program.inputs.len() as Id);
    let mut dots: Vec<Option<Id>> = Vec::new();
    for instr in program.instrs.iter().skip(program.inputs.len()) {
        let k = map.len();
        dots.clear();
        dots.extend(instr.args.iter().map(|&a| tangents[a as usize]));
        let (value, tangent) = if dots.iter().all(Option::is_none) {
            (g.copy(instr, &map), None)
        } else {
            let args: Ids = instr.args.iter().map(|&a| map[a as usize]).collect();
            match &instr.op {
                Op::Scan(op) => loops::linearize(&mut g, op, &args, &dots, mode, instr.at),
                Op::Part(part) => {
                    let Op::Scan(op) = &program.instrs[instr.args[0] as usize].op else {
                        unreachable!("parts are taken of loops")
                    };
                    loops::linear_parts(&mut g, op, *part, args[0], dots[0], mode, instr.at)
                }
                op => {
                    let y = g.copy(instr, &map);
                    let operation = Operation { op, args: &args, y, at: instr.at };
                    (y, tangent(&mut g, &operation, &dots))
                }
            }
        };
        map.push(value);
        tangents[k] = tangent;
    }
    let mut outputs = Vec::with_capacity(2 * program.outputs.len());
    outputs.extend(program.outputs.iter().map(|o| (o.name.clone(), map[o.id as usize])));
    for output in &program.outputs {
        let instr = &program.instrs[output.id as usize];
        if instr.op.kind() == Kind::Real {
            let zero = |g: &mut Graph| g.constant(0.0, instr.shape, instr.at);
            let dot = tangents[output.id as usize].unwrap_or_else(|| zero(&mut g));
            outputs.push(([&output.name, "_dot"].concat(), dot));
        }
    }
    let (given, values) = (program.inputs.len(), program.outputs.len());
    Linear { program: g.finish(outputs), given, values }
}

/// Names of inputs, to find further ones.
pub(crate) struct Names<'a>(BTreeSet<Cow<'a, str>>);

impl<'a> Names<'a> {
    pub(crate) fn of(inputs: impl Iterator<Item = &'a Input>) -> Self {
        Self(inputs.map(|i| Cow::from(i.name.as_str())).collect())
    }

    /// A name no input has yet: `base`, or `base` and a number.
    pub(crate) fn fresh(&mut self, base: String) -> String {
        if self.0.insert(base.clone().into()) {
            return base;
        }
        let mut numbered = (2..).map(|k| format!("{base}{k}"));
        numbered.find(|name| self.0.insert(name.clone().into())).unwrap_or(base)
    }
}

/// Emits the instructions of a program on the given arguments; its outputs.
pub(crate) fn inline(g: &mut Graph, program: &Program, args: &[Id], at: Option<Place>) -> Vec<Id> {
    let mut map = args.to_vec();
    for instr in program.instrs.iter().skip(program.inputs.len()) {
        let args: Ids = instr.args.iter().map(|&a| map[a as usize]).collect();
        map.push(g.emit(&instr.op, &args, at.unwrap_or(instr.at)));
    }
    program.outputs.iter().map(|Output { id, .. }| map[*id as usize]).collect()
}

//! A program: one list of instructions, each computed once (notes §6.1.1,
//! the evaluation trace).
//!
//! It has no element type. Inputs are the first instructions; every argument
//! of an instruction stands before it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Place, Result};
use crate::functions::Unary;
use crate::graph::here;
use crate::ids::Ids;
use crate::op::{Kind, Op};
use crate::shape::Shape;

/// Number of an instruction.
pub(crate) type Id = u32;

/// One instruction.
#[derive(Clone, Debug)]
pub(crate) struct Instr {
    pub(crate) op: Op,
    pub(crate) args: Ids,
    pub(crate) shape: Shape,
    pub(crate) at: Place,
}

impl Instr {
    /// The `k`-th input.
    pub(crate) fn input(k: usize, input: &Input, at: Place) -> Self {
        let op = Op::Input(k as u32, input.kind);
        Self { op, args: (&[][..]).into(), shape: input.shape, at }
    }
}

impl PartialEq for Instr {
    fn eq(&self, other: &Self) -> bool {
        self.op == other.op && self.args == other.args && self.shape == other.shape
    }
}

/// An input of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Shape,
    /// Whether it holds numbers or indices.
    pub kind: Kind,
    /// Whether derivatives are taken with respect to it.
    pub active: bool,
}

/// An output of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) name: String,
    pub(crate) id: Id,
}

/// A traced function: named inputs, instructions, named outputs.
///
/// Printing it gives a listing; `{:#}` adds the source line of every
/// instruction. Equal traces are equal and print equally.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// Shared by all that hold the same list, as instructions are.
    pub(crate) inputs: Arc<Vec<Input>>,
    pub(crate) instrs: Arc<Vec<Instr>>,
    pub(crate) outputs: Vec<Output>,
}

impl Program {
    /// The inputs, in order.
    #[must_use]
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Names of the outputs, in order.
    pub fn output_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.outputs.iter().map(|o| o.name.as_str())
    }

    /// Shapes of the outputs, in order.
    pub fn output_shapes(&self) -> impl ExactSizeIterator<Item = Shape> {
        self.outputs.iter().map(|o| self.shape_of(o.id))
    }

    /// Number of operations: instructions that are neither inputs nor constants,
    /// those of a loop's body once.
    #[must_use]
    pub fn n_ops(&self) -> usize {
        let bodies = self.instrs.iter().filter_map(|i| i.op.as_loop()).map(|l| l.body.0.n_ops());
        self.instrs.iter().filter(|i| is_work(&i.op)).count() + bodies.sum::<usize>()
    }

    /// How often each operation occurs, by name.
    #[must_use]
    pub fn op_counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for instr in self.instrs.iter().filter(|i| is_work(&i.op)) {
            *counts.entry(instr.op.name()).or_insert(0) += 1;
        }
        counts
    }

    /// Arithmetic operations of one run; a transcendental counts as one.
    #[must_use]
    pub fn flops(&self) -> u64 {
        self.instrs.iter().map(|i| self.flops_of(i)).sum()
    }

    /// Arithmetic operations of one instruction.
    pub(crate) fn flops_of(&self, instr: &Instr) -> u64 {
        let first = instr.args.first().map_or(Shape::SCALAR, |&a| self.shape_of(a));
        instr.op.flops(first, instr.shape)
    }

    /// The same program, differentiated with respect to the named inputs only.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a name it does not have, [`Error::IndexInput`]
    /// for an input of indices.
    pub fn with_respect_to(&self, names: &[&str]) -> Result<Self> {
        let mut program = self.clone();
        let inputs = Arc::make_mut(&mut program.inputs);
        for input in &mut *inputs {
            input.active = false;
        }
        for &name in names {
            let known = || join(self.inputs.iter().map(|i| i.name.as_str()));
            let input = inputs.iter_mut().find(|i| i.name == name).ok_or_else(|| {
                Error::Unknown { what: "input", name: name.to_owned(), known: known() }
            })?;
            if input.kind != Kind::Real {
                return Err(Error::IndexInput { name: name.to_owned() });
            }
            input.active = true;
        }
        Ok(program)
    }

    /// The same program with the named outputs only.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a name it does not have.
    pub fn keep_outputs(&self, names: &[&str]) -> Result<Self> {
        let mut program = self.clone();
        program.outputs = names
            .iter()
            .map(|&name| {
                self.outputs.iter().find(|o| o.name == name).cloned().ok_or_else(|| {
                    Error::Unknown {
                        what: "output",
                        name: name.to_owned(),
                        known: join(self.output_names()),
                    }
                })
            })
            .collect::<Result<_>>()?;
        Ok(program.without_dead())
    }

    pub(crate) fn shape_of(&self, id: Id) -> Shape {
        self.instrs[id as usize].shape
    }

    pub(crate) fn arg_shapes(&self, instr: &Instr) -> Vec<Shape> {
        instr.args.iter().map(|&a| self.shape_of(a)).collect()
    }

    /// Drops what no output needs; inputs stay.
    pub(crate) fn without_dead(mut self) -> Self {
        let mut live = self.needed(&self.outputs);
        live[..self.inputs.len()].fill(true);
        if live.iter().all(|&l| l) {
            return self;
        }
        let mut renumbered = vec![Id::MAX; self.instrs.len()];
        let (mut old, mut kept) = (0, 0);
        Arc::make_mut(&mut self.instrs).retain_mut(|instr| {
            let is_live = live[old];
            if is_live {
                instr.args.iter_mut().for_each(|a| *a = renumbered[*a as usize]);
                renumbered[old] = kept;
                kept += 1;
            }
            old += 1;
            is_live
        });
        for output in &mut self.outputs {
            output.id = renumbered[output.id as usize];
        }
        self
    }

    /// Input `k`, in the place of itself.
    pub(crate) fn same_input(&self, k: usize) -> (Option<Id>, Input) {
        (Some(k as Id), self.inputs[k].clone())
    }

    /// The program of other outputs, with these inputs, each in the place of a value
    /// or new. Inputs that are not read are left out unless they stay; which ones
    /// are there comes second.
    pub(crate) fn with_inputs(
        &self,
        inputs: Vec<(Option<Id>, Input)>,
        mut outputs: Vec<Output>,
        stays: impl Fn(usize) -> bool,
    ) -> (Self, Vec<usize>) {
        let n = self.instrs.len();
        let (mut live, mut given) = (vec![false; n], vec![false; n]);
        inputs.iter().filter_map(|i| i.0).for_each(|id| given[id as usize] = true);
        outputs.iter().for_each(|o| live[o.id as usize] = true);
        for (k, instr) in self.instrs.iter().enumerate().rev() {
            if live[k] && !given[k] {
                instr.args.iter().for_each(|&a| live[a as usize] = true);
            }
        }
        let mut new = vec![Id::MAX; n];
        let (mut kept, mut own) = (Vec::new(), Vec::new());
        let mut instrs = Vec::with_capacity(n);
        for (k, (id, input)) in inputs.into_iter().enumerate() {
            if !stays(k) && !id.is_some_and(|id| live[id as usize]) {
                continue;
            }
            let at = id.map_or(here(), |id| self.instrs[id as usize].at);
            if let Some(id) = id {
                new[id as usize] = own.len() as Id;
            }
            instrs.push(Instr::input(own.len(), &input, at));
            own.push(input);
            kept.push(k);
        }
        for (k, instr) in self.instrs.iter().enumerate().filter(|&(k, _)| live[k] && !given[k]) {
            debug_assert!(!matches!(instr.op, Op::Input(..)), "all that is read is given");
            new[k] = instrs.len() as Id;
            let args = instr.args.iter().map(|&a| new[a as usize]).collect();
            instrs.push(Instr { op: instr.op.clone(), args, ..*instr });
        }
        outputs.iter_mut().for_each(|o| o.id = new[o.id as usize]);
        (Self { inputs: own.into(), instrs: instrs.into(), outputs }, kept)
    }

    /// Which instructions these outputs need.
    pub(crate) fn needed(&self, outputs: &[Output]) -> Vec<bool> {
        let mut live = vec![false; self.instrs.len()];
        for output in outputs {
            live[output.id as usize] = true;
        }
        for (k, instr) in self.instrs.iter().enumerate().rev() {
            if live[k] {
                for &a in &instr.args {
                    live[a as usize] = true;
                }
            }
        }
        live
    }

    /// Which instructions depend on the flagged inputs by way of operations
    /// other than those with derivative zero.
    pub(crate) fn tainted(&self, inputs: &[bool]) -> Vec<bool> {
        let mut taint = vec![false; self.instrs.len()];
        for (k, instr) in self.instrs.iter().enumerate() {
            taint[k] = match instr.op {
                Op::Input(n, _) => inputs[n as usize],
                _ => instr.args.iter().any(|&a| taint[a as usize]),
            };
        }
        taint
    }

    /// Names for all values as the listing shows them.
    pub(crate) fn value_names(&self) -> Vec<String> {
        let mut count = 0;
        self.instrs
            .iter()
            .map(|instr| match instr.op {
                Op::Input(k, _) => self.inputs[k as usize].name.clone(),
                Op::Const(c, _) => format!("{}", c.get()),
                _ => {
                    count += 1;
                    format!("h{count}")
                }
            })
            .collect()
    }

    /// Instruction `k` as a line.
    pub(crate) fn said(&self, k: usize, names: &[String]) -> String {
        let instr = &self.instrs[k];
        let args: Vec<&str> = instr.args.iter().map(|&a| names[a as usize].as_str()).collect();
        let line = format!("{} = {}", names[k], describe(&instr.op, &args));
        match instr.op.kind() {
            Kind::Bundle => line,
            _ => format!("{line} : {}", instr.shape),
        }
    }

    fn list(&self, f: &mut fmt::Formatter<'_>, indent: usize) -> fmt::Result {
        let names = self.value_names();
        let pad = " ".repeat(indent);
        let inputs = self.inputs.iter().map(|i| match i.kind {
            Kind::Index => format!("{}: index {}", i.name, i.shape),
            _ => format!("{}: {}", i.name, i.shape),
        });
        writeln!(f, "program({})", inputs.collect::<Vec<_>>().join(", "))?;
        for (k, instr) in self.instrs.iter().enumerate() {
            if matches!(instr.op, Op::Input(..) | Op::Const(..)) {
                continue;
            }
            write!(f, "{pad}  {}", self.said(k, &names))?;
            if f.alternate() {
                write!(f, "  // {}", instr.at)?;
            }
            writeln!(f)?;
            match &instr.op {
                Op::Scan(scan) => {
                    write!(f, "{pad}    body ")?;
                    scan.body.0.list(f, indent + 4)?;
                }
                // A single operation says no more than the name does.
                Op::Custom(custom) if custom.value.0.n_ops() > 1 => {
                    write!(f, "{pad}    value ")?;
                    custom.value.0.list(f, indent + 4)?;
                }
                _ => {}
            }
        }
        for output in &self.outputs {
            let shape = self.shape_of(output.id);
            writeln!(f, "{pad}  return {} = {} : {shape}", output.name, names[output.id as usize])?;
        }
        Ok(())
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.list(f, 0)
    }
}

/// Whether the operation does anything at run time.
pub(crate) fn is_work(op: &Op) -> bool {
    !matches!(op, Op::Input(..) | Op::Const(..) | Op::Part(_))
}

pub(crate) fn join<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

fn describe(op: &Op, args: &[&str]) -> String {
    let name = op.name();
    let joined = args.join(" ");
    match op {
        Op::Map(Unary::Scale(c)) => format!("{name} {joined} {}", c.get()),
        Op::MatMul { ta, tb } => {
            let mark = |t: &bool| if *t { "ᵀ" } else { "" };
            format!("{name} {}{} {}{}", args[0], mark(ta), args[1], mark(tb))
        }
        Op::Sum(axes) | Op::Broadcast(axes, _) => format!("{name} {joined} axes {axes}"),
        Op::Permute(perm) => {
            format!(
                "{name} {joined} by {:?}",
                perm.iter().take_while(|&&a| a < 8).collect::<Vec<_>>()
            )
        }
        Op::Slice { axis, start, end } => format!("{name} {joined} {start}..{end} of axis {axis}"),
        Op::Pad { axis, before, after } => {
            format!("{name} {joined} axis {axis} by {before} before and {after} after")
        }
        Op::Map(Unary::Powi(n)) => format!("{name} {joined} {n}"),
        Op::Map(Unary::Powf(p)) => format!("{name} {joined} {}", p.get()),
        Op::ArgMax(axis) | Op::Along(_, axis) => {
            format!("{name} {joined} axis {axis}")
        }
        Op::Iota(n) | Op::OneHot(n) => format!("{name} {joined} {n}"),
        Op::Scan(scan) => {
            let back = if scan.reverse { " backwards" } else { "" };
            format!("{name} {joined} × {}{back}", scan.length)
        }
        Op::Part(k) => format!("{name} {k} of {joined}"),
        Op::Custom(custom) => format!("{} {joined}", custom.name),
        _ => format!("{name} {joined}"),
    }
}

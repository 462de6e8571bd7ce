//! The plain interpreter: every instruction in order, every value in its own
//! vector. It is the oracle of faster ways to run a program.

use wonderland_linalg::{Scalar, Team, Tensor};

use crate::error::{Error, Result};
use crate::kernels::{elementwise, index, matmul, reduce};
use crate::op::{Kind, Op, ScanOp};
use crate::program::{Input, Instr, Program, join};
use crate::shape::Shape;

/// An argument of a program: numbers with their shape, or indices.
#[derive(Clone, Copy, Debug)]
pub enum Arg<'a, T> {
    /// Numbers, row-major.
    Real(&'a [T], Shape),
    /// Indices with their shape.
    Index(&'a [u32], Shape),
}

impl<T> Arg<'_, T> {
    /// What it holds, and its shape.
    pub(crate) fn what(&self) -> (Kind, Shape) {
        match *self {
            Self::Real(_, shape) => (Kind::Real, shape),
            Self::Index(_, shape) => (Kind::Index, shape),
        }
    }
}

/// Whatever can be given to a program: tensors, index slices, numbers,
/// parameter trees and tuples of them.
pub trait Args<T: Scalar> {
    /// Appends the arguments in order.
    fn push_args<'a>(&'a self, out: &mut Vec<Arg<'a, T>>);
}

impl<T: Scalar> Args<T> for Tensor<T> {
    fn push_args<'a>(&'a self, out: &mut Vec<Arg<'a, T>>) {
        out.push(Arg::Real(self.as_slice(), Shape::from(self.shape())));
    }
}

macro_rules! args_of_numbers {
    ($($t:ident)*) => {$(
        impl Args<$t> for $t {
            fn push_args<'a>(&'a self, out: &mut Vec<Arg<'a, $t>>) {
                out.push(Arg::Real(std::slice::from_ref(self), Shape::SCALAR));
            }
        }
    )*};
}
args_of_numbers!(f32 f64);

impl<T: Scalar> Args<T> for [u32] {
    fn push_args<'a>(&'a self, out: &mut Vec<Arg<'a, T>>) {
        out.push(Arg::Index(self, Shape::from([self.len()])));
    }
}

impl<T: Scalar> Args<T> for Vec<u32> {
    fn push_args<'a>(&'a self, out: &mut Vec<Arg<'a, T>>) {
        self.as_slice().push_args(out);
    }
}

impl<T: Scalar> Args<T> for Vec<Tensor<T>> {
    fn push_args<'a>(&'a self, out: &mut Vec<Arg<'a, T>>) {
        self.iter().for_each(|a| a.push_args(out));
    }
}

impl<T: Scalar> Args<T> for [Arg<'_, T>] {
    fn push_args<'a>(&'a self, out: &mut Vec<Arg<'a, T>>) {
        out.extend_from_slice(self);
    }
}

impl<T: Scalar, A: Args<T> + ?Sized> Args<T> for &A {
    fn push_args<'a>(&'a self, out: &mut Vec<Arg<'a, T>>) {
        (**self).push_args(out);
    }
}

macro_rules! args_of_tuples {
    ($($name:ident)*) => {
        impl<T: Scalar, $($name: Args<T>),*> Args<T> for ($($name,)*) {
            #[allow(non_snake_case, reason = "type names double as bindings")]
            fn push_args<'a>(&'a self, out: &mut Vec<Arg<'a, T>>) {
                let ($($name,)*) = self;
                $($name.push_args(out);)*
            }
        }
    };
}
args_of_tuples!(A);
args_of_tuples!(A B);
args_of_tuples!(A B C);
args_of_tuples!(A B C D);
args_of_tuples!(A B C D E);
args_of_tuples!(A B C D E F);
args_of_tuples!(A B C D E F G);
args_of_tuples!(A B C D E F G H);

/// A value while running.
#[derive(Clone, Debug)]
pub(crate) enum Value<T> {
    Real(Vec<T>),
    Index(Vec<u32>),
    Bundle(Vec<Vec<T>>),
    /// Not computed yet, or needed no more.
    Gone,
}

impl<T> Value<T> {
    pub(crate) fn real(&self) -> &[T] {
        match self {
            Value::Real(v) => v,
            _ => unreachable!("numbers are expected here"),
        }
    }
    pub(crate) fn index(&self) -> &[u32] {
        match self {
            Value::Index(v) => v,
            _ => unreachable!("indices are expected here"),
        }
    }
}

/// Called after every instruction with its arguments and its value.
pub(crate) type Watch<'w, T> =
    &'w mut dyn FnMut(&Program, &Instr, &[&Value<T>], &Value<T>) -> Result<()>;

impl Program {
    /// Runs the program: one tensor per output.
    ///
    /// # Errors
    /// [`Error::ArgumentCount`] or [`Error::Argument`] when the arguments do not
    /// fit the inputs; [`Error::IndexOutOfRange`] for an index too large.
    pub fn run<T: Scalar>(&self, args: &(impl Args<T> + ?Sized)) -> Result<Vec<Tensor<T>>> {
        self.run_watched(args, &mut |_, _, _, _| Ok(()))
    }

    /// Runs a program of one scalar output.
    ///
    /// # Errors
    /// As [`run`](Program::run); [`Error::NotScalar`] when the first output is
    /// not a scalar.
    pub fn run_scalar<T: Scalar>(&self, args: &(impl Args<T> + ?Sized)) -> Result<T> {
        self.scalar_output()?;
        Ok(self.run(args)?[0].as_slice()[0])
    }

    /// Runs the program and stops at the first operation that makes a NaN or
    /// an infinity out of finite numbers, naming it and its source line.
    ///
    /// # Errors
    /// [`Error::NonFinite`], [`Error::NonFiniteInput`], and those of
    /// [`run`](Program::run).
    pub fn run_checked<T: Scalar>(&self, args: &(impl Args<T> + ?Sized)) -> Result<Vec<Tensor<T>>> {
        let mut list = Vec::new();
        args.push_args(&mut list);
        self.check_args(&list)?;
        for (input, arg) in self.inputs.iter().zip(&list) {
            let Arg::Real(values, _) = arg else { continue };
            if let Some(element) = values.iter().position(|v| !v.to_f64().is_finite()) {
                let value = values[element].to_f64();
                return Err(Error::NonFiniteInput { name: input.name.clone(), value, element });
            }
        }
        self.run_watched(list.as_slice(), &mut blame)
    }

    pub(crate) fn run_watched<T: Scalar>(
        &self,
        args: &(impl Args<T> + ?Sized),
        watch: Watch<'_, T>,
    ) -> Result<Vec<Tensor<T>>> {
        let mut list = Vec::new();
        args.push_args(&mut list);
        self.check_args(&list)?;
        let given = list
            .iter()
            .map(|arg| match arg {
                Arg::Real(v, _) => Value::Real(v.to_vec()),
                Arg::Index(v, _) => Value::Index(v.to_vec()),
            })
            .collect();
        let values = self.interpret(given, watch)?;
        let tensors = self.outputs.iter().zip(values).map(|(output, value)| {
            let dims = self.shape_of(output.id).dims();
            let data = match value {
                Value::Real(v) => v,
                Value::Index(v) => v.iter().map(|&i| T::from_f64(f64::from(i))).collect(),
                Value::Bundle(_) | Value::Gone => unreachable!("outputs are tensors"),
            };
            Tensor::new(&dims, data).expect("a value has the length of its shape")
        });
        Ok(tensors.collect())
    }

    pub(crate) fn check_args<T>(&self, args: &[Arg<'_, T>]) -> Result<()> {
        check_args(self.inputs.iter(), args.iter().map(Arg::what))
    }

    /// The values of the outputs.
    pub(crate) fn interpret<T: Scalar>(
        &self,
        given: Vec<Value<T>>,
        watch: Watch<'_, T>,
    ) -> Result<Vec<Value<T>>> {
        let mut last_use = vec![0; self.instrs.len()];
        for (k, instr) in self.instrs.iter().enumerate() {
            for &a in &instr.args {
                last_use[a as usize] = k;
            }
        }
        for output in &self.outputs {
            last_use[output.id as usize] = usize::MAX;
        }
        let mut values = given;
        for (k, instr) in self.instrs.iter().enumerate().skip(self.inputs.len()) {
            let args: Vec<&Value<T>> = instr.args.iter().map(|&a| &values[a as usize]).collect();
            let shapes = self.arg_shapes(instr);
            let value = evaluate(instr, &args, &shapes, watch)?;
            watch(self, instr, &args, &value)?;
            values.push(value);
            for &a in &instr.args {
                if last_use[a as usize] == k {
                    values[a as usize] = Value::Gone;
                }
            }
        }
        Ok(self.outputs.iter().map(|o| values[o.id as usize].clone()).collect())
    }
}

/// Whether there is a fitting argument for each input.
pub(crate) fn check_args<'p>(
    inputs: impl Iterator<Item = &'p Input> + Clone,
    args: impl ExactSizeIterator<Item = (Kind, Shape)>,
) -> Result<()> {
    let (expected, actual) = (inputs.clone().count(), args.len());
    if actual != expected {
        let names = join(inputs.map(|i| i.name.as_str()));
        return Err(Error::ArgumentCount { names, expected, actual });
    }
    for (input, (kind, shape)) in inputs.zip(args) {
        if kind != input.kind || shape != input.shape {
            return Err(Error::Argument {
                name: input.name.clone(),
                expected: said(input.kind, input.shape),
                actual: said(kind, shape),
            });
        }
    }
    Ok(())
}

pub(crate) fn said(kind: Kind, shape: Shape) -> String {
    match kind {
        Kind::Index => format!("indices of shape {shape}"),
        _ => format!("numbers of shape {shape}"),
    }
}

/// The value of one instruction.
pub(crate) fn evaluate<T: Scalar>(
    instr: &Instr,
    args: &[&Value<T>],
    shapes: &[Shape],
    watch: Watch<'_, T>,
) -> Result<Value<T>> {
    let shape = instr.shape;
    let mut y = match instr.op.kind() {
        Kind::Real => vec![T::ZERO; shape.len()],
        _ => Vec::new(),
    };
    match &instr.op {
        Op::Input(..) => unreachable!("inputs are given"),
        Op::Const(c, _) => y.fill(T::from_f64(c.get())),
        Op::Iota(n) => return Ok(Value::Index((0..*n).collect())),
        Op::Reshape(_) | Op::StopGradient | Op::Segment => y.copy_from_slice(args[0].real()),
        Op::ArgMax(axis) => {
            let mut best = vec![0; shape.len()];
            reduce::argmax(*axis, (args[0].real(), shapes[0]), &mut best);
            return Ok(Value::Index(best));
        }
        Op::Scan(scan) => return run_scan(scan, args, watch),
        Op::Part(k) => match args[0] {
            Value::Bundle(parts) => y.copy_from_slice(&parts[*k as usize]),
            _ => unreachable!("parts are taken of loops"),
        },
        Op::Custom(custom) => {
            let given = args.iter().map(|&a| a.clone()).collect();
            return Ok(custom.value.0.interpret(given, watch)?.swap_remove(0));
        }
        _ => {
            let arg = |k: usize| (args[k].real(), shapes[k]);
            compute(instr, Team::alone(), arg, |k| args[k].index(), &mut y)?;
        }
    }
    Ok(Value::Real(y))
}

/// The numbers of one instruction by its kernel, from its arguments of numbers and
/// of indices.
#[inline]
pub(crate) fn compute<'a, T: Scalar>(
    instr: &Instr,
    team: Team,
    arg: impl Fn(usize) -> (&'a [T], Shape),
    index_arg: impl Fn(usize) -> &'a [u32],
    out: &mut [T],
) -> Result<()> {
    let y = (out, instr.shape);
    match &instr.op {
        Op::Zip(f) => elementwise::zip(*f, arg(0), arg(1), y),
        Op::Select => elementwise::select(arg(0), arg(1), arg(2), y),
        Op::Map(f) => elementwise::map(*f, arg(0).0, y.0),
        Op::Along(f, axis) => reduce::along(*f, *axis, arg(0), y.0),
        Op::MatMul { ta, tb } => matmul::matmul(team, (*ta, *tb), None, arg(0), arg(1), y),
        Op::Sum(axes) => reduce::sum_axes(*axes, arg(0), y.0),
        Op::Broadcast(axes, _) => elementwise::broadcast(*axes, arg(0).0, y),
        Op::Permute(perm) => elementwise::permute(*perm, arg(0), y),
        Op::Slice { axis, start, .. } => elementwise::slice((*axis, *start), arg(0), y),
        Op::Pad { axis, before, .. } => elementwise::pad((*axis, *before), arg(0), y),
        Op::Gather { along } => {
            let (x, indices) = (arg(0), index_arg(1));
            in_range(instr, indices, x.1.dim(usize::from(*along)))?;
            index::gather(*along, x, indices, y.0);
        }
        Op::Scatter { along, .. } => {
            let indices = index_arg(1);
            in_range(instr, indices, instr.shape.dim(usize::from(*along)))?;
            index::scatter(*along, arg(0).0, indices, y);
        }
        Op::OneHot(n) => {
            in_range(instr, index_arg(0), *n as usize)?;
            index::one_hot(*n as usize, index_arg(0), y.0);
        }
        op @ (Op::Input(..)
        | Op::Const(..)
        | Op::Iota(_)
        | Op::Reshape(_)
        | Op::StopGradient
        | Op::Segment
        | Op::ArgMax(_)
        | Op::Scan(_)
        | Op::Rewind(_)
        | Op::Part(_)
        | Op::Custom(_)) => unreachable!("{} has no kernel of numbers", op.name()),
    }
    Ok(())
}

fn in_range(instr: &Instr, index: &[u32], limit: usize) -> Result<()> {
    match index::out_of_range(index, limit) {
        None => Ok(()),
        Some((position, index)) => Err(Error::IndexOutOfRange {
            op: instr.op.name(),
            at: instr.at.to_string(),
            index,
            position,
            limit,
        }),
    }
}

fn run_scan<T: Scalar>(scan: &ScanOp, args: &[&Value<T>], watch: Watch<'_, T>) -> Result<Value<T>> {
    let body = &scan.body.0;
    let (consts, carried, length) =
        (scan.consts as usize, scan.carry as usize, scan.length as usize);
    let mut carry: Vec<Value<T>> =
        args[consts..consts + carried].iter().map(|&a| a.clone()).collect();
    let mut stacked: Vec<Vec<T>> =
        (carried..body.outputs.len()).map(|k| vec![T::ZERO; scan.part_shape(k).len()]).collect();
    for step in 0..length {
        let row = if scan.reverse { length - 1 - step } else { step };
        let mut given: Vec<Value<T>> = args[..consts].iter().map(|&a| a.clone()).collect();
        given.append(&mut carry);
        for (xs, input) in args[consts + carried..].iter().zip(&body.inputs[consts + carried..]) {
            given.push(entry(xs, row, input));
        }
        let mut results = body.interpret(given, watch)?.into_iter();
        carry.extend(results.by_ref().take(carried));
        for (stack, y) in stacked.iter_mut().zip(results) {
            let y = y.real();
            stack[row * y.len()..(row + 1) * y.len()].copy_from_slice(y);
        }
    }
    let mut parts: Vec<Vec<T>> = carry.iter().map(|c| c.real().to_vec()).collect();
    parts.append(&mut stacked);
    Ok(Value::Bundle(parts))
}

fn entry<T: Scalar>(xs: &Value<T>, row: usize, input: &Input) -> Value<T> {
    let n = input.shape.len();
    match xs {
        Value::Index(v) => Value::Index(v[row * n..(row + 1) * n].to_vec()),
        _ => Value::Real(xs.real()[row * n..(row + 1) * n].to_vec()),
    }
}

/// Fails at the first value that is not finite though its arguments are.
fn blame<T: Scalar>(
    program: &Program,
    instr: &Instr,
    args: &[&Value<T>],
    value: &Value<T>,
) -> Result<()> {
    let Value::Real(y) = value else { return Ok(()) };
    // A loop or a user's operation was searched instruction by instruction.
    if matches!(instr.op, Op::Const(..) | Op::Custom(_) | Op::Part(_)) {
        return Ok(());
    }
    let Some(element) = y.iter().position(|v| !v.to_f64().is_finite()) else { return Ok(()) };
    let all_finite = args.iter().all(|a| match a {
        Value::Real(v) => v.iter().all(|x| x.to_f64().is_finite()),
        _ => true,
    });
    if !all_finite {
        return Ok(());
    }
    let said: Vec<String> = args
        .iter()
        .zip(program.arg_shapes(instr))
        .map(|(a, shape)| match a {
            Value::Real(v) if instr.op.is_elementwise() && v.len() == y.len() => {
                format!("{}", v[element])
            }
            Value::Real(v) if v.len() == 1 => format!("{}", v[0]),
            Value::Real(v) => {
                let (low, high) = v.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| {
                    (l.min(x.to_f64()), h.max(x.to_f64()))
                });
                format!("{shape} between {low} and {high}")
            }
            _ => format!("indices {shape}"),
        })
        .collect();
    Err(Error::NonFinite {
        op: instr.op.name(),
        at: instr.at.to_string(),
        value: y[element].to_f64(),
        element,
        arguments: said.join("; "),
    })
}

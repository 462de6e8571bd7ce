//! Derivatives of programs: `FUNCTION-SIZES-WHAT`, WHAT being `value`, `grad`
//! (value and gradient), `hvp` or `step` (gradient descent, in place). Variants are the
//! other kinds of WHAT, so that their cost is a ratio in the same run; the same on
//! two threads; twice the same at once, one per core, which is what those two
//! threads could do at best; and the matrix products of a dense network alone.
//!
//! The error is the distance from what the plain interpreter finds in double
//! precision, relative to the largest entry of each output.

mod floor;

use std::path::Path;

use wonderland_autodiff::{Arg, Input, Kind, Plan, Program, Scalar, Tensor, Threads};
use wonderland_benches::{programs, uniform};

use crate::arrays::{read_f32, read_f64, write_f32, write_f64};
use crate::{Fault, Loaded, Work, unknown};

/// Step length of gradient descent.
const RATE: f64 = 0.01;

/// What a workload's name says.
struct Task {
    function: Program,
    /// Run in double precision.
    double: bool,
    /// Evaluations in one run.
    repeats: usize,
    /// Indices given to the program.
    labels: Vec<u32>,
}

/// The task, and WHAT.
fn task(workload: &str) -> Result<(Task, &str), Fault> {
    let words: Vec<&str> = workload.split('-').collect();
    let &[name, sizes, what] = words.as_slice() else { return unknown(workload, "") };
    let sizes: Vec<usize> = sizes.split('x').map(str::parse).collect::<Result<_, _>>()?;
    let classes = |n: usize, m: usize| (0..n).map(|i| (i * 7 % m) as u32).collect();
    let (function, labels, repeats) = match (name, sizes.as_slice()) {
        ("mlp", &[n, a, b, c, d]) => {
            (programs::mlp(n, [a, b, c, d])?, classes(n, d), 400_000_000 / (n * a * b))
        }
        ("net", &[n, a, b, c]) => (programs::one_hidden(n, [a, b, c])?, classes(n, c), 20),
        ("softmax", &[n, a, b]) => (programs::softmax(n, [a, b])?, classes(n, b), 200),
        ("chain", &[steps, n]) => (programs::chain(steps, n)?, Vec::new(), 200),
        ("gmm", &[d, k, n]) => {
            let repeats = 20_000_000 / (n * k * d * d);
            (programs::gmm(d, k, n)?, programs::gmm_places(d), repeats.clamp(1, 50))
        }
        ("lstm", &[l, c]) => (programs::lstm(l, c)?, Vec::new(), 4096 / c),
        _ => return unknown(workload, ""),
    };
    let double = matches!(name, "gmm" | "lstm");
    let repeats = repeats.clamp(1, 200);
    Ok((Task { function, double, repeats, labels }, what))
}

impl Task {
    fn program(&self, what: &str) -> Result<Program, Fault> {
        match what {
            "value" => Ok(self.function.clone()),
            "grad" => Ok(self.function.value_and_grad()?),
            "step" => programs::step(&self.function, RATE),
            "hvp" => Ok(self.function.hvp()?),
            _ => unknown("a workload", what),
        }
    }

    fn n_params(&self) -> usize {
        self.function.inputs().iter().filter(|i| i.active).count()
    }

    fn arguments<'a, T: Scalar>(
        &'a self,
        inputs: &[Input],
        reals: &'a [Tensor<T>],
    ) -> Vec<Arg<'a, T>> {
        let mut reals = reals.iter();
        let args = inputs.iter().map(|i| match i.kind {
            Kind::Index => Arg::Index(&self.labels, i.shape),
            _ => Arg::Real(reals.next().map_or(&[], Tensor::as_slice), i.shape),
        });
        args.collect()
    }

    /// What a run should end with, by the interpreter in double precision.
    fn reference(&self, what: &str, mut reals: Vec<Tensor>) -> Result<Vec<f64>, Fault> {
        let program = self.program(what)?;
        let mut found = program.run(self.arguments(program.inputs(), &reals).as_slice())?;
        for _ in 1..if what == "step" { self.repeats } else { 1 } {
            reals[..self.n_params()].clone_from_slice(&found[1..]);
            found = program.run(self.arguments(program.inputs(), &reals).as_slice())?;
        }
        Ok(found.iter().flat_map(Tensor::as_slice).copied().collect())
    }
}

/// Writes the arguments, as `arg0`, `arg1`, … (those of the Hessian-vector
/// product, which begin with those of the function), and the references.
pub(crate) fn prepare(workload: &str, folder: &Path) -> Result<(), Fault> {
    let (task, what) = task(workload)?;
    let mut numbers = Vec::new();
    for (k, input) in task.program("hvp")?.inputs().iter().enumerate() {
        let (name, dims) = (format!("arg{k}"), input.shape.dims());
        if input.kind == Kind::Index {
            let labels: Vec<f64> = task.labels.iter().map(|&i| f64::from(i)).collect();
            write_f64(folder, &name, &labels)?;
            continue;
        }
        // Weights as small as their columns are long, all else of size one.
        let scale = match (input.name.starts_with('W'), dims.as_slice()) {
            (true, &[rows, _]) => 1.0 / (rows as f64).sqrt(),
            _ => 1.0,
        };
        let drawn = uniform::<f64>(input.shape.len(), 1, k as u64 + 1);
        // Both precisions get the same numbers.
        let narrow: Vec<f32> = drawn.as_slice().iter().map(|x| (scale * x) as f32).collect();
        let wide: Vec<f64> = narrow.iter().map(|&x| f64::from(x)).collect();
        if task.double {
            write_f64(folder, &name, &wide)?;
        } else {
            write_f32(folder, &name, &narrow)?;
        }
        numbers.push(Tensor::new(&dims, wide)?);
    }
    for kind in [what, "value", "grad", "hvp"] {
        let reference = task.reference(kind, numbers.clone())?;
        write_f64(folder, &format!("reference-{kind}"), &reference)?;
    }
    write_f64(folder, "repeats", &[task.repeats as f64])
}

/// Reads the data of a workload.
pub(crate) fn load(workload: &str, variant: &str, folder: &Path) -> Result<Loaded, Fault> {
    let (task, what) = task(workload)?;
    let (what, threads) = match variant {
        "gemm-floor" => return Ok(Box::new(floor::Products::of(workload, task.repeats)?)),
        "two-at-once" => {
            let both =
                [Evaluation::single(workload, folder)?, Evaluation::single(workload, folder)?];
            return Ok(Box::new(AtOnce { both, threads: Threads::new(2)? }));
        }
        "two-threads" => (what, 2),
        "" => (what, 1),
        other => (other, 1),
    };
    let threads = Threads::new(threads)?;
    if task.double {
        let read = |name: &str| read_f64(folder, name);
        Ok(Box::new(Evaluation::new(task, what, threads, folder, read)?))
    } else {
        let read = |name: &str| read_f32(folder, name);
        Ok(Box::new(Evaluation::new(task, what, threads, folder, read)?))
    }
}

/// Runs of one plan.
pub(crate) struct Evaluation<T> {
    task: Task,
    program: Program,
    reals: Vec<Tensor<T>>,
    /// Parameters that a run of descent begins with; they are no arguments.
    first: Vec<Tensor<T>>,
    plan: Plan<T>,
    threads: Threads,
    outputs: Vec<Tensor<T>>,
    reference: Vec<f64>,
}

impl Evaluation<f32> {
    /// A workload in single precision.
    pub(crate) fn single(workload: &str, folder: &Path) -> Result<Self, Fault> {
        let (task, what) = task(workload)?;
        Self::new(task, what, Threads::new(1)?, folder, |name| read_f32(folder, name))
    }

    /// Makes the plan anew, from the function on.
    pub(crate) fn compile(&mut self, workload: &str) -> Result<(), Fault> {
        let (task, what) = task(workload)?;
        self.plan = task.program(what)?.plan();
        Ok(())
    }
}

impl<T: Scalar> Evaluation<T> {
    fn new(
        task: Task,
        what: &str,
        threads: Threads,
        folder: &Path,
        read: impl Fn(&str) -> Result<Vec<T>, Fault>,
    ) -> Result<Self, Fault> {
        let program = task.program(what)?;
        let mut reals = Vec::new();
        for (k, input) in program.inputs().iter().enumerate() {
            if input.kind == Kind::Real {
                reals.push(Tensor::new(&input.shape.dims(), read(&format!("arg{k}"))?)?);
            }
        }
        let outputs = program.output_shapes().map(|s| Tensor::zeros(&s.dims())).collect();
        let n_first = if what == "step" { task.n_params() } else { 0 };
        let first = reals.drain(..n_first).collect();
        let reference = read_f64(folder, &format!("reference-{what}"))?;
        let plan = if n_first > 0 { program.plan_in_place()? } else { program.plan() };
        Ok(Self { task, program, reals, first, plan, threads, outputs, reference })
    }
}

impl<T: Scalar> Work for Evaluation<T> {
    fn run(&mut self) -> Result<(), Fault> {
        let Self { task, program, reals, first, plan, threads, outputs, .. } = self;
        // Into the same memory: fresh pages would cost as much as a step.
        for (output, first) in outputs.iter_mut().skip(1).zip(first.iter()) {
            output.as_mut_slice().copy_from_slice(first.as_slice());
        }
        let args = task.arguments(&program.inputs()[first.len()..], reals);
        let mut slices: Vec<_> = outputs.iter_mut().map(Tensor::as_mut_slice).collect();
        threads.run(|team| {
            (0..task.repeats).try_for_each(|_| plan.run_with(team, &args, &mut slices))
        })?;
        Ok(())
    }

    fn error(&self) -> f64 {
        let (mut worst, mut rest) = (0.0_f64, self.reference.as_slice());
        for found in &self.outputs {
            let (expected, after) = rest.split_at(found.len());
            rest = after;
            let size = expected.iter().fold(1e-30_f64, |m, x| m.max(x.abs()));
            let pairs = found.as_slice().iter().zip(expected);
            worst = pairs.fold(worst, |m, (f, e)| m.max((f.to_f64() - e).abs() / size));
        }
        worst
    }
}

/// Two runs at once that share nothing, one per core.
struct AtOnce {
    both: [Evaluation<f32>; 2],
    threads: Threads,
}

impl Work for AtOnce {
    fn run(&mut self) -> Result<(), Fault> {
        let [a, b] = &mut self.both;
        let run = |e: &mut Evaluation<f32>| e.run().map_err(|fault| fault.to_string());
        let (a, b) = self.threads.run(|team| team.join(|| run(a), || run(b)));
        Ok(a.and(b)?)
    }

    fn error(&self) -> f64 {
        self.both.iter().map(Work::error).fold(0.0, f64::max)
    }
}

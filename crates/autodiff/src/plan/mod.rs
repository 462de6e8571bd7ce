//! Plans: a program with every value's memory decided beforehand, so that
//! running it allocates nothing.
//!
//! Instructions become tasks ([`schedule`]): products, reductions and loops one
//! by one, elementwise instructions in groups that go over their elements tile
//! by tile ([`tiles`]). A value lives from the task that makes it to its last
//! reader. Values share one arena where their lives do not overlap
//! ([`layout`]); an elementwise result takes the place of an argument that dies
//! with it, a product is added where the other term is ([`onto`]); reshapes are
//! other names for the same place; results are written where the caller wants
//! them, or over arguments ([`in_place`]). The kernels are those of the interpreter, so
//! both give the same bits.

mod budget;
mod in_place;
mod layout;
mod loops;
mod memory;
mod near;
mod offsets;
mod onto;
mod passing;
mod remake;
mod report;
mod run;
mod schedule;
mod segments;
mod tiles;
mod verify;

use wonderland_linalg::Scalar;

use crate::graph::rewritten;
use crate::kernels::matmul::is_shared;
use crate::linearize::inline;
use crate::op::{Kind, Op};
use crate::plan::layout::{Host, Layout};
use crate::plan::memory::Base;
use crate::plan::onto::{Onto, with_onto};
use crate::plan::schedule::{Task, Uses, schedule};
use crate::plan::tiles::{Tiles, Writer};
use crate::program::Program;

pub use budget::Budget;
pub use report::PlanReport;
pub use verify::PlanFault;

/// Where a value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// The argument of that number.
    Input(usize),
    /// The result of that number.
    Output { output: usize, len: usize },
    /// Numbers in the arena.
    Arena { start: usize, len: usize },
    /// Numbers that never change.
    Fixed { start: usize, len: usize },
    /// One number that stands for a whole constant tensor.
    FixedOne(usize),
    /// Indices.
    Index { start: usize, len: usize },
    /// No one reads it.
    Nowhere,
}

/// A program ready to run for one element type.
///
/// # Examples
/// ```
/// use wonderland_autodiff::{Tensor, data, input, trace};
/// let loss = trace((input("w", [2]), data("X", [3, 2])), |_, (w, X)| X.matmul(w).tanh().sum())?;
/// let mut step = loss.value_and_grad()?.plan::<f32>();
/// let out = step.run(&(Tensor::full(&[2], 0.5), Tensor::full(&[3, 2], 1.0)))?;
/// assert_eq!(out[0].as_slice(), [3.0 * 1.0_f32.tanh()]);
/// println!("{}", step.report());
/// # Ok::<(), wonderland_autodiff::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Plan<T> {
    program: Program,
    /// For each input the output, if one, that is written over it.
    updates: Vec<Option<usize>>,
    places: Vec<Place>,
    tasks: Vec<Task>,
    steps: Vec<Step<T>>,
    /// Values, and behind them the registers of groups.
    arena: Vec<T>,
    /// Elements of the arena that a loop puts arguments into.
    reserved: usize,
    fixed: Vec<T>,
    indices: Vec<u32>,
    /// Loops, in order.
    loops: Vec<loops::Runner<T>>,
    /// Whether there is work for a second thread.
    shares: bool,
    report: PlanReport,
}

/// A task, ready to run.
#[derive(Clone, Debug)]
enum Step<T> {
    /// The instruction of that number.
    One(usize),
    /// A product that is added to a value.
    Onto(Onto),
    /// A group.
    Group(Tiles<T>),
}

impl Program {
    /// Plans the program for one element type.
    #[must_use]
    pub fn plan<T: Scalar>(&self) -> Plan<T> {
        Plan::new(self, Host::Caller(&[]))
    }
}

impl<T: Scalar> Plan<T> {
    fn new(program: &Program, host: Host<'_>) -> Self {
        Self::sketch(program, host).with_memory()
    }

    /// With memory for its values, ready to run.
    fn with_memory(self) -> Self {
        let len = (self.report.peak + self.report.scratch) / size_of::<T>();
        Self { arena: vec![T::ZERO; len], ..self }
    }

    /// A plan without memory for its values, to know what it would take.
    fn sketch(program: &Program, host: Host<'_>) -> Self {
        let mut program = budget::without_unread(without_custom(program.clone()));
        if let Host::Caller(updates) = host {
            in_place::copy_old_values(&mut program, updates);
        }
        let uses = Uses::of(&program);
        let tasks = with_onto(&program, &uses, host, schedule(&program, &uses));
        let layout = Layout::of(&program, &tasks, &uses, host);
        let (mut loops, mut scratch) = (loops::Runners::default(), 0);
        let mut steps = Vec::with_capacity(tasks.len());
        let mut writer = Writer::new(&program, &uses, &layout.places, layout.arena);
        for task in &tasks {
            steps.push(match task {
                Task::One(k) => {
                    loops.take(*k, &program.instrs[*k]);
                    Step::One(*k)
                }
                Task::Group(group) => {
                    let tiles = writer.group(group);
                    scratch = scratch.max(tiles.scratch);
                    Step::Group(tiles)
                }
                Task::Onto(onto, _) => Step::Onto(*onto),
            });
        }
        let loops = loops.list;
        let inner = loops.iter().map(loops::Runner::bytes).sum::<usize>();
        let report = PlanReport::of::<T>(&program, &tasks, &uses, &layout, scratch, inner);
        let shares = shares(&program);
        let (fixed, indices) = constants(&program, &layout);
        let arena = Vec::new();
        let (places, reserved) = (layout.places, layout.reserved);
        let updates = match host {
            Host::Caller(updates) => updates.to_vec(),
            Host::Loop { .. } => Vec::new(),
        };
        let plan = Self {
            program,
            updates,
            places,
            tasks,
            steps,
            arena,
            reserved,
            fixed,
            indices,
            loops,
            shares,
            report,
        };
        debug_assert_eq!(plan.verify(), Ok(()));
        plan
    }

    /// What the plan needs: memory, arithmetic, traffic.
    #[must_use]
    pub fn report(&self) -> &PlanReport {
        &self.report
    }

    /// The program as planned, users' operations written out.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }
}

/// Whether a product is large enough for several threads.
fn shares(program: &Program) -> bool {
    program.instrs.iter().any(|instr| match instr.op {
        Op::MatMul { ta, .. } => is_shared(ta, program.shape_of(instr.args[0]), instr.shape),
        _ => instr.op.as_loop().is_some_and(|l| shares(&l.body.0)),
    })
}

/// Constants and indices that never change.
fn constants<T: Scalar>(program: &Program, layout: &Layout) -> (Vec<T>, Vec<u32>) {
    let mut fixed = vec![T::ZERO; layout.fixed];
    let mut indices = vec![0; layout.indices];
    for (instr, place) in program.instrs.iter().zip(&layout.places) {
        match (&instr.op, *place) {
            (Op::Const(c, _), Place::Fixed { start, len }) => {
                fixed[start..start + len].fill(T::from_f64(c.get()));
            }
            (Op::Const(c, _), Place::FixedOne(at)) => fixed[at] = T::from_f64(c.get()),
            (Op::Iota(_), Place::Index { start, len }) => {
                for (slot, i) in indices[start..start + len].iter_mut().zip(0..) {
                    *slot = i;
                }
            }
            _ => {}
        }
    }
    (fixed, indices)
}

/// Where the numbers of a place begin, if it holds numbers.
fn base(place: Place) -> Option<Base> {
    match place {
        Place::Input(k) => Some(Base::Input(k)),
        Place::Output { output, .. } => Some(Base::Output(output)),
        Place::Arena { start, .. } => Some(Base::Arena(start)),
        Place::Fixed { start, .. } | Place::FixedOne(start) => Some(Base::Fixed(start)),
        Place::Index { .. } | Place::Nowhere => None,
    }
}

/// The program with users' operations replaced by their instructions.
fn without_custom(mut program: Program) -> Program {
    while program.instrs.iter().any(|i| matches!(i.op, Op::Custom(_))) {
        program = rewritten(&program, |g, k, args, _| {
            let instr = &program.instrs[k];
            match &instr.op {
                Op::Custom(custom) => inline(g, &custom.value.0, &args, None)[0],
                op => g.emit(op, &args, instr.at),
            }
        });
    }
    program
}

/// Whether the value is another name for its first argument.
pub(crate) fn is_alias(op: &Op) -> bool {
    matches!(op, Op::Reshape(_) | Op::StopGradient | Op::Segment | Op::Part(_))
        && op.kind() == Kind::Real
}

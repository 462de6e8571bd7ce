//! Plans: a program with every value's memory decided beforehand, so that
//! running it allocates nothing.
//!
//! A value lives from the instruction that makes it to its last reader. Values
//! share one arena where their lives do not overlap; an elementwise result
//! takes the place of an argument that dies with it; reshapes are other names
//! for the same place. The kernels are those of the interpreter, so both give
//! the same bits.

mod budget;
mod layout;
mod loops;
mod report;
mod run;

use wonderland_linalg::Scalar;

use crate::graph::Graph;
use crate::linearize::inline;
use crate::op::{Kind, Op};
use crate::program::{Id, Program};

pub use budget::Budget;
pub use report::{PlanFault, PlanReport};

/// Where a value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// The argument of that number.
    Input(usize),
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
    places: Vec<Place>,
    /// For each instruction, which argument's place its result takes over.
    in_place: Vec<Option<u8>>,
    arena: Vec<T>,
    fixed: Vec<T>,
    indices: Vec<u32>,
    /// Loops, in order.
    loops: Vec<loops::Runner<T>>,
    report: PlanReport,
}

impl Program {
    /// Plans the program for one element type.
    #[must_use]
    pub fn plan<T: Scalar>(&self) -> Plan<T> {
        Plan::new(self)
    }
}

impl<T: Scalar> Plan<T> {
    fn new(program: &Program) -> Self {
        let program = budget::without_unread(&without_custom(program));
        let layout = layout::Layout::of(&program);
        let mut fixed = vec![T::ZERO; layout.fixed];
        let mut indices = vec![0; layout.indices];
        let mut loops = Vec::new();
        for (k, instr) in program.instrs.iter().enumerate() {
            match (&instr.op, layout.places[k]) {
                (Op::Const(c, _), Place::Fixed { start, len }) => {
                    fixed[start..start + len].fill(T::from_f64(c.get()));
                }
                (Op::Const(c, _), Place::FixedOne(at)) => fixed[at] = T::from_f64(c.get()),
                (Op::Iota(_), Place::Index { start, len }) => {
                    for (slot, i) in indices[start..start + len].iter_mut().zip(0..) {
                        *slot = i;
                    }
                }
                (op, _) => loops.extend(loops::Runner::new(op)),
            }
        }
        let inner = loops.iter().map(loops::Runner::bytes).sum::<usize>();
        let report = report::PlanReport::of::<T>(&program, &layout, inner);
        let plan = Self {
            program,
            places: layout.places,
            in_place: layout.in_place,
            arena: vec![T::ZERO; layout.arena],
            fixed,
            indices,
            loops,
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

/// The program with users' operations replaced by their instructions.
fn without_custom(program: &Program) -> Program {
    let mut program = program.clone();
    while program.instrs.iter().any(|i| matches!(i.op, Op::Custom(_))) {
        let mut g = Graph::default();
        let mut map: Vec<Id> = Vec::new();
        for (input, instr) in program.inputs.iter().zip(&program.instrs) {
            map.push(g.input(input.clone(), instr.at));
        }
        for instr in &program.instrs[program.inputs.len()..] {
            let args: Vec<Id> = instr.args.iter().map(|&a| map[a as usize]).collect();
            map.push(match &instr.op {
                Op::Custom(custom) => inline(&mut g, &custom.value.0, &args, None)[0],
                op => g.emit(op.clone(), &args, instr.at),
            });
        }
        let outputs = program.outputs.iter().map(|o| (o.name.clone(), map[o.id as usize]));
        let outputs = outputs.collect();
        program = g.finish(outputs);
    }
    program
}

/// Whether the value is another name for its first argument.
pub(crate) fn is_alias(op: &Op) -> bool {
    matches!(op, Op::Reshape(_) | Op::StopGradient | Op::Part(_)) && op.kind() == Kind::Real
}

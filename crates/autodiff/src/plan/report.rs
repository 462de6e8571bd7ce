//! What a plan says of itself.

use std::fmt;

use crate::op::Op;
use crate::plan::budget::recomputed;
use crate::plan::layout::Layout;
use crate::plan::schedule::{Task, Uses};
use crate::plan::{Place, Plan, is_alias};
use crate::program::{Program, is_work};

/// What running a plan needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanReport {
    /// Tasks executed per run: single instructions and groups.
    pub steps: usize,
    /// Instructions in groups of several.
    pub fused: usize,
    /// Results written in the place of an argument.
    pub in_place: usize,
    /// Products added to a value where it is, instead of a sum after them.
    pub added: usize,
    /// Bytes of the arena; results are in the caller's memory.
    pub peak: usize,
    /// Bytes alive at once at the fullest moment: no arena can be smaller.
    pub lower_bound: usize,
    /// Bytes of the registers of groups.
    pub scratch: usize,
    /// Bytes of constants and indices.
    pub fixed: usize,
    /// Bytes of the plans of loop bodies.
    pub loops: usize,
    /// Bytes of the plan that keeps everything, if this one has a budget.
    pub without_budget: Option<usize>,
    /// Steps of forward loops that reverse loops run again.
    pub recomputed: u64,
    /// Arithmetic operations that are done again for lack of memory.
    pub extra_flops: u64,
    /// Arithmetic operations per run, these included.
    pub flops: u64,
    /// Bytes read and written per run by the instructions outside loops.
    pub bytes_moved: usize,
}

impl PlanReport {
    pub(crate) fn of<T>(
        program: &Program,
        tasks: &[Task],
        uses: &Uses,
        layout: &Layout,
        scratch: usize,
        loops: usize,
    ) -> Self {
        let size = size_of::<T>();
        let groups = tasks.iter().filter_map(Task::group).map(|group| group.members.len());
        Self {
            steps: tasks.len(),
            fused: groups.filter(|&n| n > 1).sum(),
            in_place: layout.in_place,
            added: layout.added,
            peak: layout.arena * size,
            lower_bound: layout.lower_bound * size,
            scratch: scratch * size,
            fixed: layout.fixed * size + layout.indices * 4,
            loops,
            without_budget: None,
            recomputed: recomputed(program),
            extra_flops: 0,
            flops: program.flops(),
            bytes_moved: moved(program, layout, tasks, uses) * size,
        }
    }
}

/// Elements that the tasks read from memory and write there.
fn moved(program: &Program, layout: &Layout, tasks: &[Task], uses: &Uses) -> usize {
    // The last task that made or read each value, whatever its name.
    let mut touched = vec![usize::MAX; program.instrs.len()];
    let in_memory = |k: usize| layout.places[k] != Place::Nowhere;
    let mut elements = 0;
    for (t, task) in tasks.iter().enumerate() {
        for &m in task.members() {
            touched[m] = t;
            elements += if in_memory(m) { program.instrs[m].shape.len() } else { 0 };
        }
        for &a in task.members().iter().flat_map(|&m| &program.instrs[m].args) {
            let root = uses.root[a as usize];
            if in_memory(a as usize) && std::mem::replace(&mut touched[root], t) != t {
                elements += program.shape_of(a).len();
            }
        }
    }
    elements
}

impl PlanReport {
    /// Bytes of all memory of the plan.
    #[must_use]
    pub fn total(&self) -> usize {
        self.peak + self.scratch + self.fixed + self.loops
    }

    /// Whether there is a budget and the plan takes no less than without: the
    /// program has no reverse loop, or its loops are too short.
    #[must_use]
    pub fn saves_nothing(&self) -> bool {
        self.without_budget.is_some_and(|full| self.total() >= full)
    }
}

/// Whether the instruction is executed.
pub(crate) fn is_step(op: &Op) -> bool {
    is_work(op) && !is_alias(op) && !matches!(op, Op::Iota(_))
}

/// The tasks in order: what each computes and where the results are.
impl<T> fmt::Display for Plan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.program.value_names();
        writeln!(
            f,
            "plan({})",
            self.program.inputs.iter().map(|i| i.name.as_str()).collect::<Vec<_>>().join(", ")
        )?;
        for task in &self.tasks {
            let indent = if task.members().len() > 1 { "    " } else { "  " };
            match task {
                Task::Group(group) if group.members.len() > 1 => {
                    writeln!(f, "  group over {} elements", group.len)?;
                }
                Task::Onto(..) => writeln!(f, "  product added to a value")?,
                _ => {}
            }
            for &m in task.members() {
                let said = self.program.said(m, &names);
                writeln!(f, "{indent}{said}  in {}", self.places[m])?;
            }
        }
        writeln!(f, "  {}", self.report)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(k) => write!(f, "argument {k}"),
            Self::Output { output, .. } => write!(f, "result {output}"),
            Self::Arena { start, len } => write!(f, "arena {start}..{}", start + len),
            Self::Fixed { .. } | Self::FixedOne(_) => write!(f, "constants"),
            Self::Index { .. } => write!(f, "indices"),
            Self::Nowhere => write!(f, "a register"),
        }
    }
}

impl fmt::Display for PlanReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} steps ({} instructions fused, {} in place, {} products added); arena {} B (lower bound {} B), \
             registers {} B, constants {} B, loops {} B; {} steps of loops again; \
             {} operations ({} of them again), {} B moved",
            self.steps,
            self.fused,
            self.in_place,
            self.added,
            self.peak,
            self.lower_bound,
            self.scratch,
            self.fixed,
            self.loops,
            self.recomputed,
            self.flops,
            self.extra_flops,
            self.bytes_moved
        )?;
        match self.without_budget {
            Some(full) if self.saves_nothing() => {
                write!(f, "; warning: checkpointing saves nothing of {full} B")
            }
            Some(full) => write!(f, "; {} B instead of {full} B", self.total()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{input, trace};

    /// A value that a task reads under two names is read once.
    #[test]
    fn a_reshaped_value_is_moved_once() {
        let p = trace(input("x", [4, 6]), |_, x| {
            let y = x.reshape([24]);
            (y * x.reshape([3, 8]).reshape([24]) + y).sin()
        });
        // 24 numbers in and 24 out.
        assert_eq!(p.expect("it fits").plan::<f64>().report().bytes_moved, 2 * 24 * 8);
        let p = trace(input("x", [4, 6]), |_, x| x.matmul(x.reshape([6, 4])));
        assert_eq!(p.expect("it fits").plan::<f32>().report().bytes_moved, (24 + 16) * 4);
    }
}

//! What a plan says of itself, and the proof that its memory is right.

use std::fmt;

use crate::op::Op;
use crate::plan::budget::recomputed;
use crate::plan::layout::Layout;
use crate::plan::{Place, Plan, is_alias};
use crate::program::{Program, is_work};

/// What running a plan needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanReport {
    /// Instructions executed per run.
    pub steps: usize,
    /// Results written in the place of an argument.
    pub in_place: usize,
    /// Bytes of the arena.
    pub peak: usize,
    /// Bytes alive at once at the fullest moment: no arena can be smaller.
    pub lower_bound: usize,
    /// Bytes of constants and indices.
    pub fixed: usize,
    /// Bytes of the plans of loop bodies.
    pub loops: usize,
    /// Bytes of the plan that keeps everything, if this one has a budget.
    pub without_budget: Option<usize>,
    /// Steps of forward loops that reverse loops run again.
    pub recomputed: u64,
    /// Arithmetic operations per run.
    pub flops: u64,
    /// Bytes read and written per run by the instructions outside loops.
    pub bytes_moved: usize,
}

impl PlanReport {
    pub(crate) fn of<T>(program: &Program, layout: &Layout, loops: usize) -> Self {
        let size = size_of::<T>();
        let steps = program.instrs.iter().filter(|i| is_step(&i.op));
        let moved = steps.clone().map(|i| {
            let read: usize = program.arg_shapes(i).iter().map(|s| s.len()).sum();
            read + i.shape.len()
        });
        Self {
            steps: steps.clone().count(),
            in_place: layout.in_place.iter().flatten().count(),
            peak: layout.arena * size,
            lower_bound: layout.lower_bound * size,
            fixed: layout.fixed * size + layout.indices * 4,
            loops,
            without_budget: None,
            recomputed: recomputed(program),
            flops: program.flops(),
            bytes_moved: moved.sum::<usize>() * size,
        }
    }
}

impl PlanReport {
    /// Bytes of all memory of the plan.
    #[must_use]
    pub fn total(&self) -> usize {
        self.peak + self.fixed + self.loops
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

impl fmt::Display for PlanReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} steps, {} in place; arena {} B (lower bound {} B), constants {} B, loops {} B; \
             {} steps of loops again; {} operations, {} B moved",
            self.steps,
            self.in_place,
            self.peak,
            self.lower_bound,
            self.fixed,
            self.loops,
            self.recomputed,
            self.flops,
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

/// A plan that would read what is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("instruction {reader} reads value {value}, whose memory holds something else by then")]
pub struct PlanFault {
    /// Number of the instruction that reads; the number of instructions for an
    /// output.
    pub reader: usize,
    /// Number of the value.
    pub value: usize,
}

impl<T> Plan<T> {
    /// Executes the plan on names instead of numbers: every instruction must
    /// find each argument whole where the plan says it is.
    ///
    /// # Errors
    /// [`PlanFault`] for the first that does not.
    pub fn verify(&self) -> Result<(), PlanFault> {
        // Pieces of the arena in use: start, end, and the values they hold.
        let mut pieces: Vec<(usize, usize, Vec<usize>)> = Vec::new();
        for (k, instr) in self.program.instrs.iter().enumerate() {
            for &a in &instr.args {
                self.find(&pieces, a as usize, k)?;
            }
            let Place::Arena { start, len } = self.places[k] else { continue };
            if is_alias(&instr.op) {
                // Another name for the same piece, or for a part of it.
                for (s, e, values) in &mut pieces {
                    if *s <= start
                        && start + len <= *e
                        && values.contains(&(instr.args[0] as usize))
                    {
                        values.push(k);
                    }
                }
                continue;
            }
            pieces.retain(|(s, e, _)| *e <= start || start + len <= *s || *s == *e);
            pieces.push((start, start + len, vec![k]));
        }
        for output in &self.program.outputs {
            self.find(&pieces, output.id as usize, self.program.instrs.len())?;
        }
        Ok(())
    }

    fn find(
        &self,
        pieces: &[(usize, usize, Vec<usize>)],
        value: usize,
        reader: usize,
    ) -> Result<(), PlanFault> {
        match self.places[value] {
            Place::Arena { start, len } => {
                let whole = |(s, e, values): &(usize, usize, Vec<usize>)| {
                    *s <= start && start + len <= *e && values.contains(&value)
                };
                if pieces.iter().any(whole) { Ok(()) } else { Err(PlanFault { reader, value }) }
            }
            Place::Nowhere => Err(PlanFault { reader, value }),
            _ => Ok(()),
        }
    }
}

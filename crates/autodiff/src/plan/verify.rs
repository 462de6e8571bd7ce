//! The proof that a plan's memory is right: the plan executed on names instead
//! of numbers.

use std::collections::BTreeMap;

use wonderland_linalg::Scalar;

use crate::plan::schedule::{Reading, Task, Uses, argument_reading};
use crate::plan::{Place, Plan, is_alias};

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

/// Elements `start..end` of the arena, or of an output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Span {
    output: Option<usize>,
    start: usize,
    end: usize,
}

impl Span {
    fn of(place: Place) -> Option<Self> {
        match place {
            Place::Arena { start, len } => Some(Self { output: None, start, end: start + len }),
            Place::Output { output, len } => {
                Some(Self { output: Some(output), start: 0, end: len })
            }
            _ => None,
        }
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.output == other.output && self.start < other.end && other.start < self.end
    }

    fn is_empty(&self) -> bool {
        self.start == self.end
    }
}

/// Where a piece of memory starts: in the arena, or in an output.
type Start = (Option<usize>, usize);

/// Which root each piece of memory holds: pieces that do not overlap, by where
/// they start, each with its end and the root.
#[derive(Default)]
struct Held(BTreeMap<Start, (usize, usize)>);

impl Held {
    /// Writes a root, over whatever overlaps it.
    fn put(&mut self, span: Span, root: usize) {
        if span.is_empty() {
            return;
        }
        while let Some((start, end, _)) = self.last_before(span.output, span.end)
            && end > span.start
        {
            self.0.remove(&start);
        }
        self.0.insert((span.output, span.start), (span.end, root));
    }

    /// Whether the piece lies whole within what is held of the root.
    fn has(&self, span: Span, root: usize) -> bool {
        let piece = self.last_before(span.output, span.start + 1);
        span.is_empty() || piece.is_some_and(|(_, end, held)| held == root && span.end <= end)
    }

    /// The last piece that starts before the position: start, end and root.
    fn last_before(&self, output: Option<usize>, position: usize) -> Option<(Start, usize, usize)> {
        let (start, (end, root)) = self.0.range((output, 0)..(output, position)).next_back()?;
        Some((*start, *end, *root))
    }
}

impl<T: Scalar> Plan<T> {
    /// Executes the plan on names instead of numbers: every instruction must
    /// find each argument whole where the plan says it is, and what a group
    /// overwrites tile by tile must not be read later or out of step.
    ///
    /// # Errors
    /// [`PlanFault`] for the first that does not.
    pub fn verify(&self) -> Result<(), PlanFault> {
        let uses = Uses::of(&self.program);
        let mut task_of = vec![usize::MAX; self.program.instrs.len()];
        for (t, task) in self.tasks.iter().enumerate() {
            for &m in task.members() {
                task_of[m] = t;
            }
        }
        let mut held = Held::default();
        for (k, _) in self.program.inputs.iter().enumerate() {
            if let Some(span) = Span::of(self.places[k]) {
                held.put(span, k);
            }
        }
        for (t, task) in self.tasks.iter().enumerate() {
            for &m in task.members() {
                for &a in &self.program.instrs[m].args {
                    let inside = task_of[uses.root[a as usize]] == t;
                    if !inside {
                        self.find(&uses, &held, a as usize, m)?;
                    }
                }
            }
            self.overwrites(&uses, task)?;
            for &m in task.members() {
                if let Some(span) = Span::of(self.places[m]) {
                    held.put(span, m);
                }
            }
        }
        for output in &self.program.outputs {
            self.find(&uses, &held, output.id as usize, self.program.instrs.len())?;
        }
        Ok(())
    }

    /// What a task writes may be where an argument is only if both are gone
    /// through in step, by a group or the sum that a product goes into, and the
    /// argument is not read later.
    fn overwrites(&self, uses: &Uses, task: &Task) -> Result<(), PlanFault> {
        for (at, &m) in task.members().iter().enumerate() {
            let Some(written) = Span::of(self.places[m]) else { continue };
            for (i, &reader) in task.members().iter().enumerate() {
                let instr = &self.program.instrs[reader];
                for (j, &a) in instr.args.iter().enumerate() {
                    let value = a as usize;
                    let read = Span::of(self.places[value]);
                    if uses.root[value] == m || !read.is_some_and(|s| s.overlaps(&written)) {
                        continue;
                    }
                    let full = argument_reading(&self.program, instr, j) == Some(Reading::Full);
                    let in_turn = match task {
                        Task::One(_) => false,
                        Task::Group(_) => true,
                        Task::Onto(..) => reader == m,
                    };
                    let in_step = in_turn && full && read == Some(written);
                    if !in_step || i > at || task.members().contains(&uses.root[value]) {
                        return Err(PlanFault { reader, value });
                    }
                }
            }
        }
        Ok(())
    }

    fn find(&self, uses: &Uses, held: &Held, value: usize, reader: usize) -> Result<(), PlanFault> {
        let fault = Err(PlanFault { reader, value });
        let root = uses.root[value];
        debug_assert!(root == value || is_alias(&self.program.instrs[value].op));
        match (self.places[value], Span::of(self.places[value])) {
            (Place::Nowhere, _) => fault,
            (_, Some(span)) if !held.has(span, root) => fault,
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{input, trace};

    #[test]
    fn a_value_overwritten_before_it_is_read_is_found() {
        let inputs = (input("A", [3, 3]), input("B", [3, 3]));
        let program = trace(inputs, |_, (A, B)| A.matmul(B).matmul(B.matmul(A))).unwrap();
        let mut plan = program.plan::<f64>();
        assert_eq!(plan.verify(), Ok(()));
        // Instructions 2 and 3 are the inner products, both read by 4.
        assert_ne!(plan.places[2], plan.places[3]);
        plan.places[3] = plan.places[2];
        assert_eq!(plan.verify(), Err(PlanFault { reader: 4, value: 2 }));
        plan.places[3] = Place::Nowhere;
        assert_eq!(plan.verify(), Err(PlanFault { reader: 4, value: 3 }));
    }
}

//! What a schedule consists of, and a simulator that believes nothing.

use std::collections::BTreeMap;

/// One action of a schedule for steps 1..=l with states h₀..h_l.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Runs steps `from` + 1 ..= `to` on the current state h_from.
    Advance {
        /// State to begin with.
        from: usize,
        /// State to end with.
        to: usize,
    },
    /// Writes the current state into a slot.
    Keep {
        /// Which state.
        state: usize,
        /// Where to.
        slot: usize,
    },
    /// Makes a kept state the current one.
    Read {
        /// Which state.
        state: usize,
        /// Where from.
        slot: usize,
    },
    /// Runs one step on the current state, recording it for its backward step.
    Tape {
        /// Which step.
        step: usize,
    },
    /// Runs one step backward.
    Back {
        /// Which step.
        step: usize,
    },
    /// Empties a slot.
    Free {
        /// Which state is there.
        state: usize,
        /// The slot.
        slot: usize,
    },
}

/// What a schedule was found to need.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Steps run by [`Action::Advance`].
    pub advances: u64,
    /// Most slots in use at once.
    pub peak_slots: usize,
    /// Slots written.
    pub writes: u64,
    /// Most often that one step was advanced.
    pub sweeps: u64,
}

/// What is wrong with a schedule.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("action {position} ({action}): {fault}")]
pub struct Violation {
    /// Number of the action, from 0; the length of the schedule for its end.
    pub position: usize,
    /// The action, or "end".
    pub action: String,
    /// What it expects that is not so.
    pub fault: &'static str,
}

/// Executes a schedule that replays ([`Action::Back`] needs the input of its
/// step as the current state) on the numbers of states alone.
///
/// # Errors
/// [`Violation`] for the first action that cannot be done: a state that is not
/// there, a slot taken or empty, a backward step out of order, steps left.
pub fn simulate(actions: &[Action], steps: usize) -> Result<Counts, Violation> {
    let mut slots: BTreeMap<usize, usize> = BTreeMap::new();
    // The current state; h₀ is given.
    let mut current = Some(0);
    let mut left = steps;
    let mut counts = Counts::default();
    let mut times = vec![0_u64; steps + 1];
    for (position, &action) in actions.iter().enumerate() {
        let check = |holds: bool, fault: &'static str| {
            if holds {
                Ok(())
            } else {
                Err(Violation { position, action: format!("{action:?}"), fault })
            }
        };
        match action {
            Action::Advance { from, to } => {
                check(current == Some(from), "it begins with the current state")?;
                check(from < to && to < left.max(1), "it ends before the next backward step")?;
                counts.advances += (to - from) as u64;
                times[from + 1..=to].iter_mut().for_each(|t| *t += 1);
                current = Some(to);
            }
            Action::Keep { state, slot } => {
                check(current == Some(state), "only the current state can be kept")?;
                check(slots.insert(slot, state).is_none(), "the slot is taken")?;
                counts.writes += 1;
                counts.peak_slots = counts.peak_slots.max(slots.len());
            }
            Action::Read { state, slot } => {
                check(slots.get(&slot) == Some(&state), "the slot does not hold it")?;
                current = Some(state);
            }
            Action::Free { state, slot } => {
                check(slots.remove(&slot) == Some(state), "the slot does not hold it")?;
            }
            Action::Back { step } => {
                check(step == left && step > 0, "steps go back in reverse order")?;
                check(current == Some(step - 1), "the input of the step is the current state")?;
                left -= 1;
                current = None;
            }
            Action::Tape { .. } => check(false, "a schedule that replays does not tape")?,
        }
    }
    counts.sweeps = times.into_iter().max().unwrap_or(0);
    let end = |fault| Violation { position: actions.len(), action: "end".to_owned(), fault };
    if left > 0 {
        return Err(end("some steps have not gone back"));
    }
    if !slots.is_empty() {
        return Err(end("some slots are not free"));
    }
    Ok(counts)
}

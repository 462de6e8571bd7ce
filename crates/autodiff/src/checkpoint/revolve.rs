//! The optimal schedule for equal steps, exact in advances and in writes.

use super::actions::Action;
use super::binomial::{longest_chain, sweeps, writes};

/// The schedule that reverses `steps` equal steps with `slots` slots in the
/// fewest advances and, among those, the fewest writes.
///
/// To reverse a chain, advance to a state, keep it, reverse what follows with
/// one slot less, and reverse what precedes. Splits of the fewest advances are
/// an interval; within it the writes are convex in the split with corners that
/// are known, so that the best one is found among four candidates.
///
/// # Panics
/// When `slots` is 0.
///
/// # References
/// Griewank, Walther (2000), Algorithm 799: revolve.
#[must_use]
pub fn revolve(steps: usize, slots: usize) -> Vec<Action> {
    assert!(slots > 0, "the initial state needs a slot");
    let mut schedule = Vec::new();
    if steps == 0 {
        return schedule;
    }
    schedule.push(Action::Keep { state: 0, slot: 0 });
    // Work left to do, last first, so that long chains need no deep recursion.
    let mut todo = vec![Part { start: 0, steps, slots, own: 0, read: false }];
    while let Some(part) = todo.pop() {
        let Part { start, steps, slots, own, read } = part;
        if read {
            schedule.push(Action::Read { state: start, slot: own });
        }
        if steps == 1 {
            schedule.push(Action::Back { step: start + 1 });
            // A chain of one step that was never kept has no slot of its own.
            if own != NOT_KEPT {
                schedule.push(Action::Free { state: start, slot: own });
            }
            continue;
        }
        let k = split(steps as u64, slots as u64) as usize;
        schedule.push(Action::Advance { from: start, to: start + k });
        todo.push(Part { start, steps: k, slots, own, read: true });
        let rest = steps - k;
        if rest == 1 {
            todo.push(Part { start: start + k, steps: 1, slots, own: NOT_KEPT, read: false });
        } else {
            schedule.push(Action::Keep { state: start + k, slot: own + 1 });
            let part =
                Part { start: start + k, steps: rest, slots: slots - 1, own: own + 1, read: false };
            todo.push(part);
        }
    }
    schedule
}

const NOT_KEPT: usize = usize::MAX;

/// A chain to reverse: its first state is in slot `own`.
struct Part {
    start: usize,
    steps: usize,
    slots: usize,
    own: usize,
    read: bool,
}

/// How far to advance first.
pub(super) fn split(l: u64, c: u64) -> u64 {
    if c == 1 {
        return l - 1;
    }
    let r = sweeps(l, c);
    let before = |c: u64, r: u64| if r == 0 { 0 } else { longest_chain(c, r - 1) };
    let two_before = if r < 2 { 0 } else { longest_chain(c, r - 2) };
    let low = two_before.max(l.saturating_sub(longest_chain(c - 1, r))).max(1);
    let high = before(c, r).min(l.saturating_sub(before(c - 1, r))).max(1);
    // Where the writes of a chain stop being level.
    let level = |c: u64, r: u64| {
        if r == 0 { 1 } else { before(c, r) + writes(longest_chain(c, r - 1), c) }
    };
    let cost = |k: u64| writes(k, c) + if l - k == 1 { 0 } else { writes(l - k, c - 1) };
    let corners = [low, high, level(c, r.saturating_sub(1)), l.saturating_sub(level(c - 1, r))];
    corners.into_iter().map(|k| k.clamp(low, high)).min_by_key(|&k| cost(k)).unwrap_or(low)
}

//! Chains of unequal steps: the dynamic programme over (first, last, memory).

use super::actions::Action;

/// One step of a chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stage {
    /// Cost of running it.
    pub forward: u64,
    /// Cost of running it backward.
    pub backward: u64,
    /// Size of its result hᵢ, and of the adjoint of that.
    pub state: u64,
    /// Size of what it records for its backward step, hᵢ included.
    pub tape: u64,
    /// Further memory while it runs forward.
    pub forward_work: u64,
    /// Further memory while it runs backward.
    pub backward_work: u64,
}

/// A chain of stages; h₀ has size `input` and is resident outside the budget.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Chain {
    /// Size of h₀ and of its adjoint.
    pub input: u64,
    /// The steps.
    pub stages: Vec<Stage>,
}

/// A schedule within a budget, cheapest among persistent ones.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChainPlan {
    /// What to do.
    pub actions: Vec<Action>,
    /// Its whole cost, forward and backward.
    pub cost: u64,
    /// Most memory in use at once, h₀ apart, never above the budget.
    pub peak: u64,
}

/// Cost of what cannot be done.
const NEVER: u64 = u64::MAX;

/// How the cheapest way begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    Tape,
    Advance(u16),
}

impl Chain {
    /// The cheapest persistent schedule within a memory of `budget`, counted in
    /// `quanta` equal parts (sizes are rounded up, so that the plan fits), or
    /// `None` if there is none. Exact when the quantum divides every size.
    ///
    /// T(i, j, m) is the least cost of steps i..=j forward and backward with
    /// hᵢ₋₁ resident and m memory, the adjoint of hⱼ included. Either step i is
    /// taped, fᵢ + T(i+1, j, m − tapeᵢ) + bᵢ, or steps i..=k are run and hₖ is
    /// kept, Σf + T(k+1, j, m − stateₖ) + T(i, k, m); each within its peak.
    /// Time is O(n³ quanta).
    ///
    /// # Panics
    /// When `quanta` is 0 or there are more than 65,535 stages.
    #[must_use]
    pub fn plan(&self, budget: u64, quanta: usize) -> Option<ChainPlan> {
        assert!(quanta > 0, "memory needs at least one quantum");
        assert!(u16::try_from(self.stages.len()).is_ok(), "at most 65,535 stages");
        let n = self.stages.len();
        if n == 0 {
            return Some(ChainPlan { actions: Vec::new(), cost: 0, peak: 0 });
        }
        let quantum = budget.div_ceil(quanta as u64).max(1);
        let memory = (budget / quantum) as usize;
        let rounded = self.in_quanta(quantum);
        let table = Table::fill(&rounded, memory);
        let cost = table.cost[table.at(0, n - 1, memory)];
        if cost == NEVER {
            return None;
        }
        let mut actions = Vec::new();
        table.follow(0, n - 1, memory, &mut actions);
        let peak = self.peak(&actions);
        debug_assert!(peak <= budget, "rounding up keeps within the budget");
        Some(ChainPlan { actions, cost, peak })
    }

    fn in_quanta(&self, quantum: u64) -> Chain {
        let up = |x: u64| x.div_ceil(quantum);
        let stages = self.stages.iter().map(|s| Stage {
            state: up(s.state),
            tape: up(s.tape),
            forward_work: up(s.forward_work),
            backward_work: up(s.backward_work),
            ..*s
        });
        Chain { input: up(self.input), stages: stages.collect() }
    }

    /// Size of h_k.
    fn state(&self, k: usize) -> u64 {
        if k == 0 { self.input } else { self.stages[k - 1].state }
    }

    /// The most memory a schedule of this module's making uses, by executing it.
    fn peak(&self, actions: &[Action]) -> u64 {
        let n = self.stages.len();
        // Sizes resident: kept states and tapes; the adjoint; the current state
        // where nothing else holds it.
        let (mut held, mut adjoint, mut peak) = (0, self.state(n), 0);
        let mut loose = 0;
        for &action in actions {
            match action {
                Action::Advance { from, to } => {
                    for step in from + 1..=to {
                        let s = &self.stages[step - 1];
                        peak = peak.max(held + adjoint + loose + s.state + s.forward_work);
                        loose = s.state;
                    }
                }
                Action::Keep { state, .. } => {
                    held += self.state(state);
                    loose = 0;
                }
                Action::Read { .. } => loose = 0,
                Action::Tape { step } => {
                    let s = &self.stages[step - 1];
                    held += s.tape;
                    peak = peak.max(held + adjoint + s.forward_work);
                }
                Action::Back { step } => {
                    let s = &self.stages[step - 1];
                    peak = peak.max(held + adjoint + self.state(step - 1) + s.backward_work);
                    adjoint = self.state(step - 1);
                    held -= s.tape;
                }
                Action::Free { state, .. } => held -= self.state(state),
            }
        }
        peak
    }
}

/// T(i, j, m) for all i ≤ j and m, and how each begins.
struct Table<'a> {
    chain: &'a Chain,
    memory: usize,
    cost: Vec<u64>,
    choice: Vec<Choice>,
}

impl<'a> Table<'a> {
    fn at(&self, i: usize, j: usize, m: usize) -> usize {
        (i * self.chain.stages.len() + j) * (self.memory + 1) + m
    }

    fn fill(chain: &'a Chain, memory: usize) -> Self {
        let n = chain.stages.len();
        let size = n * n * (memory + 1);
        let mut t =
            Self { chain, memory, cost: vec![NEVER; size], choice: vec![Choice::Tape; size] };
        let mut before = vec![0];
        for s in &chain.stages {
            before.push(before[before.len() - 1] + s.forward);
        }
        for length in 1..=n {
            for i in 0..=n - length {
                let j = i + length - 1;
                let s = chain.stages[i];
                // The adjoint of h_{j+1} (steps count from 0 here).
                let adjoint = chain.stages[j].state;
                let taping = (adjoint + s.tape + s.forward_work)
                    .max(s.state + s.tape + chain.state(i) + s.backward_work);
                for m in 0..=memory {
                    let room = m as u64;
                    let (mut best, mut choice) = (NEVER, Choice::Tape);
                    if taping <= room {
                        let rest =
                            if i == j { 0 } else { t.cost[t.at(i + 1, j, m - s.tape as usize)] };
                        if rest < NEVER {
                            best = s.forward + rest + s.backward;
                        }
                    }
                    let mut peak = 0;
                    for k in i..j {
                        let here = chain.stages[k];
                        let loose = if k == i { 0 } else { chain.stages[k - 1].state };
                        peak = peak.max(adjoint + loose + here.state + here.forward_work);
                        if peak > room {
                            break;
                        }
                        let right = t.cost[t.at(k + 1, j, m - here.state as usize)];
                        let left = t.cost[t.at(i, k, m)];
                        if right < NEVER && left < NEVER {
                            let cost = before[k + 1] - before[i] + right + left;
                            if cost < best {
                                (best, choice) = (cost, Choice::Advance(k as u16));
                            }
                        }
                    }
                    let at = t.at(i, j, m);
                    (t.cost[at], t.choice[at]) = (best, choice);
                }
            }
        }
        t
    }

    /// The actions of T(i, j, m); states are numbered from h₀, slots by state.
    fn follow(&self, i: usize, j: usize, m: usize, actions: &mut Vec<Action>) {
        match self.choice[self.at(i, j, m)] {
            Choice::Tape => {
                actions.push(Action::Tape { step: i + 1 });
                if i < j {
                    self.follow(i + 1, j, m - self.chain.stages[i].tape as usize, actions);
                }
                actions.push(Action::Back { step: i + 1 });
            }
            Choice::Advance(k) => {
                let k = usize::from(k);
                let state = k + 1;
                actions.push(Action::Advance { from: i, to: state });
                actions.push(Action::Keep { state, slot: state });
                self.follow(k + 1, j, m - self.chain.stages[k].state as usize, actions);
                actions.push(Action::Free { state, slot: state });
                actions.push(Action::Read { state: i, slot: i });
                self.follow(i, k, m, actions);
            }
        }
    }
}

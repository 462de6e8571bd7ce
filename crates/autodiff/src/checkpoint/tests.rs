//! The closed forms against a dynamic programme, schedules against the
//! simulator, the programme for unequal steps against exhaustive search.

use std::collections::{BTreeMap, BinaryHeap};

use super::*;

/// (advances, writes) by the recurrence over all splits, nothing assumed.
fn programme(l_max: usize, c_max: usize) -> Vec<Vec<(u64, u64)>> {
    let mut best = vec![vec![(0, 0); l_max + 1]; c_max + 1];
    for c in 1..=c_max {
        for l in 2..=l_max {
            best[c][l] = (1..l)
                .filter(|&k| c > 1 || l - k == 1)
                .map(|k| {
                    // A single step that follows at once needs no slot.
                    let right = if l - k == 1 { (0, 0) } else { best[c - 1][l - k] };
                    let write = u64::from(l - k > 1);
                    let left = best[c][k];
                    (k as u64 + right.0 + left.0, write + right.1 + left.1)
                })
                .min()
                .unwrap();
        }
    }
    best
}

#[test]
fn closed_forms_equal_the_recurrence() {
    let best = programme(1000, 60);
    for (c, row) in best.iter().enumerate().skip(1) {
        for (l, &(t, w)) in row.iter().enumerate().skip(1) {
            let (l, c) = (l as u64, c as u64);
            assert_eq!((advances(l, c), writes(l, c)), (t, w + 1), "l = {l}, c = {c}");
        }
    }
}

#[test]
fn schedules_meet_the_optimum_and_the_simulator() {
    for c in 1..=60 {
        // One slot takes l²/2 advances: fewer lengths will do.
        for l in (0..=1000).step_by(if c == 1 { 97 } else { 7 }).chain([1, 2, 3, 5, 8, 999]) {
            let counts = simulate(&revolve(l, c), l).unwrap();
            let (steps, slots) = (l as u64, c as u64);
            assert_eq!(counts.advances, advances(steps, slots), "l = {l}, c = {c}");
            assert_eq!(counts.writes, writes(steps, slots), "l = {l}, c = {c}");
            assert!(counts.peak_slots <= c, "l = {l}, c = {c}");
            if l > 1 {
                assert!(counts.sweeps <= sweeps(steps, slots), "l = {l}, c = {c}");
            }
        }
    }
}

/// Every schedule's advances and writes, added up over its splits.
#[test]
fn the_splits_of_every_schedule_add_up_to_the_optimum() {
    let mut of = vec![vec![(0, 1); 1001]; 61];
    for c in 1..=60_u64 {
        for l in 2..=1000_u64 {
            let k = revolve::split(l, c);
            // The last step alone is not kept.
            let right = if l - k == 1 { (0, 0) } else { of[c as usize - 1][(l - k) as usize] };
            let left: (u64, u64) = of[c as usize][k as usize];
            let sum = (k + right.0 + left.0, right.1 + left.1);
            assert_eq!(sum, (advances(l, c), writes(l, c)), "l = {l}, c = {c}");
            of[c as usize][l as usize] = sum;
        }
    }
}

#[test]
fn the_table_of_the_literature() {
    // l, c, r, t, forwards taped, forwards replayed, peak slots, writes.
    for [l, c, r, t, tape, replay, peak, write] in [
        [10, 3, 2, 15, 25, 16, 3, 6],
        [10, 10, 1, 9, 19, 10, 9, 9],
        [10, 30, 1, 9, 19, 10, 9, 9],
        [100, 3, 7, 490, 590, 491, 3, 28],
        [100, 10, 3, 222, 322, 223, 10, 55],
        [100, 30, 2, 168, 268, 169, 30, 69],
        [1000, 3, 17, 12155, 13155, 12156, 3, 153],
        [1000, 10, 4, 3636, 4636, 3637, 10, 714],
        [1000, 30, 3, 2472, 3472, 2473, 30, 504],
    ] {
        assert_eq!((sweeps(l, c), advances(l, c)), (r, t));
        assert_eq!((taped(l, c), replayed(l, c), writes(l, c)), (tape, replay, write));
        let counts = simulate(&revolve(l as usize, c as usize), l as usize).unwrap();
        assert_eq!(counts.peak_slots as u64, peak);
    }
    let slots = |l| [1, 2, 3, 4, 5].map(|r| min_slots(l, r));
    assert_eq!(slots(100), [99, 13, 7, 5, 4]);
    assert_eq!(slots(1000), [999, 44, 17, 10, 8]);
    assert_eq!(slots(1_000_000), [999_999, 1413, 180, 68, 39]);
}

#[test]
fn notes_6_3_four_blocks_cost_a_quarter_more() {
    assert_eq!(replayed(4, 2), 5);
    assert_eq!(replayed(4, 4), 4);
    assert_eq!(simulate(&revolve(4, 2), 4).unwrap().peak_slots, 2);
}

#[test]
fn the_simulator_refuses_what_cannot_be_done() {
    use Action::{Advance, Back, Free, Keep, Read};
    let fault = |actions: &[Action]| simulate(actions, 2).unwrap_err().to_string();
    for (actions, says) in [
        (vec![Back { step: 2 }], "the input of the step is the current state"),
        (vec![Back { step: 1 }], "steps go back in reverse order"),
        (vec![Advance { from: 1, to: 2 }], "it begins with the current state"),
        (vec![Advance { from: 0, to: 2 }], "it ends before the next backward step"),
        (vec![Keep { state: 1, slot: 0 }], "only the current state can be kept"),
        (vec![Keep { state: 0, slot: 0 }, Keep { state: 0, slot: 0 }], "the slot is taken"),
        (vec![Read { state: 0, slot: 0 }], "the slot does not hold it"),
        (vec![Free { state: 0, slot: 0 }], "the slot does not hold it"),
        (vec![Action::Tape { step: 1 }], "does not tape"),
        (vec![], "some steps have not gone back"),
        (
            vec![
                Keep { state: 0, slot: 0 },
                Advance { from: 0, to: 1 },
                Back { step: 2 },
                Read { state: 0, slot: 0 },
                Back { step: 1 },
            ],
            "some slots are not free",
        ),
    ] {
        assert!(fault(&actions).contains(says), "{}", fault(&actions));
    }
}

/// What holds memory while a chain runs: which states are kept, which steps are
/// taped, the current state, the next backward step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    kept: u32,
    taped: u32,
    current: usize,
    left: usize,
}

/// The least cost over all persistent schedules, by shortest paths over the
/// states of the machine: advance one step, keep, tape, go back, read.
fn exhaustive(chain: &Chain, budget: u64) -> Option<u64> {
    let n = chain.stages.len();
    let size = |k: usize| if k == 0 { chain.input } else { chain.stages[k - 1].state };
    // h₀ is resident and free; the tape of a step holds its result.
    let resident = |s: &State, k: usize| k == 0 || s.kept >> k & 1 == 1 || s.taped >> k & 1 == 1;
    let held = |s: &State| -> u64 {
        let kept: u64 = (1..=n).filter(|k| s.kept >> k & 1 == 1).map(size).sum();
        let taped = (1..=n).filter(|k| s.taped >> k & 1 == 1);
        kept + taped.map(|k| chain.stages[k - 1].tape).sum::<u64>() + size(s.left)
    };
    let start = State { kept: 0, taped: 0, current: 0, left: n };
    let mut cost = BTreeMap::from([(start, 0)]);
    let mut heap = BinaryHeap::from([(std::cmp::Reverse(0), start)]);
    while let Some((std::cmp::Reverse(so_far), s)) = heap.pop() {
        if cost[&s] < so_far {
            continue;
        }
        if s.left == 0 {
            return Some(so_far);
        }
        let mut go = |next: State, price: u64, peak: u64| {
            let total = so_far + price;
            if peak <= budget && cost.get(&next).is_none_or(|&c| total < c) {
                cost.insert(next, total);
                heap.push((std::cmp::Reverse(total), next));
            }
        };
        let (k, held) = (s.current, held(&s));
        let loose = if resident(&s, k) { 0 } else { size(k) };
        if k < s.left {
            let stage = &chain.stages[k];
            let peak = held + loose + stage.state + stage.forward_work;
            go(State { current: k + 1, ..s }, stage.forward, peak);
            // The pullback of a step reads its input too: it must be resident.
            if resident(&s, k) && s.taped >> (k + 1) & 1 == 0 {
                let peak = held + stage.tape + stage.forward_work;
                go(
                    State { taped: s.taped | 1 << (k + 1), current: k + 1, ..s },
                    stage.forward,
                    peak,
                );
            }
            if !resident(&s, k) {
                go(State { kept: s.kept | 1 << k, ..s }, 0, 0);
            }
        }
        for read in (0..s.left).filter(|&k| resident(&s, k)) {
            go(State { current: read, ..s }, 0, 0);
        }
        let b = s.left;
        if s.taped >> b & 1 == 1 && resident(&s, b - 1) {
            let stage = &chain.stages[b - 1];
            let peak = held + size(b - 1) + stage.backward_work;
            // A state is dropped with the step that begins there, no earlier.
            let kept = s.kept & !(1 << (b - 1));
            let next = State { kept, taped: s.taped & !(1 << b), current: 0, left: b - 1 };
            go(next, stage.backward, peak);
        }
    }
    None
}

#[test]
fn the_programme_for_unequal_steps_equals_exhaustive_search() {
    let mut state = 1_u64;
    let mut draw = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let (mut feasible, mut refused) = (0, 0);
    for _ in 0..300 {
        let n = 1 + draw(6) as usize;
        let stages = (0..n)
            .map(|_| {
                let state = 1 + draw(4);
                Stage {
                    forward: 1 + draw(9),
                    backward: 1 + draw(9),
                    state,
                    tape: state + draw(4),
                    forward_work: draw(3),
                    backward_work: draw(3),
                }
            })
            .collect();
        let chain = Chain { input: 1 + draw(3), stages };
        let budget = 4 + draw(30);
        let plan = chain.plan(budget, budget as usize);
        match (&plan, exhaustive(&chain, budget)) {
            (Some(plan), Some(cost)) => {
                assert_eq!(plan.cost, cost, "{chain:?} in {budget}: {:?}", plan.actions);
                assert!(plan.peak <= budget);
                feasible += 1;
            }
            (None, None) => refused += 1,
            (plan, cost) => panic!("{chain:?} in {budget}: {plan:?} but {cost:?}"),
        }
    }
    assert!(feasible > 100 && refused > 10, "{feasible} {refused}");
}

/// For equal steps whose tape is the state alone the programme finds the
/// binomial optimum, in taped counting.
#[test]
fn equal_steps_are_a_special_case() {
    let step = Stage { forward: 1, backward: 0, state: 1, tape: 1, ..Stage::default() };
    for n in 2..=12 {
        let chain = Chain { input: 1, stages: vec![step; n] };
        let everything = chain.plan(100, 100).unwrap();
        assert_eq!(everything.cost, n as u64);
        let costs: Vec<u64> =
            (1..=n as u64 + 3).filter_map(|m| Some(chain.plan(m, m as usize)?.cost)).collect();
        assert!(costs.windows(2).all(|w| w[0] >= w[1]), "more memory never costs more: {costs:?}");
        assert_eq!(costs.last(), Some(&(n as u64)));
    }
}

#[test]
fn coarse_quanta_stay_within_the_budget() {
    let stage = |k: u64| Stage {
        forward: 10 * k,
        backward: 20 * k,
        state: 100 + 7 * k,
        tape: 300 + 11 * k,
        ..Stage::default()
    };
    let chain = Chain { input: 64, stages: (1..20).map(stage).collect() };
    for budget in [1500, 2500, 5000, 20_000] {
        let fine = chain.plan(budget, 500).unwrap();
        assert!(fine.peak <= budget);
        if let Some(coarse) = chain.plan(budget, 60) {
            assert!(coarse.peak <= budget && coarse.cost >= fine.cost);
        }
    }
    assert_eq!(chain.plan(10, 10), None);
    assert_eq!(Chain::default().plan(0, 1).unwrap().cost, 0);
}

//! Plans within a memory budget: reverse loops keep a few states and make the
//! others again (notes §6.3).
//!
//! Checkpointing is a property of the plan, not of the program: it comes after
//! every derivative and composes with all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wonderland_linalg::Scalar;

use crate::checkpoint::{Action, min_slots, revolve};
use crate::error::{Error, Result};
use crate::graph::rewritten;
use crate::op::{Op, RewindOp, ScanOp, Sub};
use crate::plan::layout::Host;
use crate::plan::remake::remade;
use crate::plan::segments::Segments;
use crate::plan::{Plan, without_custom};
use crate::program::{Id, Program};
use crate::recompute::{left_for, without_residuals};

/// Longest chain for the dynamic programme, parts of the memory of all tapes
/// it is asked for, and its quanta.
const LONGEST_PROGRAMME: usize = 64;
const PARTS: u64 = 12;
const QUANTA: usize = 96;

/// How much memory a plan may use.
///
/// Bytes are those of [`PlanReport::total`](crate::PlanReport::total): what the
/// plan holds while it runs, without arguments and results, which are the
/// caller's, and without the list of instructions.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Budget {
    /// At most so many bytes in all: arena, constants, loops and their states.
    Bytes(usize),
    /// At most this fraction, from 0 to 1, of the bytes that keeping everything
    /// takes.
    Fraction(f64),
    /// So many states per loop, or of the chain of segments; the first one, h₀,
    /// is one of them, and 0 counts as 1. Never refused.
    Slots(usize),
    /// The fewest states with which no step is run forward more than twice
    /// again: about √(2 l) for l steps. Never refused.
    Sqrt,
}

impl Program {
    /// Plans the program within a budget: each reverse loop whose forward loop
    /// left all its states keeps some of them and makes the others again, in
    /// the fewest steps possible, t(l, c) = r l − C(c + r, c + 1) for l steps
    /// and c states ([`checkpoint`](crate::checkpoint)), of which the forward loop
    /// itself does the first l − 1. A program without
    /// loops is cut where [`segment`](crate::Var::segment) marks it or, without
    /// marks, where little is alive; of several schedules that fit, the one
    /// with the fewest operations is taken. Results have the bits of
    /// [`plan`](Program::plan).
    ///
    /// The report says the bytes, the further steps and the further operations
    /// before anything runs, and whether anything is saved at all.
    ///
    /// # Errors
    /// [`Error::Budget`] when no schedule fits into the bytes, with the least
    /// that one of them takes; [`Budget::Slots`] and [`Budget::Sqrt`] cannot
    /// fail.
    ///
    /// # Examples
    /// ```
    /// use wonderland_autodiff::{Budget, input, scan, trace};
    /// let p = trace(input("x", [50]), |_, x| {
    ///     scan(100, &[], &[x], &[], |_, s, _| (vec![(s[0] * 1.5).sin()], vec![])).0[0].sum()
    /// })?;
    /// let (all, few) = (p.grad()?.plan::<f64>(), p.grad()?.plan_within::<f64>(Budget::Slots(10))?);
    /// assert!(few.report().total() < all.report().total() / 2);
    /// assert_eq!(few.report().recomputed, 222 - 99); // t(100, 10) but for the first sweep
    /// # Ok::<(), wonderland_autodiff::Error>(())
    /// ```
    pub fn plan_within<T: Scalar>(&self, budget: Budget) -> Result<Plan<T>> {
        let program = without_custom(self.clone());
        let mut full = Plan::<T>::sketch(&program, Host::Caller(&[]));
        let all = Everything { bytes: full.report.total(), flops: program.flops() };
        let bytes = match budget {
            Budget::Slots(slots) => {
                return Ok(all.plan(&with_slots(&program, &|_| slots.max(1))).with_memory());
            }
            Budget::Sqrt => {
                let slots = |l: usize| min_slots(l as u64, 2) as usize;
                return Ok(all.plan(&with_slots(&program, &slots)).with_memory());
            }
            Budget::Bytes(bytes) => bytes,
            Budget::Fraction(f) => (f * all.bytes as f64) as usize,
        };
        if all.bytes <= bytes {
            full.report.without_budget = Some(all.bytes);
            return Ok(full.with_memory());
        }
        let longest = program.instrs.iter().filter_map(|i| i.op.as_loop()).map(|l| l.length);
        let plan = match longest.max().unwrap_or(0) as usize {
            0 => all.segments_within(&program, bytes)?,
            longest => all.loops_within(&program, bytes, longest)?,
        };
        Ok(plan.with_memory())
    }
}

/// The plan that keeps everything.
#[derive(Clone, Copy)]
struct Everything {
    bytes: usize,
    flops: u64,
}

impl Everything {
    /// The plan of a program that makes values again, without its memory.
    fn plan<T: Scalar>(self, program: &Program) -> Plan<T> {
        let mut plan = Plan::sketch(program, Host::Caller(&[]));
        plan.report.without_budget = Some(self.bytes);
        plan.report.extra_flops = plan.report.flops.saturating_sub(self.flops);
        plan
    }

    /// The most slots per loop that fit: more take more memory.
    fn loops_within<T: Scalar>(
        self,
        program: &Program,
        bytes: usize,
        longest: usize,
    ) -> Result<Plan<T>> {
        let with = |slots: usize| -> Plan<T> { self.plan(&with_slots(program, &|_| slots)) };
        let (mut low, mut high) = (0, longest.max(1));
        while low < high {
            let middle = usize::midpoint(low, high + 1);
            if with(middle).report().total() <= bytes {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        if low == 0 {
            let least = with(1).report().total().min(self.bytes);
            return Err(Error::Budget { bytes, least });
        }
        Ok(with(low))
    }

    /// The schedule of a chain of segments that fits and makes the least again,
    /// of these: every n-th state kept for some n, that of √l segments among
    /// them; the binomial one for many numbers of slots; the dynamic programme
    /// for parts of the memory.
    fn segments_within<T: Scalar>(self, program: &Program, bytes: usize) -> Result<Plan<T>> {
        let (mut best, mut least): (Option<Plan<T>>, _) = (None, self.bytes);
        let mut consider = |segments: &Segments, schedule: &[Action]| {
            let plan = self.plan::<T>(&remade(segments, schedule));
            let report = plan.report();
            least = least.min(report.total());
            let better = best.as_ref().is_none_or(|b| {
                (report.extra_flops, report.total()) < (b.report.extra_flops, b.report.total())
            });
            if report.total() <= bytes && better {
                best = Some(plan);
            }
        };
        if let Some(segments) = Segments::of(program, 1) {
            let l = segments.len();
            let growing =
                std::iter::successors(Some(1), |thin| Some(thin + usize::div_ceil(*thin, 2)));
            for thin in growing.take_while(|thin| 2 * thin < l).chain([l.isqrt()]) {
                if let Some(segments) = Segments::of(program, thin) {
                    consider(&segments, &revolve(segments.len(), segments.len()));
                }
            }
            let mut slots = l;
            while slots > 1 {
                slots -= slots.div_ceil(8);
                consider(&segments, &revolve(l, slots));
            }
            if l <= LONGEST_PROGRAMME {
                let chain = segments.chain();
                let all: u64 = chain.stages.iter().map(|s| s.tape).sum();
                for part in 1..=PARTS {
                    if let Some(plan) = chain.plan(all * part / PARTS, QUANTA) {
                        consider(&segments, &plan.actions);
                    }
                }
            }
        }
        best.ok_or(Error::Budget { bytes, least })
    }
}

/// The program with few states kept, given the number of slots for so many
/// steps: in its loops and in its chain of segments.
fn with_slots(program: &Program, slots: &dyn Fn(usize) -> usize) -> Program {
    let program = rewound(program, slots);
    let has_loop = program.instrs.iter().any(|i| i.op.as_loop().is_some());
    let marked = program.instrs.iter().any(|i| i.op == Op::Segment);
    let segments = (marked || !has_loop).then(|| Segments::of(&program, 1)).flatten();
    match segments {
        Some(s) => {
            let schedule = revolve(s.len(), slots(s.len()).min(s.len()));
            remade(&s, &schedule)
        }
        None => program,
    }
}

/// Steps run again by the loops of a program.
pub(crate) fn recomputed(program: &Program) -> u64 {
    let loops = program.instrs.iter().filter_map(|i| match &i.op {
        Op::Rewind(op) => Some(op.again()),
        _ => None,
    });
    loops.sum()
}

/// The program with reverse loops that make states again, given the number of
/// slots for a loop of so many steps.
fn rewound(program: &Program, slots: &dyn Fn(usize) -> usize) -> Program {
    let program = &without_residuals(program);
    // Each forward loop keeps states for one reverse loop.
    let mut swept = BTreeSet::new();
    without_unread(rewritten(program, |g, k, args, map| {
        let instr = &program.instrs[k];
        let rewind = match &instr.op {
            Op::Scan(back) => rewind(program, back, &instr.args, slots(back.length as usize)),
            _ => None,
        };
        let Some((mut op, source)) = rewind else { return g.emit(&instr.op, &args, instr.at) };
        op.swept = swept.insert(source);
        let own = args.iter().zip(&op.history).filter(|(_, h)| h.is_none());
        let mut all: Vec<Id> = own.map(|(&a, _)| a).collect();
        all.extend(program.instrs[source as usize].args.iter().map(|&a| map[a as usize]));
        all.extend(op.swept.then(|| map[source as usize]));
        g.emit(&Op::Rewind(Box::new(op)), &all, instr.at)
    }))
}

/// The reverse loop within a budget, and its forward loop, if some of its
/// sequences are the states before each step of one loop the other way.
fn rewind(program: &Program, back: &ScanOp, args: &[Id], slots: usize) -> Option<(RewindOp, Id)> {
    let is_state = |forward: &ScanOp, part| forward.state_before(part).is_some();
    let (source, left) = left_for(&program.instrs, back, args, is_state)?;
    let Op::Scan(forward) = &program.instrs[source as usize].op else { return None };
    if slots >= back.length as usize {
        return None;
    }
    let state = |part: Option<u32>| part.and_then(|part| forward.state_before(part));
    let history = left.into_iter().map(state).collect();
    let mut body = (*forward.body.0).clone();
    body.outputs.truncate(forward.carry as usize);
    let forward = ScanOp { body: Sub(body.without_dead().into()), ..(**forward).clone() };
    let (back, slots) = (back.clone(), slots as u32);
    Some((RewindOp { back, forward, history, slots, swept: false }, source))
}

/// The program whose loops give only the stacked results that are read.
pub(crate) fn without_unread(mut program: Program) -> Program {
    let mut read = BTreeSet::new();
    for instr in program.instrs.iter() {
        if let Op::Part(part) = instr.op {
            read.insert((instr.args[0], part));
        }
    }
    // Which results remain of the loops that give more.
    let mut kept: BTreeMap<Id, Vec<u32>> = BTreeMap::new();
    for (instr, k) in program.instrs.iter().zip(0..) {
        if let Op::Scan(op) = &instr.op {
            let all = op.n_parts();
            let is_kept = |&part: &u32| part < op.carry || read.contains(&(k, part));
            let parts: Vec<u32> = (0..all).filter(is_kept).collect();
            if parts.len() < all as usize {
                kept.insert(k, parts);
            }
        }
    }
    if kept.is_empty() {
        return program;
    }
    for (instr, k) in Arc::make_mut(&mut program.instrs).iter_mut().zip(0..) {
        match &mut instr.op {
            Op::Scan(op) => {
                if let Some(parts) = kept.get(&k) {
                    let mut body = (*op.body.0).clone();
                    body.outputs =
                        parts.iter().map(|&p| body.outputs[p as usize].clone()).collect();
                    op.body = Sub(body.without_dead().into());
                }
            }
            Op::Part(part) => {
                if let Some(parts) = kept.get(&instr.args[0]) {
                    *part = parts.iter().position(|p| p == part).unwrap_or(0) as u32;
                }
            }
            _ => {}
        }
    }
    program
}

#[cfg(test)]
mod tests {
    use super::{Budget, Everything};
    use crate::checkpoint::{advances, revolve, simulate, writes};
    use crate::plan::Plan;
    use crate::plan::loops::Runner;
    use crate::plan::remake::remade;
    use crate::plan::segments::Segments;
    use crate::{Program, input, scan, trace};

    #[test]
    fn a_plan_says_when_checkpointing_saves_nothing() {
        let flat = trace(input("x", [50]), |_, x| x.sin().exp().sum()).expect("it fits");
        // A mark on what the last layer gives: everything before it is needed.
        let last = trace(input("x", [50]), |_, x| x.sin().exp().tanh().segment().sum());
        for program in [flat, last.expect("it fits")] {
            let plan = program.grad().expect("a scalar").plan_within::<f64>(Budget::Sqrt);
            let report = plan.expect("no need").report().clone();
            assert!(report.saves_nothing());
            assert!(report.to_string().contains("warning: checkpointing saves nothing"));
        }
        let long = chain(100);
        let plan = long.plan_within::<f64>(Budget::Sqrt).expect("possible");
        let r = plan.report();
        assert!(!r.saves_nothing() && r.to_string().contains(" B instead of "), "{r}");
        assert!(!long.plan::<f64>().report().saves_nothing());
    }

    /// The gradient of a loop of `n` steps over 50 numbers.
    fn chain(n: usize) -> Program {
        let program = trace(input("x", [50]), |_, x| {
            scan(n, &[], &[x], &[], |_, s, _| (vec![s[0].sin()], vec![])).0[0].sum()
        });
        program.and_then(|p| p.grad()).expect("a scalar")
    }

    /// Bytes of all vectors of numbers that a plan really holds.
    fn held(plan: &Plan<f64>) -> usize {
        let loops = plan.loops.iter().map(|runner| {
            let plans = match runner {
                Runner::Scan(body) => held(&body.plan),
                Runner::Rewind(r) => held(&r.back.plan) + held(&r.forward.plan),
            };
            plans + runner.kept().map_or(0, |k| 8 * (k.slots.len() + k.current.len()))
        });
        let own = 8 * (plan.arena.len() + plan.fixed.len()) + 4 * plan.indices.len();
        own + loops.sum::<usize>()
    }

    /// For every number of slots: the states a plan holds are the most that
    /// the simulator finds in use, its bytes are those it said, and the steps
    /// it will run again are those of its schedule and of the closed form.
    #[test]
    fn a_loop_holds_and_repeats_what_was_said() {
        let (n, p) = (40, chain(40));
        for slots in 1..n {
            let plan = p.plan_within::<f64>(Budget::Slots(slots)).expect("possible");
            assert_eq!(held(&plan), plan.report().total(), "{slots}: {}", plan.report());
            let rewinds = plan.loops.iter().filter_map(|runner| match runner {
                Runner::Rewind(rewind) => Some(rewind),
                Runner::Scan(_) => None,
            });
            let [rewind] = rewinds.collect::<Vec<_>>()[..] else { panic!("one reverse loop") };
            let counts = simulate(&rewind.schedule, n).expect("it can be done");
            let kept: Vec<_> = plan.loops.iter().filter_map(Runner::kept).collect();
            assert_eq!((kept.len(), kept[0].slots.len()), (1, 50 * counts.peak_slots));
            assert_eq!(counts.advances, plan.report().recomputed + n as u64 - 1);
            assert_eq!(counts.advances, advances(n as u64, slots as u64));
            assert_eq!(counts.writes, writes(n as u64, slots as u64));
        }
    }

    /// A graph that is no chain: layers that read those two and five before.
    fn woven(layers: usize) -> Program {
        let program = trace(input("x", [64]), |_, x| {
            let mut h = vec![x];
            for k in 0..layers {
                let far = h[k.saturating_sub(4)] * 0.5 + h[k.saturating_sub(1)];
                h.push(((h[k].sin() * far).tanh().exp() * 0.1 + far.sigmoid()).tanh());
            }
            h[layers].sum()
        });
        program.and_then(|p| p.grad()).expect("a scalar")
    }

    /// Whatever √l segments need, a budget of that size is met with no more
    /// work; and nothing is made again where everything fits.
    #[test]
    fn no_graph_is_worse_off_than_with_the_square_root_or_with_everything() {
        let mut saved = 0;
        for program in [woven(20), woven(45), woven(90)] {
            let full = program.plan::<f64>();
            let all = Everything { bytes: full.report.total(), flops: program.flops() };
            let l = Segments::of(&program, 1).expect("it can be cut").len();
            let root = Segments::of(&program, l.isqrt()).expect("it can be cut");
            let root = all.plan::<f64>(&remade(&root, &revolve(root.len(), root.len())));
            let bytes = root.report.total();
            saved += usize::from(bytes < all.bytes);
            let found = program.plan_within::<f64>(Budget::Bytes(bytes)).expect("√l segments fit");
            assert!(found.report.total() <= bytes);
            assert!(found.report.extra_flops <= root.report.extra_flops);
            assert_eq!(held(&found), found.report.total());
            let whole = program.plan_within::<f64>(Budget::Bytes(all.bytes)).expect("all fits");
            assert_eq!((whole.report.extra_flops, whole.report.total()), (0, all.bytes));
        }
        assert!(saved > 0, "some of them take less memory in √l segments");
    }
}

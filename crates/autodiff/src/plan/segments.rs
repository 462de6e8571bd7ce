//! A program cut into a chain of segments: marks ([`Var::segment`]
//! (crate::Var::segment)) or, without any, places where little is alive.
//!
//! Instructions up to the last cut are *forward*, those after it the *tail*.
//! h_k is what is alive between segments k and k + 1 of the forward part. Each
//! instruction of the tail belongs to the backward step that first has all it
//! reads: step i may read h_{i−1} and what is inside segment i. The last step
//! is the tail's own forward part and whatever else reads no segment.

use crate::checkpoint::{Chain, Stage};
use crate::op::Op;
use crate::plan::is_alias;
use crate::plan::schedule::{Uses, in_arena, order};
use crate::program::{Id, Program};

/// Segments that are looked for where the user marked none.
const UNMARKED: usize = 32;

/// The cuts of a program.
pub(crate) struct Segments {
    /// The program, cheap instructions just before they are read.
    pub(crate) program: Program,
    pub(crate) uses: Uses,
    /// Number of the last instruction of each segment.
    cuts: Vec<usize>,
    /// h₀ (nothing: arguments are always there) to h_m, as roots.
    pub(crate) states: Vec<Vec<usize>>,
    /// Backward step of every instruction of the tail, segment of every other,
    /// both from 1.
    pub(crate) step: Vec<usize>,
}

impl Segments {
    /// The chain of a program, or `None` if it cannot be cut. `thin` takes
    /// every so many-th cut, the last one always.
    pub(crate) fn of(program: &Program, thin: usize) -> Option<Self> {
        let program = reordered(program);
        let uses = Uses::of(&program);
        let marked: Vec<usize> = (0..program.instrs.len())
            .filter(|&k| program.instrs[k].op == Op::Segment)
            .map(|k| last_name(&program, &uses, k))
            .collect();
        let mut cuts = if marked.is_empty() { quiet_places(&program, &uses) } else { marked };
        cuts.dedup();
        let n = cuts.len();
        let mut at = 0;
        cuts.retain(|_| {
            at += 1;
            (n - at).is_multiple_of(thin)
        });
        if cuts.is_empty() {
            return None;
        }
        let states = states(&program, &uses, &cuts);
        let step = steps(&program, &uses, &cuts, &states);
        Some(Self { program, uses, cuts, states, step })
    }

    /// Steps of the chain, the tail's own included.
    pub(crate) fn len(&self) -> usize {
        self.cuts.len() + 1
    }

    /// Whether the instruction belongs to a segment.
    pub(crate) fn is_forward(&self, k: usize) -> bool {
        k <= self.cuts[self.cuts.len() - 1]
    }

    /// What the backward step reads of its own segment.
    pub(crate) fn tape(&self, step: usize) -> Vec<usize> {
        let first = if step == 1 { 0 } else { self.cuts[step - 2] + 1 };
        let Some(&last) = self.cuts.get(step - 1) else { return Vec::new() };
        let tail = |&r: &usize| !self.is_forward(r) && r < self.program.instrs.len();
        let read = |&k: &usize| self.uses.readers(k).iter().any(tail);
        let mut tape: Vec<usize> =
            (first..=last).filter(|&k| is_value(&self.program, k)).filter(read).collect();
        tape.extend(self.states[step].iter().filter(|s| !tape.contains(s)).collect::<Vec<_>>());
        tape
    }

    /// Elements of some values.
    pub(crate) fn size(&self, values: &[usize]) -> u64 {
        values.iter().map(|&v| self.program.instrs[v].shape.len() as u64).sum()
    }

    /// The chain for the dynamic programme, in elements and operations.
    pub(crate) fn chain(&self) -> Chain {
        let mut stages = vec![Stage::default(); self.len()];
        for (k, instr) in self.program.instrs.iter().enumerate() {
            let flops = self.program.flops_of(instr);
            if self.step[k] > 0 {
                let stage = &mut stages[self.step[k] - 1];
                *(if self.is_forward(k) { &mut stage.forward } else { &mut stage.backward }) +=
                    flops;
            }
        }
        for (k, stage) in stages.iter_mut().enumerate() {
            stage.state = self.states.get(k + 1).map_or(0, |s| self.size(s));
            stage.tape = self.size(&self.tape(k + 1)).max(stage.state);
        }
        Chain { input: 0, stages }
    }
}

/// Whether instruction `k` makes a value of its own.
fn is_value(program: &Program, k: usize) -> bool {
    let op = &program.instrs[k].op;
    in_arena(op) && !is_alias(op)
}

/// The last instruction that gives another name to what `k` names.
fn last_name(program: &Program, uses: &Uses, k: usize) -> usize {
    let root = uses.root[k];
    let names = |j: &usize| uses.root[*j] == root;
    (k..program.instrs.len()).take_while(|j| *j == k || names(j)).last().unwrap_or(k)
}

/// The same program in the order of execution; other names follow their value.
fn reordered(program: &Program) -> Program {
    let uses = Uses::of(program);
    let mut names: Vec<Vec<usize>> = vec![Vec::new(); program.instrs.len()];
    let mut early = Vec::new();
    for (k, instr) in program.instrs.iter().enumerate() {
        let root = uses.root[k];
        if root != k {
            names[root].push(k);
        } else if matches!(instr.op, Op::Input(..) | Op::Const(..) | Op::Iota(_)) {
            early.push(k);
        }
    }
    let mut new = vec![Id::MAX; program.instrs.len()];
    let mut instrs = Vec::with_capacity(program.instrs.len());
    for k in early.into_iter().chain(order(program, &uses)) {
        for &k in std::iter::once(&k).chain(&names[k]) {
            let mut instr = program.instrs[k].clone();
            instr.args.iter_mut().for_each(|a| *a = new[*a as usize]);
            new[k] = instrs.len() as Id;
            instrs.push(instr);
        }
    }
    let mut outputs = program.outputs.clone();
    outputs.iter_mut().for_each(|o| o.id = new[o.id as usize]);
    Program { inputs: program.inputs.clone(), instrs: instrs.into(), outputs }
}

/// Where a program that marks nothing may be cut: before the moment when most
/// is alive, which is where its backward part begins; there, of every stretch
/// of equal work, the place where the least is alive for the forward part.
fn quiet_places(program: &Program, uses: &Uses) -> Vec<usize> {
    let n = program.instrs.len();
    // What is alive after each instruction, until the last reader before `end`.
    let alive = |end: usize| {
        let mut change = vec![0_i64; n + 1];
        for k in (0..end).filter(|&k| is_value(program, k)) {
            let last = uses.readers(k).iter().filter(|&&r| r < end).max();
            if let Some(&last) = last {
                let len = program.instrs[k].shape.len() as i64;
                change[k] += len;
                change[last] -= len;
            }
        }
        let mut sum = 0;
        change.iter_mut().for_each(|c| {
            sum += *c;
            *c = sum;
        });
        change
    };
    let all = alive(n);
    let Some(turn) = (0..n).max_by_key(|&k| (all[k], std::cmp::Reverse(k))) else {
        return Vec::new();
    };
    let forward = alive(turn + 1);
    let work = |k: usize| program.flops_of(&program.instrs[k]);
    let total: u64 = (0..=turn).map(work).sum();
    let (mut cuts, mut best, mut done) = (Vec::new(), None, 0);
    for k in 0..turn {
        done += work(k);
        if is_value(program, k) && best.is_none_or(|b: usize| forward[k] <= forward[b]) {
            best = Some(k);
        }
        if done * UNMARKED as u64 >= total * (cuts.len() as u64 + 1) {
            cuts.extend(best.take().map(|b| last_name(program, uses, b)));
        }
    }
    cuts.sort_unstable();
    cuts
}

/// h₀ to h_m: what is made up to a cut and read after it in the forward part;
/// for the last cut, what the segment hands to the tail by its mark.
fn states(program: &Program, uses: &Uses, cuts: &[usize]) -> Vec<Vec<usize>> {
    let end = cuts[cuts.len() - 1];
    let mut states = vec![Vec::new(); cuts.len() + 1];
    for k in (0..=end).filter(|&k| is_value(program, k)) {
        let last = uses.readers(k).iter().copied().filter(|&r| r <= end).max().unwrap_or(k);
        let first = cuts.partition_point(|&c| c < k);
        for (j, &cut) in cuts.iter().enumerate().skip(first) {
            if cut < last {
                states[j + 1].push(k);
            }
        }
    }
    let marked = uses.root[end];
    if is_value(program, marked) {
        states[cuts.len()].push(marked);
    }
    states
}

/// Segment, or backward step, of every instruction; 0 for arguments.
fn steps(program: &Program, uses: &Uses, cuts: &[usize], states: &[Vec<usize>]) -> Vec<usize> {
    let (n, end) = (program.instrs.len(), cuts[cuts.len() - 1]);
    let mut is_state = vec![false; n];
    states.iter().flatten().for_each(|&s| is_state[s] = true);
    let mut step = vec![0; n];
    for (k, instr) in program.instrs.iter().enumerate() {
        if matches!(instr.op, Op::Input(..) | Op::Const(..) | Op::Iota(_)) {
            continue;
        }
        if k <= end {
            step[k] = cuts.partition_point(|&c| c < k) + 1;
            continue;
        }
        step[k] = cuts.len() + 1;
        for &a in &instr.args {
            let root = uses.root[a as usize];
            let first = match step[root] {
                0 => continue,
                // A state is there for the step after it.
                s if root <= end && is_state[root] => s + 1,
                s => s,
            };
            step[k] = step[k].min(first);
        }
    }
    step
}

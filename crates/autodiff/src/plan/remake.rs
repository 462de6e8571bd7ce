//! A program in which values of a chain are made again, as a schedule says.
//!
//! The schedule only says what is kept; whatever is read and not there is made
//! again from what is. So every schedule gives a right program, and nothing is
//! made that is not read. The result is a program for planning only: it holds
//! the same instruction several times, which no builder would.

use crate::checkpoint::Action;
use crate::plan::segments::Segments;
use crate::program::{Id, Instr, Output, Program};

/// The program that follows the schedule.
pub(crate) fn remade(segments: &Segments, schedule: &[Action]) -> Program {
    let (n, steps) = (segments.program.instrs.len(), segments.len());
    let mut maker = Maker {
        segments,
        instrs: Vec::new(),
        now: vec![None; n],
        first: vec![None; n],
        holders: vec![0; n],
        loose: Vec::new(),
        current: 0,
        left: steps,
        tapes: vec![Vec::new(); steps + 1],
        tail: vec![Vec::new(); steps + 1],
    };
    maker.begin();
    for &action in schedule {
        maker.act(action);
    }
    let outputs = segments.program.outputs.iter().map(|o| {
        let id = maker.output(o.id as usize);
        Output { name: o.name.clone(), id }
    });
    let outputs = outputs.collect();
    let inputs = segments.program.inputs.clone();
    Program { inputs, instrs: maker.instrs.into(), outputs }.without_dead()
}

struct Maker<'a> {
    segments: &'a Segments,
    instrs: Vec<Instr>,
    /// Where each old value is, if it is there; other names are made when read.
    now: Vec<Option<Id>>,
    /// Where each old value was made first.
    first: Vec<Option<Id>>,
    /// How many states and tapes hold each value of the forward part.
    holders: Vec<u32>,
    /// Values of the forward part that are there.
    loose: Vec<usize>,
    /// Which state is current, and which backward step comes next.
    current: usize,
    left: usize,
    /// What is held for each backward step.
    tapes: Vec<Vec<usize>>,
    /// Instructions of each backward step.
    tail: Vec<Vec<usize>>,
}

impl Maker<'_> {
    /// Arguments and constants are always there.
    fn begin(&mut self) {
        for k in 0..self.segments.program.instrs.len() {
            if self.segments.uses.root[k] != k {
                continue;
            }
            if self.segments.step[k] == 0 {
                self.make(k);
            } else if !self.segments.is_forward(k) {
                self.tail[self.segments.step[k]].push(k);
            }
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Advance { from, to } => (from + 1..=to).for_each(|state| self.go_to(state)),
            Action::Keep { state, .. } => self.hold_state(state, true),
            Action::Free { state, .. } => self.hold_state(state, false),
            Action::Read { state, .. } => self.go_to(state),
            Action::Tape { step } => {
                let tape = self.segments.tape(step);
                tape.iter().for_each(|&v| self.demand(v));
                self.hold(&tape, true);
                self.tapes[step] = tape;
                if step < self.segments.len() {
                    self.go_to(step);
                }
            }
            Action::Back { step } => {
                for k in std::mem::take(&mut self.tail[step]) {
                    self.demand(k);
                }
                let tape = std::mem::take(&mut self.tapes[step]);
                self.hold(&tape, false);
                self.hold_state(self.left, false);
                self.left = step - 1;
                self.hold_state(self.left, true);
            }
        }
        self.drop_loose();
    }

    /// Makes a state the current one; the last is dropped if no one holds it.
    fn go_to(&mut self, state: usize) {
        for k in 0..self.segments.states[state].len() {
            self.demand(self.segments.states[state][k]);
        }
        self.hold_state(state, true);
        self.hold_state(self.current, false);
        self.current = state;
        self.drop_loose();
    }

    fn hold_state(&mut self, state: usize, holds: bool) {
        if let Some(state) = self.segments.states.get(state) {
            self.hold(state, holds);
        }
    }

    fn hold(&mut self, values: &[usize], holds: bool) {
        for &v in values {
            let holders = &mut self.holders[v];
            *holders = if holds { *holders + 1 } else { holders.saturating_sub(1) };
        }
    }

    fn drop_loose(&mut self) {
        let Self { loose, holders, now, .. } = self;
        loose.retain(|&v| {
            if holders[v] == 0 {
                now[v] = None;
            }
            holders[v] > 0
        });
    }

    /// Makes a value, and what it needs, unless it is there.
    fn demand(&mut self, root: usize) {
        let segments = self.segments;
        let mut stack = vec![root];
        while let Some(&top) = stack.last() {
            let args = segments.program.instrs[top].args.iter();
            let roots = args.map(|&a| segments.uses.root[a as usize]);
            let before = stack.len();
            if self.now[top].is_none() {
                stack.extend(roots.filter(|&r| self.now[r].is_none()));
            }
            if stack.len() == before {
                stack.pop();
                if self.now[top].is_none() {
                    self.make(top);
                }
            }
        }
    }

    /// Appends a value whose arguments are there.
    fn make(&mut self, k: usize) {
        let mut instr = self.segments.program.instrs[k].clone();
        for a in &mut instr.args {
            *a = self.named(*a as usize);
        }
        let id = self.push(instr);
        self.now[k] = Some(id);
        self.first[k].get_or_insert(id);
        if self.segments.is_forward(k) && self.segments.step[k] > 0 {
            self.loose.push(k);
        }
    }

    /// Where a value is under one of its names.
    fn named(&mut self, k: usize) -> Id {
        if let Some(id) = self.now[k] {
            return id;
        }
        debug_assert!(self.segments.uses.root[k] != k, "it was demanded");
        let mut instr = self.segments.program.instrs[k].clone();
        instr.args[0] = self.named(instr.args[0] as usize);
        self.push(instr)
    }

    /// Where an output is: where it was made first.
    fn output(&mut self, k: usize) -> Id {
        let root = self.segments.uses.root[k];
        if self.first[root].is_none() {
            self.demand(root);
        }
        self.now[root] = self.first[root];
        self.named(k)
    }

    fn push(&mut self, instr: Instr) -> Id {
        self.instrs.push(instr);
        self.instrs.len() as Id - 1
    }
}

//! Lifetimes and places: which values share memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::op::{Kind, Op, ScanOp};
use crate::plan::Place;
use crate::plan::offsets::{Buffer, most_alive, place};
use crate::plan::schedule::{Group, Reading, Task, Uses, argument_reading, in_arena};
use crate::program::Program;
use crate::scan::part_offset;

/// The memory of a program.
pub(crate) struct Layout {
    pub(crate) places: Vec<Place>,
    /// Results written in the place of an argument, and products added there.
    pub(crate) in_place: usize,
    pub(crate) added: usize,
    /// Sizes of the three memories, in elements.
    pub(crate) arena: usize,
    /// The beginning of the arena, where a loop puts arguments.
    pub(crate) reserved: usize,
    pub(crate) fixed: usize,
    pub(crate) indices: usize,
    /// Most elements alive at once: no arena can be smaller.
    pub(crate) lower_bound: usize,
}

/// Who gives the arguments and takes the results.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Host<'a> {
    /// The caller, who has memory for both; for each argument the result, if one,
    /// in whose memory it is at the beginning.
    Caller(&'a [Option<usize>]),
    /// A loop: arguments are put into the arena, results taken from there. The
    /// arguments after the constants are states, as many as results are.
    Loop { consts: usize, carry: usize },
}

impl Host<'_> {
    /// The result that replaces argument `k`.
    pub(crate) fn result_over(self, k: usize) -> Option<usize> {
        match self {
            Self::Caller(updates) => updates.get(k).copied().flatten(),
            Self::Loop { consts, carry } => k.checked_sub(consts).filter(|&state| state < carry),
        }
    }
}

/// Lifetimes in tasks.
struct Lives<'a> {
    program: &'a Program,
    tasks: &'a [Task],
    uses: &'a Uses,
    /// For each root, the root whose memory it takes over, or itself.
    memory: Vec<usize>,
    /// Task that makes each value.
    made: Vec<usize>,
    /// Last task that reads what is in a memory; the number of tasks for
    /// outputs.
    last: Vec<usize>,
    /// Whether the value never leaves its group.
    inner: Vec<bool>,
}

/// A value that comes into a group from the arena.
#[derive(Clone, Copy)]
struct Coming {
    memory: usize,
    /// The last member that reads it.
    until: usize,
    /// Whether all members read it element by element.
    full: bool,
}

impl<'a> Lives<'a> {
    fn of(program: &'a Program, tasks: &'a [Task], uses: &'a Uses) -> Self {
        let n = program.instrs.len();
        let mut made = vec![usize::MAX; n];
        for (t, task) in tasks.iter().enumerate() {
            task.members().iter().for_each(|&m| made[m] = t);
        }
        let mut last = vec![0; n];
        let mut inner = vec![false; n];
        for k in (0..n).filter(|&k| uses.root[k] == k) {
            let readers = uses.readers(k).iter().map(|&r| made.get(r).copied());
            let mut ends = readers.map(|t| t.unwrap_or(tasks.len()));
            // A loop whose results no one reads is written nevertheless.
            last[k] = ends.clone().max().unwrap_or(made[k]);
            inner[k] = tasks.get(made[k]).is_some_and(|t| !matches!(t, Task::One(_)))
                && !uses.readers(k).is_empty()
                && ends.all(|t| t == made[k]);
        }
        Self { program, tasks, uses, memory: (0..n).collect(), made, last, inner }
    }

    /// Lets sums take the memory of the values that products are added to; how many.
    fn take_over_sums(&mut self) -> usize {
        let mut count = 0;
        for task in self.tasks {
            if let Task::Onto(onto, _) = task {
                let memory = self.memory[onto.onto];
                self.memory[onto.sum] = memory;
                self.last[memory] = self.last[onto.sum];
                count += 1;
            }
        }
        count
    }

    /// Lets results of groups take the memory of values that are read for the
    /// last time before, element by element; how many did. The new value of an
    /// argument takes that of the old.
    fn take_over(&mut self, host: Host<'_>) -> usize {
        let mut count = 0;
        let states = self.states(host);
        let mut found = vec![None; self.program.instrs.len()];
        let (mut coming, mut free) = (Vec::new(), BinaryHeap::new());
        let tasks = self.tasks.iter().enumerate();
        for (t, group) in tasks.filter_map(|(t, task)| Some((t, task.group()?))) {
            self.coming(t, group, &mut found, &mut coming);
            let mut next = coming.iter().peekable();
            free.clear();
            for (at, &m) in group.members.iter().enumerate() {
                let now = std::iter::from_fn(|| next.next_if(|c| c.until <= at));
                free.extend(now.map(|c| Reverse(c.memory)));
                if self.inner[m] || matches!(self.program.instrs[m].op, Op::Sum(_)) {
                    continue;
                }
                let state = states[m].filter(|&state| self.is_done_with(state, t, group, at));
                if let Some(memory) = state.or_else(|| free.pop().map(|Reverse(memory)| memory)) {
                    self.memory[m] = memory;
                    self.last[memory] = self.last[m];
                    count += 1;
                }
            }
        }
        count
    }

    /// For each value that replaces an argument, that argument.
    fn states(&self, host: Host<'_>) -> Vec<Option<usize>> {
        let mut states = vec![None; self.program.instrs.len()];
        for k in 0..self.program.inputs.len() {
            if let Some(result) = host.result_over(k) {
                let output = self.program.outputs[result].id as usize;
                states[self.uses.root[output]] = Some(k);
            }
        }
        states
    }

    /// Whether no one needs the argument once member `at` of the group, which is
    /// that task, has read it, element by element.
    fn is_done_with(&self, argument: usize, task: usize, group: &Group, at: usize) -> bool {
        group.len == self.program.instrs[argument].shape.len()
            && self.uses.readers(argument).iter().all(|&reader| match self.made.get(reader) {
                Some(&t) if t == task => {
                    let instr = &self.program.instrs[reader];
                    let reads = |j: usize| self.uses.root[instr.args[j] as usize] == argument;
                    let full = |j| argument_reading(self.program, instr, j) == Some(Reading::Full);
                    group.members[..=at].contains(&reader)
                        && (0..instr.args.len()).all(|j| !reads(j) || full(j))
                }
                Some(&t) => t < task,
                None => false,
            })
    }

    /// Values that a group reads from the arena element by element, nobody
    /// after it, and that may therefore be overwritten: by their last reader.
    /// `found` holds nothing before and after; `coming` is written anew.
    fn coming(&self, t: usize, group: &Group, found: &mut [Option<u32>], coming: &mut Vec<Coming>) {
        coming.clear();
        for (at, &m) in group.members.iter().enumerate() {
            let instr = &self.program.instrs[m];
            for (j, &a) in instr.args.iter().enumerate() {
                let root = self.uses.root[a as usize];
                let memory = self.memory[root];
                let of = &self.program.instrs[memory];
                let goes = in_arena(&of.op) && of.op.kind() == Kind::Real && self.last[memory] == t;
                if self.made[root] == t || !goes {
                    continue;
                }
                let full = argument_reading(self.program, instr, j) == Some(Reading::Full)
                    && of.shape.len() == group.len;
                let place = *found[memory].get_or_insert_with(|| {
                    coming.push(Coming { memory, until: at, full });
                    coming.len() as u32 - 1
                });
                let c = &mut coming[place as usize];
                (c.until, c.full) = (at, c.full && full);
            }
        }
        coming.iter().for_each(|c| found[c.memory] = None);
        coming.retain(|c| c.full);
        coming.sort_by_key(|c| c.until);
    }
}

impl Layout {
    pub(crate) fn of(program: &Program, tasks: &[Task], uses: &Uses, host: Host<'_>) -> Self {
        let mut lives = Lives::of(program, tasks, uses);
        let added = lives.take_over_sums();
        let in_place = lives.take_over(host);
        let mut layout = Self {
            places: vec![Place::Nowhere; program.instrs.len()],
            in_place,
            added,
            arena: 0,
            reserved: 0,
            fixed: 0,
            indices: 0,
            lower_bound: 0,
        };
        layout.place_given(program, uses, host);
        if let Host::Caller(updates) = host {
            layout.place_outputs(&lives, updates);
        }
        layout.place_buffers(&lives);
        for k in 0..program.instrs.len() {
            let root = uses.root[k];
            let memory = lives.memory[root];
            if memory != root {
                layout.places[root] = layout.places[memory];
            }
            if k != root {
                layout.places[k] = part_of(program, &layout.places, k);
            }
        }
        layout
    }

    /// Places of inputs, constants and indices.
    fn place_given(&mut self, program: &Program, uses: &Uses, host: Host<'_>) {
        let is_loop = matches!(host, Host::Loop { .. });
        let mut given = 0;
        for (k, instr) in program.instrs.iter().enumerate() {
            let len = instr.shape.len();
            self.places[k] = match &instr.op {
                Op::Input(_, Kind::Real) if is_loop => {
                    self.reserved += len;
                    Place::Arena { start: self.reserved - len, len }
                }
                Op::Input(..) if !is_loop => match host.result_over(k) {
                    Some(output) => Place::Output { output, len },
                    None => {
                        given += 1;
                        Place::Input(given - 1)
                    }
                },
                Op::Const(..) if only_stretched(program, uses, k) => {
                    self.fixed += 1;
                    Place::FixedOne(self.fixed - 1)
                }
                Op::Const(..) => {
                    self.fixed += len;
                    Place::Fixed { start: self.fixed - len, len }
                }
                op if op.kind() == Kind::Index => {
                    self.indices += len;
                    Place::Index { start: self.indices - len, len }
                }
                _ => Place::Nowhere,
            };
        }
    }

    /// Lets outputs be written where the caller wants them, once what is there is
    /// read for the last time.
    fn place_outputs(&mut self, lives: &Lives<'_>, updates: &[Option<usize>]) {
        let mut olds = vec![None; lives.program.outputs.len()];
        for (input, result) in updates.iter().enumerate() {
            if let Some(result) = *result {
                olds[result] = Some(input);
            }
        }
        for ((k, output), old) in lives.program.outputs.iter().enumerate().zip(olds) {
            let root = lives.uses.root[output.id as usize];
            let memory = lives.memory[root];
            let op = &lives.program.instrs[root].op;
            if old.is_some_and(|old: usize| lives.made[memory] <= lives.last[old]) {
                continue;
            }
            if in_arena(op) && op.kind() == Kind::Real && self.places[memory] == Place::Nowhere {
                let len = lives.program.instrs[memory].shape.len();
                self.places[memory] = Place::Output { output: k, len };
            }
        }
    }

    /// Cuts up the arena.
    fn place_buffers(&mut self, lives: &Lives<'_>) {
        let reserved = self.reserved;
        let mut buffers: Vec<(usize, Buffer)> = Vec::with_capacity(lives.tasks.len());
        for (t, task) in lives.tasks.iter().enumerate() {
            for &m in task.members() {
                let instr = &lives.program.instrs[m];
                let open = self.places[m] == Place::Nowhere && !lives.inner[m];
                if !open || lives.memory[m] != m || !in_arena(&instr.op) {
                    continue;
                }
                let all = |l: &ScanOp| part_offset(l, l.body.0.outputs.len());
                let len = instr.op.as_loop().map_or(instr.shape.len(), all);
                buffers.push((m, Buffer { from: t, to: lives.last[m], len }));
            }
        }
        let pieces: Vec<Buffer> = buffers.iter().map(|b| b.1).collect();
        let bound = most_alive(&pieces, lives.tasks.len());
        self.lower_bound = reserved + bound;
        let (starts, size) = place(&pieces, lives.tasks.len(), bound);
        self.arena = reserved + size;
        for ((m, buffer), start) in buffers.iter().zip(starts) {
            self.places[*m] = Place::Arena { start: reserved + start, len: buffer.len };
        }
    }
}

/// Where another name for a value, or a part of a loop's results, is.
fn part_of(program: &Program, places: &[Place], k: usize) -> Place {
    let instr = &program.instrs[k];
    let whole = places[instr.args[0] as usize];
    match (&instr.op, whole) {
        (Op::Part(part), Place::Arena { start, .. }) => {
            let scan = program.instrs[instr.args[0] as usize].op.as_loop();
            let scan = scan.expect("parts are taken of loops");
            let (by, len) =
                (part_offset(scan, *part as usize), scan.part_shape(*part as usize).len());
            Place::Arena { start: start + by, len }
        }
        _ => whole,
    }
}

/// Whether all readers of a constant stretch it, so that one number will do.
fn only_stretched(program: &Program, uses: &Uses, k: usize) -> bool {
    let stretches = |&r: &usize| {
        program.instrs.get(r).is_some_and(|i| i.op.is_elementwise() && i.args.len() > 1)
    };
    uses.root[k] == k && uses.readers(k).iter().all(stretches)
}

//! The order of execution, and which elementwise instructions are done together.
//!
//! *Sinking*: what a forward pass leaves for the backward pass is computed just
//! before its first reader when that keeps no more memory alive.
//!
//! *Fusing*: elementwise instructions over the same elements, repetitions of
//! smaller tensors among them, and sums of short blocks or of columns after them
//! form a group that goes over its elements tile by tile, so that what lies between them
//! never leaves the innermost cache. Every instruction is in one group: no work
//! is done twice.

use crate::op::{Kind, Op};
use crate::plan::is_alias;
use crate::plan::onto::Onto;
use crate::plan::report::is_step;
use crate::program::{Id, Instr, Program};
use crate::shape::{Axes, Shape};

/// Longest block, and longest row of columns, of a sum inside a group.
const LONGEST_BLOCK: usize = 4096;
/// Shortest row of columns that are summed inside a group.
const SHORTEST_ROW: usize = 16;
/// A task moves past others only if they are this much smaller.
const LIGHTER: usize = 8;

/// How many tasks back a group is looked for.
const FURTHEST: usize = 16;

/// Instructions executed together.
#[derive(Clone, Debug)]
pub(crate) enum Task {
    /// One by itself.
    One(usize),
    /// Some that go over common elements.
    Group(Group),
    /// A product that is added to a value, and the instructions that are.
    Onto(Onto, Vec<usize>),
}

/// Elementwise instructions over the same elements, and sums after them.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// In order.
    pub(crate) members: Vec<usize>,
    /// Number of elements it goes over.
    pub(crate) len: usize,
    /// Tiles hold a multiple of so many elements.
    pub(crate) block: usize,
}

impl Task {
    /// Its instructions, in order.
    pub(crate) fn members(&self) -> &[usize] {
        match self {
            Self::One(k) => std::slice::from_ref(k),
            Self::Group(group) => &group.members,
            Self::Onto(_, members) => members,
        }
    }

    /// The group, if it is one.
    pub(crate) fn group(&self) -> Option<&Group> {
        match self {
            Self::Group(group) => Some(group),
            _ => None,
        }
    }
}

/// Who reads a value, whatever its name.
pub(crate) struct Uses {
    /// The value whose memory each value is in, before anything is in place.
    pub(crate) root: Vec<usize>,
    /// Readers of all roots, one root after the other.
    readers: Vec<usize>,
    /// Where those of each root begin.
    starts: Vec<usize>,
}

impl Uses {
    pub(crate) fn of(program: &Program) -> Self {
        let n = program.instrs.len();
        let mut root: Vec<usize> = (0..n).collect();
        for (k, instr) in program.instrs.iter().enumerate() {
            if is_alias(&instr.op) {
                root[k] = root[instr.args[0] as usize];
            }
        }
        let mut uses = Self { root, readers: Vec::new(), starts: vec![0; n + 1] };
        let mut read = Vec::with_capacity(2 * n);
        for (k, instr) in program.instrs.iter().enumerate().filter(|&(k, _)| uses.root[k] == k) {
            for (j, &a) in instr.args.iter().enumerate() {
                if uses.is_first(&instr.args, j) {
                    read.push((uses.root[a as usize], k));
                }
            }
        }
        read.extend(program.outputs.iter().map(|o| (uses.root[o.id as usize], n)));
        // Counted, then put in place.
        read.iter().for_each(|&(root, _)| uses.starts[root + 1] += 1);
        for k in 0..n {
            uses.starts[k + 1] += uses.starts[k];
        }
        let mut next = uses.starts.clone();
        uses.readers = vec![0; read.len()];
        for (root, reader) in read {
            uses.readers[next[root]] = reader;
            next[root] += 1;
        }
        uses
    }

    /// Whether no argument before the `j`-th is the same value.
    pub(crate) fn is_first(&self, args: &[Id], j: usize) -> bool {
        let root = self.root[args[j] as usize];
        args[..j].iter().all(|&b| self.root[b as usize] != root)
    }

    /// Readers of a root, in order; the number of instructions stands for an
    /// output.
    pub(crate) fn readers(&self, root: usize) -> &[usize] {
        &self.readers[self.starts[root]..self.starts[root + 1]]
    }
}

/// How an argument is read by a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reading {
    /// Element by element.
    Full,
    /// One number for all.
    One,
    /// Blocks of `inner` elements, each repeated `times` times.
    Repeat { times: usize, inner: usize },
}

/// How a tensor of shape `small` is read as one of shape `full`, if simply.
fn reading(small: &Shape, full: &Shape) -> Option<Reading> {
    if small.len() == full.len() {
        return Some(Reading::Full);
    }
    if small.len() == 1 {
        return Some(Reading::One);
    }
    let repeated = small.stretched_axes(full);
    let mut axes = (0..full.rank()).filter(|&a| full.dim(a) != 1).rev().peekable();
    let (mut inner, mut times) = (1, 1);
    while let Some(a) = axes.next_if(|&a| !repeated.has(a)) {
        inner *= full.dim(a);
    }
    while let Some(a) = axes.next_if(|&a| repeated.has(a)) {
        times *= full.dim(a);
    }
    axes.all(|a| !repeated.has(a)).then_some(Reading::Repeat { times, inner })
}

/// How argument `j` is read by a group that computes the instruction.
pub(crate) fn argument_reading(program: &Program, instr: &Instr, j: usize) -> Option<Reading> {
    let own = program.shape_of(instr.args[j]);
    match &instr.op {
        Op::Broadcast(axes, full) => reading(&full.kept(*axes), full),
        Op::Sum(_) => Some(Reading::Full),
        _ => reading(&own, &instr.shape),
    }
}

/// (outer, n, inner) of a sum over neighbouring axes.
fn sum_layout(axes: Axes, shape: &Shape) -> Option<(usize, usize, usize)> {
    let (first, last) = (axes.iter().next()?, axes.iter().next_back()?);
    let count = axes.iter().count();
    (last + 1 - first == count).then(|| {
        let n = shape.iter().skip(first).take(count).product();
        (shape.iter().take(first).product(), n, shape.iter().skip(last + 1).product())
    })
}

/// How a group sums.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Summing {
    /// Blocks of `n` rows of `inner`, each whole in one tile.
    Blocks { n: usize, inner: usize },
    /// The columns of all tiles together.
    Columns { rows: usize, inner: usize },
}

impl Summing {
    /// How a group sums the axes, if it can.
    pub(crate) fn of(axes: Axes, shape: &Shape) -> Option<Self> {
        let (outer, n, inner) = sum_layout(axes, shape)?;
        if (1..=LONGEST_BLOCK).contains(&(n * inner)) {
            Some(Self::Blocks { n, inner })
        } else {
            let columns = outer == 1 && (SHORTEST_ROW..=LONGEST_BLOCK).contains(&inner);
            columns.then_some(Self::Columns { rows: n, inner })
        }
    }

    /// Tiles must hold a multiple of so many elements.
    fn block(self) -> usize {
        match self {
            Self::Blocks { n, inner } => n * inner,
            Self::Columns { inner, .. } => inner,
        }
    }
}

/// The tasks of a program in the order of execution.
pub(crate) fn schedule(program: &Program, uses: &Uses) -> Vec<Task> {
    let order = order(program, uses);
    let [heaviest, sequence, place] = std::array::from_fn(|_| Vec::with_capacity(order.len()));
    let (tasks, task_of) = (Vec::with_capacity(order.len()), vec![None; uses.root.len()]);
    let mut fuser = Fuser { program, uses, tasks, heaviest, sequence, place, task_of };
    for k in order {
        fuser.take(k);
    }
    let Fuser { mut tasks, sequence, .. } = fuser;
    sequence.into_iter().map(|t| std::mem::replace(&mut tasks[t], Task::One(0))).collect()
}

/// Instructions in the order of execution, cheap ones just before they are read.
pub(crate) fn order(program: &Program, uses: &Uses) -> Vec<usize> {
    let n = program.instrs.len();
    let late = sunk(program, uses);
    let mut done = vec![false; n];
    let mut order = Vec::with_capacity(n);
    let mut stack = Vec::new();
    for k in (0..n).filter(|&k| is_step(&program.instrs[k].op) && !late[k]) {
        stack.push(k);
        while let Some(&top) = stack.last() {
            let args = program.instrs[top].args.iter().map(|&a| uses.root[a as usize]);
            let before = stack.len();
            stack.extend(args.rev().filter(|&r| late[r] && !done[r]));
            if stack.len() == before {
                stack.pop();
                if !done[top] {
                    done[top] = true;
                    order.push(top);
                }
            }
        }
    }
    order
}

/// Which instructions wait for their first reader: elementwise ones whose
/// arguments, if they must live longer for it, are no larger than the result.
fn sunk(program: &Program, uses: &Uses) -> Vec<bool> {
    let n = program.instrs.len();
    let mut late = vec![false; n];
    // When the first and the last reader of each root will be executed, of the
    // readers that have been looked at; those before are read no later.
    let (mut first, mut last) = (vec![usize::MAX; n], vec![0; n]);
    for output in &program.outputs {
        last[uses.root[output.id as usize]] = n;
    }
    for (k, instr) in program.instrs.iter().enumerate().rev() {
        if uses.root[k] != k {
            continue;
        }
        let mut when = k;
        if is_fusible(program, instr)
            && is_step(&instr.op)
            && (1..n).contains(&last[k])
            && kept_longer(program, uses, instr, &last, first[k]) <= instr.shape.len()
        {
            late[k] = true;
            when = first[k];
        }
        for &a in &instr.args {
            let root = uses.root[a as usize];
            (first[root], last[root]) = (first[root].min(when), last[root].max(when));
        }
    }
    late
}

/// Elements of arguments that no one would read as late as `when` otherwise.
fn kept_longer(
    program: &Program,
    uses: &Uses,
    instr: &Instr,
    last: &[usize],
    when: usize,
) -> usize {
    let longer = instr.args.iter().enumerate().map(|(j, &a)| {
        let root = uses.root[a as usize];
        let of = &program.instrs[root];
        let resident = matches!(of.op, Op::Input(..) | Op::Const(..));
        let counts = !resident && last[root] < when && uses.is_first(&instr.args, j);
        if counts { of.shape.len() } else { 0 }
    });
    longer.sum()
}

/// Whether the instruction can be in a group.
pub(crate) fn is_fusible(program: &Program, instr: &Instr) -> bool {
    let elementwise = match &instr.op {
        Op::Broadcast(..) => true,
        op => op.is_elementwise() && !is_alias(op),
    };
    elementwise
        && !instr.shape.is_empty()
        && (0..instr.args.len()).all(|j| argument_reading(program, instr, j).is_some())
}

struct Fuser<'a> {
    program: &'a Program,
    uses: &'a Uses,
    /// By number; a task keeps its number when it moves.
    tasks: Vec<Task>,
    /// The most elements of a result of each task.
    heaviest: Vec<usize>,
    /// Numbers in the order of execution, and where each stands in it.
    sequence: Vec<usize>,
    place: Vec<usize>,
    /// Which task computes each value.
    task_of: Vec<Option<usize>>,
}

impl Fuser<'_> {
    /// Puts the instruction into a group, or makes it a task.
    fn take(&mut self, k: usize) {
        let instr = &self.program.instrs[k];
        let (domain, block) = match &instr.op {
            Op::Sum(axes) => {
                let shape = self.program.shape_of(instr.args[0]);
                let summing = Summing::of(*axes, &shape);
                (summing.map(|_| shape.len()), summing.map_or(1, Summing::block))
            }
            _ => (is_fusible(self.program, instr).then(|| instr.shape.len()), 1),
        };
        let home = domain.and_then(|domain| self.home(k, domain, block));
        let task = match home {
            Some((task, before)) => {
                self.put_before(task, &before);
                if let Task::Group(group) = &mut self.tasks[task] {
                    group.members.push(k);
                    group.block = group.block.max(block);
                }
                self.heaviest[task] = self.heaviest[task].max(instr.shape.len());
                task
            }
            None => {
                self.tasks.push(match domain {
                    Some(len) if !matches!(instr.op, Op::Sum(_)) => {
                        let mut members = Vec::with_capacity(4);
                        members.push(k);
                        Task::Group(Group { members, len, block: 1 })
                    }
                    _ => Task::One(k),
                });
                self.heaviest.push(instr.shape.len());
                let task = self.sequence.len();
                self.sequence.push(task);
                self.place.push(task);
                task
            }
        };
        self.task_of[k] = Some(task);
    }

    /// The latest group that may take the instruction, over the same elements
    /// and with no heavy task passed, and the tasks behind the group that must
    /// go before it because the instruction reads their results.
    fn home(&self, k: usize, domain: usize, block: usize) -> Option<(usize, Vec<usize>)> {
        let instr = &self.program.instrs[k];
        let is_sum = matches!(instr.op, Op::Sum(_));
        for &task in self.sequence.iter().rev().take(FURTHEST) {
            if let Some(group) = self.tasks[task].group().filter(|group| group.len == domain)
                && group.block.max(block).is_multiple_of(group.block.min(block))
            {
                let fits = instr.args.iter().all(|&a| self.reads(task, a as usize, domain));
                let inside = |a: u32| self.task_of[self.uses.root[a as usize]] == Some(task);
                if fits
                    && (!is_sum || inside(instr.args[0]))
                    && let Some(before) = self.needed_behind(task, instr)
                {
                    return Some((task, before));
                }
            }
            if self.heaviest[task] * LIGHTER > domain || domain < LIGHTER {
                return None;
            }
        }
        None
    }

    /// Whether a group can read the value: it is made in the group, element by
    /// element, or in another task.
    fn reads(&self, task: usize, value: usize, domain: usize) -> bool {
        let root = self.uses.root[value];
        let of = &self.program.instrs[root];
        let by_element = of.shape.len() == domain && !matches!(of.op, Op::Sum(_));
        self.task_of[root] != Some(task) || by_element
    }

    /// The tasks from `task` on that make arguments of the instruction.
    fn behind<'i>(&'i self, task: usize, instr: &'i Instr) -> impl Iterator<Item = usize> + 'i {
        let made = |&a: &Id| self.task_of[self.uses.root[a as usize]];
        instr.args.iter().filter_map(made).filter(move |&t| self.place[t] >= self.place[task])
    }

    /// The tasks behind `task` whose results the instruction needs, directly or
    /// not; none at all if one of them needs a result of `task`.
    fn needed_behind(&self, task: usize, instr: &Instr) -> Option<Vec<usize>> {
        let mut needed = Vec::new();
        for t in self.behind(task, instr) {
            if t != task && !needed.contains(&t) {
                needed.push(t);
            }
        }
        let mut next = 0;
        while let Some(&t) = needed.get(next) {
            let members = self.tasks[t].members().iter().map(|&m| &self.program.instrs[m]);
            for t in members.flat_map(|instr| self.behind(task, instr)) {
                if t == task {
                    return None;
                }
                if !needed.contains(&t) {
                    needed.push(t);
                }
            }
            next += 1;
        }
        needed.sort_unstable_by_key(|&t| self.place[t]);
        Some(needed)
    }

    /// Puts tasks behind `task` before it, in their order.
    fn put_before(&mut self, task: usize, before: &[usize]) {
        let first = self.place[task];
        let last = before.last().map_or(first, |&t| self.place[t]);
        for (to, &t) in (first..).zip(before) {
            self.sequence[to..=self.place[t]].rotate_right(1);
        }
        for (at, &t) in self.sequence.iter().enumerate().take(last + 1).skip(first) {
            self.place[t] = at;
        }
    }
}

/// Whether the value is numbers that live in the arena or an output.
pub(crate) fn in_arena(op: &Op) -> bool {
    op.kind() != Kind::Index && !matches!(op, Op::Input(..) | Op::Const(..))
}

//! Products that are added to a value where it is: of c + α A B neither the product
//! nor its multiple need memory of their own, nor a pass over it.
//!
//! Sums of products come from values used twice, whose adjoints add; differences
//! from steps of descent, w − η XᵀG. Both need that no one reads c afterwards. The
//! three instructions become one task, made as soon as the last other reader of c
//! is done. Only products that have the same bits either way are added so.

use std::collections::{BTreeMap, BTreeSet};

use crate::functions::{Binary, Unary};
use crate::kernels::matmul::is_added_alike;
use crate::op::{Kind, Op};
use crate::plan::layout::Host;
use crate::plan::schedule::{Task, Uses, in_arena, is_fusible};
use crate::program::Program;

/// c + α A B, found in a program.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Onto {
    /// The product.
    pub(crate) product: usize,
    /// Its multiple, if another instruction makes that.
    multiple: Option<usize>,
    /// The sum or difference.
    pub(crate) sum: usize,
    /// Which value c is.
    pub(crate) onto: usize,
    /// α is this number,
    pub(crate) times: f64,
    /// times that value, a scalar.
    pub(crate) factor: Option<usize>,
}

impl Onto {
    /// What the instruction of that number adds, if its first or second argument is
    /// such a product and no one else reads that.
    fn at(program: &Program, uses: &Uses, sum: usize) -> Option<Self> {
        let instr = &program.instrs[sum];
        let sides: &[usize] = match instr.op {
            Op::Zip(Binary::Add) => &[1, 0],
            Op::Zip(Binary::Sub) => &[1],
            _ => return None,
        };
        let sign = if instr.op == Op::Zip(Binary::Sub) { -1.0 } else { 1.0 };
        let root = |k: usize, j: usize| uses.root[program.instrs[k].args[j] as usize];
        let alone = |k: usize, reader: usize| *uses.readers(k) == [reader];
        sides.iter().find_map(|&side| {
            let (term, onto) = (root(sum, side), root(sum, 1 - side));
            let (product, times, factor) = match program.instrs[term].op {
                Op::Map(Unary::Scale(c)) => (root(term, 0), c.get(), None),
                Op::Zip(Binary::Mul) => {
                    let is_one = |j: usize| program.instrs[root(term, j)].shape.len() == 1;
                    let j = (0..2).find(|&j| is_one(j))?;
                    (root(term, 1 - j), 1.0, Some(root(term, j)))
                }
                _ => (term, 1.0, None),
            };
            let multiple = (term != product).then_some(term);
            let fits = alone(term, sum)
                && multiple.is_none_or(|m| alone(product, m))
                && program.instrs[onto].shape.len() == instr.shape.len()
                && program.instrs[product].shape.len() == instr.shape.len()
                && onto != product
                && is_product(program, product);
            fits.then_some(Self { product, multiple, sum, onto, times: sign * times, factor })
        })
    }

    /// The instructions, in order.
    fn members(&self) -> impl Iterator<Item = usize> + use<> {
        [Some(self.product), self.multiple, Some(self.sum)].into_iter().flatten()
    }
}

/// Whether the value is a product that may be added.
fn is_product(program: &Program, k: usize) -> bool {
    let instr = &program.instrs[k];
    let Op::MatMul { ta, .. } = instr.op else { return false };
    is_added_alike(ta, program.shape_of(instr.args[0]), instr.shape)
}

/// Takes products, their multiples and the sums they go into out of their tasks and
/// makes them tasks of their own.
pub(crate) fn with_onto(
    program: &Program,
    uses: &Uses,
    host: Host<'_>,
    tasks: Vec<Task>,
) -> Vec<Task> {
    let mut when = vec![0; program.instrs.len()];
    for (t, task) in tasks.iter().enumerate() {
        // Odd numbers are for what comes between tasks.
        task.members().iter().for_each(|&m| when[m] = 2 * t + 2);
    }
    let mut finder =
        Finder { program, uses, host, when, found: BTreeMap::new(), gone: BTreeMap::new() };
    for k in 0..program.instrs.len() {
        finder.take(k);
    }
    let Finder { found, when, .. } = finder;
    if found.is_empty() {
        return tasks;
    }
    let taken: BTreeSet<usize> = found.values().flat_map(Onto::members).collect();
    let mut all: Vec<(usize, Task)> = Vec::with_capacity(tasks.len() + found.len());
    for (t, task) in tasks.into_iter().enumerate() {
        let left = match task {
            Task::Group(mut group) => {
                group.members.retain(|m| !taken.contains(m));
                match group.members[..] {
                    [] => None,
                    [k] if matches!(program.instrs[k].op, Op::Sum(_)) => Some(Task::One(k)),
                    _ => Some(Task::Group(group)),
                }
            }
            task => Some(task).filter(|task| !task.members().iter().any(|m| taken.contains(m))),
        };
        all.extend(left.map(|task| (2 * t + 2, task)));
    }
    for (sum, onto) in found {
        all.push((when[sum], Task::Onto(onto, onto.members().collect())));
    }
    all.sort_by_key(|task| task.0);
    all.into_iter().map(|task| task.1).collect()
}

struct Finder<'a> {
    program: &'a Program,
    uses: &'a Uses,
    host: Host<'a>,
    /// When each value is made: even numbers for tasks as they are, odd ones for
    /// products that are added after the task before.
    when: Vec<usize>,
    /// By sum.
    found: BTreeMap<usize, Onto>,
    /// Values that are overwritten, and when.
    gone: BTreeMap<usize, usize>,
}

impl Finder<'_> {
    /// Looks whether the instruction adds a product to what no one needs later.
    fn take(&mut self, sum: usize) {
        let Some(onto) = Onto::at(self.program, self.uses, sum) else { return };
        let Some(last) = self.last_needed(&onto) else { return };
        // Between that and the next task; with others there in the order found.
        let now = last + usize::from(last.is_multiple_of(2));
        let operands = &self.program.instrs[onto.product].args;
        let stay = |&a: &u32| {
            let root = self.uses.root[a as usize];
            root != onto.onto && self.gone.get(&root).is_none_or(|&gone| gone > now)
        };
        if now < self.when[sum] && operands.iter().all(stay) {
            onto.members().for_each(|m| self.when[m] = now);
            self.gone.insert(onto.onto, now);
            self.found.insert(sum, onto);
        }
    }

    /// When the last value is made that the task needs, or c is read by others for
    /// the last time; nothing if c may not be overwritten, or lies in no memory.
    fn last_needed(&self, onto: &Onto) -> Option<usize> {
        let instr = &self.program.instrs[onto.onto];
        let is_open = match instr.op {
            Op::Input(input, _) => self.may_overwrite(input as usize, onto.sum),
            _ => {
                let made = !is_fusible(self.program, instr) || self.found.contains_key(&onto.onto);
                made && in_arena(&instr.op) && instr.op.kind() == Kind::Real
            }
        };
        let others = self.uses.readers(onto.onto).iter().filter(|&&r| r != onto.sum);
        let read = others.map(|&r| self.when.get(r).copied());
        let read = read.collect::<Option<Vec<_>>>().filter(|_| is_open)?;
        let factor = onto.factor.map_or(0, |k| self.when[k]);
        [self.when[onto.product], self.when[onto.onto], factor].into_iter().chain(read).max()
    }

    /// Whether the sum may be where an input is: as the input's next value, or in a
    /// loop that gives it anew for every step.
    fn may_overwrite(&self, input: usize, sum: usize) -> bool {
        match self.host {
            Host::Caller(_) => self
                .host
                .result_over(input)
                .is_some_and(|k| self.uses.root[self.program.outputs[k].id as usize] == sum),
            Host::Loop { consts, .. } => input >= consts,
        }
    }
}

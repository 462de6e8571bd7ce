//! Lifetimes and places: which values share memory.

use crate::op::{Kind, Op, ScanOp};
use crate::plan::{Place, is_alias};
use crate::program::Program;
use crate::scan::part_offset;

/// The memory of a program.
pub(crate) struct Layout {
    pub(crate) places: Vec<Place>,
    pub(crate) in_place: Vec<Option<u8>>,
    /// Sizes of the three memories, in elements.
    pub(crate) arena: usize,
    pub(crate) fixed: usize,
    pub(crate) indices: usize,
    /// Most elements alive at once: no arena can be smaller.
    pub(crate) lower_bound: usize,
}

/// A piece of the arena: first writer, last reader, size.
#[derive(Clone, Copy, Debug)]
struct Buffer {
    from: usize,
    to: usize,
    len: usize,
}

impl Layout {
    pub(crate) fn of(program: &Program) -> Self {
        let n = program.instrs.len();
        // The value whose memory each value is in.
        let mut root: Vec<usize> = (0..n).collect();
        for (k, instr) in program.instrs.iter().enumerate() {
            if is_alias(&instr.op) {
                root[k] = root[instr.args[0] as usize];
            }
        }
        let mut last = vec![0; n];
        for (k, instr) in program.instrs.iter().enumerate() {
            // A loop whose results no one reads is written nevertheless.
            last[root[k]] = last[root[k]].max(k);
            for &a in &instr.args {
                let r = root[a as usize];
                last[r] = last[r].max(k);
            }
        }
        for output in &program.outputs {
            last[root[output.id as usize]] = n;
        }
        let in_place = take_over(program, &mut root, &mut last);

        let stretched = only_stretched(program);
        let mut buffers: Vec<Buffer> = Vec::new();
        let mut buffer_of = vec![usize::MAX; n];
        let mut layout = Self {
            places: vec![Place::Nowhere; n],
            in_place,
            arena: 0,
            fixed: 0,
            indices: 0,
            lower_bound: 0,
        };
        for (k, instr) in program.instrs.iter().enumerate() {
            if root[k] != k {
                continue;
            }
            layout.places[k] = match &instr.op {
                Op::Input(input, _) => Place::Input(*input as usize),
                Op::Const(..) if stretched[k] => {
                    layout.fixed += 1;
                    Place::FixedOne(layout.fixed - 1)
                }
                Op::Const(_, shape) => {
                    layout.fixed += shape.len();
                    Place::Fixed { start: layout.fixed - shape.len(), len: shape.len() }
                }
                op if op.kind() == Kind::Index => {
                    let len = instr.shape.len();
                    layout.indices += len;
                    Place::Index { start: layout.indices - len, len }
                }
                op => {
                    let all = |l: &ScanOp| part_offset(l, l.body.0.outputs.len());
                    let len = op.as_loop().map_or(instr.shape.len(), all);
                    buffer_of[k] = buffers.len();
                    buffers.push(Buffer { from: k, to: last[k], len });
                    Place::Nowhere
                }
            };
        }
        layout.lower_bound = most_alive(&buffers, n);
        let (starts, size) = place(&buffers, n);
        layout.arena = size;
        for (place, &b) in layout.places.iter_mut().zip(&buffer_of) {
            if b != usize::MAX {
                *place = Place::Arena { start: starts[b], len: buffers[b].len };
            }
        }
        for (k, instr) in program.instrs.iter().enumerate() {
            if root[k] == k {
                continue;
            }
            // An alias of a loop's result begins inside the loop's memory.
            let own = match instr.op {
                Op::Part(part) => {
                    let scan = program.instrs[instr.args[0] as usize].op.as_loop();
                    let scan = scan.expect("parts are taken of loops");
                    let (start, len) =
                        (part_offset(scan, part as usize), scan.part_shape(part as usize).len());
                    shifted(layout.places[instr.args[0] as usize], start, len)
                }
                _ if is_alias(&instr.op) => layout.places[instr.args[0] as usize],
                _ => {
                    layout.places[instr.args[usize::from(layout.in_place[k].unwrap_or(0))] as usize]
                }
            };
            layout.places[k] = own;
        }
        layout
    }
}

fn shifted(place: Place, by: usize, len: usize) -> Place {
    match place {
        Place::Arena { start, .. } => Place::Arena { start: start + by, len },
        place => place,
    }
}

/// Lets elementwise results take the memory of an argument that dies with
/// them; which argument, for each instruction.
fn take_over(program: &Program, root: &mut [usize], last: &mut [usize]) -> Vec<Option<u8>> {
    let mut in_place = vec![None; program.instrs.len()];
    for (k, instr) in program.instrs.iter().enumerate() {
        if is_alias(&instr.op) {
            // The chain of aliases may have been taken over since.
            let r = root[instr.args[0] as usize];
            root[k] = r;
            continue;
        }
        if !instr.op.is_elementwise() || instr.shape.is_empty() {
            continue;
        }
        let candidate = (0..instr.args.len()).find(|&j| {
            let a = instr.args[j] as usize;
            let r = root[a];
            let op = &program.instrs[r].op;
            let in_arena = op.kind() == Kind::Real && !matches!(op, Op::Input(..) | Op::Const(..));
            let whole = program.instrs[a].shape == instr.shape
                && program.instrs[r].shape.len() == instr.shape.len();
            let alone = instr.args.iter().enumerate().all(|(i, &b)| {
                i == j || root[b as usize] != r || (instr.args.len() == 2 && b as usize == a)
            });
            // A mask that becomes its own result would be read after the write.
            let not_mask = instr.op != Op::Select || j > 0;
            in_arena && whole && alone && not_mask && last[r] == k
        });
        if let Some(j) = candidate {
            let r = root[instr.args[j] as usize];
            last[r] = last[r].max(last[k]);
            root[k] = r;
            in_place[k] = Some(j as u8);
        }
    }
    in_place
}

/// For each value, whether all its readers stretch it, so that one number will
/// do for a constant.
fn only_stretched(program: &Program) -> Vec<bool> {
    let mut stretched = vec![true; program.instrs.len()];
    for instr in &program.instrs {
        let stretches = instr.op.is_elementwise() && instr.args.len() > 1;
        if !stretches {
            instr.args.iter().for_each(|&a| stretched[a as usize] = false);
        }
    }
    for output in &program.outputs {
        stretched[output.id as usize] = false;
    }
    stretched
}

fn most_alive(buffers: &[Buffer], n: usize) -> usize {
    let mut change = vec![0_isize; n + 2];
    for b in buffers {
        change[b.from] += b.len as isize;
        change[b.to + 1] -= b.len as isize;
    }
    let mut alive = 0;
    change
        .iter()
        .map(|c| {
            alive += c;
            alive
        })
        .max()
        .unwrap_or(0)
        .max(0) as usize
}

/// Starts of the buffers, and the size of the arena: the better of two ways.
fn place(buffers: &[Buffer], n: usize) -> (Vec<usize>, usize) {
    let online = best_fit(buffers, n);
    // The other way compares all pairs.
    if buffers.len() > 2000 {
        return online;
    }
    let offline = by_size(buffers);
    if offline.1 <= online.1 { offline } else { online }
}

/// The largest first, each at the lowest place free during its life.
fn by_size(buffers: &[Buffer]) -> (Vec<usize>, usize) {
    let mut order: Vec<usize> = (0..buffers.len()).collect();
    order.sort_by_key(|&b| (std::cmp::Reverse(buffers[b].len), b));
    let mut starts = vec![0; buffers.len()];
    let mut placed: Vec<usize> = Vec::new();
    let mut size = 0;
    for b in order {
        let own = buffers[b];
        let mut taken: Vec<(usize, usize)> = placed
            .iter()
            .filter(|&&p| buffers[p].from <= own.to && own.from <= buffers[p].to)
            .map(|&p| (starts[p], starts[p] + buffers[p].len))
            .collect();
        taken.sort_unstable();
        let mut start = 0;
        for (low, high) in taken {
            if low >= start + own.len {
                break;
            }
            start = start.max(high);
        }
        starts[b] = start;
        size = size.max(start + own.len);
        placed.push(b);
    }
    (starts, size)
}

/// In the order of the program: the smallest hole that fits, else the end.
fn best_fit(buffers: &[Buffer], n: usize) -> (Vec<usize>, usize) {
    let mut ends: Vec<Vec<usize>> = vec![Vec::new(); n + 2];
    let mut starts = vec![0; buffers.len()];
    // Holes by start.
    let mut holes: std::collections::BTreeMap<usize, usize> = std::collections::BTreeMap::new();
    let mut size = 0;
    let mut now = 0;
    for (b, own) in buffers.iter().enumerate() {
        while now < own.from {
            for &done in &ends[now] {
                release(&mut holes, starts[done], buffers[done].len);
            }
            now += 1;
        }
        let fit =
            holes.iter().filter(|h| *h.1 >= own.len).min_by_key(|h| *h.1).map(|h| (*h.0, *h.1));
        starts[b] = match fit {
            Some((start, len)) => {
                holes.remove(&start);
                if len > own.len {
                    holes.insert(start + own.len, len - own.len);
                }
                start
            }
            None => {
                // A hole at the end grows.
                let tail = holes.last_key_value().map(|(&s, &l)| (s, l));
                let start = match tail {
                    Some((s, l)) if s + l == size => {
                        holes.remove(&s);
                        s
                    }
                    _ => size,
                };
                size = start + own.len;
                start
            }
        };
        ends[own.to].push(b);
    }
    (starts, size)
}

fn release(holes: &mut std::collections::BTreeMap<usize, usize>, start: usize, len: usize) {
    let (mut start, mut len) = (start, len);
    if let Some((&s, &l)) = holes.range(..start).next_back()
        && s + l == start
    {
        holes.remove(&s);
        (start, len) = (s, l + len);
    }
    if let Some(l) = holes.remove(&(start + len)) {
        len += l;
    }
    if len > 0 {
        holes.insert(start, len);
    }
}

//! Offsets: where in the arena each buffer is, given its life.

use std::collections::{BTreeMap, BTreeSet};

/// Buffers up to which all pairs are compared first, and up to which they are
/// compared at all.
const FEW: usize = 100;
const MANY: usize = 2000;

/// A piece of the arena: first writer, last reader, size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buffer {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) len: usize,
}

/// The most elements alive at once: no arena can be smaller.
pub(crate) fn most_alive(buffers: &[Buffer], n: usize) -> usize {
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

/// Starts of the buffers, and the size of the arena, which is `bound` at least:
/// the better of two ways, of which one compares all pairs.
pub(crate) fn place(buffers: &[Buffer], n: usize, bound: usize) -> (Vec<usize>, usize) {
    let better = |a: (Vec<usize>, usize), b: (Vec<usize>, usize)| if a.1 <= b.1 { a } else { b };
    if buffers.len() <= FEW {
        let offline = by_size(buffers);
        return if offline.1 == bound { offline } else { better(offline, best_fit(buffers, n)) };
    }
    // What many buffers might still save is less than the time to find it.
    let online = best_fit(buffers, n);
    let is_close = online.1 <= bound + bound / 100 || buffers.len() > MANY;
    if is_close { online } else { better(by_size(buffers), online) }
}

/// The largest first, each at the lowest place free during its life.
fn by_size(buffers: &[Buffer]) -> (Vec<usize>, usize) {
    let mut order: Vec<usize> = (0..buffers.len()).collect();
    order.sort_by_key(|&b| (std::cmp::Reverse(buffers[b].len), b));
    let mut starts = vec![0; buffers.len()];
    // By where they start.
    let mut placed: Vec<(usize, Buffer)> = Vec::with_capacity(buffers.len());
    let mut size = 0;
    for b in order {
        let own = buffers[b];
        let mut start = 0;
        for &(low, other) in &placed {
            if low >= start + own.len {
                break;
            }
            if other.from <= own.to && own.from <= other.to {
                start = start.max(low + other.len);
            }
        }
        starts[b] = start;
        size = size.max(start + own.len);
        placed.insert(placed.partition_point(|p| p.0 <= start), (start, own));
    }
    (starts, size)
}

/// In the order of the program: the smallest hole that fits, else the end.
fn best_fit(buffers: &[Buffer], n: usize) -> (Vec<usize>, usize) {
    // The last buffer that ends at each time, and the one that did before each.
    let mut ends: Vec<Option<usize>> = vec![None; n + 2];
    let mut before = vec![None; buffers.len()];
    let mut starts = vec![0; buffers.len()];
    let (mut holes, mut now) = (Holes::default(), 0);
    for (b, own) in buffers.iter().enumerate() {
        while now < own.from {
            let mut next = ends[now];
            while let Some(done) = next {
                holes.release(starts[done], buffers[done].len);
                next = before[done];
            }
            now += 1;
        }
        starts[b] = holes.take(own.len);
        before[b] = ends[own.to].replace(b);
    }
    (starts, holes.size)
}

/// What is free of the arena: holes by where they start and by how long they
/// are, and everything behind its end.
#[derive(Default)]
struct Holes {
    by_start: BTreeMap<usize, usize>,
    by_len: BTreeSet<(usize, usize)>,
    size: usize,
}

impl Holes {
    /// The start of `len` elements that are free until now.
    fn take(&mut self, len: usize) -> usize {
        if let Some(&(hole, start)) = self.by_len.range((len, 0)..).next() {
            self.remove(start);
            self.insert(start + len, hole - len);
            return start;
        }
        // A hole at the end grows.
        let tail = self.by_start.last_key_value().map(|(&s, &l)| (s, l));
        let start = tail.filter(|&(s, l)| s + l == self.size).map_or(self.size, |(s, _)| s);
        self.remove(start);
        self.size = start + len;
        start
    }

    /// Makes elements free, in one hole with those beside them.
    fn release(&mut self, start: usize, len: usize) {
        if len == 0 {
            return;
        }
        let before = self.by_start.range(..start).next_back().map(|(&s, &l)| (s, l));
        let first = before.filter(|&(s, l)| s + l == start).map_or(start, |(s, _)| s);
        self.remove(first);
        let after = self.remove(start + len);
        self.insert(first, start + len + after - first);
    }

    fn insert(&mut self, start: usize, len: usize) {
        if len > 0 {
            self.by_start.insert(start, len);
            self.by_len.insert((len, start));
        }
    }

    /// The length of the hole that starts there, which is gone; 0 without one.
    fn remove(&mut self, start: usize) -> usize {
        let len = self.by_start.remove(&start).unwrap_or(0);
        self.by_len.remove(&(len, start));
        len
    }
}

#[cfg(test)]
mod tests {
    use super::{Buffer, best_fit, by_size, most_alive, place};

    /// Buffers that begin in order and live for a while.
    fn buffers(n: usize, seed: u64) -> Vec<Buffer> {
        let mut state = seed;
        let mut draw = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ((state >> 33) % below) as usize
        };
        let buffer = |k| Buffer { from: k, to: (k + draw(12)).min(n), len: draw(5) * draw(9) };
        (0..n).map(buffer).collect()
    }

    #[test]
    fn buffers_alive_at_once_never_share() {
        for (n, seed) in [(1, 1), (30, 2), (300, 3), (300, 4), (3000, 5)] {
            let all = buffers(n, seed);
            let bound = most_alive(&all, n);
            for (starts, size) in [best_fit(&all, n), by_size(&all), place(&all, n, bound)] {
                assert!(size >= bound && size <= 2 * bound, "{size} of {bound}");
                for (k, a) in all.iter().enumerate() {
                    assert!(starts[k] + a.len <= size);
                    for (j, b) in all.iter().enumerate().take(k) {
                        let apart =
                            starts[k] >= starts[j] + b.len || starts[j] >= starts[k] + a.len;
                        assert!(b.to < a.from || apart || a.len * b.len == 0, "{j} and {k}");
                    }
                }
            }
        }
    }
}

//! Offsets: where in the arena each buffer is, given its life.

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

/// Starts of the buffers, and the size of the arena: the better of two ways.
pub(crate) fn place(buffers: &[Buffer], n: usize) -> (Vec<usize>, usize) {
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

//! Threads: one pool per program, entered once, and reductions whose bits do
//! not depend on how many threads there are.
//!
//! The one idea: work is cut into fixed blocks, whatever the number of
//! threads; `join` halves the range of blocks until one is left, and results
//! are merged on the way back, left before right. The tree depends on the
//! number of blocks only.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::{Error, Result};

/// A pool of threads, made once and entered once per fit or training run.
///
/// # Examples
/// ```
/// use wonderland_linalg::Threads;
/// let threads = Threads::new(2)?;
/// let total = threads.run(|t| {
///     t.map_reduce(10_000, 256, |rows| rows.sum::<usize>(), |a, b| a + b)
/// });
/// assert_eq!(total, Some(49_995_000));
/// # Ok::<(), wonderland_linalg::Error>(())
/// ```
#[derive(Debug)]
pub struct Threads {
    /// `None` for one thread: then nothing is ever started or woken.
    pool: Option<rayon::ThreadPool>,
    count: usize,
}

impl Threads {
    /// A pool of `count` threads; 1 makes none and works on the caller's.
    ///
    /// # Errors
    /// [`Error::Threads`] for 0 threads, or when the system refuses to start
    /// them.
    pub fn new(count: usize) -> Result<Self> {
        if count == 0 {
            return Err(Error::Threads { count, reason: "at least one is needed".to_owned() });
        }
        let pool = (count > 1)
            .then(|| rayon::ThreadPoolBuilder::new().num_threads(count).build())
            .transpose()
            .map_err(|e| Error::Threads { count, reason: e.to_string() })?;
        Ok(Self { pool, count })
    }

    /// Number of threads.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Runs `f` inside the pool: entering costs some 20 µs, so enter once per
    /// fit; inside, a fork costs some 20 ns and allocates nothing.
    pub fn run<R: Send>(&self, f: impl FnOnce(Team) -> R + Send) -> R {
        match &self.pool {
            Some(pool) => pool.install(|| f(Team { parallel: true })),
            None => f(Team { parallel: false }),
        }
    }
}

/// The threads of a pool, seen from inside [`Threads::run`].
#[derive(Debug, Clone, Copy)]
pub struct Team {
    parallel: bool,
}

impl Team {
    /// The caller's thread alone: what one-thread code passes to functions that
    /// take a team.
    #[must_use]
    pub fn alone() -> Self {
        Self { parallel: false }
    }

    /// Whether there is one thread only.
    #[must_use]
    pub fn is_alone(self) -> bool {
        !self.parallel
    }

    /// Number of threads.
    pub(crate) fn count(self) -> usize {
        if self.parallel { rayon::current_num_threads() } else { 1 }
    }

    /// Runs both, at the same time if a thread is free.
    pub fn join<A: Send, B: Send>(
        self,
        a: impl FnOnce() -> A + Send,
        b: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        if self.parallel { rayon::join(a, b) } else { (a(), b()) }
    }

    /// Runs `f` while another thread of the pool stays awake for its forks:
    /// waking one that fell asleep, as it does when there was nothing to do for
    /// some 30 µs, takes about 50 µs, as long as a small product.
    pub fn awake<R: Send>(self, f: impl FnOnce() -> R + Send) -> R {
        /// Says so when `f` has ended, in whatever way.
        struct Over<'a>(&'a AtomicBool);
        impl Drop for Over<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Release);
            }
        }
        let over = AtomicBool::new(false);
        let work = || {
            let _over = Over(&over);
            f()
        };
        // Thieves take the oldest first: this, then what `f` forks, from inside it.
        let stay = || {
            while !over.load(Ordering::Acquire) {
                if rayon::yield_now() != Some(rayon::Yield::Executed) {
                    std::thread::yield_now();
                }
            }
        };
        self.join(work, stay).0
    }

    /// Merges `map` of the ranges 0..block, block..2·block, … of 0..n; `None`
    /// for n = 0.
    ///
    /// # Numerics
    /// The same bits for any number of threads: the blocks and the tree of
    /// merges depend on n and `block` only.
    ///
    /// # Panics
    /// When `block` is 0.
    #[track_caller]
    pub fn map_reduce<A: Send>(
        self,
        n: usize,
        block: usize,
        map: impl Fn(Range<usize>) -> A + Sync,
        merge: impl Fn(A, A) -> A + Sync,
    ) -> Option<A> {
        assert!(block > 0, "a block of 0 rows");
        let work = Tree { n, block, map: &map, merge: &merge };
        (n > 0).then(|| self.reduce(&work, 0..n.div_ceil(block)))
    }

    /// Calls `f(index, chunk)` for each chunk of `size` elements; the last may
    /// be shorter.
    ///
    /// # Panics
    /// When `size` is 0.
    #[track_caller]
    pub fn for_each_chunk_mut<T: Send>(
        self,
        data: &mut [T],
        size: usize,
        f: impl Fn(usize, &mut [T]) + Sync,
    ) {
        assert!(size > 0, "chunks of 0 elements");
        self.each(data, size, 0, &f);
    }

    fn reduce<A, M, G>(self, work: &Tree<'_, M, G>, blocks: Range<usize>) -> A
    where
        A: Send,
        M: Fn(Range<usize>) -> A + Sync,
        G: Fn(A, A) -> A + Sync,
    {
        if blocks.len() == 1 {
            let first = blocks.start * work.block;
            return (work.map)(first..work.n.min(first + work.block));
        }
        let middle = blocks.start + blocks.len() / 2;
        let (a, b) = self.join(
            || self.reduce(work, blocks.start..middle),
            || self.reduce(work, middle..blocks.end),
        );
        (work.merge)(a, b)
    }

    fn each<T: Send>(
        self,
        data: &mut [T],
        size: usize,
        first: usize,
        f: &(impl Fn(usize, &mut [T]) + Sync),
    ) {
        let chunks = data.len().div_ceil(size);
        match chunks {
            0 => {}
            1 => f(first, data),
            _ => {
                let (left, right) = data.split_at_mut(chunks / 2 * size);
                self.join(
                    || self.each(left, size, first, f),
                    || self.each(right, size, first + chunks / 2, f),
                );
            }
        }
    }
}

/// What a reduction does at its leaves and its forks.
struct Tree<'a, M, G> {
    n: usize,
    block: usize,
    map: &'a M,
    merge: &'a G,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::{Barrier, Mutex};

    use super::*;

    const COUNTS: [usize; 4] = [1, 2, 3, 8];

    /// A sum that rounds at every step, so that another order gives other bits.
    fn sum(team: Team, n: usize) -> f64 {
        let term = |i: usize| 1.0 / (i as f64 + 0.1);
        team.map_reduce(n, 100, |rows| rows.map(term).sum::<f64>(), |a, b| a + b).unwrap_or(0.0)
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        for n in [0, 1, 99, 100, 101, 100_003] {
            let alone = sum(Team::alone(), n).to_bits();
            for count in COUNTS {
                let threads = Threads::new(count).unwrap();
                for _ in 0..5 {
                    assert_eq!(threads.run(|t| sum(t, n)).to_bits(), alone, "{count} threads");
                }
            }
        }
    }

    #[test]
    fn every_chunk_is_visited_once_with_its_index() {
        for count in COUNTS {
            for n in [0, 1, 7, 8, 1000, 1001] {
                let mut data = vec![0; n];
                Threads::new(count).unwrap().run(|t| {
                    t.for_each_chunk_mut(&mut data, 8, |index, chunk| {
                        for (i, x) in chunk.iter_mut().enumerate() {
                            *x += 8 * index + i;
                        }
                    });
                });
                assert!(data.iter().enumerate().all(|(i, &x)| i == x));
            }
        }
    }

    /// Two blocks that wait for each other end only if two threads hold them.
    #[test]
    fn two_threads_work_at_the_same_time() {
        let meeting = Barrier::new(2);
        let seen = Mutex::new(BTreeSet::new());
        Threads::new(2).unwrap().run(|t| {
            t.map_reduce(
                2,
                1,
                |_| {
                    meeting.wait();
                    let name = format!("{:?}", std::thread::current().id());
                    seen.lock().unwrap().insert(name);
                },
                |(), ()| (),
            )
        });
        assert_eq!(seen.into_inner().unwrap().len(), 2);
    }

    #[test]
    fn no_threads_are_an_error() {
        let error = Threads::new(0).unwrap_err();
        assert_eq!(error.to_string(), "cannot work with 0 threads: at least one is needed");
    }

    #[test]
    #[should_panic(expected = "a block of 0 rows")]
    fn blocks_have_rows() {
        Team::alone().map_reduce(3, 0, |rows| rows.len(), |a, b| a + b);
    }

    #[test]
    fn forks_of_an_awake_team_give_what_they_give_alone() {
        let alone = sum(Team::alone(), 10_000);
        for count in COUNTS {
            let found =
                Threads::new(count).unwrap().run(|t| t.awake(|| t.awake(|| sum(t, 10_000))));
            assert_eq!(found.to_bits(), alone.to_bits(), "{count} threads");
        }
    }

    /// The thread that stays awake is released, or this would not end.
    #[test]
    #[should_panic(expected = "in the midst")]
    fn a_panic_passes_through_an_awake_team() {
        Threads::new(2).unwrap().run(|t| t.awake(|| panic!("in the midst")));
    }

    /// Inside the pool a reduction allocates nothing.
    #[test]
    fn reductions_do_not_allocate() {
        for count in [1, 2] {
            let threads = Threads::new(count).unwrap();
            let counted = threads.run(|t| {
                sum(t, 10_000);
                allocation_counter::measure(|| {
                    sum(t, 10_000);
                })
            });
            assert_eq!(counted.count_total, 0, "{count} threads");
        }
    }
}

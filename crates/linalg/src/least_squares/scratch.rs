//! Memory that is kept: buffers lent out, given back and lent again.
//!
//! The one idea: a solver asks for the same lengths in every solve, so buffers
//! that come back are all it needs from the second solve on. Which thread holds
//! which differs from solve to solve; but none holds more at once than a single
//! thread would alone, so that many for each are enough.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::refine::State;
use crate::Team;
use crate::twofold::Twofold;

/// Buffers by type of element; any thread may take and give.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) floats: Pool<f64>,
    pub(super) twofolds: Pool<Twofold>,
    pub(super) exponents: Pool<i32>,
    pub(super) places: Pool<usize>,
    pub(super) states: Pool<State>,
}

impl Scratch {
    /// Makes ready for a solve of so many leaves by the threads of a team.
    pub(super) fn serve(&self, team: Team, leaves: usize) {
        let Self { floats, twofolds, exponents, places, states } = self;
        let threads = team.count().min(leaves);
        floats.serve(threads);
        twofolds.serve(threads);
        exponents.serve(threads);
        places.serve(threads);
        states.serve(threads);
    }
}

/// Buffers that nobody holds.
#[derive(Debug, Default)]
pub(super) struct Pool<E>(Mutex<Shelves<E>>);

/// The same, by their room.
#[derive(Debug)]
struct Shelves<E> {
    all: Vec<Shelf<E>>,
    /// Threads that may ask in this solve.
    threads: usize,
}

impl<E> Default for Shelves<E> {
    fn default() -> Self {
        Self { all: Vec::new(), threads: 1 }
    }
}

/// Buffers of one room.
#[derive(Debug)]
struct Shelf<E> {
    room: usize,
    kept: Vec<Vec<E>>,
    /// How many others are held.
    lent: usize,
    /// Whether this solve has found too few.
    grows: bool,
}

impl<E: Copy + Default> Pool<E> {
    /// `len` zeros, in a buffer whose room is the next power of two: so those that
    /// a solve gave back serve the next one like it, whatever their order.
    pub(super) fn take(&self, len: usize) -> Vec<E> {
        let room = len.next_power_of_two();
        let mut shelves = self.shelves();
        let threads = shelves.threads;
        let mut buffer = shelves.of(room).take(threads);
        drop(shelves);
        buffer.clear();
        buffer.resize(len, E::default());
        buffer
    }

    /// The same, given back when it is dropped.
    pub(super) fn lend(&self, len: usize) -> Lent<'_, E> {
        Lent { buffer: self.take(len), home: self }
    }
}

impl<E> Pool<E> {
    /// Keeps a buffer for later.
    pub(super) fn give(&self, buffer: Vec<E>) {
        if buffer.capacity() > 0 {
            self.shelves().of(buffer.capacity()).give(buffer);
        }
    }

    fn serve(&self, threads: usize) {
        let mut shelves = self.shelves();
        shelves.threads = threads;
        shelves.all.iter_mut().for_each(|shelf| shelf.grows = false);
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves<E>> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E> Shelves<E> {
    /// The shelf of a room, which may be new.
    fn of(&mut self, room: usize) -> &mut Shelf<E> {
        let found = self.all.iter().position(|shelf| shelf.room == room);
        let place = found.unwrap_or_else(|| {
            self.all.push(Shelf { room, kept: Vec::new(), lent: 0, grows: false });
            self.all.len() - 1
        });
        &mut self.all[place]
    }
}

impl<E> Shelf<E> {
    /// The buffer that came back last.
    ///
    /// Once there is none, this solve leaves as many as any like it will hold at a
    /// time, whichever thread does what: for each thread as many as are held now,
    /// and one more, since of sums that wait for others two threads may hold one
    /// less than a single one. Those that are not used are memory never touched.
    fn take(&mut self, threads: usize) -> Vec<E> {
        let there = self.lent + self.kept.len();
        self.grows |= self.kept.is_empty();
        self.lent += 1;
        let all = if threads > 1 { threads * (self.lent + 1) } else { self.lent };
        if self.grows && there < all {
            // All may come back. New ones go below those that were touched already.
            self.kept.reserve(all);
            let room = self.room;
            drop(self.kept.splice(..0, (there..all).map(|_| Vec::with_capacity(room))));
        }
        self.kept.pop().unwrap_or_default()
    }

    fn give(&mut self, buffer: Vec<E>) {
        self.lent = self.lent.saturating_sub(1);
        self.kept.push(buffer);
    }
}

/// A buffer on loan.
#[derive(Debug)]
pub(super) struct Lent<'a, E> {
    buffer: Vec<E>,
    home: &'a Pool<E>,
}

impl<E> Lent<'_, E> {
    /// The buffer for good.
    pub(super) fn into_vec(mut self) -> Vec<E> {
        std::mem::take(&mut self.buffer)
    }
}

impl<E> Deref for Lent<'_, E> {
    type Target = [E];
    fn deref(&self) -> &[E] {
        &self.buffer
    }
}

impl<E> DerefMut for Lent<'_, E> {
    fn deref_mut(&mut self) -> &mut [E] {
        &mut self.buffer
    }
}

impl<E> Drop for Lent<'_, E> {
    fn drop(&mut self) {
        self.home.give(std::mem::take(&mut self.buffer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_come_back_as_zeros_wherever_they_fit() {
        let pool = Pool::default();
        let (mut long, short) = (pool.take(100), pool.take(10));
        long.fill(1.0);
        pool.give(long);
        pool.give(short);
        let counted = allocation_counter::measure(|| {
            let (short, long) = (pool.lend(9), pool.lend(128));
            assert_eq!((&*short, &*long), (&[0.0; 9][..], &[0.0; 128][..]));
        });
        assert_eq!(counted.count_total, 0);
        // Too long for either, and so short that the room would be wasted.
        assert_eq!((pool.lend(129).len(), pool.lend(3).len()), (129, 3));
        let kept = || pool.shelves().all.iter().map(|shelf| shelf.kept.len()).sum::<usize>();
        assert_eq!(kept(), 4);
        assert_eq!(pool.lend(16).into_vec(), [0.0; 16]);
        assert_eq!(kept(), 3);
    }

    #[test]
    fn what_one_thread_holds_is_there_for_the_others() {
        let pool = Pool::<f64>::default();
        drop(pool.lend(8));
        pool.serve(2);
        drop([(); 3].map(|()| pool.lend(7)));
        pool.serve(2);
        let counted = allocation_counter::measure(|| {
            let _by_two = [(); 6].map(|()| pool.lend(8));
        });
        assert_eq!(counted.count_total, 0);
    }
}

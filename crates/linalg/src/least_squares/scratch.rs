//! Memory that is kept: buffers lent out, given back and lent again.
//!
//! The one idea: a solver asks for the same lengths in every solve, so buffers
//! that come back are all it needs from the second solve on.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::refine::State;
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

/// Buffers that nobody holds.
#[derive(Debug, Default)]
pub(super) struct Pool<E>(Mutex<Vec<Vec<E>>>);

impl<E: Copy + Default> Pool<E> {
    /// `len` zeros, in a buffer whose room is the next power of two: so those that
    /// a solve gave back serve the next one like it, whatever their order.
    pub(super) fn take(&self, len: usize) -> Vec<E> {
        let room = len.next_power_of_two();
        let mut kept = self.kept();
        let found = kept.iter().rposition(|buffer| buffer.capacity() == room);
        let found = found.map(|i| kept.swap_remove(i));
        drop(kept);
        let mut buffer = found.unwrap_or_else(|| Vec::with_capacity(room));
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
            self.kept().push(buffer);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Vec<E>>> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        assert_eq!(pool.kept().len(), 4);
        assert_eq!(pool.lend(16).into_vec(), [0.0; 16]);
        assert_eq!(pool.kept().len(), 3);
    }
}

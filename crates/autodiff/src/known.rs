//! Where a builder looks for an instruction that it has made before.

use std::hash::{Hash, Hasher};

use crate::functions::Binary;
use crate::op::Op;
use crate::program::Id;

/// An open-addressing table of instructions by what they compute.
///
/// A value is mostly read soon after it is made. So an instruction is looked for
/// in the places that belong to its newest argument, and by its hash only if
/// these are taken: long programs are written and searched in the order of
/// memory. An entry holds a hash, so that others are passed over without a look
/// at them, and the number of the instruction plus one; 0 is no entry.
#[derive(Default)]
pub(crate) struct Known {
    entries: Vec<u64>,
    len: usize,
}

/// Places looked at near the newest argument.
const NEAR: usize = 8;

impl Known {
    /// A table that holds so many before it grows.
    pub(crate) fn with_room(n: usize) -> Self {
        Self { entries: vec![0; (2 * (n + 1)).next_power_of_two()], len: 0 }
    }

    /// The instruction with this hash of which `same` holds; without one, `id`
    /// becomes known and is the answer. `newest` tells the newest argument of
    /// an instruction.
    pub(crate) fn find_or_add(
        &mut self,
        (hash, id): (u32, Id),
        newest: impl Fn(Id) -> Option<Id>,
        own: Option<Id>,
        same: impl Fn(Id) -> bool,
    ) -> Id {
        if self.entries.len() < 2 * (self.len + 1) {
            self.grow(newest);
        }
        for at in places(self.entries.len(), hash, own) {
            let entry = self.entries[at];
            if entry == 0 {
                self.entries[at] = u64::from(hash) << 32 | (u64::from(id) + 1);
                self.len += 1;
                return id;
            }
            let found = entry as u32 - 1;
            if (entry >> 32) as u32 == hash && same(found) {
                return found;
            }
        }
        unreachable!("half of the places are free")
    }

    fn grow(&mut self, newest: impl Fn(Id) -> Option<Id>) {
        let size = (2 * self.entries.len()).max(64);
        let old = std::mem::replace(&mut self.entries, vec![0; size]);
        for entry in old.into_iter().filter(|&e| e != 0) {
            let mut all = places(size, (entry >> 32) as u32, newest(entry as u32 - 1));
            let free = all.find(|&at| self.entries[at] == 0);
            self.entries[free.expect("half of the places are free")] = entry;
        }
    }
}

/// Where an instruction may be in a table of `size` places, a power of two.
#[inline]
fn places(size: usize, hash: u32, newest: Option<Id>) -> impl Iterator<Item = usize> {
    let far = hash as usize;
    let near = newest.map_or(far, |a| 2 * a as usize);
    (0..).map(move |k| if k < NEAR { near + k } else { far + k } & (size - 1))
}

/// The hash of an operation on its arguments; whichever way round they are
/// where that makes no difference.
pub(crate) fn hash(op: &Op, args: &[Id]) -> u32 {
    let mut words = Words(0xcbf2_9ce4_8422_2325);
    op.hash(&mut words);
    match *args {
        [a, b] if commutes(op) => {
            words.write_u32(a.min(b));
            words.write_u32(a.max(b));
        }
        _ => args.iter().for_each(|&a| words.write_u32(a)),
    }
    (words.finish() >> 32) as u32
}

/// Whether the arguments may change places.
pub(crate) fn commutes(op: &Op) -> bool {
    matches!(op, Op::Zip(Binary::Add | Binary::Mul))
}

/// A hash by words: programs are small and the keys are not adversarial.
struct Words(u64);

impl Hasher for Words {
    fn finish(&self) -> u64 {
        (self.0 ^ (self.0 >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }
    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
    }
    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }
    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }
    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
}

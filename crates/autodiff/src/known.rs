//! Where a builder looks for an instruction that it has made before.

use std::hash::{Hash, Hasher};

use crate::functions::Binary;
use crate::op::Op;
use crate::program::Id;

/// An open-addressing table of instructions by what they compute. Each entry
/// holds its hash, so that the others are passed over without a look at them.
#[derive(Default)]
pub(crate) struct Known {
    entries: Vec<(u32, Id)>,
    len: usize,
}

/// No instruction has this number.
const NONE: (u32, Id) = (0, Id::MAX);

impl Known {
    /// A table that holds so many before it grows.
    pub(crate) fn with_room(n: usize) -> Self {
        Self { entries: vec![NONE; (2 * (n + 1)).next_power_of_two()], len: 0 }
    }

    /// The instruction with this hash of which `same` holds; without one,
    /// `id` becomes known and is the answer.
    pub(crate) fn find_or_add(&mut self, hash: u32, id: Id, same: impl Fn(Id) -> bool) -> Id {
        if self.entries.len() < 2 * (self.len + 1) {
            self.grow();
        }
        let mask = self.entries.len() - 1;
        let mut at = hash as usize & mask;
        while self.entries[at] != NONE {
            let (other, found) = self.entries[at];
            if other == hash && same(found) {
                return found;
            }
            at = (at + 1) & mask;
        }
        self.entries[at] = (hash, id);
        self.len += 1;
        id
    }

    fn grow(&mut self) {
        let size = (2 * self.entries.len()).max(64);
        let old = std::mem::replace(&mut self.entries, vec![NONE; size]);
        for entry in old.into_iter().filter(|&e| e != NONE) {
            let mut at = entry.0 as usize & (size - 1);
            while self.entries[at] != NONE {
                at = (at + 1) & (size - 1);
            }
            self.entries[at] = entry;
        }
    }
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

//! Seeded changes of bytes: small ones often, splices and words of the format too.

use rand::{Rng, RngExt};

/// Longer inputs are cut: time is better spent on many short ones.
const LONGEST: usize = 1 << 14;
/// Bytes that sit on an edge of some format.
const EDGES: [u8; 12] = [0, 1, 0x7f, 0x80, 0xff, b'\n', b'\r', b'"', b',', b'-', b'\\', 0xef];

/// Changes inputs; `words` are pieces that the format of the target knows.
pub(crate) struct Mutator {
    words: &'static [&'static [u8]],
}

impl Mutator {
    pub(crate) fn new(words: &'static [&'static [u8]]) -> Self {
        Self { words }
    }

    /// One to eight changes of an input drawn from the pool, which is not empty.
    pub(crate) fn mutate(&mut self, pool: &[Vec<u8>], rng: &mut impl Rng) -> Vec<u8> {
        let mut input = pool[rng.random_range(0..pool.len())].clone();
        // Fewer changes more often: most of the input should stay meaningful.
        let changes = 1 << rng.random_range(0..4);
        for _ in 0..changes {
            self.change(&mut input, pool, rng);
        }
        input.truncate(LONGEST);
        input
    }

    fn change(&self, input: &mut Vec<u8>, pool: &[Vec<u8>], rng: &mut impl Rng) {
        let at = rng.random_range(0..=input.len());
        match rng.random_range(0..9) {
            0 if at < input.len() => input[at] ^= 1 << rng.random_range(0..8),
            1 if at < input.len() => input[at] = EDGES[rng.random_range(0..EDGES.len())],
            2 => input.insert(at, rng.random()),
            3 => drop(input.drain(piece(at, input.len(), rng))),
            4 => {
                let copied = input[piece(at, input.len(), rng)].to_vec();
                let to = rng.random_range(0..=input.len());
                input.splice(to..to, copied);
            }
            5 => {
                let other = &pool[rng.random_range(0..pool.len())];
                let from = rng.random_range(0..=other.len());
                let copied = other[piece(from, other.len(), rng)].to_vec();
                input.splice(at..at, copied);
            }
            6 if !self.words.is_empty() => {
                let word = self.words[rng.random_range(0..self.words.len())];
                input.splice(at..at, word.iter().copied());
            }
            7 => input.truncate(at),
            8 if at < input.len() && input[at].is_ascii_digit() => {
                input[at] = b'0' + rng.random_range(0..10);
            }
            _ => input.push(rng.random()),
        }
    }
}

/// A piece that starts at `at`, short more often than long.
fn piece(at: usize, len: usize, rng: &mut impl Rng) -> std::ops::Range<usize> {
    let longest = (len - at).min(1 << rng.random_range(0..10));
    at..at + rng.random_range(0..=longest)
}

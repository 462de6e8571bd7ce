//! Operations on tiles that stay in the arena: most of those of a group.
//!
//! On short tiles an operation costs what it takes to start it; so what these
//! read and write is found without looking at any other memory.

use wonderland_linalg::Scalar;

use crate::functions::{Binary, BinaryLoop, Unary};
use crate::kernels::tile::{In, Pair, binary, pair, unary};

/// What is computed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Function {
    Unary(Unary),
    Binary(Binary),
    Pair(Pair),
}

impl Function {
    /// y = the function of the arguments.
    #[inline]
    pub(crate) fn run<'a, T: Scalar>(self, arg: impl Fn(usize) -> In<'a, T>, y: &mut [T]) {
        match self {
            Self::Unary(f) => unary(f, arg(0), y),
            Self::Binary(f) => binary(f, arg(0), arg(1), y),
            Self::Pair(f) => pair(f, [arg(0), arg(1), arg(2)], y),
        }
    }
}

/// A place in the arena.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    pub(crate) at: usize,
    /// Whether it is that of the first tile, and that of others lies behind it.
    pub(crate) moves: bool,
}

impl Spot {
    #[inline]
    fn of(self, start: usize) -> usize {
        if self.moves { self.at + start } else { self.at }
    }
}

/// An argument.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Argument<T> {
    Spot(Spot),
    Constant(T),
    /// What is in the place of the result.
    Same,
}

/// An operation within the arena.
#[derive(Clone, Debug)]
pub(crate) struct Near<T> {
    pub(crate) function: Function,
    pub(crate) target: Spot,
    pub(crate) args: [Argument<T>; 3],
}

impl<T: Scalar> Near<T> {
    /// The operation on the tile of `n` elements from element `start` on.
    #[inline]
    pub(crate) fn run(&self, arena: &mut [T], start: usize, n: usize) {
        let to = self.target.of(start);
        let (low, rest) = arena.split_at_mut(to);
        let (y, high) = rest.split_at_mut(n);
        let (low, high) = (&*low, &*high);
        let read = |spot: Spot| {
            let at = spot.of(start);
            if at < to { &low[at..][..n] } else { &high[at - to - n..][..n] }
        };
        // Most are these.
        if let (Function::Binary(f), [Argument::Spot(a), Argument::Spot(b), _]) =
            (self.function, &self.args)
        {
            return f.choose(Slices { a: read(*a), b: read(*b), y });
        }
        let arg = |k: usize| match self.args[k] {
            Argument::Spot(spot) => In::Slice(read(spot)),
            Argument::Constant(c) => In::One(c),
            Argument::Same => In::Same,
        };
        self.function.run(arg, y);
    }
}

struct Slices<'a, T> {
    a: &'a [T],
    b: &'a [T],
    y: &'a mut [T],
}

impl<T: Copy> BinaryLoop<T> for Slices<'_, T> {
    type Out = ();
    #[inline]
    fn run(self, f: impl Fn(T, T) -> T) {
        for ((y, &a), &b) in self.y.iter_mut().zip(self.a).zip(self.b) {
            *y = f(a, b);
        }
    }
}

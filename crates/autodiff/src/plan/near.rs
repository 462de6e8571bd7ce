//! Operations on tiles that stay in the arena: most of those of a group.
//!
//! On short tiles an operation costs what it takes to start it; so what these
//! read and write is found without looking at any other memory, and each is one
//! line of the innermost cache.

use std::any::Any;

use wonderland_linalg::{Scalar, Wide, wide};

use crate::functions::{Binary, Unary};
use crate::kernels::elementwise::{map, map_in_place};
use crate::kernels::lanes::Runs;
use crate::kernels::tile::{In, Pair, PairLoop, binary, each, pair, unary};

/// What is computed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Function {
    Unary(Unary),
    Binary(Binary),
    Pair(Pair),
    /// a b + c d, or a b − c d.
    Products {
        minus: bool,
    },
    /// (a b + c d) + e.
    ProductsAnd,
}

impl Function {
    /// How many arguments it has.
    pub(crate) fn arity(self) -> usize {
        match self {
            Self::Unary(_) => 1,
            Self::Binary(_) => 2,
            Self::Pair(_) => 3,
            Self::Products { .. } => 4,
            Self::ProductsAnd => 5,
        }
    }

    /// y = the function of the arguments.
    pub(crate) fn run<'a, T: Scalar>(self, arg: impl Fn(usize) -> In<'a, T>, y: &mut [T]) {
        match self {
            Self::Unary(f) => unary(f, arg(0), y),
            Self::Binary(f) => binary(f, arg(0), arg(1), y),
            Self::Pair(f) => pair(f, [arg(0), arg(1), arg(2)], y),
            Self::Products { minus: false } => each(arg, y, |[a, b, c, d]| a * b + c * d),
            Self::Products { minus: true } => each(arg, y, |[a, b, c, d]| a * b - c * d),
            Self::ProductsAnd => each(arg, y, |[a, b, c, d, e]| (a * b + c * d) + e),
        }
    }
}

/// Which argument is a constant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Constant {
    None,
    /// That of a difference.
    First,
    Last,
}

/// An operation within the arena.
#[derive(Clone, Debug)]
pub(crate) struct Near<T> {
    function: Function,
    constant: Constant,
    /// By place: whether that is where the first tile is, and others lie behind it.
    moves: u8,
    /// How many places are given.
    given: u8,
    /// The places of the result and of the arguments but the constant.
    places: [u32; 6],
    value: T,
}

/// Operations, and the tile of `n` elements from element `start` on that they run on.
struct Running<'r, T> {
    list: &'r [Near<T>],
    arena: &'r mut [T],
    start: usize,
    n: u32,
}

impl<T: Scalar> Wide for Running<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { list, arena, start, n } = self;
        for near in list {
            near.run(arena, start, n);
        }
    }
}

/// Runs the operations on the tile of `n` elements from element `start` on.
#[expect(clippy::ptr_arg, reason = "slices have no type that is known at run time")]
pub(crate) fn run<T: Scalar>(list: &Vec<Near<T>>, arena: &mut Vec<T>, start: usize, n: u32) {
    let (list, arena): (&dyn Any, &mut dyn Any) = (list, arena);
    if let Some(list) = list.downcast_ref::<Vec<Near<f64>>>() {
        let arena = arena.downcast_mut().expect("both are of one type");
        run_f64(list, arena, start, n);
    } else {
        let list = list.downcast_ref().expect("numbers are f32 or f64");
        let arena = arena.downcast_mut().expect("both are of one type");
        run_f32(list, arena, start, n);
    }
}

// Not generic, so that these loops are compiled here and not wherever plans run.
fn run_f32(list: &Vec<Near<f32>>, arena: &mut Vec<f32>, start: usize, n: u32) {
    wide(Running { list, arena, start, n });
}

fn run_f64(list: &Vec<Near<f64>>, arena: &mut Vec<f64>, start: usize, n: u32) {
    wide(Running { list, arena, start, n });
}

impl<T: Scalar> Near<T> {
    /// An operation whose arguments are given one by one; places are where the first
    /// tile is and whether others lie behind it.
    pub(crate) fn new(function: Function, to: (usize, bool)) -> Option<Self> {
        if matches!(function, Function::Binary(f) if !f.is_simple()) {
            return None;
        }
        let (constant, places) = (Constant::None, [0; 6]);
        let mut near = Self { function, constant, moves: 0, given: 0, places, value: T::ZERO };
        near.place(to.0, to.1)?;
        Some(near)
    }

    #[cfg(test)]
    pub(crate) fn function(&self) -> Function {
        self.function
    }

    /// The next argument is read there.
    pub(crate) fn place(&mut self, at: usize, moves: bool) -> Option<()> {
        self.places[usize::from(self.given)] = u32::try_from(at).ok()?;
        self.moves |= u8::from(moves) << self.given;
        self.given += 1;
        Some(())
    }

    /// The next argument is a constant, if there can be one.
    pub(crate) fn set(&mut self, value: T) -> Option<()> {
        let is_first = self.given == 1;
        let fits = self.constant == Constant::None
            && match self.function {
                Function::Binary(_) => true,
                Function::Pair(pair) => self.given == 3 && pair.is_complement(),
                _ => false,
            };
        // c + x and c x are x + c and x c.
        let turns = self.function != Function::Binary(Binary::Sub);
        self.constant = if is_first && !turns { Constant::First } else { Constant::Last };
        self.value = value;
        fits.then_some(())
    }

    /// The operation on the tile of `n` elements from element `start` on.
    #[inline(always)]
    fn run(&self, all: &mut [T], start: usize, n: u32) {
        match self.function {
            Function::Unary(f) => {
                let Runs { all, from: [from], to, n } = self.runs::<1>(all, start, n);
                if from == to {
                    return map_in_place(f, &mut all[to..to + n]);
                }
                let (low, high) = all.split_at_mut(from.max(to));
                if from < to {
                    map(f, &low[from..from + n], &mut high[..n]);
                } else {
                    map(f, &high[..n], &mut low[to..to + n]);
                }
            }
            Function::Binary(f) => self.run_binary(f, all, start, n),
            Function::Pair(f) => match self.constant {
                Constant::None => f.choose(self.runs::<3>(all, start, n)),
                _ => {
                    let c = self.value;
                    self.runs::<2>(all, start, n).each(|[a, b]| c - a * b);
                }
            },
            Function::Products { minus: false } => {
                self.runs::<4>(all, start, n).each(|[a, b, c, d]| a * b + c * d);
            }
            Function::Products { minus: true } => {
                self.runs::<4>(all, start, n).each(|[a, b, c, d]| a * b - c * d);
            }
            Function::ProductsAnd => {
                self.runs::<5>(all, start, n).each(|[a, b, c, d, e]| (a * b + c * d) + e);
            }
        }
    }

    #[inline(always)]
    fn run_binary(&self, f: Binary, all: &mut [T], start: usize, n: u32) {
        let c = self.value;
        match (f, self.constant) {
            (Binary::Add, Constant::None) => self.runs::<2>(all, start, n).each(|[a, b]| a + b),
            (Binary::Sub, Constant::None) => self.runs::<2>(all, start, n).each(|[a, b]| a - b),
            (_, Constant::None) => self.runs::<2>(all, start, n).each(|[a, b]| a * b),
            (Binary::Sub, Constant::First) => self.runs::<1>(all, start, n).each(|[a]| c - a),
            (Binary::Sub, _) => self.runs::<1>(all, start, n).each(|[a]| a - c),
            (Binary::Add, _) => self.runs::<1>(all, start, n).each(|[a]| a + c),
            _ => self.runs::<1>(all, start, n).each(|[a]| a * c),
        }
    }

    #[inline(always)]
    fn runs<'a, const K: usize>(&self, all: &'a mut [T], start: usize, n: u32) -> Runs<'a, T, K> {
        let place = |k: usize| {
            let by = if self.moves & (1 << k) == 0 { 0 } else { start };
            self.places[k] as usize + by
        };
        let mut from = [0; K];
        for (k, from) in from.iter_mut().enumerate() {
            *from = place(k + 1);
        }
        Runs { all, from, to: place(0), n: n as usize }
    }
}

impl<T: Copy> PairLoop<T> for Runs<'_, T, 3> {
    #[inline(always)]
    fn run(self, f: impl Fn(T, T, T) -> T) {
        self.each(|[a, b, c]| f(a, b, c));
    }
}

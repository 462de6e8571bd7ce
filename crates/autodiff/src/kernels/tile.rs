//! Elementwise operations on tiles, where every argument is a slice as long as
//! the result, one number, or what the result overwrites.

use wonderland_linalg::{Real, Scalar};

use super::elementwise;
use crate::functions::{Binary, BinaryLoop, Unary};

/// An argument.
#[derive(Clone, Copy)]
pub(crate) enum In<'a, T> {
    Slice(&'a [T]),
    One(T),
    Same,
}

/// y = f(x).
pub(crate) fn unary<T: Scalar>(f: Unary, x: In<'_, T>, y: &mut [T]) {
    match x {
        In::Slice(x) => elementwise::map(f, x, y),
        In::Same => elementwise::map_in_place(f, y),
        In::One(x) => {
            y.fill(x);
            elementwise::map_in_place(f, y);
        }
    }
}

/// y = x.
pub(crate) fn copy<T: Scalar>(x: In<'_, T>, y: &mut [T]) {
    match x {
        In::Slice(x) => y.copy_from_slice(x),
        In::One(x) => y.fill(x),
        In::Same => {}
    }
}

/// y = f(a, b).
pub(crate) fn binary<T: Scalar>(f: Binary, a: In<'_, T>, b: In<'_, T>, y: &mut [T]) {
    f.choose(Both { a, b, y });
}

struct Both<'a, T> {
    a: In<'a, T>,
    b: In<'a, T>,
    y: &'a mut [T],
}

impl<T: Copy> BinaryLoop<T> for Both<'_, T> {
    type Out = ();
    fn run(self, f: impl Fn(T, T) -> T) {
        let y = self.y;
        match (self.a, self.b) {
            (In::Slice(a), In::Slice(b)) => {
                for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
                    *y = f(a, b);
                }
            }
            (In::Slice(a), In::One(b)) => y.iter_mut().zip(a).for_each(|(y, &a)| *y = f(a, b)),
            (In::One(a), In::Slice(b)) => y.iter_mut().zip(b).for_each(|(y, &b)| *y = f(a, b)),
            (In::Same, In::Slice(b)) => y.iter_mut().zip(b).for_each(|(y, &b)| *y = f(*y, b)),
            (In::Slice(a), In::Same) => y.iter_mut().zip(a).for_each(|(y, &a)| *y = f(a, *y)),
            (In::Same, In::One(b)) => y.iter_mut().for_each(|y| *y = f(*y, b)),
            (In::One(a), In::Same) => y.iter_mut().for_each(|y| *y = f(a, *y)),
            (In::Same, In::Same) => y.iter_mut().for_each(|y| *y = f(*y, *y)),
            (In::One(a), In::One(b)) => y.fill(f(a, b)),
        }
    }
}

/// Two functions in one pass: g(f(a, b), c), or g(c, f(a, b)) if it is turned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pair {
    first: Binary,
    then: Binary,
    turned: bool,
}

impl Pair {
    /// The pair, if both are sums, differences or products.
    pub(crate) fn of(first: Binary, then: Binary, turned: bool) -> Option<Self> {
        (first.is_simple() && then.is_simple()).then_some(Self { first, then, turned })
    }

    /// Whether it is c − a b.
    pub(crate) fn is_complement(self) -> bool {
        self == Self { first: Binary::Mul, then: Binary::Sub, turned: true }
    }
}

/// A loop over elements that calls a function of three numbers.
pub(crate) trait PairLoop<T> {
    /// The loop, for one function.
    fn run(self, f: impl Fn(T, T, T) -> T);
}

impl Pair {
    /// Runs a loop with both functions, each rounded as it would be alone.
    #[inline(always)]
    pub(crate) fn choose<T: Real>(self, each: impl PairLoop<T>) {
        use Binary::{Add, Mul, Sub};
        match (self.first, self.then) {
            (Add, Add) => each.run(|a, b, c| (a + b) + c),
            (Add, Mul) => each.run(|a, b, c| (a + b) * c),
            (Add, _) if self.turned => each.run(|a, b, c| c - (a + b)),
            (Add, _) => each.run(|a, b, c| (a + b) - c),
            (Mul, Add) => each.run(|a, b, c| (a * b) + c),
            (Mul, Mul) => each.run(|a, b, c| (a * b) * c),
            (Mul, _) if self.turned => each.run(|a, b, c| c - (a * b)),
            (Mul, _) => each.run(|a, b, c| (a * b) - c),
            (_, Add) => each.run(|a, b, c| (a - b) + c),
            (_, Mul) => each.run(|a, b, c| (a - b) * c),
            (_, Sub) if self.turned => each.run(|a, b, c| c - (a - b)),
            _ => each.run(|a, b, c| (a - b) - c),
        }
    }
}

struct Three<'a, T> {
    x: [In<'a, T>; 3],
    y: &'a mut [T],
}

impl<T: Copy> PairLoop<T> for Three<'_, T> {
    fn run(self, f: impl Fn(T, T, T) -> T) {
        let [In::Slice(a), In::Slice(b), c] = self.x else {
            unreachable!("pairs begin with slices")
        };
        let yab = self.y.iter_mut().zip(a).zip(b);
        match c {
            In::Slice(c) => yab.zip(c).for_each(|(((y, &a), &b), &c)| *y = f(a, b, c)),
            In::One(c) => yab.for_each(|((y, &a), &b)| *y = f(a, b, c)),
            In::Same => yab.for_each(|((y, &a), &b)| *y = f(a, b, *y)),
        }
    }
}

/// y = both functions of two slices and anything.
pub(crate) fn pair<T: Scalar>(both: Pair, x: [In<'_, T>; 3], y: &mut [T]) {
    both.choose(Three { x, y });
}

/// y = f(x₁, …), whatever the arguments are.
pub(crate) fn each<'a, T: Copy + 'a, const K: usize>(
    arg: impl Fn(usize) -> In<'a, T>,
    y: &mut [T],
    f: impl Fn([T; K]) -> T,
) {
    let x: [In<'a, T>; K] = std::array::from_fn(arg);
    for (i, y) in y.iter_mut().enumerate() {
        *y = f(x.map(|x| match x {
            In::Slice(x) => x[i],
            In::One(x) => x,
            In::Same => *y,
        }));
    }
}

/// y = a where the mask is not 0, b elsewhere; none is what y overwrites.
pub(crate) fn select<T: Scalar>([mask, a, b]: [In<'_, T>; 3], y: &mut [T]) {
    match (mask, a, b) {
        (In::Slice(mask), In::Slice(a), In::One(b)) => {
            for ((y, &m), &a) in y.iter_mut().zip(mask).zip(a) {
                *y = if m == T::ZERO { b } else { a };
            }
        }
        (In::Slice(mask), In::One(a), In::Slice(b)) => {
            for ((y, &m), &b) in y.iter_mut().zip(mask).zip(b) {
                *y = if m == T::ZERO { b } else { a };
            }
        }
        (In::Slice(mask), In::Slice(a), In::Slice(b)) => {
            for (((y, &m), &a), &b) in y.iter_mut().zip(mask).zip(a).zip(b) {
                *y = if m == T::ZERO { b } else { a };
            }
        }
        _ => {
            let at = |x: In<'_, T>, i: usize| match x {
                In::Slice(x) => x[i],
                In::One(x) => x,
                In::Same => unreachable!("choices are made into other memory"),
            };
            for (i, y) in y.iter_mut().enumerate() {
                *y = if at(mask, i) == T::ZERO { at(b, i) } else { at(a, i) };
            }
        }
    }
}

/// y = elements `start`, … of blocks of `inner` elements of x, each block
/// `times` times.
pub(crate) fn repeat<T: Scalar>(
    x: &[T],
    (times, inner): (usize, usize),
    start: usize,
    y: &mut [T],
) {
    let (mut block, mut inside) = (start / (times * inner), start % (times * inner));
    let mut rest = y;
    while !rest.is_empty() {
        if inner == 1 {
            let n = (times - inside).min(rest.len());
            let (now, later) = rest.split_at_mut(n);
            now.fill(x[block]);
            (rest, block, inside) = (later, block + 1, 0);
            continue;
        }
        let own = &x[block * inner..(block + 1) * inner];
        let n = (times * inner - inside).min(rest.len());
        let (now, later) = rest.split_at_mut(n);
        // Once from where it begins, then twice as much each time.
        let first = inside % inner;
        let (tail, head) = ((inner - first).min(n), first.min(n.saturating_sub(inner - first)));
        now[..tail].copy_from_slice(&own[first..first + tail]);
        now[tail..tail + head].copy_from_slice(&own[..head]);
        let mut filled = tail + head;
        while filled < n {
            let more = filled.min(n - filled);
            now.copy_within(..more, filled);
            filled += more;
        }
        (rest, block, inside) = (later, block + 1, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_the_bits_of_its_functions() {
        let wave = |k: f64| (0..21).map(|i| (f64::from(i) * k).sin()).collect::<Vec<_>>();
        let (a, b, c) = (wave(0.7), wave(1.3), wave(2.1));
        let simple = [Binary::Add, Binary::Sub, Binary::Mul];
        for (first, then) in simple.iter().flat_map(|&f| simple.map(|g| (f, g))) {
            for turned in [false, true] {
                let both = Pair::of(first, then, turned).expect("they are simple");
                let [mut found, mut inner, mut expected] = [(); 3].map(|()| vec![0.0; 21]);
                let ab = [In::Slice(&a), In::Slice(&b)];
                pair(both, [ab[0], ab[1], In::Slice(&c)], &mut found);
                binary(first, In::Slice(&a), In::Slice(&b), &mut inner);
                let (left, right) = if turned { (&c, &inner) } else { (&inner, &c) };
                binary(then, In::Slice(left), In::Slice(right), &mut expected);
                assert_eq!(found, expected, "{both:?}");
                found.copy_from_slice(&c);
                pair(both, [ab[0], ab[1], In::Same], &mut found);
                assert_eq!(found, expected, "{both:?} in place");
                pair(both, [ab[0], ab[1], In::One(c[4])], &mut found);
                assert!((found[4] - expected[4]).abs() < 1e-300, "{both:?} of a number");
            }
        }
        assert_eq!(Pair::of(Binary::Div, Binary::Add, false), None);
    }
}

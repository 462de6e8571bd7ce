//! Elementwise operations on tiles, where every argument is a slice as long as
//! the result, one number, or what the result overwrites.

use wonderland_linalg::Scalar;

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

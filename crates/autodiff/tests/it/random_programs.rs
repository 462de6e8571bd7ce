//! Random programs over all operations: a list of numbers is read as a program,
//! so that proptest can shrink what fails; the message prints the program.
//!
//! `WONDERLAND_RANDOM_PROGRAMS` sets how many (1000 by default).

use proptest::prelude::*;
use wonderland_autodiff::{GradCheck, Program, Tensor, Var, index, input, scan, trace};

use crate::numbers;

const N: usize = 3;
const M: usize = 4;

pub(crate) fn cases() -> u32 {
    std::env::var("WONDERLAND_RANDOM_PROGRAMS").ok().and_then(|n| n.parse().ok()).unwrap_or(1000)
}

/// One instruction: an operation and which earlier values it takes.
pub(crate) type Code = (u8, u8, u8);

pub(crate) fn codes() -> impl Strategy<Value = Vec<Code>> {
    proptest::collection::vec((0..40_u8, any::<u8>(), any::<u8>()), 1..40)
}

/// The program of a list of codes; `smooth` leaves out what has kinks.
pub(crate) fn program(codes: &[Code], smooth: bool) -> Program {
    let spec =
        (input("x", [N, M]), input("W", [M, M]), input("v", [M]), input("s", []), index("i", [N]));
    trace(spec, |_, (x, W, v, s, i)| {
        // Matrices (N, M), vectors (M) and scalars so far.
        let (mut mats, mut vecs, mut nums) = (vec![x], vec![v], vec![s]);
        for &(op, a, b) in codes {
            let pick = |pool: &[Var<'_>], k: u8| usize::from(k) % pool.len();
            let (p, q) = (mats[pick(&mats, a)], mats[pick(&mats, b)]);
            let (u, c) = (vecs[pick(&vecs, b)], nums[pick(&nums, b)]);
            match op {
                0 => mats.push((p + q) * 0.5),
                1 => mats.push(p * q),
                2 => mats.push(p - u),
                3 => mats.push(p * u),
                4 => mats.push(p * c),
                5 => mats.push(p.matmul(W) * 0.5),
                6 => mats.push(p.matmul(q.t()).tanh().matmul(q) * 0.3),
                7 => mats.push(p.tanh()),
                8 => mats.push(p.sigmoid()),
                9 => mats.push(p.softplus()),
                10 => mats.push(p.sin()),
                11 => mats.push(p.cos()),
                12 => mats.push(p.tanh().exp()),
                13 => mats.push((p * p + 1.0).ln()),
                14 => mats.push((p * p + 0.5).sqrt()),
                15 => mats.push((p * p + 0.5).recip()),
                16 => mats.push(p / (q * q + 1.0)),
                17 => mats.push(p.atan()),
                18 => mats.push(p.erf()),
                19 => mats.push(p.softmax(1)),
                20 => mats.push(p.softmax(0)),
                21 => vecs.push(p.logsumexp(0)),
                22 => vecs.push(p.sum_axes(&[0]) * 0.3),
                23 => vecs.push(u.matmul(W).tanh()),
                24 => vecs.push(p.slice(0, 1, 2).reshape([M])),
                25 => nums.push(p.mean()),
                26 => nums.push(u.dot(vecs[0]).tanh()),
                27 => mats.push(p.gather(i)),
                28 => mats.push(p.pick(i).keep_axis(1).broadcast_to([N, M])),
                29 => mats.push(p.scatter_add(i, N)),
                30 => mats.push(p.reshape([M, N]).t()),
                31 => mats.push(p.slice(1, 1, M).pad(1, 0, 1)),
                32 => mats.push((p * 0.1).powi(2) + p.tanh().exp_m1()),
                33 if !smooth => mats.push(p.stop_gradient() * q),
                34 => mats.push(
                    scan(N, &[u], &[u], &[p], |c, s, x| {
                        let h = (s[0] * c[0] + x[0]).tanh();
                        (vec![h], vec![h])
                    })
                    .1[0],
                ),
                35 if !smooth => mats.push(p.relu()),
                36 if !smooth => mats.push(p.abs()),
                37 if !smooth => mats.push(p.maximum(q).minimum(p * 2.0)),
                38 if !smooth => mats.push(p.gt(q).select(p, q * 2.0)),
                39 if !smooth => vecs.push(p.max_axis(0)),
                _ => mats.push(p.tanh().ln_1p_of_square()),
            }
        }
        let last = |pool: &[Var<'_>]| pool.len() - 1;
        mats[last(&mats)].tanh().sum() + vecs[last(&vecs)].tanh().sum() + nums[last(&nums)].tanh()
    })
    .unwrap()
}

trait More {
    fn ln_1p_of_square(self) -> Self;
}
impl More for Var<'_> {
    fn ln_1p_of_square(self) -> Self {
        (self * self).ln_1p()
    }
}

pub(crate) type Arguments = (Tensor, Tensor, Tensor, Tensor, Vec<u32>);

pub(crate) fn arguments(seed: u64) -> Arguments {
    (
        numbers(&[N, M], seed + 1),
        numbers(&[M, M], seed + 2),
        numbers(&[M], seed + 3),
        numbers(&[], seed + 4),
        vec![2, 0, 2],
    )
}

pub(crate) fn directions(seed: u64) -> (Tensor, Tensor, Tensor, Tensor) {
    let (a, b, c, d, _) = arguments(seed);
    (a, b, c, d)
}

fn dot(a: &[Tensor], b: &[Tensor]) -> f64 {
    let pairs = a.iter().zip(b).flat_map(|(a, b)| a.as_slice().iter().zip(b.as_slice()));
    pairs.map(|(a, b)| a * b).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    /// Forward and reverse mode agree, and both nestings of the second order.
    #[test]
    fn both_modes_agree_on_random_programs(codes in codes(), seed in 0..1000_u64) {
        let p = program(&codes, false);
        let (x, v) = (arguments(seed), directions(seed + 100));
        let check = GradCheck { directions: 1, seed, ..Default::default() };
        let checked = check.check_adjoint::<f64>(&p, &x);
        prop_assert!(checked.is_ok(), "{}\n{p}", checked.unwrap_err());
        let grad = p.grad().unwrap();
        let g = grad.run::<f64>(&x).unwrap();
        let one = p.hvp().unwrap().run::<f64>(&(&x, &v)).unwrap();
        let other = grad.jvp().unwrap().run::<f64>(&(&x, &v)).unwrap().split_off(4);
        let size = dot(&one, &one).sqrt() + dot(&g, &g).sqrt();
        let difference: f64 = one.iter().zip(&other).map(|(a, b)| {
            a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| (a - b).powi(2)).sum::<f64>()
        }).sum::<f64>().sqrt();
        prop_assert!(difference <= 1e-11 * (1.0 + size), "{difference:e} of {size:e}\n{p}");
    }

    /// The same list of codes gives the same program.
    #[test]
    fn equal_traces_print_equally(codes in codes()) {
        let (a, b) = (program(&codes, false), program(&codes, false));
        prop_assert_eq!(a.to_string(), b.to_string());
        prop_assert_eq!(a.grad().unwrap(), b.grad().unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases() / 10, failure_persistence: None, ..ProptestConfig::default() })]

    /// Tangents agree with five-point differences where there is no kink.
    #[test]
    fn smooth_random_programs_agree_with_differences(codes in codes(), seed in 0..1000_u64) {
        let p = program(&codes, true);
        let x = arguments(seed);
        // Deep chains of functions have large fifth derivatives.
        let check = GradCheck { directions: 1, rtol: 1e-6, ..Default::default() };
        let checked = check.check(&p, &x);
        prop_assert!(checked.is_ok(), "{}\n{p}", checked.unwrap_err());
    }
}

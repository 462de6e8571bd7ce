//! Each kernel against its slow obvious twin, and the elementary functions
//! against high-precision values (`testdata/scalars.json`) and, in `f32`,
//! against `f64` over a stride of all bit patterns.

#![allow(clippy::float_cmp, reason = "bits and limits are meant")]

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::Scalar;

const INF: f64 = f64::INFINITY;

/// |actual − expected| in units of the last place of `expected`; a wrong
/// class of number (NaN, infinity) is infinitely far.
fn ulps64(actual: f64, expected: f64) -> f64 {
    if actual == expected || (actual.is_nan() && expected.is_nan()) {
        return 0.0;
    }
    let step = f64::from_bits(expected.abs().to_bits() + 1) - expected.abs();
    let off = (actual - expected).abs() / step;
    if off.is_nan() { INF } else { off }
}

fn random(n: usize, seed: u64, low: f64, high: f64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| rng.random_range(low..high)).collect()
}

/// Every `f32` bit pattern in steps of a prime: 2 million arguments, NaN and
/// subnormal numbers among them.
#[test]
fn f32_is_within_two_ulp_on_a_stride_of_all_bits() {
    for f in Elementary::ALL {
        let (worst, at) = f.worst_ulp_f32(2_099, 0);
        assert!(worst <= 2.0, "{f:?}({at:e}): {worst} ulp");
    }
}

#[test]
fn f64_is_within_two_ulp_of_high_precision_values() {
    for f in Elementary::ALL {
        let name = match f {
            Elementary::Exp => "exp",
            Elementary::ExpM1 => "exp_m1",
            Elementary::Ln => "ln",
            Elementary::Ln1p => "ln_1p",
            Elementary::Tanh => "tanh",
            Elementary::Sigmoid => "sigmoid",
            Elementary::Softplus => "softplus",
            Elementary::Erf => "erf",
            Elementary::Erfc => "erfc",
            Elementary::Sin => "sin",
            Elementary::Cos => "cos",
            Elementary::Atan => "atan",
        };
        for row in crate::real::tests::cases(name) {
            let mut y = [row[0]];
            f.apply(&mut y);
            let off = ulps64(y[0], row[1]);
            assert!(off <= 2.0, "{f:?}({:e}) = {:e}, not {:e}: {off} ulp", row[0], y[0], row[1]);
        }
    }
}

/// Where the standard library is good to an ulp, random arguments find what a
/// table may miss.
#[test]
fn f64_agrees_with_the_standard_library_on_random_arguments() {
    for (f, low, high, theirs) in [
        (Elementary::Exp, -740.0, 709.0, 0.6),
        (Elementary::ExpM1, -3.0, 3.0, 1.0),
        (Elementary::Ln, 0.0, 3.0, 0.6),
        (Elementary::Ln1p, -0.9, 2.0, 1.0),
        (Elementary::Tanh, -3.0, 3.0, 2.0),
        (Elementary::Erf, -3.0, 3.0, 1.0),
        (Elementary::Erfc, -3.0, 27.0, 1.0),
        (Elementary::Sin, -1e4, 1e4, 0.6),
        (Elementary::Cos, -1e4, 1e4, 0.6),
        (Elementary::Atan, -5.0, 5.0, 1.0),
    ] {
        let x = random(20_000, 7, low, high);
        let mut y = vec![0.0; x.len()];
        f.apply_into(&x, &mut y);
        for (&x, &y) in x.iter().zip(&y) {
            let off = ulps64(y, f.of(x));
            assert!(off <= 2.0 + theirs, "{f:?}({x:e}) = {y:e}, not {:e}: {off} ulp", f.of(x));
        }
    }
}

/// Next to a multiple of π/2 the reduction cancels nearly all digits.
#[test]
fn sine_and_cosine_next_to_their_zeros() {
    for k in 1..636_000 {
        let x = f64::from(k) * std::f64::consts::FRAC_PI_2;
        for f in [Elementary::Sin, Elementary::Cos] {
            let mut y = [x, x.next_up(), x.next_down()];
            f.apply(&mut y);
            for (x, y) in [x, x.next_up(), x.next_down()].into_iter().zip(y) {
                let off = ulps64(y, f.of(x));
                assert!(off <= 2.6, "{f:?}({x:e}) = {y:e}, not {:e}: {off} ulp", f.of(x));
            }
        }
    }
}

/// The bits of an element do not depend on its neighbours, on its place, or on
/// the form of the call.
#[test]
fn bits_do_not_depend_on_the_place() {
    let mut x = random(1_000, 3, -30.0, 30.0);
    (x[5], x[400], x[401]) = (1e9, -INF, f64::NAN);
    for f in Elementary::ALL {
        let mut whole = x.clone();
        f.apply(&mut whole);
        let mut into = vec![0.0; x.len()];
        f.apply_into(&x, &mut into);
        for i in 0..x.len() {
            let mut one = [x[i]];
            f.apply(&mut one);
            assert_eq!(one[0].to_bits(), into[i].to_bits(), "{f:?}({:e}) at {i}", x[i]);
            assert_eq!(whole[i].to_bits(), into[i].to_bits(), "{f:?}({:e}) at {i}", x[i]);
        }
    }
}

#[test]
fn special_values() {
    let nan = f64::NAN;
    for (f, x, y) in [
        (Elementary::Exp, [-INF, INF, 0.0], [0.0, INF, 1.0]),
        (Elementary::ExpM1, [-INF, INF, -0.0], [-1.0, INF, -0.0]),
        (Elementary::Ln, [0.0, INF, -1.0], [-INF, INF, nan]),
        (Elementary::Ln1p, [-1.0, INF, -2.0], [-INF, INF, nan]),
        (Elementary::Tanh, [-INF, INF, -0.0], [-1.0, 1.0, -0.0]),
        (Elementary::Sigmoid, [-INF, INF, 0.0], [0.0, 1.0, 0.5]),
        (Elementary::Softplus, [-INF, INF, 800.0], [0.0, INF, 800.0]),
        (Elementary::Erf, [-INF, INF, -0.0], [-1.0, 1.0, -0.0]),
        (Elementary::Erfc, [-INF, INF, -0.0], [2.0, 0.0, 1.0]),
        (Elementary::Sin, [-INF, INF, -0.0], [nan, nan, -0.0]),
        (Elementary::Cos, [-INF, INF, 0.0], [nan, nan, 1.0]),
        (
            Elementary::Atan,
            [-INF, INF, -0.0],
            [-std::f64::consts::FRAC_PI_2, std::f64::consts::FRAC_PI_2, -0.0],
        ),
    ] {
        let mut got = x;
        f.apply(&mut got);
        let mut single = x.map(|x| x as f32);
        f.apply(&mut single);
        for i in 0..3 {
            assert_eq!(got[i].is_nan(), y[i].is_nan(), "{f:?}({})", x[i]);
            assert_eq!(single[i].is_nan(), y[i].is_nan(), "{f:?}({}) in f32", x[i]);
            if !y[i].is_nan() {
                assert_eq!(got[i].to_bits(), y[i].to_bits(), "{f:?}({})", x[i]);
                assert_eq!(single[i].to_bits(), (y[i] as f32).to_bits(), "{f:?}({})", x[i]);
            }
        }
        let mut x = [nan];
        f.apply(&mut x);
        assert!(x[0].is_nan(), "{f:?}(NaN)");
        f.apply::<f64>(&mut []);
    }
}

#[test]
#[should_panic(expected = "Exp of 2 elements into 3")]
fn lengths_must_agree() {
    Elementary::Exp.apply_into(&[1.0, 2.0], &mut [0.0; 3]);
}

/// The obvious softmax of one row.
fn slow_softmax(z: &[f64]) -> Vec<f64> {
    let max = z.iter().copied().fold(-INF, f64::max);
    let e: Vec<f64> = z.iter().map(|x| (x - max).exp()).collect();
    let sum: f64 = e.iter().sum();
    e.iter().map(|x| x / sum).collect()
}

#[track_caller]
fn close<T: Scalar>(actual: T, expected: f64, units: f64) {
    let (actual, eps) = (actual.to_f64(), T::EPSILON.to_f64());
    // Probabilities below the normal numbers are answered by 0.
    let tolerance = units * eps * expected.abs() + T::MIN_POSITIVE.to_f64() * 4.0;
    assert!((actual - expected).abs() <= tolerance, "{actual:e} instead of {expected:e}");
}

fn rows<T: Scalar>() {
    for m in [1, 2, 3, 10, 15, 16, 17, 100, 1000] {
        for scale in [1.0, 30.0, 1000.0] {
            let z: Vec<T> =
                random(m, m as u64, -scale, scale).iter().map(|&x| T::from_f64(x)).collect();
            let wide: Vec<f64> = z.iter().map(|x| x.to_f64()).collect();
            let expected = slow_softmax(&wide);
            let max = wide.iter().copied().fold(-INF, f64::max);
            let lse_gap = wide.iter().map(|x| (x - max).exp()).sum::<f64>().ln();
            let lse = max + lse_gap;

            let mut p = z.clone();
            softmax(&mut p);
            let mut ln_p = z.clone();
            log_softmax(&mut ln_p);
            for i in 0..m {
                // The rounding of z − max, up to ½ ulp of `scale`, is a
                // relative error of the exponential.
                close(p[i], expected[i], 8.0 + 2.0 * (max - wide[i]));
                assert!(
                    (ln_p[i].to_f64() - ((wide[i] - max) - lse_gap)).abs()
                        <= 4.0 * T::EPSILON.to_f64() * (1.0 + (max - wide[i]) + lse_gap)
                );
            }
            assert!(
                (logsumexp(&z).to_f64() - lse).abs()
                    <= 4.0 * T::EPSILON.to_f64() * (1.0 + lse.abs())
            );
        }
    }
}

#[test]
fn rows_agree_with_the_obvious_sums() {
    rows::<f32>();
    rows::<f64>();
}

fn class_major<T: Scalar>() {
    for (m, n) in [(1, 1), (2, 15), (10, 16), (10, 37), (3, 100), (40, 20)] {
        let mut z: Vec<T> =
            random(m * n, 11, -20.0, 20.0).iter().map(|&x| T::from_f64(x)).collect();
        // A sample without a finite score, and one with a certain class.
        if n > 2 {
            for k in 0..m {
                z[k * n + 1] = -T::INFINITY;
            }
            z[2] = T::INFINITY;
        }
        let mut p = z.clone();
        softmax_class_major(&mut p, n);
        let mut lse = vec![T::ZERO; n];
        logsumexp_class_major(&z, &mut lse);
        for i in 0..n {
            let mut row: Vec<T> = (0..m).map(|k| z[k * n + i]).collect();
            let expected = logsumexp(&row).to_f64();
            if expected.is_finite() {
                // Both err by a few ulps of the sum and of the result.
                assert!(
                    (lse[i].to_f64() - expected).abs()
                        <= 8.0 * T::EPSILON.to_f64() * (1.0 + expected.abs())
                );
            } else {
                assert_eq!(lse[i].to_f64(), expected);
            }
            softmax(&mut row);
            for k in 0..m {
                close(p[k * n + i], row[k].to_f64(), 2.0 * m as f64 + 4.0);
            }
        }
    }
}

#[test]
fn class_major_agrees_with_rows() {
    class_major::<f32>();
    class_major::<f64>();
    softmax_class_major::<f64>(&mut [], 0);
}

#[test]
#[should_panic(expected = "5 scores are not whole classes of 2 samples")]
fn class_major_wants_whole_classes() {
    softmax_class_major(&mut [0.0; 5], 2);
}

#[test]
fn rows_without_a_finite_score() {
    let mut z = [-INF; 4];
    softmax(&mut z);
    assert_eq!(z, [0.25; 4]);
    let mut z = [1.0, INF, -INF, INF];
    assert_eq!(logsumexp(&z), INF);
    softmax(&mut z);
    assert_eq!(z, [0.0, 0.5, 0.0, 0.5]);
    let mut z = [0.0, -INF];
    log_softmax(&mut z);
    assert_eq!(z, [0.0, -INF]);
    let mut z = vec![0.0; 40];
    z[20] = f64::NAN;
    assert!(logsumexp(&z).is_nan());
    softmax(&mut z);
    assert!(z.iter().all(|x| x.is_nan()));
    assert_eq!(logsumexp::<f32>(&[]), f32::NEG_INFINITY);
}

/// Σ xᵢ yᵢ of whole numbers is exact in any order.
#[test]
fn products_of_whole_numbers_are_exact() {
    for n in [0, 1, 15, 16, 17, 100, 1001] {
        let x: Vec<f64> = random(n, 5, -99.0, 99.0).iter().map(|x| x.round()).collect();
        let w: Vec<f64> = random(n, 6, -99.0, 99.0).iter().map(|x| x.round()).collect();
        let exact = x.iter().zip(&w).map(|(x, w)| (x * w) as i64).sum::<i64>() as f64;
        let total = x.iter().map(|&x| x as i64).sum::<i64>() as f64;
        assert_eq!((dot(&x, &w), dot_twofold(&x, &w)), (exact, exact));
        assert_eq!((sum(&x), sum_twofold(&x)), (total, total));
        let mut g = w.clone();
        assert_eq!(dot_axpy(&x, &w, |y| y - exact + 2.0, &mut g), exact);
        let mut h = w.clone();
        axpy(2.0, &x, &mut h);
        assert!(g.iter().zip(&x).zip(&w).all(|((g, x), w)| *g == w + 2.0 * x));
        assert_eq!(g, h);
    }
}

/// A dot product of condition 1e20, whose exact value is 1.
#[test]
fn twofold_dot_survives_cancellation() {
    let mut x = random(999, 8, -1e10, 1e10);
    let mut y = random(999, 9, -1e10, 1e10);
    let (back_x, back_y): (Vec<f64>, Vec<f64>) = (x.clone(), y.iter().map(|y| -y).collect());
    x.push(1.0);
    y.push(1.0);
    x.extend(back_x);
    y.extend(back_y);
    // n ε² Σ|x y| = 2000 · 5e-32 · 5e22
    assert!((dot_twofold(&x, &y) - 1.0).abs() <= 5e-6);
    assert!((dot(&x, &y) - 1.0).abs() > 1.0, "the plain sum should have lost everything");
}

/// NIST's univariate sets NumAcc1 to NumAcc4 (public domain), given by
/// formulas; certified mean and standard deviation.
#[test]
fn nist_num_acc() {
    let alternating = |first: f64, a: f64, b: f64| {
        let mut x = vec![first];
        for _ in 0..500 {
            x.extend([a, b]);
        }
        x
    };
    for (x, mean, sd, digits) in [
        (vec![10_000_001.0, 10_000_003.0, 10_000_002.0], 10_000_002.0, 1.0, 15.0),
        (alternating(1.2, 1.1, 1.3), 1.2, 0.1, 14.0),
        // The decimals are rounded to binary64 first: 1e-16 · 1e6 / 0.1 leaves
        // nine digits of the spread, 1e7 eight.
        (alternating(1_000_000.2, 1_000_000.1, 1_000_000.3), 1_000_000.2, 0.1, 9.0),
        (alternating(10_000_000.2, 10_000_000.1, 10_000_000.3), 10_000_000.2, 0.1, 8.0),
    ] {
        let (m, v) = mean_variance(&x, 1).unwrap();
        assert!((m / mean - 1.0).abs() <= 2.0 * f64::EPSILON, "mean {m} of {mean}");
        let lre = -(v.sqrt() / sd - 1.0).abs().max(1e-16).log10();
        assert!(lre >= digits, "standard deviation to {lre} digits");
    }
    assert_eq!(mean_variance::<f64>(&[], 0), None);
    assert_eq!(mean_variance(&[3.0_f32], 0), Some((3.0, 0.0)));
}

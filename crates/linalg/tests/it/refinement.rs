//! Random problems of known condition: the answer is the exact one, rounded.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wonderland_linalg::{LeastSquares, Tensor, column};

use crate::exact;

/// Orthonormal columns, by Gram–Schmidt done twice.
fn orthonormal(rng: &mut ChaCha8Rng, n: usize, p: usize) -> Vec<Vec<f64>> {
    let mut Q: Vec<Vec<f64>> = Vec::new();
    for _ in 0..p {
        let mut q: Vec<f64> = (0..n).map(|_| rng.random_range(-1.0..1.0)).collect();
        for _ in 0..2 {
            for other in &Q {
                let s: f64 = q.iter().zip(other).map(|(a, b)| a * b).sum();
                q.iter_mut().zip(other).for_each(|(q, o)| *q -= s * o);
            }
            let length = q.iter().map(|x| x * x).sum::<f64>().sqrt();
            q.iter_mut().for_each(|x| *x /= length);
        }
        Q.push(q);
    }
    Q
}

/// A ~ (n, p), singular values from 1 down to 1/κ in equal ratios.
pub(crate) fn with_condition(rng: &mut ChaCha8Rng, n: usize, p: usize, kappa: f64) -> Tensor {
    let (U, V) = (orthonormal(rng, n, p), orthonormal(rng, p, p));
    Tensor::from_fn(n, p, |i, j| {
        (0..p).map(|k| U[k][i] * V[k][j] * kappa.powf(-(k as f64) / (p - 1) as f64)).sum()
    })
}

#[track_caller]
fn check(seed: u64, n: usize, p: usize, kappa: f64, grading: f64, noise: f64, weighted: bool) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut X = with_condition(&mut rng, n, p, kappa);
    for j in 0..p {
        let scale = 10.0_f64.powf(rng.random_range(-grading..=grading));
        for i in 0..n {
            X[[i, j]] *= scale;
        }
    }
    let y: Vec<f64> = (0..n)
        .map(|i| X.row(i).iter().sum::<f64>() + noise * rng.random_range(-1.0..1.0))
        .collect();
    let w: Vec<f64> = (0..n).map(|_| rng.random_range(0.1..10.0)).collect();
    let columns: Vec<Vec<f64>> = (0..p).map(|j| (0..n).map(|i| X[[i, j]]).collect()).collect();
    let fit = if weighted {
        LeastSquares::default().solve_weighted(X.as_mat(), column(&y), &w).unwrap()
    } else {
        LeastSquares::default().solve(X.as_mat(), column(&y)).unwrap()
    };
    let what =
        format!("seed {seed}, ({n}, {p}), κ = {kappa:.0e}, grading {grading}, noise {noise}");
    assert_eq!(fit.rank, p, "{what}");
    let exact = exact::least_squares(&columns, &y, weighted.then_some(&w[..]));
    let length = |errors: Vec<f64>| errors.iter().map(|e| e * e).sum::<f64>().sqrt();
    let ours = length(
        exact.iter().enumerate().map(|(j, x)| x.absolute_error(fit.coefficients[[j, 0]])).collect(),
    );
    let rounded = length(exact.iter().map(|x| x.absolute_error(x.to_f64())).collect());
    assert!(ours <= 4.0 * rounded, "{what}: {ours:.1e} against {rounded:.1e}");
    if grading == 0.0 && !weighted {
        let ratio = fit.condition / kappa;
        assert!((0.1..10.0).contains(&ratio), "{what}: condition {:.1e}", fit.condition);
    }
}

#[test]
fn random_problems_are_solved_to_the_last_digit() {
    let mut seed = 0;
    for kappa in [1e2, 1e4, 1e6, 1e8, 1e10, 1e12, 1e13, 1e14] {
        for (n, p) in [(12, 4), (40, 8), (90, 20)] {
            for (grading, noise, weighted) in [
                (0.0, 0.0, false),
                (0.0, 1.0, false),
                (0.0, 100.0, false),
                (6.0, 0.1, false),
                (0.0, 0.1, true),
            ] {
                seed += 1;
                check(seed, n, p, kappa, grading, noise, weighted);
            }
        }
    }
}

//! Least squares on several threads: the same bits, and no memory that grows
//! with the data.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wonderland_linalg::{LeastSquares, RidgePath, Route, Tensor, Threads};

/// Three leaves of rows, the last one short, and a multiple of no block.
const ROWS: usize = 2 * 8192 + 1237;

fn problem(p: usize, kappa: f64) -> (Tensor, Tensor, Vec<f64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(p as u64);
    let mut X = Tensor::from_fn(ROWS, p, |_, _| rng.random_range(-1.0..1.0));
    for i in 0..ROWS {
        X[[i, p - 1]] = X[[i, 0]] + X[[i, p - 1]] / kappa;
    }
    let Y = Tensor::from_fn(ROWS, 2, |_, _| rng.random_range(-1.0..1.0));
    let w = (0..ROWS).map(|_| rng.random_range(0.0..2.0)).collect();
    (X, Y, w)
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for (p, kappa, route) in [
        (5, 1.0, Route::Gram),
        (5, 1e5, Route::Qr),
        // Beyond what anchored sums serve.
        (3, 1e9, Route::Qr),
        (3, f64::INFINITY, Route::MinNorm),
        (200, 1.0, Route::Gram),
    ] {
        let (X, Y, w) = problem(p, kappa);
        let settings = LeastSquares { intercept: true, ..Default::default() };
        let fit = |count: usize, weights: Option<&[f64]>| {
            let threads = Threads::new(count).unwrap();
            threads.run(|team| settings.solve_by(team, X.as_mat(), Y.as_mat(), weights)).unwrap()
        };
        for weights in [None, Some(&w[..])] {
            let alone = fit(1, weights);
            assert_eq!(alone.route, route, "{p} columns, κ = {kappa:e}");
            for count in [2, 3, 8] {
                assert_eq!(fit(count, weights), alone, "{p} columns, {count} threads");
            }
        }
    }
}

#[test]
fn ridge_paths_have_the_same_bits_on_any_number_of_threads() {
    let (X, Y, w) = problem(5, 10.0);
    let path = |count: usize| {
        let threads = Threads::new(count).unwrap();
        let path = |team| RidgePath::new_by(team, X.as_mat(), Y.as_mat(), Some(&w), true);
        threads.run(path).unwrap().solve(0.3).unwrap()
    };
    let alone = path(1);
    for count in [2, 3, 8] {
        assert_eq!(path(count), alone, "{count} threads");
    }
}

/// Blocks, sums and factors are all there is: nothing is as tall as the data,
/// so a fresh solve costs no page faults beyond a fixed few.
#[test]
fn no_memory_grows_with_the_rows() {
    let (p, settings) = (20, LeastSquares::default());
    let X = Tensor::from_fn(64 * 8192, p, |i, j| ((i * (j + 7)) % 101) as f64 - 50.0);
    let y = Tensor::from_fn(64 * 8192, 1, |i, _| (i % 17) as f64);
    let peak = |n: usize, route: Route| {
        let (X, y) = (X.as_mat().subrows(0, n), y.as_mat().subrows(0, n));
        let solve = || LeastSquares { route, ..settings }.solve(X, y).unwrap();
        solve();
        allocation_counter::measure(|| assert_eq!(solve().rank, p)).bytes_max
    };
    for route in [Route::Gram, Route::Qr] {
        let (few, many) = (peak(8192, route), peak(64 * 8192, route));
        // The tree of sums keeps one triangle per level: six for 64 leaves.
        assert!(many <= few + 6 * 16 * (p as u64 + 4).pow(2), "{route:?}: {few} to {many} bytes");
        assert!(many < 512 << 10, "{route:?}: {many} bytes");
    }
}

//! A solver that keeps its memory: nothing allocated, nothing remembered.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wonderland_linalg::{
    Error, LeastSquares, LeastSquaresSolver, MatRef, Route, Scalar, Team, Tensor, Threads,
};

use crate::refinement::with_condition;

/// More rows than one leaf of the sweeps.
const ROWS: usize = 8192 + 500;

fn problem<T: Scalar>(n: usize, c: usize, kappa: f64) -> (Tensor<T>, Tensor<T>, Vec<T>) {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let X = with_condition(&mut rng, n, c, kappa);
    let X = Tensor::from_fn(n, c, |i, j| T::from_f64(X[[i, j]]));
    let Y = Tensor::from_fn(n, 2, |_, _| T::from_f64(rng.random_range(-1.0..1.0)));
    let w = (0..n).map(|_| T::from_f64(rng.random_range(0.0..2.0))).collect();
    (X, Y, w)
}

/// Allocations of a solve after three others, whose buffers it finds.
#[track_caller]
fn allocations<T: Scalar>(
    settings: LeastSquares,
    X: MatRef<'_, T>,
    Y: MatRef<'_, T>,
    weights: Option<&[T]>,
    route: Route,
) -> u64 {
    let mut solver = LeastSquaresSolver::new(settings);
    for _ in 0..3 {
        let fit = solver.solve(Team::alone(), X, Y, weights).unwrap();
        assert_eq!(*fit, settings.solve_by(Team::alone(), X, Y, weights).unwrap());
        assert_eq!(fit.route, route);
    }
    let counted = allocation_counter::measure(|| {
        solver.solve(Team::alone(), X, Y, weights).unwrap();
    });
    counted.count_total
}

#[test]
fn further_solves_allocate_nothing() {
    let routes = [(10.0, Route::Gram), (1e5, Route::Qr), (1e8, Route::Qr)];
    for (kappa, route) in routes {
        let (X, Y, w) = problem::<f64>(ROWS, 6, kappa);
        let turned = X.transpose();
        for X in [X.as_mat(), turned.as_mat().transpose()] {
            for weights in [None, Some(&w[..])] {
                for l2 in [0.0, 1e-14] {
                    let settings = LeastSquares { intercept: true, l2, ..Default::default() };
                    let count = allocations(settings, X, Y.as_mat(), weights, route);
                    assert_eq!(count, 0, "κ = {kappa:e}, λ = {l2}");
                }
            }
        }
        let (X, Y, w) = problem::<f32>(ROWS, 6, kappa.min(1e5));
        let settings = LeastSquares { route, ..Default::default() };
        let count = allocations(settings, X.as_mat(), Y.as_mat(), Some(&w), route);
        assert_eq!(count, 0, "{route:?} in f32");
    }
}

/// Other shapes, other routes and errors in between leave no trace.
#[test]
fn a_solver_remembers_nothing() {
    let settings = LeastSquares { intercept: true, ..Default::default() };
    let mut solver = LeastSquaresSolver::new(settings);
    let threads = Threads::new(2).unwrap();
    for _ in 0..2 {
        for (n, c, kappa) in [(ROWS, 3, 10.0), (50, 8, 1e5), (300, 3, f64::INFINITY), (5, 3, 1.0)] {
            let (mut X, Y, w) = problem::<f64>(n, c, kappa);
            for weights in [None, Some(&w[..])] {
                let expected = settings.solve_by(Team::alone(), X.as_mat(), Y.as_mat(), weights);
                let solve = |team| solver.solve(team, X.as_mat(), Y.as_mat(), weights).cloned();
                assert_eq!(threads.run(solve), expected);
            }
            X.as_mut_slice()[n * c - 1] = f64::NAN;
            let bad = solver.solve(Team::alone(), X.as_mat(), Y.as_mat(), None);
            assert!(matches!(bad, Err(Error::NonFinite { .. })));
        }
    }
}

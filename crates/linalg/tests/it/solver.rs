//! A solver that keeps its memory: nothing allocated, nothing remembered.

use std::sync::atomic::{AtomicBool, Ordering};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wonderland_linalg::{
    Error, LeastSquares, LeastSquaresSolver, MatRef, RidgePath, Route, Scalar, Team, Tensor,
    Threads,
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

/// Columns that others make up, fewer rows than columns, and so many columns that
/// they are multiplied in other ways.
#[test]
fn neither_do_the_shortest_and_the_wide() {
    let minimum = LeastSquares { intercept: true, ..Default::default() };
    for (n, c, settings, route) in [
        (ROWS, 6, LeastSquares { rank_tol: Some(1e-3), ..minimum }, Route::MinNorm),
        (20, 30, minimum, Route::MinNorm),
        (3000, 200, minimum, Route::Gram),
        (600, 200, LeastSquares { route: Route::Qr, ..minimum }, Route::Qr),
    ] {
        let kappa = if settings.rank_tol.is_some() { 1e8 } else { 10.0 };
        let (X, Y, w) = problem::<f64>(n, c, kappa);
        for weights in [None, Some(&w[..])] {
            let count = allocations(settings, X.as_mat(), Y.as_mat(), weights, route);
            assert_eq!(count, 0, "{n} rows, {c} columns");
        }
    }
}

/// Whichever thread takes which rows, and however many sums wait for each other.
#[test]
fn nor_do_two_threads() {
    let threads = Threads::new(2).unwrap();
    for (n, c, kappa, rank_tol) in [
        (4 * ROWS, 6, 10.0, None),
        (4 * ROWS, 6, 1e5, None),
        (2 * ROWS, 40, 10.0, None),
        (2 * ROWS, 6, 1e8, Some(1e-3)),
    ] {
        let (X, Y, w) = problem::<f64>(n, c, kappa);
        let settings = LeastSquares { intercept: true, rank_tol, ..Default::default() };
        let mut solver = LeastSquaresSolver::new(settings);
        let mut solve = |team, weights| {
            solver.solve(team, X.as_mat(), Y.as_mat(), weights).unwrap();
        };
        for weights in [None, Some(&w[..])] {
            threads.run(|team| solve(team, weights));
            let (ours, theirs) = threads
                .run(|team| counted_by_both(team, || (0..10).for_each(|_| solve(team, weights))));
            assert_eq!((ours, theirs), (0, 0), "{n} rows, {c} columns, κ = {kappa:e}");
        }
    }
}

/// Allocations of this thread during `work`, and of the other one, which helps.
fn counted_by_both(team: Team, work: impl FnOnce() + Send) -> (u64, u64) {
    let over = AtomicBool::new(false);
    let help = || {
        while !over.load(Ordering::Acquire) {
            rayon::yield_now();
        }
    };
    let watched = || {
        let counted = allocation_counter::measure(work).count_total;
        over.store(true, Ordering::Release);
        counted
    };
    team.join(watched, || allocation_counter::measure(help).count_total)
}

#[test]
fn rows_left_out_and_ridge_paths_allocate_nothing_either() {
    for (n, c) in [(500, 6), (20, 30)] {
        let (X, Y, w) = problem::<f64>(n, c, 10.0);
        let (X, Y, w) = (X.as_mat(), Y.as_mat(), Some(&w[..]));
        let team = Team::alone();
        let settings = LeastSquares { intercept: true, l2: 0.1, ..Default::default() };
        let mut solver = LeastSquaresSolver::new(settings);
        let expected = solver.solve(team, X, Y, w).unwrap().leave_one_out(X, Y, w).unwrap();
        assert_eq!(solver.leave_one_out(X, Y, w).unwrap(), &expected);
        let counted = allocation_counter::measure(|| {
            solver.leave_one_out(X, Y, w).unwrap();
        });
        assert_eq!(counted.count_total, 0, "of the solver, {n} rows");

        let mut path = RidgePath::new_by(team, X, Y, w, true).unwrap();
        let mut solution = path.solve(0.1).unwrap();
        let (first, mut left_out) = (solution.clone(), Tensor::zeros(&[0, 0]));
        for measured in [false, true] {
            let counted = allocation_counter::measure(|| {
                path.renew(team, X, Y, w, true).unwrap();
                path.solve_into(&mut solution, 0.1).unwrap();
                path.leave_one_out_into(&mut left_out, 0.1, X, Y, w).unwrap();
                path.gcv(0.1, 0).unwrap();
            });
            assert!(!measured || counted.count_total == 0, "of the path, {n} rows: {counted:?}");
            assert_eq!(
                (&solution, &left_out),
                (&first, &path.leave_one_out(0.1, X, Y, w).unwrap())
            );
        }
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

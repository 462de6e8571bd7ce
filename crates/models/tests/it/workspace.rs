//! Fits in memory that is kept: the same bits, and nothing large allocated.

use wonderland_linalg::{Team, Tensor, Threads};
use wonderland_models::{
    Lambda, LeastSquaresClassifier, LinearRegression, LogisticRegression, LogisticSolver, Ridge,
    Workspace,
};

fn problem(n: usize, c: usize) -> (Tensor, Vec<f64>, Vec<f64>) {
    let X = Tensor::from_fn(n, c, |i, j| ((i * (13 + 4 * j) + j) as f64 * 0.3).sin());
    let y = (0..n).map(|i| X.row(i).iter().sum::<f64>() + (i as f64 * 0.77).cos()).collect();
    let weights = (0..n).map(|i| 1.0 + (i % 3) as f64).collect();
    (X, y, weights)
}

/// Allocations and their bytes in a fit after two others.
fn further(mut fit: impl FnMut()) -> (u64, u64) {
    (0..2).for_each(|_| fit());
    let counted = allocation_counter::measure(fit);
    (counted.count_total, counted.bytes_total)
}

/// Those of a copy.
fn copied<F: Clone>(fit: &F) -> u64 {
    allocation_counter::measure(|| drop(fit.clone())).count_total
}

#[test]
fn a_further_fit_allocates_what_it_returns() {
    let team = Team::alone();
    let (X, y, weights) = problem(3000, 5);
    let codes = classes(&X, 3);
    let (X, mut workspace) = (X.as_mat(), Workspace::default());
    for weights in [None, Some(&weights[..])] {
        let linear = LinearRegression::default();
        let mut fit = || linear.fit_with(&mut workspace, team, X, &y, weights).unwrap();
        let returned = copied(&fit());
        assert_eq!(further(|| drop(fit())).0, returned, "linear");
        let ridge = Ridge { lambda: Lambda::Given(1.0), ..Ridge::default() };
        let mut fit = || ridge.fit_with(&mut workspace, team, X, &y, weights).unwrap();
        let returned = copied(&fit());
        assert_eq!(further(|| drop(fit())).0, returned, "ridge");
        let classifier = LeastSquaresClassifier::default();
        let mut fit = || classifier.fit_with(&mut workspace, team, X, &codes, weights).unwrap();
        let returned = copied(&fit());
        assert_eq!(further(|| drop(fit())).0, returned, "least-squares classifier");
    }
}

/// The path of λ and their errors, a few hundred bytes each, are all that choosing
/// takes.
#[test]
fn choosing_a_penalty_allocates_nothing_that_grows_with_the_rows() {
    let folds = Lambda::Folds { folds: 4, seed: 3 };
    // Wide folds have factors of another shape than all rows.
    for (lambda, wide) in
        [(Lambda::LeaveOneOut, (10, 20)), (Lambda::Gcv, (10, 20)), (folds, (30, 20))]
    {
        let ridge = Ridge { lambda, ..Ridge::default() };
        let bytes = [(300, 5), (3000, 5), wide].map(|(n, c)| {
            let (X, y, weights) = problem(n, c);
            let mut workspace = Workspace::default();
            let (X, y, weights) = (X.as_mat(), &y[..], Some(&weights[..]));
            let fit = || drop(ridge.fit_with(&mut workspace, Team::alone(), X, y, weights));
            further(fit).1
        });
        assert_eq!(bytes[0], bytes[1]);
        assert!(bytes.iter().all(|bytes| *bytes < 8192), "{bytes:?}");
    }
}

/// Classes that columns tell apart for the most part.
fn classes(X: &Tensor, m: usize) -> Vec<usize> {
    let part = |i: usize| (X.row(i).iter().sum::<f64>() + (i as f64 * 0.9).sin()).abs();
    (0..X.nrows()).map(|i| (part(i) as usize).min(m - 1)).collect()
}

/// Both solvers, two classes and more, weighted or not, rows in one piece or not; few
/// rows, of numbers whose squares vanish; enough for the curvature of a sample; enough
/// to fit the sample; and no penalty, where the way of the fit is kept.
#[test]
fn a_further_logistic_fit_allocates_what_it_returns() {
    let cases =
        [(300, 1e-200, None), (5000, 1.0, None), (17_000, 1.0, None), (300, 1.0, Some(0.0))];
    for ((n, scale, l2), m) in cases.into_iter().flat_map(|case| [(case, 2), (case, 3)]) {
        let (X, _, weights) = problem(n, 4);
        let y = classes(&X, m);
        let X = X.map(|x| scale * x);
        let by_columns = X.transpose();
        let layouts = [X.as_mat(), by_columns.as_mat().transpose()];
        for solver in [LogisticSolver::Newton, LogisticSolver::Lbfgs] {
            let settings = LogisticRegression { solver, l2, tolerance: 1e-3, ..Default::default() };
            for (X, weights) in layouts.into_iter().zip([None, Some(&weights[..])]) {
                let mut workspace = Workspace::default();
                let mut fit = || {
                    let team = Team::alone();
                    settings.fit_with(&mut workspace, team, X, &y, weights, &mut ()).unwrap()
                };
                let returned = copied(&fit());
                let counted = further(|| drop(fit())).0;
                assert_eq!(counted, returned, "{solver:?}, {m} classes, {n} rows, l2 {l2:?}");
            }
        }
    }
}

#[test]
fn a_workspace_remembers_nothing() {
    let threads = Threads::new(2).unwrap();
    let mut workspace = Workspace::default();
    for (n, c) in [(200, 4), (12, 20), (9000, 3), (200, 4)] {
        let (X, y, weights) = problem(n, c);
        let X = X.as_mat();
        for weights in [None, Some(&weights[..])] {
            let linear = LinearRegression::default();
            let expected = linear.fit_by(Team::alone(), X, &y, weights).unwrap();
            let fit = threads.run(|t| linear.fit_with(&mut workspace, t, X, &y, weights));
            assert_eq!(fit.unwrap(), expected);
            let folds = Lambda::Folds { folds: 3, seed: 1 };
            for lambda in [Lambda::LeaveOneOut, Lambda::Gcv, folds, Lambda::Given(0.3)] {
                let ridge = Ridge { lambda, ..Ridge::default() };
                let expected = ridge.fit_by(Team::alone(), X, &y, weights).unwrap();
                let fit = threads.run(|t| ridge.fit_with(&mut workspace, t, X, &y, weights));
                assert_eq!(fit.unwrap(), expected);
            }
        }
        let (classifier, codes) = (LeastSquaresClassifier::default(), classes(&problem(n, c).0, 3));
        let expected = classifier.fit_by(Team::alone(), X, &codes, None);
        let fit = threads.run(|t| classifier.fit_with(&mut workspace, t, X, &codes, None));
        assert_eq!(fit, expected);
        for (m, solver) in [(2, LogisticSolver::Lbfgs), (3, LogisticSolver::Auto)] {
            let (settings, y) =
                (LogisticRegression { solver, ..Default::default() }, classes(&problem(n, c).0, m));
            let expected = settings.fit(X, &y);
            let fit = threads.run(|t| settings.fit_with(&mut workspace, t, X, &y, None, &mut ()));
            assert_eq!(fit, expected);
        }
        // An error in between leaves no trace.
        let bad = Tensor::full(&[n, c], f64::NAN);
        let linear = LinearRegression::default();
        let bad = linear.fit_with(&mut workspace, Team::alone(), bad.as_mat(), &y, None);
        assert!(bad.is_err());
    }
}

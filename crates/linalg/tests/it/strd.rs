//! NIST Statistical Reference Datasets, linear: digits of the worst coefficient.

use serde_json::Value;
use wonderland_linalg::{Error, LeastSquares, LeastSquaresSolution, Tensor, fit_polynomial};

use crate::exact;

const SETS: [&str; 11] = [
    "Norris", "Pontius", "NoInt1", "NoInt2", "Filip", "Longley", "Wampler1", "Wampler2",
    "Wampler3", "Wampler4", "Wampler5",
];

struct Problem {
    X: Tensor,
    y: Tensor,
    intercept: bool,
    certified: Value,
}

fn load(name: &str) -> Problem {
    let folder = format!("{}/testdata/strd/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(format!("{folder}.csv")).unwrap();
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect())
        .collect();
    let json: Value =
        serde_json::from_str(&std::fs::read_to_string(format!("{folder}.json")).unwrap()).unwrap();
    let degree = json["polynomial_degree"].as_u64().unwrap_or(1) as usize;
    let c = rows[0].len() - 1;
    let X = Tensor::from_fn(rows.len(), c * degree, |i, j| {
        let x = rows[i][j % c];
        (0..j / c).fold(x, |power, _| power * x)
    });
    Problem {
        X,
        y: Tensor::from_fn(rows.len(), 1, |i, _| rows[i][c]),
        intercept: json["intercept"].as_bool().unwrap(),
        certified: json,
    }
}

/// Intercept first, when there is one.
fn all_coefficients(fit: &LeastSquaresSolution) -> Vec<f64> {
    let mut all = if fit.has_intercept { fit.intercept.clone() } else { Vec::new() };
    all.extend(fit.coefficients.as_slice());
    all
}

/// −log₁₀ of the relative error, at most 15.
fn digits(value: f64, reference: f64) -> f64 {
    let error = (value - reference).abs() / reference.abs();
    if error == 0.0 { 15.0 } else { (-error.log10()).min(15.0) }
}

fn number(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn every_set_but_filip_has_thirteen_digits() {
    for name in SETS.into_iter().filter(|&name| name != "Filip") {
        let problem = load(name);
        let fit = LeastSquares { intercept: problem.intercept, ..Default::default() }
            .solve(problem.X.as_mat(), problem.y.as_mat())
            .unwrap();
        let exact = problem.certified["exact"]["coefficients"].as_array().unwrap();
        for (j, (value, reference)) in all_coefficients(&fit).iter().zip(exact).enumerate() {
            let digits = digits(*value, number(reference));
            assert!(digits >= 13.0, "{name}: coefficient {j} has {digits:.1} digits");
        }
        let rss = number(&problem.certified["exact"]["rss"]);
        if rss > 0.0 {
            let digits = digits(fit.residual_ss(0), rss);
            assert!(digits >= 12.5, "{name}: the residual has {digits:.1} digits");
        }
        let errors = fit.std_errors(0).unwrap();
        for (value, reference) in
            errors.iter().zip(problem.certified["exact"]["sd"].as_array().unwrap())
        {
            let reference = number(reference);
            let digits = if reference == 0.0 { 15.0 } else { digits(*value, reference) };
            assert!(digits >= 9.0, "{name}: a standard error has {digits:.1} digits");
        }
    }
}

#[test]
fn filip_is_the_exact_solution_of_the_powers_as_rounded() {
    let problem = load("Filip");
    let fit = LeastSquares { intercept: true, ..Default::default() }
        .solve(problem.X.as_mat(), problem.y.as_mat())
        .unwrap();
    assert_eq!(fit.rank, 11);
    let n = problem.X.nrows();
    let mut columns = vec![vec![1.0; n]];
    columns.extend((0..10).map(|j| (0..n).map(|i| problem.X[[i, j]]).collect()));
    let exact = exact::least_squares(&columns, problem.y.as_slice(), None);
    for (value, exact) in all_coefficients(&fit).iter().zip(&exact) {
        let error = exact.relative_error(*value);
        assert!(error <= 1e-13, "{value} is off by {error:.1e}");
    }
    // Against NIST, rounding the powers alone costs half the digits.
    let certified = problem.certified["exact"]["coefficients"].as_array().unwrap();
    let worst = all_coefficients(&fit)
        .iter()
        .zip(certified)
        .map(|(value, reference)| digits(*value, number(reference)))
        .fold(15.0, f64::min);
    assert!((7.0..9.0).contains(&worst), "{worst:.2} digits against NIST");
}

/// Where powers lose half the digits, the orthogonal basis keeps them all.
#[test]
fn polynomial_sets_have_thirteen_digits_in_the_orthogonal_basis() {
    for (name, degree) in
        [("Filip", 10), ("Pontius", 2), ("Wampler1", 5), ("Wampler3", 5), ("Wampler5", 5)]
    {
        let problem = load(name);
        let x: Vec<f64> = (0..problem.X.nrows()).map(|i| problem.X[[i, 0]]).collect();
        let fit = fit_polynomial(&x, problem.y.as_slice(), degree).unwrap();
        let certified = problem.certified["exact"]["coefficients"].as_array().unwrap();
        assert_eq!(fit.coefficients.len(), certified.len());
        for (k, (value, reference)) in fit.coefficients.iter().zip(certified).enumerate() {
            let digits = digits(*value, number(reference));
            assert!(digits >= 13.0, "{name}: coefficient {k} has {digits:.1} digits");
        }
        let rss = number(&problem.certified["exact"]["rss"]);
        assert!((fit.residual_ss - rss).abs() <= 1e-13 * rss + 1e-24, "{name}");
        // p(x) lies within rounding of the exact polynomial where powers cancel.
        let predicted: f64 =
            x.iter().zip(problem.y.as_slice()).map(|(x, y)| (y - fit.predict(*x)).powi(2)).sum();
        assert!((predicted - rss).abs() <= 1e-9 * rss + 1e-12, "{name}: {predicted:e} {rss:e}");
    }
}

#[test]
fn faults_of_a_polynomial() {
    let cases: [(&[f64], &[f64], usize, &str); 5] = [
        (&[1.0], &[1.0, 2.0], 0, "one y per x"),
        (&[], &[], 0, "no rows"),
        (&[1.0, f64::NAN], &[1.0, 2.0], 1, "x holds NaN at row 1"),
        (&[1.0, 1.0, 2.0], &[1.0, 2.0, 3.0], 2, "2 distinct values of x cannot determine 3"),
        (&[0.0, 1e-200, 2e-200], &[0.0, 1.0, 0.0], 2, "exceeds the largest number"),
    ];
    for (x, y, degree, text) in cases {
        let fault: Error = fit_polynomial(x, y, degree).unwrap_err();
        assert!(fault.to_string().contains(text), "{fault}");
    }
}

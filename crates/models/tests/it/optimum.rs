//! Logistic regression against optima found by an independent program
//! (`xtask/refs/models_logistic.py`), on the built-in data, columns standardised.

use wonderland_data::{Target, Values, builtin};
use wonderland_linalg::Tensor;
use wonderland_models::{LogisticRegression, LogisticSolver};

#[derive(serde::Deserialize)]
struct File {
    logistic: Vec<Row>,
}

#[derive(serde::Deserialize)]
struct Row {
    name: String,
    l2: f64,
    n: usize,
    objective: f64,
    right: usize,
}

/// The columns less their means over their standard deviations; a constant
/// column is only centred.
fn standardised(name: &str) -> (Tensor, Vec<usize>) {
    let set = builtin(name).unwrap();
    let table = set.table().unwrap();
    let Target::Labels(labels) = set.target_of(&table).unwrap() else {
        panic!("{name} has classes")
    };
    let columns: Vec<Vec<f64>> = table
        .columns()
        .iter()
        .filter(|column| column.name != set.target)
        .map(|column| {
            let Values::Numbers(x) = &column.values else { panic!("{} is text", column.name) };
            let n = x.len() as f64;
            let mean = x.iter().sum::<f64>() / n;
            let spread = (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
            let unit = if spread > 0.0 { spread } else { 1.0 };
            x.iter().map(|x| (x - mean) / unit).collect()
        })
        .collect();
    (Tensor::from_fn(labels.codes.len(), columns.len(), |i, j| columns[j][i]), labels.codes)
}

/// The gap is at most Σ g²/(2λ), λ the least curvature: with 650 gradients up to
/// 1e-8 and λ no less than l2 that is 6e-11 on digits.
#[test]
fn the_gap_to_the_minimum_is_nothing() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/logistic.json");
    let file: File = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(file.logistic.len(), 8);
    for row in file.logistic {
        let (X, y) = standardised(&row.name);
        assert_eq!(y.len(), row.n);
        for solver in [LogisticSolver::Auto, LogisticSolver::Lbfgs] {
            let settings = LogisticRegression { l2: Some(row.l2), solver, ..Default::default() };
            let fit = settings.fit(X.as_mat(), &y).unwrap();
            assert!(fit.stop.converged(), "{fit}");
            let gap = (fit.objective - row.objective) / row.objective;
            assert!(
                (-1e-13..=1e-10).contains(&gap),
                "{} l2 {} by {solver:?}: {} against {}, {gap:e} apart in {} evaluations",
                row.name,
                row.l2,
                fit.objective,
                row.objective,
                fit.evaluations
            );
            let predicted = fit.predict(X.as_mat()).unwrap();
            let right = predicted.iter().zip(&y).filter(|(a, b)| a == b).count();
            assert_eq!(right, row.right, "{}", row.name);
        }
    }
}

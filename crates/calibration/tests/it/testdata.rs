//! Reading the reference values.

use serde_json::Value;
use wonderland_linalg::Tensor;

pub(crate) fn load(name: &str) -> Value {
    let path = format!("{}/testdata/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub(crate) fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

pub(crate) fn codes(v: &Value) -> Vec<usize> {
    v.as_array().unwrap().iter().map(|x| x.as_u64().unwrap() as usize).collect()
}

pub(crate) fn matrix(v: &Value) -> Tensor {
    let rows: Vec<Vec<f64>> = v.as_array().unwrap().iter().map(numbers).collect();
    Tensor::from_fn(rows.len(), rows[0].len(), |i, j| rows[i][j])
}

/// Fails unless a is b within a tolerance relative to max(|b|, 1).
#[track_caller]
pub(crate) fn close(a: f64, b: &Value, tol: f64) {
    let b = b.as_f64().unwrap();
    assert!((a - b).abs() <= tol * b.abs().max(1.0), "{a} against {b}");
}

//! Checks of sample weights: a weight counts a row so many times.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wonderland_linalg::Tensor;

use super::subject::{Subject, data, same};
use super::{Kit, Named, Tried, Trouble, require};

pub(super) fn checks<S: Subject>() -> Vec<Named<S>> {
    vec![
        ("unit_weights_are_no_weights", unit_weights_are_no_weights),
        ("a_weight_repeats_its_row", a_weight_repeats_its_row),
        ("a_zero_weight_leaves_its_row_out", a_zero_weight_leaves_its_row_out),
        ("what_weighs_nothing_may_be_wild", what_weighs_nothing_may_be_wild),
        ("weights_matter", weights_matter),
        ("too_few_weights_are_an_error", |s, kit| refused(s, kit, &[1.0; 39])),
        ("too_many_weights_are_an_error", |s, kit| refused(s, kit, &[1.0; 41])),
        ("a_negative_weight_is_an_error", |s, kit| refused_at(s, kit, -1.0)),
        ("a_nan_weight_is_an_error", |s, kit| refused_at(s, kit, f64::NAN)),
        ("an_infinite_weight_is_an_error", |s, kit| refused_at(s, kit, f64::INFINITY)),
        ("all_zero_weights_are_an_error", |s, kit| refused(s, kit, &[0.0; 40])),
    ]
}

fn supported(kit: &Kit) -> Tried {
    if kit.weights { Ok(()) } else { Err(Trouble::Skipped("weights are not supported")) }
}

fn unit_weights_are_no_weights<S: Subject>(s: &S, kit: &Kit) -> Tried {
    supported(kit)?;
    let (X, y) = data(s, 40, 3, 11);
    let (a, b) = (s.fit(X.as_mat(), &y, None)?, s.fit(X.as_mat(), &y, Some(&[1.0; 40]))?);
    same(kit, false, &s.outputs(&a, X.as_mat())?, &s.outputs(&b, X.as_mat())?)
}

/// Weights 0, 1, 2, 3 against rows written so many times.
fn repeated<S: Subject>(X: &Tensor, y: &[S::Target]) -> (Vec<f64>, Tensor, Vec<S::Target>) {
    let times: Vec<usize> = (0..y.len()).map(|i| if i < 3 { 1 } else { i % 4 }).collect();
    let rows: Vec<usize> =
        times.iter().enumerate().flat_map(|(i, &k)| std::iter::repeat_n(i, k)).collect();
    let Z = Tensor::from_fn(rows.len(), X.ncols(), |i, j| X[[rows[i], j]]);
    let t = rows.iter().map(|&i| y[i].clone()).collect();
    (times.iter().map(|&k| k as f64).collect(), Z, t)
}

fn a_weight_repeats_its_row<S: Subject>(s: &S, kit: &Kit) -> Tried {
    supported(kit)?;
    let (X, y) = data(s, 40, 3, 12);
    let (weights, Z, t) = repeated::<S>(&X, &y);
    let (a, b) = (s.fit(X.as_mat(), &y, Some(&weights))?, s.fit(Z.as_mat(), &t, None)?);
    same(kit, false, &s.outputs(&a, X.as_mat())?, &s.outputs(&b, X.as_mat())?)
}

fn left_out<S: Subject>(s: &S, kit: &Kit, spoil: fn(f64) -> f64) -> Tried {
    supported(kit)?;
    let (X, y) = data(s, 40, 3, 13);
    let Z = Tensor::from_fn(30, 3, |i, j| X[[i, j]]);
    let weights: Vec<f64> = (0..40).map(|i| if i < 30 { 1.0 } else { 0.0 }).collect();
    let spoilt = Tensor::from_fn(40, 3, |i, j| if i < 30 { X[[i, j]] } else { spoil(X[[i, j]]) });
    let (a, b) = (s.fit(spoilt.as_mat(), &y, Some(&weights))?, s.fit(Z.as_mat(), &y[..30], None)?);
    same(kit, false, &s.outputs(&a, Z.as_mat())?, &s.outputs(&b, Z.as_mat())?)
}

fn a_zero_weight_leaves_its_row_out<S: Subject>(s: &S, kit: &Kit) -> Tried {
    left_out(s, kit, |x| x)
}

fn what_weighs_nothing_may_be_wild<S: Subject>(s: &S, kit: &Kit) -> Tried {
    left_out(s, kit, |x| 1e6 * x)
}

fn weights_matter<S: Subject>(s: &S, kit: &Kit) -> Tried {
    supported(kit)?;
    let (X, y) = data(s, 40, 3, 14);
    let mut rng = ChaCha8Rng::seed_from_u64(14);
    let weights: Vec<f64> = (0..40).map(|_| rng.random_range(0.1..10.0)).collect();
    let (a, b) = (s.fit(X.as_mat(), &y, Some(&weights))?, s.fit(X.as_mat(), &y, None)?);
    let differ = s.outputs(&a, X.as_mat())? != s.outputs(&b, X.as_mat())?;
    require(differ, || "weights from 0.1 to 10 changed nothing".to_owned())
}

fn refused<S: Subject>(s: &S, kit: &Kit, weights: &[f64]) -> Tried {
    supported(kit)?;
    let (X, y) = data(s, 40, 3, 15);
    match s.fit(X.as_mat(), &y, Some(weights)) {
        Err(message) => super::faults::readable(&message),
        Ok(_) => Err(Trouble::Failed("they were accepted".to_owned())),
    }
}

fn refused_at<S: Subject>(s: &S, kit: &Kit, weight: f64) -> Tried {
    let mut weights = [1.0; 40];
    weights[17] = weight;
    refused(s, kit, &weights)
}

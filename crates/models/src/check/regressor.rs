//! Checks of regressors only: their targets are numbers.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::subject::{RegressorSubject, Subject, data, same};
use super::{Kit, Named, Tried, Trouble, require};
use crate::Regressor;

pub(super) fn checks<'a, R>() -> Vec<Named<RegressorSubject<'a, R>>>
where
    R: Regressor + Sync,
    R::Fitted: Serialize + DeserializeOwned,
{
    vec![
        ("a_simple_relation_is_learnt", a_simple_relation_is_learnt),
        ("a_constant_target_is_predicted", a_constant_target_is_predicted),
        ("a_shift_of_the_target_shifts_predictions", shift_of_the_target),
        ("a_scale_of_the_target_scales_predictions", scale_of_the_target),
        ("nan_in_the_target_is_an_error", |s, _| refused(s, f64::NAN)),
        ("infinity_in_the_target_is_an_error", |s, _| refused(s, f64::INFINITY)),
        ("a_huge_target_is_finite_or_an_error", a_huge_target_is_finite_or_an_error),
    ]
}

fn a_simple_relation_is_learnt<S: Subject<Target = f64>>(s: &S, kit: &Kit) -> Tried {
    equivariant(kit)?;
    let (X, y) = data(s, 200, 2, 31);
    let model = s.fit(X.as_mat(), &y, None)?;
    let y_hat = s.outputs(&model, X.as_mat())?;
    let mean = y.iter().sum::<f64>() / 200.0;
    let residual: f64 = y.iter().zip(&y_hat).map(|(y, p)| (y - p).powi(2)).sum();
    let total: f64 = y.iter().map(|y| (y - mean).powi(2)).sum();
    // The noise leaves 1/12 against a variance of about 5/3.
    require(residual < 0.2 * total, || format!("R² is only {}", 1.0 - residual / total))
}

fn a_constant_target_is_predicted<S: Subject<Target = f64>>(s: &S, kit: &Kit) -> Tried {
    equivariant(kit)?;
    let (X, _) = data(s, 40, 3, 32);
    let model = s.fit(X.as_mat(), &[7.5; 40], None)?;
    same(kit, false, &s.outputs(&model, X.as_mat())?, &[7.5; 40])
}

fn equivariant(kit: &Kit) -> Tried {
    if kit.equivariant { Ok(()) } else { Err(Trouble::Skipped("there is no intercept")) }
}

fn mapped<S: Subject<Target = f64>>(s: &S, kit: &Kit, map: fn(f64) -> f64) -> Tried {
    let (X, y) = data(s, 40, 3, 33);
    let moved: Vec<f64> = y.iter().map(|&y| map(y)).collect();
    let (a, b) = (s.fit(X.as_mat(), &y, None)?, s.fit(X.as_mat(), &moved, None)?);
    let expected: Vec<f64> = s.outputs(&a, X.as_mat())?.into_iter().map(map).collect();
    same(kit, false, &s.outputs(&b, X.as_mat())?, &expected)
}

fn shift_of_the_target<S: Subject<Target = f64>>(s: &S, kit: &Kit) -> Tried {
    equivariant(kit)?;
    mapped(s, kit, |y| y + 100.0)
}

fn scale_of_the_target<S: Subject<Target = f64>>(s: &S, kit: &Kit) -> Tried {
    equivariant(kit)?;
    mapped(s, kit, |y| -4.0 * y)
}

fn refused<S: Subject<Target = f64>>(s: &S, value: f64) -> Tried {
    let (X, mut y) = data(s, 30, 3, 34);
    y[11] = value;
    match s.fit(X.as_mat(), &y, None) {
        Err(message) => super::faults::readable(&message),
        Ok(_) => Err(Trouble::Failed("it was accepted".to_owned())),
    }
}

fn a_huge_target_is_finite_or_an_error<S: Subject<Target = f64>>(s: &S, _: &Kit) -> Tried {
    let (X, y) = data(s, 30, 3, 35);
    let huge: Vec<f64> = y.iter().map(|y| 1e300 * y).collect();
    let Ok(model) = s.fit(X.as_mat(), &huge, None) else { return Ok(()) };
    let outputs = s.outputs(&model, X.as_mat())?;
    require(outputs.iter().all(|v| v.is_finite()), || "a prediction is not finite".to_owned())
}

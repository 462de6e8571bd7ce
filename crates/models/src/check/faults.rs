//! Checks that wrong input is an error with a message, never a model.

use wonderland_linalg::Tensor;

use super::subject::{Subject, data};
use super::{Kit, Named, Tried, Trouble, require};

pub(super) fn checks<S: Subject>() -> Vec<Named<S>> {
    vec![
        ("too_few_targets_are_an_error", |s, _| targets_refused(s, 29)),
        ("too_many_targets_are_an_error", |s, _| targets_refused(s, 31)),
        ("no_targets_are_an_error", |s, _| targets_refused(s, 0)),
        ("no_rows_are_an_error", no_rows_are_an_error),
        ("nan_in_training_is_an_error", |s, _| training_refused(s, f64::NAN)),
        ("infinity_in_training_is_an_error", |s, _| training_refused(s, f64::INFINITY)),
        ("minus_infinity_in_training_is_an_error", |s, _| training_refused(s, f64::NEG_INFINITY)),
        ("nan_in_prediction_is_an_error", |s, _| prediction_refused(s, f64::NAN)),
        ("infinity_in_prediction_is_an_error", |s, _| prediction_refused(s, f64::INFINITY)),
        ("too_few_columns_are_an_error", |s, _| columns_refused(s, 2)),
        ("too_many_columns_are_an_error", |s, _| columns_refused(s, 4)),
    ]
}

/// An error passes when it can be read: one line below 4 KiB.
pub(super) fn readable(message: &str) -> Tried {
    let good = !message.trim().is_empty() && message.len() < 4096 && !message.contains('\n');
    require(good, || format!("the message is empty, long or of several lines: {message:?}"))
}

fn refused<T>(result: Result<T, String>) -> Tried {
    match result {
        Err(message) => readable(&message),
        Ok(_) => Err(Trouble::Failed("it was accepted".to_owned())),
    }
}

fn targets_refused<S: Subject>(s: &S, n: usize) -> Tried {
    let (X, _) = data(s, 30, 3, 21);
    let (_, y) = data(s, 40, 3, 21);
    refused(s.fit(X.as_mat(), &y[..n], None))
}

fn no_rows_are_an_error<S: Subject>(s: &S, _: &Kit) -> Tried {
    refused(s.fit(Tensor::zeros(&[0, 3]).as_mat(), &[], None))
}

fn training_refused<S: Subject>(s: &S, value: f64) -> Tried {
    let (mut X, y) = data(s, 30, 3, 22);
    X[[29, 2]] = value;
    refused(s.fit(X.as_mat(), &y, None))
}

fn prediction_refused<S: Subject>(s: &S, value: f64) -> Tried {
    let (mut X, y) = data(s, 30, 3, 23);
    let model = s.fit(X.as_mat(), &y, None)?;
    X[[7, 0]] = value;
    refused(s.outputs(&model, X.as_mat()))
}

fn columns_refused<S: Subject>(s: &S, n_columns: usize) -> Tried {
    let (X, y) = data(s, 30, 3, 24);
    let model = s.fit(X.as_mat(), &y, None)?;
    refused(s.outputs(&model, Tensor::zeros(&[5, n_columns]).as_mat()))
}

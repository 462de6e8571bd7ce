//! Checks of classifiers only: their targets are codes, their outputs
//! probabilities.

use serde::Serialize;
use serde::de::DeserializeOwned;
use wonderland_linalg::Tensor;

use super::subject::{ClassifierSubject, Subject, data, same};
use super::{Kit, Named, Tried, Trouble, require};
use crate::{Classifier, FittedClassifier};

pub(super) fn checks<'a, C>() -> Vec<Named<ClassifierSubject<'a, C>>>
where
    C: Classifier + Sync,
    C::Fitted: Serialize + DeserializeOwned,
{
    vec![
        ("a_simple_relation_is_learnt", a_simple_relation_is_learnt),
        ("probabilities_lie_on_the_simplex", probabilities_lie_on_the_simplex),
        ("the_class_is_the_most_likely_one", the_class_is_the_most_likely_one),
        ("two_classes_give_two_columns", two_classes_give_two_columns),
        ("relabelling_permutes_the_columns", relabelling_permutes_the_columns),
        ("one_class_is_an_error", |s, _| refused(s, |_| 0)),
        ("a_class_without_rows_is_an_error", |s, _| refused(s, |k| if k == 1 { 2 } else { k })),
        ("a_huge_code_is_an_error", |s, _| refused(s, |k| if k == 1 { usize::MAX } else { k })),
        ("a_class_that_weighs_nothing_is_an_error", a_class_that_weighs_nothing),
        ("separable_classes_are_finite_or_an_error", separable_classes),
        ("a_class_of_one_row_is_finite_or_an_error", a_class_of_one_row),
    ]
}

fn a_simple_relation_is_learnt<S: Subject<Target = usize>>(s: &S, _: &Kit) -> Tried {
    let (X, y) = data(s, 200, 2, 41);
    let model = s.fit(X.as_mat(), &y, None)?;
    let proba = s.outputs(&model, X.as_mat())?;
    let right = proba.chunks(3).zip(&y).filter(|(p, k)| p.iter().all(|q| *q <= p[**k])).count();
    // The best rule gets about 170 right, the largest class alone some 90.
    require(right >= 120, || format!("only {right} of 200 rows are right"))
}

fn probabilities_lie_on_the_simplex<S: Subject<Target = usize>>(s: &S, _: &Kit) -> Tried {
    let (X, y) = data(s, 60, 4, 42);
    let model = s.fit(X.as_mat(), &y, None)?;
    // Rows far outside the training data included.
    let far = Tensor::from_fn(60, 4, |i, j| X[[i, j]] * [1.0, 1e3, -1e6][i % 3]);
    let tolerance = wonderland_losses::simplex_tolerance::<f64>(3);
    for row in s.outputs(&model, far.as_mat())?.chunks(3) {
        wonderland_losses::check_simplex(row, tolerance).map_err(|e| e.to_string())?;
    }
    Ok(())
}

fn the_class_is_the_most_likely_one<C>(s: &ClassifierSubject<'_, C>, _: &Kit) -> Tried
where
    C: Classifier + Sync,
    C::Fitted: Serialize + DeserializeOwned,
{
    let (X, y) = data(s, 60, 4, 43);
    let model = Subject::fit(s, X.as_mat(), &y, None)?;
    require(model.n_classes() == 3, || format!("{} classes instead of 3", model.n_classes()))?;
    let proba = model.predict_proba(X.as_mat()).map_err(|e| e.to_string())?;
    require(proba.shape() == [60, 3], || format!("probabilities of shape {:?}", proba.shape()))?;
    let classes = model.predict(X.as_mat()).map_err(|e| e.to_string())?;
    let best = wonderland_losses::argmax_rows(proba.as_mat()).map_err(|e| e.to_string())?;
    require(classes == best, || "predict and the largest probability differ".to_owned())
}

fn two_classes_give_two_columns<S: Subject<Target = usize>>(s: &S, _: &Kit) -> Tried {
    let (X, y) = data(s, 60, 3, 44);
    let two: Vec<usize> = y.iter().map(|&k| k.min(1)).collect();
    let model = s.fit(X.as_mat(), &two, None)?;
    let n = s.outputs(&model, X.as_mat())?.len();
    require(n == 120, || format!("60 rows gave {n} probabilities"))
}

fn relabelling_permutes_the_columns<S: Subject<Target = usize>>(s: &S, kit: &Kit) -> Tried {
    if kit.order_matters {
        return Err(Trouble::Skipped("the training is stochastic"));
    }
    let (X, y) = data(s, 60, 3, 45);
    let renamed: Vec<usize> = y.iter().map(|&k| [2, 0, 1][k]).collect();
    let (a, b) = (s.fit(X.as_mat(), &y, None)?, s.fit(X.as_mat(), &renamed, None)?);
    let expected: Vec<f64> =
        s.outputs(&a, X.as_mat())?.chunks(3).flat_map(|p| [p[1], p[2], p[0]]).collect();
    same(kit, false, &s.outputs(&b, X.as_mat())?, &expected)
}

fn refused<S: Subject<Target = usize>>(s: &S, rename: fn(usize) -> usize) -> Tried {
    let (X, y) = data(s, 30, 3, 46);
    let y: Vec<usize> = y.into_iter().map(rename).collect();
    match s.fit(X.as_mat(), &y, None) {
        Err(message) => super::faults::readable(&message),
        Ok(_) => Err(Trouble::Failed("it was accepted".to_owned())),
    }
}

fn a_class_that_weighs_nothing<S: Subject<Target = usize>>(s: &S, kit: &Kit) -> Tried {
    if !kit.weights {
        return Err(Trouble::Skipped("weights are not supported"));
    }
    let (X, y) = data(s, 30, 3, 47);
    let weights: Vec<f64> = y.iter().map(|&k| if k == 1 { 0.0 } else { 1.0 }).collect();
    match s.fit(X.as_mat(), &y, Some(&weights)) {
        Err(message) => super::faults::readable(&message),
        Ok(_) => Err(Trouble::Failed("it was accepted".to_owned())),
    }
}

fn finite_or_an_error<S: Subject<Target = usize>>(s: &S, X: &Tensor, y: &[usize]) -> Tried {
    let Ok(model) = s.fit(X.as_mat(), y, None) else { return Ok(()) };
    let outputs = s.outputs(&model, X.as_mat())?;
    require(outputs.iter().all(|v| v.is_finite()), || "a probability is not finite".to_owned())
}

fn separable_classes<S: Subject<Target = usize>>(s: &S, _: &Kit) -> Tried {
    let X = Tensor::from_fn(30, 1, |i, _| (i / 10) as f64 * 10.0 + (i % 10) as f64 * 0.1);
    let y: Vec<usize> = (0..30).map(|i| i / 10).collect();
    finite_or_an_error(s, &X, &y)
}

fn a_class_of_one_row<S: Subject<Target = usize>>(s: &S, _: &Kit) -> Tried {
    let (X, _) = data(s, 30, 3, 48);
    let y: Vec<usize> = (0..30).map(|i| usize::from(i == 4)).collect();
    finite_or_an_error(s, &X, &y)
}

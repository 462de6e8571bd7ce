//! Checks of fitting, predicting and saving that hold for every estimator.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wonderland_linalg::{MatRef, Tensor};

use super::subject::{Subject, data, same, targets};
use super::{Kit, Named, Tried, Trouble, require};

pub(super) fn checks<S: Subject>() -> Vec<Named<S>> {
    vec![
        ("ordinary_data_is_fitted", ordinary_data_is_fitted),
        ("outputs_are_finite_and_one_per_row", outputs_are_finite_and_one_per_row),
        ("no_rows_predict_nothing", no_rows_predict_nothing),
        ("refit_gives_the_same_bytes", refit_gives_the_same_bytes),
        ("inputs_are_left_alone", inputs_are_left_alone),
        ("predicting_changes_nothing", predicting_changes_nothing),
        ("a_row_predicts_alone_as_among_others", a_row_predicts_alone_as_among_others),
        ("batches_predict_as_the_whole", batches_predict_as_the_whole),
        ("predictions_follow_the_order_of_rows", predictions_follow_the_order_of_rows),
        ("a_repeated_row_repeats_its_prediction", a_repeated_row_repeats_its_prediction),
        ("the_order_of_training_rows_does_not_matter", order_of_training_rows),
        ("the_order_of_columns_does_not_matter", order_of_columns),
        ("columns_first_train_alike", columns_first_train_alike),
        ("columns_first_predict_alike", columns_first_predict_alike),
        ("gaps_between_rows_and_columns_are_skipped", gaps_are_skipped),
        ("reversed_views_are_read_backwards", reversed_views_are_read_backwards),
        ("one_column_is_enough", one_column_is_enough),
        ("no_columns_are_finite_or_an_error", no_columns_are_finite_or_an_error),
        ("one_row_is_finite_or_an_error", one_row_is_finite_or_an_error),
        ("a_constant_column_does_not_matter", a_constant_column_does_not_matter),
        ("duplicate_columns_are_finite_or_an_error", duplicate_columns),
        ("a_zero_column_does_not_matter", a_zero_column_does_not_matter),
        ("fewer_rows_than_columns_are_finite_or_an_error", fewer_rows_than_columns),
        ("huge_columns_are_finite_or_an_error", huge_columns),
        ("tiny_columns_are_finite_or_an_error", tiny_columns),
        ("subnormal_columns_are_finite_or_an_error", subnormal_columns),
        ("columns_of_wild_scales_are_finite_or_an_error", columns_of_wild_scales),
        ("a_saved_model_predicts_the_same_bits", a_saved_model_predicts_the_same_bits),
        ("saving_twice_gives_the_same_bytes", saving_twice_gives_the_same_bytes),
        ("a_saved_model_holds_finite_numbers", a_saved_model_holds_finite_numbers),
        ("a_cut_file_is_an_error", a_cut_file_is_an_error),
        ("fits_at_the_same_time_give_the_same_bytes", fits_at_the_same_time),
    ]
}

/// Data with the model fitted to it.
type Fit<S> = (Tensor, Vec<<S as Subject>::Target>, <S as Subject>::Fitted);

fn fitted<S: Subject>(s: &S) -> Result<Fit<S>, Trouble> {
    let (X, y) = data(s, 60, 4, 1);
    let model = s.fit(X.as_mat(), &y, None)?;
    Ok((X, y, model))
}

fn ordinary_data_is_fitted<S: Subject>(s: &S, _: &Kit) -> Tried {
    fitted(s).map(|_| ())
}

fn outputs_are_finite_and_one_per_row<S: Subject>(s: &S, _: &Kit) -> Tried {
    let (X, _, model) = fitted(s)?;
    let outputs = s.outputs(&model, X.as_mat())?;
    let few = s.outputs(&model, X.as_mat().subrows(0, 5))?.len() / 5;
    require(!outputs.is_empty() && outputs.len() == few * 60, || {
        format!("60 rows gave {} numbers, 5 rows {} each", outputs.len(), few)
    })?;
    all_finite(&outputs)
}

fn all_finite(outputs: &[f64]) -> Tried {
    match outputs.iter().position(|v| !v.is_finite()) {
        Some(i) => Err(Trouble::Failed(format!("output {i} is {}", outputs[i]))),
        None => Ok(()),
    }
}

fn no_rows_predict_nothing<S: Subject>(s: &S, _: &Kit) -> Tried {
    let (X, _, model) = fitted(s)?;
    let outputs = s.outputs(&model, X.as_mat().subrows(0, 0))?;
    require(outputs.is_empty(), || format!("no rows gave {} outputs", outputs.len()))
}

fn refit_gives_the_same_bytes<S: Subject>(s: &S, _: &Kit) -> Tried {
    let (X, y, model) = fitted(s)?;
    let again = s.fit(X.as_mat(), &y, None)?;
    require(s.save(&model)? == s.save(&again)?, || "two fits differ".to_owned())
}

fn inputs_are_left_alone<S: Subject>(s: &S, _: &Kit) -> Tried {
    let (X, y) = data(s, 60, 4, 1);
    let (X_before, y_before) = (X.clone(), y.clone());
    let model = s.fit(X.as_mat(), &y, None)?;
    s.outputs(&model, X.as_mat())?;
    require(X == X_before && y == y_before, || "an input was changed".to_owned())
}

fn predicting_changes_nothing<S: Subject>(s: &S, _: &Kit) -> Tried {
    let (X, _, model) = fitted(s)?;
    let before = s.save(&model)?;
    let first = s.outputs(&model, X.as_mat())?;
    let second = s.outputs(&model, X.as_mat())?;
    require(before == s.save(&model)?, || "predicting changed the model".to_owned())?;
    require(first == second, || "the second prediction differs from the first".to_owned())
}

fn a_row_predicts_alone_as_among_others<S: Subject>(s: &S, kit: &Kit) -> Tried {
    let (X, _, model) = fitted(s)?;
    let whole = s.outputs(&model, X.as_mat())?;
    let width = whole.len() / 60;
    for i in [0, 31, 59] {
        let alone = s.outputs(&model, X.as_mat().subrows(i, 1))?;
        same(kit, true, &alone, &whole[i * width..(i + 1) * width])?;
    }
    Ok(())
}

fn batches_predict_as_the_whole<S: Subject>(s: &S, kit: &Kit) -> Tried {
    let (X, _, model) = fitted(s)?;
    let mut joined = s.outputs(&model, X.as_mat().subrows(0, 7))?;
    joined.extend(s.outputs(&model, X.as_mat().subrows(7, 53))?);
    same(kit, true, &joined, &s.outputs(&model, X.as_mat())?)
}

/// The rows of X in another order.
fn reordered(X: &Tensor, order: &[usize]) -> Tensor {
    Tensor::from_fn(order.len(), X.ncols(), |i, j| X[[order[i], j]])
}

fn shuffled(n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(5));
    order
}

fn predictions_follow_the_order_of_rows<S: Subject>(s: &S, kit: &Kit) -> Tried {
    let (X, _, model) = fitted(s)?;
    let order = shuffled(60);
    let whole = s.outputs(&model, X.as_mat())?;
    let width = whole.len() / 60;
    let expected: Vec<f64> =
        order.iter().flat_map(|&i| whole[i * width..(i + 1) * width].to_vec()).collect();
    same(kit, true, &s.outputs(&model, reordered(&X, &order).as_mat())?, &expected)
}

fn a_repeated_row_repeats_its_prediction<S: Subject>(s: &S, kit: &Kit) -> Tried {
    let (X, _, model) = fitted(s)?;
    let outputs = s.outputs(&model, reordered(&X, &[3; 300]).as_mat())?;
    let width = outputs.len() / 300;
    outputs.chunks(width).try_for_each(|row| same(kit, true, row, &outputs[..width]))
}

fn order_of_training_rows<S: Subject>(s: &S, kit: &Kit) -> Tried {
    if kit.order_matters {
        return Err(Trouble::Skipped("the training is stochastic"));
    }
    let (X, y, model) = fitted(s)?;
    let order = shuffled(60);
    let y: Vec<S::Target> = order.iter().map(|&i| y[i].clone()).collect();
    let other = s.fit(reordered(&X, &order).as_mat(), &y, None)?;
    same(kit, false, &s.outputs(&model, X.as_mat())?, &s.outputs(&other, X.as_mat())?)
}

fn order_of_columns<S: Subject>(s: &S, kit: &Kit) -> Tried {
    if kit.order_matters {
        return Err(Trouble::Skipped("the training is stochastic"));
    }
    let (X, y, model) = fitted(s)?;
    let moved = Tensor::from_fn(60, 4, |i, j| X[[i, [2, 0, 3, 1][j]]]);
    let other = s.fit(moved.as_mat(), &y, None)?;
    same(kit, false, &s.outputs(&model, X.as_mat())?, &s.outputs(&other, moved.as_mat())?)
}

fn columns_first_train_alike<S: Subject>(s: &S, kit: &Kit) -> Tried {
    let (X, y, model) = fitted(s)?;
    let transposed = X.transpose();
    let other = s.fit(transposed.as_mat().transpose(), &y, None)?;
    same(kit, false, &s.outputs(&model, X.as_mat())?, &s.outputs(&other, X.as_mat())?)
}

fn columns_first_predict_alike<S: Subject>(s: &S, kit: &Kit) -> Tried {
    let (X, _, model) = fitted(s)?;
    let transposed = X.transpose();
    let other = s.outputs(&model, transposed.as_mat().transpose())?;
    same(kit, true, &s.outputs(&model, X.as_mat())?, &other)
}

/// X among rows and columns of NaN that must not be read.
fn gaps_are_skipped<S: Subject>(s: &S, kit: &Kit) -> Tried {
    let (X, y, model) = fitted(s)?;
    let wide = Tensor::from_fn(62, 9, |i, j| {
        if (1..61).contains(&i) && (3..7).contains(&j) { X[[i - 1, j - 3]] } else { f64::NAN }
    });
    let inner: MatRef<'_, f64> = wide.as_mat().submatrix(1, 3, 60, 4);
    let whole = s.outputs(&model, X.as_mat())?;
    same(kit, true, &s.outputs(&model, inner)?, &whole)?;
    let other = s.fit(inner, &y, None)?;
    same(kit, false, &s.outputs(&other, X.as_mat())?, &whole)
}

fn reversed_views_are_read_backwards<S: Subject>(s: &S, kit: &Kit) -> Tried {
    let (X, y, model) = fitted(s)?;
    let backwards: Vec<usize> = (0..60).rev().collect();
    let Z = reordered(&X, &backwards);
    let Z = Z.as_mat().reverse_rows();
    same(kit, true, &s.outputs(&model, Z)?, &s.outputs(&model, X.as_mat())?)?;
    let other = s.fit(Z, &y, None)?;
    same(kit, false, &s.outputs(&other, X.as_mat())?, &s.outputs(&model, X.as_mat())?)
}

fn one_column_is_enough<S: Subject>(s: &S, _: &Kit) -> Tried {
    let (X, y) = data(s, 60, 1, 2);
    let model = s.fit(X.as_mat(), &y, None)?;
    all_finite(&s.outputs(&model, X.as_mat())?)
}

/// Either the fit is refused with a message, or its outputs are finite.
fn finite_or_an_error<S: Subject>(s: &S, X: &Tensor, y: &[S::Target]) -> Tried {
    match s.fit(X.as_mat(), y, None) {
        Err(message) => require(!message.is_empty(), || "the error has no message".to_owned()),
        Ok(model) => {
            a_finite_file(&s.save(&model)?)?;
            match s.outputs(&model, X.as_mat()) {
                Err(message) => {
                    require(!message.is_empty(), || "the error has no message".to_owned())
                }
                Ok(outputs) => all_finite(&outputs),
            }
        }
    }
}

/// Serialised NaN and infinities read `null` in JSON, or do not exist.
fn a_finite_file(text: &str) -> Tried {
    let bad = ["NaN", "nan,", "inf,", "Infinity"].into_iter().find(|bad| text.contains(bad));
    require(bad.is_none(), || format!("the saved model holds {}", bad.unwrap_or_default()))
}

fn no_columns_are_finite_or_an_error<S: Subject>(s: &S, _: &Kit) -> Tried {
    let (_, y) = data(s, 12, 2, 3);
    finite_or_an_error(s, &Tensor::zeros(&[12, 0]), &y)
}

fn one_row_is_finite_or_an_error<S: Subject>(s: &S, _: &Kit) -> Tried {
    let (X, y) = data(s, 1, 2, 3);
    finite_or_an_error(s, &X, &y)
}

fn with_column<S: Subject>(s: &S, kit: &Kit, value: f64) -> Tried {
    let (X, y, model) = fitted(s)?;
    let wider = Tensor::from_fn(60, 5, |i, j| if j < 4 { X[[i, j]] } else { value });
    let other = s.fit(wider.as_mat(), &y, None)?;
    same(kit, false, &s.outputs(&model, X.as_mat())?, &s.outputs(&other, wider.as_mat())?)
}

fn a_constant_column_does_not_matter<S: Subject>(s: &S, kit: &Kit) -> Tried {
    if !kit.equivariant {
        return Err(Trouble::Skipped("without an intercept a constant column is one"));
    }
    with_column(s, kit, 3.5)
}

fn a_zero_column_does_not_matter<S: Subject>(s: &S, kit: &Kit) -> Tried {
    with_column(s, kit, 0.0)
}

fn duplicate_columns<S: Subject>(s: &S, _: &Kit) -> Tried {
    let (X, y) = data(s, 60, 2, 4);
    finite_or_an_error(s, &Tensor::from_fn(60, 4, |i, j| X[[i, j / 2]]), &y)
}

fn fewer_rows_than_columns<S: Subject>(s: &S, _: &Kit) -> Tried {
    let (X, y) = data(s, 6, 20, 6);
    finite_or_an_error(s, &X, &y)
}

fn scaled<S: Subject>(s: &S, scale: [f64; 3]) -> Tried {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let X = Tensor::from_fn(40, 3, |_, _| rng.random_range(-1.0..1.0));
    let y = targets(s, &X, &mut rng);
    finite_or_an_error(s, &Tensor::from_fn(40, 3, |i, j| scale[j] * X[[i, j]]), &y)
}

fn huge_columns<S: Subject>(s: &S, _: &Kit) -> Tried {
    scaled(s, [1e300; 3])
}

fn tiny_columns<S: Subject>(s: &S, _: &Kit) -> Tried {
    scaled(s, [1e-300; 3])
}

fn subnormal_columns<S: Subject>(s: &S, _: &Kit) -> Tried {
    scaled(s, [1e-310; 3])
}

fn columns_of_wild_scales<S: Subject>(s: &S, _: &Kit) -> Tried {
    scaled(s, [1e300, 1.0, 1e-300])
}

fn a_saved_model_predicts_the_same_bits<S: Subject>(s: &S, _: &Kit) -> Tried {
    let (X, _, model) = fitted(s)?;
    let loaded = s.load(&s.save(&model)?)?;
    let (a, b) = (s.outputs(&model, X.as_mat())?, s.outputs(&loaded, X.as_mat())?);
    require(a == b, || "the loaded model predicts something else".to_owned())
}

fn saving_twice_gives_the_same_bytes<S: Subject>(s: &S, _: &Kit) -> Tried {
    let (_, _, model) = fitted(s)?;
    let text = s.save(&model)?;
    require(s.save(&s.load(&text)?)? == text, || "the second save differs".to_owned())
}

fn a_saved_model_holds_finite_numbers<S: Subject>(s: &S, _: &Kit) -> Tried {
    let (_, _, model) = fitted(s)?;
    a_finite_file(&s.save(&model)?)
}

fn a_cut_file_is_an_error<S: Subject>(s: &S, _: &Kit) -> Tried {
    let (_, _, model) = fitted(s)?;
    let text = s.save(&model)?;
    let cut: String = text.chars().take(text.chars().count() / 2).collect();
    require(s.load(&cut).is_err(), || "half a file was loaded".to_owned())
}

/// 1, 2, 3 and 8 fits side by side, each on its own thread.
fn fits_at_the_same_time<S: Subject>(s: &S, _: &Kit) -> Tried {
    let (X, y, model) = fitted(s)?;
    let expected = s.save(&model)?;
    for n_threads in [1, 2, 3, 8] {
        let texts: Vec<Result<String, String>> = std::thread::scope(|scope| {
            let fit = || s.fit(X.as_mat(), &y, None).and_then(|model| s.save(&model));
            let handles: Vec<_> = (0..n_threads).map(|_| scope.spawn(fit)).collect();
            let joined = |handle: std::thread::ScopedJoinHandle<'_, Result<String, String>>| {
                handle.join().unwrap_or_else(|_| Err("it panicked".to_owned()))
            };
            handles.into_iter().map(joined).collect()
        });
        for text in texts {
            require(text? == expected, || format!("{n_threads} fits at once differ"))?;
        }
    }
    Ok(())
}

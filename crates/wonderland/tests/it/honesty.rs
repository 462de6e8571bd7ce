//! Nothing leaks from test rows into a model, and chance does not look like
//! skill.

use wonderland::data::{Column, Purpose, Split, Values, rng, shuffle};
use wonderland::models::{Lambda, Ridge};
use wonderland::prelude::*;

fn models() -> [ModelSettings; 2] {
    [ModelSettings::Linear(LinearRegression::default()), ModelSettings::Ridge(Ridge::default())]
}

fn recipe(model: &ModelSettings) -> Recipe {
    Recipe { model: Some(model.clone()), ..Recipe::new("target") }
}

fn train(rows: &[usize]) -> Split {
    Split { train: rows.to_vec(), ..Split::default() }
}

fn numbers(pipeline: &Pipeline, table: &Table) -> Vec<f64> {
    match pipeline.predict(table).unwrap() {
        Predictions::Numbers(numbers) => numbers.values,
        Predictions::Classes(_) => panic!("a regression"),
    }
}

/// A table with the numbers of some columns replaced.
fn with(table: &Table, change: impl Fn(&str, usize, f64) -> f64) -> Table {
    let columns = table.columns().iter().map(|column| {
        let Values::Numbers(numbers) = &column.values else { unreachable!("numbers only") };
        let numbers = numbers.iter().enumerate().map(|(i, x)| change(&column.name, i, *x));
        Column { name: column.name.clone(), values: Values::Numbers(numbers.collect()) }
    });
    Table::new(table.source().as_str(), columns.collect()).unwrap()
}

#[test]
fn changed_test_rows_leave_the_model_file_as_it_is() {
    let table = builtin("diabetes").unwrap().table().unwrap();
    for model in models() {
        let recipe = recipe(&model);
        let split = recipe.split(&table, &SplitSettings::default(), false).unwrap();
        let changed =
            with(&table, |_, row, x| if split.test.contains(&row) { -1e6 * (x + 1.0) } else { x });
        let again = recipe.split(&changed, &SplitSettings::default(), false).unwrap();
        assert_eq!(split, again);
        let bytes = |table| recipe.fit(table, &split).unwrap().to_bytes().unwrap();
        assert_eq!(bytes(&table), bytes(&changed));
        // The test would notice: a changed training row changes the file.
        let row = split.train[0];
        let other = with(&table, |_, i, x| if i == row { x + 1.0 } else { x });
        assert_ne!(bytes(&table), bytes(&other));
    }
}

#[test]
fn permuted_targets_do_not_look_better_than_the_mean() {
    let table = builtin("diabetes").unwrap().table().unwrap();
    for model in models() {
        let mut beats = 0;
        for seed in 0..60 {
            let mut order: Vec<usize> = (0..table.n_rows()).collect();
            shuffle(&mut order, &mut rng(seed, Purpose::Permutation));
            let Values::Numbers(y) = &table.column("target").unwrap().values else {
                unreachable!()
            };
            let shuffled =
                with(&table, |name, row, x| if name == "target" { y[order[row]] } else { x });
            let recipe = recipe(&model);
            let settings = SplitSettings { seed, ..SplitSettings::default() };
            let split = recipe.split(&shuffled, &settings, false).unwrap();
            let pipeline = recipe.fit(&shuffled, &split).unwrap();
            let evaluation = pipeline.evaluate(&shuffled.select(&split.test)).unwrap();
            beats += usize::from(evaluation.metrics.beats_baseline());
        }
        // At most 2.5 % each: 5 or more of 60 has a chance below 2 %.
        assert!(beats < 5, "{} beats the baseline {beats} times of 60 by chance", model.name());
    }
}

#[test]
fn real_structure_beats_the_mean_for_every_seed() {
    let table = builtin("diabetes").unwrap().table().unwrap();
    for model in models() {
        for seed in 0..5 {
            let recipe = recipe(&model);
            let settings = SplitSettings { seed, ..SplitSettings::default() };
            let split = recipe.split(&table, &settings, false).unwrap();
            let pipeline = recipe.fit(&table, &split).unwrap();
            let evaluation = pipeline.evaluate(&table.select(&split.test)).unwrap();
            assert!(evaluation.metrics.beats_baseline(), "seed {seed}");
        }
    }
}

#[test]
fn the_order_of_columns_changes_no_prediction() {
    let table = builtin("diabetes").unwrap().table().unwrap();
    let mut columns = table.columns().to_vec();
    columns.reverse();
    let reversed = Table::new("reversed", columns).unwrap();
    for model in models() {
        let pipeline = recipe(&model)
            .fit(&table, &train(&[0, 5, 9, 20, 40, 60, 80, 100, 120, 140, 160, 200, 300]))
            .unwrap();
        assert_eq!(numbers(&pipeline, &table), numbers(&pipeline, &reversed));
    }
}

#[test]
fn a_row_alone_is_predicted_as_in_a_table() {
    let table = builtin("diabetes").unwrap().table().unwrap();
    let rows: Vec<usize> = (0..table.n_rows()).collect();
    for model in models() {
        let pipeline = recipe(&model).fit(&table, &train(&rows)).unwrap();
        let all = numbers(&pipeline, &table);
        for row in [0, 17, 441] {
            let cells: Vec<(&str, Cell<'_>)> =
                table.columns().iter().map(|c| (c.name.as_str(), c.values.cell(row))).collect();
            let alone = Prediction::Number { value: all[row], interval: None };
            assert_eq!(pipeline.predict_row(&cells).unwrap(), alone);
        }
    }
}

/// Coefficients in the units of the file are those of the raw columns.
#[test]
fn ridge_without_penalty_is_linear_in_the_units_of_the_file() {
    let table = builtin("diabetes").unwrap().table().unwrap();
    let rows: Vec<usize> = (0..table.n_rows()).collect();
    let none = ModelSettings::Ridge(Ridge { lambda: Lambda::Given(0.0), ..Ridge::default() });
    let ridge = recipe(&none).fit(&table, &train(&rows)).unwrap().describe().outputs.remove(0);
    let linear =
        recipe(&models()[0]).fit(&table, &train(&rows)).unwrap().describe().outputs.remove(0);
    for (a, b) in ridge.coefficients.iter().zip(&linear.coefficients) {
        assert_eq!(a.name, b.name);
        // Standardising rounds the columns; the scaled condition is about 200.
        assert!((a.value / b.value - 1.0).abs() < 1e-11, "{}: {} {}", a.name, a.value, b.value);
        assert!((a.effect / b.effect - 1.0).abs() < 1e-11);
    }
    let (a, b) = (ridge.intercept.unwrap().value, linear.intercept.unwrap().value);
    assert!((a / b - 1.0).abs() < 1e-11, "{a} {b}");
}

//! What a recipe accepts, what it refuses, and how it says so.

use wonderland::data::{Error as DataError, Split, Task, Unseen};
use wonderland::models::{Lambda, Ridge};
use wonderland::prelude::*;
use wonderland::{Categorical, Error, MissingRows, Warning};

fn linear(target: &str) -> Recipe {
    let model = ModelSettings::Linear(LinearRegression::default());
    Recipe { model: Some(model), ..Recipe::new(target) }
}

fn read(recipe: &Recipe, text: &str) -> Table {
    recipe.csv().unwrap().read(text.as_bytes(), "t.csv").unwrap()
}

fn train(rows: &[usize]) -> Split {
    Split { train: rows.to_vec(), ..Split::default() }
}

fn fit_all(recipe: &Recipe, text: &str) -> Result<Pipeline, Error> {
    let table = read(recipe, text);
    let rows = recipe.usable_rows(&table)?;
    recipe.fit(&table, &train(&rows))
}

#[test]
fn one_column_has_one_role() {
    let check = |recipe: Recipe| {
        let fault = recipe.csv().unwrap_err();
        assert!(matches!(fault, Error::TwoRoles { .. }) && fault.is_usage(), "{fault}");
    };
    check(Recipe { weights: Some("y".into()), ..linear("y") });
    check(Recipe { group: Some("y".into()), ..linear("y") });
    check(Recipe { ignore: vec!["y".into()], ..linear("y") });
    check(Recipe { ignore: vec!["g".into()], group: Some("g".into()), ..linear("y") });
    check(Recipe { weights: Some("w".into()), group: Some("w".into()), ..linear("y") });
    let named = Categorical::Named(vec!["w".into()]);
    check(Recipe { weights: Some("w".into()), categorical: named, ..linear("y") });
    let twice = Recipe { ignore: vec!["a".into(), "a".into()], ..linear("y") };
    assert!(twice.csv().is_ok());
}

#[test]
fn a_class_is_no_number() {
    let recipe = Recipe { task: Some(Task::Classification), ..Recipe::new("target") };
    let iris = builtin("iris").unwrap().table().unwrap();
    let fault = Recipe { model: linear("target").model, ..recipe }
        .fit(&iris, &train(&[0, 60, 120]))
        .unwrap_err();
    assert!(matches!(fault, Error::TaskMismatch { .. }) && fault.is_usage(), "{fault}");
    let few = read(&linear("y"), "x,y\n1,0\n2,1\n3,2\n");
    let undecided = Recipe::new("y").fit(&few, &train(&[0, 1, 2])).unwrap_err();
    assert!(
        matches!(undecided, Error::Data(DataError::AmbiguousTask { .. })) && undecided.is_usage()
    );
}

#[test]
fn groups_stay_together_and_order_is_kept() {
    let mut text = String::from("g,x,y\n");
    for i in 0..60 {
        text.push_str(&format!("patient {},{},{}\n", i % 12, i, 2 * i));
    }
    let recipe = Recipe { group: Some("g".into()), ..linear("y") };
    let table = read(&recipe, &text);
    let settings = SplitSettings { test: 0.25, ..SplitSettings::default() };
    let split = recipe.split(&table, &settings, false).unwrap();
    let group = |row: &usize| row % 12;
    let test: Vec<usize> = split.test.iter().map(group).collect();
    assert!(!test.is_empty() && split.train.iter().all(|row| !test.contains(&group(row))));
    let fault = recipe.split(&table, &settings, true).unwrap_err();
    assert!(matches!(fault, Error::Conflict { .. }) && fault.is_usage(), "{fault}");
    let ordered = linear("y").split(&table, &settings, true).unwrap();
    assert_eq!(ordered.test, (45..60).collect::<Vec<_>>());
    let names: Vec<String> = recipe
        .fit(&table, &split)
        .unwrap()
        .describe()
        .outputs
        .remove(0)
        .coefficients
        .into_iter()
        .map(|c| c.name)
        .collect();
    assert_eq!(names, ["x"]);
}

#[test]
fn missing_cells_are_refused_imputed_or_dropped() {
    let text = "x,z,y\n1,1,1\n2,,2\n3,5,3.5\n4,2,4\n5,3,5\n6,9,7\n";
    let with = |missing| fit_all(&Recipe { missing, ..linear("y") }, text);
    let refused = with(MissingRows::Refuse).unwrap_err();
    assert!(matches!(refused, Error::Data(DataError::MissingValue { line: 3, .. })), "{refused}");
    let imputed = with(MissingRows::Impute).unwrap();
    assert_eq!(imputed.training().n_train, 6);
    assert!(imputed.describe().outputs[0].coefficients.iter().any(|c| c.name == "z:missing"));
    let dropped = with(MissingRows::Drop).unwrap();
    assert_eq!(dropped.training().n_train, 5);
    let nothing = fit_all(&Recipe { missing: MissingRows::Drop, ..linear("y") }, "x,y\n,1\n2,\n");
    assert!(matches!(nothing, Err(Error::NoCompleteRows { .. })));
    let target =
        fit_all(&Recipe { missing: MissingRows::Impute, ..linear("y") }, "x,y\n1,1\n2,\n3,3\n");
    assert!(matches!(target, Err(Error::Data(DataError::MissingValue { line: 3, .. }))));
}

#[test]
fn weights_are_checked_with_their_line() {
    let recipe = Recipe { weights: Some("w".into()), ..linear("y") };
    let fault = fit_all(&recipe, "x,w,y\n1,1,1\n2,-1,2\n").unwrap_err();
    assert_eq!(
        fault.to_string(),
        "t.csv, line 3, column `w`: the weight -1 is negative: weights are at least 0"
    );
    let missing = fit_all(&recipe, "x,w,y\n1,1,1\n2,,2\n").unwrap_err();
    assert!(matches!(missing, Error::Data(DataError::MissingValue { line: 3, .. })));
    let weighted = fit_all(&recipe, "x,w,y\n1,1,1\n2,2,2\n3,1,4\n").unwrap();
    let repeated = fit_all(&linear("y"), "x,y\n1,1\n2,2\n2,2\n3,4\n").unwrap();
    let (a, b) = (weighted.describe(), repeated.describe());
    assert!(
        (a.outputs[0].coefficients[0].value - b.outputs[0].coefficients[0].value).abs() < 1e-14
    );
    assert_eq!(weighted.training().baseline, repeated.training().baseline);
    assert_eq!(a.outputs[0].coefficients.len(), 1);
    // Scores need the weights too.
    let table = read(&linear("y"), "x,y\n1,1\n2,2\n");
    assert!(matches!(weighted.evaluate(&table), Err(Error::Data(DataError::UnknownColumn { .. }))));
}

#[test]
fn unseen_categories_follow_the_option() {
    let text = "c,y\na,1\nb,2\na,1.5\nb,2.5\n";
    let recipe =
        |unseen| Recipe { unseen, categorical: Categorical::Auto(Vec::new()), ..linear("y") };
    let new = [("c", Cell::from("z"))];
    let strict = fit_all(&recipe(Unseen::Refuse), text).unwrap();
    assert!(matches!(strict.predict_row(&new), Err(Error::Data(DataError::UnseenCategory { .. }))));
    assert_eq!(strict.describe().rank, Some(2));
    let lenient = fit_all(&recipe(Unseen::Zeros), text).unwrap();
    assert!(lenient.predict_row(&new).is_ok());
    assert_eq!(lenient.describe().warnings, [Warning::RankDeficient { rank: 2, columns: 3 }]);
}

#[test]
fn warnings_say_what_casts_doubt() {
    let warnings = |recipe: &Recipe, text: &str| fit_all(recipe, text).unwrap().describe().warnings;
    let constant = warnings(&linear("y"), "a,b,y\n1,7,1\n2,7,2\n3,7,3.5\n4,7,4\n");
    assert!(constant.contains(&Warning::ConstantFeatures(vec!["b".into()])), "{constant:?}");
    assert!(constant.contains(&Warning::RankDeficient { rank: 2, columns: 3 }));
    let exact = warnings(&linear("y"), "a,y\n1,1\n2,3\n");
    assert_eq!(exact, [Warning::NoRowsLeft]);
    let close = "a,b,y\n1,1.000000000001,1\n2,2,2\n3,3.000000000002,3.5\n4,4,4\n5,5,5\n";
    let close = warnings(&linear("y"), close);
    assert!(matches!(close[..], [Warning::IllConditioned { .. }]), "{close:?}");
    let ridge = ModelSettings::Ridge(Ridge::default());
    let noiseless = Recipe { model: Some(ridge), ..linear("y") };
    let end = warnings(&noiseless, "a,y\n1,2\n2,4\n3,6\n4,8\n");
    assert!(matches!(end[..], [Warning::LambdaAtEnd { .. }]), "{end:?}");
    for warning in constant.iter().chain(&exact).chain(&close).chain(&end) {
        assert!(warning.to_string().len() > 20);
    }
}

#[test]
fn what_overflows_is_an_error() {
    let text = "a,y\n1e-310,1\n3e-310,2\n2e-310,1.9\n";
    let fault = fit_all(&linear("y"), text).unwrap_err();
    assert!(!fault.is_usage(), "{fault}");
    let ridge = ModelSettings::Ridge(Ridge { lambda: Lambda::Given(0.1), ..Ridge::default() });
    let fault = fit_all(&Recipe { model: Some(ridge), ..linear("y") }, text).unwrap_err();
    assert!(matches!(fault, Error::Unusable { .. }), "{fault}");
}

#[test]
fn faults_of_models_name_columns_and_options() {
    let classes = |weights: Option<&str>| Recipe {
        task: Some(Task::Classification),
        weights: weights.map(String::from),
        ..Recipe::new("y")
    };
    let fault = |recipe: &Recipe, text: &str| fit_all(recipe, text).unwrap_err().to_string();
    let one = fault(&classes(None), "x,y\n1,a\n2,a\n3,a\n");
    assert!(one.starts_with("`y` holds one class only"), "{one}");
    let weightless = "x,w,y\n1,0,a\n2,0,a\n3,1,b\n4,1,c\n5,1,b\n";
    let weightless = fault(&classes(Some("w")), weightless);
    assert!(weightless.starts_with("every training row of class `a` weighs nothing in `w`"));
    let ridge = Ridge { path: Some(vec![0.0]), ..Ridge::default() };
    let recipe = Recipe { model: Some(ModelSettings::Ridge(ridge)), ..linear("y") };
    let unjudged = fault(&recipe, "a,y\n1,1\n2,3\n");
    assert!(unjudged.contains("`--lambda NUMBER`"), "{unjudged}");
}

#[test]
fn faults_of_settings_are_usage() {
    let ridge = ModelSettings::Ridge(Ridge { lambda: Lambda::Given(-1.0), ..Ridge::default() });
    let fault =
        fit_all(&Recipe { model: Some(ridge), ..linear("y") }, "a,y\n1,1\n2,2\n").unwrap_err();
    assert!(matches!(fault, Error::Models(_)) && fault.is_usage(), "{fault}");
}

//! Each command as its help promises it.

use crate::program::Bench;

#[test]
fn fit_save_predict_evaluate_inspect() {
    let bench = Bench::new();
    let fitted = bench.json("fit diabetes --out model.wl");
    assert_eq!(fitted["n_train"], 354);
    assert_eq!(fitted["n_test"], 88);
    assert!(fitted["metrics"]["r2"].as_f64().unwrap() > 0.3);

    let predictions = bench.ok("predict model.wl diabetes");
    assert_eq!(predictions.lines().count(), 443);
    assert_eq!(predictions.lines().next(), Some("prediction"));

    let evaluated = bench.json("evaluate model.wl diabetes");
    assert_eq!(evaluated["n_test"], 442);
    assert_eq!(evaluated["metrics"]["beats_baseline"], true);

    let inspected = bench.json("inspect model.wl");
    assert_eq!(inspected["coefficients"], fitted["coefficients"]);
    assert_eq!(bench.files(), ["model.wl"]);
}

#[test]
fn every_command_has_help_with_examples() {
    let bench = Bench::new();
    for command in ["fit", "predict", "evaluate", "inspect", "datasets", "completions"] {
        let help = bench.ok(&format!("{command} --help"));
        assert!(help.contains("Examples:") && help.contains("wonderland "), "{help}");
    }
}

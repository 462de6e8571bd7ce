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
fn the_keys_of_json_are_stable() {
    let bench = Bench::new();
    let keys = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    let mut fit = vec![
        "coefficients",
        "condition",
        "conformal",
        "data",
        "effective_df",
        "fit",
        "intercept",
        "intercept_std_error",
        "lambda",
        "metrics",
        "model",
        "n_calibration",
        "n_conformal",
        "n_dropped",
        "n_features",
        "n_test",
        "n_train",
        "rank",
        "residual_std",
        "route",
        "seed",
        "std_errors",
        "target",
        "task",
        "warnings",
    ];
    let fitted = bench.json("fit diabetes --out model.wl");
    assert_eq!(keys(&fitted), fit);
    assert_eq!(keys(&fitted["fit"]), ["minimum", "objective", "seconds"]);
    assert!(fitted["fit"]["seconds"].as_f64().unwrap() > 0.0);
    let searched = ["gradient_norm", "iterations", "minimum", "objective", "seconds", "stop"];
    assert_eq!(keys(&bench.json("fit iris")["fit"]), searched);
    fit.retain(|key| !["conformal", "data", "metrics", "n_dropped", "n_test"].contains(key));
    let about = bench.json("inspect model.wl");
    assert_eq!(keys(&about), fit);
    assert_eq!(keys(&about["fit"]), ["minimum", "objective"]);
    let evaluated = bench.json("evaluate model.wl diabetes");
    assert_eq!(keys(&evaluated), ["conformal", "metrics", "model", "n_test", "target", "task"]);
    let metrics = [
        "baseline",
        "beats_baseline",
        "confidence",
        "mae",
        "mae_ci",
        "r2",
        "r2_ci",
        "rmse",
        "rmse_ci",
        "skill",
        "skill_ci",
    ];
    assert_eq!(keys(&evaluated["metrics"]), metrics);
    assert_eq!(keys(&evaluated["metrics"]["baseline"]), ["mae", "prediction", "r2", "rmse"]);
    let predicted = bench.json("predict model.wl diabetes --keep age");
    assert_eq!(keys(&predicted), ["kept", "n", "predictions", "target", "task"]);
    assert_eq!(predicted["kept"]["age"][0], "59");
    assert_eq!(bench.json("datasets").as_array().unwrap().len(), 5);
}

#[test]
fn the_summary_says_what_was_done() {
    let bench = Bench::new();
    let text = bench.ok("fit diabetes");
    for part in [
        "diabetes: 442 rows, 10 features, target `target` (regression)",
        "split: 354 to train, 88 to test (at random, seed 0)",
        "model: linear regression",
        "minimised: ‖y − Xw − b‖² = ",
        "(rank 11 of 11, condition ",
        "on 88 test rows",
        "always the mean",
        "better than always answering the training mean",
        "standard error",
        "bmi",
        "intercept",
    ] {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
    let ridge = bench.ok("fit diabetes --model ridge --test none --no-intercept");
    for part in ["nothing held out", "‖y − Xw‖² + λ‖w‖²", "chosen by leaving out each row among 31"]
    {
        assert!(ridge.contains(part), "`{part}` is not in:\n{ridge}");
    }
    let short = bench.ok("fit diabetes --top 2");
    assert!(short.contains("… and 8 of smaller effect"), "{short}");
}

#[test]
fn a_useless_model_is_called_so() {
    let bench = Bench::new();
    let noise: String =
        (0..60_u64).map(|i| format!("{},{}.5\n", i * 7919 % 101, i * 104_729 % 97)).collect();
    bench.write("noise.csv", format!("x,y\n{noise}"));
    let text = bench.ok("fit noise.csv --target y");
    assert!(text.contains("NOT better than always answering the training mean"), "{text}");
}

#[test]
fn warnings_reach_people_and_machines() {
    let bench = Bench::new();
    bench.write("t.csv", "a,b,c,y\n1,2,5,1\n2,4,5,2\n3,6,5,4\n4,8,5,4\n5,10,5,6\n");
    let run = bench.run("fit t.csv --target y --model linear --test none");
    assert!(run.stderr.contains("warning: only 2 of 4 columns are independent"), "{}", run.stderr);
    assert!(run.stderr.contains("warning: constant in training, so without effect: c"));
    let fit = bench.json("fit t.csv --target y --model linear --test none");
    assert_eq!(fit["warnings"].as_array().unwrap().len(), 2);
    assert_eq!(fit["std_errors"], serde_json::Value::Null);
}

#[test]
fn predictions_keep_columns_as_written() {
    let bench = Bench::new();
    bench.write("t.csv", "id,x,y\n001,1,2\n\"a, b\",2,4\n003,3,6.5\n");
    bench.ok("fit t.csv --target y --model linear --ignore id --test none --out m.wl");
    let run = bench.run("predict m.wl t.csv --keep id --keep x");
    let rows: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(rows[0], "prediction,id,x");
    assert!(rows[1].ends_with(",001,1") && rows[2].ends_with(",\"a, b\",2"), "{rows:?}");
    assert_eq!(run.stderr, "note: the target column `y` is there and not used\n");
    bench.write("new.csv", "more,x\n7,1\n");
    let run = bench.run("predict m.wl new.csv");
    assert_eq!(run.stderr, "note: columns not used: more\n");
    bench.fails("predict m.wl t.csv --keep id --keep id", 2, "keep a column once");
    bench.fails("predict m.wl t.csv --keep no", 1, "no column is called `no`");
    bench.write("less.csv", "z\n1\n");
    bench.fails("predict m.wl less.csv", 1, "no column is called `x`");
    bench.fails("evaluate m.wl new.csv", 1, "no column is called `y`");
}

#[test]
fn categories_and_missing_cells_are_handled_by_options() {
    let bench = Bench::new();
    let mut text = String::from("price,city,size,id\n");
    for i in 0..40 {
        let size = if i % 9 == 4 { String::new() } else { i.to_string() };
        text.push_str(&format!(
            "{},{},{size},row{i}\n",
            100 + 3 * i,
            ["Roma", "Pisa", "Bari"][i % 3]
        ));
    }
    bench.write("t.csv", text);
    bench.fails("fit t.csv --target price", 1, "--categorical city");
    bench.fails("fit t.csv --target price --categorical city", 1, "--ignore id");
    let base = "fit t.csv --target price --categorical city --ignore id";
    bench.fails(base, 1, "--missing impute");
    let imputed = bench.json(&format!("{base} --missing impute --out m.wl"));
    assert_eq!(imputed["n_train"], 32);
    assert!(imputed["coefficients"].get("size:missing").is_some());
    assert!(imputed["coefficients"].get("city=Roma").is_some());
    let dropped = bench.json(&format!("{base} --missing drop"));
    assert_eq!(dropped["n_dropped"], 4);
    bench.write("new.csv", "size,city\n,Bari\n3,Oslo\n");
    bench.fails("predict m.wl new.csv", 1, "new.csv, line 3, column `city`: the category `Oslo`");
    bench.ok(&format!("{base} --missing impute --unseen zeros --out m.wl"));
    assert_eq!(bench.ok("predict m.wl new.csv").lines().count(), 3);
    let auto = bench.json("fit t.csv --target price --categorical auto --ignore id --missing drop");
    assert_eq!(auto["coefficients"], dropped["coefficients"]);
}

#[test]
fn options_of_the_split_do_what_they_say() {
    let bench = Bench::new();
    let table = bench.ok("datasets diabetes");
    bench.write("t.csv", &table);
    let n = |options: &str| {
        let fit = bench.json(&format!("fit t.csv --target target {options}"));
        (fit["n_train"].as_u64().unwrap(), fit["n_test"].as_u64().unwrap())
    };
    assert_eq!(n("--test 0.5"), (221, 221));
    assert_eq!(n("--test none"), (442, 0));
    assert_eq!(n("--test t.csv"), (442, 442));
    assert_eq!(n("--split-by-order"), (354, 88));
    let (train, test) = n("--group age");
    assert!(train + test == 442 && test > 40, "{train} {test}");
    let weighted = bench.json("fit t.csv --target target --weights bp --test none");
    assert_eq!(weighted["fit"]["objective"], "Σ sᵢ (yᵢ − xᵢᵀw − b)²");
    assert_eq!(weighted["n_features"], 9);
}

#[test]
fn faults_of_the_command_line_end_with_2() {
    let bench = Bench::new();
    bench.write("t.csv", "x,y\n1,1\n2,2\n3,3\n");
    for (arguments, part) in [
        ("", "Usage"),
        ("fit", "<DATA>"),
        ("fit t.csv", "--target COLUMN"),
        ("fit t.csv --target no", "no column is called `no`"),
        ("fit t.csv --target y", "--task"),
        ("fit t.csv --target y --task regression --calibrate temperature", "ask for intervals"),
        ("fit t.csv --target y --ignore no", "no column is called `no`"),
        ("fit t.csv --target y --ignore y", "at once"),
        ("fit t.csv --target y --test 1.5", "fraction above 0"),
        ("fit t.csv --target y --polynomial x", "COLUMN:DEGREE"),
        ("fit t.csv --target y --model linear --test none --polynomial x:99", "degree 99"),
        ("fit t.csv --target y --model cubic", "cubic"),
        ("fit t.csv --target y --lambda 1", "--model ridge"),
        ("fit t.csv --target y --model ridge --lambda -1", "--lambda"),
        ("fit t.csv --target y --model ridge --lambda cv:1", "cv:K"),
        ("fit t.csv --target y --task classification --model linear", "linear predicts numbers"),
        ("fit t.csv --target y --delimiter ab", "one ASCII character"),
        ("fit t.csv --target y --group x --split-by-order", "--split-by-order"),
        ("fit diabetes --out - --json", "--out -"),
        ("fit iris --model linear --task classification", "linear predicts numbers"),
        ("fit diabetes --threads 0", "--threads"),
        ("datasets nothing", "no built-in data set"),
        ("nonsense", "nonsense"),
        ("fit --\u{1b}[31m", "unexpected"),
    ] {
        bench.fails(arguments, 2, part);
    }
    bench.fails(&format!("fit {}", "x".repeat(20_000)), 1, "cannot open it");
}

#[test]
fn every_command_has_help_with_examples() {
    let bench = Bench::new();
    for command in [
        "fit",
        "predict",
        "evaluate",
        "inspect",
        "calibration",
        "recalibrate",
        "conformal",
        "decide",
        "datasets",
        "completions",
    ] {
        let help = bench.ok(&format!("{command} --help"));
        assert!(help.contains("Examples:") && help.contains("wonderland "), "{help}");
    }
    assert!(bench.ok("--version").starts_with("wonderland 0."));
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(bench.ok(&format!("completions {shell}")).contains("predict"));
    }
}

//! Classes from the outside: labels, probabilities, calibration, sets, reports.

use crate::program::Bench;

const CALIBRATED: &str = "fit digits --calibrate temperature --coverage 0.9";

#[test]
fn one_command_calibrates_conformalises_and_reports() {
    let bench = Bench::new();
    let report = bench.json(&format!("{CALIBRATED} --out m.wl --report r.html"));
    let [train, calibration, conformal, test] =
        ["n_train", "n_calibration", "n_conformal", "n_test"].map(|key| report[key].as_u64());
    let parts = [train, calibration, conformal, test].map(Option::unwrap);
    assert_eq!(parts.iter().sum::<u64>(), 1797, "four disjoint parts: {parts:?}");
    assert_eq!(report["classes"].as_array().unwrap().len(), 10);
    let metrics = &report["metrics"];
    for key in ["accuracy", "log_loss", "brier", "roc_auc", "ece", "mce"] {
        assert!(metrics[key].is_f64() && metrics["uncalibrated"][key].is_f64(), "{key}");
    }
    assert!(metrics["accuracy"].as_f64().unwrap() > 0.93);
    // A temperature moves no decision.
    assert_eq!(metrics["accuracy"], metrics["uncalibrated"]["accuracy"]);
    assert_eq!(report["conformal"]["target_coverage"], 0.9);
    assert_eq!(report["conformal"]["verdict"], "Within");
    assert!(report["fit"]["iterations"].as_u64().unwrap() > 1);
    let page = String::from_utf8(bench.read("r.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("Reliability diagram"));
    // The saved model is the one that was evaluated.
    let about = bench.json("inspect m.wl");
    assert_eq!(about["calibration"]["temperature"], report["calibration"]["temperature"]);
}

#[test]
fn labels_probabilities_and_sets_come_back_by_name() {
    let bench = Bench::new();
    let mut rows = String::from("x,kind\n");
    for i in 0..120 {
        let (x, kind) = if i % 3 == 0 { (i % 40, "low tide") } else { (i % 40 + 25, "high|tide") };
        rows.push_str(&format!("{x},{kind}\n"));
    }
    bench.write("t.csv", &rows);
    bench.ok("fit t.csv --target kind --coverage 0.8 --out m.wl");
    let out = bench.ok("predict m.wl t.csv --proba --sets --keep x");
    let mut lines = out.lines();
    assert_eq!(lines.next(), Some("prediction,p:high|tide,p:low tide,set,x"));
    assert_eq!(lines.clone().count(), 120);
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let [high, low] = [1, 2].map(|k| cells[k].parse::<f64>().unwrap());
        assert!((high + low - 1.0).abs() < 1e-12, "{line}");
        assert_eq!(cells[0], if high >= low { "high|tide" } else { "low tide" }, "{line}");
    }
    bench.fails("predict m.wl t.csv --intervals", 2, "no intervals");
    bench.ok("fit diabetes --test none --out n.wl");
    bench.fails("predict n.wl diabetes --proba", 2, "--proba is for classes");
}

#[test]
fn a_fit_short_of_its_minimum_ends_with_3_under_strict() {
    let bench = Bench::new();
    // Without a penalty the classes of wine can be separated for ever better.
    let arguments = "fit wine --model logistic --l2 0";
    let run = bench.run(&format!("{arguments} --strict"));
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("separable"), "{}", run.stderr);
    assert_eq!(bench.run(arguments).code, Some(0));
    assert_eq!(bench.run("fit iris --strict").code, Some(0));
}

#[test]
fn folds_and_importance_are_told_on_request() {
    let bench = Bench::new();
    let report = bench.json("fit wine --cv 5 --out m.wl");
    let accuracy = &report["cross_validation"]["accuracy"];
    assert_eq!(accuracy["folds"].as_array().unwrap().len(), 5);
    assert!(accuracy["mean"].as_f64().unwrap() > 0.9);
    let found = bench.json("evaluate m.wl wine --importance")["importance"].clone();
    assert_eq!(found.as_object().unwrap().len(), 13);
    // What the text lists first is what matters most.
    let text = bench.ok("evaluate m.wl wine --importance");
    let first = text.lines().skip_while(|l| !l.contains("shuffled column")).nth(1).unwrap();
    let name = first.split_whitespace().next().unwrap();
    let most = found.as_object().unwrap().values().filter_map(|v| v.as_f64()).fold(0.0, f64::max);
    assert!(found[name].as_f64().unwrap() >= most, "{first}");
}

#[test]
fn other_shares_of_the_classes_are_remarked_on() {
    let bench = Bench::new();
    bench.ok("fit iris --out m.wl");
    let all = bench.ok("predict m.wl iris");
    assert_eq!(all.lines().count(), 151);
    let iris = bench.ok("datasets iris");
    let only: String = iris.lines().take(51).map(|line| format!("{line}\n")).collect();
    bench.write("one.csv", only);
    let run = bench.run("evaluate m.wl one.csv");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("other shares than in training"), "{}", run.stderr);
    assert!(!bench.run("evaluate m.wl iris").stderr.contains("other shares"));
}

/// Every evaluation of noise, of classes and of numbers, shows the baseline
/// beside the model and says that the model is not better.
#[test]
fn noise_is_called_noise_wherever_a_model_is_scored() {
    let bench = Bench::new();
    let mut state = 9_u64;
    let mut digit = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % 1000
    };
    let row = |digit: &mut dyn FnMut() -> u64| {
        format!("{},{},{},{}\n", digit(), digit(), digit(), ["no", "yes"][digit() as usize % 2])
    };
    let mut table = |n| (0..n).fold("a,b,y,k\n".to_owned(), |all, _| all + &row(&mut digit));
    bench.write("old.csv", table(300));
    bench.write("new.csv", table(200));
    for (target, baseline, ignore) in [("k", "class shares", "y"), ("y", "always the mean", "k")] {
        let fit = format!("fit old.csv --target {target} --ignore {ignore} --report r.html");
        for run in [
            format!("{fit} --coverage 0.9 --cv 3 --out m.wl"),
            "evaluate m.wl new.csv --report r.html".to_owned(),
        ] {
            let said = bench.ok(&run);
            assert!(said.contains("NOT better than always answering"), "{run}: {said}");
            assert!(said.contains(baseline), "{run}: {said}");
            let page = String::from_utf8(bench.read("r.html")).unwrap();
            assert!(page.contains("is not demonstrably better than always answering"), "{run}");
            let metrics = bench.json(&run)["metrics"].clone();
            assert_eq!(metrics["beats_baseline"], false, "{run}");
            assert!(metrics["baseline"].is_object(), "{run}: {metrics}");
        }
    }
}

/// Isotonic regression on few rows rules classes out; that is said.
#[test]
fn impossible_classes_are_counted() {
    let bench = Bench::new();
    // Low x are `a` and high ones `b`, but for one row in nine.
    let class = |i: u32| {
        let noisy = (7 * i * i + 13 * i) % 101 < 12;
        if (i % 50 < 25) == noisy { "b" } else { "a" }
    };
    let rows =
        (0..400).fold("x,y\n".to_owned(), |all, i| all + &format!("{},{}\n", i % 50, class(i)));
    bench.write("t.csv", rows);
    let fit = "fit t.csv --target y --calibrate isotonic";
    let counted = bench.json(fit)["metrics"]["n_impossible"].as_u64().unwrap();
    let said = bench.ok(fit);
    assert!(counted > 0 && said.contains(&format!("log loss: {counted} row")), "{said}");
    assert!(!bench.ok("fit t.csv --target y --calibrate platt").contains("log loss:"));
}

#[test]
fn settings_that_cannot_be_kept_are_refused() {
    let bench = Bench::new();
    bench.fails("fit diabetes --calibrate platt", 2, "a quantity as target");
    bench.fails("fit iris --coverage 0.99", 1, "needs at least 99 rows");
    bench.fails("fit iris --coverage 1.5", 2, "coverage");
    // Two far groups: all calibration rows are predicted right.
    let row = |i: u32| format!("{},{}\n", if i < 50 { i } else { i + 500 }, u32::from(i < 50));
    bench.write("far.csv", (0..100).map(row).fold("x,y\n".to_owned(), |all, row| all + &row));
    let far = "fit far.csv --target y --model logistic --calibrate temperature";
    bench.fails(far, 1, "no optimum");
    bench.fails("fit iris --test none --report r.html", 2, "--test");
    assert_eq!(bench.files(), ["far.csv"]);
}

#[test]
fn threads_change_no_byte_of_a_classifier() {
    let bench = Bench::new();
    let mut models = Vec::new();
    for threads in [1, 2, 3, 8] {
        bench.ok(&format!("{CALIBRATED} --threads {threads} --out m{threads}.wl"));
        models.push(bench.read(&format!("m{threads}.wl")));
    }
    assert!(models.windows(2).all(|pair| pair[0] == pair[1]));
}

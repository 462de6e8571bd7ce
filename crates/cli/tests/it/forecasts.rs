//! The commands on anybody's forecasts: numbers as the calibration crate gives
//! them, columns by name, and faults with their place.
#![expect(clippy::float_cmp, reason = "JSON reads back the same bits")]

use std::fmt::Write as _;

use serde_json::Value;
use wonderland::calibration::{
    Bins, ClassForecasts, Forecasts, brier, calibration_error, classwise_calibration_error,
    log_loss,
};
use wonderland::linalg::Tensor;

use crate::program::Bench;

/// Overconfident forecasts of `yes`, made by a fixed recurrence: (p, truth).
fn rows(n: usize, seed: u64) -> Vec<(f64, bool)> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut uniform = move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..n)
        .map(|_| {
            let z = 6.0 * uniform() - 3.0;
            let truth = uniform() < 1.0 / (1.0 + (-z).exp());
            (1.0 / (1.0 + (-2.0 * z).exp()), truth)
        })
        .collect()
}

fn csv(rows: &[(f64, bool)]) -> String {
    let mut text = String::from("id,p:no,p:yes,label\n");
    for (i, (p, y)) in rows.iter().enumerate() {
        let _ = writeln!(text, "{i},{},{p},{}", 1.0 - p, if *y { "yes" } else { "no" });
    }
    text
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn measures_are_those_of_the_calibration_crate() {
    let bench = Bench::new();
    let rows = rows(300, 1);
    bench.write("p.csv", csv(&rows));
    let report = bench.json("calibration p.csv --label label --resamples 100 --bins 10");

    let (p, y): (Vec<f64>, Vec<bool>) = rows.iter().copied().unzip();
    let f = Forecasts::new(&p, &y).unwrap();
    let bins = Bins::equal_width(10);
    let error = calibration_error(&f, &bins).unwrap();
    let metrics = &report["metrics"];
    assert_eq!(number(&metrics["ece"]), error.ece);
    assert_eq!(number(&metrics["mce"]), error.mce);
    assert_eq!(number(&metrics["rms"]), error.rms);
    assert_eq!(number(&metrics["brier"]), brier(&f));
    assert!((number(&metrics["log_loss"]) - log_loss(&f)).abs() < 1e-14);
    let proba = Tensor::from_fn(300, 2, |i, k| if k == 1 { p[i] } else { 1.0 - p[i] });
    let codes: Vec<usize> = y.iter().map(|&y| usize::from(y)).collect();
    let classes = ClassForecasts::new(proba.as_mat(), &codes).unwrap();
    let classwise = classwise_calibration_error(&classes, &bins).unwrap();
    assert_eq!(number(&metrics["classwise_ece"]), classwise.ece);
    let [low, high] = [0, 1].map(|i| number(&metrics["ece_ci"][i]));
    assert!(low < high && low > 0.0, "[{low}, {high}]");
    assert_eq!(report["n"], 300);
    assert_eq!(report["positive"], "yes");
    assert_eq!(report["test"]["consistent"], false);
    assert_eq!(report["reliability"].as_array().unwrap().len(), 10);
    assert_eq!(report["recalibration"], Value::Null);
}

#[test]
fn every_map_mends_overconfidence_on_rows_it_did_not_see() {
    let bench = Bench::new();
    bench.write("p.csv", csv(&rows(1500, 2)));
    for method in ["temperature", "platt", "isotonic", "histogram", "venn-abers"] {
        let run =
            format!("calibration p.csv --label label --resamples 0 --fit {method} --out m.map");
        let report = bench.json(&run);
        let after = &report["recalibration"]["metrics"];
        let (before, after) = (number(&report["metrics"]["brier"]), number(&after["brier"]));
        assert!(after < before - 0.005, "{method}: {before} → {after}");
        assert_eq!(report["recalibration"]["kind"], method);
        assert!(report["recalibration"]["how"].as_str().unwrap().starts_with("cross-fitted"));

        let table = bench.ok("recalibrate m.map p.csv --keep label");
        assert_eq!(table.lines().next(), Some("prediction,p:no,p:yes,label"));
        assert_eq!(table.lines().count(), 1501);
        // The result is read by its own program without further options.
        bench.write("again.csv", table);
        let again = bench.json("calibration again.csv --label label --resamples 0");
        assert!(number(&again["metrics"]["brier"]) < before - 0.005, "{method}");
    }
}

#[test]
fn held_out_rows_are_said_and_judge_alone() {
    let bench = Bench::new();
    bench.write("p.csv", csv(&rows(400, 3)));
    let report =
        bench.json("calibration p.csv --label label --resamples 0 --fit platt --test 0.25");
    assert_eq!(report["n"], 100);
    let how = report["recalibration"]["how"].as_str().unwrap();
    assert!(how.contains("fitted on 300 rows, judged on the 100 others"), "{how}");
}

#[test]
fn one_column_two_columns_and_logits_agree() {
    let bench = Bench::new();
    let rows = rows(200, 4);
    let mut text = String::from("score,z,truth\n");
    for (p, y) in &rows {
        let _ = writeln!(text, "{p},{},{}", (p / (1.0 - p)).ln(), if *y { "yes" } else { "no" });
    }
    bench.write("one.csv", text);
    bench.write("two.csv", csv(&rows));
    let ece = |arguments: &str| {
        number(&bench.json(&format!("calibration {arguments} --resamples 0"))["metrics"]["ece"])
    };
    let two = ece("two.csv --label label");
    assert_eq!(ece("one.csv --label truth --proba score --positive yes"), two);
    let logits = ece("one.csv --label truth --logits z --positive yes");
    assert!((logits - two).abs() < 1e-12, "{logits} {two}");
    // The order of columns says nothing: names do.
    let swapped: String = csv(&rows)
        .lines()
        .map(|line| {
            let c: Vec<&str> = line.split(',').collect();
            format!("{},{},{},{}\n", c[3], c[2], c[1], c[0])
        })
        .collect();
    bench.write("swapped.csv", swapped);
    assert_eq!(ece("swapped.csv --label label --positive yes"), two);
}

#[test]
fn what_was_read_is_said() {
    let bench = Bench::new();
    bench.write("p.csv", csv(&rows(60, 5)));
    let run = bench.run("calibration p.csv --label label --resamples 0");
    assert_eq!(run.code, Some(0));
    let said = "note: p.csv: read p:no, p:yes as probabilities of no, yes, label as the true class";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    assert!(run.stdout.contains("consistent with perfect calibration at n = 60"), "{}", run.stdout);
    assert!(!run.stdout.contains("= 0.0000"), "{}", run.stdout);
    bench.write("many.csv", csv(&rows(400, 5)));
    let off = bench.run("calibration many.csv --label label --resamples 0");
    assert!(off.stdout.contains("NOT consistent"), "{}", off.stdout);
    assert!(off.stderr.contains("`--fit platt --out FILE.map` learns to mend"), "{}", off.stderr);
    let piped =
        bench.pipe("calibration - --label label --resamples 0", csv(&rows(60, 5)).as_bytes());
    assert_eq!(piped.code, Some(0));
    assert_eq!(piped.stdout, run.stdout.replace("p.csv", "standard input"));
}

#[test]
fn faults_name_line_column_and_mend() {
    let bench = Bench::new();
    let label = "calibration bad.csv --label y";
    for (bytes, arguments, code, part) in [
        (
            "p:a,p:b,y\n.5,.5,a\n1.5,-.5,b\n",
            label,
            1,
            "bad.csv, line 3, column `p:a`: 1.5 is no probability",
        ),
        ("p:a,p:b,y\n1.5,-.5,b\n", label, 1, "say `--logits`"),
        (
            "p:a,p:b,y\n.5,.4,a\n",
            label,
            1,
            "line 2, columns p:a, p:b: the probabilities sum to 0.9",
        ),
        ("p:a,p:b,y\n.5,x,a\n", label, 1, "line 2, column `p:b`: `x` is not a number"),
        ("p:a,p:b,y\n.5,nan,a\n", label, 1, "line 2, column `p:b`: the value is missing"),
        ("p:a,p:b,y\n.5,.5,\n", label, 1, "line 2, column `y`: the value is missing"),
        ("p:a,p:b,y\n.5,.5,c\n", label, 1, "no column forecasts the class `c`"),
        ("p:a,p:b,y\n", label, 1, "no rows"),
        ("", label, 1, "is empty"),
        ("p:a,p:b,y\n.5,.5\n", label, 1, "2 cells but the header names 3"),
        ("a,b,y\n.5,.5,a\n", label, 2, "no column begins with `p:`"),
        ("p:a,y\n.5,a\n", label, 2, "say of which class with `--positive"),
        ("p:a,p:b,z\n.5,.5,a\n", label, 1, "no column is called `y`"),
        (
            "s,y\n.5,a\n.5,b\n.5,c\n",
            "calibration bad.csv --label y --proba s --positive a",
            1,
            "`c` is a third class",
        ),
        (
            "a,b,y\n1,inf,a\n",
            "calibration bad.csv --label y --logits a --logits b",
            1,
            "`inf` is not a number below infinity",
        ),
        (
            "a,b,y\n1,0,a\n",
            "calibration bad.csv --label y --proba a --logits b",
            2,
            "cannot be used with",
        ),
        (
            "a,b,y\n1,0,a\n",
            "calibration bad.csv --label y --proba a --proba b --positive c",
            2,
            "there is no class `c`",
        ),
        (
            "a,b,y\n1,0,a\n",
            "calibration bad.csv --label y --proba a --proba b --class x",
            2,
            "1 class names were given for 2 columns",
        ),
        (
            "a,b,y\n1,0,a\n",
            "calibration bad.csv --label y --proba a --proba b --class x --class x",
            2,
            "two columns would forecast the class `x`",
        ),
        (
            "p:a,p:b,y\n1,0,a\n0,1,b\n",
            "calibration bad.csv --label y --fit platt --folds 2",
            1,
            "too few",
        ),
    ] {
        bench.write("bad.csv", bytes);
        let run = bench.run(arguments);
        assert_eq!(run.code, Some(code), "{arguments} on {bytes:?}: {}", run.stderr);
        run.failed(code, part);
    }
    bench.fails("calibration none.csv --label y", 1, "none.csv: cannot open it");
}

#[test]
fn maps_refuse_what_is_no_map_and_temperatures_without_an_optimum() {
    let bench = Bench::new();
    bench.write("p.csv", csv(&rows(80, 6)));
    bench.ok("fit diabetes --out model.wl");
    bench.fails("recalibrate model.wl p.csv", 1, "its format is \"wonderland-model\"");
    bench.fails("recalibrate p.csv p.csv", 1, "p.csv: this is not a usable calibration map");
    bench.ok("calibration p.csv --label label --resamples 0 --fit platt --out m.map");
    let map = bench.read("m.map");
    bench.write("half.map", &map[..map.len() / 2]);
    bench.fails("recalibrate half.map p.csv", 1, "truncated");
    let mut changed = map.clone();
    let last = changed.len() - 5;
    changed[last] ^= 1;
    bench.write("changed.map", changed);
    bench.fails("recalibrate changed.map p.csv", 1, "checksum");
    bench.fails("predict m.map diabetes", 1, "its format is \"wonderland-map\"");
    bench.write("other.csv", "p:a,p:b\n.5,.5\n");
    bench.fails("recalibrate m.map other.csv", 1, "no column is called `p:no`");
    bench.fails(
        "recalibrate m.map other.csv --proba-prefix p:",
        1,
        "forecasts other classes (a, b)",
    );

    let logits = csv(&rows(80, 6)).replace("p:", "z:");
    bench.write("z.csv", logits);
    bench.ok("calibration z.csv --label label --logits-prefix z: --resamples 0 --fit temperature --out z.map");
    bench.ok("recalibrate z.map z.csv");
    bench.fails("recalibrate z.map p.csv --proba-prefix p:", 1, "the map was fitted on logits");

    let certain: String = "p:a,p:b,y\n".to_owned() + &".9,.1,a\n.1,.9,b\n".repeat(20);
    bench.write("sure.csv", certain);
    let fit = "calibration sure.csv --label y --resamples 0 --fit temperature --out t.map";
    bench.fails(fit, 1, "temperature scaling has no optimum on these 40 rows");
    bench
        .write("saturated.csv", "p:a,p:b,y\n".to_owned() + &"1,0,a\n0.5,.5,b\n.2,.8,a\n".repeat(9));
    bench.fails("calibration saturated.csv --label y --fit platt", 1, "is exactly 0 or 1");
    assert!(!bench.files().contains(&"t.map".to_owned()));
}

#[test]
fn hostile_names_stay_data() {
    let bench = Bench::new();
    let mut text = String::from("\"p:</script><b>\",\"p:a,\"\"b\",y\n");
    for i in 0..40 {
        let y = if i % 3 == 0 { "</script><b>" } else { "\"a,\"\"b\"" };
        let _ = writeln!(text, "0.4,0.6,{y}");
    }
    bench.write("x.csv", text);
    bench.ok(
        "calibration x.csv --label y --resamples 0 --fit histogram --out h.map --report r.html",
    );
    let html = String::from_utf8(bench.read("r.html")).unwrap();
    assert!(html.contains("<svg") && html.contains("Reliability"));
    assert!(!html.contains("<b>\"") && !html.contains("</script><b>"), "a name became markup");
    let table = bench.ok("recalibrate h.map x.csv");
    assert_eq!(table.lines().next(), Some("prediction,p:</script><b>,\"p:a,\"\"b\""));
    bench.write("esc.csv", "p:a\u{1b}[31m,p:b,y\n.5,.6,a\n");
    bench.fails("calibration esc.csv --label y", 1, "sum to 1.1");
}

#[test]
fn conformal_sets_keep_their_promise_and_say_so() {
    let bench = Bench::new();
    bench.write("cal.csv", csv(&rows(400, 7)));
    bench.write("new.csv", csv(&rows(600, 8)));
    for score in ["lac", "margin", "aps", "raps"] {
        let run = format!("conformal cal.csv --label label --score {score} --apply new.csv");
        let report = bench.json(&run);
        assert_eq!(report["n"], 600);
        assert_eq!(report["coverage"]["verdict"], "Within", "{score}: {}", report["coverage"]);
    }
    let report =
        bench.json("conformal cal.csv --label label --by-class --coverage 9/10 --apply new.csv");
    assert_eq!(report["thresholds"].as_array().unwrap().len(), 2);
    for class in report["coverage"]["per_class"].as_array().unwrap() {
        assert_eq!(class["verdict"], "Within", "{class}");
    }
    let table = bench.ok("conformal cal.csv --label label --apply new.csv --keep id --non-empty");
    assert_eq!(table.lines().next(), Some("prediction,set,id"));
    let summary = bench.ok("conformal cal.csv --label label --apply new.csv --out sets.csv");
    assert!(summary.contains("as promised"), "{summary}");
    assert_eq!(String::from_utf8(bench.read("sets.csv")).unwrap().lines().count(), 601);

    bench.write("few.csv", csv(&rows(8, 9)));
    bench.fails("conformal few.csv --label label --apply new.csv", 1, "needs at least 9 rows");
    bench.fails("conformal cal.csv --label label --apply cal.csv", 2, "are one file");
    bench.fails(
        "conformal cal.csv --label label --apply new.csv --coverage 1",
        2,
        "between 0 and 1",
    );
}

#[test]
fn intervals_by_hand() {
    let bench = Bench::new();
    // Residuals 0.1, 0.2, …, 0.9: at ¾ the ⌈10 · 3/4⌉ = 8th smallest is 0.8.
    let mut text = String::from("y,predicted,lo,hi\n");
    for i in 1..=9 {
        let _ = writeln!(text, "0.{i},0,-0.1,0.1");
    }
    bench.write("cal.csv", text);
    bench.write("new.csv", "name,predicted,lo,hi\nx,10,9,12\n");
    let split =
        "conformal cal.csv --label y --coverage 0.75 --prediction predicted --apply new.csv";
    assert_eq!(bench.ok(&format!("{split} --keep name")), "lower,upper,name\n9.2,10.8,x\n");
    // max(lo − y, y − hi) is y − 0.1: the 8th smallest is 0.8 − 0.1.
    let cqr = bench
        .json("conformal cal.csv --label y --coverage 3/4 --lower lo --upper hi --apply new.csv");
    assert!((number(&cqr["lower"][0]) - 8.3).abs() < 1e-12, "{cqr}");
    assert!((number(&cqr["upper"][0]) - 12.7).abs() < 1e-12, "{cqr}");
    assert_eq!(cqr["coverage"], Value::Null);
    bench.fails("conformal cal.csv --label y --lower lo --apply new.csv", 2, "--upper");
    let swapped = bench
        .run("conformal cal.csv --label y --coverage 3/4 --lower hi --upper lo --apply new.csv");
    let said = "warning: `hi` lies above `lo` in 9 of 9 rows: are --lower and --upper swapped?";
    assert!(swapped.stderr.contains(said), "{}", swapped.stderr);
    bench.fails("conformal cal.csv --label y --apply new.csv", 2, "for intervals about numbers");
    bench.write("bad.csv", "y,predicted\n1,abc\n");
    bench.fails(
        "conformal bad.csv --label y --prediction predicted --apply new.csv",
        1,
        "bad.csv, line 2, column `predicted`: `abc` is not a finite number",
    );
}

#[test]
fn notes_4_3_3_cost_matrix() {
    let bench = Bench::new();
    // A miss costs ten false alarms: 1/11 suffices to act.
    bench.write("costs.csv", "action,no,yes\nno,0,10\nyes,1,0\n");
    bench.write("p.csv", "p:no,p:yes,y\n0.95,0.05,no\n0.85,0.15,yes\n0.2,0.8,yes\n0.9,0.1,no\n");
    let report = bench.json("decide p.csv --costs costs.csv --label y");
    assert_eq!(report["decisions"], serde_json::json!(["no", "yes", "yes", "yes"]));
    assert_eq!(number(&report["threshold"]), 1.0 / 11.0);
    assert_eq!(number(&report["comparison"]["mean_cost"]), 0.25);
    assert_eq!(number(&report["comparison"]["mean_argmax_cost"]), 2.5);
    let table = bench.ok("decide p.csv --costs costs.csv --keep y");
    assert!(table.starts_with("action,expected_cost,y\nno,0.5,no\nyes,0.85,yes\n"), "{table}");

    // Columns and rows of the costs are found by name.
    bench.write("swapped.csv", "do,yes,no\nyes,0,1\nno,10,0\n");
    assert_eq!(bench.ok("decide p.csv --costs swapped.csv --keep y"), table);
    // A single column, and rejection at 0.3 whatever the truth.
    bench.write("one.csv", "score\n0.05\n0.15\n0.8\n");
    let run = "decide one.csv --proba score --positive yes --costs costs.csv --reject 0.3";
    assert_eq!(
        bench.json(run)["decisions"],
        serde_json::json!(["reject", "reject", "yes"]),
        "0.5 and 0.85 are dearer than 0.3, 0.2 is not"
    );
    for (costs, part) in [
        ("action,no\nno,0\n", "no column holds the costs when the truth is `yes`"),
        ("action,no,yes,x\nno,0,1,1\n", "the column `x` is no class"),
        ("action,no,yes\nno,0,1\nno,1,0\n", "line 3: the action `no` is there twice"),
        ("action,no,yes\nno,0,inf\n", "line 2, column `yes`: `inf` is not a finite number"),
        ("action,no,yes\nno,0,\n", "line 2, column `yes`: the value is missing"),
    ] {
        bench.write("bad.csv", costs);
        bench.fails("decide p.csv --costs bad.csv", 1, part);
    }
}

#[test]
fn an_older_output_survives_a_failure() {
    let bench = Bench::new();
    bench.write("p.csv", csv(&rows(40, 10)));
    bench.write("bad.csv", "p:no,p:yes,label\n.5,.5,no\n2,-1,no\n");
    bench.write("old", "kept");
    bench.fails("calibration bad.csv --label label --report old", 1, "line 3");
    bench.fails("calibration bad.csv --label label --fit platt --out old", 1, "line 3");
    bench.ok("calibration p.csv --label label --resamples 0 --fit platt --out m.map");
    bench.fails("recalibrate m.map bad.csv --out old", 1, "line 3");
    bench.fails("conformal p.csv --label label --apply bad.csv --out old", 1, "line 3");
    assert_eq!(bench.read("old"), b"kept");
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let bench = Bench::new();
    bench.write("p.csv", csv(&rows(200, 11)));
    let run = "calibration p.csv --label label --resamples 50 --fit isotonic --seed 3 --out";
    let (a, b) = (bench.ok(&format!("{run} a.map")), bench.ok(&format!("{run} b.map --threads 1")));
    assert_eq!(a, b);
    assert_eq!(bench.read("a.map"), bench.read("b.map"));
}

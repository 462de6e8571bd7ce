//! `fit --stream`: the model of a file that is never in memory as a whole.

use std::fmt::Write as _;

use crate::program::Bench;

/// y = 2a − b + 3 and a little noise, more rows than one piece.
fn table(rows: usize) -> String {
    let mut text = "a,b,y\n".to_owned();
    for i in 0..rows {
        let (a, b) = ((i as f64 * 0.7).sin(), (i as f64 * 1.3).cos());
        let _ = writeln!(text, "{a},{b},{}", 2.0 * a - b + 3.0 + 0.01 * (i as f64).sin());
    }
    text
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_answer_is_that_of_the_rows_in_memory() {
    let bench = Bench::new();
    bench.write("t.csv", table(20_000));
    bench.write("fresh.csv", table(100));
    let common = "fit t.csv --target y --model linear --json -q";
    let whole = json(&bench.ok(&format!("{common} --test fresh.csv --out whole.wl")));
    let pieces = json(&bench.ok(&format!("{common} --stream --test fresh.csv --out pieces.wl")));
    assert_eq!(pieces["route"], "normal_equations");
    assert_eq!(pieces["n_train"], 20_000);
    for name in ["a", "b"] {
        let of = |report: &serde_json::Value| report["coefficients"][name].as_f64().unwrap();
        assert!((of(&whole) - of(&pieces)).abs() <= 1e-12 * of(&whole).abs(), "{name}");
    }
    let rmse = |report: &serde_json::Value| report["metrics"]["rmse"].as_f64().unwrap();
    assert!((rmse(&whole) - rmse(&pieces)).abs() <= 1e-12);
    // What was saved predicts.
    let predicted = bench.ok("predict pieces.wl fresh.csv -q");
    assert_eq!(predicted.lines().count(), 101);
    // Standard input is a stream too.
    let piped = bench.pipe(
        "fit - --target y --stream --test none --json -q --out piped.wl",
        table(20_000).as_bytes(),
    );
    assert_eq!(piped.code, Some(0), "{}", piped.stderr);
    assert_eq!(bench.read("piped.wl"), bench.read("pieces.wl"));
}

#[test]
fn what_cannot_be_streamed_is_said() {
    let bench = Bench::new();
    bench.write("t.csv", table(50));
    bench.write("twice.csv", "a,b,y\n1,2,1\n2,4,2\n3,6,4\n4,8,3\n");
    bench.fails("fit t.csv --target y --stream", 2, "give --test none");
    let plain = "fit t.csv --target y --stream --test none";
    bench.fails(&format!("{plain} --coverage 0.9"), 2, "leave out `--calibrate` and `--coverage`");
    bench.fails(&format!("{plain} --model ridge"), 2, "use `--model linear`");
    bench.fails(&format!("{plain} --cv 3"), 2, "cannot be used with");
    bench.fails("fit t.csv --target z --stream --test none", 2, "z");
    bench.fails("fit twice.csv --target y --stream --test none", 1, "leave out `--stream`");
}

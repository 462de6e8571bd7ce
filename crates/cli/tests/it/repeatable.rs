//! The same bytes for every run, every number of threads and every order of
//! columns.

use crate::program::Bench;

const FITS: [&str; 3] = [
    "fit diabetes --seed 3",
    "fit diabetes --model ridge",
    "fit diabetes --model ridge --lambda cv:5 --seed 2",
];

#[test]
fn threads_and_runs_change_no_byte() {
    let bench = Bench::new();
    for fit in FITS {
        let summary = bench.ok(&format!("{fit} --out first.wl -q"));
        let predictions = bench.ok("predict first.wl diabetes -q");
        for threads in [1, 2, 3, 8] {
            let again = bench.ok(&format!("{fit} --out again.wl -q --threads {threads}"));
            assert_eq!(summary, again);
            assert_eq!(bench.read("first.wl"), bench.read("again.wl"), "{fit}, {threads} threads");
            let threaded = bench.ok(&format!("predict again.wl diabetes -q --threads {threads}"));
            assert_eq!(predictions, threaded);
        }
    }
}

#[test]
fn the_seed_deals_the_rows() {
    let bench = Bench::new();
    let r2 =
        |seed: u32| bench.json(&format!("fit diabetes --seed {seed}"))["metrics"]["r2"].clone();
    assert_eq!(r2(1), r2(1));
    assert_ne!(r2(1), r2(2));
}

#[test]
fn changed_test_rows_change_no_byte_of_the_model() {
    let bench = Bench::new();
    let mut rows: Vec<String> = vec!["x,z,y".into()];
    rows.extend((0..50).map(|i| format!("{i},{},{}", i * i % 7, 3 * i + i % 4)));
    bench.write("t.csv", rows.join("\n"));
    let before = bench.ok("fit t.csv --target y --split-by-order --out before.wl -q");
    for row in &mut rows[41..] {
        *row = "1e6,-5,1e9".into();
    }
    bench.write("t.csv", rows.join("\n"));
    let after = bench.ok("fit t.csv --target y --split-by-order --out after.wl -q");
    assert_eq!(bench.read("before.wl"), bench.read("after.wl"));
    assert_ne!(before, after, "the scores are those of the test rows");
}

/// The last rows test; those before them, dealt by the seed, train, calibrate
/// and conformalise.
#[test]
fn changed_test_rows_change_no_byte_of_a_calibrated_model() {
    let bench = Bench::new();
    let mut rows: Vec<String> = vec!["x,z,y".into()];
    let class = |i: usize| if (7 * i + i / 3) % 11 < 5 + i % 3 { "dry" } else { "wet" };
    rows.extend((0..400).map(|i| format!("{},{},{}", i % 23, i * i % 17, class(i))));
    for options in ["--calibrate platt --coverage 0.9", "--calibrate venn-abers --coverage 0.8"] {
        let fit = format!("fit t.csv --target y --split-by-order {options} -q --out");
        bench.write("t.csv", rows.join("\n"));
        let before = bench.ok(&format!("{fit} before.wl"));
        let mut changed = rows.clone();
        for (i, row) in changed[321..].iter_mut().enumerate() {
            *row = format!("{},1e3,{}", 1e6 - i as f64, if i % 2 == 0 { "wet" } else { "dry" });
        }
        bench.write("t.csv", changed.join("\n"));
        let after = bench.ok(&format!("{fit} after.wl"));
        assert_eq!(bench.read("before.wl"), bench.read("after.wl"), "{options}");
        assert_ne!(before, after, "the scores are those of the test rows");
        // The test would notice: the first row is not tested.
        changed[1] = "1000,1,wet".into();
        bench.write("t.csv", changed.join("\n"));
        bench.ok(&format!("{fit} other.wl"));
        assert_ne!(bench.read("before.wl"), bench.read("other.wl"), "{options}");
    }
}

#[test]
fn shuffled_columns_give_the_same_predictions() {
    let bench = Bench::new();
    bench.ok("fit diabetes --out model.wl");
    let table = bench.ok("datasets diabetes");
    let reversed: String = table
        .lines()
        .map(|line| format!("{}\n", line.split(',').rev().collect::<Vec<_>>().join(",")))
        .collect();
    bench.write("reversed.csv", reversed);
    assert_eq!(bench.ok("predict model.wl diabetes"), bench.ok("predict model.wl reversed.csv"));
}

#[test]
fn a_table_may_be_a_name_a_file_or_standard_input() {
    let bench = Bench::new();
    let table = bench.ok("datasets diabetes");
    bench.write("table.csv", &table);
    bench.ok("fit diabetes --out model.wl");
    bench.ok("fit table.csv --target target --out named.wl");
    assert_eq!(bench.pipe("fit - --target target --out piped.wl", table.as_bytes()).code, Some(0));
    assert_eq!(bench.read("model.wl"), bench.read("named.wl"));
    assert_eq!(bench.read("model.wl"), bench.read("piped.wl"));
    let piped = bench.pipe("predict model.wl -", table.as_bytes());
    assert_eq!(piped.stdout, bench.ok("predict model.wl table.csv"));
    let piped = bench.pipe("evaluate model.wl -", table.as_bytes());
    assert_eq!(piped.stdout, bench.ok("evaluate model.wl table.csv"));
    assert_eq!(bench.ok("fit diabetes --out - -q").as_bytes(), bench.read("model.wl"));
    bench.ok("predict model.wl table.csv --out predictions.csv");
    assert_eq!(
        bench.read("predictions.csv"),
        bench.ok("predict model.wl table.csv --out -").as_bytes()
    );
}

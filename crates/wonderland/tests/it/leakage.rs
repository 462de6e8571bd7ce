//! The four parts of the rows of a classification: each reaches what is fitted
//! on it and nothing before it, and permuted classes look like chance.

use wonderland::Calibrate;
use wonderland::calibration::Verdict;
use wonderland::data::{Column, Purpose, Values, rng, shuffle};
use wonderland::forecasts::{Assessing, Assessment, ForecastColumns};
use wonderland::prelude::*;

fn recipe(calibrate: Calibrate) -> Recipe {
    Recipe {
        calibrate: Some(calibrate),
        coverage: Some(Conformalise::to_cover(0.8).unwrap()),
        ..Recipe::new("target")
    }
}

/// A table with the features of some rows moved.
fn moved(table: &Table, rows: &[usize]) -> Table {
    let column = |column: &Column| match &column.values {
        Values::Text(_) => column.clone(),
        Values::Numbers(numbers) => {
            let mut numbers = numbers.clone();
            rows.iter().for_each(|&row| numbers[row] = 1.2 * numbers[row] + 0.3);
            Column { name: column.name.clone(), values: Values::Numbers(numbers) }
        }
    };
    Table::new("moved", table.columns().iter().map(column).collect()).unwrap()
}

#[test]
fn rows_reach_only_what_is_fitted_on_them() {
    let table = builtin("wine").unwrap().table().unwrap();
    for calibrate in [Calibrate::Platt, Calibrate::Isotonic, Calibrate::VennAbers] {
        let recipe = recipe(calibrate);
        let split = recipe.split(&table, &SplitSettings::default(), false).unwrap();
        let fit = |rows: &[usize]| {
            let table = moved(&table, rows);
            assert_eq!(recipe.split(&table, &SplitSettings::default(), false).unwrap(), split);
            recipe.fit(&table, &split).unwrap()
        };
        let base = fit(&[]);
        assert_eq!(fit(&split.test).to_bytes().unwrap(), base.to_bytes().unwrap());

        let other = fit(&split.conformal);
        assert_eq!((other.model(), other.calibrator()), (base.model(), base.calibrator()));
        assert_eq!(
            (other.preprocessor(), other.training()),
            (base.preprocessor(), base.training())
        );
        assert_ne!(other.conformal(), base.conformal());

        let other = fit(&split.calibration);
        assert_eq!((other.model(), other.preprocessor()), (base.model(), base.preprocessor()));
        assert_eq!(other.training(), base.training());
        assert_ne!(other.calibrator(), base.calibrator());

        let other = fit(&split.train);
        assert_ne!(other.model(), base.model());
    }
}

/// With the classes dealt out anew nothing can be learned: no model beats the
/// majority, no log loss the shares of the classes, and coverage stays what it
/// promises, because that needs no skill.
#[test]
fn permuted_classes_look_like_chance() {
    let table = builtin("wine").unwrap().table().unwrap();
    let Values::Text(classes) = &table.column("target").unwrap().values else { unreachable!() };
    let (mut better, mut sharper, mut off, seeds) = (0, 0, 0, 40);
    for seed in 0..seeds {
        let mut order: Vec<usize> = (0..table.n_rows()).collect();
        shuffle(&mut order, &mut rng(seed, Purpose::Permutation));
        let mut columns = table.columns().to_vec();
        let target = columns.iter_mut().find(|column| column.name == "target").unwrap();
        target.values = Values::Text(order.iter().map(|&i| classes.get(i)).collect());
        let dealt = Table::new("dealt", columns).unwrap();

        let recipe = recipe(Calibrate::Platt);
        let settings = SplitSettings { seed, ..SplitSettings::default() };
        let split = recipe.split(&dealt, &settings, false).unwrap();
        let pipeline = recipe.fit(&dealt, &split).unwrap();
        let evaluation = pipeline.evaluate(&dealt.select(&split.test)).unwrap();
        let Metrics::Classification(metrics) = evaluation.metrics else { unreachable!() };
        let scores = &metrics.scores;
        better += usize::from(scores.beats_baseline());
        let [_, log_loss] = scores.log_loss.interval.unwrap();
        sharper += usize::from(log_loss < scores.baseline.log_loss);
        let coverage = metrics.coverage.unwrap().overall.verdict.unwrap();
        off += usize::from(coverage != Verdict::Within);
    }
    // At most 2.5 % each by chance: 5 or more of 40 has a chance of 0.3 %.
    assert!(better < 5 && sharper < 5, "better {better}, sharper {sharper}");
    // 5 % or less outside the band: 7 or more of 40 has a chance of 0.3 %.
    assert!(off < 7, "coverage off {off} times");
}

/// Outcomes drawn from the forecasts themselves: every interval of an error
/// begins at 0 and the test finds nothing, but for as many seeds as their
/// level allows; of forecasts twice too bold, no interval does.
#[test]
fn intervals_of_errors_begin_at_zero_where_forecasts_are_calibrated() {
    let assess = |seed: u64, boldness: f64| -> Assessment {
        use std::fmt::Write as _;
        let mut text = String::from("p:a,p:b,p:c,y\n");
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut uniform = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        for _ in 0..150 {
            let z = [3.0 * uniform(), 3.0 * uniform(), 3.0 * uniform()];
            let softmax = |beta: f64| {
                let e = z.map(|z| (beta * z).exp());
                e.map(|x| x / e.iter().sum::<f64>())
            };
            let (truth, said, u) = (softmax(1.0), softmax(boldness), uniform());
            let class = if u < truth[0] {
                "a"
            } else if u < truth[0] + truth[1] {
                "b"
            } else {
                "c"
            };
            let _ = writeln!(text, "{},{},{},{class}", said[0], said[1], said[2]);
        }
        let columns = ForecastColumns { label: Some("y".into()), ..ForecastColumns::default() };
        let table = columns.read(&Csv::default(), text.as_bytes(), "p.csv").unwrap();
        Assessing { resamples: 100, draws: 100, seed, ..Assessing::default() }
            .assess(&table)
            .unwrap()
    };
    let lower_ends = |a: &Assessment| {
        let of = |interval: Option<[f64; 2]>| interval.map_or(0.0, |[low, _]| low);
        let e = &a.classes;
        [e.confidence.ece, e.top_label.ece, e.classwise.ece, a.smooth_ece]
            .map(|measure| of(measure.interval))
            .into_iter()
            .chain([of(a.corp_intervals[0])])
            .collect::<Vec<_>>()
    };
    let (seeds, mut above, mut refused) = (24, [0; 5], 0);
    for seed in 0..seeds {
        let a = assess(seed, 1.0);
        refused += usize::from(!a.is_consistent());
        for (above, low) in above.iter_mut().zip(lower_ends(&a)) {
            *above += usize::from(low > 0.0);
        }
    }
    // 2.5 % each: 4 or more of 24 has a chance of 0.3 %; 5 %: 6 or more, 0.1 %.
    assert!(above.iter().all(|&n| n < 4) && refused < 6, "{above:?}, refused {refused}");
    for seed in 0..4 {
        let bold = assess(seed, 4.0);
        assert!(!bold.is_consistent() && lower_ends(&bold).iter().all(|&low| low > 0.0));
    }
}

//! What other libraries answer: the reference where they are right, and where
//! they are not, beside the exact value that we hold to. The scripts are
//! `xtask/refs/calibration_libraries.py` and `calibration_netcal.py`.

use serde_json::Value;
use wonderland_calibration::*;

use crate::testdata::{close, codes, load, matrix, numbers};

const EPS: f64 = f64::EPSILON;

/// Fails unless the intervals are the rows [lower, upper]; each end is a sum
/// of a few terms of size 1 to 5.
#[track_caller]
fn same_intervals(found: &PredictionIntervals, expected: &Value) {
    let expected = matrix(expected);
    assert_eq!(found.len(), expected.nrows());
    for (i, (&lower, &upper)) in found.lower.iter().zip(&found.upper).enumerate() {
        let off = (lower - expected[[i, 0]]).abs().max((upper - expected[[i, 1]]).abs());
        assert!(off <= 16.0 * EPS, "row {i}: [{lower}, {upper}], {off} off");
    }
}

#[test]
fn split_and_quantile_intervals_are_those_of_mapie_and_crepes() {
    let d = load("intervals.json");
    let n = d["n"].as_u64().unwrap() as usize;
    let [y, y_hat, scale, lo, hi] = ["y", "y_hat", "scale", "lo", "hi"].map(|key| numbers(&d[key]));
    let alpha = Alpha::TENTH;
    let split = SplitRegression { alpha };
    let plain = split.fit(&y[..n], &y_hat[..n]).unwrap();
    same_intervals(&plain.predict(&y_hat[n..]).unwrap(), &d["split"]);
    let scaled = split.fit_normalised(&y[..n], &y_hat[..n], &scale[..n]).unwrap();
    let scaled = scaled.predict_normalised(&y_hat[n..], &scale[n..]).unwrap();
    same_intervals(&scaled, &d["normalised"]);
    for (symmetric, key) in [(true, "cqr_symmetric"), (false, "cqr")] {
        let cqr = QuantileRegression { alpha, symmetric };
        let cqr = cqr.fit(&y[..n], &lo[..n], &hi[..n]).unwrap();
        same_intervals(&cqr.predict(&lo[n..], &hi[n..]).unwrap(), &d[key]);
    }
}

#[test]
fn jackknife_and_cv_intervals_are_those_of_mapie() {
    let d = load("cross.json");
    let (y, alpha) = (numbers(&d["y"]), Alpha::new(1, 5).unwrap());
    for case in d["cases"].as_array().unwrap() {
        let (fold, own) = (codes(&case["fold"]), numbers(&case["out_of_fold"]));
        let predictions = matrix(&case["predictions"]);
        for (method, key) in [(CrossMethod::Plus, "plus"), (CrossMethod::MinMax, "minmax")] {
            let cross = CrossConformal { alpha, method, seed: 0 };
            let found = cross.intervals(&y, &own, &fold, predictions.as_mat()).unwrap();
            same_intervals(&found, &case[key]);
        }
    }
}

/// Levels whose float is not their fraction: MAPIE and crepes take another
/// rank, or none at all; the scores are 1, …, n.
#[test]
fn ranks_are_exact_where_floats_err() {
    let d = load("ranks_in_floats.json");
    let (mut mapie, mut crepes) = (0, 0);
    for row in d["rows"].as_array().unwrap() {
        let [a, b, n, exact] = [0, 1, 2, 3].map(|j| row[j].as_u64().unwrap());
        mapie += usize::from(row[4].as_u64() != Some(exact));
        crepes += usize::from(row[5].as_u64() != Some(exact));
        let scores: Vec<f64> = (1..=n).map(|s| s as f64).collect();
        let coverage = 1.0 - a as f64 / b as f64;
        for alpha in [Alpha::new(a, b), Alpha::from_coverage(coverage)].map(Result::unwrap) {
            let threshold = conformal_threshold(&scores, alpha).unwrap();
            assert_eq!(threshold, Threshold::Finite(exact as f64), "α = {a}/{b}, n = {n}");
        }
    }
    assert!(mapie > 10 && crepes > 10, "nothing to be right about: {mapie}, {crepes}");
}

/// Fractions say which error is which; MAPIE weighs predicted classes alike
/// in its top-label error, and so finds another number.
#[test]
fn classes_by_fractions_mapie_netcal_and_scikit_learn() {
    let (d, netcal) = (load("classes.json"), load("netcal.json"));
    let (P, labels, exact) = (matrix(&d["P"]), codes(&d["labels"]), &d["exact"]);
    let f = ClassForecasts::new(P.as_mat(), &labels).unwrap();
    let bins = Bins::equal_width(d["n_bins"].as_u64().unwrap() as usize);
    // Means of 240 terms, each rounded: far below 240 ε.
    let tol = 64.0 * EPS;
    let confidence = confidence_calibration_error(&f, &bins).unwrap();
    for reference in
        [&exact["confidence_ece"], &d["mapie_confidence_ece"], &netcal["classes"]["ece"]]
    {
        close(confidence.ece, reference, tol);
    }
    close(confidence.mce, &exact["confidence_mce"], tol);
    close(confidence.mce, &netcal["classes"]["mce"], tol);
    close(confidence.unweighted_gap, &netcal["classes"]["mean_gap"], tol);
    let classwise = classwise_calibration_error(&f, &bins).unwrap().ece;
    close(classwise, &exact["classwise_ece"], tol);
    close(classwise, &d["mapie_classwise_ece"], tol);
    let top = top_label_calibration_error(&f, &bins).unwrap().ece;
    close(top, &exact["top_label_ece"], tol);
    close(d["mapie_top_label_ece"].as_f64().unwrap(), &d["unweighted_top_label_ece"], tol);
    assert!((top - d["mapie_top_label_ece"].as_f64().unwrap()).abs() > 0.005);

    close(brier_multiclass(&f), &exact["brier"], tol);
    close(brier_multiclass(&f), &d["sklearn_brier"], tol);
    close(log_loss_multiclass(&f), &d["sklearn_log_loss"], tol);
    let Z = matrix(&d["Z"]);
    let beta = 1.0 / {
        let Z = Logits::new(Z.as_mat()).unwrap();
        TemperatureScaling::default().fit(&Z, &labels).unwrap().temperature()
    };
    // Where they stop: the slope is nearly 0, so half of the digits are lost.
    close(beta, &d["sklearn_beta"], 1e-6);
    close(beta, &netcal["beta"], 1e-6);
}

#[test]
fn lac_sets_are_those_of_mapie() {
    let d = load("classes.json");
    let (P, labels) = (matrix(&d["P"]), codes(&d["labels"]));
    let n = d["n"].as_u64().unwrap() as usize;
    let all = ClassForecasts::new(P.as_mat(), &labels).unwrap();
    let (old, new): (Vec<usize>, Vec<usize>) = (0..labels.len()).partition(|&i| i < n);
    let lac = ConformalClassification::new(Alpha::new(3, 20).unwrap());
    let sets = lac.fit(&all.select(&old)).unwrap().predict(&all.proba().select(&new), 0).unwrap();
    let expected = matrix(&d["mapie_lac"]);
    for i in 0..new.len() {
        for k in 0..all.n_classes() {
            assert_eq!(sets.contains(i, k), expected[[i, k]] == 1.0, "row {i} class {k}");
        }
    }
}

/// netcal's bins are the same but at their ends; an empty bin keeps its
/// midpoint, and its scalings stop at about six digits.
#[test]
fn binary_values_of_netcal() {
    let (d, netcal) = (load("binary.json"), load("netcal.json"));
    let (p, y) = (numbers(&d["p"]), codes(&d["y"]));
    let f = Forecasts::from_codes(&p, &y).unwrap();
    let bins = Bins::equal_width(netcal["n_bins"].as_u64().unwrap() as usize);
    let e = calibration_error(&f, &bins).unwrap();
    close(e.ece, &netcal["binary"]["ece"], 64.0 * EPS);
    close(e.mce, &netcal["binary"]["mce"], 64.0 * EPS);
    close(e.unweighted_gap, &netcal["binary"]["mean_gap"], 64.0 * EPS);
    let queries = numbers(&netcal["queries"]);
    let sparse = Forecasts::new(&[0.05, 0.95], &[false, true]).unwrap();
    for (of, key) in [(&f, "histogram"), (&sparse, "empty_bins")] {
        let map = HistogramBinning { bins }.fit(of).unwrap();
        for (value, expected) in map.transform(&queries).unwrap().iter().zip(numbers(&netcal[key]))
        {
            assert!((value - expected).abs() <= EPS, "{key}: {value} against {expected}");
        }
    }
    let z: Vec<f64> = p.iter().map(|p| (p / (1.0 - p)).ln()).collect();
    let map = PlattScaling { smoothed: false }.fit(&z, f.y(), None).unwrap();
    close(map.slope, &netcal["platt_slope"], 1e-5);
    close(map.intercept, &netcal["platt_intercept"], 1e-5);
    // On the edges themselves it finds neither of the exact values, because
    // NumPy's grid has 0.3, 0.6 and 0.7 one place too high.
    let edges = load("edges.json");
    let theirs = netcal["edges"]["ece"].as_f64().unwrap();
    for key in ["left", "right"] {
        assert!((theirs - edges[key].as_f64().unwrap()).abs() > 0.02);
    }
}

/// The statistic is MAPIE's; its p-value is one-sided and does not see
/// forecasts that dare too little.
#[test]
fn spiegelhalter_looks_to_both_sides() {
    let mut missed = 0;
    for case in load("risk.json")["spiegelhalter"].as_array().unwrap() {
        let (p, y) = (numbers(&case["p"]), codes(&case["y"]));
        let s = spiegelhalter(&Forecasts::from_codes(&p, &y).unwrap()).unwrap();
        // Sums of 80 terms of size 1, divided by about 3.
        close(s.z, &case["z"], 80.0 * EPS);
        let theirs = case["mapie_p"].as_f64().unwrap();
        assert!((s.p_value - 2.0 * theirs.min(1.0 - theirs)).abs() <= 80.0 * EPS);
        missed += usize::from(s.p_value < 0.2 && theirs > 0.8);
    }
    assert!(missed > 0, "no sample is underconfident");
}

/// k ones among n losses are certified at a δ just above MAPIE's p-value, and
/// not just below it.
#[test]
fn hoeffding_bentkus_p_values_are_those_of_mapie() {
    for row in load("risk.json")["hoeffding_bentkus"].as_array().unwrap() {
        let (n, alpha) = (row[0].as_u64().unwrap() as usize, row[1].as_f64().unwrap());
        let (k, p) = (row[2].as_u64().unwrap() as usize, row[3].as_f64().unwrap());
        let losses = wonderland_linalg::Tensor::from_fn(n, 1, |i, _| f64::from(u8::from(i < k)));
        let certified = |delta: f64| {
            let test = LearnThenTest { alpha, delta, family: FamilyWise::FixedSequence };
            test.certify(losses.as_mat()).unwrap() == [0]
        };
        // Two evaluations of n ln x in the exponent: 10⁻¹¹ for n ≤ 128.
        assert!(!certified(p.min(1.0 - EPS) * (1.0 - 1e-11)), "{k} of {n} at {alpha}");
        assert!(p > 0.99 || certified(p * (1.0 + 1e-11)), "{k} of {n} at {alpha}");
    }
}

/// relplot evaluates on a grid of 1/1000 and halves its bandwidth ten times,
/// so it agrees to about 10⁻³ – inside. At p = 0 and 1 it counts half.
#[test]
fn smooth_error_of_relplot_and_where_it_errs() {
    let d = load("relplot.json");
    let (p, y) = (numbers(&d["p"]), codes(&d["y"]));
    let f = Forecasts::from_codes(&p, &y).unwrap();
    let left = Bins::EqualWidth { n_bins: 10, closed: Closed::Left };
    close(calibration_error(&f, &left).unwrap().ece, &d["binned_10"], 64.0 * EPS);
    for pair in d["at_sigma"].as_array().unwrap() {
        close(smoothed_error(&f, pair[0].as_f64().unwrap()).unwrap(), &pair[1], 2e-3);
    }
    close(smooth_ece(&f).value, &d["smooth"], 2e-3);
    // ¼: all residuals have one sign. 0.4559…: by SciPy, in smooth.json.
    let ends = d["ends"].as_array().unwrap();
    let exact = [0.25, load("smooth.json")["cases"][0]["value"].as_f64().unwrap()];
    for (case, exact) in ends.iter().zip(exact) {
        let (p, y) = (numbers(&case["p"]), numbers(&case["y"]));
        let y: Vec<bool> = y.iter().map(|&y| y == 1.0).collect();
        let value = smooth_ece(&Forecasts::new(&p, &y).unwrap()).value;
        assert!((value - exact).abs() <= 1e-10, "{value} against {exact}");
        assert!(case["relplot"].as_f64().unwrap() > exact + 0.08);
    }
}

/// Where there is no best temperature, scikit-learn returns the end of its
/// range, and for an impossible outcome a large number.
#[test]
fn what_has_no_optimum_says_so() {
    let d = load("no_optimum.json");
    let Z = matrix(&d["Z"]);
    let fit = |key: &str| {
        let Z = Logits::new(Z.as_mat()).unwrap();
        TemperatureScaling::default().fit(&Z, &codes(&d[key]["labels"])).unwrap().optimum
    };
    assert_eq!(fit("all_right"), TemperatureOptimum::TToZero);
    assert_eq!(fit("all_wrong"), TemperatureOptimum::TToInfinity);
    assert!(d["all_right"]["sklearn_beta"].as_f64().unwrap() < 100.0);
    let impossible = &d["impossible"];
    let (p, y) = (numbers(&impossible["p"]), codes(&impossible["y"]));
    let f = Forecasts::from_codes(&p, &y).unwrap();
    assert_eq!(log_loss(&f), f64::INFINITY);
    // Clipped on request: (ln 1000 + ln 2)/2, and one of the two was.
    let clipped = clipped_log_loss(&f, 1e-3).unwrap();
    assert!((clipped.value - 2000_f64.ln() / 2.0).abs() <= 4.0 * EPS && clipped.n_clipped == 1);
    assert!(impossible["sklearn"].as_f64().unwrap().is_finite());
}

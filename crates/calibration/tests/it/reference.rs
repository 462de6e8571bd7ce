//! Values of other libraries and of high-precision arithmetic; the script is
//! `xtask/refs/calibration.py`.

use wonderland_calibration::*;

use crate::testdata::{close, codes, load, matrix, numbers};

#[test]
fn binary_errors_scores_and_maps() {
    let d = load("binary.json");
    let (p, codes) = (numbers(&d["p"]), codes(&d["y"]));
    let f = Forecasts::from_codes(&p, &codes).unwrap();
    let table = reliability_table(&f, &Bins::equal_width(10)).unwrap();
    let e = table.error().unwrap();
    // Sums of 300 terms in another order: 300 ε.
    close(e.ece, &d["ece_10"], 1e-13);
    close(e.mce, &d["mce_10"], 1e-13);
    for (row, (a, m)) in table
        .rows
        .iter()
        .zip(numbers(&d["frequencies_10"]).into_iter().zip(numbers(&d["mean_p_10"])))
    {
        assert!(
            (row.frequency.unwrap() - a).abs() < 1e-13 && (row.mean_p.unwrap() - m).abs() < 1e-13
        );
    }
    close(brier(&f), &d["brier"], 1e-14);
    close(log_loss(&f), &d["log_loss"], 1e-14);
    let map = IsotonicCalibration::default().fit(f.p(), f.y(), None).unwrap();
    let grid = numbers(&d["grid"]);
    for (a, b) in map.transform(&grid).unwrap().iter().zip(numbers(&d["isotonic"])) {
        assert!((a - b).abs() < 1e-12);
    }
    let line = cox(&f).unwrap();
    // scikit-learn stops at its own gradient tolerance.
    close(line.slope, &d["cox_slope"], 1e-8);
    close(line.intercept, &d["cox_intercept"], 1e-8);
}

#[test]
fn edges_belong_where_fractions_say() {
    let d = load("edges.json");
    let (p, codes) = (numbers(&d["p"]), codes(&d["y"]));
    let f = Forecasts::from_codes(&p, &codes).unwrap();
    for (closed, key) in [(Closed::Right, "right"), (Closed::Left, "left")] {
        let e = calibration_error(&f, &Bins::EqualWidth { n_bins: 10, closed }).unwrap();
        close(e.ece, &d[key], 1e-15);
    }
}

#[test]
fn smooth_error_by_mpmath() {
    let d = load("smooth.json");
    for case in d["cases"].as_array().unwrap() {
        let (p, codes) = (numbers(&case["p"]), codes(&case["y"]));
        let e = smooth_ece(&Forecasts::from_codes(&p, &codes).unwrap());
        close(e.value, &case["value"], e.error_bound);
    }
}

#[test]
fn temperature_by_mpmath() {
    let d = load("temperature.json");
    let (Z, labels) = (matrix(&d["Z"]), codes(&d["labels"]));
    let fit =
        TemperatureScaling::default().fit(&Logits::new(Z.as_mat()).unwrap(), &labels).unwrap();
    close(1.0 / fit.temperature(), &d["beta"], 1e-12);
}

#[test]
fn venn_abers_pairs() {
    let d = load("venn_abers.json");
    let y: Vec<bool> = codes(&d["y"]).into_iter().map(|y| y == 1).collect();
    let map = VennAbers::default().fit(&numbers(&d["scores"]), &y).unwrap();
    let test = numbers(&d["test"]);
    let merged = map.transform(&test).unwrap();
    for (i, pair) in map.pairs(&test).unwrap().iter().enumerate() {
        close(pair.p0, &d["p0"][i], 1e-12);
        close(pair.p1, &d["p1"][i], 1e-12);
        close(merged[i], &d["merged"][i], 1e-12);
    }
}

#[test]
fn venn_abers_of_classes() {
    let d = load("venn_abers_classes.json");
    let (P, labels) = (matrix(&d["P"]), codes(&d["labels"]));
    let n = d["n"].as_u64().unwrap() as usize;
    let all = ClassForecasts::new(P.as_mat(), &labels).unwrap();
    let (old, new): (Vec<usize>, Vec<usize>) = (0..labels.len()).partition(|&i| i < n);
    let map = PairwiseVennAbers::default().fit(&all.select(&old)).unwrap();
    let Q = map.transform(&all.proba().select(&new)).unwrap();
    let expected = matrix(&d["coupled"]);
    for i in 0..new.len() {
        for k in 0..3 {
            assert!((Q.as_mat()[(i, k)] - expected[[i, k]]).abs() < 1e-12, "row {i} class {k}");
        }
    }
}

#[test]
fn conformal_p_values_and_ranks() {
    let d = load("conformal.json");
    let (P, labels) = (matrix(&d["P"]), codes(&d["labels"]));
    let n = d["n"].as_u64().unwrap() as usize;
    let all = ClassForecasts::new(P.as_mat(), &labels).unwrap();
    let (old, new): (Vec<usize>, Vec<usize>) = (0..labels.len()).partition(|&i| i < n);
    for (score, key) in [(ClassScore::Lac, "lac"), (ClassScore::Margin, "margin")] {
        let p = ClassPValues { score, grouping: Grouping::Marginal, smoothed: false, seed: 0 };
        let p = p.fit(&all.select(&old)).unwrap();
        let p = p.p_values(&all.proba().select(&new), 0).unwrap();
        let expected = matrix(&d[key]);
        for i in 0..new.len() {
            for k in 0..P.ncols() {
                assert!((p[[i, k]] - expected[[i, k]]).abs() < 1e-14, "{key} row {i} class {k}");
            }
        }
    }
    for rank in d["ranks"].as_array().unwrap() {
        let r: Vec<u64> = rank.as_array().unwrap().iter().map(|x| x.as_u64().unwrap()).collect();
        let expected = r[3] as usize;
        assert_eq!(Alpha::new(r[0], r[1]).unwrap().rank(r[2] as usize), expected);
        // The float nearest to the fraction means the fraction.
        let float = Alpha::from_f64(r[0] as f64 / r[1] as f64).unwrap();
        assert_eq!(float.rank(r[2] as usize), expected);
        let coverage = Alpha::from_coverage(1.0 - r[0] as f64 / r[1] as f64).unwrap();
        assert_eq!(coverage.rank(r[2] as usize), expected);
    }
}

//! Every fault, provoked, and the messages people see.

use wonderland_calibration::*;
use wonderland_linalg::Tensor;

#[track_caller]
fn fails<T: std::fmt::Debug>(result: Result<T>, message: &str) {
    assert_eq!(result.unwrap_err().to_string(), message);
}

#[test]
fn inputs() {
    fails(Forecasts::new(&[], &[]), "p is empty: give at least one sample");
    fails(
        Forecasts::new(&[0.5], &[]),
        "y has 0 entries but 1 were expected: give one per probability",
    );
    fails(
        Forecasts::new(&[0.5, 1.5], &[true, true]),
        "row 1, column 0 of p holds 1.5: probabilities lie in [0, 1] (scores before softmax or sigmoid are `Logits`)",
    );
    fails(
        Forecasts::from_codes(&[0.5], &[2]),
        "label 2 of row 0 is not below 2: labels are codes from 0",
    );
    let f = || Forecasts::new(&[0.5, 0.5], &[true, false]).unwrap();
    fails(
        f().with_weights(&[1.0, -1.0]),
        "weight -1 of row 1 is not usable: weights are finite and not negative",
    );
    fails(f().with_weights(&[0.0, 0.0]), "all 2 weights are zero: at least one sample must count");
    let P = Tensor::from_rows(&[[0.5, 0.5], [0.9, 0.3]]);
    fails(
        Probabilities::new(P.as_mat()),
        "row 1 sums to 1.2, further from 1 than 0.001: give one probability per class, or logits as `Logits`",
    );
    let P = Tensor::from_rows(&[[f64::NAN, 0.5]]);
    assert!(matches!(Probabilities::new(P.as_mat()), Err(Error::NotAProbability { .. })));
    let Z = Tensor::from_rows(&[[0.0, f64::INFINITY]]);
    fails(Logits::new(Z.as_mat()), "row 0, column 1 of Z holds inf: a finite number was expected");
    let Z = Tensor::from_rows(&[[f64::NEG_INFINITY; 2]]);
    assert!(matches!(Logits::new(Z.as_mat()), Err(Error::NonFinite { .. })));
}

#[test]
fn settings() {
    fails(Alpha::new(3, 3), "alpha is 1: it must lie strictly between 0 and 1");
    fails("a tenth".parse::<Alpha>(), "\"a tenth\" is not a fraction: write 0.1 or 1/10");
    assert_eq!("1/10".parse::<Alpha>(), Ok(Alpha::TENTH));
    assert_eq!(" 0.1 ".parse::<Alpha>(), Ok(Alpha::TENTH));
    let f = Forecasts::new(&[0.5], &[true]).unwrap();
    fails(
        calibration_error(&f, &Bins::equal_width(0)),
        "n_bins is 0: it must lie between 1 and a million",
    );
    let mut a = BinCounts::new(5, Closed::Right).unwrap();
    fails(
        a.merge(&BinCounts::new(5, Closed::Left).unwrap()),
        "cannot merge 5 bins closed Right with 5 bins closed Left: both states need the same settings",
    );
    let text = serde_json::to_string(&Alpha::TENTH).unwrap();
    assert_eq!(text, "[1,10]");
    assert!(serde_json::from_str::<Alpha>("[1,0]").is_err());
}

#[test]
fn fits() {
    let Z = Tensor::from_rows(&[[f64::NEG_INFINITY, 0.0]]);
    fails(
        TemperatureScaling::default().fit(&Logits::new(Z.as_mat()).unwrap(), &[0]),
        "the logit of the true class 0 is -inf in row 0: its loss is infinite at every temperature",
    );
    let f = Forecasts::new(&[0.2, 0.8], &[false, true]).unwrap();
    fails(
        cox(&f),
        "Cox's recalibration line has no finite optimum: the scores separate the outcomes; use a larger sample",
    );
    fails(
        cox(&Forecasts::new(&[0.2, 0.8], &[true, true]).unwrap()),
        "all 2 outcomes are true: fitting needs both outcomes",
    );
    let rough = TemperatureScaling { max_evaluations: 1, ..Default::default() };
    let Z = Tensor::from_rows(&[[4.0, 0.0]; 4]);
    let result = rough.fit(&Logits::new(Z.as_mat()).unwrap(), &[0, 0, 0, 1]);
    assert!(matches!(result, Err(Error::NotConverged { iterations: 1, .. })), "{result:?}");
    let P = Tensor::from_rows(&[[0.5, 0.5]]);
    let three = Tensor::from_rows(&[[0.5, 0.25, 0.25]]);
    let one = ClassForecasts::new(P.as_mat(), &[0]).unwrap();
    let fit = ConformalClassification::new(Alpha::TENTH).fit(&one).unwrap();
    fails(
        fit.predict(&Probabilities::new(three.as_mat()).unwrap(), 0),
        "3 classes were given but 2 were fitted: columns are the same classes in the same order",
    );
    fails(
        fit.require_finite(),
        "1 calibration samples cannot promise a finite threshold: at least 9 are needed",
    );
    fails(
        ConformalClassification::new(Alpha::TENTH).fit(&one.with_weights(&[1.0]).unwrap()),
        "split conformal classification takes no sample weights: use WeightedConformalClassification",
    );
}

#[test]
fn refits_rows_and_losses() {
    let settings = CrossConformal::default();
    let result = settings.fit_predict(&[1.0, 2.0], 2, |_, _| Err("singular"));
    fails(result, "refitting without fold 0 failed: singular");
    fails(
        DisjointRows::new(2, vec![2], vec![], vec![], vec![]),
        "row 2 does not exist: there are 2 rows",
    );
    let rising = Tensor::from_rows(&[[0.0, 1.0]]);
    fails(
        conformal_risk_control(rising.as_mat(), 1.0, Alpha::TENTH),
        "the loss of row 0 rises from 0 to 1 at candidate 1: risk control needs losses that never rise along the candidates",
    );
}

/// Results are plain values that can cross threads and files.
#[test]
fn results_are_send_and_serialisable() {
    fn check<T: Send + Sync + serde::Serialize + serde::de::DeserializeOwned>() {}
    check::<CalibrationError>();
    check::<BinTable>();
    check::<Reliability>();
    check::<Corp>();
    check::<Murphy>();
    check::<Interval>();
    check::<NullTest>();
    check::<Recalibrator>();
    check::<TemperatureFit>();
    check::<ConformalClassifier>();
    check::<SplitRegressor>();
    check::<QuantileRegressor>();
    check::<CoverageReport>();
    check::<CostMatrix>();
    let f = Forecasts::new(&[0.25, 0.5, 0.75], &[false, true, true]).unwrap();
    let r = ReliabilityDiagram { draws: 20, ..Default::default() }.of(&f).unwrap();
    let text = serde_json::to_string(&r).unwrap();
    assert_eq!(serde_json::from_str::<Reliability>(&text).unwrap(), r);
}

//! What computations need beside the probabilities they read.

use allocation_counter::measure;
use wonderland_calibration::*;

use crate::support::{classes, rng};

/// Half of the matrix at most, beside the matrix itself: ten classes.
#[test]
fn half_of_the_probabilities_suffices() {
    const N: usize = 100_000;
    const MOST: u64 = (N * 10 * 8 / 2) as u64;
    let (P, labels) = classes(&mut rng(2), N, 10);
    let needs = |what: &str, work: &dyn Fn()| {
        let peak = measure(work).bytes_max;
        assert!(peak <= MOST, "{what}: {peak} bytes at once, {MOST} allowed");
    };
    let bins = Bins::default();
    let forecasts = || ClassForecasts::new(P.as_mat(), &labels).unwrap();
    needs("confidence error", &|| {
        confidence_calibration_error(&forecasts(), &bins).unwrap();
    });
    needs("top-label error", &|| {
        top_label_calibration_error(&forecasts(), &bins).unwrap();
    });
    needs("classwise error", &|| {
        classwise_calibration_error(&forecasts(), &bins).unwrap();
    });
    needs("equal mass", &|| {
        confidence_calibration_error(&forecasts(), &Bins::equal_mass(15)).unwrap();
    });
    needs("smooth error", &|| {
        assert!(smooth_ece(&forecasts().confidence()).error_bound <= 1e-6);
    });
    needs("CORP", &|| {
        assert!(corp_brier(&forecasts().confidence()).score > 0.0);
    });
    needs("scores", &|| {
        let f = forecasts();
        assert!(brier_multiclass(&f) < log_loss_multiclass(&f));
    });
    needs("interval", &|| {
        let interval = ErrorInterval { draws: 2, ..ErrorInterval::default() };
        interval.of(&forecasts().confidence(), &bins, |e| e.ece).unwrap();
    });
    needs("temperature", &|| {
        let Z = Logits::new(P.as_mat()).unwrap();
        TemperatureScaling::default().fit(&Z, &labels).unwrap();
    });
    for score in [ClassScore::Lac, ClassScore::Aps { randomised: true }] {
        needs("sets", &|| {
            let settings =
                ConformalClassification { score, ..ConformalClassification::new(Alpha::TENTH) };
            let f = forecasts();
            settings.fit(&f).unwrap().predict(f.proba(), 1).unwrap();
        });
    }
    // What stays of a class is a few thousand steps.
    let mut map = None;
    let f = forecasts();
    let each = Recalibration::VennAbers(VennAbers::default());
    let needed = measure(|| map = Some(ClassRecalibration { each }.fit(&f).unwrap()));
    assert!(needed.bytes_max <= MOST, "Venn–Abers: {} bytes at once", needed.bytes_max);
    assert!(needed.bytes_current <= MOST as i64 / 2, "{} bytes stay", needed.bytes_current);
    // What is returned is as large as the matrix.
    let peak = measure(|| {
        let Z = Logits::new(P.as_mat()).unwrap();
        let optimum = TemperatureOptimum::Interior { beta: 2.0 };
        let fit = TemperatureFit { optimum, n_classes: 10, evaluations: 0 };
        fit.transform(&Z).unwrap();
    });
    assert!(peak.bytes_max <= 3 * MOST, "transform: {} bytes", peak.bytes_max);
}

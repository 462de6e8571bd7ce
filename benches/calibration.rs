//! A million samples through each anchor of calibration: errors, maps, sets.
//!
//! Goals on the reference machine, one thread: ECE 15 ms, smooth ECE 50,
//! temperature 150, PAV of sorted outcomes 10, Venn–Abers with as many queries
//! 500, APS sets 250.
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wonderland_benches::uniform;
use wonderland_calibration::{
    Alpha, Bins, ClassForecasts, ClassScore, ConformalClassification, Forecasts, Logits,
    Probabilities, TemperatureFit, TemperatureOptimum, TemperatureScaling, VennAbers,
    confidence_calibration_error, pav, smooth_ece,
};

const N: usize = 1_000_000;
const CLASSES: usize = 10;

fn anchors(criterion: &mut Criterion) {
    // Logits of a model twice too sharp, and labels from the honest ones.
    let Z = uniform::<f64>(N, CLASSES, 1).map(|z| 6.0 * z);
    let logits = Logits::new(Z.as_mat()).expect("finite");
    let at = |beta| TemperatureFit {
        optimum: TemperatureOptimum::Interior { beta },
        n_classes: CLASSES,
        evaluations: 0,
    };
    let P = at(1.0).transform(&logits).expect("ten classes");
    let honest = at(0.5).transform(&logits).expect("ten classes");
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let labels: Vec<usize> = (0..N)
        .map(|i| {
            let mut left: f64 = rng.random();
            let drawn = (0..CLASSES).position(|k| {
                left -= honest.as_mat()[(i, k)];
                left < 0.0
            });
            drawn.unwrap_or(CLASSES - 1)
        })
        .collect();
    let p: Vec<f64> = (0..N).map(|_| rng.random()).collect();
    let y: Vec<bool> = p.iter().map(|p| rng.random::<f64>() < p * p).collect();
    let queries: Vec<f64> = (0..N).map(|_| rng.random()).collect();
    let mut sorted: Vec<(f64, bool)> = p.iter().copied().zip(y.iter().copied()).collect();
    sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let outcomes: Vec<f64> = sorted.iter().map(|s| f64::from(u8::from(s.1))).collect();

    let mut group = criterion.benchmark_group("calibration");
    group.throughput(Throughput::Elements(N as u64)).sample_size(10);
    group.bench_function("confidence ECE, 10 classes", |bencher| {
        bencher.iter(|| {
            let f = ClassForecasts::new(black_box(P.as_mat()), &labels).expect("checked");
            confidence_calibration_error(&f, &Bins::default()).expect("bins")
        });
    });
    group.bench_function("smooth ECE", |bencher| {
        bencher.iter(|| smooth_ece(&Forecasts::new(black_box(&p), &y).expect("checked")));
    });
    group.bench_function("temperature, 10 classes", |bencher| {
        bencher.iter(|| {
            let Z = Logits::new(black_box(Z.as_mat())).expect("finite");
            TemperatureScaling::default().fit(&Z, &labels).expect("an optimum")
        });
    });
    group.bench_function("PAV, sorted", |bencher| {
        bencher.iter(|| pav(black_box(&outcomes), None).expect("finite"));
    });
    group.bench_function("Venn–Abers, as many queries", |bencher| {
        bencher.iter(|| {
            let map = VennAbers::default().fit(black_box(&p), &y).expect("finite");
            map.transform(&queries).expect("numbers")
        });
    });
    let rows: Vec<usize> = (0..N / 10).collect();
    let all = ClassForecasts::from_probabilities(P.clone(), &labels).expect("checked");
    let held_out = all.select(&rows);
    let settings = ConformalClassification {
        score: ClassScore::Aps { randomised: true },
        ..ConformalClassification::new(Alpha::TENTH)
    };
    group.bench_function("APS, 1e5 to calibrate, 10 classes", |bencher| {
        bencher.iter(|| {
            let fit = settings.fit(black_box(&held_out)).expect("no weights");
            let P = Probabilities::new(P.as_mat()).expect("checked");
            fit.predict(&P, 1).expect("ten classes")
        });
    });
    group.finish();
}

criterion_group!(calibration, anchors);
criterion_main!(calibration);

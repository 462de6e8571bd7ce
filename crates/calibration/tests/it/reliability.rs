//! The reliability object against numbers worked by hand, and its band
//! against the law of what it should hold.

use rand::RngExt;
use wonderland_calibration::*;

use crate::support::rng;

const P: [f64; 7] = [0.1, 0.3, 0.3, 0.3, 0.7, 0.8, 0.9];
const Y: [bool; 7] = [false, false, true, false, true, false, true];

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 4.0 * f64::EPSILON
}

fn by_hand() -> Reliability {
    let settings = ReliabilityDiagram {
        bins: Bins::equal_width(5),
        density_cells: 10,
        band_points: 3,
        ..ReliabilityDiagram::default()
    };
    settings.of(&Forecasts::new(&P, &Y).unwrap()).unwrap()
}

#[test]
fn table_and_error() {
    let r = by_hand();
    let rows: Vec<_> = r.table.rows.iter().map(|r| (r.count, r.mean_p, r.frequency)).collect();
    let expected = [
        (1, Some(0.1), Some(0.0)),
        (3, Some(0.3), Some(1.0 / 3.0)),
        (0, None, None),
        (2, Some(0.75), Some(0.5)), // 0.8 lies on the edge, which closes the bin
        (1, Some(0.9), Some(1.0)),
    ];
    for (row, expected) in rows.iter().zip(expected) {
        assert_eq!(row.0, expected.0);
        assert_eq!(row.1.is_some(), expected.1.is_some());
        assert!(near(row.1.unwrap_or(0.0), expected.1.unwrap_or(0.0)), "{row:?}");
        assert!(near(row.2.unwrap_or(0.0), expected.2.unwrap_or(0.0)), "{row:?}");
    }
    // (1 · 0.1 + 3 · 1/30 + 2 · 1/4 + 1 · 0.1)/7, and the largest gap.
    assert!(near(r.error.ece, 0.8 / 7.0) && near(r.error.mce, 0.25));
    assert_eq!((r.n_samples, r.error.n_filled), (7, 4));
}

/// Frequencies 0, ⅓, then 1 and 0 pooled to ½, then 1.
#[test]
fn curve_and_decomposition() {
    let r = by_hand();
    let expected = [(0.1, 0.0), (0.3, 1.0 / 3.0), (0.7, 0.5), (0.8, 0.5), (0.9, 1.0)];
    assert_eq!(r.curve.len(), expected.len());
    for (point, (p, calibrated)) in r.curve.iter().zip(expected) {
        assert!(point.p == p && near(point.calibrated, calibrated), "{point:?}");
    }
    // Brier scores, in sevenths: the forecasts' 0.01 + 0.67 + 0.09 + 0.64 +
    // 0.01, the curve's 0 + 2/3 + 1/2 + 0, and 12/7 of the overall 3/7.
    let (score, curve, flat) = (1.42 / 7.0, 7.0 / 42.0, 12.0 / 49.0);
    assert!(near(r.corp.score, score) && near(r.corp.uncertainty, flat));
    assert!(
        near(r.corp.miscalibration, score - curve) && near(r.corp.discrimination, flat - curve)
    );
}

#[test]
fn densities_by_outcome() {
    let r = by_hand();
    let mut events = [0.0; 10];
    let mut non_events = [0.0; 10];
    for k in [3, 7, 9] {
        events[k] = 1.0;
    }
    for (k, count) in [(1, 1.0), (3, 2.0), (8, 1.0)] {
        non_events[k] = count;
    }
    assert_eq!((&r.density.events[..], &r.density.non_events[..]), (&events[..], &non_events[..]));
    assert_eq!(r.density.edges, std::array::from_fn::<_, 11, _>(|i| i as f64 / 10.0));
    // 0.58 is the edge 29/50, although 0.58 · 50 rounds below 29; 1 is inside.
    let f = Forecasts::new(&[0.58, 1.0], &[true, true]).unwrap().with_weights(&[2.0, 0.5]).unwrap();
    let density = ReliabilityDiagram::default().of(&f).unwrap().density;
    assert_eq!((density.events[29], density.events[49]), (2.0, 0.5));
    assert_eq!(density.events.iter().sum::<f64>(), 2.5);
}

#[test]
fn band_points_are_spread_over_the_distinct_forecasts() {
    let at: Vec<f64> = by_hand().band.iter().map(|b| b.p).collect();
    assert_eq!(at, [0.1, 0.7, 0.9]);
    let without = ReliabilityDiagram { draws: 0, ..ReliabilityDiagram::default() };
    assert!(without.of(&Forecasts::new(&P, &Y).unwrap()).unwrap().band.is_empty());
}

/// The ends of the band are quantiles of known laws.
#[test]
fn band_by_hand() {
    let band = |p: &[f64], level| {
        let settings = ReliabilityDiagram { draws: 40_000, level, ..ReliabilityDiagram::default() };
        let y = vec![true; p.len()];
        let r = settings.of(&Forecasts::new(p, &y).unwrap()).unwrap();
        r.band.iter().map(|b| (b.lower, b.upper)).collect::<Vec<_>>()
    };
    // Twenty coins: P(≤ 6) = 0.058 < 0.1 < P(≤ 7) = 0.132.
    assert_eq!(band(&[0.5; 20], 0.8), [(0.35, 0.65)]);
    // Two samples; (1, 0) pools to ½. At 0.2 the curve is 0, ½, 1 with
    // probabilities 0.8, 0.04, 0.16: 17 % on each side reach 0 and ½.
    assert_eq!(band(&[0.2, 0.8], 0.66), [(0.0, 0.5), (0.5, 1.0)]);
    // What is certain has no width.
    assert_eq!(band(&[0.0, 0.0, 1.0], 0.9), [(0.0, 0.0), (1.0, 1.0)]);
}

/// The curve of calibrated forecasts is inside as often as the level says, at
/// each p; that of bold ones is not.
#[test]
fn band_holds_calibrated_curves() {
    let (mut rng, repeats) = (rng(61), 400);
    let p: Vec<f64> = (0..40).map(|i| (f64::from(i) + 0.5) / 40.0).collect();
    let settings = ReliabilityDiagram { draws: 199, ..ReliabilityDiagram::default() };
    let mut inside = [[0.0; 3]; 2];
    for seed in 0..repeats {
        for (bold, inside) in [false, true].into_iter().zip(&mut inside) {
            let truth = |p: f64| if bold { 0.5 } else { p };
            let y: Vec<bool> = p.iter().map(|&p| rng.random::<f64>() < truth(p)).collect();
            let settings = ReliabilityDiagram { seed, ..settings };
            let f = Forecasts::new(&p, &y).unwrap();
            let r = settings.of(&f).unwrap();
            for (inside, i) in inside.iter_mut().zip([4, 20, 35]) {
                let band = r.band.iter().find(|b| b.p == p[i]).unwrap();
                let map = IsotonicCalibration::default().fit(f.p(), f.y(), None).unwrap();
                let curve = map.transform(&[p[i]]).unwrap()[0];
                let held = band.lower <= curve && curve <= band.upper;
                *inside += f64::from(u8::from(held)) / repeats as f64;
            }
        }
    }
    let [calibrated, bold] = inside;
    // The curve has few values: the band holds more than it must.
    let slack = 4.0 * (0.09 / repeats as f64).sqrt();
    assert!(calibrated.iter().all(|&share| share >= 0.9 - slack), "{calibrated:?}");
    assert!(bold[0] < 0.5 && bold[2] < 0.5, "{bold:?}");
}

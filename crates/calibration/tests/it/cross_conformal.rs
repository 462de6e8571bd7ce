//! Jackknife+, CV+ and minmax: what they promise, for models that hardly
//! change with a row and for one that does.

use proptest::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use wonderland_calibration::*;
use wonderland_linalg::Tensor;

use crate::support::{normal, rng};

const ALPHA: Alpha = Alpha::TENTH;

/// A model: fits on rows of (x, y) and predicts at a point.
type Fit = fn(&[f64], &[f64], &[usize]) -> Box<dyn Fn(f64) -> f64>;

fn line(x: &[f64], y: &[f64], rows: &[usize]) -> Box<dyn Fn(f64) -> f64> {
    let n = rows.len() as f64;
    let (mx, my) = rows.iter().fold((0.0, 0.0), |s, &i| (s.0 + x[i] / n, s.1 + y[i] / n));
    let (sxy, sxx) = rows.iter().fold((0.0, 0.0), |s, &i| {
        (s.0 + (x[i] - mx) * (y[i] - my), s.1 + (x[i] - mx) * (x[i] - mx))
    });
    let slope = sxy / sxx;
    Box::new(move |x| my + slope * (x - mx))
}

/// The target of the nearest row.
fn neighbour(x: &[f64], y: &[f64], rows: &[usize]) -> Box<dyn Fn(f64) -> f64> {
    let known: Vec<(f64, f64)> = rows.iter().map(|&i| (x[i], y[i])).collect();
    Box::new(move |x| {
        let near = known.iter().min_by(|a, b| (a.0 - x).abs().total_cmp(&(b.0 - x).abs()));
        near.expect("a fold leaves rows").1
    })
}

/// Share of 500 problems in which jackknife+, CV+ (10 folds) and minmax cover.
fn coverage(fit: Fit, rng: &mut ChaCha8Rng, size: impl Fn(&mut ChaCha8Rng) -> usize) -> [f64; 3] {
    let problems = 500;
    let mut hits = [0.0; 3];
    for problem in 0..problems {
        let n = size(rng);
        let x: Vec<f64> = (0..=n).map(|_| normal(rng)).collect();
        let y: Vec<f64> = x.iter().map(|x| 2.0 * x - 1.0 + normal(rng)).collect();
        let run = |method, folds| {
            CrossConformal { alpha: ALPHA, method, seed: problem }
                .fit_predict(&y[..n], folds, |train, held_out| {
                    let model = fit(&x, &y, train);
                    let own = held_out.iter().map(|&i| model(x[i])).collect();
                    Ok::<_, String>((own, vec![model(x[n])]))
                })
                .unwrap()
        };
        let plus = run(CrossMethod::Plus, n);
        let minmax = run(CrossMethod::MinMax, n);
        for (hit, intervals) in hits.iter_mut().zip([plus, run(CrossMethod::Plus, 10), minmax]) {
            *hit += f64::from(u8::from(intervals.covers(&y[n..]).unwrap()[0])) / problems as f64;
        }
    }
    hits
}

/// Four standard errors of a share of 500 at 0.9.
const SLACK: f64 = 4.0 * 0.013_42;

#[test]
fn stable_models_land_near_the_level() {
    let [plus, cv, minmax] = coverage(line, &mut rng(21), |rng| rng.random_range(20..=100));
    for share in [plus, cv] {
        // 1 − α up to 1/(n + 1) ≤ 1/21.
        assert!((0.9 - SLACK..=0.9 + SLACK + 1.0 / 21.0).contains(&share), "{share}");
    }
    assert!(minmax >= plus && minmax >= 0.9 - SLACK, "{minmax}");
}

/// A nearest neighbour changes all at once with the row it loses: the proven
/// bounds are all that is left, 1 − 2α, the same less √(2/n), and 1 − α.
#[test]
fn unstable_models_keep_the_proven_bounds() {
    let n = 20;
    let [plus, cv, minmax] = coverage(neighbour, &mut rng(22), |_| n);
    assert!(plus >= 0.8 - SLACK, "{plus}");
    assert!(cv >= 0.8 - (2.0 / n as f64).sqrt() - SLACK, "{cv}");
    assert!(minmax >= 0.9 - SLACK, "{minmax}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// On any predictions, also of models that fit nothing.
    #[test]
    fn minmax_contains_plus(seed in 0_u64..5000, n in 2_usize..40, folds in 2_usize..8, a in 1_u64..10) {
        let mut rng = rng(seed);
        let mut draw = |n: usize| (0..n).map(|_| 3.0 * normal(&mut rng)).collect::<Vec<f64>>();
        let (y, own, new) = (draw(n), draw(n), draw(3 * folds));
        let fold: Vec<usize> = (0..n).map(|i| i % folds).collect();
        let predictions = Tensor::from_fn(3, folds, |i, k| new[i * folds + k]);
        let intervals = |method| {
            CrossConformal { alpha: Alpha::new(a, 11).unwrap(), method, seed: 0 }
                .intervals(&y, &own, &fold, predictions.as_mat())
                .unwrap()
        };
        let (plus, minmax) = (intervals(CrossMethod::Plus), intervals(CrossMethod::MinMax));
        for i in 0..3 {
            prop_assert!(minmax.lower[i] <= plus.lower[i] && plus.upper[i] <= minmax.upper[i]);
        }
    }
}

//! Coverage as a law: means over thousands of splits, and the distribution
//! given the calibration set.

use rand::RngExt;
use wonderland_calibration::*;
use wonderland_linalg::Tensor;
use wonderland_linalg::special::{beta_binomial_pmf, beta_cdf, beta_quantile};

use crate::support::{chi_square, classes, mean_is, normal, rng, uniform_ks};

const SPLITS: usize = 3000;

/// Coverage of one new sample over many calibration sets.
fn coverage(score: ClassScore, n: usize, alpha: Alpha, seed: u64) -> f64 {
    let mut rng = rng(seed);
    let mut covered = 0;
    for split in 0..SPLITS {
        let (P, labels) = classes(&mut rng, n + 1, 4);
        let rows: Vec<usize> = (0..n).collect();
        let all = ClassForecasts::new(P.as_mat(), &labels).unwrap();
        let settings = ConformalClassification {
            score,
            seed: split as u64,
            ..ConformalClassification::new(alpha)
        };
        let fit = settings.fit(&all.select(&rows)).unwrap();
        let sets = fit.predict(&all.proba().select(&[n]), 1 << 32 | split as u64).unwrap();
        covered += usize::from(sets.contains(0, labels[n]));
    }
    covered as f64 / SPLITS as f64
}

#[test]
fn split_coverage_is_rank_over_n_plus_one() {
    let alpha = Alpha::new(1, 10).unwrap();
    for (i, score) in [
        ClassScore::Lac,
        ClassScore::Margin,
        ClassScore::Aps { randomised: true },
        ClassScore::Raps { lambda: 0.1, k_reg: 1, randomised: true },
    ]
    .into_iter()
    .enumerate()
    {
        for n in [9, 30] {
            let expected = alpha.rank(n) as f64 / (n + 1) as f64;
            mean_is(coverage(score, n, alpha, 10 * i as u64 + n as u64), expected, SPLITS);
        }
    }
}

#[test]
fn unrandomised_aps_covers_more() {
    let alpha = Alpha::new(1, 5).unwrap();
    let plain = coverage(ClassScore::Aps { randomised: false }, 19, alpha, 5);
    assert!(plain >= 0.8 - 4.0 * (0.16 / SPLITS as f64).sqrt(), "{plain}");
}

#[test]
fn regression_coverage_is_rank_over_n_plus_one() {
    let alpha = Alpha::new(1, 5).unwrap();
    let (n, mut rng) = (14, rng(77));
    let mut hits = [0; 4];
    for _ in 0..SPLITS {
        let mut draw = || {
            let x = normal(&mut rng);
            let scale = 0.2 + x.abs();
            (2.0 * x + scale * normal(&mut rng), 1.8 * x, scale)
        };
        let cal: Vec<_> = (0..n).map(|_| draw()).collect();
        let new = draw();
        let y: Vec<f64> = cal.iter().map(|c| c.0).collect();
        let y_hat: Vec<f64> = cal.iter().map(|c| c.1).collect();
        let scale: Vec<f64> = cal.iter().map(|c| c.2).collect();
        let lo: Vec<f64> = cal.iter().map(|c| c.1 - c.2).collect();
        let hi: Vec<f64> = cal.iter().map(|c| c.1 + c.2).collect();
        let split = SplitRegression { alpha };
        let cqr = |symmetric| {
            let fit = QuantileRegression { alpha, symmetric }.fit(&y, &lo, &hi).unwrap();
            fit.predict(&[new.1 - new.2], &[new.1 + new.2]).unwrap()
        };
        let scaled = split.fit_normalised(&y, &y_hat, &scale).unwrap();
        let all = [
            split.fit(&y, &y_hat).unwrap().predict(&[new.1]).unwrap(),
            scaled.predict_normalised(&[new.1], &[new.2]).unwrap(),
            cqr(true),
            cqr(false),
        ];
        for (hit, intervals) in hits.iter_mut().zip(all) {
            *hit += usize::from(intervals.covers(&[new.0]).unwrap()[0]);
        }
    }
    let expected = alpha.rank(n) as f64 / (n + 1) as f64;
    for hit in &hits[..3] {
        mean_is(*hit as f64 / SPLITS as f64, expected, SPLITS);
    }
    // Asymmetric: each side errs with ⌊15/10⌋/15 = 1/15 exactly.
    mean_is(hits[3] as f64 / SPLITS as f64, 13.0 / 15.0, SPLITS);
}

/// Given the calibration set, coverage is Beta(k, n + 1 − k). With scores
/// uniform on [0, 1] the coverage is the threshold itself.
#[test]
fn coverage_given_calibration_is_beta() {
    let (n, alpha, mut rng) = (100, Alpha::new(1, 10).unwrap(), rng(3));
    let (k, m) = (alpha.rank(n), 20_u64);
    let (a, b) = (k as f64, (n + 1 - k) as f64);
    let mut levels = Vec::new();
    let mut counts = vec![0.0; m as usize + 1];
    for _ in 0..4000 {
        let scores: Vec<f64> = (0..n).map(|_| rng.random()).collect();
        let q = conformal_threshold(&scores, alpha).unwrap();
        levels.push(beta_cdf(q.value(), a, b));
        let covered = (0..m).filter(|_| q.admits(rng.random())).count();
        counts[covered] += 1.0;
    }
    let p = uniform_ks(levels);
    assert!(p > 1e-4, "KS p-value {p}");
    // Cells 0..=13 hold too few to be counted alone.
    let pmf = |c: u64| 4000.0 * beta_binomial_pmf(c, m, a, b);
    let head = (0..=13).map(|c| (counts[c as usize], pmf(c)));
    let (c0, e0) = head.fold((0.0, 0.0), |s, x| (s.0 + x.0, s.1 + x.1));
    let tail: Vec<_> = (14..=m).map(|c| (counts[c as usize], pmf(c))).collect();
    let (c, e): (Vec<f64>, Vec<f64>) = std::iter::once((c0, e0)).chain(tail).unzip();
    let p = chi_square(&c, &e);
    assert!(p > 1e-4, "χ² p-value {p}");
}

#[test]
fn published_bands_and_sizes() {
    let alpha = Alpha::new(1, 10).unwrap();
    for (n, low, high) in [(100, 0.848, 0.945), (1000, 0.884, 0.915)] {
        let k = alpha.rank(n) as f64;
        let b = (n + 1) as f64 - k;
        assert!((beta_quantile(0.05, k, b) - low).abs() < 5e-4);
        assert!((beta_quantile(0.95, k, b) - high).abs() < 5e-4);
    }
    for (epsilon, delta, n) in
        [(0.1, 0.1, 11), (0.05, 0.1, 90), (0.01, 0.1, 2429), (0.02, 0.05, 854)]
    {
        assert_eq!(calibration_size(alpha, epsilon, delta).unwrap(), n);
        // The next sizes keep the promise as well, whatever their rank.
        for more in n..n + 200 {
            let k = alpha.rank(more) as f64;
            let b = (more + 1) as f64 - k;
            let within = beta_cdf((0.9 + epsilon).min(1.0), k, b) - beta_cdf(0.9 - epsilon, k, b);
            assert!(within >= 1.0 - delta, "{more} samples for {epsilon}");
        }
    }
}

/// The report's band holds the covered count as often as it says, and its
/// verdict turns when the data shift.
#[test]
fn coverage_report_keeps_its_level() {
    let (n, m, alpha, mut rng) = (50, 200, Alpha::new(1, 10).unwrap(), rng(8));
    let repeats = 2000;
    let mut outside = 0;
    for _ in 0..repeats {
        let scores: Vec<f64> = (0..n).map(|_| rng.random()).collect();
        let q = conformal_threshold(&scores, alpha).unwrap();
        let covered: Vec<bool> = (0..m).map(|_| q.admits(rng.random())).collect();
        let report = coverage_report(&covered, n, alpha, 0.9).unwrap();
        outside += usize::from(report.overall.verdict != Some(Verdict::Within));
    }
    // Discrete quantiles: at most 0.1 outside, and not far below.
    let share = outside as f64 / repeats as f64;
    assert!(share < 0.1 + 4.0 * (0.09 / repeats as f64).sqrt() && share > 0.05, "{share}");
}

#[test]
fn p_values_have_their_exact_laws() {
    let (n, repeats, mut rng) = (9, 5000, rng(4));
    let mut counts = vec![0.0; n + 1];
    let mut smoothed = Vec::new();
    for _ in 0..repeats {
        let scores: Vec<f64> = (0..n).map(|_| rng.random()).collect();
        let scores = CalibrationScores::new(scores).unwrap();
        counts[scores.rank_from_top(rng.random()) - 1] += 1.0;
        // Scores on a coarse grid: smoothing keeps the law exact with ties.
        let tied: Vec<f64> = (0..n).map(|_| f64::from(rng.random_range(0..4))).collect();
        let tied = CalibrationScores::new(tied).unwrap();
        smoothed.push(tied.p_value_smoothed(f64::from(rng.random_range(0..4)), rng.random()));
    }
    let p = chi_square(&counts, &vec![repeats as f64 / (n + 1) as f64; n + 1]);
    assert!(p > 1e-4, "χ² p-value {p}");
    let p = uniform_ks(smoothed);
    assert!(p > 1e-4, "KS p-value {p}");
}

#[test]
fn class_conditional_coverage_holds_in_each_class() {
    let (alpha, mut rng) = (Alpha::new(1, 5).unwrap(), rng(6));
    let (mut hits, mut lower, mut upper, mut total) = ([0.0; 3], [0.0; 3], [0.0; 3], [0.0; 3]);
    for split in 0..1500 {
        let (P, labels) = classes(&mut rng, 70, 3);
        let all = ClassForecasts::new(P.as_mat(), &labels).unwrap();
        let settings = ConformalClassification {
            grouping: Grouping::ByClass,
            seed: split,
            ..ConformalClassification::new(alpha)
        };
        let cal: Vec<usize> = (0..60).collect();
        let new: Vec<usize> = (60..70).collect();
        let fit = settings.fit(&all.select(&cal)).unwrap();
        let sets = fit.predict(&all.proba().select(&new), 0).unwrap();
        for (i, &row) in new.iter().enumerate() {
            let y = labels[row];
            let n_c = fit.n_calibration[y];
            total[y] += 1.0;
            hits[y] += f64::from(u8::from(sets.contains(i, y)));
            lower[y] += 0.8;
            upper[y] += (0.8 + 1.0 / (n_c + 1) as f64).min(1.0);
        }
    }
    for k in 0..3 {
        // Ten new samples share a calibration set: their errors add up.
        let slack = 4.0 * (0.16 / total[k] * 2.0_f64).sqrt();
        let c = hits[k] / total[k];
        assert!(
            c >= lower[k] / total[k] - slack && c <= upper[k] / total[k] + slack,
            "class {k}: {c}"
        );
    }
}

/// Scores |x| with x ~ N(0, 1) at calibration and N(1.5, 1) when new: the
/// likelihood ratio is exp(1.5 x − 1.125).
#[test]
fn weights_restore_coverage_under_shift() {
    let (n, repeats, alpha, mut rng) = (400, 2000, Alpha::new(1, 10).unwrap(), rng(9));
    let ratio = |x: f64| (1.5 * x - 1.125).exp();
    let (mut plain, mut weighted) = (0, 0);
    for _ in 0..repeats {
        let x: Vec<f64> = (0..n).map(|_| normal(&mut rng)).collect();
        let scores: Vec<f64> = x.iter().map(|x| x.abs()).collect();
        let weights: Vec<f64> = x.iter().map(|&x| ratio(x)).collect();
        let new = 1.5 + normal(&mut rng);
        plain += usize::from(conformal_threshold(&scores, alpha).unwrap().admits(new.abs()));
        let fit = WeightedScores::new(&scores, &weights).unwrap();
        weighted += usize::from(fit.threshold(alpha, ratio(new)).unwrap().admits(new.abs()));
    }
    let se = (0.09 / repeats as f64).sqrt();
    assert!((plain as f64 / repeats as f64) < 0.9 - 4.0 * se, "{plain}");
    assert!((weighted as f64 / repeats as f64) > 0.9 - 4.0 * se, "{weighted}");
}

#[test]
fn adaptive_level_keeps_its_bound_on_any_sequence() {
    let alpha = Alpha::new(1, 10).unwrap();
    let scores = CalibrationScores::new((1..=50).map(f64::from).collect()).unwrap();
    // An adversary who always misses unless everything belongs, one who never
    // misses unless nothing does, and one who alternates in long runs.
    let adversaries: [&dyn Fn(usize) -> f64; 3] =
        [&|_| 1e9, &|_| -1e9, &|t| if t / 500 % 2 == 0 { 1e9 } else { -1e9 }];
    for gamma in [0.005, 0.05, 0.5] {
        for adversary in adversaries {
            let mut aci = AdaptiveConformal::new(alpha, gamma).unwrap();
            for t in 0..5000 {
                let covered = aci.threshold(&scores).is_some_and(|q| q.admits(adversary(t)));
                aci.update(covered);
                let gap = (aci.miss_rate().unwrap() - 0.1).abs();
                assert!(gap <= aci.bound() + 1e-12, "γ = {gamma}, step {t}: {gap}");
            }
        }
    }
}

#[test]
fn risk_control_is_split_conformal_for_the_zero_one_loss() {
    let mut rng = rng(31);
    for n in [5, 9, 10, 19, 40] {
        for alpha in [(1, 10), (1, 5), (1, 3), (3, 20)].map(|(a, b)| Alpha::new(a, b).unwrap()) {
            let scores: Vec<f64> = (0..n).map(|_| rng.random()).collect();
            let mut candidates = scores.clone();
            candidates.sort_unstable_by(f64::total_cmp);
            let losses =
                Tensor::from_fn(n, n, |i, j| f64::from(u8::from(scores[i] > candidates[j])));
            let chosen = conformal_risk_control(losses.as_mat(), 1.0, alpha).unwrap();
            let expected = match conformal_threshold(&scores, alpha).unwrap() {
                Threshold::Finite(q) => Some(q),
                Threshold::Unbounded => None,
            };
            assert_eq!(chosen.map(|j| candidates[j]), expected, "n = {n}, α = {alpha}");
        }
    }
}

/// A continuous loss max(0, s − λ): the expected risk lies in
/// [α − 2B/(n + 1), α].
#[test]
fn risk_control_controls_the_mean() {
    let (n, alpha, mut rng, repeats) = (30, Alpha::new(1, 10).unwrap(), rng(32), 2000);
    let grid = 1000;
    let mut risk = 0.0;
    for _ in 0..repeats {
        let s: Vec<f64> = (0..=n).map(|_| rng.random()).collect();
        let loss = |s: f64, j: usize| (s - j as f64 / f64::from(grid)).max(0.0);
        let losses = Tensor::from_fn(n, grid as usize + 1, |i, j| loss(s[i], j));
        let j = conformal_risk_control(losses.as_mat(), 1.0, alpha).unwrap().unwrap();
        risk += loss(s[n], j) / f64::from(repeats);
    }
    let slack = 4.0 * 0.2 / f64::from(repeats).sqrt();
    assert!(risk <= 0.1 + slack && risk >= 0.1 - 2.0 / (n + 1) as f64 - slack, "{risk}");
}

/// Candidates whose true risk is just above α must be certified in at most a
/// share δ of repeats.
#[test]
fn learn_then_test_keeps_delta() {
    let (n, repeats, mut rng) = (100, 1000, rng(33));
    for family in [FamilyWise::FixedSequence, FamilyWise::Bonferroni, FamilyWise::Holm] {
        let test = LearnThenTest { alpha: 0.2, delta: 0.1, family };
        let (mut wrong, mut right) = (0, 0);
        for _ in 0..repeats {
            let risk = [0.05, 0.2000001, 0.21, 0.3];
            let losses =
                Tensor::from_fn(n, 4, |_, j| f64::from(u8::from(rng.random::<f64>() < risk[j])));
            let certified = test.certify(losses.as_mat()).unwrap();
            wrong += usize::from(certified.iter().any(|&j| j > 0));
            right += usize::from(certified.contains(&0));
        }
        let share = wrong as f64 / repeats as f64;
        assert!(share <= 0.1 + 4.0 * (0.09 / repeats as f64).sqrt(), "{family:?}: {share}");
        assert!(right > repeats * 9 / 10, "{family:?} certifies a safe candidate {right} times");
    }
}

//! The interval of a binned error: it holds its estimate, and the true error
//! as often as it says, also where that is zero.

use proptest::prelude::*;
use rand::RngExt;
use wonderland_calibration::*;

use crate::support::rng;

fn draw(rng: &mut rand_chacha::ChaCha8Rng, n: usize, gap: f64) -> (Vec<f64>, Vec<bool>) {
    (0..n)
        .map(|_| {
            let p: f64 = rng.random_range(0.5..0.9);
            (p, rng.random::<f64>() < p - gap)
        })
        .unzip()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn holds_its_own_estimate(seed in 0_u64..10_000, n in 1_usize..120, gap in -0.1_f64..0.5) {
        let (p, y) = draw(&mut rng(seed), n, gap);
        let f = Forecasts::new(&p, &y).unwrap();
        let settings = ErrorInterval { draws: 60, seed, ..ErrorInterval::default() };
        for bins in [Bins::default(), Bins::equal_mass(5)] {
            let parts: [fn(&CalibrationError) -> f64; 3] = [|e| e.ece, |e| e.mce, |e| e.rms];
            for part in parts {
                let i = settings.of(&f, &bins, part).unwrap();
                let error = part(&calibration_error(&f, &bins).unwrap());
                prop_assert!((i.estimate - error).abs() < 1e-12);
                prop_assert!(0.0 <= i.lower && i.lower <= i.estimate && i.estimate <= i.upper);
                prop_assert!(i.upper <= 1.0 + 1e-12);
            }
        }
    }
}

#[test]
fn covers_at_zero_and_away_from_it() {
    let (bins, repeats) = (Bins::equal_width(10), 300);
    // Of a constant gap the binned error is that gap, whatever the bins.
    for (k, gap) in [0.0, 0.05, 0.2].into_iter().enumerate() {
        let (mut rng, mut held, mut zero) = (rng(40 + k as u64), 0, 0);
        for seed in 0..repeats {
            let (p, y) = draw(&mut rng, 200, gap);
            let settings = ErrorInterval { draws: 200, level: 0.9, seed };
            let f = Forecasts::new(&p, &y).unwrap();
            let i = settings.of(&f, &bins, |e| e.ece).unwrap();
            held += u64::from(i.lower <= gap && gap <= i.upper);
            zero += u64::from(i.lower <= 0.0);
        }
        let share = held as f64 / repeats as f64;
        let slack = 4.0 * (0.09 / repeats as f64).sqrt();
        assert!(share >= 0.9 - slack, "gap {gap}: held {share}");
        // An interval that never says anything would hold everything.
        assert!(gap < 0.2 || zero == 0, "gap {gap}: {zero} begin at 0");
    }
}

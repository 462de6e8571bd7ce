//! What holds for any input.

use proptest::prelude::*;
use wonderland_losses::{
    BinaryCrossEntropy, Loss, argmax, check_simplex, cross_entropy_from_logits, log_softmax,
    logsumexp, simplex_tolerance, softmax, softmax_with_temperature,
};

fn logits() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-1e3..1e3_f64, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn softmax_lies_on_the_simplex_and_keeps_the_order(x in logits(), tau in 0.01..100.0_f64) {
        let p = softmax_with_temperature(&x, tau).unwrap();
        check_simplex(&p, simplex_tolerance::<f64>(p.len())).unwrap();
        for i in 0..x.len() {
            for j in 0..x.len() {
                prop_assert!(x[i] > x[j] || p[i] <= p[j]);
            }
        }
        prop_assert_eq!(p[argmax(&x).unwrap()], p.iter().copied().fold(0.0, f64::max));
    }

    /// A shift by a power of two below the logits' last digits is exact.
    #[test]
    fn softmax_is_unmoved_by_a_shift(x in prop::collection::vec(-1000..1000_i32, 1..12)) {
        let x: Vec<f64> = x.into_iter().map(|v| f64::from(v) / 64.0).collect();
        let moved: Vec<f64> = x.iter().map(|v| v + 1024.0).collect();
        prop_assert_eq!(softmax(&x).unwrap(), softmax(&moved).unwrap());
    }

    /// The loss is never negative, and each form says the same within rounding
    /// of its terms: the difference of two numbers of the size of the logits.
    #[test]
    fn forms_of_cross_entropy_agree(x in logits()) {
        let log_p = log_softmax(&x).unwrap();
        let size = x.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
        for y in 0..x.len() {
            let loss = cross_entropy_from_logits(y, &x);
            prop_assert!(loss >= 0.0);
            prop_assert!((loss + log_p[y]).abs() <= 4.0 * f64::EPSILON * size);
            prop_assert!((loss - (logsumexp(&x) - x[y])).abs() <= 4.0 * f64::EPSILON * size);
        }
    }

    /// The whole range of f64 gives a finite loss and a derivative in [−1, 1].
    #[test]
    fn binary_cross_entropy_is_finite(y in prop::sample::select(vec![0.0, 0.25, 1.0]), s in any::<f64>()) {
        prop_assert!(BinaryCrossEntropy.value(y, s).is_finite());
        prop_assert!(BinaryCrossEntropy.derivative(y, s).abs() <= 1.0);
    }

    /// In f32 the same formulas stay within its roundings of the f64 value.
    #[test]
    fn single_precision_follows(s in -80.0..80.0_f32) {
        let low = f64::from(BinaryCrossEntropy.value(1.0_f32, s));
        let high = BinaryCrossEntropy.value(1.0, f64::from(s));
        prop_assert!((low - high).abs() <= 4.0 * f64::from(f32::EPSILON) * high);
    }
}

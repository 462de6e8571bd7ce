//! Dual numbers against programs and closed forms; difference quotients
//! against their error analysis.

use proptest::prelude::*;
use wonderland_autodiff::{
    Dual, Quotient, Var, dual_gradient, input, numerical_derivative, numerical_gradient, trace,
};
use wonderland_linalg::Real;

type D = Dual<f64, 1>;

/// Name, on duals, in a trace.
type Pair = (&'static str, fn(D) -> D, for<'t> fn(Var<'t>) -> Var<'t>);

const PAIRS: &[Pair] = &[
    ("exp", |x| x.exp(), |x| x.exp()),
    ("exp_m1", |x| x.exp_m1(), |x| x.exp_m1()),
    ("ln", |x| (x * x + D::ONE).ln(), |x| (x * x + 1.0).ln()),
    ("ln_1p", |x| (x * x).ln_1p(), |x| (x * x).ln_1p()),
    ("sqrt", |x| (x * x + D::ONE).sqrt(), |x| (x * x + 1.0).sqrt()),
    ("sin", |x| x.sin(), |x| x.sin()),
    ("cos", |x| x.cos(), |x| x.cos()),
    ("tanh", |x| x.tanh(), |x| x.tanh()),
    ("atan", |x| x.atan(), |x| x.atan()),
    ("erf", |x| x.erf(), |x| x.erf()),
    ("erfc", |x| x.erfc(), |x| x.erfc()),
    ("abs", |x| x.abs(), |x| x.abs()),
    ("powi", |x| x.powi(3), |x| x.powi(3)),
    ("powf", |x| x.abs().powf(D::from_f64(1.5)), |x| x.abs().powf(1.5)),
    ("sigmoid", |x| x.sigmoid(), |x| x.sigmoid()),
    ("softplus", |x| x.softplus(), |x| x.softplus()),
    ("log_sigmoid", |x| x.log_sigmoid(), |x| x.log_sigmoid()),
    ("log1mexp", |x| x.abs().log1mexp(), |x| x.abs().log1mexp()),
    ("xlogy", |x| x.xlogy(x * x + D::ONE), |x| x.xlogy(x * x + 1.0)),
    ("logaddexp", |x| x.logaddexp(D::ONE), |x| x.logaddexp(x.scalar(1.0))),
    ("maximum", |x| x.maximum(D::ONE), |x| x.maximum(x.scalar(1.0))),
    ("minimum", |x| x.minimum(D::ONE), |x| x.minimum(x.scalar(1.0))),
    ("div", |x| D::ONE / (x * x + D::ONE) - x, |x| 1.0 / (x * x + 1.0) - x),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn duals_and_programs_have_the_same_slopes(x in -6.0..6.0_f64) {
        for (name, on_duals, in_trace) in PAIRS {
            let dual = on_duals(D::variable(x, 0));
            let p = trace(input("x", []), |_, x| in_trace(x)).unwrap();
            let both = p.value_and_grad().unwrap().run(&x).unwrap();
            for (d, p) in [(dual.re, both[0].as_slice()[0]), (dual.eps[0], both[1].as_slice()[0])] {
                // A few roundings each, of terms no larger than 1 + |x f'|.
                let allowed = 32.0 * f64::EPSILON * (1.0 + p.abs() * (1.0 + x.abs()));
                prop_assert!((d - p).abs() <= allowed, "{} at {}: {} {}", name, x, d, p);
            }
        }
    }
}

#[test]
fn kinks_follow_the_conventions() {
    let slope = |f: fn(D) -> D, x: f64| f(D::variable(x, 0)).eps[0];
    assert_eq!(slope(|x| x.abs(), 0.0), 0.0);
    assert_eq!(slope(|x| x.abs(), -0.0), 0.0);
    assert_eq!(slope(|x| x.maximum(D::ZERO), 0.0), 0.5);
    assert_eq!(slope(|x| x.minimum(D::ZERO), 0.0), 0.5);
    assert_eq!(slope(|x| x.powi(0), 0.0), 0.0);
    assert_eq!(slope(|x| x.powf(D::ZERO), 0.0), 0.0);
    assert_eq!(slope(|x| x.powf(D::ONE), 0.0), 1.0);
    assert_eq!(slope(|x| x.sqrt(), 0.0), f64::INFINITY);
    assert_eq!(slope(|x| D::from_f64(2.0).powf(x), 3.0), 8.0 * std::f64::consts::LN_2);
    // A constant exponent on a negative base.
    assert_eq!(slope(|x| x.powf(D::from_f64(3.0)), -2.0), 12.0);
}

#[test]
fn duals_of_duals_keep_second_order_where_the_first_is_zero() {
    type DD = Dual<Dual<f64, 1>, 1>;
    let at = |x: f64| DD::variable(D::variable(x, 0), 0);
    let second = |y: DD| y.eps[0].eps[0];
    assert_eq!(second(DD::ONE / (at(0.0) * at(0.0) + DD::ONE)), -2.0);
    assert_eq!(second(at(0.0) * at(0.0)), 2.0);
    assert_eq!(second(at(0.0).cos()), -1.0);
    assert_eq!(second(at(0.0).powi(2)), 2.0);
    assert_eq!(second(at(3.0).powf(DD::from_f64(2.0))), 2.0);
    assert!((second(at(0.4).exp()) - 0.4_f64.exp()).abs() < 1e-15);
}

#[test]
fn a_gradient_and_its_text() {
    let (value, grad) = dual_gradient(|[x, y]: [Dual<f64, 2>; 2]| x.sin() * y, [0.0, 2.0]);
    assert_eq!((value, grad), (0.0, [2.0, 0.0]));
    assert_eq!(Dual::<f64, 2>::variable(1.5, 1).to_string(), "1.5 + (0) ε1 + (1) ε2");
    let sum: D = [D::ONE, D::variable(2.0, 0)].into_iter().sum();
    assert_eq!((sum.re, sum.eps[0]), (3.0, 1.0));
}

/// Where truncation rules, halving h divides the error by 2ᵖ; at the step that
/// balances both errors it is about ε^(p/(p+1)).
#[test]
fn notes_6_1_2_difference_quotients_follow_their_error_analysis() {
    let (f, slope) = (f64::exp, 1.0_f64.exp());
    for (q, h) in
        [(Quotient::Forward, 1e-3), (Quotient::Central, 1e-2), (Quotient::FivePoint, 1e-1)]
    {
        let error = |h: f64| (numerical_derivative(q, f, 1.0, h) - slope).abs();
        let ratio = error(h) / error(h / 2.0);
        let expected = f64::from(1 << q.order());
        assert!((ratio / expected - 1.0).abs() < 0.02, "{q:?}: {ratio}");
        let p = f64::from(q.order());
        let best = f64::EPSILON.powf(p / (p + 1.0));
        assert!(error(q.best_step()) < 20.0 * best, "{q:?}: {}", error(q.best_step()));
        // A step far too small is worse: rounding rules.
        assert!(error(1e-13) > 1e-5, "{q:?}");
    }
    assert_eq!(Quotient::Forward.evaluations(10), 11);
    assert_eq!(Quotient::Central.evaluations(10), 20);
    assert_eq!(Quotient::FivePoint.evaluations(10), 40);
    let g = numerical_gradient(Quotient::Central, |x| x[0] * x[1], &[3.0, 2.0], 1e-5);
    assert!((g[0] - 2.0).abs() < 1e-9 && (g[1] - 3.0).abs() < 1e-9);
}

//! A program's value and gradient beside the same written by hand.

use wonderland_autodiff::{Args, Program, Result, Tensor};

/// Numbers without a pattern, made of those of a wave from `angle` on.
pub(crate) fn numbers(angle: &mut f64, dims: &[usize], f: impl Fn(f64) -> f64) -> Tensor {
    let values = (0..dims.iter().product()).map(|_| {
        *angle += 1.0;
        f((*angle * *angle * 0.7).sin())
    });
    Tensor::new(dims, values.collect()).expect("one value per element")
}

/// Says what value and gradient need, beside the value alone `most` times as much
/// at most, and how far they are from those by hand.
pub(crate) fn compare(
    program: &Program,
    args: &impl Args<f64>,
    (value, grads): (f64, &[Tensor]),
    most: f64,
) -> Result<()> {
    let both = program.value_and_grad()?;
    println!("{} operations, with gradient {}", program.n_ops(), both.n_ops());
    let ratio = both.flops() as f64 / program.flops() as f64;
    println!("arithmetic of value and gradient over value: {ratio:.2}");
    let mut plan = both.plan();
    println!("{}", plan.report());
    let (peak, least) = (plan.report().peak, plan.report().lower_bound);
    assert!(peak as f64 <= 1.05 * least as f64, "the arena is near its lower bound");
    let got = plan.run(args)?;
    // ADBench's measure: |x − y| / max(1, |x| + |y|).
    let gap = |x: f64, y: f64| (x - y).abs() / (x.abs() + y.abs()).max(1.0);
    let mut worst = gap(got[0].as_slice()[0], value);
    for (got, by_hand) in got[1..].iter().zip(grads) {
        for (&x, &y) in got.as_slice().iter().zip(by_hand.as_slice()) {
            worst = worst.max(gap(x, y));
        }
    }
    println!("value {value:.9}; largest difference from the hand gradient {worst:.1e}");
    assert!(worst < 1e-12, "the gradients differ");
    assert!(ratio <= most, "value and gradient need {ratio} values, more than {most}");
    Ok(())
}

//! From a closure to a plan: what tracing, differentiating and planning take
//! per operation, said as µs beside criterion's own lines.
//!
//! An operation is one of the resulting program before any are fused: an
//! instruction that is neither an input nor a constant, those of a loop's body
//! once. Each program comes in four sizes where it has sizes, so that growth
//! which is not linear shows.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]
#![expect(clippy::print_stdout, reason = "it says what an operation takes")]
#![expect(clippy::disallowed_methods, reason = "it times its runs")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use wonderland_autodiff::{Plan, Program, Result, data, index, input, trace};
use wonderland_benches::programs;

/// Value and gradient of the mean cross-entropy of a dense network.
fn dense(sizes: &[usize]) -> Result<Program> {
    let layers = || sizes.windows(2).enumerate();
    let weights = layers().map(|(k, s)| input(&format!("W{k}"), [s[0], s[1]]));
    let biases = layers().map(|(k, s)| input(&format!("b{k}"), [s[1]]));
    let params: (Vec<_>, Vec<_>) = (weights.collect(), biases.collect());
    let program = trace((params, data("X", [128, sizes[0]]), index("y", [128])), |_, (p, X, y)| {
        let (W, b) = p;
        let mut h = X;
        for (k, (&W, &b)) in W.iter().zip(&b).enumerate() {
            h = if k == 0 { h } else { h.relu() }.matmul(W) + b;
        }
        h.cross_entropy(y).mean()
    });
    program?.value_and_grad()
}

/// Value and gradient of many blocks that read values from far before them, of
/// changing sizes: reductions, products, slices, stretching.
fn mixed(blocks: usize) -> Result<Program> {
    let program = trace((input("x", [6, 8]), input("A", [8, 8])), |t, (x, A)| {
        let mut states = vec![x];
        for k in 0..blocks {
            let (h, far) = (states[k], states[k / 2]);
            let rows = 2 + k % 5;
            let top = h.slice(0, 0, rows).matmul(A).softmax(1);
            let scale = far.sum_axes(&[0]).sigmoid() + 0.5;
            states.push((top * scale).pad(0, 0, 6 - rows) + (h * 0.9).sin());
        }
        let last = states[blocks];
        (last * last).sum() + t.scalar(1.0)
    });
    program?.value_and_grad()
}

/// A large value times one small one after the other, each made of the one
/// before it.
fn scaled(steps: usize) -> Result<Program> {
    trace((input("x", [4096]), input("s", [1])), |_, x_and_s| {
        (0..steps).fold(x_and_s, |(x, s), _| (x * s, s.tanh())).0
    })
}

fn compile(c: &mut Criterion) {
    let mut group = c.benchmark_group("compile");
    let (warm, measured) = (Duration::from_millis(300), Duration::from_secs(1));
    group.sample_size(10).warm_up_time(warm).measurement_time(measured);
    let mut bench = |name: &str, size: usize, make: &dyn Fn() -> Result<Program>| {
        let n = make().expect("the shapes fit").n_ops();
        let mut least = f64::INFINITY;
        group.bench_function(BenchmarkId::new(name, size), |b| {
            b.iter_custom(|times| {
                let start = Instant::now();
                for _ in 0..times {
                    black_box(make().map(|p| -> Plan<f32> { p.plan() })).expect("it was made");
                }
                let taken = start.elapsed();
                least = least.min(taken.as_secs_f64() / times as f64);
                taken
            });
        });
        // Unless another benchmark was asked for.
        if least.is_finite() {
            println!("{name}/{size}: {:.2} µs per operation of {n}", 1e6 * least / n as f64);
        }
    };
    bench("mlp gradient", 3, &|| dense(&[784, 256, 256, 10]));
    bench("gmm gradient", 10, &|| programs::gmm(10, 10, 1000)?.value_and_grad());
    for layers in [1, 2, 4, 8] {
        bench("lstm hvp", layers, &|| programs::lstm(layers, 1024)?.hvp());
    }
    for steps in [20, 200, 2000, 20_000] {
        bench("chain hvp", steps, &|| programs::chain(steps, 8)?.hvp());
    }
    for steps in [20, 200, 2000, 20_000] {
        bench("scaled value", steps, &|| scaled(steps));
    }
    for layers in [10, 50, 250, 1250] {
        bench("dense gradient", layers, &|| dense(&vec![32; layers + 1]));
    }
    for blocks in [4, 40, 400, 4000] {
        bench("mixed gradient", blocks, &|| mixed(blocks));
    }
    group.finish();
}

criterion_group!(benches, compile);
criterion_main!(benches);

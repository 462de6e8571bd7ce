//! Slice kernels beside the standard library element by element, and the row
//! kernels by number of classes.
//!
//! A helper that is no longer inlined makes a loop tens of times slower: the
//! twin beside each kernel shows it.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::hint::black_box;

use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wonderland_linalg::Scalar;
use wonderland_linalg::kernels::{
    Elementary, dot, dot_axpy, dot_twofold, logsumexp, logsumexp_class_major, softmax,
    softmax_class_major, sum_twofold,
};

/// Fits the second-level cache in both types.
const N: usize = 20_000;

type Group<'a> = BenchmarkGroup<'a, criterion::measurement::WallTime>;

fn random<T: Scalar>(n: usize, low: f64, high: f64) -> Vec<T> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    (0..n).map(|_| T::from_f64(rng.random_range(low..high))).collect()
}

fn elementary<T: Scalar>(group: &mut Group<'_>, name: &str) {
    for f in Elementary::ALL {
        let low = if matches!(f, Elementary::Ln | Elementary::Ln1p) { 0.0 } else { -8.0 };
        let x = random::<T>(N, low, 8.0);
        let mut y = vec![T::ZERO; N];
        group.bench_function(format!("{f:?}/{name}"), |b| {
            b.iter(|| f.apply_into(black_box(&x), black_box(&mut y)));
        });
        group.bench_function(format!("{f:?}/{name} std"), |b| {
            b.iter(|| {
                for (y, &x) in black_box(&mut y).iter_mut().zip(black_box(&x)) {
                    *y = f.of(x);
                }
            });
        });
    }
}

fn rows<T: Scalar>(group: &mut Group<'_>, name: &str) {
    let z = random::<T>(N, -8.0, 8.0);
    let mut p = z.clone();
    for m in [10, 1000] {
        group.bench_function(format!("softmax rows of {m}/{name}"), |b| {
            b.iter(|| {
                p.copy_from_slice(black_box(&z));
                p.chunks_exact_mut(m).for_each(softmax);
            });
        });
        group.bench_function(format!("logsumexp rows of {m}/{name}"), |b| {
            b.iter(|| {
                for row in black_box(&z).chunks_exact(m) {
                    black_box(logsumexp(row));
                }
            });
        });
    }
    // 2000 samples of 10 classes.
    group.bench_function(format!("softmax class-major of 10/{name}"), |b| {
        b.iter(|| {
            p.copy_from_slice(black_box(&z));
            softmax_class_major(black_box(&mut p), N / 10);
        });
    });
    let mut out = vec![T::ZERO; N / 10];
    group.bench_function(format!("logsumexp class-major of 10/{name}"), |b| {
        b.iter(|| logsumexp_class_major(black_box(&z), black_box(&mut out)));
    });
}

fn inner<T: Scalar>(group: &mut Group<'_>, name: &str) {
    let (x, y) = (random::<T>(N, -1.0, 1.0), random::<T>(N, 0.0, 1.0));
    group.bench_function(format!("dot/{name}"), |b| {
        b.iter(|| dot(black_box(&x), black_box(&y)));
    });
    group.bench_function(format!("dot twofold/{name}"), |b| {
        b.iter(|| dot_twofold(black_box(&x), black_box(&y)));
    });
    group.bench_function(format!("sum twofold/{name}"), |b| b.iter(|| sum_twofold(black_box(&x))));
    let (w, mut g) = (random::<T>(20, -1.0, 1.0), vec![T::ZERO; 20]);
    group.bench_function(format!("dot + axpy rows of 20/{name}"), |b| {
        b.iter(|| {
            for row in black_box(&x).chunks_exact(20) {
                black_box(dot_axpy(row, &w, |y| y, &mut g));
            }
        });
    });
}

fn kernels(c: &mut Criterion) {
    let mut group = c.benchmark_group("kernels");
    group.throughput(Throughput::Elements(N as u64));
    elementary::<f32>(&mut group, "f32");
    elementary::<f64>(&mut group, "f64");
    rows::<f32>(&mut group, "f32");
    rows::<f64>(&mut group, "f64");
    inner::<f32>(&mut group, "f32");
    inner::<f64>(&mut group, "f64");
    group.finish();
}

criterion_group!(benches, kernels);
criterion_main!(benches);

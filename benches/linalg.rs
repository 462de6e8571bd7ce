//! Products in the shapes of a small network, of a classifier's head and of squares;
//! both routes to least squares.
//!
//! Elements per second are multiply-adds, for products: twice that is the FLOP rate.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use wonderland_benches::uniform;
use wonderland_linalg::{LeastSquares, Route, Tensor, matmul_into};

/// (name, n, k, m) of (n, k) × (k, m).
const SHAPES: &[(&str, usize, usize, usize)] = &[
    ("hidden layer, batch 128", 128, 784, 256),
    ("head, batch 128", 128, 256, 10),
    ("square 64", 64, 64, 64),
    ("square 512", 512, 512, 512),
];

fn products(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("linalg/matmul-f32");
    for &(name, n, k, m) in SHAPES {
        let a = uniform::<f32>(n, k, 1);
        let b = uniform::<f32>(k, m, 2);
        let mut c = Tensor::zeros(&[n, m]);
        group.throughput(Throughput::Elements((n * k * m) as u64));
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| {
                matmul_into(c.as_mat_mut(), false, black_box(a.as_mat()), black_box(b.as_mat()))
                    .expect("the shapes fit")
            });
        });
    }
    group.finish();
}

/// Both routes to least squares on one well-conditioned problem; elements are
/// those of X.
fn least_squares(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("linalg/least-squares-f64");
    group.sample_size(10);
    for (n, c) in [(100_000, 20), (20_000, 100)] {
        let x = uniform::<f64>(n, c, 3);
        let y = uniform::<f64>(n, 1, 4);
        group.throughput(Throughput::Elements((n * c) as u64));
        for route in [Route::Gram, Route::Qr] {
            let settings = LeastSquares { intercept: true, route, ..Default::default() };
            let name = format!("{route:?} {n} x {c}");
            group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
                bencher.iter(|| {
                    let fit = settings.solve(black_box(x.as_mat()), black_box(y.as_mat()));
                    assert_eq!(fit.expect("the data is finite").route, route);
                });
            });
        }
    }
    group.finish();
}

criterion_group!(linalg, products, least_squares);
criterion_main!(linalg);

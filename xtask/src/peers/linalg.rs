//! Least squares and products.

use super::Workload;

/// A product; the error is a rounding or so of sums of hundreds of terms.
const fn product(name: &'static str, floor: f64) -> Workload {
    Workload {
        name,
        peers: &["numpy-matmul", "jax-matmul"],
        torch: &["torch-matmul"],
        variants: &["faer", "gemm", "ndarray"],
        floor,
        ..Workload::NONE
    }
}

const fn in_f32(name: &'static str) -> Workload {
    product(name, 1e-5)
}

const fn in_f64(name: &'static str) -> Workload {
    product(name, 2e-14)
}

const SOLVERS: &[&str] =
    &["sklearn-LinearRegression", "numpy-lstsq", "scipy-gelsy", "numpy-normal-equations"];

pub(super) const WORKLOADS: &[Workload] = &[
    Workload {
        name: "lstsq-1000000x20",
        peers: SOLVERS,
        torch: &["torch-gels"],
        floor: 1e-14,
        ..Workload::NONE
    },
    Workload {
        name: "lstsq-100000x100",
        peers: SOLVERS,
        torch: &["torch-gels"],
        floor: 1e-14,
        ..Workload::NONE
    },
    Workload {
        name: "lstsq-stable-1000000x20",
        peers: SOLVERS,
        torch: &["torch-gels"],
        floor: 1e-14,
        ..Workload::NONE
    },
    Workload {
        name: "lstsq-stable-100000x100",
        peers: SOLVERS,
        torch: &["torch-gels"],
        floor: 1e-14,
        ..Workload::NONE
    },
    Workload {
        name: "lstsq-two-threads-1000000x20",
        variants: &["one-thread"],
        floor: 1e-14,
        ..Workload::NONE
    },
    Workload {
        name: "lstsq-two-threads-100000x100",
        variants: &["one-thread"],
        floor: 1e-14,
        ..Workload::NONE
    },
    // What two threads gain where nothing but the machine is in their way.
    Workload { name: "two-threads-multiply-adds", variants: &["one-thread"], ..Workload::NONE },
    Workload { name: "two-threads-reading", variants: &["one-thread"], ..Workload::NONE },
    // The layers of 784-256-10 forward, by batch,
    in_f32("matmul-f32-32x784x256"),
    in_f32("matmul-f32-128x784x256"),
    in_f32("matmul-f32-512x784x256"),
    in_f32("matmul-f32-32x256x10"),
    in_f32("matmul-f32-128x256x10"),
    in_f32("matmul-f32-512x256x10"),
    // and backward: gradients of the weights and of the hidden layer.
    in_f32("matmul-tn-f32-784x32x256"),
    in_f32("matmul-tn-f32-784x128x256"),
    in_f32("matmul-tn-f32-784x512x256"),
    in_f32("matmul-tn-f32-256x32x10"),
    in_f32("matmul-tn-f32-256x128x10"),
    in_f32("matmul-tn-f32-256x512x10"),
    in_f32("matmul-nt-f32-32x10x256"),
    in_f32("matmul-nt-f32-128x10x256"),
    in_f32("matmul-nt-f32-512x10x256"),
    in_f32("matmul-f32-512x512x512"),
    in_f64("matmul-f64-512x512x512"),
    in_f32("matmul-tn-f32-512x512x512"),
    in_f64("matmul-tn-f64-512x512x512"),
    in_f32("matmul-f32-1024x1024x1024"),
    in_f64("matmul-f64-1024x1024x1024"),
    in_f64("matmul-f64-2048x64x10"),
    // Few columns, with rows of the transposed operand up to 4096 bytes apart.
    in_f64("matmul-tn-f64-64x2048x16"),
    in_f64("matmul-tn-f64-256x128x16"),
    in_f64("matmul-tn-f64-784x512x16"),
    in_f64("matmul-tn-f64-512x512x16"),
    in_f32("matmul-tn-f32-784x512x32"),
    in_f64("gram-f64-100x10000x100"),
    // None of these three has batches.
    Workload { variants: &[], ..in_f32("batched-f32-32x32x32") },
];

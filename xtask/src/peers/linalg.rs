//! Least squares and products.

use super::Workload;

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
    Workload {
        name: "matmul-f32-128x784x256",
        peers: &["numpy-matmul", "jax-matmul"],
        torch: &["torch-matmul"],
        floor: 1e-5,
        ..Workload::NONE
    },
];

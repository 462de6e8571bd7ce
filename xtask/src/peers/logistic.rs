//! Logistic regression to a gradient of 1e-6.

use super::Workload;

pub(super) const WORKLOADS: &[Workload] = &[
    Workload {
        name: "logistic-100000x50x10",
        peers: &["scipy-jax", "sklearn-lbfgs"],
        torch: &["torch-lbfgs"],
        variants: &["two-threads"],
        // The square of the gradient over the curvature.
        floor: 1e-9,
        ..Workload::NONE
    },
    Workload {
        name: "logistic-1000000x20",
        peers: &["scipy-jax", "sklearn-lbfgs", "sklearn-newton-cholesky"],
        torch: &["torch-lbfgs"],
        variants: &["two-threads"],
        floor: 1e-9,
        ..Workload::NONE
    },
];

//! Logistic regression to a gradient of 1e-6.

use super::Workload;

pub(super) const WORKLOADS: &[Workload] = &[
    // One pass of those below, beside its multiply-adds and exponentials alone,
    // and beside reading its data.
    Workload {
        name: "logistic-pass-100000x50x10",
        variants: &["arithmetic-floor"],
        floor: 1e-9,
        ..Workload::NONE
    },
    Workload {
        name: "logistic-pass-1000000x20",
        variants: &["reading"],
        floor: 1e-9,
        ..Workload::NONE
    },
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

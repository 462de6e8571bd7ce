//! Derivatives of programs, `FUNCTION-SIZES-WHAT`: sizes are rows and widths of
//! dense networks, steps and length of chains, (D, K, N) of Gaussian mixtures,
//! layers and characters of the LSTM. `gemm-floor` is the matrix products alone,
//! `two-at-once` two evaluations at once, one per core.

use super::Workload;

/// Single precision: the two sides round differently, by this much.
const SINGLE: f64 = 3e-5;
const DOUBLE: f64 = 1e-11;

const fn dense(name: &'static str, variants: &'static [&'static str]) -> Workload {
    Workload {
        name,
        peers: &["jax", "numpy"],
        torch: &["torch"],
        variants,
        floor: SINGLE,
        ..Workload::NONE
    }
}

/// NumPy has no gradient by hand for these.
const fn jax(name: &'static str, floor: f64) -> Workload {
    Workload { name, peers: &["jax"], floor, ..Workload::NONE }
}

const fn double(name: &'static str, peers: &'static [&'static str]) -> Workload {
    Workload { name, peers, variants: &["value", "hvp"], floor: DOUBLE, ..Workload::NONE }
}

pub(super) const WORKLOADS: &[Workload] = &[
    dense("mlp-32x784x256x256x10-grad", &["value"]),
    dense(
        "mlp-128x784x256x256x10-grad",
        &["value", "hvp", "gemm-floor", "two-threads", "two-at-once"],
    ),
    dense("mlp-512x784x256x256x10-grad", &["value", "gemm-floor", "two-threads", "two-at-once"]),
    dense("mlp-128x784x512x512x10-grad", &["gemm-floor", "two-threads", "two-at-once"]),
    jax("mlp-128x784x256x256x10-hvp", SINGLE),
    dense("net-128x784x256x10-step", &["gemm-floor"]),
    dense("net-32x784x256x10-step", &["gemm-floor"]),
    dense("softmax-128x784x10-grad", &["value", "hvp"]),
    dense("mlp-32x32x64x64x8-grad", &["value"]),
    jax("mlp-32x32x64x64x8-hvp", SINGLE),
    dense("chain-200x8-grad", &["value"]),
    double("gmm-2x5x1000-grad", &["jax", "numpy"]),
    double("gmm-10x10x1000-grad", &["jax", "numpy"]),
    double("gmm-20x25x1000-grad", &["jax", "numpy"]),
    double("gmm-32x50x1000-grad", &["jax", "numpy"]),
    double("gmm-64x25x1000-grad", &["jax", "numpy"]),
    double("gmm-10x25x10000-grad", &["jax", "numpy"]),
    double("lstm-2x1024-grad", &["jax"]),
    double("lstm-4x1024-grad", &["jax"]),
    double("lstm-2x4096-grad", &["jax"]),
    double("lstm-4x4096-grad", &["jax"]),
];

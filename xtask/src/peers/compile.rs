//! From a function to a program that is ready to run.

use super::Workload;

const fn jax(name: &'static str) -> Workload {
    // The rounding of single precision, as for the derivatives themselves.
    Workload { name, peers: &["jax"], floor: 3e-5, ..Workload::NONE }
}

/// The time of JAX grows faster than the chain: 100 steps take it 3 s, 200 minutes.
pub(super) const WORKLOADS: &[Workload] = &[
    jax("compile-mlp-128x784x256x256x10-grad"),
    jax("compile-mlp-32x32x64x64x8-hvp"),
    jax("compile-chain-20x8-hvp"),
    Workload { few: &[("jax", 10)], ..jax("compile-chain-100x8-hvp") },
];

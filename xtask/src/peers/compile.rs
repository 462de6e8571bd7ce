//! From a function to a program that is ready to run.

use super::Workload;

const fn jax(name: &'static str) -> Workload {
    // The rounding of single precision, as for the derivatives themselves.
    Workload { name, peers: &["jax"], floor: 3e-5, ..Workload::NONE }
}

/// The time of JAX grows faster than the chain: 200 steps take it minutes.
pub(super) const WORKLOADS: &[Workload] =
    &[jax("compile-mlp-128x784x256x256x10-grad"), jax("compile-chain-20x8-hvp")];

//! Elementary functions, softmax and log-sum-exp.

use super::Workload;

const PEERS: &[&str] = &["numpy", "jax"];

/// Two units of the last place; the reference is good to less than one.
const fn in_f32(name: &'static str) -> Workload {
    Workload { name, peers: PEERS, torch: &["torch"], floor: 2.5e-7, ..Workload::NONE }
}

/// The reference itself may be off by an ulp.
const fn in_f64(name: &'static str) -> Workload {
    Workload { name, peers: PEERS, torch: &["torch"], floor: 7e-16, ..Workload::NONE }
}

pub(super) const WORKLOADS: &[Workload] = &[
    in_f32("exp-f32"),
    in_f64("exp-f64"),
    in_f32("expm1-f32"),
    in_f64("expm1-f64"),
    in_f32("ln-f32"),
    in_f64("ln-f64"),
    in_f32("ln1p-f32"),
    in_f64("ln1p-f64"),
    in_f32("tanh-f32"),
    in_f64("tanh-f64"),
    in_f32("sigmoid-f32"),
    in_f64("sigmoid-f64"),
    in_f32("softplus-f32"),
    in_f64("softplus-f64"),
    in_f32("erf-f32"),
    in_f64("erf-f64"),
    in_f32("sin-f32"),
    in_f64("sin-f64"),
    in_f32("cos-f32"),
    in_f64("cos-f64"),
    in_f32("atan-f32"),
    in_f64("atan-f64"),
    in_f32("softmax-f32-10"),
    in_f64("softmax-f64-10"),
    in_f32("softmax-f32-1000"),
    in_f64("softmax-f64-1000"),
    in_f32("logsumexp-f32-10"),
    in_f64("logsumexp-f64-10"),
    in_f32("logsumexp-f32-1000"),
    in_f64("logsumexp-f64-1000"),
];

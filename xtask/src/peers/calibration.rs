//! Errors, recalibration and conformal sets of a million samples.

use super::Workload;

pub(super) const WORKLOADS: &[Workload] = &[
    Workload { name: "ece-1000000", peers: &["numpy"], floor: 1e-13, ..Workload::NONE },
    Workload { name: "smooth-ece-1000000", peers: &["relplot"], floor: 1e-6, ..Workload::NONE },
    Workload {
        name: "temperature-1000000",
        peers: &["sklearn-temperature"],
        floor: 1e-12,
        ..Workload::NONE
    },
    Workload {
        name: "pav-1000000",
        peers: &["sklearn-isotonic_regression", "scipy-isotonic_regression"],
        floor: 1e-15,
        ..Workload::NONE
    },
    // A tenth of the size: at a million the library needs more than a minute.
    Workload { name: "venn-abers-100000", peers: &["venn-abers"], floor: 1e-14, ..Workload::NONE },
    // The error is how far the coverage is from nine tenths: four standard
    // errors of a share of the held-out samples are 4e-3.
    Workload { name: "aps-1000000", peers: &["numpy", "mapie"], floor: 4e-3, ..Workload::NONE },
];

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
    Workload { name: "venn-abers-100000", peers: &["venn-abers"], floor: 1e-14, ..Workload::NONE },
    // A run of the library takes more than a minute.
    Workload {
        name: "venn-abers-1000000",
        peers: &["venn-abers"],
        few: &[("venn-abers", 3)],
        floor: 1e-14,
        ..Workload::NONE
    },
    // The error is how far the coverage is from nine tenths: four standard
    // errors of a share of the held-out samples are 4e-3.
    sets("aps-1000000"),
    sets("lac-1000000"),
];

/// A run of MAPIE takes seconds.
const fn sets(name: &'static str) -> Workload {
    Workload {
        name,
        peers: &["numpy", "mapie"],
        torch: &["torchcp"],
        few: &[("mapie", 10)],
        floor: 4e-3,
        ..Workload::NONE
    }
}

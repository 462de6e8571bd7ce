//! From nothing to done: our program beside a Python that imports what it needs
//! for the same.

use super::Workload;

const PEERS: &[&str] = &["python-sklearn"];

pub(super) const WORKLOADS: &[Workload] = &[
    Workload { name: "start-version", peers: PEERS, ..Workload::NONE },
    Workload { name: "start-fit-iris", peers: PEERS, ..Workload::NONE },
];

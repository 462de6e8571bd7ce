//! Reading tables of shortest decimals, 16 to 17 digits each, from a file that
//! the system holds in memory.

use super::Workload;
use crate::python::Packages;

/// The parser that pandas uses by default may be an ulp off.
const fn of(name: &'static str) -> Workload {
    Workload {
        name,
        peers: &["pandas", "pandas-round-trip", "polars"],
        packages: Packages::Tables,
        floor: 3e-16,
        ..Workload::NONE
    }
}

pub(super) const WORKLOADS: &[Workload] = &[of("csv-550000x20"), of("csv-1000000x5")];

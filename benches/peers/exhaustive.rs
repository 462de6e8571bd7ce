//! Every `f32` through the elementary functions, against the standard functions
//! of `f64`: what `cargo xtask refs --exhaustive` starts.

use wonderland_linalg::kernels::Elementary;

use crate::Fault;

/// The function of that name, or all of them.
pub(crate) fn chosen(only: Option<&str>) -> Result<Vec<Elementary>, Fault> {
    let chosen: Vec<Elementary> =
        Elementary::ALL.into_iter().filter(|&f| only.is_none_or(|only| only == name(f))).collect();
    if chosen.is_empty() {
        let names: Vec<String> = Elementary::ALL.into_iter().map(name).collect();
        return Err(format!("there is no such function; there are {}", names.join(", ")).into());
    }
    Ok(chosen)
}

pub(crate) fn name(f: Elementary) -> String {
    format!("{f:?}").to_lowercase()
}

/// Prints the largest error of each function, or of one, and where it occurs.
pub(crate) fn run(only: Option<&str>) -> Result<(), Fault> {
    let mut beyond = Vec::new();
    for f in chosen(only)? {
        // Even bit patterns and odd ones.
        let (even, odd) = std::thread::scope(|scope| {
            let odd = scope.spawn(|| f.worst_ulp_f32(2, 1));
            (f.worst_ulp_f32(2, 0), odd.join())
        });
        let odd = odd.map_err(|_| "a thread panicked")?;
        let (worst, at) = if odd.0 > even.0 { odd } else { even };
        println!("{:<10} {worst:.3} ulp at {at:e} ({:#010x})", name(f), at.to_bits());
        if worst > 2.0 {
            beyond.push(name(f));
        }
    }
    if beyond.is_empty() {
        Ok(())
    } else {
        Err(format!("more than 2 ulp off: {}", beyond.join(", ")).into())
    }
}

//! Kinds of stationary points (notes §2.3.1), told apart by curvature: the
//! signs of the Hessian's eigenvalues.

use wonderland_linalg::Tensor;

use crate::error::check_finite;
use crate::{Error, Result};

/// What a point with zero gradient is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StationaryKind {
    /// Curved upwards in every direction: a local minimum.
    Minimum,
    /// Curved downwards in every direction: a local maximum.
    Maximum,
    /// Up in some direction, down in another.
    Saddle,
    /// Flat in some direction and not a saddle: the curvature does not tell
    /// (x⁴ has a minimum, x³ has none).
    Undecided,
}

/// The curvature at a point.
#[derive(Debug, Clone, PartialEq)]
pub struct Curvature {
    /// Eigenvalues of the Hessian, ascending.
    pub eigenvalues: Vec<f64>,
    /// Eigenvalues within this of 0 count as flat: d ε times the largest size.
    pub tolerance: f64,
    /// What a stationary point with this curvature is.
    pub kind: StationaryKind,
}

/// Tells what a stationary point is from its Hessian.
///
/// # Shapes
/// `H ~ (d, d)`, symmetric.
///
/// # Errors
/// [`Error::WrongLength`] unless square; [`Error::NonFinite`];
/// [`Error::BadSetting`] for a matrix that is not symmetric.
///
/// # Numerics
/// Cyclic Jacobi rotations: eigenvalues to d ε ‖H‖; meant for small d.
///
/// # References
/// Notes §2.3.1; Golub & Van Loan, *Matrix Computations*, §8.5.
///
/// # Examples
/// ```
/// use wonderland_linalg::Tensor;
/// use wonderland_optim::{StationaryKind, curvature};
/// // x² − y² at the origin.
/// let at_origin = curvature(&Tensor::from_rows(&[[2.0, 0.0], [0.0, -2.0]]))?;
/// assert_eq!(at_origin.kind, StationaryKind::Saddle);
/// # Ok::<(), wonderland_optim::Error>(())
/// ```
pub fn curvature(H: &Tensor) -> Result<Curvature> {
    let d = H.nrows();
    if H.ncols() != d || H.ndim() != 2 {
        let rule = "a Hessian is square";
        return Err(Error::WrongLength {
            name: "a row of H",
            actual: H.ncols(),
            expected: d,
            rule,
        });
    }
    check_finite("H", H.as_slice())?;
    let size = H.as_slice().iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let tolerance = d as f64 * f64::EPSILON * size;
    for i in 0..d {
        for j in 0..i {
            let gap = (H[[i, j]] - H[[j, i]]).abs();
            // Differences of gradients give a Hessian symmetric to about 1e-8.
            if gap > 1e-6 * size {
                let rule = "a Hessian is symmetric";
                return Err(Error::BadSetting { name: "the asymmetry of H", value: gap, rule });
            }
        }
    }
    let mut eigenvalues = jacobi(H.clone(), tolerance);
    eigenvalues.sort_by(f64::total_cmp);
    let (up, down) = (
        eigenvalues.iter().filter(|&&v| v > tolerance).count(),
        eigenvalues.iter().filter(|&&v| v < -tolerance).count(),
    );
    let kind = match (up, down) {
        (u, 0) if u == d && d > 0 => StationaryKind::Minimum,
        (0, v) if v == d && d > 0 => StationaryKind::Maximum,
        (1.., 1..) => StationaryKind::Saddle,
        _ => StationaryKind::Undecided,
    };
    Ok(Curvature { eigenvalues, tolerance, kind })
}

/// The eigenvalues of a symmetric matrix, by rotating its off-diagonal away.
fn jacobi(mut A: Tensor, tolerance: f64) -> Vec<f64> {
    let d = A.nrows();
    // Convergence is quadratic: ten sweeps are plenty, thirty a safeguard.
    for _ in 0..30 {
        let mut largest = 0.0_f64;
        for p in 0..d {
            for q in p + 1..d {
                let off = A[[p, q]];
                largest = largest.max(off.abs());
                if off == 0.0 {
                    continue;
                }
                let theta = 0.5 * (A[[q, q]] - A[[p, p]]) / off;
                let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let (c, s) = (1.0 / t.hypot(1.0), t / t.hypot(1.0));
                for k in 0..d {
                    let (x, y) = (A[[k, p]], A[[k, q]]);
                    (A[[k, p]], A[[k, q]]) = (c * x - s * y, s * x + c * y);
                }
                for k in 0..d {
                    let (x, y) = (A[[p, k]], A[[q, k]]);
                    (A[[p, k]], A[[q, k]]) = (c * x - s * y, s * x + c * y);
                }
            }
        }
        if largest <= 0.1 * tolerance {
            break;
        }
    }
    (0..d).map(|i| A[[i, i]]).collect()
}

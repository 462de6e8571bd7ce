//! Plain thresholding {k : P_k > γ}, as the notes write it.

use super::sets::PredictionSets;
use crate::probabilities::for_rows;
use crate::{Probabilities, Result, check};

/// The sets {k : P_k > γ}: the classes above a bare minimum of probability.
///
/// This promises **no** coverage: γ says what the model believes, not how
/// often the set holds the truth. [`ConformalClassification`] chooses the
/// threshold from held-out data so that coverage follows.
///
/// # Errors
/// [`BadParameter`](crate::Error::BadParameter) unless 0 ≤ γ < 1.
///
/// # References
/// Notes §4.3.4, with the erratum that 1 − γ is not the error rate.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Probabilities, plain_threshold_sets};
/// use wonderland_linalg::Tensor;
/// let P = Tensor::from_rows(&[[0.6, 0.3, 0.1]]);
/// let sets = plain_threshold_sets(&Probabilities::new(P.as_mat())?, 0.25)?;
/// assert_eq!(sets.classes(0).collect::<Vec<_>>(), [0, 1]);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
///
/// [`ConformalClassification`]: crate::ConformalClassification
pub fn plain_threshold_sets(P: &Probabilities<'_>, gamma: f64) -> Result<PredictionSets> {
    check::parameter("gamma", gamma, (0.0..1.0).contains(&gamma), "it must lie in [0, 1)")?;
    let mut sets = PredictionSets::empty(P.n_samples(), P.n_classes());
    for_rows(P.as_mat(), |i, row| {
        for (k, _) in row.iter().enumerate().filter(|&(_, &p)| p > gamma) {
            sets.insert(i, k);
        }
    });
    Ok(sets)
}

//! Real-valued scores beside outcomes: what Platt, isotonic and Venn–Abers
//! maps are fitted on. A score may be a probability, a logit, or a margin.

use crate::{Error, Forecasts, Result, check};

/// Checks scores, outcomes and weights at the door of a fit.
pub(crate) fn check_scored(scores: &[f64], y: &[bool], weights: Option<&[f64]>) -> Result<()> {
    check::length("y", y.len(), scores.len(), "score")?;
    if scores.is_empty() {
        return Err(Error::Empty { what: "scores" });
    }
    check::finite("scores", scores)?;
    weights.map_or(Ok(()), |w| check::weights(w, scores.len()))
}

/// (score, outcome, weight) of each sample.
pub(crate) fn samples<'a>(
    scores: &'a [f64],
    y: &'a [bool],
    weights: Option<&'a [f64]>,
) -> impl Iterator<Item = (f64, bool, f64)> + Clone + 'a {
    (0..scores.len()).map(move |i| (scores[i], y[i], weights.map_or(1.0, |w| w[i])))
}

/// logit p of checked forecasts.
///
/// # Errors
/// [`Error::NonFinite`] where p is 0 or 1.
pub(crate) fn logits_of(f: &Forecasts<'_>) -> Result<Vec<f64>> {
    use wonderland_linalg::Real;
    let z: Vec<f64> = f.p().iter().map(|p| p.logit()).collect();
    check::finite("logit p", &z)?;
    Ok(z)
}

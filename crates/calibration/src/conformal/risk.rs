//! Beyond coverage: choose a parameter so that any bounded loss is controlled,
//! on average (conformal risk control) or with high probability
//! (learn-then-test).

use serde::{Deserialize, Serialize};
use wonderland_linalg::MatRef;
use wonderland_linalg::special::binomial_cdf;

use super::alpha::Alpha;
use crate::sum::Sum;
use crate::{Error, Result, check};

/// The first candidate whose expected loss on a new sample is at most α.
///
/// Column j of `losses` ~ (n, J) holds the loss of each calibration sample at
/// candidate j; along the columns no loss may rise. Returns the first j with
/// (Σᵢ Lᵢⱼ + B)/(n + 1) ≤ α, or `None` when none qualifies.
///
/// # Guarantee
/// E\[loss\] ≤ α for exchangeable samples with losses at most B. For the 0–1
/// loss of prediction sets this is split conformal prediction.
///
/// # Errors
/// [`Error::BadParameter`] unless losses are finite and at most `bound`;
/// [`Error::NotMonotone`].
///
/// # References
/// Angelopoulos, Bates, Fisch, Lei and Schuster 2024.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Alpha, conformal_risk_control};
/// use wonderland_linalg::Tensor;
/// let losses = Tensor::from_rows(&[[1.0, 1.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]);
/// // Sums 3, 1, 0; (0 + 1)/4 ≤ 1/4 at the last candidate only.
/// assert_eq!(conformal_risk_control(losses.as_mat(), 1.0, Alpha::new(1, 4)?)?, Some(2));
/// assert_eq!(conformal_risk_control(losses.as_mat(), 1.0, Alpha::new(1, 5)?)?, None);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
pub fn conformal_risk_control(
    losses: MatRef<'_, f64>,
    bound: f64,
    alpha: Alpha,
) -> Result<Option<usize>> {
    check::parameter("bound", bound, bound.is_finite(), "it must be finite")?;
    let (n, m) = (losses.nrows(), losses.ncols());
    let mut before = vec![f64::INFINITY; n];
    let (a, b) = alpha.fraction();
    let mut first = None;
    for j in 0..m {
        let mut sum = Sum::default();
        for (i, before) in before.iter_mut().enumerate() {
            let loss = losses[(i, j)];
            let rule = "every loss must be finite and at most the bound";
            check::parameter("loss", loss, loss.is_finite() && loss <= bound, rule)?;
            if loss > *before {
                return Err(Error::NotMonotone { row: i, index: j, before: *before, after: loss });
            }
            *before = loss;
            sum.add(loss);
        }
        sum.add(bound);
        // Cross-multiplied: exact for whole losses.
        if first.is_none() && sum.value() * b as f64 <= a as f64 * (n + 1) as f64 {
            first = Some(j);
        }
    }
    Ok(first)
}

/// How the chance of any false claim is kept below δ over all candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum FamilyWise {
    /// Candidates in the given order at level δ, stopping at the first that
    /// fails: powerful when the safest come first.
    #[default]
    FixedSequence,
    /// Every candidate at δ/J.
    Bonferroni,
    /// Holm's step-down.
    Holm,
}

/// Learn-then-test: the candidates certified to have risk at most α.
///
/// # Guarantee
/// With probability at least 1 − δ over the calibration samples (independent,
/// losses in [0, 1]), every returned candidate has risk at most α.
///
/// # References
/// Angelopoulos, Bates, Candès, Jordan and Lei 2022.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LearnThenTest {
    /// Largest acceptable risk.
    pub alpha: f64,
    /// Chance of a false certificate.
    pub delta: f64,
    /// How candidates are tested together.
    pub family: FamilyWise,
}

impl LearnThenTest {
    /// Indices of the certified columns of `losses` ~ (n, J), increasing;
    /// empty when none can be certified.
    ///
    /// # Errors
    /// [`Error::BadParameter`] unless 0 < α, δ < 1 and losses lie in \[0, 1\];
    /// [`Error::Empty`] without samples.
    ///
    /// # Examples
    /// ```
    /// use wonderland_calibration::{FamilyWise, LearnThenTest};
    /// use wonderland_linalg::Tensor;
    /// let losses = Tensor::from_fn(100, 2, |i, j| if j == 1 && i % 2 == 0 { 1.0 } else { 0.0 });
    /// let test =
    ///     LearnThenTest { alpha: 0.1, delta: 0.05, family: FamilyWise::FixedSequence };
    /// assert_eq!(test.certify(losses.as_mat())?, [0]); // p = 0.9¹⁰⁰
    /// # Ok::<(), wonderland_calibration::Error>(())
    /// ```
    pub fn certify(&self, losses: MatRef<'_, f64>) -> Result<Vec<usize>> {
        check::open_unit("alpha", self.alpha)?;
        check::open_unit("delta", self.delta)?;
        let (n, m) = (losses.nrows(), losses.ncols());
        if n == 0 {
            return Err(Error::Empty { what: "losses" });
        }
        let mut p_values = Vec::with_capacity(m);
        for j in 0..m {
            let mut sum = Sum::default();
            for i in 0..n {
                let loss = losses[(i, j)];
                check::parameter(
                    "loss",
                    loss,
                    (0.0..=1.0).contains(&loss),
                    "it must lie in [0, 1]",
                )?;
                sum.add(loss);
            }
            p_values.push(hoeffding_bentkus(sum.value(), n, self.alpha));
        }
        let mut certified: Vec<usize> = match self.family {
            FamilyWise::FixedSequence => {
                (0..m).take_while(|&j| p_values[j] <= self.delta).collect()
            }
            FamilyWise::Bonferroni => {
                (0..m).filter(|&j| p_values[j] * m as f64 <= self.delta).collect()
            }
            FamilyWise::Holm => {
                let mut order: Vec<usize> = (0..m).collect();
                order.sort_by(|&i, &j| p_values[i].total_cmp(&p_values[j]));
                let holds = |(r, j): &(usize, usize)| p_values[*j] * (m - r) as f64 <= self.delta;
                order.into_iter().enumerate().take_while(holds).map(|(_, j)| j).collect()
            }
        };
        certified.sort_unstable();
        Ok(certified)
    }
}

/// A p-value of "risk > α" for n losses in [0, 1] with the given sum:
/// min(exp(−n h(R̂, α)), e · P(Binomial(n, α) ≤ ⌈n R̂⌉)), with h the
/// Bernoulli divergence and R̂ held to at most α.
fn hoeffding_bentkus(sum: f64, n: usize, alpha: f64) -> f64 {
    let n_f = n as f64;
    let r = (sum / n_f).min(alpha);
    let part = |x: f64, y: f64| if x > 0.0 { x * (x / y).ln() } else { 0.0 };
    let hoeffding = (-n_f * (part(r, alpha) + part(1.0 - r, 1.0 - alpha))).exp();
    // A sum that is whole but for rounding must not be lifted to the next.
    let count = if (sum - sum.round()).abs() <= 1e-9 { sum.round() } else { sum.ceil() };
    let bentkus = std::f64::consts::E * binomial_cdf(count as u64, n as u64, alpha);
    hoeffding.min(bentkus).min(1.0)
}

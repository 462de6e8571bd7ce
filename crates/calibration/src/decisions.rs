//! From probabilities to actions: expected cost, rejection, net benefit
//! (notes §4.3.3).

use serde::{Deserialize, Serialize};
use wonderland_linalg::{MatRef, Tensor};

use crate::probabilities::for_rows;
use crate::{Error, Forecasts, Probabilities, Result, check};

/// Costs C ~ (m, m): C_ij is the cost of predicting i when the truth is j.
///
/// # References
/// Notes §4.3.3 with its erratum: rows are predictions, columns the truth.
///
/// # Examples
/// The notes' example: missing class 1 costs ten times a false alarm, so 0.1
/// already suffices to predict it.
/// ```
/// use wonderland_calibration::{CostMatrix, Probabilities};
/// use wonderland_linalg::Tensor;
/// let costs = CostMatrix::new(Tensor::from_rows(&[[0.0, 10.0], [1.0, 0.0]]))?;
/// let P = Tensor::from_rows(&[[0.95, 0.05], [0.85, 0.15]]);
/// let actions = costs.decide(&Probabilities::new(P.as_mat())?)?;
/// assert_eq!(actions, [0, 1]);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostMatrix {
    costs: Tensor,
}

impl CostMatrix {
    /// Costs with one row per action and one column per true class; there may
    /// be more or fewer actions than classes (such as "refer to a specialist").
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::NonFinite`].
    pub fn new(costs: Tensor) -> Result<Self> {
        let (rows, columns) = (costs.nrows(), costs.ncols());
        if costs.ndim() != 2 || rows == 0 || columns == 0 {
            return Err(Error::Empty { what: "the cost matrix" });
        }
        for (i, &value) in costs.as_slice().iter().enumerate() {
            if !value.is_finite() {
                let (row, column) = (i / columns, i % columns);
                return Err(Error::NonFinite { what: "the cost matrix", row, column, value });
            }
        }
        Ok(Self { costs })
    }

    /// Cost 1 for every mistake: decides as argmax does.
    #[must_use]
    pub fn zero_one(n_classes: usize) -> Self {
        let costs = Tensor::from_fn(n_classes, n_classes, |i, j| f64::from(u8::from(i != j)));
        Self { costs }
    }

    /// Cost `mistake` for every wrong class, and a last action that rejects at
    /// the cost `reject`: it is taken when 1 − max P > reject / mistake.
    ///
    /// # Errors
    /// [`Error::BadParameter`] unless 0 < reject < mistake.
    ///
    /// # References
    /// Chow 1970.
    pub fn with_reject(n_classes: usize, mistake: f64, reject: f64) -> Result<Self> {
        let holds = reject > 0.0 && reject < mistake && mistake.is_finite();
        check::parameter(
            "reject",
            reject,
            holds,
            "it must lie between 0 and the cost of a mistake",
        )?;
        let cost = |i: usize, j: usize| match i {
            _ if i == n_classes => reject,
            _ if i == j => 0.0,
            _ => mistake,
        };
        Self::new(Tensor::from_fn(n_classes + 1, n_classes, cost))
    }

    /// C.
    #[must_use]
    pub fn as_mat(&self) -> MatRef<'_, f64> {
        self.costs.as_mat()
    }

    /// Expected cost Σⱼ C_ij Pⱼ of every action, (n, actions).
    ///
    /// # Errors
    /// [`Error::ClassCount`] when P has other columns than C.
    pub fn expected(&self, P: &Probabilities<'_>) -> Result<Tensor> {
        self.check(P)?;
        let mut out = Tensor::zeros(&[P.n_samples(), self.costs.nrows()]);
        for_rows(P.as_mat(), |i, row| {
            for (a, cost) in out.row_mut(i).iter_mut().enumerate() {
                *cost = dot(self.costs.row(a), row);
            }
        });
        Ok(out)
    }

    /// The action of least expected cost, argmin_i Σⱼ C_ij Pⱼ, for each row;
    /// the lowest index among equals.
    ///
    /// # Errors
    /// [`Error::ClassCount`] when P has other columns than C.
    pub fn decide(&self, P: &Probabilities<'_>) -> Result<Vec<usize>> {
        self.check(P)?;
        let mut actions = Vec::with_capacity(P.n_samples());
        for_rows(P.as_mat(), |_, row| {
            let (mut best, mut least) = (0, f64::INFINITY);
            for a in 0..self.costs.nrows() {
                let cost = dot(self.costs.row(a), row);
                if cost < least {
                    (best, least) = (a, cost);
                }
            }
            actions.push(best);
        });
        Ok(actions)
    }

    /// The mean cost of actions on true classes.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::Empty`]; [`Error::UnknownLabel`]
    /// for an action or class the matrix does not have.
    pub fn mean_cost(&self, actions: &[usize], labels: &[usize]) -> Result<f64> {
        check::length("labels", labels.len(), actions.len(), "action")?;
        if actions.is_empty() {
            return Err(Error::Empty { what: "actions" });
        }
        let (n_actions, n_classes) = (self.costs.nrows(), self.costs.ncols());
        if let Some(row) = actions.iter().position(|&a| a >= n_actions) {
            return Err(Error::UnknownLabel { row, label: actions[row], n_classes: n_actions });
        }
        crate::class_forecasts::check_labels(labels, actions.len(), n_classes)?;
        let costs = actions.iter().zip(labels).map(|(&a, &y)| self.costs[[a, y]]);
        Ok(costs.sum::<f64>() / actions.len() as f64)
    }

    /// For two classes and two actions: the smallest P₁ at which action 1
    /// costs no more, (C₁₀ − C₀₀) / (C₁₀ − C₀₀ + C₀₁ − C₁₁).
    ///
    /// `None` unless both mistakes cost more than the right action.
    ///
    /// # Examples
    /// ```
    /// use wonderland_calibration::CostMatrix;
    /// use wonderland_linalg::Tensor;
    /// let costs = CostMatrix::new(Tensor::from_rows(&[[0.0, 10.0], [1.0, 0.0]]))?;
    /// assert_eq!(costs.binary_threshold(), Some(1.0 / 11.0));
    /// # Ok::<(), wonderland_calibration::Error>(())
    /// ```
    #[must_use]
    pub fn binary_threshold(&self) -> Option<f64> {
        if self.costs.shape() != [2, 2] {
            return None;
        }
        let c = |i, j| self.costs[[i, j]];
        let (alarm, miss) = (c(1, 0) - c(0, 0), c(0, 1) - c(1, 1));
        (alarm > 0.0 && miss > 0.0).then(|| alarm / (alarm + miss))
    }

    fn check(&self, P: &Probabilities<'_>) -> Result<()> {
        if P.n_classes() == self.costs.ncols() {
            Ok(())
        } else {
            Err(Error::ClassCount { expected: self.costs.ncols(), actual: P.n_classes() })
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The top class of each row, or `None` where 1 − max P > d: rejected.
///
/// # Errors
/// [`Error::BadParameter`] unless 0 ≤ d ≤ 1.
///
/// # References
/// Chow 1970.
pub fn decide_or_reject(P: &Probabilities<'_>, d: f64) -> Result<Vec<Option<usize>>> {
    check::parameter("d", d, (0.0..=1.0).contains(&d), "it must lie in [0, 1]")?;
    let pairs = P.confidence().iter().zip(P.predicted());
    Ok(pairs.map(|(&c, &k)| (1.0 - c <= d).then_some(k as usize)).collect())
}

/// Net benefit of acting when p ≥ t: (TP − FP · t/(1 − t)) / n, beside that of
/// acting always.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NetBenefit {
    /// The threshold t: the p at which acting and not acting cost the same.
    pub threshold: f64,
    /// Net benefit of the forecasts.
    pub model: f64,
    /// Net benefit of acting always; never acting has 0.
    pub act_always: f64,
}

/// The decision curve at the given thresholds.
///
/// # Errors
/// [`Error::BadParameter`] for a threshold outside (0, 1).
///
/// # References
/// Vickers and Elkin 2006.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Forecasts, net_benefit};
/// let f = Forecasts::new(&[0.1, 0.6, 0.7, 0.9], &[false, false, true, true])?;
/// let at = net_benefit(&f, &[0.5])?[0];
/// assert_eq!((at.model, at.act_always), (0.25, 0.0)); // (2 − 1)/4, (2 − 2)/4
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
pub fn net_benefit(f: &Forecasts<'_>, thresholds: &[f64]) -> Result<Vec<NetBenefit>> {
    for &t in thresholds {
        check::open_unit("threshold", t)?;
    }
    // Sorted once, cumulative from the top.
    let order = f.order();
    let p: Vec<f64> = order.iter().map(|&i| f.p()[i as usize]).collect();
    let (mut events, mut others) = (vec![0.0; p.len() + 1], vec![0.0; p.len() + 1]);
    for (j, &i) in order.iter().enumerate().rev() {
        let (y, w) = (f.y()[i as usize], f.weight(i as usize));
        events[j] = events[j + 1] + if y { w } else { 0.0 };
        others[j] = others[j + 1] + if y { 0.0 } else { w };
    }
    let total = events[0] + others[0];
    let benefit = |j: usize, t: f64| (events[j] - others[j] * t / (1.0 - t)) / total;
    Ok(thresholds
        .iter()
        .map(|&t| NetBenefit {
            threshold: t,
            model: benefit(p.partition_point(|&p| p < t), t),
            act_always: benefit(0, t),
        })
        .collect())
}

//! Composites: stable forms, activations and building blocks of losses, each
//! written once from the operations (notes §4.1.2, §4.2.1, §4.3.2, §5.4).
//!
//! At a kink the derivative is the element of smallest absolute value between
//! the slopes on both sides. Branches are written so that the one not taken is
//! finite, with a finite slope: no NaN comes out of finite arguments.

use crate::custom::custom;
use crate::graph::permutation;
use crate::op::Op;
use crate::shape::Shape;
use crate::trace::{Builder, Idx, Var};

impl Builder {
    /// The (n, n) identity matrix.
    #[must_use]
    #[track_caller]
    pub fn eye(&self, n: usize) -> Var<'_> {
        self.arange(n).one_hot(n)
    }

    /// The indices 0, 1, …, n − 1.
    #[must_use]
    #[track_caller]
    pub fn arange(&self, n: usize) -> Idx<'_> {
        let at = std::panic::Location::caller();
        Idx(Var::new(self.emit(&Op::Iota(n as u32), &[], at), self))
    }
}

/// Tensors joined along an existing axis.
///
/// # Panics
/// When `parts` is empty.
#[must_use]
#[track_caller]
pub fn concat<'t>(parts: &[Var<'t>], axis: isize) -> Var<'t> {
    let rank = parts[0].shape().rank() as isize;
    let place = if axis < 0 { axis + rank } else { axis };
    let size = |v: &Var<'t>| v.shape().iter().nth(place.max(0) as usize).unwrap_or(0);
    let total: usize = parts.iter().map(size).sum();
    let mut before = 0;
    let mut joined: Option<Var<'t>> = None;
    for part in parts {
        let padded = part.pad(axis, before, total - before - size(part));
        before += size(part);
        joined = Some(joined.map_or(padded, |j| j + padded));
    }
    joined.expect("there is at least one part")
}

/// Tensors of one shape joined along a new axis.
///
/// # Panics
/// When `parts` is empty or `axis` exceeds their rank.
#[must_use]
#[track_caller]
pub fn stack<'t>(parts: &[Var<'t>], axis: usize) -> Var<'t> {
    let parts: Vec<Var<'t>> = parts
        .iter()
        .map(|v| {
            let mut dims = v.shape().dims();
            dims.insert(axis.min(dims.len()), 1);
            v.reshape(Shape::new(&dims))
        })
        .collect();
    concat(&parts, axis as isize)
}

impl<'t> Var<'t> {
    /// The values under the same shape with `axis` of size 1 put back, so that
    /// a reduced tensor stretches over what it was reduced from.
    #[must_use]
    #[track_caller]
    pub fn keep_axis(self, axis: isize) -> Self {
        let mut dims = self.shape().dims();
        let rank = dims.len() as isize + 1;
        let place = if axis < 0 { axis + rank } else { axis };
        dims.insert(place.clamp(0, rank - 1) as usize, 1);
        self.reshape(Shape::new(&dims))
    }

    /// ⟨x, y⟩ = Σ xᵢ yᵢ.
    #[must_use]
    #[track_caller]
    pub fn dot(self, other: Var<'t>) -> Self {
        (self * other).sum()
    }

    /// x yᵀ ~ (n, m) of vectors.
    #[must_use]
    #[track_caller]
    pub fn outer(self, other: Var<'t>) -> Self {
        self.reshape([self.shape().len(), 1]).matmul(other.reshape([1, other.shape().len()]))
    }

    /// The sum of the diagonal of a square matrix.
    #[must_use]
    #[track_caller]
    pub fn trace(self) -> Self {
        let n = self.shape().iter().next().unwrap_or(0);
        self.pick(self.builder.arange(n)).sum()
    }

    /// x limited to \[low, high\]; derivative 0 at and beyond the bounds.
    #[must_use]
    #[track_caller]
    pub fn clamp(self, low: f64, high: f64) -> Self {
        let (low, high) = (self.scalar(low), self.scalar(high));
        let upper = self.ge(high).select(high, self);
        self.le(low).select(low, upper)
    }

    /// x − logsumexp(x) along an axis: ln softmax(x), never through softmax.
    ///
    /// # Numerics
    /// Within 4 ε of the largest |x|: what is far smaller than that, as the loss
    /// of a class that is all but certain, is lost in the difference.
    #[must_use]
    #[track_caller]
    pub fn log_softmax(self, axis: isize) -> Self {
        self - self.logsumexp(axis).keep_axis(axis)
    }

    /// −ln softmax(z)\[y\] for each row of logits ~ (n, m) and labels ~ (n):
    /// logsumexp(z) − z\[y\].
    ///
    /// # Numerics
    /// As [`log_softmax`](Var::log_softmax).
    #[must_use]
    #[track_caller]
    pub fn cross_entropy(self, labels: Idx<'t>) -> Self {
        self.logsumexp(-1) - self.pick(labels)
    }

    /// ln(1 + e^(−y z)) for labels y = ±1.
    #[must_use]
    #[track_caller]
    pub fn logistic_loss(self, y: Var<'t>) -> Self {
        (-(y * self)).softplus()
    }

    /// ln σ(x) = −softplus(−x).
    #[must_use]
    #[track_caller]
    pub fn log_sigmoid(self) -> Self {
        -(-self).softplus()
    }

    /// ln(eˣ + eʸ), smooth also where x = y.
    ///
    /// # Numerics
    /// max(x, y) + ln(1 + e^(−|x − y|)), with the slopes σ(x − y) and σ(y − x).
    #[must_use]
    #[track_caller]
    pub fn logaddexp(self, other: Var<'t>) -> Self {
        /// x − y, and 0 where both are the same infinity.
        fn gap<'b>(x: &[Var<'b>]) -> Var<'b> {
            let far = x[0].abs().gt(x[0].scalar(3e38));
            x[0].equal(x[1]).and(far).select(x[0].scalar(0.0), x[0] - x[1])
        }
        custom(
            "logaddexp",
            &self.both(other),
            |x| x[0].maximum(x[1]) + (-gap(x).abs()).softplus(),
            |x, _, d| d[0] * gap(x).sigmoid() + d[1] * (-gap(x)).sigmoid(),
        )
    }

    /// Both under the larger of their shapes.
    #[track_caller]
    fn both(self, other: Var<'t>) -> [Self; 2] {
        let (a, b) = (self.shape(), other.shape());
        let full = if b.stretches_to(&a) { a } else { b };
        [self.broadcast_to(full), other.broadcast_to(full)]
    }

    /// ln(1 − e^(−x)) for x > 0, by expm1 below ln 2 and log1p above.
    #[must_use]
    #[track_caller]
    pub fn log1mexp(self) -> Self {
        let middle = self.scalar(std::f64::consts::LN_2);
        let low = self.le(middle);
        let near = low.select(self, middle);
        let far = low.select(middle, self);
        low.select((-(-near).exp_m1()).ln(), (-(-far).exp()).ln_1p())
    }

    /// x ln y, and 0 where x = 0; the slope by y there is 0, by x it is ln y.
    #[must_use]
    #[track_caller]
    pub fn xlogy(self, y: Var<'t>) -> Self {
        // Both are given the full shape so that masks fit on either side.
        custom(
            "xlogy",
            &self.both(y),
            |a| {
                let (x, y) = (a[0], a[1]);
                let zero = x.equal(x.scalar(0.0));
                zero.select(x.scalar(0.0), x * zero.select(x.scalar(1.0), y).ln())
            },
            |a, _, d| {
                let (x, y) = (a[0], a[1]);
                let zero = x.equal(x.scalar(0.0));
                let safe = zero.select(y.scalar(1.0), y);
                d[0] * y.ln() + d[1] * (x / safe)
            },
        )
    }

    /// a / b, and 0 where b = 0, with derivative 0 there.
    #[must_use]
    #[track_caller]
    pub fn safe_div(self, b: Var<'t>) -> Self {
        let zero = b.equal(b.scalar(0.0));
        zero.select(b.scalar(0.0), self / zero.select(b.scalar(1.0), b))
    }

    /// √Σ xᵢ² along an axis, with derivative 0 at the zero vector.
    ///
    /// # Numerics
    /// Scaled by the largest entry: no overflow, no underflow.
    #[must_use]
    #[track_caller]
    pub fn safe_norm(self, axis: isize) -> Self {
        let largest = self.abs().max_axis(axis).stop_gradient();
        let zero = largest.equal(largest.scalar(0.0));
        let size = zero.select(largest.scalar(1.0), largest);
        let u = self / size.keep_axis(axis);
        let s = (u * u).sum_axes(&[axis]);
        zero.select(s.scalar(0.0), size * zero.select(s.scalar(1.0), s).sqrt())
    }

    /// Squared distances ‖xᵢ − yⱼ‖² ~ (n, m) between rows of X ~ (n, d) and
    /// Y ~ (m, d).
    ///
    /// # Numerics
    /// Sums squared differences, which cannot turn negative as the expansion
    /// ‖x‖² + ‖y‖² − 2⟨x, y⟩ can; takes n m d numbers of memory.
    #[must_use]
    #[track_caller]
    pub fn squared_distances(self, other: Var<'t>) -> Self {
        let (n, m) = (self.keep_axis(1), other.keep_axis(0));
        let (a, b) = (self.shape().dims(), other.shape().dims());
        if a.len() != 2 || b.len() != 2 || a[1] != b[1] {
            // The subtraction names both shapes.
            return self - other;
        }
        let full = [a[0], b[0], a[1]];
        (n.broadcast_to(full) - m).powi(2).sum_axes(&[-1])
    }

    /// (x − mean) / √(variance + ε) along the last axis.
    #[must_use]
    #[track_caller]
    pub fn layer_norm(self, epsilon: f64) -> Self {
        let centred = self - self.mean_axes(&[-1]).keep_axis(-1);
        let variance = (centred * centred).mean_axes(&[-1]).keep_axis(-1);
        centred * (variance + epsilon).rsqrt()
    }

    /// max(x, 0) + slope · min(x, 0) for slope ≥ 0; the smaller slope at 0.
    #[must_use]
    #[track_caller]
    pub fn leaky_relu(self, slope: f64) -> Self {
        self.upper_half(slope).select(self, self * slope)
    }

    /// x for x > 0, α (eˣ − 1) below, for α ≥ 0; the smaller slope at 0.
    #[must_use]
    #[track_caller]
    pub fn elu(self, alpha: f64) -> Self {
        let upper = self.upper_half(alpha);
        let below = upper.select(self.scalar(0.0), self);
        upper.select(self, below.exp_m1() * alpha)
    }

    /// Where the slope is 1 rather than `other`: 0 belongs to the flatter side.
    #[track_caller]
    fn upper_half(self, other: f64) -> crate::trace::Mask<'t> {
        if other > 1.0 { self.ge(self.scalar(0.0)) } else { self.gt(self.scalar(0.0)) }
    }

    /// λ elu(x) with the constants that keep mean 0 and variance 1.
    #[must_use]
    #[track_caller]
    pub fn selu(self) -> Self {
        self.elu(1.673_263_242_354_377_3) * 1.050_700_987_355_480_5
    }

    /// x Φ(x) = ½ x erfc(−x/√2).
    #[must_use]
    #[track_caller]
    pub fn gelu(self) -> Self {
        self * (self * -std::f64::consts::FRAC_1_SQRT_2).erfc() * 0.5
    }

    /// x σ(2 √(2/π) (x + 0.044715 x³)): gelu by tanh.
    #[must_use]
    #[track_caller]
    pub fn gelu_tanh(self) -> Self {
        // Beyond 100 the sigmoid is 0 or 1; a cube there might overflow.
        let (square, limit) = (self * self, self.scalar(1e4));
        let square = square.lt(limit).select(square, limit);
        let inner = self * (1.0 + 0.044_715 * square) * (2.0 * (2.0 / std::f64::consts::PI).sqrt());
        self * inner.gate()
    }

    /// x σ(x).
    #[must_use]
    #[track_caller]
    pub fn silu(self) -> Self {
        self * self.gate()
    }

    /// x tanh(softplus(x)).
    #[must_use]
    #[track_caller]
    pub fn mish(self) -> Self {
        // 1 − tanh² = 4 σ(2s) σ(−2s), which keeps its digits near 0.
        let tanh = custom(
            "tanh",
            &[self.softplus()],
            |s| s[0].tanh(),
            |s, _, d| d[0] * (4.0 * (2.0 * s[0]).sigmoid() * (-2.0 * s[0]).sigmoid()),
        );
        self * tanh
    }

    /// x / (1 + |x|).
    #[must_use]
    #[track_caller]
    pub fn softsign(self) -> Self {
        // The slope 1 / (1 + |x|)², which the quotient rule would find by a
        // difference of nearly equal numbers.
        custom(
            "softsign",
            &[self],
            |x| x[0] / (x[0].abs() + 1.0),
            |x, _, d| d[0] / (x[0].abs() + 1.0).powi(2),
        )
    }

    /// σ(x) with the slope σ(x) σ(−x): where a large factor multiplies it, the
    /// digits that σ (1 − σ) loses would show.
    #[track_caller]
    fn gate(self) -> Self {
        custom("sigmoid", &[self], |x| x[0].sigmoid(), |x, y, d| d[0] * (y * (-x[0]).sigmoid()))
    }

    /// x limited to \[−1, 1\]; derivative 0 at ±1.
    #[must_use]
    #[track_caller]
    pub fn hard_tanh(self) -> Self {
        self.clamp(-1.0, 1.0)
    }

    /// x/6 + ½ limited to \[0, 1\]; derivative 0 at ±3.
    #[must_use]
    #[track_caller]
    pub fn hard_sigmoid(self) -> Self {
        (self / 6.0 + 0.5).clamp(0.0, 1.0)
    }

    /// x · hard_sigmoid(x).
    #[must_use]
    #[track_caller]
    pub fn hard_swish(self) -> Self {
        self * self.hard_sigmoid()
    }

    /// Huber's function of a residual: ½e² for |e| ≤ δ, δ(|e| − δ/2) beyond.
    #[must_use]
    #[track_caller]
    pub fn huber(self, delta: f64) -> Self {
        let size = self.abs();
        let limit = self.scalar(delta);
        // c (|e| − c/2) with c = min(|e|, δ): no square overflows.
        let c = size.lt(limit).select(size, limit);
        c * (size - c * 0.5)
    }

    /// max(0, 1 − y z) for labels y = ±1; derivative 0 at the kink.
    #[must_use]
    #[track_caller]
    pub fn hinge(self, y: Var<'t>) -> Self {
        (1.0 - y * self).relu()
    }

    /// τ max(e, 0) + (1 − τ) max(−e, 0) of a residual e = y − ŷ; derivative 0
    /// at 0.
    #[must_use]
    #[track_caller]
    pub fn pinball(self, tau: f64) -> Self {
        self.relu() * tau + (-self).relu() * (1.0 - tau)
    }

    /// The tensor with one axis moved to another place.
    #[must_use]
    #[track_caller]
    pub fn move_axis(self, from: usize, to: usize) -> Self {
        let rank = self.shape().rank();
        let mut order: Vec<usize> = (0..rank).filter(|&a| a != from).collect();
        order.insert(to.min(order.len()), from);
        self.op(Op::Permute(permutation(&order)), &[])
    }
}

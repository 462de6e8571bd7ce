//! What can be done with a tensor in a trace: products, sums, rows, movement.
//! Functions of single numbers are in `functions`, arithmetic in `operators`,
//! what is composed of them in `compose`.

use std::panic::Location;

use crate::functions::{Along, Unary};
use crate::op::{Number, Op};
use crate::shape::{Axes, Shape};
use crate::trace::{Idx, POISON, Var};

impl<'t> Var<'t> {
    /// A constant of the given shape, in the same trace.
    #[must_use]
    #[track_caller]
    pub fn constant(self, c: f64, dims: impl Into<Shape>) -> Self {
        self.builder.constant(c, dims)
    }

    /// The scalar constant `c`, in the same trace.
    #[must_use]
    #[track_caller]
    pub fn scalar(self, c: f64) -> Self {
        self.builder.scalar(c)
    }

    /// The matrix product A B; leading axes are batches, equal or on one side
    /// only; a vector stands for a row on the left and a column on the right.
    ///
    /// # Shapes
    /// (…, n, k) · (…, k, m) → (…, n, m); (k) · (k, m) → (m); (n, k) · (k) → (n).
    #[must_use]
    #[track_caller]
    pub fn matmul(self, other: Var<'t>) -> Self {
        let at = Location::caller();
        if self.is_poison() || other.is_poison() {
            return Self::new(POISON, self.builder);
        }
        let (a, b) = (self.shape(), other.shape());
        let of_b = b.iter().nth_back(usize::from(b.rank() > 1));
        let (Some(k), Some(of_b)) = (a.iter().next_back(), of_b) else {
            return self.refuse_with("matmul", other, "a scalar is multiplied by `*`");
        };
        if k != of_b {
            let rule =
                format!("the {k} columns of the first must equal the {of_b} rows of the second");
            return self.refuse_with("matmul", other, rule);
        }
        let front = a.iter().take(a.rank() - 1);
        let mut graph = self.builder.graph.borrow_mut();
        let (left, right) = if b.rank() <= 2 {
            // One plain matrix on the right: all rows of the left in one product.
            let columns = if b.rank() == 2 { b.dim(1) } else { 1 };
            let rows = Shape::from([front.clone().product(), k]);
            let right = graph.reshape(other.id, Shape::from([k, columns]), at);
            (graph.reshape(self.id, rows, at), right)
        } else if a.rank() == 1 {
            (graph.reshape(self.id, Shape::from([1, k]), at), other.id)
        } else {
            (self.id, other.id)
        };
        drop(graph);
        let y = self.builder.emit(&Op::MatMul { ta: false, tb: false }, &[left, right], at);
        if y == POISON {
            return Self::new(y, self.builder);
        }
        let mut graph = self.builder.graph.borrow_mut();
        let own = graph.shape(y);
        let shape = match (a.rank(), b.rank()) {
            (_, 1 | 2) => Shape::of(front.chain(b.iter().skip(1))),
            (1, _) => own.without(Axes::of([own.rank() - 2])),
            _ => own,
        };
        let y = graph.reshape(y, shape, at);
        drop(graph);
        Self::new(y, self.builder)
    }

    /// The sum of all elements.
    #[must_use]
    #[track_caller]
    pub fn sum(self) -> Self {
        self.op(Op::Sum(Axes::first(self.shape().rank())), &[])
    }

    /// The sum over some axes, which disappear; negative ones count from the back.
    #[must_use]
    #[track_caller]
    pub fn sum_axes(self, axes: &[isize]) -> Self {
        let mut set = Vec::new();
        for &axis in axes {
            match self.axis(axis) {
                Some(axis) => set.push(usize::from(axis)),
                None => return self.refuse("sum", format!("axis {axis} does not exist")),
            }
        }
        self.op(Op::Sum(Axes::of(set)), &[])
    }

    /// The mean of all elements.
    #[must_use]
    #[track_caller]
    pub fn mean(self) -> Self {
        let n = self.shape().len();
        self.sum() / n as f64
    }

    /// The mean over some axes, which disappear.
    #[must_use]
    #[track_caller]
    pub fn mean_axes(self, axes: &[isize]) -> Self {
        let total = self.sum_axes(axes);
        let n = self.shape().len() as f64 / total.shape().len().max(1) as f64;
        if total.is_poison() { total } else { total / n }
    }

    /// The largest entry along an axis; entries that tie share the derivative.
    #[must_use]
    #[track_caller]
    pub fn max_axis(self, axis: isize) -> Self {
        self.on_axis("max_axis", axis, |axis| Op::Along(Along::Max, axis))
    }

    /// ln Σ eˣ along an axis; −∞ where every entry is −∞, with derivative 0.
    #[must_use]
    #[track_caller]
    pub fn logsumexp(self, axis: isize) -> Self {
        self.on_axis("logsumexp", axis, |axis| Op::Along(Along::LogSumExp, axis))
    }

    /// eˣ / Σ eˣ along an axis; zeros where every entry is −∞.
    #[must_use]
    #[track_caller]
    pub fn softmax(self, axis: isize) -> Self {
        self.on_axis("softmax", axis, |axis| Op::Along(Along::Softmax, axis))
    }

    /// First index of the largest entry along an axis.
    #[must_use]
    #[track_caller]
    pub fn argmax(self, axis: isize) -> Idx<'t> {
        Idx(self.on_axis("argmax", axis, Op::ArgMax))
    }

    /// The same elements, row-major, under another shape.
    #[must_use]
    #[track_caller]
    pub fn reshape(self, dims: impl Into<Shape>) -> Self {
        self.op(Op::Reshape(dims.into()), &[])
    }

    /// The tensor stretched to a larger shape: aligned at the last axis, sizes
    /// equal or 1.
    #[must_use]
    #[track_caller]
    pub fn broadcast_to(self, dims: impl Into<Shape>) -> Self {
        let (shape, own) = (dims.into(), self.shape());
        if self.is_poison() {
            return self;
        }
        if !own.stretches_to(&shape) {
            let rule = format!("it must stretch to {shape}: sizes equal or 1 from the last axis");
            return self.refuse("broadcast_to", rule);
        }
        let id = self.builder.graph.borrow_mut().stretch(self.id, shape, Location::caller());
        Self::new(id, self.builder)
    }

    /// Axis k of the result is axis `order[k]` of this tensor.
    #[must_use]
    #[track_caller]
    pub fn permute(self, order: &[usize]) -> Self {
        if order.len() != self.shape().rank() && !self.is_poison() {
            return self.refuse("permute", format!("{} axes are named", order.len()));
        }
        self.op(Op::Permute(crate::graph::permutation(order)), &[])
    }

    /// The transpose: the last two axes exchanged.
    #[must_use]
    #[track_caller]
    pub fn t(self) -> Self {
        let rank = self.shape().rank();
        if rank < 2 && !self.is_poison() {
            return self.refuse("t", "a transpose needs two axes");
        }
        let mut order: Vec<usize> = (0..rank).collect();
        if rank >= 2 {
            order.swap(rank - 2, rank - 1);
        }
        self.permute(&order)
    }

    /// Entries `start..end` along an axis.
    #[must_use]
    #[track_caller]
    pub fn slice(self, axis: isize, start: usize, end: usize) -> Self {
        self.on_axis("slice", axis, |axis| Op::Slice { axis, start, end })
    }

    /// Zeros before and after along an axis.
    #[must_use]
    #[track_caller]
    pub fn pad(self, axis: isize, before: usize, after: usize) -> Self {
        self.on_axis("pad", axis, |axis| Op::Pad { axis, before, after })
    }

    /// Rows x\[i\] along the first axis, for every index.
    ///
    /// # Shapes
    /// (r, …), index (k, …) → (k, …, …).
    #[must_use]
    #[track_caller]
    pub fn gather(self, index: Idx<'t>) -> Self {
        self.op(Op::Gather { along: false }, &[index.0])
    }

    /// One entry of each row: x\[k, i_k\].
    ///
    /// # Shapes
    /// (n, m, …), index (n) → (n, …).
    #[must_use]
    #[track_caller]
    pub fn pick(self, index: Idx<'t>) -> Self {
        self.op(Op::Gather { along: true }, &[index.0])
    }

    /// Zeros of `rows` rows, to which the rows of this tensor are added at the
    /// indices: the transpose of [`gather`](Var::gather).
    #[must_use]
    #[track_caller]
    pub fn scatter_add(self, index: Idx<'t>, rows: usize) -> Self {
        let own = self.shape();
        let skip = index.shape().rank().min(own.rank());
        let mut dims = vec![rows];
        dims.extend(own.iter().skip(skip));
        self.op(Op::Scatter { along: false, shape: Shape::new(&dims) }, &[index.0])
    }

    /// The value, taken as a constant by every derivative.
    #[must_use]
    #[track_caller]
    pub fn stop_gradient(self) -> Self {
        self.op(Op::StopGradient, &[])
    }

    /// The value, and a mark: a plan within a [`Budget`](crate::Budget) may keep
    /// what is alive here and make what comes before it again.
    ///
    /// Put it between layers, on what a layer hands to the next. One mark on the
    /// last value saves nothing, and the plan's report says so.
    #[must_use]
    #[track_caller]
    pub fn segment(self) -> Self {
        self.op(Op::Segment, &[])
    }

    /// xⁿ for an integer n; x⁰ = 1 everywhere.
    #[must_use]
    #[track_caller]
    pub fn powi(self, n: i32) -> Self {
        self.op(Op::Map(Unary::Powi(n)), &[])
    }

    /// xᵖ for a constant p; x⁰ = 1 everywhere, with derivative 0.
    #[must_use]
    #[track_caller]
    pub fn powf(self, p: f64) -> Self {
        self.op(Op::Map(Unary::Powf(Number::new(p))), &[])
    }

    #[track_caller]
    fn refuse(self, op: &'static str, rule: impl Into<String>) -> Self {
        let id = self.builder.poison(op, &[self.id], rule.into(), Location::caller());
        Self::new(id, self.builder)
    }

    /// The axis counted from the front; negative ones count from the back.
    fn axis(self, axis: isize) -> Option<u8> {
        let rank = self.shape().rank() as isize;
        let axis = if axis < 0 { axis + rank } else { axis };
        (0..rank).contains(&axis).then_some(axis as u8)
    }

    #[track_caller]
    fn on_axis(self, name: &'static str, axis: isize, op: impl Fn(u8) -> Op) -> Self {
        match self.axis(axis) {
            Some(axis) => self.op(op(axis), &[]),
            None => self.refuse(name, format!("axis {axis} does not exist")),
        }
    }

    #[track_caller]
    fn refuse_with(self, op: &'static str, other: Var<'t>, rule: impl Into<String>) -> Self {
        let at = Location::caller();
        Self::new(self.builder.poison(op, &[self.id, other.id], rule.into(), at), self.builder)
    }
}

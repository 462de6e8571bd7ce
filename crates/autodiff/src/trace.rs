//! Tracing: a closure over handles becomes a [`Program`] (notes §6.1.1).
//!
//! A handle is a number and a reference to the trace; it is `Copy`. Its
//! lifetime is invariant and belongs to one call of [`trace`], so a handle can
//! neither leave its trace nor meet one of another: perturbation confusion is
//! a type error. A shape mistake does not panic inside an operator: the first
//! one is kept, what follows from it is poisoned, and `trace` returns it.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::panic::Location;

use crate::error::{Error, Operand, Place, Result, ShapeFault};
use crate::graph::Graph;
use crate::op::{Cmp, Kind, Number, Op};
use crate::program::{Id, Input, Program};
use crate::shape::{Axes, Shape};
use crate::spec::{Binder, Spec};

/// The result of an operation that did not fit.
const POISON: Id = Id::MAX;

/// The program being traced; it makes constants.
#[derive(Default)]
pub struct Builder {
    pub(crate) graph: RefCell<Graph>,
    pub(crate) fault: RefCell<Option<Error>>,
}

/// Makes a lifetime invariant.
type Brand<'t> = PhantomData<fn(&'t ()) -> &'t ()>;

/// A real tensor in a trace.
///
/// # Numerics
/// Derivatives at kinks are the smallest element of the generalised gradient:
/// 0 for [`abs`](Var::abs) and [`relu`](Var::relu) at 0, a half each for equal
/// arguments of [`maximum`](Var::maximum).
#[derive(Clone, Copy)]
pub struct Var<'t> {
    pub(crate) id: Id,
    pub(crate) builder: &'t Builder,
    brand: Brand<'t>,
}

/// An index tensor in a trace; it has no derivative.
#[derive(Clone, Copy)]
pub struct Idx<'t> {
    pub(crate) id: Id,
    pub(crate) builder: &'t Builder,
    brand: Brand<'t>,
}

/// The outcome of a comparison in a trace: ones and zeros without derivative.
#[derive(Clone, Copy)]
pub struct Mask<'t>(Var<'t>);

/// Traces a function of one output, named `y`.
///
/// The closure gets the trace itself, which makes constants, and arguments that
/// mirror `spec`: an [`input`](crate::input) or
/// [`data`](crate::data) becomes a [`Var`], an [`index`](crate::index) an
/// [`Idx`], a parameter tree a tree of variables, a tuple a tuple.
///
/// # Errors
/// [`Error::Shape`] for the first operation whose arguments do not fit, with
/// the operation, all shapes, the names of the arguments and the source line.
///
/// # Examples
/// ```
/// use wonderland_autodiff::{input, trace};
/// // f(x) = x² − 1.5 x (notes §2.2.2).
/// let f = trace(input("x", []), |_, x| x * x - 1.5 * x)?;
/// assert_eq!(f.run_scalar(&0.5_f64)?, -0.5);
/// # Ok::<(), wonderland_autodiff::Error>(())
/// ```
/// A handle cannot leave its trace:
/// ```compile_fail
/// use wonderland_autodiff::{input, trace};
/// let mut kept = None;
/// trace(input("x", []), |_, x| { kept = Some(x); x })?; // borrowed data escapes
/// # Ok::<(), wonderland_autodiff::Error>(())
/// ```
/// nor meet a handle of another trace:
/// ```compile_fail
/// use wonderland_autodiff::{input, trace};
/// trace(input("x", []), |_, x| {
///     // Give `x` as an input of the inner trace instead.
///     let inner = trace(input("y", []), |_, y| x + y);
///     x
/// })?;
/// # Ok::<(), wonderland_autodiff::Error>(())
/// ```
pub fn trace<S: Spec>(
    spec: S,
    f: impl for<'t> FnOnce(&'t Builder, S::Vars<'t>) -> Var<'t>,
) -> Result<Program> {
    trace_outputs(spec, |t, vars| vec![("y", f(t, vars))])
}

/// Traces a function of several outputs, each with its name.
///
/// # Errors
/// As [`trace`].
pub fn trace_outputs<S: Spec>(
    spec: S,
    f: impl for<'t> FnOnce(&'t Builder, S::Vars<'t>) -> Vec<(&'static str, Var<'t>)>,
) -> Result<Program> {
    let builder = Builder::default();
    let outputs: Vec<(String, Id)> = {
        let mut binder = Binder::new(&builder);
        let vars = spec.bind(&mut binder, "");
        f(&builder, vars).into_iter().map(|(name, v)| (name.to_owned(), v.id)).collect()
    };
    builder.into_program(outputs)
}

impl Builder {
    /// A constant of the given shape.
    #[must_use]
    #[track_caller]
    pub fn constant(&self, c: f64, dims: impl Into<Shape>) -> Var<'_> {
        Var::new(self.graph.borrow_mut().constant(c, dims.into(), Location::caller()), self)
    }

    /// The scalar constant `c`.
    #[must_use]
    #[track_caller]
    pub fn scalar(&self, c: f64) -> Var<'_> {
        self.constant(c, Shape::SCALAR)
    }

    pub(crate) fn into_program(self, outputs: Vec<(String, Id)>) -> Result<Program> {
        match self.fault.into_inner() {
            Some(fault) => Err(fault),
            None => Ok(self.graph.into_inner().finish(outputs)),
        }
    }

    /// Declares the next input.
    pub(crate) fn input(&self, input: Input, at: Place) -> Id {
        self.graph.borrow_mut().input(input, at)
    }

    /// Emits `op`; poison in, poison out; the first fault is kept.
    pub(crate) fn emit(&self, op: Op, args: &[Id], at: Place) -> Id {
        if args.contains(&POISON) {
            return POISON;
        }
        let name = op.name();
        let emitted = self.graph.borrow_mut().try_emit(op, args, at);
        emitted.unwrap_or_else(|rule| self.poison(name, args, rule, at))
    }

    /// Keeps the fault if it is the first.
    pub(crate) fn poison(&self, op: &'static str, args: &[Id], rule: String, at: Place) -> Id {
        if !args.contains(&POISON) {
            let graph = self.graph.borrow();
            let operands = args
                .iter()
                .map(|&a| Operand { what: said(&graph, a), shape: graph.shape(a) })
                .collect();
            let fault = ShapeFault { op, operands, rule, at };
            self.fault.borrow_mut().get_or_insert(Error::Shape(Box::new(fault)));
        }
        POISON
    }

    pub(crate) fn fail(&self, error: Error) -> Id {
        self.fault.borrow_mut().get_or_insert(error);
        POISON
    }
}

/// How a message calls a value: the name of an input, else where it was made.
fn said(graph: &Graph, id: Id) -> String {
    let instr = &graph.instrs[id as usize];
    match &instr.op {
        Op::Input(k, _) => format!("`{}`", graph.inputs[*k as usize].name),
        Op::Const(c, _) => format!("the constant {}", c.get()),
        Op::Scale(c) if *c == Number::new(-1.0) => format!("minus {}", said(graph, instr.args[0])),
        op => format!("the {} of {}", op.name(), instr.at),
    }
}

impl<'t> Var<'t> {
    pub(crate) fn new(id: Id, builder: &'t Builder) -> Self {
        Self { id, builder, brand: PhantomData }
    }

    /// Shape of the tensor.
    #[must_use]
    pub fn shape(self) -> Shape {
        if self.id == POISON { Shape::SCALAR } else { self.builder.graph.borrow().shape(self.id) }
    }

    pub(crate) fn is_poison(self) -> bool {
        self.id == POISON
    }

    #[track_caller]
    pub(crate) fn op(self, op: Op, others: &[Var<'t>]) -> Self {
        let at = Location::caller();
        let mut args = vec![self.id];
        args.extend(others.iter().map(|o| o.id));
        Self::new(self.builder.emit(op, &args, at), self.builder)
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
        let inner = if a.rank() > 0 { a.dim(a.rank() - 1) } else { 0 };
        let rows = if b.rank() > 1 { b.dim(b.rank() - 2) } else { b.iter().next().unwrap_or(0) };
        if a.rank() == 0 || b.rank() == 0 || inner != rows {
            let rule = if a.rank() == 0 || b.rank() == 0 {
                "a scalar is multiplied by `*`".to_owned()
            } else {
                format!("the {inner} columns of the first must equal the {rows} rows of the second")
            };
            let id = self.builder.poison("matmul", &[self.id, other.id], rule, at);
            return Self::new(id, self.builder);
        }
        let mut graph = self.builder.graph.borrow_mut();
        let left = match a.rank() {
            1 => graph.reshape(self.id, Shape::from([1, inner]), at),
            // One plain matrix on the right: all rows in one product.
            r if r > 2 && b.rank() <= 2 => {
                graph.reshape(self.id, Shape::from([a.len() / inner.max(1), inner]), at)
            }
            _ => self.id,
        };
        let left = if inner == 0 && a.rank() > 2 { self.id } else { left };
        let column =
            if b.rank() == 1 { graph.reshape(other.id, b_column(b), at) } else { other.id };
        drop(graph);
        let id = self.builder.emit(Op::MatMul { ta: false, tb: false }, &[left, column], at);
        if id == POISON {
            return Self::new(POISON, self.builder);
        }
        let mut graph = self.builder.graph.borrow_mut();
        let mut dims: Vec<usize> = graph.shape(id).dims();
        if a.rank() > 2 && b.rank() <= 2 {
            let columns = dims.pop().unwrap_or(1);
            dims = a.dims();
            dims.pop();
            dims.push(columns);
        }
        if b.rank() == 1 {
            dims.pop();
        }
        if a.rank() == 1 {
            dims.remove(dims.len() - if b.rank() == 1 { 1 } else { 2 });
        }
        let id = graph.reshape(id, Shape::new(&dims), at);
        drop(graph);
        Self::new(id, self.builder)
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
        self.on_axis("max_axis", axis, Op::MaxAxis)
    }

    /// ln Σ eˣ along an axis; −∞ where every entry is −∞, with derivative 0.
    #[must_use]
    #[track_caller]
    pub fn logsumexp(self, axis: isize) -> Self {
        self.on_axis("logsumexp", axis, Op::LogSumExp)
    }

    /// eˣ / Σ eˣ along an axis; zeros where every entry is −∞.
    #[must_use]
    #[track_caller]
    pub fn softmax(self, axis: isize) -> Self {
        self.on_axis("softmax", axis, Op::Softmax)
    }

    /// First index of the largest entry along an axis.
    #[must_use]
    #[track_caller]
    pub fn argmax(self, axis: isize) -> Idx<'t> {
        Idx::new(self.on_axis("argmax", axis, Op::ArgMax).id, self.builder)
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
        let shape = self.shape();
        let Some(axis) = self.axis(axis).map(usize::from) else {
            return self.refuse("slice", format!("axis {axis} does not exist"));
        };
        if start > end || end > shape.dim(axis) {
            return self.refuse("slice", format!("{start}..{end} must lie inside axis {axis}"));
        }
        let (mut first, mut size) = (vec![0; shape.rank()], shape.dims());
        (first[axis], size[axis]) = (start, end - start);
        self.op(Op::Slice { start: Shape::new(&first), shape: Shape::new(&size) }, &[])
    }

    /// Zeros before and after along an axis.
    #[must_use]
    #[track_caller]
    pub fn pad(self, axis: isize, before: usize, after: usize) -> Self {
        let shape = self.shape();
        let Some(axis) = self.axis(axis).map(usize::from) else {
            return self.refuse("pad", format!("axis {axis} does not exist"));
        };
        let (mut first, mut size) = (vec![0; shape.rank()], shape.dims());
        first[axis] = before;
        size[axis] += before + after;
        self.op(Op::Pad { start: Shape::new(&first), shape: Shape::new(&size) }, &[])
    }

    /// Rows x\[i\] along the first axis, for every index.
    ///
    /// # Shapes
    /// (r, …), index (k, …) → (k, …, …).
    #[must_use]
    #[track_caller]
    pub fn gather(self, index: Idx<'t>) -> Self {
        let index = Var::new(index.id, index.builder);
        self.op(Op::Gather { along: false }, &[index])
    }

    /// One entry of each row: x\[k, i_k\].
    ///
    /// # Shapes
    /// (n, m, …), index (n) → (n, …).
    #[must_use]
    #[track_caller]
    pub fn pick(self, index: Idx<'t>) -> Self {
        let index = Var::new(index.id, index.builder);
        self.op(Op::Gather { along: true }, &[index])
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
        let index = Var::new(index.id, index.builder);
        self.op(Op::Scatter { along: false, shape: Shape::new(&dims) }, &[index])
    }

    /// The value, taken as a constant by every derivative.
    #[must_use]
    #[track_caller]
    pub fn stop_gradient(self) -> Self {
        self.op(Op::StopGradient, &[])
    }

    /// xⁿ for an integer n; x⁰ = 1 everywhere.
    #[must_use]
    #[track_caller]
    pub fn powi(self, n: i32) -> Self {
        self.op(Op::Powi(n), &[])
    }

    /// xᵖ for a constant p; x⁰ = 1 everywhere, with derivative 0.
    #[must_use]
    #[track_caller]
    pub fn powf(self, p: f64) -> Self {
        self.op(Op::Powc(Number::new(p)), &[])
    }

    /// The larger of the two, elementwise; where equal, each has half the
    /// derivative (use [`relu`](Var::relu) for max(x, 0) with 0 at 0).
    #[must_use]
    #[track_caller]
    pub fn maximum(self, other: Var<'t>) -> Self {
        self.op(Op::Max, &[other])
    }

    /// The smaller of the two, elementwise; where equal, each has half the
    /// derivative.
    #[must_use]
    #[track_caller]
    pub fn minimum(self, other: Var<'t>) -> Self {
        self.op(Op::Min, &[other])
    }

    /// Where this is larger.
    #[must_use]
    #[track_caller]
    pub fn gt(self, other: Var<'t>) -> Mask<'t> {
        Mask(self.op(Op::Compare(Cmp::Gt), &[other]))
    }

    /// Where this is larger or equal.
    #[must_use]
    #[track_caller]
    pub fn ge(self, other: Var<'t>) -> Mask<'t> {
        Mask(self.op(Op::Compare(Cmp::Ge), &[other]))
    }

    /// Where this is smaller.
    #[must_use]
    #[track_caller]
    pub fn lt(self, other: Var<'t>) -> Mask<'t> {
        other.gt(self)
    }

    /// Where this is smaller or equal.
    #[must_use]
    #[track_caller]
    pub fn le(self, other: Var<'t>) -> Mask<'t> {
        other.ge(self)
    }

    /// Where the two are equal.
    #[must_use]
    #[track_caller]
    pub fn equal(self, other: Var<'t>) -> Mask<'t> {
        Mask(self.op(Op::Compare(Cmp::Eq), &[other]))
    }
}

fn b_column(b: Shape) -> Shape {
    Shape::from([b.len(), 1])
}

macro_rules! unary_methods {
    ($($(#[$doc:meta])* $method:ident => $op:ident;)*) => {
        impl<'t> Var<'t> {
            $($(#[$doc])*
            #[must_use]
            #[track_caller]
            pub fn $method(self) -> Self {
                self.op(Op::$op, &[])
            })*
        }
    };
}
unary_methods! {
    /// eˣ.
    exp => Exp;
    /// eˣ − 1, accurate near 0.
    exp_m1 => Expm1;
    /// ln x.
    ln => Log;
    /// ln(1 + x), accurate near 0.
    ln_1p => Log1p;
    /// √x; the derivative at 0 is ∞ (see [`safe_norm`](Var::safe_norm)).
    sqrt => Sqrt;
    /// 1/√x.
    rsqrt => Rsqrt;
    /// 1/x.
    recip => Recip;
    /// tanh x.
    tanh => Tanh;
    /// 1/(1 + e⁻ˣ), without overflow.
    sigmoid => Sigmoid;
    /// ln(1 + eˣ), without overflow.
    softplus => Softplus;
    /// erf x.
    erf => Erf;
    /// 1 − erf x, accurate where erf x is near 1.
    erfc => Erfc;
    /// sin x.
    sin => Sin;
    /// cos x.
    cos => Cos;
    /// arctan x.
    atan => Atan;
    /// |x|; derivative 0 at 0.
    abs => Abs;
    /// max(x, 0); derivative 0 at 0.
    relu => Relu;
    /// −1, 0 or 1; derivative 0 everywhere.
    sign => Sign;
}

impl<'t> Idx<'t> {
    pub(crate) fn new(id: Id, builder: &'t Builder) -> Self {
        Self { id, builder, brand: PhantomData }
    }

    /// Shape of the index tensor.
    #[must_use]
    pub fn shape(self) -> Shape {
        Var::new(self.id, self.builder).shape()
    }

    /// Rows of the identity: a new last axis of n entries, one of them 1.
    #[must_use]
    #[track_caller]
    pub fn one_hot(self, n: usize) -> Var<'t> {
        Var::new(self.id, self.builder).op(Op::OneHot(n as u32), &[])
    }
}

impl<'t> Mask<'t> {
    /// `a` where the mask holds, `b` elsewhere.
    ///
    /// # Numerics
    /// The branch not taken is still computed, and so is its derivative: an
    /// infinite slope there times zero is NaN. [`Program::lint`] warns of it.
    #[must_use]
    #[track_caller]
    pub fn select(self, a: Var<'t>, b: Var<'t>) -> Var<'t> {
        self.0.op(Op::Select, &[a, b])
    }

    /// Where both hold.
    #[must_use]
    #[track_caller]
    pub fn and(self, other: Self) -> Self {
        Mask(self.0 * other.0)
    }

    /// Where one or both hold.
    #[must_use]
    #[track_caller]
    pub fn or(self, other: Self) -> Self {
        Mask(self.0.maximum(other.0))
    }

    /// Ones and zeros as numbers, with derivative 0.
    #[must_use]
    pub fn to_real(self) -> Var<'t> {
        self.0
    }
}

pub(crate) fn kind_of(v: Var<'_>) -> Kind {
    if v.is_poison() { Kind::Real } else { v.builder.graph.borrow().kind(v.id) }
}

macro_rules! operator {
    ($trait:ident $method:ident, $vars:expr, $left:expr, $right:expr) => {
        impl<'t> std::ops::$trait for Var<'t> {
            type Output = Var<'t>;
            #[track_caller]
            fn $method(self, other: Var<'t>) -> Var<'t> {
                $vars(self, other)
            }
        }
        impl<'t> std::ops::$trait<f64> for Var<'t> {
            type Output = Var<'t>;
            #[track_caller]
            fn $method(self, other: f64) -> Var<'t> {
                $left(self, other)
            }
        }
        impl<'t> std::ops::$trait<Var<'t>> for f64 {
            type Output = Var<'t>;
            #[track_caller]
            fn $method(self, other: Var<'t>) -> Var<'t> {
                $right(self, other)
            }
        }
    };
}

#[track_caller]
fn add<'t>(a: Var<'t>, b: Var<'t>) -> Var<'t> {
    a.op(Op::Add, &[b])
}
#[track_caller]
fn sub<'t>(a: Var<'t>, b: Var<'t>) -> Var<'t> {
    if a.is_poison() || b.is_poison() {
        return Var::new(POISON, a.builder);
    }
    let at = Location::caller();
    let minus = (-b).id;
    let emitted = a.builder.graph.borrow_mut().try_emit(Op::Add, &[a.id, minus], at);
    // The message speaks of the subtraction that was written.
    let id = emitted.unwrap_or_else(|rule| a.builder.poison("sub", &[a.id, b.id], rule, at));
    Var::new(id, a.builder)
}
#[track_caller]
fn mul<'t>(a: Var<'t>, b: Var<'t>) -> Var<'t> {
    a.op(Op::Mul, &[b])
}
#[track_caller]
fn div<'t>(a: Var<'t>, b: Var<'t>) -> Var<'t> {
    a.op(Op::Div, &[b])
}
#[track_caller]
fn scale(a: Var<'_>, c: f64) -> Var<'_> {
    a.op(Op::Scale(Number::new(c)), &[])
}
#[track_caller]
fn add_number(a: Var<'_>, c: f64) -> Var<'_> {
    a.op(Op::Add, &[a.scalar(c)])
}
#[track_caller]
fn sub_number(a: Var<'_>, c: f64) -> Var<'_> {
    add_number(a, -c)
}
#[track_caller]
fn number_sub(c: f64, a: Var<'_>) -> Var<'_> {
    add_number(-a, c)
}
#[track_caller]
fn number_div(c: f64, a: Var<'_>) -> Var<'_> {
    a.scalar(c).op(Op::Div, &[a])
}
#[track_caller]
fn div_number(a: Var<'_>, c: f64) -> Var<'_> {
    a.op(Op::Div, &[a.scalar(c)])
}

operator!(Add add, add, add_number, |c, a| add_number(a, c));
operator!(Sub sub, sub, sub_number, number_sub);
operator!(Mul mul, mul, scale, |c, a| scale(a, c));
operator!(Div div, div, div_number, number_div);

impl<'t> std::ops::Neg for Var<'t> {
    type Output = Var<'t>;
    #[track_caller]
    fn neg(self) -> Var<'t> {
        scale(self, -1.0)
    }
}

impl<'t> std::ops::Not for Mask<'t> {
    type Output = Mask<'t>;
    #[track_caller]
    fn not(self) -> Mask<'t> {
        self.0.equal(self.0.scalar(0.0))
    }
}

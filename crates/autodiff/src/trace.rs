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
use crate::functions::Unary;
use crate::graph::Graph;
use crate::ids::Ids;
use crate::linearize::{Names, inline};
use crate::op::{Kind, Number, Op};
use crate::program::{Id, Input, Program};
use crate::run::check_args;
use crate::shape::Shape;
use crate::spec::{Binder, Spec};

/// The result of an operation that did not fit.
pub(crate) const POISON: Id = Id::MAX;

/// The program being traced; it makes constants.
pub struct Builder {
    pub(crate) graph: RefCell<Graph>,
    pub(crate) fault: RefCell<Option<Error>>,
}

impl Default for Builder {
    fn default() -> Self {
        Self { graph: Graph::with_room(FEW).into(), fault: None.into() }
    }
}

/// Instructions there is room for when a trace begins.
const FEW: usize = 60;

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
pub struct Idx<'t>(pub(crate) Var<'t>);

/// The outcome of a comparison in a trace: ones and zeros without derivative.
#[derive(Clone, Copy)]
pub struct Mask<'t>(pub(crate) Var<'t>);

/// Traces a function of one output, named `y`, or `f` if an input is called so.
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
    let mut program = trace_outputs(spec, |t, vars| vec![("y", f(t, vars))])?;
    if program.inputs.iter().any(|i| i.name == "y") {
        program.outputs[0].name = Names::of(program.inputs.iter()).fresh("f".to_owned());
    }
    Ok(program)
}

/// Traces a function of several outputs, each with its name.
///
/// # Errors
/// As [`trace`].
pub fn trace_outputs<S: Spec, N: Into<String>>(
    spec: S,
    f: impl for<'t> FnOnce(&'t Builder, S::Vars<'t>) -> Vec<(N, Var<'t>)>,
) -> Result<Program> {
    let builder = Builder::default();
    let outputs: Vec<(String, Id)> = {
        let mut binder = Binder::new(&builder);
        let vars = spec.bind(&mut binder, "");
        f(&builder, vars).into_iter().map(|(name, v)| (name.into(), v.id)).collect()
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

    /// The outputs of another program, of these arguments: its inputs of numbers, then
    /// those of indices, each in its order. A gradient can so be part of a step that
    /// is traced.
    #[must_use]
    pub fn call<'t>(
        &'t self,
        program: &Program,
        reals: &[Var<'t>],
        indices: &[Idx<'t>],
    ) -> Vec<Var<'t>> {
        let (mut x, mut i) = (reals.iter(), indices.iter().map(|i| &i.0));
        let next = |input: &Input| if input.kind == Kind::Index { i.next() } else { x.next() };
        let mut given: Vec<Var<'t>> = program.inputs.iter().map_while(next).copied().collect();
        if given.len() == program.inputs.len() {
            // Those that are too many.
            given.extend(x.chain(i));
        }
        let what = |v: &Var<'t>| (self.graph.borrow().op(v.id).kind(), v.shape());
        let outputs = if given.iter().any(|v| v.is_poison()) {
            vec![POISON; program.outputs.len()]
        } else if let Err(error) = check_args(program.inputs.iter(), given.iter().map(what)) {
            vec![self.fail(error); program.outputs.len()]
        } else {
            let ids: Vec<Id> = given.iter().map(|v| v.id).collect();
            inline(&mut self.graph.borrow_mut(), program, &ids, None)
        };
        outputs.into_iter().map(|id| Var::new(id, self)).collect()
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
    pub(crate) fn emit(&self, op: &Op, args: &[Id], at: Place) -> Id {
        if args.contains(&POISON) {
            return POISON;
        }
        let emitted = self.graph.borrow_mut().try_emit(op, args, at);
        emitted.unwrap_or_else(|rule| self.poison(op.name(), args, rule, at))
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
        Op::Map(Unary::Scale(c)) if *c == Number::new(-1.0) => {
            format!("minus {}", said(graph, instr.args[0]))
        }
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
        let args: Ids = [self.id].into_iter().chain(others.iter().map(|o| o.id)).collect();
        Self::new(self.builder.emit(&op, &args, at), self.builder)
    }
}

impl<'t> Idx<'t> {
    /// Shape of the index tensor.
    #[must_use]
    pub fn shape(self) -> Shape {
        self.0.shape()
    }

    /// Rows of the identity: a new last axis of n entries, one of them 1.
    #[must_use]
    #[track_caller]
    pub fn one_hot(self, n: usize) -> Var<'t> {
        self.0.op(Op::OneHot(n as u32), &[])
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

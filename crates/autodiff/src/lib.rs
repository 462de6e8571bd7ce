#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]

mod error;
mod functions;
mod graph;
mod ids;
mod known;
mod op;
mod operators;
mod program;
mod shape;
mod shape_rules;
mod simplify;
mod spec;
mod trace;
mod tree;
pub mod tutorial;
mod var;

mod batch;
mod custom;
mod derive;
mod linearize;
mod loops;
mod recompute;
mod scan;
mod tangent;
mod transpose;

mod compose;
mod lint;

pub mod checkpoint;

mod kernels;
mod plan;
mod run;

mod absolute;
mod check;
mod dual;
mod numeric;

pub use check::{GradCheck, GradReport, check_grads};
pub use compose::{concat, stack};
pub use custom::custom;
pub use derive::{Direction, Jacobian};
pub use dual::{Dual, dual_gradient};
pub use error::{Error, Operand, Place, Result, ShapeFault};
pub use lint::Warning;
pub use numeric::{Quotient, numerical_derivative, numerical_gradient};
pub use op::Kind;
pub use plan::{Budget, Plan, PlanFault, PlanReport};
pub use program::{Input, Program};
pub use run::{Arg, Args};
pub use scan::{Scanned, scan};
pub use shape::{MAX_RANK, Shape};
pub use spec::{Binder, Index, Real, Spec, data, index, input};
pub use trace::{Builder, Idx, Mask, Var, trace, trace_outputs};
pub use tree::Tree;
pub use wonderland_linalg::{Scalar, Team, Tensor, Threads};

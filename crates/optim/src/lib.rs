#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]

mod error;
mod objective;
mod observer;
mod outcome;
mod stopping;

mod gradient_descent;
mod lbfgs;
mod newton;
mod newton_cg;

mod cholesky;
mod line_search;
mod run;
mod vector;
mod walk;

mod convexity;
mod descent;
mod stationary;

pub use convexity::{ConvexityViolation, convexity_along_segment};
pub use descent::{descent_angle, is_descent_direction};
pub use error::{Error, Result};
pub use gradient_descent::{GradientDescent, Momentum, Step};
pub use lbfgs::{Lbfgs, LbfgsMemory};
pub use newton::{Newton, NewtonMemory};
pub use newton_cg::NewtonCg;
pub use objective::{Hessian, HessianProduct, Objective};
pub use observer::{Observer, Progress};
pub use outcome::{Outcome, Stop};
pub use stationary::{Curvature, StationaryKind, curvature};
pub use stopping::Stopping;

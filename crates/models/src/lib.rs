#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]

mod error;

mod affine;
mod linear;

mod classes;
mod logistic;

mod regression;
mod spread;
mod student_t;

pub use error::{Error, Result};
pub use linear::{FittedLinearRegression, LinearRegression};
pub use logistic::{FitStop, FittedLogisticRegression, Form, LogisticRegression, LogisticSolver};
pub use regression::{Baseline, Estimate, RegressionScores, mae, r2, regression_scores, rmse};
pub use spread::{mean, standard_deviation};
pub use student_t::student_t;

#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]

mod error;

mod affine;
mod linear;
mod ridge;
mod workspace;

mod classes;
mod least_squares_classifier;
mod least_squares_gd;
mod logistic;

mod classification;
mod importance;

mod check;
mod estimator;

mod regression;
mod spread;

pub use check::{Check, Kit, Report, Verdict, check_classifier, check_regressor};
pub use classification::{
    ClassBaseline, ClassificationScores, RankingCurve, accuracy, brier, brier_binary,
    classification_scores, confusion_matrix, log_loss, precision_recall_curve, roc_auc,
    roc_auc_binary, roc_curve, wilson_interval,
};
pub use error::{Error, Result};
pub use estimator::{Classifier, FittedClassifier, FittedRegressor, Regressor};
pub use importance::{Importance, permutation_importance};
pub use least_squares_classifier::{FittedLeastSquaresClassifier, LeastSquaresClassifier};
pub use least_squares_gd::{FittedLeastSquaresGd, LeastSquaresGd};
pub use linear::{FittedLinearRegression, LinearRegression};
pub use logistic::{FitStop, FittedLogisticRegression, Form, LogisticRegression, LogisticSolver};
pub use regression::{Baseline, Estimate, RegressionScores, mae, r2, regression_scores, rmse};
pub use ridge::{FittedRidge, Lambda, LambdaChoice, PathPoint, Ridge};
pub use spread::{mean, standard_deviation, standard_deviations};
pub use workspace::Workspace;

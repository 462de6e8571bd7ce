//! The contract of all estimators: settings that fit, and what they fit.
//!
//! The inherent methods of each estimator are what programs call; these traits
//! let code take any of them, the conformance kit ([`check_regressor`],
//! [`check_classifier`]) among it.
//!
//! [`check_regressor`]: crate::check_regressor
//! [`check_classifier`]: crate::check_classifier

use wonderland_linalg::{MatRef, Tensor};

use crate::{
    Error, FittedLeastSquaresClassifier, FittedLeastSquaresGd, FittedLinearRegression,
    FittedLogisticRegression, FittedRidge, LeastSquaresClassifier, LeastSquaresGd,
    LinearRegression, LogisticRegression, Ridge,
};

/// Settings from which a model of numbers is fitted.
///
/// # Examples
/// ```
/// use wonderland_linalg::Tensor;
/// use wonderland_models::{FittedRegressor, LinearRegression, Regressor};
/// fn at_zero<R: Regressor>(settings: &R, X: &Tensor, y: &[f64]) -> Result<f64, R::Error> {
///     let model = Regressor::fit(settings, X.as_mat(), y, None)?;
///     let zero = Tensor::zeros(&[1, X.ncols()]);
///     Ok(FittedRegressor::predict(&model, zero.as_mat())?[0])
/// }
/// let X = Tensor::from_rows(&[[1.0], [2.0]]);
/// assert!(at_zero(&LinearRegression::default(), &X, &[3.0, 5.0])?.abs() - 1.0 < 1e-14);
/// # Ok::<(), wonderland_models::Error>(())
/// ```
pub trait Regressor {
    /// The fitted model.
    type Fitted: FittedRegressor<Error = Self::Error>;
    /// What can go wrong.
    type Error: std::error::Error + 'static;

    /// Fits to X ~ (n, c) and y ~ (n), with a weight ≥ 0 per row if given: a
    /// row of weight k counts as k rows.
    ///
    /// # Errors
    /// Whatever makes the fit impossible; never a model that holds NaN.
    fn fit(
        &self,
        X: MatRef<'_, f64>,
        y: &[f64],
        weights: Option<&[f64]>,
    ) -> Result<Self::Fitted, Self::Error>;
}

/// A fitted model of numbers.
pub trait FittedRegressor {
    /// What can go wrong.
    type Error: std::error::Error + 'static;

    /// Predicts one number per row of X ~ (n, c).
    ///
    /// # Errors
    /// Another number of columns than at the fit, values that are not finite.
    fn predict(&self, X: MatRef<'_, f64>) -> Result<Vec<f64>, Self::Error>;
}

/// Settings from which a model of classes is fitted.
pub trait Classifier {
    /// The fitted model.
    type Fitted: FittedClassifier<Error = Self::Error>;
    /// What can go wrong.
    type Error: std::error::Error + 'static;

    /// Fits to X ~ (n, c) and codes y ~ (n) in 0..m, all of which occur, with a
    /// weight ≥ 0 per row if given.
    ///
    /// # Errors
    /// Whatever makes the fit impossible; never a model that holds NaN.
    fn fit(
        &self,
        X: MatRef<'_, f64>,
        y: &[usize],
        weights: Option<&[f64]>,
    ) -> Result<Self::Fitted, Self::Error>;
}

/// A fitted model of classes.
pub trait FittedClassifier {
    /// What can go wrong.
    type Error: std::error::Error + 'static;

    /// Number of classes m.
    fn n_classes(&self) -> usize;

    /// The probability of each class: rows of X ~ (n, c) to rows of (n, m).
    ///
    /// # Errors
    /// Another number of columns than at the fit, values that are not finite.
    fn predict_proba(&self, X: MatRef<'_, f64>) -> Result<Tensor, Self::Error>;

    /// The class of each row: the most likely one.
    ///
    /// # Errors
    /// As [`predict_proba`](FittedClassifier::predict_proba).
    fn predict(&self, X: MatRef<'_, f64>) -> Result<Vec<usize>, Self::Error>;
}

/// Gives an estimator its traits by its own methods; the answers and what the
/// model says of a row differ, the rest is the same text.
macro_rules! estimator {
    ($settings:ty: $role:ident of $y:ty, $fitted:ty: $fitted_role:ident { $($predicts:tt)* }) => {
        impl $role for $settings {
            type Fitted = $fitted;
            type Error = Error;

            fn fit(
                &self,
                X: MatRef<'_, f64>,
                y: &[$y],
                weights: Option<&[f64]>,
            ) -> Result<Self::Fitted, Error> {
                match weights {
                    None => self.fit(X, y),
                    Some(weights) => self.fit_weighted(X, y, weights),
                }
            }
        }

        impl $fitted_role for $fitted {
            type Error = Error;

            fn predict(&self, X: MatRef<'_, f64>) -> Result<Vec<$y>, Error> {
                self.predict(X)
            }

            $($predicts)*
        }
    };
}

/// A model of numbers.
macro_rules! regressor {
    ($settings:ty, $fitted:ty) => {
        estimator!($settings: Regressor of f64, $fitted: FittedRegressor {});
    };
}

/// A model of classes.
macro_rules! classifier {
    ($settings:ty, $fitted:ty) => {
        estimator!($settings: Classifier of usize, $fitted: FittedClassifier {
            fn n_classes(&self) -> usize {
                self.n_classes()
            }

            fn predict_proba(&self, X: MatRef<'_, f64>) -> Result<Tensor, Error> {
                self.predict_proba(X)
            }
        });
    };
}

regressor!(LinearRegression, FittedLinearRegression);
regressor!(Ridge, FittedRidge);
regressor!(LeastSquaresGd, FittedLeastSquaresGd);
classifier!(LogisticRegression, FittedLogisticRegression);
classifier!(LeastSquaresClassifier, FittedLeastSquaresClassifier);

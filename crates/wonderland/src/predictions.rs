//! What a pipeline answers: numbers with intervals, or classes with
//! probabilities and sets.

use wonderland_calibration::{PredictionSets, Probabilities};

/// Predictions for the rows of a table, in order.
#[derive(Debug, Clone)]
pub enum Predictions {
    /// Of a quantity.
    Numbers(NumberPredictions),
    /// Of classes.
    Classes(ClassPredictions),
}

/// Predictions of a quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberPredictions {
    /// One number per row.
    pub values: Vec<f64>,
    /// The interval about each, if the pipeline was fitted with a coverage.
    pub intervals: Option<Vec<[f64; 2]>>,
}

/// Predictions of classes.
#[derive(Debug, Clone)]
pub struct ClassPredictions {
    /// Names of the classes, by code.
    pub classes: Vec<String>,
    /// Probabilities (n, m), calibrated if the pipeline is.
    pub proba: Probabilities<'static>,
    /// Probabilities before calibration, if the pipeline is calibrated.
    pub uncalibrated: Option<Probabilities<'static>>,
    /// The set of each row, if the pipeline was fitted with a coverage.
    pub sets: Option<PredictionSets>,
}

/// The prediction for one row.
#[derive(Debug, Clone, PartialEq)]
pub enum Prediction {
    /// A quantity.
    Number {
        /// The number.
        value: f64,
        /// The interval about it, if the pipeline was fitted with a coverage.
        interval: Option<[f64; 2]>,
    },
    /// A class.
    Class {
        /// The most likely class; of equal ones the first.
        class: String,
        /// The probability of each class, in the order of the pipeline's classes.
        proba: Vec<f64>,
        /// The classes of the set, if the pipeline was fitted with a coverage.
        set: Option<Vec<String>>,
    },
}

impl Predictions {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.values.len(),
            Self::Classes(classes) => classes.proba.n_samples(),
        }
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The prediction of row `i`.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    #[track_caller]
    pub fn row(&self, i: usize) -> Prediction {
        match self {
            Self::Numbers(numbers) => Prediction::Number {
                value: numbers.values[i],
                interval: numbers.intervals.as_ref().map(|intervals| intervals[i]),
            },
            Self::Classes(classes) => Prediction::Class {
                class: classes.class(i).to_owned(),
                proba: (0..classes.classes.len()).map(|k| classes.proba.as_mat()[(i, k)]).collect(),
                set: classes.set(i).map(|set| set.map(str::to_owned).collect()),
            },
        }
    }
}

impl ClassPredictions {
    /// The most likely class of row `i`; of equal ones the first.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    #[track_caller]
    pub fn class(&self, i: usize) -> &str {
        &self.classes[self.proba.predicted()[i] as usize]
    }

    /// The classes in the set of row `i`, if there are sets.
    ///
    /// # Panics
    /// When there is no such row.
    #[track_caller]
    pub fn set(&self, i: usize) -> Option<impl Iterator<Item = &str>> {
        let sets = self.sets.as_ref()?;
        Some(sets.classes(i).map(|k| self.classes[k].as_str()))
    }
}

//! Fitting a linear model to more rows than fit in memory: a file is read piece
//! by piece, and only sums are kept.
//!
//! Nothing that is learned here may need all rows at once, so the recipe has to
//! be plain: numbers, no missing cells, nothing held out.

use std::io::Read;

use wonderland_data::{Basis, CsvReader, Error as DataError, Preprocessor, Snippet, Table};
use wonderland_linalg::kernels::mean_variance;
use wonderland_linalg::{Error as LinalgError, NormalEquations, Tensor};
use wonderland_models::{Error as ModelsError, LinearRegression};

use crate::training::{Baseline, Training};
use crate::{
    Categorical, Error, MissingRows, Model, ModelSettings, Pipeline, Recipe, Result, rows,
};

/// Rows of one piece: the bits of the model depend on it, so it is fixed.
const PIECE: usize = 8192;

impl Recipe {
    /// Fits a linear regression to all rows of a file, in memory that does not
    /// grow with them.
    ///
    /// The reader is made from [`csv`](Recipe::csv) of this recipe; its source
    /// is named in faults.
    ///
    /// # Errors
    /// [`Error::Conflict`] where the recipe asks for what needs all rows at
    /// once; faults of the file; [`Error::Dependent`] for columns so nearly
    /// dependent that sums of squares cannot tell them apart (a condition beyond
    /// 1e7).
    ///
    /// # Numerics
    /// Coefficients are within max(1e-12, 8 κ ε) of those of
    /// [`fit`](Recipe::fit) on the same rows.
    ///
    /// # Examples
    /// ```
    /// use wonderland::prelude::*;
    /// let recipe = Recipe { task: Some(Task::Regression), ..Recipe::new("y") };
    /// let file = "x,y\n0,1\n1,3\n2,5\n";
    /// let mut reader = recipe.csv()?.reader(file.as_bytes(), "inline")?;
    /// let pipeline = recipe.fit_stream(&mut reader, "inline")?;
    /// assert_eq!(pipeline.training().n_train, 3);
    /// # Ok::<(), wonderland::Error>(())
    /// ```
    pub fn fit_stream<R: Read>(&self, reader: &mut CsvReader<R>, source: &str) -> Result<Pipeline> {
        let settings = self.streamed()?;
        let mut sums: Option<Sums> = None;
        while let Some(piece) = reader.next_rows(PIECE)? {
            let sums = match &mut sums {
                Some(sums) => sums,
                None => sums.insert(Sums::start(self, settings, &piece)?),
            };
            sums.add(self, &piece)?;
        }
        let Some(sums) = sums else {
            return Err(DataError::NoRows { file: Snippet::new(source) }.into());
        };
        let pipeline = sums.finish(self)?;
        match pipeline.fault() {
            Some(why) => Err(Error::Unusable { why }),
            None => Ok(pipeline),
        }
    }

    /// The linear model, if nothing in the recipe needs all rows at once.
    fn streamed(&self) -> Result<LinearRegression> {
        let refuse = |second, mend| Err(Error::Conflict { first: "streaming", second, mend });
        let plain = matches!(&self.categorical, Categorical::Named(named) if named.is_empty());
        let learned = self.polynomials.iter().any(|p| p.basis == Basis::Orthogonal);
        if self.calibrate.is_some() || self.coverage.is_some() {
            return refuse("rows set apart", "leave out `--calibrate` and `--coverage`");
        }
        if self.missing != MissingRows::Refuse {
            return refuse("missing cells", "leave out `--missing` and mend the file first");
        }
        if !plain {
            return refuse("categories", "leave out `--categorical`, or fit in memory");
        }
        if learned || self.standardise == Some(true) {
            return refuse(
                "a scale learned from all rows",
                "use plain powers and columns as they are, or fit in memory",
            );
        }
        match &self.model {
            None => Ok(LinearRegression::default()),
            Some(ModelSettings::Linear(model)) if model.rank_tol.is_none() => Ok(*model),
            Some(_) => refuse("this model", "use `--model linear`, or fit in memory"),
        }
    }
}

/// All that is kept of the rows.
struct Sums {
    preprocessor: Preprocessor,
    intercept: bool,
    equations: NormalEquations,
    /// Of every feature, then of the target.
    moments: Vec<Moments>,
    weighted_target: Moments,
    /// Index of the next piece.
    next: u64,
}

impl Sums {
    fn start(recipe: &Recipe, model: LinearRegression, piece: &Table) -> Result<Self> {
        let all: Vec<usize> = (0..piece.n_rows()).collect();
        let settings = ModelSettings::Linear(model);
        let preprocessor = recipe.preprocessing(&settings, piece).fit(piece, &all)?;
        let n_features = preprocessor.apply_rows::<f64>(piece, &[])?.ncols();
        Ok(Self {
            intercept: model.intercept,
            equations: NormalEquations::new(n_features, 1, model.intercept),
            moments: vec![Moments::default(); n_features],
            weighted_target: Moments::default(),
            preprocessor,
            next: 0,
        })
    }

    fn add(&mut self, recipe: &Recipe, piece: &Table) -> Result<()> {
        let X: Tensor = self.preprocessor.apply(piece)?;
        let y = rows::numbers(piece, &recipe.target)?;
        let weights = rows::weights(piece, recipe.weights.as_deref())?;
        for (j, moments) in self.moments.iter_mut().enumerate() {
            let column: Vec<f64> = (0..X.nrows()).map(|i| X[[i, j]]).collect();
            moments.add(&column);
        }
        let weight = weights.map_or(y.len() as f64, |w| w.iter().sum());
        // A piece whose rows all weigh nothing takes no part.
        if weight > 0.0 {
            let mean = wonderland_models::mean(y, weights)?;
            self.weighted_target.merge(Moments { n: weight, mean, squares: 0.0 });
            let Y = wonderland_linalg::column(y);
            let added = self.equations.add(self.next, X.as_mat(), Y, weights);
            added.map_err(ModelsError::from)?;
        }
        self.next += 1;
        Ok(())
    }

    fn finish(self, recipe: &Recipe) -> Result<Pipeline> {
        let fitted = LinearRegression::fit_sums(&self.equations);
        let model = fitted.map_err(|fault| self.in_words_of_the_file(recipe, fault))?;
        let training = Training {
            n_train: self.moments.first().map_or(model.n_samples, |m| m.n as usize),
            n_calibration: 0,
            n_conformal: 0,
            seed: recipe.seed,
            weights: recipe.weights.clone(),
            baseline: Baseline::Mean(self.weighted_target.mean),
            feature_spread: self.moments.iter().map(Moments::deviation).collect(),
        };
        let target = recipe.target.clone();
        Ok(Pipeline::new(target, self.preprocessor, Model::Linear(model), training))
    }

    /// What the sums cannot resolve, by the names of the columns.
    fn in_words_of_the_file(&self, recipe: &Recipe, fault: ModelsError) -> Error {
        match fault {
            // A file without rows was refused before.
            ModelsError::Linalg(LinalgError::Empty { .. }) => {
                ModelsError::InvalidWeights { reason: "all are 0".into() }.into()
            }
            ModelsError::Linalg(LinalgError::IllConditioned { condition, limit }) => {
                Error::Dependent { condition, limit }
            }
            ModelsError::Linalg(LinalgError::IllScaled { column }) => {
                let feature = column.checked_sub(usize::from(self.intercept));
                let feature = feature.and_then(|j| self.preprocessor.features().get(j));
                let name = feature.map_or(recipe.target.as_str(), |feature| &feature.name);
                let why = format!("squares of `{}` leave the number range", Snippet::new(name));
                Error::Unusable { why }
            }
            fault => fault.into(),
        }
    }
}

/// Number, mean and Σ(x − mean)² of what has passed.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    n: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, x: &[f64]) {
        let n = x.len() as f64;
        if let Some((mean, variance)) = mean_variance(x, 0) {
            self.merge(Self { n, mean, squares: variance * n });
        }
    }

    /// Chan, Golub and LeVeque 1983.
    fn merge(&mut self, other: Self) {
        let n = self.n + other.n;
        let gap = other.mean - self.mean;
        self.mean += gap * (other.n / n);
        self.squares += other.squares + gap * gap * (self.n * (other.n / n));
        self.n = n;
    }

    fn deviation(&self) -> f64 {
        (self.squares / self.n).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use wonderland_data::{SplitSettings, Task};

    use super::*;
    use crate::Calibrate;

    fn recipe() -> Recipe {
        Recipe { task: Some(Task::Regression), weights: Some("w".into()), ..Recipe::new("y") }
    }

    /// Three pieces, the last one short; one weighs nothing.
    fn file() -> String {
        use std::fmt::Write as _;
        let mut text = "a,b,w,y\n".to_owned();
        for i in 0..2 * PIECE + 100 {
            let (a, b) = ((i as f64 * 0.37).sin(), 1e3 + (i as f64 * 0.11).cos());
            let w = if i / PIECE == 1 { 0 } else { 1 + i % 3 };
            let _ = writeln!(text, "{a},{b},{w},{}", 2.0 * a - 3.0 * b + (i as f64).sin());
        }
        text
    }

    fn streamed(recipe: &Recipe, text: &str) -> Result<Pipeline> {
        let mut reader = recipe.csv()?.reader(text.as_bytes(), "inline")?;
        recipe.fit_stream(&mut reader, "inline")
    }

    #[test]
    fn the_model_is_that_of_the_rows_in_memory() {
        let (recipe, text) = (recipe(), file());
        let table = recipe.csv().unwrap().read(text.as_bytes(), "inline").unwrap();
        let none = SplitSettings { test: 0.0, ..SplitSettings::default() };
        let split = recipe.split(&table, &none, false).unwrap();
        let whole = recipe.fit(&table, &split).unwrap();
        let pieces = streamed(&recipe, &text).unwrap();
        let (Model::Linear(a), Model::Linear(b)) = (whole.model(), pieces.model()) else {
            unreachable!("both are linear");
        };
        let bound = (8.0 * a.scaled_condition * f64::EPSILON).max(1e-12);
        for (a, b) in a.coefficients.iter().zip(&b.coefficients) {
            assert!((a - b).abs() <= bound * a.abs(), "{a} and {b}");
        }
        assert!((a.intercept - b.intercept).abs() <= bound * a.intercept.abs().max(1e3));
        let (a, b) = (whole.training(), pieces.training());
        assert_eq!((a.n_train, &a.weights), (b.n_train, &b.weights));
        let (Baseline::Mean(m), Baseline::Mean(n)) = (&a.baseline, &b.baseline) else {
            unreachable!("both are means");
        };
        assert!((m - n).abs() <= 1e-12 * m.abs());
        for (a, b) in a.feature_spread.iter().zip(&b.feature_spread) {
            assert!((a - b).abs() <= 1e-12 * a, "{a} and {b}");
        }
        // What was saved is read again.
        let bytes = pieces.to_bytes().unwrap();
        assert_eq!(Pipeline::from_bytes(&bytes, "inline").unwrap(), pieces);
    }

    #[test]
    fn what_needs_all_rows_is_refused() {
        let conflict = |recipe: Recipe| {
            let error = streamed(&recipe, "w,x,y\n1,1,2\n1,2,3\n").unwrap_err();
            assert!(matches!(error, Error::Conflict { first: "streaming", .. }), "{error}");
        };
        conflict(Recipe { calibrate: Some(Calibrate::Temperature), ..recipe() });
        conflict(Recipe { missing: MissingRows::Impute, ..recipe() });
        conflict(Recipe { categorical: Categorical::Auto(Vec::new()), ..recipe() });
        conflict(Recipe { standardise: Some(true), ..recipe() });
        let ridge = ModelSettings::Ridge(wonderland_models::Ridge::default());
        conflict(Recipe { model: Some(ridge), ..recipe() });
    }

    #[test]
    fn nothing_to_fit_and_dependent_columns_are_errors() {
        let error = streamed(&recipe(), "w,x,y\n").unwrap_err();
        assert!(matches!(error, Error::Data(DataError::NoRows { .. })), "{error}");
        let text = "w,x,z,y\n1,1,2,1\n1,2,4,2\n1,3,6,2\n1,4,8,5\n";
        let error = streamed(&recipe(), text).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the columns are dependent, which one pass over the rows cannot resolve beyond 1e7: \
             leave out those that others make up (`--ignore COLUMN`), or leave out `--stream` to \
             fit in memory"
        );
        let error = streamed(&recipe(), "w,x,y\n0,1,1\n0,2,3\n").unwrap_err();
        assert!(error.to_string().starts_with("weights are not usable (all are 0)"), "{error}");
        let text = "w,x,y\n1,1e200,1\n1,2,2\n1,3e200,2\n";
        let error = streamed(&recipe(), text).unwrap_err();
        assert!(error.to_string().contains("squares of `x` leave the number range"), "{error}");
    }
}

//! What is to be learned from the training rows.

use serde::{Deserialize, Serialize};

/// Settings of preprocessing.
///
/// Every column of a table but the excluded ones becomes one or more features:
/// a column of numbers itself (or its powers), a column of text one indicator
/// per category. [`fit`](Preprocessing::fit) learns on the training rows what
/// the [`Preprocessor`](crate::Preprocessor) then applies to any row.
///
/// # Examples
/// ```
/// use wonderland_data::{Csv, Preprocessing};
/// let table = Csv::default()
///     .categorical("city")
///     .read("x,city,y\n1,Roma,5\n3,Pisa,6\n".as_bytes(), "inline")?;
/// let settings = Preprocessing { exclude: vec!["y".into()], ..Default::default() };
/// let fitted = settings.fit(&table, &[0, 1])?;
/// let names: Vec<&str> = fitted.features().iter().map(|f| f.name.as_str()).collect();
/// assert_eq!(names, ["x", "city=Pisa", "city=Roma"]);
/// let X = fitted.apply::<f64>(&table)?;
/// assert_eq!(X.row(0), [1.0, 0.0, 1.0]);
/// # Ok::<(), wonderland_data::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Preprocessing {
    /// Columns to use; all of the table if not given.
    pub columns: Option<Vec<String>>,
    /// Columns not to use: the target, weights, groups.
    pub exclude: Vec<String>,
    /// What is done about missing cells.
    pub missing: Missing,
    /// What is done about a category that training did not see.
    pub unseen: Unseen,
    /// How categories are coded.
    pub one_hot: OneHot,
    /// Whether columns of numbers are brought to mean 0 and variance 1 (over
    /// n) of the training rows. Indicators stay 0 and 1, constant columns become 0.
    pub standardise: bool,
    /// Columns of numbers that are expanded.
    pub polynomials: Vec<Polynomial>,
    /// Largest number of categories of one column.
    pub max_categories: usize,
}

impl Default for Preprocessing {
    fn default() -> Self {
        Self {
            columns: None,
            exclude: Vec::new(),
            missing: Missing::Refuse,
            unseen: Unseen::Refuse,
            one_hot: OneHot::Full,
            standardise: false,
            polynomials: Vec::new(),
            max_categories: 1000,
        }
    }
}

/// What is done about missing cells.
///
/// To drop rows with missing cells, fit on
/// [`complete_rows`](crate::Table::complete_rows) only.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// They are an error.
    #[default]
    Refuse,
    /// The median (numbers) or the most frequent category (text) of the
    /// training rows stands in; a column that misses any of them also gets an
    /// indicator `NAME:missing`.
    Impute,
}

/// What is done about a category that training did not see.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unseen {
    /// It is an error.
    #[default]
    Refuse,
    /// All indicators of the column are 0. Needs [`OneHot::Full`].
    Zeros,
}

/// How categories become numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OneHot {
    /// One indicator per category. They add up to the intercept: right under a
    /// penalty, which then treats all categories alike, and for networks.
    #[default]
    Full,
    /// No indicator for the first category (by bytes), the reference: right
    /// without a penalty, where coefficients and standard errors then read as
    /// differences from the reference.
    DropFirst,
}

/// A column of numbers that is expanded into a polynomial basis.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Polynomial {
    /// Name of the column.
    pub column: String,
    /// Degree, at least 1.
    pub degree: usize,
    /// The basis.
    pub basis: Basis,
}

/// A basis of polynomials without the constant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// x, x², …, xᵈ, each power correctly rounded.
    #[default]
    Powers,
    /// Polynomials p₁, …, p_d orthonormal over the training rows,
    /// (1/n) Σᵢ pⱼ(xᵢ) pₖ(xᵢ) = δⱼₖ: the same fits, well conditioned.
    Orthogonal,
}

//! Real data sets compiled into the crate (`assets/uci/README.md` has sources
//! and licences).

use std::borrow::Cow;

use crate::{Csv, Error, ReadAs, Result, Snippet, Table, Target, Task};

/// A data set that comes with the crate.
///
/// # Examples
/// ```
/// use wonderland_data::{Target, builtin};
/// let iris = builtin("iris")?;
/// let table = iris.table()?;
/// assert_eq!((table.n_rows(), iris.target), (150, "target"));
/// let Target::Labels(y) = iris.target_of(&table)? else { unreachable!() };
/// assert_eq!(y.classes, ["setosa", "versicolor", "virginica"]);
/// assert_eq!(y.counts(), [50, 50, 50]);
/// # Ok::<(), wonderland_data::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct BuiltIn {
    /// Name by which it is found.
    pub name: &'static str,
    /// One line about it.
    pub description: &'static str,
    /// Number of rows.
    pub n_rows: usize,
    /// Number of columns but for the target.
    pub n_features: usize,
    /// Name of the target column.
    pub target: &'static str,
    /// What it is for.
    pub task: Task,
    /// Names of the classes, in the order of their codes in the [`file`](Self::file).
    pub classes: &'static [&'static str],
    file: &'static str,
}

static BUILT_INS: [BuiltIn; 5] = [
    BuiltIn {
        name: "iris",
        description: "three species of iris from the size of sepals and petals (Fisher 1936)",
        n_rows: 150,
        n_features: 4,
        target: "target",
        task: Task::Classification,
        classes: &["setosa", "versicolor", "virginica"],
        file: include_str!("../assets/uci/iris.csv"),
    },
    BuiltIn {
        name: "wine",
        description: "three growers of wine from a chemical analysis (Forina et al., UCI)",
        n_rows: 178,
        n_features: 13,
        target: "target",
        task: Task::Classification,
        classes: &["class_0", "class_1", "class_2"],
        file: include_str!("../assets/uci/wine.csv"),
    },
    BuiltIn {
        name: "breast_cancer",
        description: "malignant or benign, from images of cell nuclei (Wolberg et al. 1995, UCI)",
        n_rows: 569,
        n_features: 30,
        target: "target",
        task: Task::Classification,
        classes: &["malignant", "benign"],
        file: include_str!("../assets/uci/breast_cancer.csv"),
    },
    BuiltIn {
        name: "digits",
        description: "handwritten digits 0 to 9 as 8 × 8 pixels (Alpaydin and Kaynak 1998, UCI)",
        n_rows: 1797,
        n_features: 64,
        target: "target",
        task: Task::Classification,
        classes: &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
        file: include_str!("../assets/uci/digits.csv"),
    },
    BuiltIn {
        name: "diabetes",
        description: "progression of diabetes after a year from ten measurements (Efron et al. 2004)",
        n_rows: 442,
        n_features: 10,
        target: "target",
        task: Task::Regression,
        classes: &[],
        file: include_str!("../assets/uci/diabetes.csv"),
    },
];

/// The data sets that come with the crate.
#[must_use]
pub fn builtins() -> &'static [BuiltIn] {
    &BUILT_INS
}

/// The data set of that name.
///
/// # Errors
/// [`Error::UnknownBuiltIn`] when there is none.
pub fn builtin(name: &str) -> Result<&'static BuiltIn> {
    BUILT_INS.iter().find(|set| set.name == name).ok_or_else(|| Error::UnknownBuiltIn {
        name: Snippet::new(name),
        known: Snippet::list(BUILT_INS.iter().map(|set| set.name)),
    })
}

impl BuiltIn {
    /// The rows, the target by the names of its classes.
    ///
    /// # Errors
    /// Never for the sets as they are; the type is that of any reading.
    pub fn table(&self) -> Result<Table> {
        self.table_with(&Csv::default().rule(self.target, ReadAs::Auto))
    }

    /// The rows, read by given settings, for instance with a column as text.
    ///
    /// # Errors
    /// Those of reading, such as a rule for a column that is not there.
    pub fn table_with(&self, csv: &Csv) -> Result<Table> {
        csv.read(self.csv().as_bytes(), self.name)
    }

    /// The set as CSV, its classes by their names.
    #[must_use]
    pub fn csv(&self) -> Cow<'static, str> {
        if (self.classes.iter().enumerate()).all(|(k, name)| *name == k.to_string()) {
            return Cow::Borrowed(self.file);
        }
        let mut named = String::with_capacity(2 * self.file.len());
        for line in self.file.lines() {
            // The target is the last column, and its codes are the first numbers.
            let (features, code) = line.rsplit_once(',').unwrap_or(("", line));
            let class = code.parse().ok().and_then(|k: usize| self.classes.get(k));
            named.extend([features, ",", class.copied().unwrap_or(code), "\n"]);
        }
        Cow::Owned(named)
    }

    /// The file as it stands, its classes by their codes.
    #[must_use]
    pub fn file(&self) -> &'static str {
        self.file
    }

    /// The target of a table read from this set, with the names of its classes.
    ///
    /// # Errors
    /// A table that is not of this set.
    pub fn target_of(&self, table: &Table) -> Result<Target> {
        match Target::from_column(table, self.target, Some(self.task))? {
            Target::Labels(labels) => {
                let classes: Vec<String> = self.classes.iter().map(|&c| c.to_owned()).collect();
                Ok(Target::Labels(labels.recode(&classes, self.name)?))
            }
            numbers => Ok(numbers),
        }
    }
}

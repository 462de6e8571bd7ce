//! Which columns a pipeline leans on: how much worse it scores on a table in
//! which one column is shuffled.

use wonderland_data::Table;
use wonderland_linalg::{MatRef, Tensor};
use wonderland_models::permutation_importance;

use crate::model::Outputs;
use crate::{Pipeline, Result, rows};

/// The importance of one column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnImportance {
    /// The column.
    pub column: String,
    /// How much the loss grows when the column is shuffled, on average.
    pub mean: f64,
    /// Standard deviation of that over shuffles.
    pub standard_deviation: f64,
}

impl Pipeline {
    /// The growth of the loss (root mean squared error of a quantity, log loss
    /// of classes) when one column of the table is shuffled among its rows, for
    /// every column, largest first.
    ///
    /// All features of a column are shuffled together. Columns that carry the
    /// same information share it: each alone may look unimportant.
    ///
    /// # Errors
    /// Those of [`evaluate`](Self::evaluate); `n_repeats` of 0.
    pub fn importance(
        &self,
        table: &Table,
        n_repeats: usize,
        seed: u64,
    ) -> Result<Vec<ColumnImportance>> {
        let X: Tensor = self.preprocessor().apply(table)?;
        let features = self.preprocessor().features();
        let mut columns: Vec<&str> = Vec::new();
        for feature in features {
            if !columns.contains(&feature.column.as_str()) {
                columns.push(&feature.column);
            }
        }
        let groups: Vec<Vec<usize>> = columns
            .iter()
            .map(|column| (0..features.len()).filter(|&j| features[j].column == *column).collect())
            .collect();
        let truth = match self.model().classes() {
            None => Truth::Numbers(rows::numbers(table, self.target())?.to_vec()),
            Some(classes) => Truth::Codes(rows::labels_among(table, self.target(), classes)?),
        };
        // The score's own error type is that of the models; ours waits outside.
        let mut fault = None;
        let score = |X: MatRef<'_, f64>| match self.loss(X, &truth) {
            Ok(loss) => Ok(-loss),
            Err(error) => {
                fault.get_or_insert(error);
                Ok(0.0)
            }
        };
        let found = permutation_importance(X.as_mat(), &groups, n_repeats, seed, score)?;
        if let Some(fault) = fault {
            return Err(fault);
        }
        let mut found: Vec<ColumnImportance> = columns
            .iter()
            .zip(found)
            .map(|(column, importance)| ColumnImportance {
                column: (*column).to_owned(),
                mean: importance.mean,
                standard_deviation: importance.standard_deviation,
            })
            .collect();
        found.sort_by(|a, b| b.mean.total_cmp(&a.mean));
        Ok(found)
    }

    fn loss(&self, X: MatRef<'_, f64>, truth: &Truth) -> Result<f64> {
        Ok(match (self.outputs_of(&Tensor::from_mat(X))?, truth) {
            (Outputs::Numbers(y_hat), Truth::Numbers(y)) => wonderland_models::rmse(y, &y_hat)?,
            (Outputs::Logits(logits), Truth::Codes(codes)) => {
                wonderland_models::log_loss(codes, self.proba(&logits)?.as_mat())?
            }
            _ => unreachable!("the truth was read for this model"),
        })
    }
}

/// What the predictions are held against.
enum Truth {
    Numbers(Vec<f64>),
    Codes(Vec<usize>),
}

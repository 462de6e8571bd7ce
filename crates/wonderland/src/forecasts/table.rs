//! Reading forecasts: every number checked at the door, with its line and
//! column; logits and probabilities never taken for each other.

use std::io::Read;

use wonderland_calibration::{ClassForecasts, Forecasts, Logits, Probabilities};
use wonderland_calibration::{TemperatureFit, TemperatureOptimum};
use wonderland_data::{Cell, Csv, Error as DataError, ReadAs, Snippet, Table, Text};
use wonderland_linalg::Tensor;

use super::columns::Found;
use super::{Fault, ForecastColumns, Kind};
use crate::Result;

/// How far the probabilities of a row may sum from 1: what rounding to three
/// decimals does to a few classes, far from what logits would do.
const SUM_TOLERANCE: f64 = 1e-3;
/// Rows read at a time.
const PIECE: usize = 4096;

/// Forecasts of classes for the rows of a table.
#[derive(Debug, Clone)]
pub struct ForecastTable {
    /// Where they came from.
    pub source: Snippet,
    /// Names of the classes, by code.
    pub classes: Vec<String>,
    /// Probabilities (n, m); of logits, their softmax.
    pub proba: Probabilities<'static>,
    /// The logits, if such were read.
    pub logits: Option<Logits<'static>>,
    /// Codes of the true classes, if they were read.
    pub labels: Option<Vec<usize>>,
    /// The class that binary measures are of; the last one unless it was said.
    pub positive: usize,
    /// Kept columns by name, exactly as written.
    pub kept: Vec<(String, Text)>,
    /// Names of the columns of forecasts.
    pub columns: Vec<String>,
    /// What was read as what, in a sentence.
    pub reading: String,
}

impl ForecastColumns {
    /// Reads a whole stream; `name` is what messages call it.
    ///
    /// # Errors
    /// The first fault of the file: those of [`Csv`], a column that is not
    /// there, a cell that is no probability (or no number, of logits), a row
    /// that does not sum to 1, a label without a column.
    pub fn read(&self, csv: &Csv, stream: impl Read, name: &str) -> Result<ForecastTable> {
        let csv = Csv { others: ReadAs::Text, verbatim: self.keep.clone(), ..csv.clone() };
        let mut reader = csv.reader(stream, name)?;
        let header = reader.names().to_vec();
        let source = Snippet::new(name);
        let found = self.find(&header, &source)?;
        let mut growing = Growing::new(self, &found, header, source.clone());
        while let Some(piece) = reader.next_rows(PIECE)? {
            growing.push(&piece)?;
        }
        if growing.n == 0 {
            return Err(DataError::NoRows { file: source }.into());
        }
        growing.finish()
    }
}

/// A table as far as it has been read.
struct Growing<'a> {
    settings: &'a ForecastColumns,
    found: &'a Found,
    header: Vec<String>,
    source: Snippet,
    n: usize,
    scores: Vec<f64>,
    labels: Vec<usize>,
    /// The classes; of a single column the other one comes last, once known.
    classes: Vec<String>,
    kept: Vec<(String, Text)>,
}

impl<'a> Growing<'a> {
    fn new(
        settings: &'a ForecastColumns,
        found: &'a Found,
        header: Vec<String>,
        source: Snippet,
    ) -> Self {
        let mut classes = found.classes.clone();
        if found.at.len() == 1 {
            classes.extend(settings.negative.clone());
        }
        let kept = settings.keep.iter().map(|name| (name.clone(), Text::new())).collect();
        Self {
            settings,
            found,
            header,
            source,
            n: 0,
            scores: vec![],
            labels: vec![],
            classes,
            kept,
        }
    }

    fn push(&mut self, piece: &Table) -> Result<()> {
        let columns: Vec<_> = self.found.at.iter().map(|&j| &piece.columns()[j].values).collect();
        for row in 0..piece.n_rows() {
            for (values, &j) in columns.iter().zip(&self.found.at) {
                let x = self.number(piece, row, j, values.cell(row))?;
                self.scores.push(x);
            }
            self.check_row(piece, row)?;
            if let Some(j) = self.found.label {
                let code = self.label(piece, row, j)?;
                self.labels.push(code);
            }
        }
        for (name, text) in &mut self.kept {
            for cell in piece.verbatim(name)?.iter() {
                text.push(cell);
            }
        }
        self.n += piece.n_rows();
        Ok(())
    }

    fn place(&self, piece: &Table, row: usize, j: usize) -> (Snippet, u64, Snippet) {
        (self.source.clone(), piece.line_of(row), Snippet::new(&self.header[j]))
    }

    fn number(&self, piece: &Table, row: usize, j: usize, cell: Cell<'_>) -> Result<f64> {
        let Cell::Text(text) = cell else {
            let (file, line, column) = self.place(piece, row, j);
            return Err(Fault::Missing { file, line, column }.into());
        };
        let parsed: Option<f64> = text.parse().ok().filter(|x: &f64| !x.is_nan());
        let (wanted, fits): (_, fn(f64) -> bool) = match self.settings.kind {
            Kind::Probabilities => ("a number: a probability in [0, 1] is expected", |_| true),
            // A probability of 0 has the logarithm −∞: a logit may be that.
            Kind::Logits => ("a number below infinity: a logit is expected", |x| x < f64::INFINITY),
        };
        let Some(x) = parsed.filter(|x| fits(*x)) else {
            let (file, line, column) = self.place(piece, row, j);
            return Err(Fault::NotANumber {
                file,
                line,
                column,
                value: Snippet::new(text),
                wanted,
            }
            .into());
        };
        if self.settings.kind == Kind::Probabilities && !(0.0..=1.0).contains(&x) {
            let (file, line, column) = self.place(piece, row, j);
            return Err(Fault::NotAProbability { file, line, column, value: x }.into());
        }
        Ok(x)
    }

    /// The row just read, as a whole.
    fn check_row(&self, piece: &Table, row: usize) -> Result<()> {
        let m = self.found.at.len();
        let scores = &self.scores[self.scores.len() - m..];
        let names = || Snippet::list(self.found.at.iter().map(|&j| self.header[j].as_str()));
        let (file, line) = (self.source.clone(), piece.line_of(row));
        match self.settings.kind {
            Kind::Probabilities if m > 1 => {
                let sum: f64 = scores.iter().sum();
                if (sum - 1.0).abs() > SUM_TOLERANCE {
                    let columns = names();
                    let tolerance = SUM_TOLERANCE;
                    return Err(Fault::RowSum { file, line, columns, sum, tolerance }.into());
                }
            }
            Kind::Logits if scores.iter().all(|z| z.is_infinite()) && m > 1 => {
                let (column, value) = (names(), Snippet::new("-inf"));
                let wanted = "a finite logit, and neither is any other of the row";
                return Err(Fault::NotANumber { file, line, column, value, wanted }.into());
            }
            _ => {}
        }
        Ok(())
    }

    fn label(&mut self, piece: &Table, row: usize, j: usize) -> Result<usize> {
        let Cell::Text(text) = piece.columns()[j].values.cell(row) else {
            let (file, line, column) = self.place(piece, row, j);
            return Err(Fault::Missing { file, line, column }.into());
        };
        let same_text = self.classes.iter().position(|class| class == text);
        if let Some(code) = same_text.or_else(|| position_of_number(&self.classes, text)) {
            return Ok(code);
        }
        if self.found.at.len() == 1 && self.classes.len() == 1 {
            self.classes.push(text.to_owned());
            return Ok(1);
        }
        let (file, line, column) = self.place(piece, row, j);
        let value = Snippet::new(text);
        Err(if self.found.at.len() == 1 {
            let (positive, negative) =
                (Snippet::new(&self.classes[0]), Snippet::new(&self.classes[1]));
            Fault::ThirdClass { file, line, column, value, positive, negative }
        } else {
            let known = Snippet::list(self.classes.iter().map(String::as_str));
            Fault::UnknownLabel { file, line, column, value, known }
        }
        .into())
    }

    fn finish(mut self) -> Result<ForecastTable> {
        let (n, single) = (self.n, self.found.at.len() == 1);
        if single {
            // The other class first: the positive one is the last, as it is
            // where both have a column.
            let other = match self.classes.get(1) {
                Some(name) => name.clone(),
                None => format!("not {}", self.classes[0]),
            };
            self.classes = vec![other, self.classes.swap_remove(0)];
            self.labels.iter_mut().for_each(|code| *code = 1 - *code);
        }
        let m = self.classes.len();
        let scores = &self.scores;
        let logits = self.settings.kind == Kind::Logits;
        let rows = Tensor::from_fn(n, m, |i, k| match (single, k) {
            (false, _) => scores[i * m + k],
            (true, 1) => scores[i],
            (true, _) if logits => 0.0,
            (true, _) => 1.0 - scores[i],
        });
        let (proba, logits) = match self.settings.kind {
            Kind::Probabilities => (Probabilities::from_tensor(rows)?, None),
            Kind::Logits => {
                let logits = Logits::from_tensor(rows)?;
                (softmax(&logits)?, Some(logits))
            }
        };
        let reading = self.reading();
        let positive = match &self.settings.positive {
            Some(name) => self.classes.iter().position(|c| c == name).unwrap_or(m - 1),
            None => m - 1,
        };
        Ok(ForecastTable {
            source: self.source,
            proba,
            logits,
            labels: self.found.label.map(|_| self.labels),
            positive,
            kept: self.kept,
            columns: self.found.at.iter().map(|&j| self.header[j].clone()).collect(),
            reading,
            classes: self.classes,
        })
    }

    fn reading(&self) -> String {
        let columns = Snippet::list(self.found.at.iter().map(|&j| self.header[j].as_str()));
        let of = match self.found.at.len() {
            1 => format!(
                "`{}`, against `{}`",
                Snippet::new(&self.classes[1]),
                Snippet::new(&self.classes[0])
            ),
            _ => Snippet::list(self.classes.iter().map(String::as_str)).to_string(),
        };
        let mut text = format!("read {columns} as {} of {of}", self.settings.kind.name());
        if let Some(j) = self.found.label {
            text.push_str(&format!(", {} as the true class", Snippet::new(&self.header[j])));
        }
        text
    }
}

/// The class that is the same number as a label: `1.0` is the class `1`.
fn position_of_number(classes: &[String], label: &str) -> Option<usize> {
    let number = |text: &str| text.parse::<f64>().ok().filter(|x| x.is_finite());
    let label = number(label)?;
    classes.iter().position(|class| number(class).is_some_and(|x| x.total_cmp(&label).is_eq()))
}

/// Softmax of every row.
pub(super) fn softmax(logits: &Logits<'_>) -> Result<Probabilities<'static>> {
    let identity = TemperatureFit {
        optimum: TemperatureOptimum::Interior { beta: 1.0 },
        n_classes: logits.n_classes(),
        evaluations: 0,
    };
    Ok(identity.transform(logits)?)
}

impl ForecastTable {
    /// Number of rows.
    #[must_use]
    pub fn n(&self) -> usize {
        self.proba.n_samples()
    }

    /// Number of classes.
    #[must_use]
    pub fn n_classes(&self) -> usize {
        self.classes.len()
    }

    /// What was read.
    #[must_use]
    pub fn kind(&self) -> Kind {
        if self.logits.is_some() { Kind::Logits } else { Kind::Probabilities }
    }

    /// The true classes.
    ///
    /// # Errors
    /// [`Fault::NoLabels`], naming what needs them.
    pub fn truth(&self, what: &'static str) -> Result<&[usize]> {
        let fault = || Fault::NoLabels { file: self.source.clone(), what }.into();
        self.labels.as_deref().ok_or_else(fault)
    }

    /// The probabilities beside the truth.
    ///
    /// # Errors
    /// [`Fault::NoLabels`].
    pub fn forecasts(&self, what: &'static str) -> Result<ClassForecasts<'_>> {
        let labels = self.truth(what)?;
        Ok(ClassForecasts::from_probabilities(self.proba.clone(), labels)?)
    }

    /// The same rows with other probabilities, such as recalibrated ones.
    #[must_use]
    pub fn with_proba(&self, proba: Probabilities<'static>) -> Self {
        Self { proba, logits: None, ..self.clone() }
    }

    /// The given rows.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let kept = |text: &Text| rows.iter().map(|&i| text.get(i)).collect();
        Self {
            proba: self.proba.select(rows),
            logits: self.logits.as_ref().map(|z| z.select(rows)),
            labels: self.labels.as_ref().map(|y| rows.iter().map(|&i| y[i]).collect()),
            kept: self.kept.iter().map(|(name, text)| (name.clone(), kept(text))).collect(),
            source: self.source.clone(),
            classes: self.classes.clone(),
            positive: self.positive,
            columns: self.columns.clone(),
            reading: self.reading.clone(),
        }
    }

    /// What a reliability diagram of these forecasts is of: the probability of
    /// the positive class of two, the confidence in the top class of more.
    #[must_use]
    pub fn event(&self) -> String {
        if self.n_classes() == 2 {
            format!("probability of {}", Snippet::new(&self.classes[self.positive]))
        } else {
            "confidence".into()
        }
    }
}

/// The binary forecasts a calibration error is measured on.
pub(super) fn event_of<'a>(f: &'a ClassForecasts<'_>, positive: usize) -> Forecasts<'a> {
    if f.n_classes() == 2 { f.class(positive) } else { f.confidence() }
}

#[cfg(test)]
mod tests {
    use wonderland_data::Csv;

    use crate::forecasts::ForecastColumns;

    #[test]
    fn labels_are_asked_for_where_they_are_needed() {
        let text = "p:1,p:2\n0.25,0.75\n";
        let table = ForecastColumns::default().read(&Csv::default(), text.as_bytes(), "t").unwrap();
        assert_eq!(table.reading, "read p:1, p:2 as probabilities of 1, 2");
        let fault = table.forecasts("judging").unwrap_err();
        assert_eq!(
            fault.to_string(),
            "t: judging needs the true classes: name their column with `--label`"
        );
        assert!(fault.is_usage());
    }

    #[test]
    fn a_label_may_be_the_same_number_written_otherwise() {
        let columns = ForecastColumns { label: Some("y".into()), ..ForecastColumns::default() };
        let text = "p:1,p:2,y\n0.25,0.75,2.0\n0.5,0.5,1\n";
        let table = columns.read(&Csv::default(), text.as_bytes(), "t").unwrap();
        assert_eq!(table.labels, Some(vec![1, 0]));
    }
}

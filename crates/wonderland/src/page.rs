//! The report of a pipeline: from its scores on test rows to a page a person
//! would show a colleague.

mod classification;
mod regression;

use wonderland_data::{Table, Task};
use wonderland_report::{Block, Report, Section};

use crate::{Evaluation, Metrics, Output, Pipeline, Result};

/// What the page says about where the data came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The data, by the name of the file or the built-in set.
    pub data: String,
    /// Parts of the data and their numbers of rows, in words.
    pub parts: Vec<(String, usize)>,
    /// How the parts were made.
    pub how: String,
}

impl Pipeline {
    /// The report of an evaluation on the rows of `test`.
    ///
    /// # Errors
    /// Those of [`evaluate`](Self::evaluate).
    pub fn report(
        &self,
        evaluation: &Evaluation,
        test: &Table,
        provenance: &Provenance,
    ) -> Result<Report> {
        // Of a path, the name of the file says enough.
        let data = provenance.data.rsplit(['/', '\\']).next().unwrap_or_default();
        let title = format!("{} of {} in {data}", self.model().title(), self.target());
        let mut sections = match &evaluation.metrics {
            Metrics::Regression(metrics) => regression::sections(self, metrics, test)?,
            Metrics::Classification(metrics) => classification::sections(self, metrics, test)?,
        };
        sections.push(self.data_section(provenance));
        Ok(Report {
            title: capitalised(&title),
            lead: lead(self, evaluation),
            sections,
            footer: format!(
                "wonderland {}, seed {}. Scores are of rows that had no part in the fit.",
                env!("CARGO_PKG_VERSION"),
                self.training().seed
            ),
        })
    }

    fn data_section(&self, provenance: &Provenance) -> Section {
        let about = self.describe();
        let mut blocks = Vec::new();
        for warning in &about.warnings {
            blocks.push(Block::Warning(capitalised(&warning.to_string())));
        }
        let penalty = about.penalty.as_ref().map_or_else(String::new, |penalty| {
            let name = if penalty.effective_df.is_some() { "λ" } else { "l2" };
            format!(", {name} = {}", short(penalty.lambda))
        });
        blocks.push(Block::Text(format!(
            "Minimised: {} = {}{penalty}. Rows were dealt {}.",
            about.objective,
            short(about.minimum),
            provenance.how
        )));
        blocks.push(Block::Table {
            head: vec!["to".into(), "rows".into()],
            rows: provenance
                .parts
                .iter()
                .map(|(part, rows)| vec![part.clone(), rows.to_string()])
                .collect(),
        });
        let features = self.preprocessor().features();
        blocks.push(Block::Details {
            summary: format!(
                "{} features as the model sees them: (value − centre) / scale",
                features.len()
            ),
            head: ["feature", "column", "centre", "scale"].map(String::from).to_vec(),
            rows: features
                .iter()
                .map(|f| vec![f.name.clone(), f.column.clone(), short(f.centre), short(f.scale)])
                .collect(),
        });
        Section { title: "Data and settings".into(), blocks }
    }
}

/// The outcome in a sentence or two.
fn lead(pipeline: &Pipeline, evaluation: &Evaluation) -> String {
    let what = match pipeline.task() {
        Task::Regression => "the training mean",
        Task::Classification => "the most frequent class",
    };
    let mut lead = format!(
        "On {} test rows the model is {} than always answering {what}.",
        evaluation.n,
        if evaluation.metrics.beats_baseline() { "better" } else { "not demonstrably better" }
    );
    if let Some(report) = evaluation.metrics.coverage()
        && let Some(coverage) = report.overall.coverage
    {
        let of = if pipeline.task() == Task::Regression { "intervals" } else { "sets" };
        lead.push_str(&format!(
            " Its prediction {of} hold the truth in {} % of them, {} % asked.",
            short(100.0 * coverage),
            short(100.0 * report.target)
        ));
    }
    lead
}

/// A table of coefficients, folded away.
fn coefficient_table(outputs: &[Output]) -> Block {
    let mut head = vec!["feature".to_owned()];
    head.extend(outputs.iter().map(|o| o.class.clone().unwrap_or_else(|| "coefficient".into())));
    let n = outputs.first().map_or(0, |o| o.coefficients.len());
    let mut rows: Vec<Vec<String>> = (0..n)
        .map(|j| {
            let name = outputs[0].coefficients[j].name.clone();
            let values = outputs.iter().map(|o| short(o.coefficients[j].value));
            std::iter::once(name).chain(values).collect()
        })
        .collect();
    if outputs.iter().any(|o| o.intercept.is_some()) {
        let value = |o: &Output| o.intercept.as_ref().map_or_else(String::new, |b| short(b.value));
        rows.push(
            std::iter::once("intercept".to_owned()).chain(outputs.iter().map(value)).collect(),
        );
    }
    Block::Details { summary: format!("All {n} coefficients"), head, rows }
}

/// Four significant digits.
fn short(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return format!("{x}");
    }
    let exponent = x.abs().log10().floor();
    if !(-4.0..7.0).contains(&exponent) {
        return format!("{x:.3e}");
    }
    let decimals = (3.0 - exponent).max(0.0) as usize;
    let text = format!("{x:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// The name, and its interval on a line below.
fn with_interval(name: &str, interval: Option<[f64; 2]>) -> String {
    match interval {
        Some([low, high]) => format!("{name}\n95 %: {} to {}", short(low), short(high)),
        None => name.to_owned(),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

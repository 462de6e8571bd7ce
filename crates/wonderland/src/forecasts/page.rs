//! The HTML report of calibration: the verdict first, then the pictures, then
//! every number.

use wonderland_models::{confusion_matrix, roc_auc_binary};
use wonderland_report::{
    Block, Curve, Report, Section, ThresholdTool, confidence_histogram, reliability_diagram, roc,
};

use super::{Assessment, ForecastTable, Measure, Refitted};
use crate::Result;

/// Beyond this many classes a confusion matrix or a bundle of ROC curves says
/// nothing any more.
const MOST_CLASSES: usize = 30;

/// What a report on calibration shows.
#[derive(Debug, Clone, Copy)]
pub struct CalibrationPage<'a> {
    /// The forecasts as they were.
    pub table: &'a ForecastTable,
    /// What was measured of them.
    pub before: &'a Assessment,
    /// A map, and what was measured after it.
    pub refitted: Option<(&'a Refitted, &'a Assessment)>,
}

impl CalibrationPage<'_> {
    /// The page, complete in itself.
    ///
    /// # Errors
    /// A table without labels.
    pub fn to_html(&self) -> Result<String> {
        let (a, table) = (self.before, self.table);
        let report = Report {
            title: format!("Calibration of {}", table.source),
            lead: format!(
                "{} rows, {} classes. Judged is the {}: of all rows with a forecast of about 0.8, does it come true in about 80 %?",
                a.n,
                table.n_classes(),
                a.event
            ),
            sections: vec![
                self.verdict(),
                self.reliability(),
                self.measures(),
                self.ranking()?,
                self.tables(),
            ],
            footer: format!(
                "{}. {} bins, {} bootstrap resamples, {} draws of the test, seed {}. wonderland {}.",
                table.reading,
                a.settings.bins.n_bins(),
                a.settings.resamples,
                a.settings.draws,
                a.settings.seed,
                env!("CARGO_PKG_VERSION")
            ),
        };
        Ok(report.to_html())
    }

    fn verdict(&self) -> Section {
        let a = self.before;
        let mut blocks = vec![Block::Tiles(vec![
            (format!("{:.4}", a.errors.ece.value), format!("ECE{}", about(a.errors.ece))),
            (percent(a.accuracy.value), format!("accuracy{}", about(a.accuracy))),
            (percent(a.mean_forecast), format!("mean {}", a.event)),
            (percent(a.frequency), "how often it came true".into()),
        ])];
        blocks.push(judgement("", a));
        if let Some((refitted, after)) = self.refitted {
            blocks.push(Block::Text(format!(
                "A map was fitted ({}): {}; {}.",
                refitted.map.kind.name(),
                refitted.map.describe(),
                refitted.how
            )));
            blocks.push(judgement("After the map: ", after));
        }
        Section { title: String::new(), blocks }
    }

    fn reliability(&self) -> Section {
        let caption = "One dot per bin: mean forecast against how often it came true, the size telling how many rows. On the dashed line forecasts mean what they say; inside the band, the isotonic curve is no further from it than chance allows.";
        let mut diagrams = Vec::new();
        let mut histograms = Vec::new();
        for (name, table, a) in self.both() {
            let title = format!("Reliability{name}.");
            diagrams.push((
                reliability_diagram(&a.reliability, &a.event),
                title,
                caption.to_owned(),
            ));
            let hits = table.labels.as_ref().map(|labels| {
                let predicted = table.proba.predicted().iter();
                predicted.zip(labels).map(|(&k, &y)| k as usize == y).collect::<Vec<_>>()
            });
            let bins = a.settings.bins.n_bins().clamp(10, 30);
            let picture = confidence_histogram(table.proba.confidence(), hits.as_deref(), bins);
            let caption = "Probability of the predicted class, split by whether it was right; dashed, its mean.";
            histograms.push((picture, format!("Confidence{name}."), caption.to_owned()));
        }
        let blocks = vec![Block::Pictures(diagrams), Block::Pictures(histograms)];
        Section { title: "Can the probabilities be believed?".into(), blocks }
    }

    /// The forecasts, and the recalibrated ones, with what pictures call them.
    fn both(&self) -> Vec<(&'static str, &ForecastTable, &Assessment)> {
        match self.refitted {
            None => vec![("", self.table, self.before)],
            Some((refitted, after)) => {
                vec![(" before", self.table, self.before), (" after", &refitted.after, after)]
            }
        }
    }

    fn measures(&self) -> Section {
        let mut head = vec![String::new(), "value".into(), "95 % interval".into()];
        let after = self.refitted.map(|(_, after)| measure_rows(after));
        if after.is_some() {
            head[1] = "before".into();
            head.extend(["after".into(), "95 % interval".into()]);
        }
        let mut rows = measure_rows(self.before);
        for (row, after) in rows.iter_mut().zip(after.unwrap_or_default()) {
            row.extend(after.into_iter().skip(1));
        }
        let mut blocks = vec![Block::Table { head, rows }];
        for (name, _, a) in self.both() {
            blocks.push(Block::Text(tests(name, a)));
        }
        Section { title: "Every measure".into(), blocks }
    }

    fn ranking(&self) -> Result<Section> {
        let table = self.table;
        let m = table.n_classes();
        let labels = table.truth("a report")?;
        let mut blocks = Vec::new();
        if m <= MOST_CLASSES {
            let predicted: Vec<usize> =
                table.proba.predicted().iter().map(|&k| k as usize).collect();
            let counts: Vec<Vec<u64>> = confusion_matrix(labels, &predicted, m)?
                .into_iter()
                .map(|row| row.into_iter().map(|count| count as u64).collect())
                .collect();
            let confusion = wonderland_report::confusion_matrix(&counts, &table.classes);
            let mut pictures = vec![(
                confusion,
                "Confusion.".to_owned(),
                "Rows are true classes, columns the class of the largest probability.".to_owned(),
            )];
            let classes = if m == 2 { table.positive..table.positive + 1 } else { 0..m };
            let curves: Result<Vec<Option<Curve>>> =
                classes.map(|k| curve(table, labels, k)).collect();
            let curves: Vec<Curve> = curves?.into_iter().flatten().collect();
            if !curves.is_empty() {
                let caption = "How well the probabilities order the rows, each class against the rest; calibration does not change it.";
                pictures.push((roc(&curves), "ROC.".to_owned(), caption.to_owned()));
            }
            blocks.push(Block::Pictures(pictures));
        }
        if m == 2 {
            let (proba, k) =
                (self.refitted.map_or(&table.proba, |(r, _)| &r.after.proba), table.positive);
            let P = proba.as_mat();
            let p: Vec<f64> = (0..table.n()).map(|i| P[(i, k)]).collect();
            let y: Vec<bool> = labels.iter().map(|&y| y == k).collect();
            let (positive, negative) = (&table.classes[k], &table.classes[1 - k]);
            blocks
                .push(Block::Text("What a decision by threshold would cost on these rows:".into()));
            blocks.push(Block::Threshold(ThresholdTool::new(positive, negative, &p, &y)));
        }
        Ok(Section { title: "What the forecasts tell apart".into(), blocks })
    }

    fn tables(&self) -> Section {
        let blocks = self.both().into_iter().map(|(name, _, a)| {
            let rows = a.reliability.table.rows.iter().filter(|row| row.count > 0);
            let cell = |x: Option<f64>| x.map(|x| format!("{x:.4}")).unwrap_or_default();
            Block::Details {
                summary: format!("Reliability table{name}"),
                head: ["forecast", "rows", "mean forecast", "observed", "gap"]
                    .map(String::from)
                    .into(),
                rows: rows
                    .map(|row| {
                        let gap = row.frequency.zip(row.mean_p).map(|(y, p)| y - p);
                        vec![
                            format!("{:.3} to {:.3}", row.lower, row.upper),
                            row.count.to_string(),
                            cell(row.mean_p),
                            cell(row.frequency),
                            gap.map(|gap| format!("{gap:+.4}")).unwrap_or_default(),
                        ]
                    })
                    .collect(),
            }
        });
        Section { title: "Tables".into(), blocks: blocks.collect() }
    }
}

fn judgement(prefix: &str, a: &Assessment) -> Block {
    let text = format!("{prefix}{}.", a.verdict());
    if a.is_consistent() { Block::Good(text) } else { Block::Warning(text) }
}

fn percent(x: f64) -> String {
    format!("{:.1} %", 100.0 * x)
}

fn about(measure: Measure) -> String {
    measure
        .interval
        .map(|[low, high]| format!(", 95 % in {low:.4} to {high:.4}"))
        .unwrap_or_default()
}

fn measure_rows(a: &Assessment) -> Vec<Vec<String>> {
    let rows = a.rows();
    let shown = |x: f64| if x.is_finite() { format!("{x:.4}") } else { "infinite".into() };
    let ends = |ends: Option<[f64; 2]>| {
        ends.map(|[low, high]| format!("{low:.4} to {high:.4}")).unwrap_or_default()
    };
    rows.into_iter()
        .map(|(name, x, interval)| vec![name.into(), shown(x), ends(interval)])
        .collect()
}

fn tests(name: &str, a: &Assessment) -> String {
    let mut text = format!("Tests of calibration{name}: ");
    if let Some(s) = a.spiegelhalter {
        text.push_str(&format!("Spiegelhalter z = {:.3}, {}; ", s.z, p_value(s.p_value)));
    }
    text.push_str(&match &a.cox {
        Ok(c) => format!(
            "Cox's line has slope {:.3} ± {:.3} and intercept {:.3} ± {:.3} (calibrated: 1 and 0), {}.",
            c.slope,
            c.slope_se,
            c.intercept,
            c.intercept_se,
            p_value(c.p_value)
        ),
        Err(why) => format!("Cox's line does not exist: {why}."),
    });
    if a.n_impossible > 0 {
        text.push_str(&format!(
            " The log loss is infinite: {} rows gave their true class probability 0.",
            a.n_impossible
        ));
    }
    text
}

/// The ROC curve of one class against the rest; none if it has no rows, or all.
fn curve(table: &ForecastTable, labels: &[usize], k: usize) -> Result<Option<Curve>> {
    let P = table.proba.as_mat();
    let p: Vec<f64> = (0..table.n()).map(|i| P[(i, k)]).collect();
    let y: Vec<bool> = labels.iter().map(|&y| y == k).collect();
    let Some(area) = roc_auc_binary(&y, &p)? else { return Ok(None) };
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_unstable_by(|&i, &j| p[j].total_cmp(&p[i]));
    let positives = y.iter().filter(|y| **y).count() as f64;
    let negatives = p.len() as f64 - positives;
    let (mut hits, mut alarms) = (0.0, 0.0);
    let mut points = vec![(0.0, 0.0)];
    for (place, &i) in order.iter().enumerate() {
        if y[i] {
            hits += 1.0
        } else {
            alarms += 1.0
        }
        // Rows with the same probability are decided together.
        let tied = order.get(place + 1).is_some_and(|&j| p[j].total_cmp(&p[i]).is_eq());
        if !tied {
            points.push((alarms / negatives, hits / positives));
        }
    }
    Ok(Some(Curve { name: table.classes[k].clone(), points, area }))
}

/// A p-value as it is read: below the last digit shown, that is what is said.
fn p_value(p: f64) -> String {
    if p < 1e-4 { "p < 0.0001".into() } else { format!("p = {p:.4}") }
}

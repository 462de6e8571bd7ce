//! How far probabilities can be believed, before and after a map.

use std::fmt::Write as _;

use serde::Serialize;
use wonderland::calibration::{BinRow, Cox, Spiegelhalter};
use wonderland::data::Snippet;
use wonderland::forecasts::{Assessment, ForecastTable, Refitted};

use super::{Align, Grid, WithIntervals, counted};

/// What was measured.
pub(crate) struct Judged {
    /// Of the forecasts as they are.
    pub(crate) before: Assessment,
    /// Of the recalibrated ones.
    pub(crate) after: Option<Assessment>,
}

/// The report of `wonderland calibration`.
#[derive(Serialize)]
pub(crate) struct CalibrationReport<'a> {
    source: &'a str,
    kind: &'static str,
    columns: &'a [String],
    classes: &'a [String],
    positive: &'a str,
    event: &'a str,
    n: usize,
    frequency: f64,
    mean_forecast: f64,
    seed: u64,
    #[serde(flatten)]
    keys: Keys<'a>,
    recalibration: Option<RecalibrationKeys<'a>>,
    #[serde(skip)]
    judged: &'a Judged,
    #[serde(skip)]
    refitted: Option<&'a Refitted>,
}

/// What there is of each set of forecasts.
#[derive(Serialize)]
struct Keys<'a> {
    metrics: MetricKeys<'a>,
    test: TestKeys,
    reliability: &'a [BinRow],
}

#[derive(Serialize)]
struct RecalibrationKeys<'a> {
    kind: &'static str,
    how: &'a str,
    map: String,
    #[serde(flatten)]
    keys: Keys<'a>,
}

#[derive(Serialize)]
struct TestKeys {
    consistent: bool,
    p_value: f64,
    null_mean: f64,
    null_q95: f64,
}

/// The keys of metrics in JSON: every measure with its interval.
#[derive(Serialize)]
struct MetricKeys<'a> {
    #[serde(flatten)]
    measures: WithIntervals,
    debiased_rms: f64,
    n_impossible: usize,
    uncertainty: f64,
    spiegelhalter: Option<Spiegelhalter>,
    cox: Option<&'a Cox>,
}

impl<'a> Keys<'a> {
    fn new(a: &'a Assessment) -> Self {
        let (c, e) = (&a.classes, &a.errors);
        let measures = [
            ("accuracy", a.accuracy),
            ("ece", e.ece),
            ("mce", e.mce),
            ("rms", e.rms),
            ("smooth_ece", a.smooth_ece),
            ("confidence_ece", c.confidence.ece),
            ("top_label_ece", c.top_label.ece),
            ("classwise_ece", c.classwise.ece),
            ("brier", a.brier),
            ("log_loss", a.log_loss),
        ];
        let mut measures: Vec<_> = measures.map(|(key, m)| (key, m.value, m.interval)).into();
        let [miscalibration, discrimination] = a.corp_intervals;
        measures.push(("miscalibration", a.corp.miscalibration, miscalibration));
        measures.push(("discrimination", a.corp.discrimination, discrimination));
        let metrics = MetricKeys {
            measures: WithIntervals(measures),
            debiased_rms: e.debiased_rms,
            n_impossible: a.n_impossible,
            uncertainty: a.corp.uncertainty,
            spiegelhalter: a.spiegelhalter,
            cox: a.cox.as_ref().ok(),
        };
        let test = TestKeys {
            consistent: a.is_consistent(),
            p_value: a.test.p_value,
            null_mean: a.test.null_mean,
            null_q95: a.test.null_q95,
        };
        Self { metrics, test, reliability: &a.reliability.table.rows }
    }
}

impl<'a> CalibrationReport<'a> {
    pub(crate) fn new(
        table: &'a ForecastTable,
        refitted: Option<&'a Refitted>,
        judged: &'a Judged,
    ) -> Self {
        let recalibration =
            refitted.zip(judged.after.as_ref()).map(|(r, after)| RecalibrationKeys {
                kind: r.map.kind.name(),
                how: &r.how,
                map: r.map.describe(),
                keys: Keys::new(after),
            });
        Self {
            source: table.source.as_str(),
            kind: table.kind().name(),
            columns: &table.columns,
            classes: &table.classes,
            positive: &table.classes[table.positive],
            event: &judged.before.event,
            n: judged.before.n,
            frequency: judged.before.frequency,
            mean_forecast: judged.before.mean_forecast,
            seed: judged.before.settings.seed,
            keys: Keys::new(&judged.before),
            recalibration,
            judged,
            refitted,
        }
    }

    pub(crate) fn text(&self) -> String {
        let (before, after) = (&self.judged.before, self.judged.after.as_ref());
        let mut text = format!(
            "{}: {}, {} classes; {} against how often it happened\n",
            self.source,
            counted(before.n, "row"),
            self.classes.len(),
            before.event
        );
        if let Some(refitted) = self.refitted {
            let _ = writeln!(text, "{}; {}", refitted.map.describe(), refitted.how);
        }
        let _ = writeln!(text, "\n{}", measures(before, after));
        text.push_str(&tests(before, if after.is_some() { "before: " } else { "" }));
        if let Some(after) = after {
            text.push_str(&tests(after, "after: "));
        }
        let title = if after.is_some() { "reliability before" } else { "reliability" };
        let _ = write!(text, "\n{title}\n{}", reliability(before));
        if let Some(after) = after {
            let _ = write!(text, "\nreliability after\n{}", reliability(after));
        }
        text
    }
}

/// Four decimals: what the interval of a few thousand rows can tell apart.
fn four(x: f64) -> String {
    if x.is_finite() { format!("{x:.4}") } else { "infinite".into() }
}

/// A p-value, never written as 0.
fn chance(p: f64) -> String {
    if p < 1e-4 { "p < 0.0001".into() } else { format!("p = {p:.4}") }
}

fn ends(ends: Option<[f64; 2]>) -> String {
    ends.map(|[low, high]| format!("[{low:.4}, {high:.4}]")).unwrap_or_default()
}

/// Values and intervals, before and after.
fn measures(before: &Assessment, after: Option<&Assessment>) -> Grid {
    let percent = format!("{} % interval", 100.0 * before.settings.level);
    let mut grid = match after {
        None => Grid::new(&[Align::Left, Align::Right, Align::Left]),
        Some(_) => Grid::new(&[Align::Left, Align::Right, Align::Left, Align::Right, Align::Left]),
    };
    match after {
        None => grid.row(["", "value", &percent]),
        Some(_) => grid.row(["", "before", &percent, "after", &percent]),
    }
    for ((name, value, interval), after) in before.rows().into_iter().zip(
        after
            .map_or_else(Vec::new, Assessment::rows)
            .into_iter()
            .map(Some)
            .chain(std::iter::repeat(None)),
    ) {
        match after {
            None => grid.row([name, &four(value), &ends(interval)]),
            Some((_, new, about)) => {
                grid.row([name, &four(value), &ends(interval), &four(new), &ends(about)]);
            }
        }
    }
    grid
}

/// The verdict and the tests behind it, a line each.
fn tests(a: &Assessment, prefix: &str) -> String {
    let mut text = format!("{prefix}{}\n", a.verdict());
    if let Some(s) = a.spiegelhalter {
        let _ = writeln!(text, "  Spiegelhalter: z = {:.3}, {}", s.z, chance(s.p_value));
    }
    let _ = match &a.cox {
        Ok(c) => writeln!(
            text,
            "  Cox: slope {:.4} ± {:.4} and intercept {:.4} ± {:.4} (calibrated: 1 and 0), {}",
            c.slope,
            c.slope_se,
            c.intercept,
            c.intercept_se,
            chance(c.p_value)
        ),
        Err(why) => writeln!(text, "  Cox: no line, {}", Snippet::new(why)),
    };
    if a.n_impossible > 0 {
        let _ = writeln!(
            text,
            "  the log loss is infinite: {} gave their true class probability 0",
            counted(a.n_impossible, "row")
        );
    }
    text
}

/// The reliability table, empty bins left out.
fn reliability(a: &Assessment) -> Grid {
    const BAR: usize = 20;
    let mut grid = Grid::new(&[
        Align::Left,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Left,
    ]);
    grid.row(["forecast", "rows", "mean", "observed", "gap", ""]);
    let most = a.reliability.table.rows.iter().map(|r| r.count).max().unwrap_or(0).max(1);
    for row in &a.reliability.table.rows {
        let (Some(p), Some(observed)) = (row.mean_p, row.frequency) else { continue };
        let bar = "█".repeat((row.count as usize * BAR).div_ceil(most as usize));
        grid.row([
            &format!("{:.3} to {:.3}", row.lower, row.upper),
            &row.count.to_string(),
            &four(p),
            &four(observed),
            &format!("{:+.4}", observed - p),
            &bar,
        ]);
    }
    grid
}

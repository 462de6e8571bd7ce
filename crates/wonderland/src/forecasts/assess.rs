//! How good forecasts are: calibration errors under their three names, proper
//! scores, the tests of calibration, each with an interval or a p-value.

use serde::Serialize;
use wonderland_calibration::{
    Bins, Bootstrap, CalibrationError, ClassForecasts, Corp, Cox, ErrorInterval, Forecasts,
    IntervalKind, NullTest, PerfectCalibrationTest, Reliability, ReliabilityDiagram, Resample,
    Spiegelhalter, brier, brier_multiclass, calibration_error, classwise_calibration_error,
    confidence_calibration_error, corp_brier, cox, log_loss_multiclass, smooth_ece,
    smooth_ece_on_grid, spiegelhalter, top_label_calibration_error,
};

use super::ForecastTable;
use super::table::event_of;
use crate::Result;

/// Settings of an assessment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assessing {
    /// Bins of the calibration errors and of the reliability table.
    pub bins: Bins,
    /// Resamples behind every interval; 0 for none.
    pub resamples: usize,
    /// Level of the intervals.
    pub level: f64,
    /// Draws of the test of calibration and of the consistency band.
    pub draws: usize,
    /// Seed of everything random.
    pub seed: u64,
}

impl Default for Assessing {
    fn default() -> Self {
        Self { bins: Bins::default(), resamples: 1000, level: 0.95, draws: 1000, seed: 0 }
    }
}

impl Assessing {
    /// Fewer resamples for many rows, whose intervals are narrow anyway: as many
    /// as resample about five million rows, between 100 and 1000.
    #[must_use]
    pub fn resamples_for(n: usize) -> usize {
        (5_000_000 / n.max(1)).clamp(100, 1000)
    }
}

/// A value and the interval about it: of binned errors by tests along a ray
/// ([`ErrorInterval`]), of everything else by the bootstrap.
///
/// Resampling raises an error that is nearly zero. So the interval of any error
/// begins at 0 where calibrated forecasts would show as much.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Measure {
    /// The value on all rows.
    pub value: f64,
    /// Lower and upper end. None without resamples, for an infinite value, and
    /// where resampling moves the measure so far that the interval would not
    /// hold its own estimate.
    pub interval: Option<[f64; 2]>,
}

/// One kind of calibration error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ErrorMeasures {
    /// Mean gap, weighted by rows.
    pub ece: Measure,
    /// Largest gap.
    pub mce: Measure,
    /// Root of the mean squared gap.
    pub rms: Measure,
    /// The same without the bias of finite bins; 0 where that is below 0.
    pub debiased_rms: f64,
}

/// The three calibration errors of several classes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClassErrors {
    /// Of the confidence in the top class.
    pub confidence: ErrorMeasures,
    /// Of the confidence, separately for each predicted class.
    pub top_label: ErrorMeasures,
    /// Of every class against the rest, averaged.
    pub classwise: ErrorMeasures,
}

/// Everything measured of one set of forecasts.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// Number of rows.
    pub n: usize,
    /// Number of classes.
    pub n_classes: usize,
    /// What the binary measures are of.
    pub event: String,
    /// How often the event happened.
    pub frequency: f64,
    /// Mean forecast of the event.
    pub mean_forecast: f64,
    /// How often the top class was the true one.
    pub accuracy: Measure,
    /// Calibration error of the event.
    pub errors: ErrorMeasures,
    /// The errors of several classes.
    pub classes: ClassErrors,
    /// Smooth calibration error of the event.
    pub smooth_ece: Measure,
    /// How exact its value is.
    pub smooth_ece_bound: f64,
    /// Brier score: of the event of two classes, summed over more than two.
    pub brier: Measure,
    /// Mean −ln of the probability of the true class; may be infinite.
    pub log_loss: Measure,
    /// Rows whose true class had probability 0.
    pub n_impossible: usize,
    /// CORP's parts of the Brier score of the event.
    pub corp: Corp,
    /// Intervals of miscalibration and discrimination.
    pub corp_intervals: [Option<[f64; 2]>; 2],
    /// Spiegelhalter's test; none where every forecast is 0, ½ or 1.
    pub spiegelhalter: Option<Spiegelhalter>,
    /// Cox's line, or why there is none.
    pub cox: Result<Cox, String>,
    /// Whether a calibrated forecast would show an ECE as large.
    pub test: NullTest,
    /// The table, curve and band to draw.
    pub reliability: Reliability,
    /// The settings.
    pub settings: Assessing,
}

impl Assessment {
    /// Whether the ECE is one that calibrated forecasts show at this number of
    /// rows, at the level of 5 %.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        self.test.p_value > 0.05
    }

    /// Every measure with its name in words and its interval, in reading order.
    #[must_use]
    pub fn rows(&self) -> Vec<(&'static str, f64, Option<[f64; 2]>)> {
        let row = |name, m: Measure| (name, m.value, m.interval);
        let two = self.n_classes == 2;
        let mut rows = vec![
            row(if two { "ECE" } else { "confidence ECE" }, self.errors.ece),
            row("MCE, the largest gap", self.errors.mce),
            row("RMS calibration error", self.errors.rms),
            ("RMS, debiased", self.errors.debiased_rms, None),
            row("smooth ECE", self.smooth_ece),
        ];
        if two {
            rows.push(row("confidence ECE", self.classes.confidence.ece));
        }
        rows.extend([
            row("top-label ECE", self.classes.top_label.ece),
            row("classwise ECE", self.classes.classwise.ece),
            row("Brier score", self.brier),
            row("log loss", self.log_loss),
            row("accuracy", self.accuracy),
            ("CORP miscalibration", self.corp.miscalibration, self.corp_intervals[0]),
            ("CORP discrimination", self.corp.discrimination, self.corp_intervals[1]),
            ("CORP uncertainty", self.corp.uncertainty, None),
        ]);
        rows
    }

    /// The answer in a sentence.
    #[must_use]
    pub fn verdict(&self) -> String {
        let not = if self.is_consistent() { "" } else { "NOT " };
        format!(
            "{not}consistent with perfect calibration at n = {}: ECE {:.4}, where calibrated forecasts show {:.4} on average and at most {:.4} in 95 % of cases (p = {:.4})",
            self.n,
            self.errors.ece.value,
            self.test.null_mean,
            self.test.null_q95,
            self.test.p_value
        )
    }
}

impl Assessing {
    /// Assesses forecasts beside the truth.
    ///
    /// # Errors
    /// A table without labels, or settings out of range.
    pub fn assess(&self, table: &ForecastTable) -> Result<Assessment> {
        let f = table.forecasts("measuring calibration")?;
        let event = event_of(&f, table.positive);
        let (n, bins) = (f.n_samples(), self.bins);
        let two = f.n_classes() == 2;
        let share = |hits: usize| hits as f64 / n as f64;
        let hits = f.confidence();
        let smooth = smooth_ece(&event);
        let corp = corp_brier(&event);
        let diagram = ReliabilityDiagram { bins, seed: self.seed, ..ReliabilityDiagram::default() };
        Ok(Assessment {
            n,
            n_classes: f.n_classes(),
            event: table.event(),
            frequency: share(event.y().iter().filter(|y| **y).count()),
            mean_forecast: event.p().iter().sum::<f64>() / n as f64,
            accuracy: self.measure(&hits, |h| {
                Ok(h.y().iter().filter(|y| **y).count() as f64 / h.len() as f64)
            })?,
            errors: self.binary_errors(&event)?,
            classes: ClassErrors {
                confidence: self.binary_errors(&hits)?,
                top_label: self.errors(&f, |f| top_label_calibration_error(f, &bins))?,
                classwise: self.errors(&f, |f| classwise_calibration_error(f, &bins))?,
            },
            smooth_ece: Measure {
                value: smooth.value,
                interval: self.error(&event, |e| Ok(smooth_ece_on_grid(e).value))?.interval,
            },
            smooth_ece_bound: smooth.error_bound,
            brier: if two {
                self.measure(&event, |e| Ok(brier(e)))?
            } else {
                self.measure(&f, |f| Ok(brier_multiclass(f)))?
            },
            log_loss: self.measure(&f, |f| Ok(log_loss_multiclass(f)))?,
            n_impossible: impossible(&f),
            corp,
            corp_intervals: [
                self.error(&event, |e| Ok(corp_brier(e).miscalibration))?.interval,
                self.measure(&event, |e| Ok(corp_brier(e).discrimination))?.interval,
            ],
            spiegelhalter: spiegelhalter(&event),
            cox: cox(&event).map_err(|fault| why_no_line(&fault, &event)),
            test: self.test(&f, &event)?,
            reliability: diagram.of(&event)?,
            settings: *self,
        })
    }

    /// Of two classes the event is one of them; of more, the class is drawn
    /// from its row, because hits are not independent of the predicted class.
    fn test(&self, f: &ClassForecasts<'_>, event: &Forecasts<'_>) -> Result<NullTest> {
        let test = PerfectCalibrationTest { draws: self.draws, seed: self.seed };
        let bins = self.bins;
        Ok(if f.n_classes() == 2 {
            test.run(event, |e| Ok(calibration_error(e, &bins)?.ece))?
        } else {
            test.run(f, |f| Ok(confidence_calibration_error(f, &bins)?.ece))?
        })
    }

    fn binary_errors(&self, f: &Forecasts<'_>) -> Result<ErrorMeasures> {
        let error = calibration_error(f, &self.bins)?;
        let interval = ErrorInterval { draws: self.resamples, level: self.level, seed: self.seed };
        let measure = |part: fn(&CalibrationError) -> f64| -> Result<Measure> {
            let interval = match self.resamples {
                0 => None,
                _ => Some(interval.of(f, &self.bins, part)?).map(|i| [i.lower, i.upper]),
            };
            Ok(Measure { value: part(&error), interval })
        };
        Ok(ErrorMeasures {
            ece: measure(|e| e.ece)?,
            mce: measure(|e| e.mce)?,
            rms: measure(|e| e.rms)?,
            debiased_rms: error.debiased_rms(),
        })
    }

    fn errors<D: Resample>(
        &self,
        data: &D,
        error: impl Fn(&D) -> wonderland_calibration::Result<CalibrationError>,
    ) -> Result<ErrorMeasures> {
        let measure =
            |part: fn(&CalibrationError) -> f64| self.error(data, |d| error(d).map(|e| part(&e)));
        Ok(ErrorMeasures {
            ece: measure(|e| e.ece)?,
            mce: measure(|e| e.mce)?,
            rms: measure(|e| e.rms)?,
            debiased_rms: error(data)?.debiased_rms(),
        })
    }

    /// A measure that is 0 where forecasts are calibrated, and above it by
    /// chance in any sample.
    fn error<D: Resample>(
        &self,
        data: &D,
        statistic: impl Fn(&D) -> wonderland_calibration::Result<f64>,
    ) -> Result<Measure> {
        if self.resamples == 0 || data.n_samples() < 2 {
            return Ok(Measure { value: statistic(data)?, interval: None });
        }
        let test = PerfectCalibrationTest { draws: self.resamples, seed: self.seed };
        let null = test.run(data, &statistic)?;
        if null.p_value <= 0.5 * (1.0 - self.level) {
            return self.measure(data, statistic);
        }
        let percentiles = Bootstrap { kind: IntervalKind::Percentile, ..self.bootstrap() };
        let upper = percentiles.interval(data, statistic)?.upper.max(null.statistic);
        Ok(Measure { value: null.statistic, interval: Some([0.0, upper]) })
    }

    fn measure<D: Resample>(
        &self,
        data: &D,
        mut statistic: impl FnMut(&D) -> wonderland_calibration::Result<f64>,
    ) -> Result<Measure> {
        let value = statistic(data)?;
        Ok(Measure { value, interval: self.interval(data, value, statistic)? })
    }

    fn interval<D: Resample>(
        &self,
        data: &D,
        value: f64,
        statistic: impl FnMut(&D) -> wonderland_calibration::Result<f64>,
    ) -> Result<Option<[f64; 2]>> {
        if self.resamples == 0 || data.n_samples() < 2 || !value.is_finite() {
            return Ok(None);
        }
        let interval = self.bootstrap().interval(data, statistic)?;
        let holds =
            interval.lower < interval.upper && (interval.lower..=interval.upper).contains(&value);
        Ok(holds.then_some([interval.lower, interval.upper]))
    }

    fn bootstrap(&self) -> Bootstrap {
        Bootstrap {
            resamples: self.resamples,
            level: self.level,
            seed: self.seed,
            ..Bootstrap::default()
        }
    }
}

fn impossible(f: &ClassForecasts<'_>) -> usize {
    let P = f.proba().as_mat();
    f.labels().iter().enumerate().filter(|&(i, &y)| P[(i, y)] <= 0.0).count()
}

fn why_no_line(fault: &wonderland_calibration::Error, event: &Forecasts<'_>) -> String {
    if event.p().iter().any(|&p| p <= 0.0 || p >= 1.0) {
        "a forecast is exactly 0 or 1".into()
    } else {
        fault.to_string()
    }
}

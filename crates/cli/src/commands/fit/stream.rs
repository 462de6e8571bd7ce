//! `fit --stream`: a linear model of a file that may be larger than memory.

use std::io::{self, Read};

use wonderland::data::{Task, open_file};
use wonderland::{Pipeline, Recipe};

use super::options::TestRows;
use super::{Fit, as_usage, evaluate, timed};
use crate::Done;
use crate::arguments::Shared;
use crate::exit::UsageError;
use crate::input::Source;
use crate::show::{FitReport, SplitReport};
use crate::voice::Voice;

impl Fit {
    /// Reads the rows once, piece by piece; all of them train.
    pub(super) fn run_streamed(&self, shared: &Shared, voice: &Voice) -> anyhow::Result<Done> {
        if matches!(self.test, TestRows::Fraction(_)) {
            let text = "--stream reads rows once and holds none back: \
                        give --test none, or --test FILE with rows of their own";
            return Err(UsageError(text.into()).into());
        }
        let source = Source::of(&self.data);
        let recipe = self.learning.recipe(source, self.seed)?;
        let recipe = Recipe { task: recipe.task.or(Some(Task::Regression)), ..recipe };
        let name = self.data.to_string_lossy();
        let fit = || match source {
            Source::Stdin => self.stream(&recipe, io::stdin().lock(), "standard input"),
            Source::File(path) => self.stream(&recipe, open_file(path)?, &name),
            Source::BuiltIn(set) => self.stream(&recipe, set.csv().as_bytes(), set.name),
            Source::Images { .. } => {
                let text = "--stream reads tables, not images: leave it out";
                Err(UsageError(text.into()).into())
            }
        };
        let (pipeline, seconds) = timed(|| voice.during("reading and fitting", fit));
        let pipeline = pipeline?;
        let test = match self.test_source()? {
            Some(tests) => Some(self.read(tests, &recipe, voice)?.0),
            None => None,
        };
        let evaluation = evaluate(&pipeline, test.as_ref(), voice)?;
        let split = SplitReport {
            rows: pipeline.training().n_train,
            dropped: 0,
            train: pipeline.training().n_train,
            calibration: 0,
            conformal: 0,
            test: evaluation.as_ref().map_or(0, |e| e.n),
            how: self.how_split(&recipe),
        };
        let report = FitReport::new(&pipeline, evaluation.as_ref(), None, split, &name, seconds);
        for warning in report.warnings() {
            voice.warn(warning);
        }
        self.deliver(&pipeline, &report, shared, voice)
    }

    fn stream(&self, recipe: &Recipe, stream: impl Read, name: &str) -> anyhow::Result<Pipeline> {
        let reader = recipe.csv().map(|csv| self.reading.apply(csv));
        let fitted = reader
            .and_then(|csv| Ok(csv.reader(stream, name)?))
            .and_then(|mut reader| recipe.fit_stream(&mut reader, name));
        fitted.map_err(as_usage)
    }
}

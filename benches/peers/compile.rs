//! From a closure to a plan: `compile-WORKLOAD`, where WORKLOAD is one of those
//! of derivatives in single precision. What is timed is tracing,
//! differentiating and planning; the plan is run outside the timer.

use std::cell::RefCell;
use std::path::Path;

use crate::autodiff::{self, Evaluation};
use crate::{Fault, Loaded, Work, unknown};

fn compiled(workload: &str) -> Result<&str, Fault> {
    workload.strip_prefix("compile-").map_or_else(|| unknown(workload, ""), Ok)
}

/// Writes the data of what is compiled.
pub(crate) fn prepare(workload: &str, folder: &Path) -> Result<(), Fault> {
    autodiff::prepare(compiled(workload)?, folder)
}

/// Reads them.
pub(crate) fn load(workload: &str, _variant: &str, folder: &Path) -> Result<Loaded, Fault> {
    let workload = compiled(workload)?.to_owned();
    let evaluation = RefCell::new(Evaluation::single(&workload, folder)?);
    Ok(Box::new(Compilation { workload, evaluation }))
}

struct Compilation {
    workload: String,
    evaluation: RefCell<Evaluation<f32>>,
}

impl Work for Compilation {
    fn run(&mut self) -> Result<(), Fault> {
        self.evaluation.get_mut().compile(&self.workload)
    }

    fn error(&self) -> f64 {
        let mut evaluation = self.evaluation.borrow_mut();
        evaluation.run().map_or(f64::INFINITY, |()| evaluation.error())
    }
}

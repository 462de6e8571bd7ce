//! How honest is a classifier, and what does one temperature change? Fits the
//! handwritten digits as the README's first command does, prints the calibration
//! error before and after, and draws the diagram after calibration to the path
//! given, if one is; the README shows what this draws:
//! `cargo run -p wonderland --example reliability_diagram -- docs/images/reliability.svg`.

use std::error::Error;

use wonderland::prelude::*;
use wonderland::report::{Theme, reliability_diagram};

#[expect(clippy::print_stdout, reason = "an example talks to its reader")]
fn main() -> Result<(), Box<dyn Error>> {
    let table = builtin("digits")?.table()?;
    let recipe = Recipe {
        task: Some(Task::Classification),
        calibrate: Some(Calibrate::Temperature),
        coverage: Some(Conformalise::to_cover(0.9)?),
        ..Recipe::new("target")
    };
    let split = recipe.split(&table, &SplitSettings::default(), false)?;
    let pipeline = recipe.fit(&table, &split)?;
    let test = table.select(&split.test);
    let Some((after, Some(before))) = pipeline.reliability(&test)? else {
        return Err("a calibrated classifier has a diagram before and after".into());
    };
    println!("calibration error on {} test rows", after.n_samples);
    println!("  before: {:.4} (smooth {:.4})", before.error.ece, before.smooth.value);
    println!("  after:  {:.4} (smooth {:.4})", after.error.ece, after.smooth.value);
    if let Some(path) = std::env::args().nth(1) {
        let picture = reliability_diagram(&after, "confidence").to_svg(Theme::Auto);
        std::fs::write(path, picture)?;
    }
    Ok(())
}

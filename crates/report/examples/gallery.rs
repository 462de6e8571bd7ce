//! Makes a page with every picture, drawn from made-up numbers, and writes it to
//! the path given, if one is: `cargo run --example gallery -- gallery.html`.

use std::error::Error;

use wonderland_report::{
    Block, ClassCoverage, Coefficient, Curve, Interval, Report, Section, ThresholdTool,
    class_coverage, coefficients, confidence_histogram, confusion_matrix, intervals,
    precision_recall, residuals, roc, set_sizes,
};

#[expect(clippy::print_stdout, reason = "an example talks to its reader")]
fn main() -> Result<(), Box<dyn Error>> {
    let n = 600;
    let wave = |i: usize, f: f64| ((i as f64 * f).sin() + 1.0) / 2.0;
    let p: Vec<f64> = (0..n).map(|i| wave(i, 12.9898).powf(0.6)).collect();
    let truth: Vec<bool> = (0..n).map(|i| wave(i, 78.233) < p[i].powf(1.4)).collect();
    let y_hat: Vec<f64> = p.iter().map(|p| 100.0 + 200.0 * p).collect();
    let y: Vec<f64> = (0..n).map(|i| y_hat[i] + 60.0 * (wave(i, 3.7) - 0.5)).collect();

    let classes: Vec<String> = ["setosa", "versicolor", "virginica"].map(String::from).to_vec();
    let counts = vec![vec![10, 0, 0], vec![0, 8, 2], vec![0, 1, 9]];
    let curve = Curve {
        name: "benign".into(),
        points: (0..=50).map(|k| (f64::from(k) / 50.0, (f64::from(k) / 50.0).powf(0.25))).collect(),
        area: 0.8,
    };
    let coverage: Vec<ClassCoverage> = classes
        .iter()
        .zip([0.95, 0.88, 0.91])
        .map(|(name, coverage)| ClassCoverage {
            name: name.clone(),
            coverage,
            interval: (coverage - 0.06, (coverage + 0.05_f64).min(1.0)),
            n: 40,
            mean_size: 1.2,
        })
        .collect();
    let weights: Vec<Coefficient> = [("bmi", 5.6, 0.7), ("sex", -22.86, 5.8), ("s5", 68.5, 15.7)]
        .map(|(name, value, se)| Coefficient {
            name: name.into(),
            value,
            interval: Some((value - 1.96 * se, value + 1.96 * se)),
        })
        .to_vec();
    let bands: Vec<Interval> = (0..n)
        .map(|i| Interval { lower: y_hat[i] - 25.0, upper: y_hat[i] + 25.0, y: y[i] })
        .collect();

    let entry = |picture, title: &str| (picture, title.to_string(), "Made-up numbers.".to_string());
    let report = Report {
        title: "Gallery of the report's pictures".into(),
        lead: "Every picture once, from made-up numbers.".into(),
        sections: vec![
            Section {
                title: "Figures".into(),
                blocks: vec![
                    Block::Tiles(vec![
                        ("0.953".into(), "accuracy (0.92 to 0.97)".into()),
                        ("0.021".into(), "calibration error".into()),
                        ("0.904".into(), "coverage, target 0.9".into()),
                    ]),
                    Block::Warning("Two constant columns were left out.".into()),
                ],
            },
            Section {
                title: "Classification".into(),
                blocks: vec![Block::Pictures(vec![
                    entry(confidence_histogram(&p, Some(&truth), 20), "Confidence."),
                    entry(confusion_matrix(&counts, &classes), "Confusion."),
                    entry(roc(std::slice::from_ref(&curve)), "ROC."),
                    entry(precision_recall(&[curve], Some(0.63)), "Precision–recall."),
                    entry(class_coverage(&coverage, 0.9), "Coverage."),
                    entry(set_sizes(&[3, 80, 30, 7]), "Set sizes."),
                ])],
            },
            Section {
                title: "Costs".into(),
                blocks: vec![Block::Threshold(ThresholdTool::new("ill", "well", &p, &truth))],
            },
            Section {
                title: "Regression".into(),
                blocks: vec![Block::Pictures(vec![
                    entry(residuals(&y, &y_hat), "Residuals."),
                    entry(intervals(&bands), "Intervals."),
                    entry(coefficients(&weights, 12, "per unit of the column"), "Coefficients."),
                ])],
            },
        ],
        footer: "Seed 0.".into(),
    };
    let page = report.to_html();
    println!("a page of {} bytes", page.len());
    if let Some(path) = std::env::args().nth(1) {
        std::fs::write(path, page)?;
    }
    Ok(())
}

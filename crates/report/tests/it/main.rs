//! The page and the pictures as a reader's browser gets them.

use wonderland_report::{
    Block, ClassCoverage, Coefficient, Curve, Interval, Picture, Report, Section, Theme,
    ThresholdTool, class_coverage, coefficients, confidence_histogram, confusion_matrix, intervals,
    precision_recall, residuals, roc, set_sizes,
};

const HOSTILE: &str = "</script><zz>&\"é\u{0}";

/// Every picture from nothing at all, from one point and from hostile names.
fn pictures() -> Vec<Picture> {
    let name = HOSTILE.to_string();
    let coverage = ClassCoverage {
        name: name.clone(),
        coverage: 1.0,
        interval: (0.2, 1.0),
        n: 1,
        mean_size: 1.0,
    };
    let coefficient = Coefficient { name: name.clone(), value: -1.0, interval: None };
    let curve = Curve { name: name.clone(), points: vec![(0.0, f64::NAN), (1.0, 1.0)], area: 0.5 };
    let open = Interval { lower: f64::NEG_INFINITY, upper: f64::INFINITY, y: 1.0 };
    vec![
        confidence_histogram(&[], None, 0),
        confidence_histogram(&[0.0, 1.0, 0.5], Some(&[true, false, true]), 2),
        confusion_matrix(&[vec![3]], std::slice::from_ref(&name)),
        confusion_matrix(&[], &[]),
        roc(&[]),
        roc(std::slice::from_ref(&curve)),
        precision_recall(&[curve], Some(0.5)),
        class_coverage(&[], 0.9),
        class_coverage(&[coverage], 0.9),
        set_sizes(&[]),
        set_sizes(&[0, 1]),
        residuals(&[], &[]),
        residuals(&[1.0], &[1.0]),
        intervals(&[]),
        intervals(&[open]),
        coefficients(&[], 3, "unit"),
        coefficients(&[coefficient], 3, "unit"),
    ]
}

/// A tag opened must be closed, in order: enough of XML to catch a broken escape.
#[track_caller]
fn check_nesting(text: &str) {
    let mut open = Vec::new();
    for part in text.split('<').skip(1) {
        let tag = part.split('>').next().unwrap_or_default();
        if tag.starts_with('!') || tag.starts_with('?') || tag.ends_with('/') {
            continue;
        }
        let name = tag.split_whitespace().next().unwrap_or_default();
        if ["meta", "input", "br"].contains(&name) {
            continue;
        }
        if let Some(closed) = name.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed.to_string()), "near {tag:?}");
        } else {
            open.push(name.to_string());
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
}

#[test]
fn every_picture_is_well_formed_finite_and_described() {
    for picture in pictures() {
        assert!(!picture.alt().is_empty());
        for theme in [Theme::Light, Theme::Dark, Theme::Auto] {
            let svg = picture.to_svg(theme);
            check_nesting(&svg);
            assert!(!svg.contains("NaN") && !svg.contains("=\"inf") && !svg.contains("=\"-inf"));
            assert!(!svg.contains("<zz>"), "a name was not escaped");
        }
    }
}

#[test]
fn the_page_is_self_contained_and_escapes_every_text() {
    let text = || HOSTILE.to_string();
    let table = vec![vec![text()]];
    let tool = ThresholdTool::new(HOSTILE, HOSTILE, &[0.5], &[true]);
    let shown = pictures().into_iter().map(|p| (p, text(), text())).collect();
    let report = Report {
        title: text(),
        lead: text(),
        sections: vec![Section {
            title: text(),
            blocks: vec![
                Block::Text(text()),
                Block::Warning(text()),
                Block::Good(text()),
                Block::Tiles(vec![(text(), text())]),
                Block::Table { head: vec![text()], rows: table.clone() },
                Block::Details { summary: text(), head: vec![text()], rows: table },
                Block::Pictures(shown),
                Block::Threshold(tool),
            ],
        }],
        footer: text(),
    };
    let html = report.to_html();
    assert!(!html.contains("<zz>"), "a text was not escaped");
    assert_eq!(html.matches("</script>").count(), 2, "the data and the script, nothing else");
    for outside in ["http:", "https:", "src=", "<link", "@import"] {
        assert!(!html.replace("http://www.w3.org/2000/svg", "").contains(outside), "{outside}");
    }
    let before_script = html.split("<script>").next().unwrap_or_default();
    check_nesting(&format!(
        "{}</main></body></html>",
        before_script.replace("</main>", "").trim_end()
    ));
}

#[test]
fn the_same_numbers_give_the_same_bytes() {
    let draw = || pictures().iter().map(|p| p.to_svg(Theme::Auto)).collect::<String>();
    assert_eq!(draw(), draw());
}

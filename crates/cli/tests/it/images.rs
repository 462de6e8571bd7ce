//! Images in IDX, plain and packed, wherever a table may stand.

use wonderland::data::Idx;

use crate::program::Bench;

/// Images of 3 × 3 pixels: a bar on the left for 4, on the right for 9, below
/// for 7, with one pixel that never changes.
fn bars(bench: &Bench, name: &str, n: usize) {
    let label = |i: usize| [4_u8, 9, 7][i % 3];
    let mut pixels = Vec::new();
    for i in 0..n {
        let lit: &[usize] = [&[0, 3, 6][..], &[2, 5, 8], &[6, 7, 8]][i % 3];
        for at in 0..9 {
            let noise = (i * 31 + at * 17) % 60;
            let value = if lit.contains(&at) { 200 + noise / 2 } else { noise };
            pixels.push(if at == 1 { 0 } else { value as u8 });
        }
    }
    let save = |name: String, idx: &Idx| {
        let mut bytes = Vec::new();
        idx.write(&mut bytes).unwrap();
        bench.write(&name, bytes);
    };
    save(format!("{name}-images"), &Idx::new(&[n, 3, 3], pixels).unwrap());
    save(format!("{name}-labels"), &Idx::new(&[n], (0..n).map(label).collect()).unwrap());
}

#[test]
fn fit_predict_evaluate_on_images() {
    let bench = Bench::new();
    bars(&bench, "a", 90);
    bars(&bench, "b", 30);
    let fitted = bench
        .json("fit a-images --labels a-labels --test b-images --test-labels b-labels --out m.wl");
    assert_eq!(fitted["n_train"], 90);
    assert_eq!(fitted["n_test"], 30);
    assert_eq!(fitted["n_features"], 9);
    assert_eq!(fitted["target"], "label");
    assert_eq!(fitted["classes"], serde_json::json!(["4", "7", "9"]));
    assert_eq!(fitted["metrics"]["accuracy"], 1.0);
    let text = bench.ok("fit a-images --labels a-labels --test none");
    assert!(text.contains("on the columns as given"), "pixels have one unit: {text}");
    let predicted = bench.ok("predict m.wl b-images");
    assert_eq!(predicted.lines().take(4).collect::<Vec<_>>(), ["prediction", "4", "9", "7"]);
    let scored = bench.json("evaluate m.wl b-images --labels b-labels");
    assert_eq!(scored["metrics"]["accuracy"], fitted["metrics"]["accuracy"]);
    // A share of one pair can test as of any table, and a pixel be left out.
    let shared = bench.json("fit a-images --labels a-labels --ignore pixel_0_1 --calibrate platt");
    assert_eq!((&shared["n_test"], &shared["n_features"]), (&18.into(), &8.into()));
}

#[test]
fn images_and_labels_that_do_not_fit_are_refused() {
    let bench = Bench::new();
    bars(&bench, "a", 12);
    bars(&bench, "b", 6);
    bench.write("t.csv", "x,y\n1,a\n2,b\n");
    for (arguments, code, part) in [
        ("fit a-images", 2, "name their labels with --labels"),
        ("fit a-images --labels a-labels --test b-images", 2, "with --test-labels"),
        ("fit a-images --labels a-labels --test-labels b-labels", 2, "name them with --test"),
        ("fit a-images --labels a-labels --target label", 2, "--target"),
        ("fit t.csv --labels a-labels", 2, "images in IDX, which t.csv is not"),
        ("fit iris --labels a-labels", 2, "which iris is not"),
        ("fit a-images --labels b-labels", 1, "b-labels has 6 labels for 12 images"),
        ("fit a-images --labels t.csv", 1, "t.csv: not an IDX file of labels"),
        ("fit a-labels --labels a-labels", 1, "it has 1 axes, not 3"),
        ("fit a-images --labels none", 1, "none: cannot open it"),
        ("fit a-images --labels a-labels --ignore pixel_9_9", 2, "no column is called"),
    ] {
        bench.fails(arguments, code, part);
    }
    bench.ok("fit a-images --labels a-labels --test none --out m.wl");
    bench.fails("evaluate m.wl a-images", 2, "name their labels with --labels");
    bench.fails("predict m.wl t.csv", 1, "no column is called `pixel_0_0`");
}

//! Files that are whole, and files that are not.

use proptest::prelude::*;
use wonderland_data::{Csv, Split, Table};
use wonderland_models::{Lambda, LinearRegression, Ridge};

use super::*;
use crate::{Categorical, MissingRows, ModelSettings, Prediction, Predictions, Recipe};

/// Numbers, categories, missing cells, a power: every kind of encoder.
const TABLE: &str = "\
size,city,age,y
1.5,Roma,10,3.25
2.5,Pisa,,5.5
0.1,Roma,30,1
4,,40,8.125
3.3,Pisa,50,7
-2,Bari,60,-1e-3
";

fn table() -> Table {
    Csv::default().categorical("city").read(TABLE.as_bytes(), "inline").unwrap()
}

fn recipe(model: ModelSettings) -> Recipe {
    Recipe {
        model: Some(model),
        categorical: Categorical::Named(vec!["city".into()]),
        missing: MissingRows::Impute,
        polynomials: vec![wonderland_data::Polynomial {
            column: "size".into(),
            degree: 2,
            basis: wonderland_data::Basis::Powers,
        }],
        ..Recipe::new("y")
    }
}

fn pipelines() -> Vec<Pipeline> {
    let ridge = |lambda| ModelSettings::Ridge(Ridge { lambda, ..Ridge::default() });
    [
        ModelSettings::Linear(LinearRegression::default()),
        ModelSettings::Linear(LinearRegression { intercept: false, rank_tol: None }),
        ridge(Lambda::LeaveOneOut),
        ridge(Lambda::Given(0.25)),
        ridge(Lambda::Folds { folds: 3, seed: 1 }),
    ]
    .into_iter()
    .map(|model| recipe(model).fit(&table(), &rows(6)).unwrap())
    .collect()
}

/// The first n rows, to train on.
fn rows(n: usize) -> Split {
    Split { train: (0..n).collect(), ..Split::default() }
}

fn bits(pipeline: &Pipeline) -> Vec<u64> {
    match pipeline.predict(&table()).unwrap() {
        Predictions::Numbers(numbers) => numbers.values.into_iter().map(f64::to_bits).collect(),
        Predictions::Classes(_) => panic!("a regression"),
    }
}

fn fault(bytes: &[u8]) -> Fault {
    match Pipeline::from_bytes(bytes, "model.wl") {
        Err(Error::ModelFile { file, fault }) => {
            assert_eq!(file.as_str(), "model.wl");
            fault
        }
        other => panic!("expected a fault of the file, got {other:?}"),
    }
}

#[test]
fn what_is_saved_comes_back_bit_for_bit() {
    for pipeline in pipelines() {
        let bytes = pipeline.to_bytes().unwrap();
        let loaded = Pipeline::from_bytes(&bytes, "model.wl").unwrap();
        assert_eq!(loaded, pipeline);
        assert_eq!(loaded.to_bytes().unwrap(), bytes);
        assert_eq!(bits(&loaded), bits(&pipeline));
    }
}

#[test]
fn files_are_saved_and_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.wl");
    let pipeline = pipelines().remove(0);
    pipeline.save(&path).unwrap();
    assert_eq!(Pipeline::load(&path).unwrap(), pipeline);
    let missing = Pipeline::load(folder.path().join("none")).unwrap_err();
    assert!(missing.to_string().contains("no such file"), "{missing}");
    let directory = Pipeline::load(folder.path()).unwrap_err();
    assert!(directory.to_string().contains("folder"), "{directory}");
}

#[test]
fn version_1_still_reads() {
    let file = include_bytes!("../../testdata/model-v1.wl");
    let pipeline = Pipeline::from_bytes(file, "model-v1.wl").unwrap();
    assert_eq!(pipeline.to_bytes().unwrap(), file);
    let cell = |text: &'static str| wonderland_data::Cell::from(text);
    let row = [("size", 2.0.into()), ("city", cell("Roma")), ("age", 20.0.into())];
    let expected = Prediction::Number { value: 3.729_554_306_245_870_7, interval: None };
    assert_eq!(pipeline.predict_row(&row).unwrap(), expected);
}

#[test]
fn every_truncation_is_refused() {
    let bytes = pipelines()[0].to_bytes().unwrap();
    for end in 0..bytes.len() {
        let fault = fault(&bytes[..end]);
        let expected = match fault {
            // The header is not there far enough to be known.
            Fault::NotAModel { .. } => end < 28,
            Fault::Truncated { expected, actual } => {
                actual == end as u64 && expected.is_none_or(|e| e == bytes.len() as u64)
            }
            _ => false,
        };
        assert!(expected, "cut at {end}: {fault}");
    }
}

#[test]
fn other_things_are_named() {
    let bytes = pipelines()[0].to_bytes().unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let check = |file: &str, part: &str| {
        let message = fault(file.as_bytes()).to_string();
        assert!(message.contains(part), "`{part}` is not in: {message}");
        assert!(message.len() < 600 && !message.contains(char::is_control), "{message:?}");
    };
    check("", "it is empty");
    check("a,b\n1,2\n", "not a wonderland model");
    check(&"x".repeat(100_000), "not a wonderland model");
    check(&text.replacen("wonderland-model", "else-\\u001b[2J", 1), "its format is");
    check(&text.replacen("\"version\":1", "\"version\":2", 1), "version 2, but versions 1 to 1");
    check(&text.replacen("\"version\":1", "\"version\":0", 1), "version 0");
    check(&text.replacen("\"version\":1,", "\"version\":7,\"new\":[1],", 1), "version 7");
    check(&text.replacen("\"version\":1", "\"version\":01", 1), "damaged (its header");
    check(&text.replacen("\"version\":1", "\"version\": 1", 1), "header was rewritten");
    check(&text.replacen("Roma", "Rama", 1), "its checksum does not fit");
    check(&format!("{text}{text}"), "bytes follow its end");
    let unended = format!("{}!", text.trim_end());
    check(&unended, "its last byte");
}

#[test]
fn a_right_checksum_does_not_make_a_right_model() {
    let bytes = pipelines()[0].to_bytes().unwrap();
    let payload =
        String::from_utf8(envelope::open(envelope::MODEL, &bytes).unwrap().to_vec()).unwrap();
    let check = |from: &str, to: &str| {
        assert!(payload.contains(from), "{from} is not in {payload}");
        let forged = envelope::seal(envelope::MODEL, payload.replacen(from, to, 1).as_bytes());
        assert!(matches!(fault(&forged), Fault::Invalid { .. }), "{from} → {to}");
    };
    check("\"coefficients\":[", "\"coefficients\":[1.0,");
    check("\"coefficients\":[", "\"coefficients\":[1e999,");
    check("\"feature_spread\":[", "\"feature_spread\":[0.5,");
    check("\"n_train\":6", "\"n_train\":0");
    check("\"n_train\":6", "\"n_train\":-6");
    check("\"target\":", "\"extra\":1,\"target\":");
    check("\"rank\":", "\"rank\":99");
    check("{\"linear\":", "{\"quadratic\":");
    check("{\"mean\":", "{\"median\":");
    for garbage in ["", "null", "[]", "{}", "{\"target\":"] {
        let forged = envelope::seal(envelope::MODEL, garbage.as_bytes());
        assert!(matches!(fault(&forged), Fault::Invalid { .. }), "{garbage}");
    }
    let deep = envelope::seal(envelope::MODEL, "[".repeat(200_000).as_bytes());
    assert!(matches!(fault(&deep), Fault::Invalid { .. }));
}

#[test]
fn nothing_infinite_is_saved() {
    let mut pipeline = pipelines().remove(0);
    pipeline.break_for_test();
    assert!(matches!(
        pipeline.to_bytes(),
        Err(Error::ModelFile { fault: Fault::Invalid { .. }, .. })
    ));
}

/// Memory grows with the bytes that are there, not with what they claim.
#[test]
fn reading_allocates_no_more_than_twice_the_file() {
    let header: Vec<String> = (0..3000).map(|j| format!("column_{j}")).collect();
    let mut text = format!("{},y\n", header.join(","));
    for i in 0..5_u32 {
        let row: Vec<String> = (0..3000_u32)
            .map(|j| f64::from((i * 7919 + j * 104_729) % 1009).sqrt().to_string())
            .collect();
        text.push_str(&format!("{},{i}\n", row.join(",")));
    }
    let wide = Csv::default().read(text.as_bytes(), "wide").unwrap();
    let model = ModelSettings::Ridge(Ridge { lambda: Lambda::Given(1.0), ..Ridge::default() });
    let bytes = recipe_of(model).fit(&wide, &rows(5)).unwrap().to_bytes().unwrap();
    let peak = |bytes: &[u8]| {
        allocation_counter::measure(|| drop(Pipeline::from_bytes(bytes, "m"))).bytes_max
    };
    let allowed = |bytes: &[u8]| 2 * bytes.len() as u64 + 65_536;
    assert!(peak(&bytes) <= allowed(&bytes), "{} for {} bytes", peak(&bytes), bytes.len());
    for claim in [u64::MAX, u64::MAX - 1, 1 << 40] {
        let boast = format!(
            "{{\"format\":\"wonderland-model\",\"version\":1,\"bytes\":{claim},\"crc32\":0}}\n{{"
        );
        assert!(peak(boast.as_bytes()) <= allowed(boast.as_bytes()));
        assert!(matches!(fault(boast.as_bytes()), Fault::Truncated { .. }));
    }
}

fn recipe_of(model: ModelSettings) -> Recipe {
    Recipe { model: Some(model), ..Recipe::new("y") }
}

/// A change to a file.
#[derive(Debug, Clone)]
enum Change {
    Set(usize, u8),
    Insert(usize, u8),
    Remove(usize, usize),
    Swap(usize, usize),
    Repeat(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<usize>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(i, b)| Change::Set(i, b)),
        // Bytes that JSON takes notice of.
        (at(), proptest::sample::select(b"0123456789-+.eE,:[]{}\"\\ntf".to_vec()))
            .prop_map(|(i, b)| Change::Set(i, b)),
        (at(), any::<u8>()).prop_map(|(i, b)| Change::Insert(i, b)),
        (at(), 0..40_usize).prop_map(|(i, n)| Change::Remove(i, n)),
        (at(), at()).prop_map(|(i, j)| Change::Swap(i, j)),
        (at(), 0..40_usize).prop_map(|(i, n)| Change::Repeat(i, n)),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let n = bytes.len().max(1);
        if bytes.is_empty() {
            break;
        }
        match *change {
            Change::Set(i, b) => bytes[i % n] = b,
            Change::Insert(i, b) => bytes.insert(i % n, b),
            Change::Remove(i, k) => drop(bytes.drain(i % n..(i % n + k).min(n))),
            Change::Swap(i, j) => bytes.swap(i % n, j % n),
            Change::Repeat(i, k) => {
                let piece = bytes[i % n..(i % n + k).min(n)].to_vec();
                bytes.splice(i % n..i % n, piece);
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn any_mutation_is_an_error_or_the_same_model(
        which in 0..5_usize,
        changes in prop::collection::vec(change(), 1..4),
    ) {
        let pipeline = &pipelines()[which];
        let mutated = changed(pipeline.to_bytes().unwrap(), &changes);
        if let Ok(read) = Pipeline::from_bytes(&mutated, "model.wl") {
            prop_assert_eq!(&read, pipeline);
        }
    }

    /// Whoever forges the checksum too gets an error or a sound model: one that
    /// saves and reads back, and predicts numbers or says why not.
    #[test]
    fn a_forged_payload_is_an_error_or_a_sound_model(
        which in 0..5_usize,
        changes in prop::collection::vec(change(), 1..4),
    ) {
        let bytes = pipelines()[which].to_bytes().unwrap();
        let payload = changed(envelope::open(envelope::MODEL, &bytes).unwrap().to_vec(), &changes);
        prop_assume!(!payload.contains(&b'\n'));
        if let Ok(read) = Pipeline::from_bytes(&envelope::seal(envelope::MODEL, &payload), "model.wl") {
            let again = read.to_bytes().unwrap();
            prop_assert_eq!(&Pipeline::from_bytes(&again, "model.wl").unwrap(), &read);
            if let Ok(Predictions::Numbers(numbers)) = read.predict(&table()) {
                prop_assert!(numbers.values.iter().all(|v| v.is_finite()));
            }
            prop_assert!(read.describe().is_finite());
        }
    }
}

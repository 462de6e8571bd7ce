//! Learning on the training rows, applying to any others.

use wonderland_data::{
    Basis, Cell, Column, Csv, Error, Missing, OneHot, Polynomial, Preprocessing, Preprocessor,
    Table, Unseen, Values, powers,
};

fn numbers(name: &str, x: &[f64]) -> Column {
    Column { name: name.into(), values: Values::Numbers(x.to_vec()) }
}

fn text(name: &str, x: &[&str]) -> Column {
    Column { name: name.into(), values: Values::Text(x.iter().collect()) }
}

fn table(columns: Vec<Column>) -> Table {
    Table::new("t.csv", columns).unwrap()
}

fn names(fitted: &Preprocessor) -> Vec<&str> {
    fitted.features().iter().map(|feature| feature.name.as_str()).collect()
}

fn polynomial(column: &str, degree: usize, basis: Basis) -> Preprocessing {
    let polynomials = vec![Polynomial { column: column.into(), degree, basis }];
    Preprocessing { polynomials, ..Default::default() }
}

#[derive(serde::Deserialize)]
struct References {
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    x: String,
    powers: Vec<String>,
}

#[test]
fn powers_are_correctly_rounded() {
    let references: References =
        serde_json::from_str(include_str!("../../testdata/powers.json")).unwrap();
    let number = |bits: &String| f64::from_bits(u64::from_str_radix(bits, 16).unwrap());
    assert!(references.cases.len() > 100);
    for case in references.cases {
        let mut found = vec![0.0; case.powers.len()];
        powers(number(&case.x), &mut found);
        for (k, (found, expected)) in found.iter().zip(&case.powers).enumerate() {
            let expected = number(expected);
            assert_eq!(found.to_bits(), expected.to_bits(), "{}^{}", number(&case.x), k + 1);
        }
    }
    let mut zeros = [1.0; 3];
    powers(-0.0, &mut zeros);
    assert_eq!(zeros.map(f64::to_bits), [-0.0, 0.0, -0.0_f64].map(f64::to_bits));
}

#[test]
fn columns_are_found_by_name() {
    let train = table(vec![numbers("a", &[1.0, 2.0]), numbers("b", &[3.0, 5.0])]);
    let fitted = Preprocessing::default().fit(&train, &[0, 1]).unwrap();
    let other = table(vec![numbers("b", &[7.0]), numbers("c", &[9.0]), numbers("a", &[8.0])]);
    assert_eq!(fitted.apply::<f64>(&other).unwrap().row(0), [8.0, 7.0]);
    assert_eq!(fitted.extra_columns(other.names()), ["c"]);
    let error = fitted.apply::<f64>(&table(vec![numbers("b", &[7.0])])).unwrap_err();
    assert_eq!(error.to_string(), "t.csv: no column is called `a`; there are: b");
    let wrong = table(vec![numbers("b", &[7.0]), text("a", &["x"])]);
    assert!(matches!(fitted.apply::<f64>(&wrong), Err(Error::NotANumber { .. })));
}

#[test]
fn standardisation_is_learned_on_training_rows_only() {
    let mut t = table(vec![numbers("a", &[1.0, 3.0, 100.0]), numbers("k", &[0.1, 0.1, 5.1])]);
    let settings = Preprocessing { standardise: true, ..Default::default() };
    let fitted = settings.fit(&t, &[0, 1]).unwrap();
    let X = fitted.apply::<f64>(&t).unwrap();
    // Mean 2 and deviation 1; the constant column is centred but not scaled.
    assert_eq!(X.as_slice(), [-1.0, 0.0, 1.0, 0.0, 98.0, 5.0]);
    let constant: Vec<bool> = fitted.features().iter().map(|f| f.constant).collect();
    assert_eq!(constant, [false, true]);
    assert_eq!((fitted.features()[0].centre, fitted.features()[0].scale), (2.0, 1.0));
    t = table(vec![numbers("a", &[1.0, 3.0, -7.0]), numbers("k", &[0.1, 0.1, 0.0])]);
    assert_eq!(settings.fit(&t, &[0, 1]).unwrap(), fitted);
}

#[test]
fn standardisation_survives_extreme_numbers() {
    for size in [1e300, 1.7e308, 1e-300, 1e-310, 5e-324, 1.0, f64::MIN_POSITIVE] {
        let t = table(vec![numbers("a", &[-size, size, -size, size])]);
        let settings = Preprocessing { standardise: true, ..Default::default() };
        let X = settings.fit(&t, &[0, 1, 2, 3]).unwrap().apply::<f64>(&t).unwrap();
        assert_eq!(X.as_slice(), [-1.0, 1.0, -1.0, 1.0], "{size}");
    }
    // NumAcc4 of NIST's StRD: a large mean, certified deviation 0.1 over n − 1.
    let mut x = vec![10_000_000.2];
    for _ in 0..500 {
        x.extend([10_000_000.1, 10_000_000.3]);
    }
    let t = table(vec![numbers("x", &x)]);
    let rows: Vec<usize> = (0..x.len()).collect();
    let settings = Preprocessing { standardise: true, ..Default::default() };
    let fitted = settings.fit(&t, &rows).unwrap();
    let feature = &fitted.features()[0];
    assert_eq!(feature.centre, 10_000_000.2);
    // The numbers themselves are rounded to 1.9e-9, which bounds what can be right.
    assert!((feature.scale * (1001.0_f64 / 1000.0).sqrt() - 0.1).abs() < 1.9e-9);
}

#[test]
fn categories_are_remembered() {
    let t = table(vec![text("c", &["b", "a", "b", "é", "z"])]);
    let full = Preprocessing::default().fit(&t, &[0, 1, 2, 3]).unwrap();
    assert_eq!(names(&full), ["c=a", "c=b", "c=é"]);
    assert_eq!(full.apply::<f64>(&t.select(&[3, 0])).unwrap().as_slice(), [0., 0., 1., 0., 1., 0.]);
    let error = full.apply::<f64>(&t).unwrap_err();
    assert!(matches!(error, Error::UnseenCategory { line: 5, .. }));
    assert!(error.to_string().contains("`z` was not seen in training"));
    let zeros = Preprocessing { unseen: Unseen::Zeros, ..Default::default() };
    let X = zeros.fit(&t, &[0, 1, 2, 3]).unwrap().apply::<f64>(&t).unwrap();
    assert_eq!(X.row(4), [0.0; 3]);
    let drop = Preprocessing { one_hot: OneHot::DropFirst, ..Default::default() };
    let fitted = drop.fit(&t, &[0, 1, 2, 3]).unwrap();
    assert_eq!(names(&fitted), ["c=b", "c=é"]);
    assert_eq!(fitted.apply::<f64>(&t.select(&[1])).unwrap().row(0), [0.0, 0.0]);
    let both = Preprocessing { unseen: Unseen::Zeros, ..drop };
    assert!(matches!(both.fit(&t, &[0]), Err(Error::UnseenNeedsFull)));
    let few = Preprocessing { max_categories: 3, ..Default::default() };
    assert!(matches!(few.fit(&t, &[0, 1, 3, 4]), Err(Error::TooManyCategories { found: 4, .. })));
    let names = |n: usize| (0..n).map(|i| format!("row {i},1\n")).collect::<String>();
    let fit = |rows: &str| {
        let csv = format!("c,x\n{rows}");
        let t = Csv::default().categorical("c").read(csv.as_bytes(), "t.csv").unwrap();
        Preprocessing::default().fit(&t, &(0..t.n_rows()).collect::<Vec<_>>()).map(|_| ())
    };
    assert!(matches!(fit(&names(20)), Err(Error::NoCategoryTwice { found: 20, .. })));
    assert_eq!(fit(&names(19)), Ok(()));
    assert_eq!(fit(&(names(20) + "row 0,1\n")), Ok(()));
    let learned_text = table(vec![numbers("c", &[1.0])]);
    assert!(matches!(full.apply::<f64>(&learned_text), Err(Error::NumberColumn { .. })));
}

#[test]
fn missing_cells() {
    let csv = "x,c,y\n1,a,0\n,b,0\n5,,0\n2,b,0\n9,a,0\n";
    let t = Csv::default().categorical("c").read(csv.as_bytes(), "t.csv").unwrap();
    let strict = Preprocessing { exclude: vec!["y".into()], ..Default::default() };
    let error = strict.fit(&t, &[0, 1, 2, 3]).unwrap_err();
    assert!(error.to_string().starts_with("t.csv, line 3, column `x`: the value is missing"));
    assert!(matches!(error, Error::MissingValue { line: 3, .. }));
    let rows = t.complete_rows(["x", "c"]).unwrap();
    assert_eq!(rows, [0, 3, 4]);
    assert!(strict.fit(&t, &rows).unwrap().apply::<f64>(&t).is_err());

    let impute = Preprocessing { missing: Missing::Impute, ..strict };
    let fitted = impute.fit(&t, &[0, 1, 2, 3]).unwrap();
    assert_eq!(names(&fitted), ["x", "x:missing", "c=a", "c=b", "c:missing"]);
    let X = fitted.apply::<f64>(&t).unwrap();
    assert_eq!(X.row(1), [2.0, 1.0, 0.0, 1.0, 0.0]); // the median of 1, 2, 5
    assert_eq!(X.row(2), [5.0, 0.0, 0.0, 1.0, 1.0]); // b comes most often
    // Complete in training: imputed all the same, but nothing tells of it.
    let fitted = impute.fit(&t, &[0, 3]).unwrap();
    assert_eq!(names(&fitted), ["x", "c=a", "c=b"]);
    let X = fitted.apply::<f64>(&t).unwrap();
    assert_eq!((X.row(1), X.row(2)), (&[1.5, 0.0, 1.0][..], &[5.0, 1.0, 0.0][..]));
    assert!(matches!(impute.fit(&t, &[1]), Err(Error::AllMissing { .. })));
    assert!(matches!(impute.fit(&t, &[2]), Err(Error::AllMissing { .. })));
}

#[test]
fn polynomials() {
    let x = [-2.0, -1.0, 0.0, 1.0, 2.0];
    let t = table(vec![numbers("x", &x)]);
    let rows = [0, 1, 2, 3, 4];
    let fitted = polynomial("x", 3, Basis::Powers).fit(&t, &rows).unwrap();
    assert_eq!(names(&fitted), ["x", "x^2", "x^3"]);
    assert_eq!(fitted.apply::<f64>(&t).unwrap().row(0), [-2.0, 4.0, -8.0]);

    // On −2, …, 2: p₁ = t/√2 and p₂ = (t² − 2)/√(14/5), by hand.
    let fitted = polynomial("x", 2, Basis::Orthogonal).fit(&t, &rows).unwrap();
    assert_eq!(names(&fitted), ["x:p1", "x:p2"]);
    let X = fitted.apply::<f64>(&table(vec![numbers("x", &[2.0, 3.0])])).unwrap();
    let expected = [2.0_f64.sqrt(), 2.0 / 2.8_f64.sqrt(), 4.5_f64.sqrt(), 7.0 / 2.8_f64.sqrt()];
    for (found, expected) in X.as_slice().iter().zip(expected) {
        assert!((found - expected).abs() <= 8.0 * f64::EPSILON * expected, "{found} {expected}");
    }

    for (degree, basis) in [(0, Basis::Powers), (65, Basis::Powers), (5, Basis::Orthogonal)] {
        let error = polynomial("x", degree, basis).fit(&t, &rows).unwrap_err();
        assert!(matches!(error, Error::BadDegree { .. }), "{degree}");
    }
    assert!(matches!(
        polynomial("z", 2, Basis::Powers).fit(&t, &rows),
        Err(Error::UnknownColumn { .. })
    ));
    let words = table(vec![text("x", &["a"])]);
    assert!(matches!(
        polynomial("x", 2, Basis::Powers).fit(&words, &[0]),
        Err(Error::TextColumn { .. })
    ));
    let large = table(vec![numbers("x", &[1.0, 1e200])]);
    let error = polynomial("x", 2, Basis::Powers).fit(&large, &[0, 1]).unwrap_err();
    assert!(matches!(error, Error::Overflow { line: 2, .. }));
    let squares = polynomial("x", 2, Basis::Powers).fit(&large, &[0]).unwrap();
    assert!(matches!(squares.apply::<f64>(&large), Err(Error::Overflow { line: 2, .. })));
    assert!(matches!(
        Preprocessing::default().fit(&large, &[0]).unwrap().apply::<f32>(&large),
        Err(Error::Overflow { .. })
    ));
    let taken = table(vec![numbers("x", &[1.0]), numbers("x^2", &[1.0])]);
    assert!(matches!(
        polynomial("x", 2, Basis::Powers).fit(&taken, &[0]),
        Err(Error::DuplicateFeature { .. })
    ));
}

/// The points of StRD's Filip lie where x¹⁰ makes a condition of 1e15.
#[test]
fn the_orthogonal_basis_is_orthonormal_to_high_degree() {
    let x: Vec<f64> = (0..82).map(|i| -8.8 + 5.7 * f64::from(i * i % 83) / 83.0).collect();
    let t = table(vec![numbers("x", &x)]);
    let rows: Vec<usize> = (0..82).collect();
    let X =
        polynomial("x", 10, Basis::Orthogonal).fit(&t, &rows).unwrap().apply::<f64>(&t).unwrap();
    for j in 0..10 {
        for k in 0..10 {
            let product = (0..82).map(|i| X[[i, j]] * X[[i, k]]).sum::<f64>() / 82.0;
            let expected = if j == k { 1.0 } else { 0.0 };
            // Rounding grows mildly with the degree: 1e4 units of the last place.
            assert!((product - expected).abs() < 1e4 * f64::EPSILON, "{j} {k} {product}");
        }
    }
}

#[test]
fn nothing_to_learn_from() {
    let t = table(vec![numbers("y", &[1.0])]);
    let settings = Preprocessing { exclude: vec!["y".into()], ..Default::default() };
    assert!(matches!(settings.fit(&t, &[0]), Err(Error::NoFeatures { .. })));
    assert!(matches!(Preprocessing::default().fit(&t, &[]), Err(Error::NoRows { .. })));
    let typo = Preprocessing { exclude: vec!["Y".into()], ..Default::default() };
    assert!(matches!(typo.fit(&t, &[0]), Err(Error::UnknownColumn { .. })));
    let chosen = Preprocessing { columns: Some(vec!["q".into()]), ..Default::default() };
    assert!(matches!(chosen.fit(&t, &[0]), Err(Error::UnknownColumn { .. })));
}

#[test]
fn saved_and_loaded_it_does_the_same() {
    let csv = "x,z,c\n1,0.1,a\n,0.2,b\n5,0.7,\n2,0.1,b\n";
    let t = Csv::default().categorical("c").read(csv.as_bytes(), "t.csv").unwrap();
    let settings = Preprocessing {
        missing: Missing::Impute,
        standardise: true,
        polynomials: vec![
            Polynomial { column: "z".into(), degree: 2, basis: Basis::Orthogonal },
            Polynomial { column: "x".into(), degree: 3, basis: Basis::Powers },
        ],
        ..Default::default()
    };
    let fitted = settings.fit(&t, &[0, 1, 2, 3]).unwrap();
    let saved = serde_json::to_string(&fitted).unwrap();
    let loaded: Preprocessor = serde_json::from_str(&saved).unwrap();
    assert_eq!(loaded, fitted);
    assert_eq!(serde_json::to_string(&loaded).unwrap(), saved);
    let (X, again) = (fitted.apply::<f64>(&t).unwrap(), loaded.apply::<f64>(&t).unwrap());
    assert_eq!(X, again);

    // A file read by the rules that were learned, and a row for a service.
    let read = loaded.csv().read("q,c,z,x\nfoo,a,0.1,1\n".as_bytes(), "p.csv").unwrap();
    assert_eq!(loaded.apply::<f64>(&read).unwrap().row(0), X.row(0));
    let cells = [("x", 1.0.into()), ("c", "a".into()), ("z", 0.1.into())];
    assert_eq!(loaded.apply_row::<f64>(&cells).unwrap(), X.row(0));
    let cells = [("x", Cell::Missing), ("c", "b".into()), ("z", 0.2.into())];
    assert_eq!(loaded.apply_row::<f64>(&cells).unwrap(), X.row(1));
    assert!(matches!(loaded.apply_row::<f64>(&cells[..2]), Err(Error::UnknownColumn { .. })));
    let infinite = [("x", Cell::Number(f64::INFINITY)), cells[1], cells[2]];
    assert!(matches!(loaded.apply_row::<f64>(&infinite), Err(Error::NotFinite { .. })));

    // A file that contradicts itself is refused, not believed.
    for (from, to) in [
        ("\"categories\":[\"a\",\"b\"]", "\"categories\":[\"b\",\"a\"]"),
        ("\"categories\":[\"a\",\"b\"]", "\"categories\":[]"),
        ("\"powers\":3", "\"powers\":2"),
        ("\"powers\":3", "\"powers\":0"),
        ("x:missing", "x"),
        ("\"fill\":1", "\"fill\":7"),
    ] {
        assert!(saved.contains(from), "{from} in {saved}");
        assert!(serde_json::from_str::<Preprocessor>(&saved.replace(from, to)).is_err(), "{from}");
    }
}

#[test]
fn tables_check_what_they_are_given() {
    let unequal = vec![numbers("a", &[1.0]), numbers("b", &[])];
    assert!(matches!(Table::new("t", unequal), Err(Error::WrongLength { .. })));
    let twice = vec![numbers("a", &[1.0]), numbers("a", &[1.0])];
    assert!(matches!(Table::new("t", twice), Err(Error::DuplicateName { .. })));
    let infinite = vec![numbers("a", &[1.0, f64::INFINITY])];
    assert!(matches!(Table::new("t", infinite), Err(Error::NotFinite { line: 2, .. })));
}

//! Labels, tasks and targets.

use wonderland_data::{Csv, Error, Labels, ReadAs, Table, Target, Task};

fn read(csv: &str) -> Table {
    Csv::default().rule("y", ReadAs::Auto).read(csv.as_bytes(), "t.csv").unwrap()
}

#[track_caller]
fn infer(csv: &str, expected: Option<Task>) {
    match (Target::from_column(&read(csv), "y", None), expected) {
        (Ok(target), Some(task)) => assert_eq!(target.task(), task),
        (Err(Error::AmbiguousTask { .. }), None) => {}
        (found, _) => panic!("{found:?}"),
    }
}

#[test]
fn tasks_are_inferred_or_asked_for() {
    infer("y\nyes\nno\n", Some(Task::Classification));
    infer("y\n1.5\n2\n", Some(Task::Regression));
    infer("y\n0\n1\n", None);
    let count = |n: usize| (0..n).fold("y\n".to_owned(), |csv, i| csv + &format!("{i}\n{i}\n"));
    infer(&count(20), None);
    infer(&count(21), Some(Task::Regression));
    let error = Target::from_column(&read("y\n0\n1\n0\n"), "y", None).unwrap_err().to_string();
    assert_eq!(
        error,
        "the target `y` holds 2 different whole numbers, which may be classes or quantities: say `--task classification` or `--task regression`"
    );
}

#[test]
fn labels_are_sorted_and_come_back() {
    let Target::Labels(y) =
        Target::from_column(&read("y\n10\n9\n-1\n10.0\n"), "y", Some(Task::Classification))
            .unwrap()
    else {
        panic!()
    };
    assert_eq!((y.codes.as_slice(), y.n_classes()), (&[2, 1, 0, 2][..], 3));
    assert_eq!(y.classes, ["-1", "9", "10"]);
    assert_eq!(y.counts(), [1, 1, 2]);
    let text = Labels::from_column(&read("y\nb\nB\nä\nb\n"), "y").unwrap();
    assert_eq!(text.classes, ["B", "b", "ä"]);
    let zero = Labels::from_numbers(&[0.0, -0.0]);
    assert_eq!((zero.codes, zero.classes), (vec![0, 0], vec!["0".to_owned()]));
}

#[test]
fn labels_among_known_classes() {
    let classes = ["0".to_owned(), "2".to_owned()];
    assert_eq!(Labels::among(&classes, &read("y\n2\n0\n"), "y").unwrap().codes, [1, 0]);
    let error = Labels::among(&classes, &read("y\n2\n1\n"), "y").unwrap_err();
    assert_eq!(
        error.to_string(),
        "t.csv, line 3, column `y`: the class `1` is not among those of the model: 0, 2"
    );
    let text = ["a".to_owned(), "b".to_owned()];
    assert_eq!(Labels::among(&text, &read("y\nb\n"), "y").unwrap().codes, [1]);
}

#[test]
fn targets_that_do_not_do() {
    let missing = Target::from_column(&read("y\nx\nNA\n"), "y", None).unwrap_err();
    assert!(matches!(missing, Error::MissingValue { line: 3, .. }));
    let text = Target::from_column(&read("y\nx\n"), "y", Some(Task::Regression)).unwrap_err();
    assert!(matches!(text, Error::TextColumn { .. }));
    assert!(matches!(
        Target::from_column(&read("y\n1\n"), "z", None),
        Err(Error::UnknownColumn { .. })
    ));
    assert!(matches!(Labels::among(&[], &read("y,q\n1,\n"), "q"), Err(Error::MissingValue { .. })));
    assert!(matches!(read("y,q\n1,2\n").groups("z"), Err(Error::UnknownColumn { .. })));
}

#[test]
fn groups_are_numbered_by_appearance() {
    assert_eq!(read("y\nb\na\nb\n").groups("y").unwrap(), [0, 1, 0]);
    assert_eq!(read("y\n2.5\n1\n2.5\n").groups("y").unwrap(), [0, 1, 0]);
    assert!(matches!(read("y\nb\n\"\"\n").groups("y"), Err(Error::MissingValue { .. })));
}

//! Tensors: arithmetic that never broadcasts, selections, axes, printing and saving.

#![allow(clippy::float_cmp, reason = "tests mean bit equality")]

use super::*;

fn counted(shape: &[usize]) -> Tensor {
    Tensor::new(shape, (0..shape.iter().product::<usize>()).map(|x| x as f64).collect()).unwrap()
}

#[test]
fn erratum_2_1_2_masking_is_linear() {
    let M = Tensor::from_rows(&[[1.0, 0.0, 2.0]]);
    let (X, Y) = (Tensor::from_rows(&[[1.0, -2.0, 4.0]]), Tensor::from_rows(&[[3.0, 5.0, -1.0]]));
    // M ∘ (2X + Y) = 2 (M ∘ X) + M ∘ Y, exactly on these numbers.
    let left = M.hadamard(&(&(&X * 2.0) + &Y)).unwrap();
    let right = &(&M.hadamard(&X).unwrap() * 2.0) + &M.hadamard(&Y).unwrap();
    assert_eq!(left, right);
    assert_eq!(left.as_slice(), [5.0, 0.0, 14.0]);
}

#[test]
fn notes_2_1_2_masks_set_elements_to_zero() {
    let X = Tensor::from_rows(&[[f64::NAN, 2.0]]);
    assert_eq!(X.mask(&[false, true]).unwrap().as_slice(), [0.0, 2.0]);
    assert!(matches!(X.mask(&[true]), Err(Error::WrongLength { expected: 2, actual: 1, .. })));
}

#[test]
fn arithmetic_never_broadcasts() {
    let (row, column) = (counted(&[1, 3]), counted(&[3, 1]));
    assert!(matches!(row.try_add(&column), Err(Error::ShapeMismatch { .. })));
    assert!(matches!(row.try_sub(&column), Err(Error::ShapeMismatch { .. })));
    assert!(matches!(row.hadamard(&column), Err(Error::ShapeMismatch { .. })));
    assert_eq!((&row - &row).as_slice(), [0.0; 3]);
}

#[test]
#[should_panic(expected = "shapes [1, 3] and [3, 1] do not fit")]
fn operators_panic_with_both_shapes() {
    let _ = &counted(&[1, 3]) + &counted(&[3, 1]);
}

#[test]
fn stacking_and_joining() {
    let (a, b) = (counted(&[2, 2]), counted(&[2, 2]).scale(10.0));
    let stacked = Tensor::stack(&[&a, &b]).unwrap();
    assert_eq!(stacked.shape(), [2, 2, 2]);
    assert_eq!(stacked.row(1), b.as_slice());
    let below = Tensor::concat(&[&a, &b], 0).unwrap();
    assert_eq!((below.shape(), below.row(2)), (&[4, 2][..], &[0.0, 10.0][..]));
    let beside = Tensor::concat(&[&a, &b], 1).unwrap();
    assert_eq!(beside.row(1), [2.0, 3.0, 20.0, 30.0]);
    assert_eq!(Tensor::<f64>::stack(&[]).unwrap_err(), Error::Empty { op: "stack" });
    assert!(matches!(Tensor::stack(&[&a, &counted(&[4])]), Err(Error::ShapeMismatch { .. })));
    assert!(matches!(
        Tensor::concat(&[&a, &counted(&[2, 3])], 0),
        Err(Error::ShapeMismatch { .. })
    ));
    assert!(matches!(Tensor::concat(&[&a], 2), Err(Error::InvalidAxis { axis: 2, .. })));
}

#[test]
fn selecting_and_slicing() {
    let X = counted(&[2, 3, 2]);
    assert_eq!(
        X.select(1, &[2, 0]).unwrap().as_slice(),
        [4.0, 5.0, 0.0, 1.0, 10.0, 11.0, 6.0, 7.0]
    );
    assert_eq!(X.slice(1, 1..3).unwrap(), X.select(1, &[1, 2]).unwrap());
    assert_eq!(X.slice(2, 1..1).unwrap().shape(), [2, 3, 0]);
    assert_eq!(X.select_rows(&[1]).unwrap().row(0), X.row(1));
    assert_eq!(counted(&[2, 3]).select_columns(&[1]).unwrap().as_slice(), [1.0, 4.0]);
    let out = Error::OutOfRange { op: "select", index: 3, size: 3 };
    assert_eq!(X.select(1, &[3]).unwrap_err(), out);
    assert!(matches!(X.slice(0, 1..3), Err(Error::OutOfRange { index: 3, size: 2, .. })));
    #[expect(clippy::reversed_empty_ranges, reason = "that is the fault to refuse")]
    let reversed = X.slice(0, 2..1);
    assert!(matches!(reversed, Err(Error::OutOfRange { .. })));
}

#[test]
fn permuting_moves_every_element() {
    let X = counted(&[2, 3, 4]);
    let Y = X.permute(&[2, 0, 1]).unwrap();
    for i in 0..2 {
        for j in 0..3 {
            for k in 0..4 {
                assert_eq!(Y.as_slice()[(k * 2 + i) * 3 + j], X.as_slice()[(i * 3 + j) * 4 + k]);
            }
        }
    }
    assert_eq!(counted(&[2, 3]).permute(&[1, 0]).unwrap(), counted(&[2, 3]).transpose());
    for axes in [&[0, 0, 1][..], &[0, 1], &[0, 1, 3]] {
        assert!(matches!(X.permute(axes), Err(Error::InvalidPermutation { ndim: 3, .. })));
    }
}

#[test]
fn sums_are_rounded_once() {
    let X = Tensor::new(&[4], vec![1e16, 1.0, -1e16, 1.0]).unwrap();
    assert_eq!(X.sum(), 2.0);
    assert_eq!(X.sum_axis(0).unwrap().as_slice(), [2.0]);
    // StRD NumAcc3: the mean is 1000000.2 exactly.
    let data = (0..1001).map(|i| {
        if i == 0 {
            1_000_000.2
        } else if i % 2 == 1 {
            1_000_000.1
        } else {
            1_000_000.3
        }
    });
    let mean: Tensor = Tensor::new(&[1001], data.collect()).unwrap().mean_axis(0).unwrap();
    assert!((mean.as_slice()[0] - 1_000_000.2).abs() <= 1.2e-10);
    assert_eq!(counted(&[2, 3]).mean_axis(0).unwrap().as_slice(), [1.5, 2.5, 3.5]);
    assert_eq!(
        Tensor::<f64>::zeros(&[0, 2]).mean_axis(0).unwrap_err(),
        Error::Empty { op: "mean" }
    );
    assert_eq!(Tensor::<f64>::zeros(&[0, 2]).sum_axis(0).unwrap().as_slice(), [0.0; 2]);
}

#[test]
fn printing_fits_on_a_screen() {
    let X = counted(&[100, 100]);
    assert!(format!("{X:?}").chars().count() < 160);
    let table = X.to_string();
    assert_eq!(table.lines().count(), 12);
    assert!(table.lines().all(|line| line.len() < 80));
    assert_eq!(format!("{:.2}", Tensor::from_rows(&[[1.0, -2.5]])), "[1, 2]\n  1.00 -2.50");
    assert_eq!(format!("{:?}", counted(&[2])), "Tensor ~ [2] [0.0, 1.0]");
}

#[test]
fn a_saved_tensor_is_checked_when_read() {
    let X = counted(&[2, 3]);
    let text = serde_json::to_string(&X).unwrap();
    assert_eq!(serde_json::from_str::<Tensor>(&text).unwrap(), X);
    let error = serde_json::from_str::<Tensor>(r#"{"shape":[2,3],"data":[1.0]}"#).unwrap_err();
    assert!(error.to_string().contains("holds 6 values but 1 were given"), "{error}");
    // Sizes whose product overflows are an error, not a wrap.
    let huge = r#"{"shape":[4294967296,4294967296],"data":[]}"#;
    assert!(serde_json::from_str::<Tensor>(huge).is_err());
}

#[test]
fn reshaping_keeps_the_elements() {
    let X = counted(&[2, 6]).reshape(&[3, 4]).unwrap();
    assert_eq!(X.row(2), [8.0, 9.0, 10.0, 11.0]);
    assert!(matches!(X.reshape(&[5]), Err(Error::WrongLength { expected: 5, actual: 12, .. })));
}

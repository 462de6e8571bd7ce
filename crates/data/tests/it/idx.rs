//! IDX files: what is written reads back, and no header is believed.

use std::io::{Read, Write};

use proptest::prelude::*;
use wonderland_data::{Error, Idx, Images};

fn file(header: &[u8], sizes: &[u32], data: &[u8]) -> Vec<u8> {
    let mut file = header.to_vec();
    sizes.iter().for_each(|size| file.extend(size.to_be_bytes()));
    file.extend(data);
    file
}

#[track_caller]
fn refuse(bytes: &[u8], fault: &str) {
    let error = Idx::read_images(bytes, "x.idx").unwrap_err();
    assert!(matches!(error, Error::BadIdx { .. }));
    let text = error.to_string();
    assert!(text.starts_with("x.idx: not an IDX file of images") && text.contains(fault), "{text}");
}

#[test]
fn headers_are_checked() {
    refuse(b"", "it ends too early");
    refuse(&[0, 0, 8], "it ends too early");
    refuse(&[0, 0, 8, 3, 0, 0], "it ends too early");
    refuse(b"a,b\n1,2\n", "it begins with 61 2c 62 0a, not 00 00 08");
    refuse(&file(&[0, 0, 8, 1], &[2], &[1, 2]), "it has 1 axes, not 3");
    refuse(&file(&[0, 0, 0x0d, 3], &[1, 1, 1], &[0; 4]), "of type 0x0d");
    refuse(&file(&[0, 0, 8, 3], &[1, 0, 1], &[]), "an axis has size 0");
    refuse(&file(&[0, 0, 8, 3], &[1, 1, 2], &[0]), "2 bytes, but 1 follow");
    refuse(&file(&[0, 0, 8, 3], &[1, 1, 2], &[0; 3]), "2 bytes, but more follow");
    // Claims of 2⁹⁶ and 2⁶² bytes take no memory.
    refuse(&file(&[0, 0, 8, 3], &[u32::MAX; 3], &[0]), "no machine holds");
    refuse(&file(&[0, 0, 8, 3], &[1 << 31, 1 << 30, 1], &[0]), "but 1 follow");
    let fault = Idx::new(&[2, 3], vec![0; 5]).unwrap_err().to_string();
    assert!(fault.ends_with("5 bytes do not fill 2 axes of sizes [2, 3]"), "{fault}");
}

#[test]
fn gzip_images_and_labels() {
    let images = Idx::new(&[2, 2, 2], (0..8).collect()).unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    images.write(&mut packed).unwrap();
    let packed = packed.finish().unwrap();
    assert_eq!(Idx::read_images(&packed[..], "x.gz").unwrap(), images);
    // Cut short, the gzip stream is at fault.
    assert!(Idx::read_images(&packed[..packed.len() - 10], "x.gz").is_err());

    let labels = Idx::new(&[4], vec![7, 1, 7, 3]).unwrap();
    let mut bytes = Vec::new();
    labels.write(&mut bytes).unwrap();
    let y = Idx::read_labels(&bytes[..], "y").unwrap().to_labels();
    assert_eq!(
        (y.codes.clone(), y.classes.clone()),
        (vec![2, 0, 2, 1], vec!["1".into(), "3".into(), "7".into()])
    );
    let classes: Vec<String> = (0..10).map(|k| k.to_string()).collect();
    assert_eq!(y.recode(&classes, "y").unwrap().codes, [7, 1, 7, 3]);
    let error = y.recode(&classes[..5], "y").unwrap_err();
    assert!(error.to_string().starts_with("y, line 1, column `label`: the class `7` is not among"));
}

#[test]
fn files_are_opened_by_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels");
    std::fs::File::create(&path).unwrap().write_all(&[0, 0, 8, 1, 0, 0, 0, 1, 5]).unwrap();
    assert_eq!(Idx::open_labels(&path).unwrap().as_slice(), [5]);
    assert!(matches!(Idx::open_images(&path), Err(Error::BadIdx { .. })));
    assert!(matches!(Idx::open_images(folder.path()), Err(Error::Io { .. })));
}

#[test]
fn images_with_labels_are_a_table() {
    let images = Idx::new(&[3, 2, 2], (0..12).collect()).unwrap();
    let labels = Idx::new(&[3], vec![1, 0, 1]).unwrap();
    let both = Images::new(images.clone(), Some(labels.clone()), "labels").unwrap();
    let table = both.table("images").unwrap();
    assert_eq!(
        table.names().collect::<Vec<_>>(),
        ["pixel_0_0", "pixel_0_1", "pixel_1_0", "pixel_1_1", Images::LABEL]
    );
    assert_eq!(table.column("pixel_1_0").unwrap().values.cell(1), (6.0 / 255.0).into());
    assert_eq!(table.column("label").unwrap().values.cell(2), 1.0.into());
    let alone = Images::new(images.clone(), None, "").unwrap().table("images").unwrap();
    assert_eq!((alone.columns().len(), alone.n_rows()), (4, 3));
    let fewer = Idx::new(&[2], vec![1, 0]).unwrap();
    let error = Images::new(images, Some(fewer), "two.gz").unwrap_err();
    assert!(matches!(error, Error::LabelCount { n_labels: 2, n_images: 3, .. }));
    assert!(error.to_string().starts_with("two.gz has 2 labels for 3 images"), "{error}");
}

#[test]
fn files_of_images_are_told_from_tables() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        Images::are_in(path)
    };
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&file(&[0, 0, 8, 3], &[1, 1, 1], &[5])).unwrap();
    assert!(at("images", &file(&[0, 0, 8, 3], &[1, 1, 1], &[5])));
    assert!(at("images.gz", &packed.finish().unwrap()));
    assert!(!at("table.csv", b"a,b\n1,2\n") && !at("empty", b"") && !at("short", &[0, 0, 8]));
    assert!(!Images::are_in(folder.path()) && !Images::are_in(folder.path().join("none")));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn written_reads_back(shape in prop::collection::vec(1_usize..5, 3), seed in any::<u8>()) {
        let n = shape.iter().product();
        let images = Idx::new(&shape, (0..n).map(|i| seed.wrapping_add(i as u8)).collect()).unwrap();
        let mut bytes = Vec::new();
        images.write(&mut bytes).unwrap();
        prop_assert_eq!(Idx::read_images(&bytes[..], "x").unwrap(), images);
        bytes.push(0);
        prop_assert!(Idx::read_images(&bytes[..], "x").is_err());
    }

    #[test]
    fn no_bytes_make_it_panic(head in prop::sample::select(vec![vec![], vec![0_u8, 0, 8, 3], vec![0x1f, 0x8b, 8]]),
                              tail in prop::collection::vec(any::<u8>(), 0..40)) {
        let bytes = [head, tail].concat();
        let _ = Idx::read_images(&bytes[..], "x").map(|images| images.to_features::<f32>());
        let _ = Idx::read_labels((&bytes[..]).take(20), "x").map(|labels| labels.to_labels());
    }
}

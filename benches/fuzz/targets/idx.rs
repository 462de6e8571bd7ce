//! The IDX reader: any bytes as images and as labels, plain or gzip.
//!
//! Promises: no panic; what was read has the bytes its shape says, and written
//! again it reads the same.

use wonderland_data::Idx;

use super::{Target, check_message};

pub(crate) const TARGET: Target = Target {
    name: "idx",
    about: "the IDX reader, as images and as labels, plain and gzip",
    words: &[
        b"\0\0\x08\x01",
        b"\0\0\x08\x03",
        b"\0\0\x0d\x02",
        b"\0\0\0\0",
        b"\0\0\0\x01",
        b"\xff\xff\xff\xff",
        b"\x80\0\0\0",
        b"\x1f\x8b\x08",
    ],
    seal: None,
    run,
};

fn run(input: &[u8]) -> Result<String, String> {
    let images = match Idx::read_images(input, "input") {
        Ok(images) => check(&images, |file| Idx::read_images(file, "again"))?,
        Err(error) => check_message(&error.to_string())?,
    };
    let labels = match Idx::read_labels(input, "input") {
        Ok(labels) => {
            let codes = labels.to_labels();
            if codes.codes.iter().any(|code| *code >= codes.n_classes()) {
                return Err("a label has a code beyond its classes".to_owned());
            }
            check(&labels, |file| Idx::read_labels(file, "again"))?
        }
        Err(error) => check_message(&error.to_string())?,
    };
    Ok(format!("{images}|{labels}"))
}

fn check(array: &Idx, read: fn(&[u8]) -> wonderland_data::Result<Idx>) -> Result<String, String> {
    if array.shape().iter().product::<usize>() != array.as_slice().len() {
        return Err(format!("{:?} holds {} bytes", array.shape(), array.as_slice().len()));
    }
    let mut file = Vec::new();
    array.write(&mut file).map_err(|e| format!("cannot be written: {e}"))?;
    match read(&file) {
        Ok(same) if same == *array => Ok(format!("{} axes", array.shape().len())),
        Ok(_) => Err("written and read again it differs".to_owned()),
        Err(error) => Err(format!("written it cannot be read: {error}")),
    }
}

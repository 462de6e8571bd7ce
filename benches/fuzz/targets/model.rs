//! The model loader: any bytes, most of them under a header that fits.
//!
//! The checksum would turn nearly every mutant away, so three in four get a
//! right one and reach the parser of the payload.
//!
//! Promises: no panic, in loading and in describing and predicting afterwards;
//! what was loaded saves to bytes that load to the same bytes.

use wonderland::Pipeline;

use super::{Target, check_message};

pub(crate) const TARGET: Target = Target {
    name: "model",
    about: "the model loader, with and without a right checksum",
    words: &[
        b"null",
        b"true",
        b"-0.0",
        b"1e308",
        b"1e999",
        b"4.9e-324",
        b"[]",
        b"{}",
        b"[[[[[[[[",
        b"\"",
        b"\\u0000",
        b"18446744073709551615",
        b"-1",
        b"NaN",
        b",",
        b":",
        b"\xff",
        b"1",
        b"0",
        b"\"version\":",
        b"\"bytes\":",
        b"\"crc32\":",
    ],
    seal: Some(seal),
    run,
};

fn run(input: &[u8]) -> Result<String, String> {
    let pipeline = match Pipeline::from_bytes(input, "input.wl") {
        Ok(pipeline) => pipeline,
        Err(error) => return check_message(&error.to_string()),
    };
    let saved = pipeline.to_bytes().map_err(|e| format!("loaded, but not saved: {e}"))?;
    let again = Pipeline::from_bytes(&saved, "again.wl")
        .map_err(|e| format!("saved, but not loaded again: {e}"))?;
    if again.to_bytes().ok().as_ref() != Some(&saved) {
        return Err("saved twice, the files differ".to_owned());
    }
    let described = pipeline.describe();
    drop(described);
    // No cells at all: whatever columns the model wants are missing.
    let predicted = pipeline.predict_row(&[]);
    Ok(format!("loaded, predicts {}", predicted.is_ok()))
}

/// The same payload under a header that says its length and checksum.
fn seal(file: &[u8]) -> Vec<u8> {
    let payload = match file.iter().position(|byte| *byte == b'\n') {
        Some(end) => &file[end + 1..],
        None => file,
    };
    let payload = payload.strip_suffix(b"\n").unwrap_or(payload);
    let header = format!(
        "{{\"format\":\"wonderland-model\",\"version\":1,\"bytes\":{},\"crc32\":{}}}\n",
        payload.len(),
        crc32fast::hash(payload)
    );
    [header.as_bytes(), payload, b"\n"].concat()
}

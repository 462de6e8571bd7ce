//! The two lines of a model file: a header that says what follows and how to
//! tell that it is whole, and the payload.
//!
//! ```text
//! {"format":"wonderland-model","version":1,"bytes":1234,"crc32":3735928559}
//! {…1234 bytes of JSON without a line break…}
//! ```
//! The header must stand exactly as it is written: a changed byte in it is
//! found by comparing, a changed byte in the payload by the checksum.

use serde::{Deserialize, Serialize};

use super::Fault;

/// What the first line of a kind of file says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Format {
    /// What it calls itself.
    pub(crate) name: &'static str,
    /// The version this crate writes; it reads this one and all before it.
    pub(crate) version: u32,
}

impl Format {
    /// Whether these bytes begin as a file of this format does.
    fn begins(self, bytes: &[u8]) -> bool {
        bytes.starts_with(format!("{{\"format\":\"{}\"", self.name).as_bytes())
    }
}

/// Model files.
pub(super) const MODEL: Format = Format { name: "wonderland-model", version: 1 };
/// A header is never longer than this, so a reader looks no further.
const LONGEST_HEADER: usize = 128;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    version: u32,
    bytes: u64,
    crc32: u32,
}

/// Only what tells another format or version from a damaged file.
#[derive(Deserialize)]
struct Claim {
    format: String,
    version: u64,
}

/// The whole file for a payload, which must hold no line break.
pub(crate) fn seal(format: Format, payload: &[u8]) -> Vec<u8> {
    debug_assert!(!payload.contains(&b'\n'));
    let header = header_line(&Header {
        format: format.name.into(),
        version: format.version,
        bytes: payload.len() as u64,
        crc32: crc32fast::hash(payload),
    });
    let mut file = Vec::with_capacity(header.len() + payload.len() + 1);
    file.extend_from_slice(header.as_bytes());
    file.extend_from_slice(payload);
    file.push(b'\n');
    file
}

/// The payload of a whole, undamaged file; nothing is copied or allocated
/// beyond the header.
pub(crate) fn open(format: Format, file: &[u8]) -> Result<&[u8], Fault> {
    if file.is_empty() {
        return Err(Fault::NotAModel { why: "it is empty".into() });
    }
    let head = &file[..file.len().min(LONGEST_HEADER)];
    let Some(end) = head.iter().position(|&byte| byte == b'\n') else {
        return Err(if format.begins(head) {
            Fault::Truncated { expected: None, actual: file.len() as u64 }
        } else {
            Fault::NotAModel { why: "its first line is no model header".into() }
        });
    };
    let (line, rest) = (&file[..end], &file[end + 1..]);
    let header = read_header(format, line)?;
    let expected = header.bytes.saturating_add(1);
    let actual = rest.len() as u64;
    if actual < expected {
        let before = end as u64 + 1;
        return Err(Fault::Truncated {
            expected: Some(before.saturating_add(expected)),
            actual: file.len() as u64,
        });
    }
    if actual > expected {
        return Err(Fault::Damaged { why: format!("{} bytes follow its end", actual - expected) });
    }
    let (payload, line_break) = rest.split_at(rest.len() - 1);
    if line_break != b"\n" {
        return Err(Fault::Damaged { why: "its last byte is not a line break".into() });
    }
    if crc32fast::hash(payload) != header.crc32 {
        return Err(Fault::Damaged { why: "its checksum does not fit its content".into() });
    }
    Ok(payload)
}

fn read_header(format: Format, line: &[u8]) -> Result<Header, Fault> {
    let header: Header = match serde_json::from_slice(line) {
        Ok(header) => header,
        // A later version may have other fields: its claim is still readable.
        Err(error) => {
            return Err(match serde_json::from_slice::<Claim>(line) {
                Ok(claim)
                    if claim.format == format.name
                        && claim.version != u64::from(format.version) =>
                {
                    Fault::UnknownVersion { found: claim.version, known: format.version }
                }
                Ok(claim) if claim.format != format.name => Fault::other_format(&claim.format),
                _ if format.begins(line) => {
                    let why = super::shortened(&error.to_string());
                    Fault::Damaged { why: format!("its header does not read: {why}") }
                }
                _ => Fault::NotAModel { why: "its first line is no model header".into() },
            });
        }
    };
    if header.format != format.name {
        return Err(Fault::other_format(&header.format));
    }
    if header.version == 0 || header.version > format.version {
        let (found, known) = (header.version.into(), format.version);
        return Err(Fault::UnknownVersion { found, known });
    }
    if header_line(&header).as_bytes().strip_suffix(b"\n") != Some(line) {
        return Err(Fault::Damaged { why: "its header was rewritten".into() });
    }
    Ok(header)
}

fn header_line(header: &Header) -> String {
    format!(
        "{{\"format\":\"{}\",\"version\":{},\"bytes\":{},\"crc32\":{}}}\n",
        header.format, header.version, header.bytes, header.crc32
    )
}

//! Foreign text made fit for a message: escaped, and cut to a bounded length.
//!
//! Whatever comes out of a file (names, cells, paths) may hold control
//! characters or be megabytes long. A [`Snippet`] is such text as it may be
//! shown; errors hold nothing else, so that every message stays short and
//! cannot steer a terminal.

use std::fmt;
use std::path::Path;

/// A piece of foreign text, escaped and cut, ready to be shown.
///
/// # Examples
/// ```
/// use wonderland_data::Snippet;
/// assert_eq!(Snippet::new("a\u{1b}[31mb\n").to_string(), r"a\u{1b}[31mb\n");
/// assert!(Snippet::new(&"x".repeat(1_000_000)).to_string().len() <= 203);
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Snippet(String);

/// Bytes of the escaped beginning that are kept.
const HEAD: usize = 120;
/// Bytes of the escaped end that are kept.
const TAIL: usize = 80;

impl Snippet {
    /// `text` with control characters escaped, its middle cut out when that
    /// makes more than 200 bytes.
    #[must_use]
    pub fn new(text: &str) -> Self {
        // An escape is never shorter than what it stands for.
        if text.len() <= HEAD + TAIL {
            let whole: String = text.chars().map(escaped).collect();
            if whole.len() <= HEAD + TAIL {
                return Self(whole);
            }
        }
        let mut shown = String::new();
        for c in text.chars().map(escaped) {
            if shown.len() + c.len() > HEAD {
                break;
            }
            shown.push_str(&c);
        }
        shown.push('…');
        let mut tail = Vec::new();
        let mut length = 0;
        for c in text.chars().rev().map(escaped) {
            length += c.len();
            if length > TAIL {
                break;
            }
            tail.push(c);
        }
        shown.extend(tail.into_iter().rev());
        Self(shown)
    }

    /// A path as it may be shown.
    #[must_use]
    pub fn path(path: &Path) -> Self {
        Self::new(&path.to_string_lossy())
    }

    /// Bytes of unknown encoding as they may be shown.
    #[must_use]
    pub fn bytes(bytes: &[u8]) -> Self {
        // More than this is never shown.
        let cut = &bytes[..bytes.len().min(2 * (HEAD + TAIL))];
        Self::new(&String::from_utf8_lossy(cut))
    }

    /// A list of names, the first few of them.
    #[must_use]
    pub fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        const SHOWN: usize = 12;
        let mut shown = String::new();
        for (i, name) in names.into_iter().enumerate() {
            if i == SHOWN {
                shown.push_str(", …");
                break;
            }
            if i > 0 {
                shown.push_str(", ");
            }
            shown.push_str(&Self::new(name).0);
        }
        Self(shown)
    }

    /// The text to show.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The character, or its escape if it cannot be seen or turns the direction
/// of writing round.
fn escaped(c: char) -> String {
    let hidden = matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    );
    if c.is_control() || hidden { c.escape_default().collect() } else { c.into() }
}

impl fmt::Display for Snippet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Snippet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

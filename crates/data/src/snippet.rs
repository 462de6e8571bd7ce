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
/// assert!(Snippet::new(&"x".repeat(1_000_000)).to_string().len() < 250);
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Snippet(String);

/// Characters of the beginning that are kept.
const HEAD: usize = 60;
/// Characters of the end that are kept.
const TAIL: usize = 40;

impl Snippet {
    /// `text` with control characters escaped, its middle cut out when long.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut shown = String::new();
        match text.char_indices().nth(HEAD + TAIL) {
            None => push_escaped(&mut shown, text),
            Some(_) => {
                let head = text.char_indices().nth(HEAD).map_or(text.len(), |(at, _)| at);
                let tail = text.char_indices().rev().nth(TAIL - 1).map_or(head, |(at, _)| at);
                push_escaped(&mut shown, &text[..head]);
                shown.push('…');
                push_escaped(&mut shown, &text[tail..]);
            }
        }
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
        // Four bytes per character at most: more than this is never shown.
        let cut = &bytes[..bytes.len().min(4 * (HEAD + TAIL) + 4)];
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

fn push_escaped(shown: &mut String, text: &str) {
    for c in text.chars() {
        // Also what is invisible or turns the direction of writing round.
        let hidden = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if c.is_control() || hidden {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
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

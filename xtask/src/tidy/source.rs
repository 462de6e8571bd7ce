//! Rust source without what only looks like code: comments, texts and tests.
//!
//! Line numbers survive, because everything taken out is replaced by blanks.

/// The text with comments, string and character literals blanked.
pub(crate) fn without_comments_and_texts(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match chars[at] {
            '/' if chars.get(at + 1) == Some(&'/') => line_end(&chars, at),
            '/' if chars.get(at + 1) == Some(&'*') => block_comment_end(&chars, at),
            '"' => text_end(&chars, at + 1),
            'r' if !follows_a_word(&chars, at) => raw_text_end(&chars, at).unwrap_or(at),
            // In `br"…"` the `r` follows a word, so the pair is looked at here.
            'b' if !follows_a_word(&chars, at) && chars.get(at + 1) == Some(&'r') => {
                raw_text_end(&chars, at + 1).unwrap_or(at)
            }
            '\'' => character_end(&chars, at).unwrap_or(at),
            _ => at,
        };
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            let blanked = chars[at..end.min(chars.len())].iter();
            out.extend(blanked.map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// Blanks every item that stands under `#[cfg(test)]`; takes text without comments.
pub(crate) fn without_tests(code: &str) -> String {
    without_items(code, "#[cfg(test)]")
}

/// Blanks every macro, whose expansions differ; takes text without comments.
pub(crate) fn without_macros(code: &str) -> String {
    without_items(code, "macro_rules!")
}

fn without_items(code: &str, mark: &str) -> String {
    let mut out = code.to_owned();
    let mut from = 0;
    while let Some(found) = out[from..].find(mark) {
        let start = from + found;
        let end = item_end(&out, start + mark.len());
        let blanks: String =
            out[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        from = start + blanks.len();
        out.replace_range(start..end, &blanks);
    }
    out
}

/// Just behind the item that begins at `from`: its closing brace or its semicolon.
fn item_end(code: &str, from: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, c) in code[from..].char_indices() {
        match c {
            ';' if depth == 0 => return from + offset + 1,
            '{' => depth += 1,
            '}' if depth <= 1 => return from + offset + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

fn follows_a_word(chars: &[char], at: usize) -> bool {
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_')
}

fn line_end(chars: &[char], at: usize) -> usize {
    chars[at..].iter().position(|c| *c == '\n').map_or(chars.len(), |n| at + n)
}

fn block_comment_end(chars: &[char], at: usize) -> usize {
    let mut depth = 0_usize;
    let mut i = at;
    while i + 1 < chars.len() {
        match (chars[i], chars[i + 1]) {
            ('/', '*') => (depth, i) = (depth + 1, i + 2),
            ('*', '/') if depth == 1 => return i + 2,
            ('*', '/') => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
    }
    chars.len()
}

fn text_end(chars: &[char], from: usize) -> usize {
    let mut i = from;
    while i < chars.len() {
        match chars[i] {
            '\\' => i += 2,
            '"' => return i + 1,
            _ => i += 1,
        }
    }
    chars.len()
}

/// The end of `r"…"` or `r#"…"#`, or `None` if `r` opens no text.
fn raw_text_end(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    let open = at + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let mut i = open + 1;
    while i < chars.len() {
        let closes = chars[i] == '"'
            && chars[i + 1..].iter().take_while(|c| **c == '#').take(hashes).count() == hashes;
        if closes {
            return Some(i + 1 + hashes);
        }
        i += 1;
    }
    Some(chars.len())
}

/// The end of `'x'` or `'\n'`, or `None` for a lifetime.
fn character_end(chars: &[char], at: usize) -> Option<usize> {
    match (chars.get(at + 1)?, chars.get(at + 2)?) {
        ('\\', _) => {
            let close = chars[at + 3..].iter().position(|c| *c == '\'')?;
            Some(at + 3 + close + 1)
        }
        (_, '\'') => Some(at + 3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let words = |s: &str| s.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let code = without_tests(&without_comments_and_texts(text));
        assert_eq!(code.lines().count(), text.lines().count());
        assert_eq!(words(&code), words(expected));
    }

    #[test]
    fn comments_go() {
        check("a // println!\nb", "a b");
        check("a /* x /* y */ z */ b", "a b");
        check("/// ```\n/// x.unwrap()\n/// ```\nfn f() {}", "fn f() {}");
    }

    #[test]
    fn texts_and_characters_go_and_lifetimes_stay() {
        check(r#"f("todo!() \" // ", 'x')"#, "f( , )");
        check("f(r#\"a \" b\"#, br\"c\", b\"d\")", "f( , , b )");
        check(r"f('\'', '\u{1F600}', '\\')", "f( , , )");
        check("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}");
        check("let attr = 1; let barr\"\"", "let attr = 1; let barr");
    }

    #[test]
    fn tests_go() {
        check("a;\n#[cfg(test)]\nmod tests { fn f() { x.unwrap() } }\nb;", "a; b;");
        check("#[cfg(test)]\nmod tests;\nb;", "b;");
    }
}

//! The words after a subcommand: flags, options with a value, and the rest.

use std::fmt;

use anyhow::Result;

/// The words after a subcommand, taken one by one; what is left is an error.
pub(crate) struct Args {
    words: Vec<String>,
    passed_on: Vec<String>,
}

/// The command was called wrongly; `main` adds the usage line.
#[derive(Debug)]
pub(crate) struct Usage(String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

impl Usage {
    /// A usage error with this message.
    pub(crate) fn error(message: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(Usage(message.into()))
    }
}

impl Args {
    /// Splits the words at the first `--`; what follows it is passed on untouched.
    pub(crate) fn new(words: impl Iterator<Item = String>) -> Self {
        let mut words: Vec<String> = words.collect();
        let passed_on = match words.iter().position(|w| w == "--") {
            Some(at) => words.split_off(at).into_iter().skip(1).collect(),
            None => Vec::new(),
        };
        Self { words, passed_on }
    }

    /// Whether `-h` or `--help` stands before `--`.
    pub(crate) fn asks_for_help(&self) -> bool {
        self.words.iter().any(|w| w == "-h" || w == "--help")
    }

    /// Takes a flag, and says whether it was there.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.words.len();
        self.words.retain(|w| w != name);
        self.words.len() < before
    }

    /// Takes `NAME VALUE` or `NAME=VALUE`.
    pub(crate) fn option(&mut self, name: &str) -> Result<Option<String>> {
        let with_equals = format!("{name}=");
        let Some(at) = self.words.iter().position(|w| w == name || w.starts_with(&with_equals))
        else {
            return Ok(None);
        };
        let word = self.words.remove(at);
        if let Some(value) = word.strip_prefix(&with_equals) {
            return Ok(Some(value.to_owned()));
        }
        if at < self.words.len() && !self.words[at].starts_with('-') {
            return Ok(Some(self.words.remove(at)));
        }
        Err(Usage::error(format!("`{name}` needs a value")))
    }

    /// Takes `--with torch`, and says whether it was there.
    pub(crate) fn with_torch(&mut self) -> Result<bool> {
        match self.option("--with")?.as_deref() {
            None => Ok(false),
            Some("torch") => Ok(true),
            Some(other) => Err(Usage::error(format!("`--with {other}`: only torch"))),
        }
    }

    /// Takes the first word that is not an option; call it after the options.
    pub(crate) fn positional(&mut self) -> Option<String> {
        let at = self.words.iter().position(|w| !w.starts_with('-'))?;
        Some(self.words.remove(at))
    }

    /// The words after `--`; an error if anything before it was not understood.
    pub(crate) fn finish(self) -> Result<Vec<String>> {
        match self.words.first() {
            None => Ok(self.passed_on),
            Some(word) => Err(Usage::error(format!("`{word}` is not understood here"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Args {
        Args::new(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_flags_and_words_come_in_any_order() {
        let mut a = args("csv --seed 3 --check -p=linalg 1000 -- --nocapture -p");
        assert_eq!(a.option("--seed").unwrap().as_deref(), Some("3"));
        assert_eq!(a.option("-p").unwrap().as_deref(), Some("linalg"));
        assert!(a.flag("--check"));
        assert!(!a.flag("--check"));
        assert_eq!(a.positional().as_deref(), Some("csv"));
        assert_eq!(a.positional().as_deref(), Some("1000"));
        assert_eq!(a.finish().unwrap(), ["--nocapture", "-p"]);
    }

    #[test]
    fn what_is_not_understood_is_a_usage_error() {
        assert!(args("--chek").finish().unwrap_err().is::<Usage>());
        assert!(args("-p --check").option("-p").unwrap_err().is::<Usage>());
        assert!(args("-p").option("-p").unwrap_err().is::<Usage>());
        assert!(args("--with jax").with_torch().unwrap_err().is::<Usage>());
        assert!(args("--with torch").with_torch().unwrap() && !args("").with_torch().unwrap());
    }
}

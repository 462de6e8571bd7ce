//! What is fuzzed: a name, the words of its format, and a function that runs one
//! input and checks the promises that hold for every input.

mod args;
mod csv;
mod idx;
mod model;

/// One entry point of the libraries.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Pieces that the format knows, which the mutator inserts.
    pub(crate) words: &'static [&'static [u8]],
    /// Makes a mutant pass the first check of its format; three in four get it.
    pub(crate) seal: Option<Seal>,
    /// Runs one input. The text names the outcome, without the parts that
    /// differ between any two inputs; an error is a broken promise.
    pub(crate) run: fn(&[u8]) -> Result<String, String>,
}

/// Makes the first check of a format pass: a length, a checksum.
type Seal = fn(&[u8]) -> Vec<u8>;

pub(crate) const TARGETS: &[Target] = &[args::TARGET, csv::TARGET, idx::TARGET, model::TARGET];

/// What every error message promises: short, without control characters.
///
/// Returns the message without its digits and quotations, as the outcome's name.
fn check_message(message: &str) -> Result<String, String> {
    if message.len() >= 4096 {
        return Err(format!("an error message of {} bytes", message.len()));
    }
    if let Some(c) = message.chars().find(|c| c.is_control() && *c != '\n') {
        return Err(format!("an error message holds the control character {c:?}"));
    }
    let mut name = String::new();
    for (index, part) in message.split('`').enumerate() {
        // Every second part stood between backticks: it quotes the input.
        if index % 2 == 0 {
            name.extend(part.chars().filter(|c| !c.is_ascii_digit()).take(160));
        }
    }
    Ok(name)
}

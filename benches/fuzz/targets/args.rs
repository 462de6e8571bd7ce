//! The command line: each line of the input is one argument, any bytes.
//!
//! Promises: no panic; what is refused ends with the code of a wrong usage.

use std::ffi::OsString;

use clap::Parser;
use wonderland_cli::Cli;

use super::Target;

pub(crate) const TARGET: Target = Target {
    name: "args",
    about: "the parser of the command line",
    words: &[
        b"\n",
        b"--",
        b"-",
        b"=",
        b"fit\n",
        b"predict\n",
        b"evaluate\n",
        b"inspect\n",
        b"datasets\n",
        b"completions\n",
        b"--target\n",
        b"--model\n",
        b"ridge\n",
        b"--polynomial\n",
        b"x:3\n",
        b"--test\n",
        b"0.2\n",
        b"none\n",
        b"--json\n",
        b"--seed\n",
        b"--threads\n",
        b"1e999",
        b"-1",
        b"18446744073709551616",
        b"nan",
        b"\xff\xfe",
        b"--help\n",
        b"--version\n",
        b"--delimiter\n",
        b"--categorical\n",
        b"auto\n",
        b"--missing\n",
        b"impute\n",
        b"--lambda\n",
        b"--out\n",
    ],
    seal: None,
    run,
};

fn run(input: &[u8]) -> Result<String, String> {
    let words = input.split(|byte| *byte == b'\n').map(word);
    match Cli::try_parse_from(std::iter::once(OsString::from("wonderland")).chain(words)) {
        Ok(_) => Ok("understood".to_owned()),
        Err(error) => {
            // 0 is for help and version.
            if !matches!(error.exit_code(), 0 | 2) {
                return Err(format!("exit code {}", error.exit_code()));
            }
            Ok(format!("{:?}", error.kind()))
        }
    }
}

#[cfg(unix)]
fn word(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(bytes.to_vec())
}

#[cfg(not(unix))]
fn word(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

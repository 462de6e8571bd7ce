//! `wonderland completions`: what a shell needs to complete commands and options.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use crate::{Cli, Done};

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wonderland completions bash > ~/.local/share/bash-completion/completions/wonderland
  wonderland completions fish > ~/.config/fish/completions/wonderland.fish")]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self) -> Done {
        let mut script = Vec::new();
        generate(self.shell, &mut Cli::command(), "wonderland", &mut script);
        Done::print(script)
    }
}

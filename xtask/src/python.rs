//! A pinned Python environment under the target directory, made when needed.
//!
//! The pins stand in `xtask/python/*.txt`; an environment remembers the text it
//! was made from and is made again when the pins change.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{metadata, shell};

/// Which packages are needed.
#[derive(Clone, Copy)]
pub(crate) enum Packages {
    /// Tools for reference values.
    References,
    /// The libraries that benchmarks measure against.
    Peers,
    /// Those that read tables.
    Tables,
    /// The peers and PyTorch.
    PeersWithTorch,
}

/// The list of packages that are installed without what they depend on.
const ALONE: &str = "torchcp.txt";

impl Packages {
    fn name(self) -> &'static str {
        match self {
            Packages::References => "refs",
            Packages::Peers => "peers",
            Packages::Tables => "peers-tables",
            Packages::PeersWithTorch => "peers-torch",
        }
    }

    /// The lists to install, one after another: a later list may replace what
    /// a package of an earlier one brought along.
    fn pins(self) -> &'static [&'static str] {
        match self {
            Packages::References => &["refs.txt"],
            Packages::Peers => &["refs.txt", "peers.txt"],
            Packages::Tables => &["tables.txt"],
            Packages::PeersWithTorch => &["refs.txt", "peers.txt", "torch.txt", ALONE],
        }
    }
}

/// The environment's interpreter, run from the root; makes the environment if need be.
pub(crate) fn python(packages: Packages) -> Result<Command> {
    let interpreter = environment(packages)?;
    let mut command = shell::command(&interpreter.to_string_lossy());
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

/// Makes the environment unless it stands, and returns its interpreter.
fn environment(packages: Packages) -> Result<PathBuf> {
    let folder = metadata::target_directory()?.join("python").join(packages.name());
    let interpreter = folder.join("bin").join("python");
    let stamp = folder.join("pins.txt");

    let mut wanted = String::new();
    for file in packages.pins() {
        let path = shell::root().join("xtask/python").join(file);
        wanted += &std::fs::read_to_string(&path)
            .with_context(|| format!("reading {}", path.display()))?;
    }
    if std::fs::read_to_string(&stamp).is_ok_and(|made_from| made_from == wanted) {
        return Ok(interpreter);
    }

    if !shell::is_installed("python3", &["--version"]) {
        bail!("this needs Python\nmend: install python3 (3.11 or newer) with its venv module");
    }
    println!("making the Python environment {}", folder.display());
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let place = folder.to_string_lossy();
    shell::run(
        shell::command("python3").args(["-m", "venv", &place]),
        "install the venv module of python3",
    )?;
    for file in packages.pins() {
        let mut pip = shell::command(&interpreter.to_string_lossy());
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        if *file == ALONE {
            pip.arg("--no-deps");
        }
        pip.args(["-r", &format!("xtask/python/{file}")]);
        shell::run(&mut pip, "see whether the package index can be reached, then run this again")?;
    }
    std::fs::write(&stamp, wanted)?;
    Ok(interpreter)
}

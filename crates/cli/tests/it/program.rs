//! Running the program in a folder of its own.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A folder to run the program in; it is removed in the end.
pub(crate) struct Bench {
    folder: TempDir,
}

/// What one run left behind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Names of the files in the folder, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The program with arguments separated by blanks.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        command_in(self.folder.path(), arguments)
    }

    pub(crate) fn run(&self, arguments: &str) -> Run {
        self.command(arguments).stdin(Stdio::null()).output().unwrap().into()
    }

    /// Runs with bytes on standard input.
    pub(crate) fn pipe(&self, arguments: &str, input: &[u8]) -> Run {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        std::thread::scope(|scope| {
            // The program may stop reading before the end: that is its right.
            scope.spawn(move || stdin.write_all(input).ok());
            child.wait_with_output().unwrap().into()
        })
    }

    /// Runs and expects success; gives standard output.
    #[track_caller]
    pub(crate) fn ok(&self, arguments: &str) -> String {
        let run = self.run(arguments);
        assert_eq!(run.code, Some(0), "{arguments}: {}", run.stderr);
        run.stdout
    }

    /// Runs and expects success; gives the JSON of standard output.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &str) -> serde_json::Value {
        serde_json::from_str(&self.ok(&format!("{arguments} --json"))).unwrap()
    }

    /// Runs and expects this code, nothing on standard output and one short,
    /// clean message that holds `part`.
    #[track_caller]
    pub(crate) fn fails(&self, arguments: &str, code: i32, part: &str) {
        self.run(arguments).failed(code, part);
    }
}

impl Run {
    #[track_caller]
    pub(crate) fn failed(&self, code: i32, part: &str) {
        let Run { stdout, stderr, .. } = self;
        assert_eq!(self.code, Some(code), "{stderr}");
        assert_eq!(stdout, "", "standard output is empty on failure");
        assert!(stderr.contains(part), "`{part}` is not in: {stderr}");
        assert!(stderr.len() < 4096, "a message of {} bytes", stderr.len());
        let clean = stderr.chars().all(|c| c == '\n' || !c.is_control());
        assert!(clean, "control characters in: {stderr:?}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

pub(crate) fn command_in(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wonderland"));
    command.current_dir(folder).args(arguments.split_whitespace());
    command
}

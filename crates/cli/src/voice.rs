//! What the program says to people, on standard error: notes, warnings, and a
//! progress bar for work that takes longer than a second.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::arguments::Shared;

/// Speaks unless told to be quiet.
pub(crate) struct Voice {
    quiet: bool,
}

impl Voice {
    pub(crate) fn new(shared: &Shared) -> Self {
        Self { quiet: shared.quiet }
    }

    /// Something worth knowing.
    pub(crate) fn note(&self, text: impl Display) {
        self.say(format_args!("note: {text}"));
    }

    /// Something that casts doubt on the result.
    pub(crate) fn warn(&self, text: impl Display) {
        self.say(format_args!("warning: {text}"));
    }

    /// A text of its own.
    pub(crate) fn say(&self, text: impl Display) {
        if !self.quiet {
            // A standard error that is full or closed is no reason to fail.
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// Does `work` under a spinner that appears only if it lasts over a second
    /// and standard error is a terminal.
    pub(crate) fn during<T>(&self, what: &str, work: impl FnOnce() -> T) -> T {
        if self.quiet {
            return work();
        }
        let spinner = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden())
            .with_style(
                ProgressStyle::with_template("{spinner} {msg} {elapsed}")
                    .expect("a template without unknown keys"),
            )
            .with_message(what.to_owned());
        let shown = spinner.clone();
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let watcher = std::thread::spawn(move || {
            // The sender is dropped when the work ends: no message ever comes.
            if wait
                .recv_timeout(Duration::from_secs(1))
                .is_err_and(|e| e == std::sync::mpsc::RecvTimeoutError::Timeout)
            {
                shown.set_draw_target(ProgressDrawTarget::stderr());
                shown.enable_steady_tick(Duration::from_millis(100));
            }
        });
        let result = work();
        drop(done);
        let _ = watcher.join();
        spinner.finish_and_clear();
        result
    }
}

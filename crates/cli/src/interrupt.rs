//! Ctrl-C: the program ends with 130, but never in the middle of saving.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Exit;

/// Held while a file is written, so that no temporary file is left behind.
static SAVING: Mutex<()> = Mutex::new(());

/// Ends the program with code 130 on Ctrl-C.
pub(crate) fn exit_on_ctrl_c() {
    // Only a second handler in one process can fail; then the first one stands.
    let _ = ctrlc::set_handler(|| {
        let _saved = while_saving();
        std::process::exit(Exit::Interrupted as i32);
    });
}

/// Delays Ctrl-C until the guard is dropped.
pub(crate) fn while_saving() -> MutexGuard<'static, ()> {
    SAVING.lock().unwrap_or_else(PoisonError::into_inner)
}

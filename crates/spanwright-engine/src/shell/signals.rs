//! SIGINT and SIGTERM: the first asks for a graceful end, the second for an end.

use tokio::{
    runtime::Builder,
    signal::unix::{Signal, SignalKind, signal},
};

use super::running::Brake;

/// SIGXFSZ, on Linux, macOS and the BSDs: a file is as large as one may be here (`ulimit -f`).
const FILE_TOO_LARGE: i32 = 25;

/// Listens for as long as the runtime lives.
///
/// # Errors
/// Where the system does not let us.
pub(super) fn listen(brake: Brake) -> std::io::Result<()> {
    let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::spawn(pass_on(interrupt, brake.clone()));
    tokio::spawn(pass_on(terminate, brake));
    Ok(())
}

/// From now on the process outlives a write beyond the largest file that it may have: that fails, and is heard as a disk without
/// room is. For whoever opens a journal, before that.
pub fn outlive_a_largest_file() {
    let listens = || {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let _inside = runtime.enter();
        // Nobody waits for it; what was installed once stays.
        signal(SignalKind::from_raw(FILE_TOO_LARGE)).map(drop)
    };
    let _as_before: std::io::Result<()> = listens();
}

/// The clerk counts: a second stop of either kind ends it.
async fn pass_on(mut signal: Signal, brake: Brake) {
    while signal.recv().await.is_some() {
        brake.pull();
    }
}

//! SIGINT and SIGTERM: the first asks for a graceful end, the second for an end.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::running::Brake;

/// SIGXFSZ, on Linux, macOS and the BSDs: a file is as large as one may be here (`ulimit -f`).
const FILE_TOO_LARGE: i32 = 25;

/// Listens for as long as the runtime lives.
///
/// # Errors
/// Where the system does not let us.
pub(super) fn listen(brake: Brake) -> std::io::Result<()> {
    let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    // It would end the process. The write that came too far fails as well, and that is heard: there is no room.
    let _nobody_waits_for_it = signal(SignalKind::from_raw(FILE_TOO_LARGE))?;
    tokio::spawn(pass_on(interrupt, brake.clone()));
    tokio::spawn(pass_on(terminate, brake));
    Ok(())
}

/// The clerk counts: a second stop of either kind ends it.
async fn pass_on(mut signal: Signal, brake: Brake) {
    while signal.recv().await.is_some() {
        brake.pull();
    }
}

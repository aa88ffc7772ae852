//! SIGINT and SIGTERM: the first asks for a graceful end, the second for an end.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::running::Brake;

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

/// The clerk counts: a second stop of either kind ends it.
async fn pass_on(mut signal: Signal, brake: Brake) {
    while signal.recv().await.is_some() {
        brake.pull();
    }
}

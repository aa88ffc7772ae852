//! SIGINT and SIGTERM: the first asks for a graceful end, the second for an end.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::clerk::{Inbox, Word};

/// Listens for as long as the runtime lives.
///
/// # Errors
/// Where the system does not let us.
pub(super) fn listen(inbox: Inbox) -> std::io::Result<()> {
    let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::spawn(pass_on(interrupt, inbox.clone()));
    tokio::spawn(pass_on(terminate, inbox));
    Ok(())
}

/// The clerk counts: a second stop of either kind ends it.
async fn pass_on(mut signal: Signal, inbox: Inbox) {
    while signal.recv().await.is_some() {
        inbox.say(Word::Stop);
    }
}

//! A bound on the size of a file (`ulimit -f`) sends a signal with the write that it refuses, and that ends a process which does not
//! wait for it. The refusal alone is heard as a disk without room is ([`super::fault::lacks_room`]).

use std::sync::Once;

use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
};

/// SIGXFSZ, on Linux, macOS and the BSDs.
const FILE_TOO_LARGE: i32 = 25;

/// From now on the process outlives it.
pub fn is_outlived() {
    static LISTENS: Once = Once::new();
    LISTENS.call_once(|| {
        let listens = || {
            let runtime = Builder::new_current_thread().enable_io().build()?;
            let _inside = runtime.enter();
            // Nobody waits for it; what was installed once stays.
            signal(SignalKind::from_raw(FILE_TOO_LARGE)).map(drop)
        };
        let _as_before: std::io::Result<()> = listens();
    });
}

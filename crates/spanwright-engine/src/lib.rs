//! Floor 4: the world outside. Sockets, the journal on disk, the clock, logs.
//!
//! The desk decides and does nothing; this floor does and decides nothing. It turns the desk's commands into work
//! (write these facts, advance these runs, make this exchange) and the work's results into events.
//!
//! Architecture invariant: this is the only floor that knows tokio, a socket, a file or the time of day, and only
//! [`clock`] asks what time it is, only [`keep`] speaks SQL.

// What clippy.toml forbids holds for the floor itself; its tests play the world.
#![cfg_attr(test, allow(clippy::disallowed_methods))]

pub mod clock;
pub mod codes;
pub mod fetch;
pub mod keep;
pub mod listen;
pub mod observe;
mod pem;
pub mod pinned;
pub mod setup;
pub mod shell;
pub mod tell;
pub mod variables;
pub mod wire;

//! The stand-ins over real connections, called by a client that shares nothing with them.
#![allow(clippy::unwrap_used)]

mod client;
mod hostile;
mod world;

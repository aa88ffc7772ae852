//! What follows when the other side misbehaves, connector by connector: `docs/hostile-peers.md` has the tables. Folders are
//! written by others in the tests of the binary.

mod answers;
pub mod broker;
mod doors;
mod queues;

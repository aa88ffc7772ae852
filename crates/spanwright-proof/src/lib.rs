//! What the engine is proven and measured with: the example project, a world in a process of its own, and what a process costs.
//!
//! The tests of this crate run the engine against programs that share no code with it; its benches print the figures of
//! `docs/performance.md`, each beside the same work in plain Node.js. Nothing here ships.
//!
//! What always holds: the world that is measured against runs in another process, so that its processor time and its
//! memory are never counted as ours.

pub mod apart;
pub mod folder;
pub mod journal;
pub mod node;
pub mod project;
pub mod usage;

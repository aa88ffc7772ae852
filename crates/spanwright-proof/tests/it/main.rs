//! The engine with the example project, judged by others.

#![allow(clippy::unwrap_used)]

mod faults;
mod peers;

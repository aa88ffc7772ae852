//! The tests of floor 2 that read files beside them.

#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // a floor reads no file; its tests read theirs

mod projects;
mod reference;
mod toy;

//! The tests of floor 0 that read files beside them.

#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // a floor reads no file; its tests read theirs

mod text;

//! The tests of floor 0 that read files beside them.

mod text;

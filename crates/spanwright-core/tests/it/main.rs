//! The tests of floor 2 that read files beside them.

mod projects;
mod toy;

//! The simulator against the shipped desk, and the mutants that it must catch.

mod reference;
mod simulation;

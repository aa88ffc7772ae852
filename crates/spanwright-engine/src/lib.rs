//! placeholder

pub mod keep;

//! See `xsd_codec` in `fuzz/src/soap.rs`.
#![no_main]

#[path = "../src/soap.rs"]
#[allow(dead_code)] // each target runs one of them
mod soap;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| soap::xsd_codec(bytes));

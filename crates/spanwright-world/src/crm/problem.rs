//! What the CRM says of a call that it does not take.

use bytes::Bytes;

use crate::{ledger::quote, rules::FieldError, server::Reply};

const PROBLEM: &str = "application/problem+json";

/// RFC 9457.
pub(super) fn problem(status: u16, title: &str, errors: &[FieldError]) -> Reply {
    let mut quoted = String::new();
    quote(title, &mut quoted);
    Reply::new(status, PROBLEM, Bytes::from(format!(r#"{{"title":{quoted},"status":{status},"errors":{}}}"#, errors_json(errors))))
}

pub(super) fn errors_json(errors: &[FieldError]) -> String {
    let mut out = String::from("[");
    for (index, error) in errors.iter().enumerate() {
        out.push_str(if index == 0 { "{\"field\":" } else { ",{\"field\":" });
        quote(&error.field, &mut out);
        out.push_str(",\"message\":");
        quote(&error.message, &mut out);
        out.push('}');
    }
    out.push(']');
    out
}

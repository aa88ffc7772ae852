//! The lines of the CRM's ledger.

use crate::{
    json::{Json, plain},
    ledger::Lines,
    rules::FieldError,
    server::Reply,
};

pub(super) fn call(reply: &Reply, key: &str, body: Option<&Json<'_>>, lines: &mut Lines) {
    let contacts = match body.and_then(|body| body.get("contacts")) {
        Some(Json::List(contacts)) => contacts.len() as u64,
        _ => 0,
    };
    let line = lines.line(if reply.cut { "cut" } else { "answered" });
    line.number("status", reply.status.into()).number("contacts", contacts).text("key", key).end();
}

pub(super) fn applied(contact: &Json<'_>, outcome: &str, lines: &mut Lines) {
    let balance = match contact.get("openBalance") {
        Some(Json::Number(token)) => plain(token),
        _ => "",
    };
    let version = contact.text("updatedAt").unwrap_or_default();
    let line = lines.line("applied").text("customer", contact.text("externalId").unwrap_or_default()).text("version", version);
    line.text("email", contact.text("email").unwrap_or_default()).text("balance", balance).text("outcome", outcome).end();
}

pub(super) fn refused(contact: &Json<'_>, errors: &[FieldError], lines: &mut Lines) {
    let why: Vec<_> = errors.iter().map(|error| format!("{} {}", error.field, error.message)).collect();
    let line = lines.line("refused").text("customer", contact.text("externalId").unwrap_or_default());
    line.text("version", contact.text("updatedAt").unwrap_or_default()).text("why", &why.join("; ")).end();
}

//! What a system said of a refusal, for the person on call: titles and messages, never the body.

use spanwright_shape::value::Value;

/// Characters of what a system said that a failure quotes.
pub const EXCERPT_CHARS_MOST: usize = 300;
/// Names under which systems put their words, best first (RFC 9457, RFC 6749, and what is seen in the wild).
const WORDS: [&str; 7] = ["title", "detail", "message", "error_description", "error", "reason", "code"];
/// Names under which they list faults of single fields.
const LISTS: [&str; 3] = ["errors", "violations", "details"];

/// What an error document says: its title and detail or message, then the first fault that it lists.
pub fn of_document(document: &Value<'_>) -> Option<String> {
    let mut words = words(document);
    for list in LISTS {
        if let Some(first) = document.get(list).and_then(|list| list.list()?.first().copied()) {
            words.extend(of_fault(&first));
            break;
        }
    }
    (!words.is_empty()).then(|| bounded(&words.join(": ")))
}

fn words(document: &Value<'_>) -> Vec<String> {
    let found = WORDS.iter().filter_map(|name| match document.get(name)? {
        Value::Text(text) => Some(text.to_string()),
        inner @ Value::Record(_) => Some(words(&inner).join(": ")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) => None,
    });
    let mut words: Vec<String> = Vec::new();
    for word in found.filter(|word| !word.trim().is_empty()) {
        if words.len() < 2 && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// One listed fault: a text, or a record with the field's name and a message.
fn of_fault(fault: &Value<'_>) -> Option<String> {
    if let Value::Text(text) = fault {
        return Some(text.to_string());
    }
    let message = words(fault).join(": ");
    let field = ["field", "path", "pointer", "property"].iter().find_map(|name| fault.get(name)?.text());
    match (field, message.is_empty()) {
        (Some(field), false) => Some(format!("{field}: {message}")),
        (Some(field), true) => Some(field.to_string()),
        (None, false) => Some(message),
        (None, true) => None,
    }
}

/// One line of at most [`EXCERPT_CHARS_MOST`] characters, without control characters.
pub fn bounded(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(EXCERPT_CHARS_MOST + 1).collect();
    match line.char_indices().nth(EXCERPT_CHARS_MOST) {
        Some((end, _)) => format!("{}…", line[..end].trim()),
        None => line.trim().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use spanwright_shape::{json, room::Room};

    use super::*;

    fn check(document: &str, expected: Option<&str>) {
        let room = Room::new();
        let value = json::read(document.as_bytes(), &room).expect("a test's own JSON");
        assert_eq!(of_document(&value).as_deref(), expected, "{document}");
    }

    #[test]
    fn problem_documents() {
        check(
            r#"{"type":"about:blank","title":"Not valid","status":422,"detail":"e-mail is missing"}"#,
            Some("Not valid: e-mail is missing"),
        );
        check(
            r#"{"title":"Not valid","errors":[{"field":"email","message":"is missing"},{"field":"x","message":"y"}]}"#,
            Some("Not valid: email: is missing"),
        );
    }

    #[test]
    fn what_is_seen_in_the_wild() {
        check(r#"{"error":"invalid_client","error_description":"Unknown client"}"#, Some("Unknown client: invalid_client"));
        check(r#"{"error":{"message":"No such customer","code":"resource_missing"}}"#, Some("No such customer: resource_missing"));
        check(r#"{"message":"Validation Failed","errors":["a is wrong"]}"#, Some("Validation Failed: a is wrong"));
        check(r#"{"errors":[{"message":"first"}]}"#, Some("first"));
    }

    #[test]
    fn a_body_without_words_is_not_quoted() {
        check(r#"{"customer":{"name":"Miller"}}"#, None);
        check(r#"["secret"]"#, None);
        check(r#"{"error":true,"message":""}"#, None);
    }

    #[test]
    fn an_excerpt_is_one_bounded_line() {
        assert_eq!(bounded("a\r\nb\u{7}"), "a  b");
        assert_eq!(bounded(&"ü".repeat(301)), format!("{}…", "ü".repeat(300)));
    }
}

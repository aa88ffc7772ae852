//! Where two values differ, path by path, for a person who decides by it.

use super::write;
use crate::value::Value;

/// Differences that are listed; more are only counted.
pub const DIFFERENCES_MOST: usize = 200;

/// One place where two values differ; values as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `.orders[2].total`; `.` is the whole.
    pub path: String,
    /// What stood there; `None` where there was nothing.
    pub before: Option<String>,
    /// What stands there; `None` where nothing does.
    pub after: Option<String>,
}

/// Every place where two values differ, in the order of the first. Records are compared by key, lists by place, and
/// numbers by value: `1` and `1.0` are the same. At most [`DIFFERENCES_MOST`] are listed.
pub fn differences(before: &Value<'_>, after: &Value<'_>) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(Some(before), Some(after), &mut String::new(), &mut found);
    found
}

fn compare(before: Option<&Value<'_>>, after: Option<&Value<'_>>, path: &mut String, found: &mut Vec<Difference>) {
    if found.len() >= DIFFERENCES_MOST {
        return;
    }
    match (before, after) {
        (Some(Value::Record(one)), Some(Value::Record(other))) => {
            let key_of = |fields: &'_ [(&str, Value<'_>)], key: &str| fields.iter().position(|(have, _)| *have == key);
            for (key, value) in one.iter() {
                within(path, &field(key), |path| compare(Some(value), key_of(other, key).map(|at| &other[at].1), path, found));
            }
            for (key, value) in other.iter().filter(|(key, _)| key_of(one, key).is_none()) {
                within(path, &field(key), |path| compare(None, Some(value), path, found));
            }
        }
        (Some(Value::List(one)), Some(Value::List(other))) => {
            for at in 0..one.len().max(other.len()) {
                within(path, &format!("[{at}]"), |path| compare(one.get(at), other.get(at), path, found));
            }
        }
        (Some(one), Some(other)) if is_same(one, other) => {}
        (None, None) => {}
        (_, _) => {
            let path = if path.is_empty() { ".".to_string() } else { path.clone() };
            found.push(Difference { path, before: before.map(text), after: after.map(text) });
        }
    }
}

fn within(path: &mut String, piece: &str, go_on: impl FnOnce(&mut String)) {
    let length = path.len();
    path.push_str(piece);
    go_on(path);
    path.truncate(length);
}

fn field(key: &str) -> String {
    let is_plain = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_plain { format!(".{key}") } else { format!("[{}]", text(&Value::Text(key))) }
}

fn is_same(one: &Value<'_>, other: &Value<'_>) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.compare(other).is_eq(),
        (_, _) => text(one) == text(other),
    }
}

fn text(value: &Value<'_>) -> String {
    let mut bytes = Vec::new();
    write(value, &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{json::read, room::Room};

    fn check(before: &str, after: &str, expected: &[(&str, Option<&str>, Option<&str>)]) {
        let room = Room::new();
        let (before, after) = (read(before.as_bytes(), &room).unwrap(), read(after.as_bytes(), &room).unwrap());
        let found = differences(&before, &after);
        let found: Vec<_> = found.iter().map(|one| (one.path.as_str(), one.before.as_deref(), one.after.as_deref())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_the_same_is_not_told() {
        check(r#"{"a":1,"b":[true,null]}"#, r#"{"b":[true,null],"a":1}"#, &[]);
    }

    #[test]
    fn every_place_is_told_with_its_path() {
        check(
            r#"{"a":{"b":1},"c":[1,2],"d e":"x","f":0}"#,
            r#"{"a":{"b":2},"c":[1,2,3],"d e":null,"g":0}"#,
            &[
                (".a.b", Some("1"), Some("2")),
                (".c[2]", None, Some("3")),
                ("[\"d e\"]", Some("\"x\""), Some("null")),
                (".f", Some("0"), None),
                (".g", None, Some("0")),
            ],
        );
    }

    #[test]
    fn another_kind_is_one_difference() {
        check(r#"{"a":1}"#, "[1]", &[(".", Some(r#"{"a":1}"#), Some("[1]"))]);
    }
}

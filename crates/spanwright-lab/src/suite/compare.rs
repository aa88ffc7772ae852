//! JSON against JSON: where they differ, by path; and records put over each other.

use std::sync::Arc;

use spanwright_shape::{
    json::{self, Difference},
    room::Room,
    value::Value,
};

/// Differences that are told.
const TOLD_MOST: usize = 5;
/// Characters of a value that is shown.
const SHOWN_MOST: usize = 120;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// What is named.
    Named,
}

/// Where `got` is not as `wanted`, in words; empty where it is.
pub(super) fn differences(wanted: &[u8], got: &[u8], extent: Extent) -> Vec<String> {
    let room = Room::new();
    let (Ok(wanted), Ok(got)) = (json::read(wanted, &room), json::read(got, &room)) else {
        return vec!["it is no JSON".to_string()];
    };
    let got = match extent {
        Extent::Whole => got,
        Extent::Named => narrowed(&wanted, &got, &room),
    };
    json::differences(&wanted, &got).iter().map(told).collect()
}

/// What is left of `got` where only what `wanted` names is looked at.
fn narrowed<'a>(wanted: &Value<'_>, got: &Value<'a>, room: &'a Room) -> Value<'a> {
    match (wanted, got) {
        (Value::Record(named), Value::Record(has)) => {
            let left = has.iter().filter_map(|(key, value)| {
                let (_, wanted) = named.iter().find(|(name, _)| name == key)?;
                Some((*key, narrowed(wanted, value, room)))
            });
            let left: Vec<_> = left.collect();
            Value::Record(room.bump().alloc_slice_copy(&left))
        }
        (Value::List(wanted), Value::List(has)) => {
            let item = |(n, got): (usize, &Value<'a>)| wanted.get(n).map_or(*got, |wanted| narrowed(wanted, got, room));
            let left: Vec<_> = has.iter().enumerate().map(item).collect();
            Value::List(room.bump().alloc_slice_copy(&left))
        }
        (_, got) => *got,
    }
}

fn told(difference: &Difference) -> String {
    let path = if difference.path == "." { "it" } else { &difference.path };
    match (&difference.before, &difference.after) {
        (Some(wanted), None) => format!("{path} is missing, and should be {}", shortened(wanted)),
        (wanted, got) => {
            let wanted = wanted.as_ref().map_or("not be there".to_string(), |wanted| format!("be {}", shortened(wanted)));
            format!("{path} is {}, and should {wanted}", shortened(got.as_deref().unwrap_or_default()))
        }
    }
}

/// The first differences, for a message.
pub(super) fn words(differences: &[String]) -> String {
    let more = differences.len().saturating_sub(TOLD_MOST);
    let mut text = differences.iter().take(TOLD_MOST).cloned().collect::<Vec<_>>().join("; ");
    if more > 0 {
        text += &format!("; and {more} more");
    }
    text
}

/// A text that is told.
pub(super) fn shortened(text: &str) -> String {
    if text.chars().count() <= SHOWN_MOST { text.to_string() } else { text.chars().take(SHOWN_MOST).chain("..".chars()).collect() }
}

/// `base` with the fields of `over` in the place of its own, without the named ones. What is no record takes the place of all.
pub(super) fn over(base: &[u8], over: &[u8], without: &[String]) -> Arc<[u8]> {
    let room = Room::new();
    let (Ok(base), Ok(over)) = (json::read(base, &room), json::read(over, &room)) else { return over.into() };
    let merged = merge(&base, &over, &room);
    let left = match merged {
        Value::Record(fields) if !without.is_empty() => {
            let left: Vec<_> = fields.iter().filter(|(key, _)| !without.iter().any(|gone| gone == key)).copied().collect();
            Value::Record(room.bump().alloc_slice_copy(&left))
        }
        other => other,
    };
    written(&left)
}

fn merge<'a>(base: &Value<'a>, over: &Value<'a>, room: &'a Room) -> Value<'a> {
    let (Value::Record(below), Value::Record(above)) = (base, over) else { return *over };
    let kept = below.iter().map(|(key, value)| (*key, over.get(key).map_or(*value, |new| merge(value, &new, room))));
    let new = above.iter().filter(|(key, _)| base.get(key).is_none()).copied();
    let fields: Vec<_> = kept.chain(new).collect();
    Value::Record(room.bump().alloc_slice_copy(&fields))
}

/// A record of dotted paths: `a.b` and `a.0.b` for the items of lists.
pub(super) fn nested<'p>(fields: impl Iterator<Item = (&'p str, Arc<[u8]>)>) -> Arc<[u8]> {
    let mut root = Tree::Branch(Vec::new());
    fields.for_each(|(path, value)| root.put(path, value));
    let mut out = Vec::new();
    root.write(&mut out);
    out.into()
}

enum Tree<'p> {
    Leaf(Arc<[u8]>),
    Branch(Vec<(&'p str, Tree<'p>)>),
}

impl<'p> Tree<'p> {
    fn put(&mut self, path: &'p str, value: Arc<[u8]>) {
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        if let Tree::Leaf(_) = self {
            *self = Tree::Branch(Vec::new());
        }
        let Tree::Branch(inside) = self else { return };
        let at = inside.iter().position(|(key, _)| *key == first).unwrap_or_else(|| {
            inside.push((first, Tree::Branch(Vec::new())));
            inside.len() - 1
        });
        match rest {
            Some(rest) => inside[at].1.put(rest, value),
            None => inside[at].1 = Tree::Leaf(value),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Tree::Leaf(bytes) => out.extend_from_slice(bytes),
            Tree::Branch(inside) => {
                let is_list = !inside.is_empty() && inside.iter().enumerate().all(|(n, (key, _))| *key == n.to_string());
                out.push(if is_list { b'[' } else { b'{' });
                for (n, (key, value)) in inside.iter().enumerate() {
                    if n > 0 {
                        out.push(b',');
                    }
                    if !is_list {
                        json::write_text(key, out);
                        out.push(b':');
                    }
                    value.write(out);
                }
                out.push(if is_list { b']' } else { b'}' });
            }
        }
    }
}

fn written(value: &Value<'_>) -> Arc<[u8]> {
    let mut out = Vec::new();
    json::write(value, &mut out);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wanted: &str, got: &str, extent: Extent, expected: &[&str]) {
        assert_eq!(differences(wanted.as_bytes(), got.as_bytes(), extent), expected, "{wanted} {got}");
    }

    #[test]
    fn differences_are_told_by_path() {
        check(r#"{"a":{"b":[1,2]}}"#, r#"{"a":{"b":[1,3]}}"#, Extent::Whole, &[".a.b[1] is 3, and should be 2"]);
        check(r#"{"a":1}"#, "{}", Extent::Named, &[".a is missing, and should be 1"]);
        check(r#"{"a":1}"#, r#"{"a":1,"b":2}"#, Extent::Whole, &[".b is 2, and should not be there"]);
        check(r#"{"a":1}"#, r#"{"a":1,"b":2}"#, Extent::Named, &[]);
        check("[1]", "[]", Extent::Named, &["[0] is missing, and should be 1"]);
        check("[1]", "[1,2]", Extent::Named, &["[1] is 2, and should not be there"]);
    }

    #[test]
    fn numbers_are_equal_by_value_and_never_to_texts() {
        check("12.50", "12.5", Extent::Whole, &[]);
        check("1", "\"1\"", Extent::Whole, &["it is \"1\", and should be 1"]);
    }

    #[test]
    fn a_record_is_put_over_another() {
        let made = over(br#"{"a":{"x":1,"y":2},"b":3,"c":4}"#, br#"{"a":{"y":5},"d":6}"#, &["c".to_string()]);
        assert_eq!(&*made, br#"{"a":{"x":1,"y":5},"b":3,"d":6}"#);
    }

    #[test]
    fn dotted_columns_nest() {
        let one: Arc<[u8]> = b"1".as_slice().into();
        let fields = ["a.b", "a.c", "d.0.e", "d.1.e"].map(|path| (path, one.clone()));
        assert_eq!(&*nested(fields.into_iter()), br#"{"a":{"b":1,"c":1},"d":[{"e":1},{"e":1}]}"#);
    }
}

//! The forms of a field as they are written, before any expression in them is read.

use spanwright_shape::text::{Node, NodeKind, Plain, Problems, Scalar, Span, did_you_mean};

use super::row::Empty;
use crate::codes;

/// A field as it is written.
#[derive(Debug)]
pub enum Form<'n> {
    /// `true`, `12`, `{ value: .. }`
    Constant(&'n Node, Option<&'n Scalar>),
    /// `EXPR`, `{ from: EXPR, .. }`
    From(From<'n>),
    /// `{ map: NAME, from: EXPR }`
    Inner(Inner<'n>),
    /// `{ each: EXPR, fields: .. }`, `{ each: EXPR, map: NAME }`
    Each(Each<'n>),
}

/// `{ map, from, empty, note }`
#[derive(Debug)]
pub struct Inner<'n> {
    /// The other map.
    pub map: &'n Scalar,
    /// The record that it reads.
    pub from: &'n Scalar,
    /// What nothing becomes.
    pub empty: Option<Empty>,
    /// To a person.
    pub note: Option<&'n Scalar>,
}

/// What is made of each item.
#[derive(Clone, Copy, Debug)]
pub enum Item<'n> {
    /// The key `fields:` and what stands under it.
    Fields(&'n Scalar, &'n Node),
    /// The name of another map.
    Map(&'n Scalar),
}

/// `{ from, then, table, otherwise, default, empty, note }`
#[derive(Debug)]
pub struct From<'n> {
    /// The source.
    pub from: &'n Scalar,
    /// What is done to it.
    pub then: Option<&'n Scalar>,
    /// Constants by value.
    pub table: Option<&'n Node>,
    /// For what is not in the table.
    pub otherwise: Option<&'n Node>,
    /// For absent and null.
    pub default: Option<&'n Node>,
    /// What a null becomes.
    pub empty: Option<Empty>,
    /// To a person.
    pub note: Option<&'n Scalar>,
}

/// `{ each, fields | map, empty, note }`
#[derive(Debug)]
pub struct Each<'n> {
    /// The list.
    pub each: &'n Scalar,
    /// What is made of each item.
    pub item: Item<'n>,
    /// What nothing becomes.
    pub empty: Option<Empty>,
    /// To a person.
    pub note: Option<&'n Scalar>,
}

const VALUE_KEYS: &[&str] = &["value", "note"];
const FROM_KEYS: &[&str] = &["from", "then", "table", "otherwise", "default", "empty", "note"];
const EACH_KEYS: &[&str] = &["each", "fields", "map", "empty", "note"];
const INNER_KEYS: &[&str] = &["map", "from", "empty", "note"];
const HELP: &str = "a field is an expression, a number, a flag, `{ value: .. }`, `{ from: .. }`, `{ map: .., from: .. }` or, under `name[]`, `{ each: .., fields: .. }`";

/// Reads the form of a field. `None`: the problems say why.
pub fn read<'n>(node: &'n Node, to: &mut Problems) -> Option<Form<'n>> {
    match &node.kind {
        NodeKind::Scalar(scalar) => scalar_form(node, scalar, to),
        NodeKind::List(_) => {
            let help =
                "quote the expression, so that YAML leaves it alone: `'[.A, .B] | join(\" \")'`; a constant list is `{ value: [..] }`";
            to.error(&codes::FORM, first_line(node.span, node), "YAML reads a list here, and a field is an expression", help.to_string());
            None
        }
        NodeKind::Map(pairs) => map_form(node, pairs, to),
    }
}

fn scalar_form<'n>(node: &'n Node, scalar: &'n Scalar, to: &mut Problems) -> Option<Form<'n>> {
    match scalar.plain() {
        Plain::Null => {
            to.error(&codes::FORM, scalar.span, "this field has no expression", "to write null, say `{ value: null }`".to_string());
            None
        }
        Plain::Flag(_) | Plain::Number(_) => Some(Form::Constant(node, None)),
        Plain::Text(_) => {
            Some(Form::From(From { from: scalar, then: None, table: None, otherwise: None, default: None, empty: None, note: None }))
        }
    }
}

fn map_form<'n>(node: &'n Node, pairs: &'n [(Scalar, Node)], to: &mut Problems) -> Option<Form<'n>> {
    let has = |key: &str| pairs.iter().find(|(have, _)| have.text == key);
    if has("map").is_some() && has("each").is_none() {
        known_keys(pairs, INNER_KEYS, to)?;
        return inner_form(node, to).map(Form::Inner);
    }
    if has("value").is_some() {
        known_keys(pairs, VALUE_KEYS, to)?;
        return Some(Form::Constant(node.get("value")?, scalar_of(node, "note", to)?));
    }
    if has("from").is_some() {
        known_keys(pairs, FROM_KEYS, to)?;
        return from_form(node, to).map(Form::From);
    }
    if let Some((key, _)) = has("each") {
        known_keys(pairs, EACH_KEYS, to)?;
        return each_form(node, pairs, key.span, to).map(Form::Each);
    }
    let (at, says) = match pairs.first() {
        Some((key, _)) => (key.span, format!("a field has no form with `{}`", key.text)),
        None => (node.span, "this field is empty".to_string()),
    };
    let near = pairs.iter().find_map(|(key, _)| did_you_mean(&key.text, ["value", "from", "each", "map"]));
    to.error(&codes::FORM, at, says, near.unwrap_or_else(|| format!("{HELP}; a record made by an expression is quoted: `'{{ a: .b }}'`")));
    None
}

fn from_form<'n>(node: &'n Node, to: &mut Problems) -> Option<From<'n>> {
    let (from, then) = (scalar_of(node, "from", to)?, scalar_of(node, "then", to)?);
    let (empty, note) = (empty_of(node, to)?, scalar_of(node, "note", to)?);
    let table = node.get("table");
    if let (None, Some(otherwise)) = (table, node.get("otherwise")) {
        to.error(
            &codes::FORM,
            otherwise.span,
            "`otherwise` says what is not in the table, and there is no `table`",
            "for absent and null write `default`".to_string(),
        );
        return None;
    }
    Some(From { from: from?, then, table, otherwise: node.get("otherwise"), default: node.get("default"), empty, note })
}

fn inner_form<'n>(node: &'n Node, to: &mut Problems) -> Option<Inner<'n>> {
    let (map, from) = (scalar_of(node, "map", to)??, scalar_of(node, "from", to)?);
    let (empty, note) = (empty_of(node, to)?, scalar_of(node, "note", to)?);
    let Some(from) = from else {
        let help = format!("say of what: `{{ map: {}, from: .Address }}`; `from: .` is all of the source", map.text);
        to.error(&codes::FORM, map.span, "`map` in a field lacks its `from`", help);
        return None;
    };
    Some(Inner { map, from, empty, note })
}

fn each_form<'n>(node: &'n Node, pairs: &'n [(Scalar, Node)], at: Span, to: &mut Problems) -> Option<Each<'n>> {
    let each = scalar_of(node, "each", to)?;
    let (empty, note) = (empty_of(node, to)?, scalar_of(node, "note", to)?);
    let fields = pairs.iter().find(|(key, _)| key.text == "fields");
    let item = match (fields, scalar_of(node, "map", to)?) {
        (Some((key, fields)), None) => Item::Fields(key, fields),
        (None, Some(map)) => Item::Map(map),
        (Some((key, _)), Some(_)) => {
            to.error(&codes::FORM, key.span, "`each` has `fields` or a `map`, not both", "keep one of the two".to_string());
            return None;
        }
        (None, None) => {
            let help = "write `{ each: .Line, fields: { sku: .Sku } }`, or `{ each: .Line, map: line }`".to_string();
            to.error(&codes::FORM, at, "`each` lacks its `fields`", help);
            return None;
        }
    };
    Some(Each { each: each?, item, empty, note })
}

fn known_keys(pairs: &[(Scalar, Node)], known: &[&str], to: &mut Problems) -> Option<()> {
    let mut good = Some(());
    for (key, _) in pairs.iter().filter(|(key, _)| !known.contains(&key.text.as_str())) {
        let help = did_you_mean(&key.text, known.iter().copied());
        let help = help
            .unwrap_or_else(|| format!("beside it stand {}", known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")));
        to.error(&codes::FORM, key.span, format!("a field has no `{}`", key.text), help);
        good = None;
    }
    good
}

/// The scalar under a key: `Some(None)` where there is none.
fn scalar_of<'n>(node: &'n Node, key: &str, to: &mut Problems) -> Option<Option<&'n Scalar>> {
    let Some(under) = node.get(key) else { return Some(None) };
    if let Some(scalar) = under.scalar() {
        return Some(Some(scalar));
    }
    let help = "an expression that begins with `[` or `{` is quoted, so that YAML leaves it alone: `'[.A, .B] | join(\" \")'`";
    to.error(
        &codes::FORM,
        first_line(under.span, under),
        format!("`{key}` wants text, and YAML reads a list or a mapping here"),
        help.to_string(),
    );
    None
}

fn empty_of(node: &Node, to: &mut Problems) -> Option<Option<Empty>> {
    let Some(scalar) = scalar_of(node, "empty", to)? else { return Some(None) };
    match empty_word(&scalar.text) {
        Some(empty) => Some(Some(empty)),
        None => {
            let other = scalar.text.as_str();
            let help = did_you_mean(other, ["omit", "null", "fail"])
                .unwrap_or_else(|| "`omit` leaves the field out, `null` writes null, `fail` fails the record".to_string());
            to.error(&codes::FORM, scalar.span, format!("`empty` is `omit`, `null` or `fail`, and not `{other}`"), help);
            None
        }
    }
}

/// `omit`, `null`, `fail`
pub fn empty_word(word: &str) -> Option<Empty> {
    match word {
        "omit" => Some(Empty::Omit),
        "null" => Some(Empty::Null),
        "fail" => Some(Empty::Fail),
        _ => None,
    }
}

/// A place of one line, also where a node goes over many.
pub fn first_line(span: Span, node: &Node) -> Span {
    match &node.kind {
        NodeKind::Map(pairs) => pairs.first().map_or(span, |(key, _)| key.span),
        NodeKind::List(items) => items.first().map_or(span, |item| Span { to: item.span.from.max(span.from + 1), ..span }),
        NodeKind::Scalar(_) => span,
    }
}

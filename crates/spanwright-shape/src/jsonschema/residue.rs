//! What a shape cannot say: kept in words, printed in the documents, told by the other side when it runs.

use std::sync::Arc;

use super::{NodeKind, Schemas, codes, conjunction::Part, keyword};
use crate::text::{Node, Scalar};

/// Keywords of records that a shape cannot say, and what they mean to a person.
const OF_RECORDS: [(&str, &str); 8] = [
    ("not", "it must not fit what stands under `not`"),
    ("if", "what stands under `if` decides what else must hold"),
    ("patternProperties", "keys that fit a pattern have a shape of their own"),
    ("propertyNames", "keys must fit `propertyNames`"),
    ("dependentSchemas", "some fields ask more of the others"),
    ("minProperties", "it has fewest fields (`minProperties`)"),
    ("maxProperties", "it has most fields (`maxProperties`)"),
    ("dependencies", "some fields ask for others"),
];
/// The same of lists, texts and numbers.
const OF_LEAVES: [(&str, &str); 6] = [
    ("uniqueItems", "no item twice"),
    ("contains", "one item must fit `contains`"),
    ("prefixItems", "its items differ by position"),
    ("not", "it must not fit what stands under `not`"),
    ("if", "what stands under `if` decides what else must hold"),
    ("contentMediaType", "a document of another kind in a text"),
];
/// Keywords that change what a schema means and that nobody here reads.
const NOT_UNDERSTOOD: [&str; 4] = ["$dynamicRef", "$recursiveRef", "$anchor", "$dynamicAnchor"];

pub(super) fn of_record(parts: &[Part<'_>]) -> Vec<Arc<str>> {
    let mut words = said(parts, &OF_RECORDS);
    for part in parts {
        let dependent = part.node.get("dependentRequired").map(keyword::pairs).unwrap_or_default();
        words.extend(dependent.iter().map(|(key, others)| format!("with `{}` it needs {}", key.text, names(others)).into()));
    }
    words
}

/// The residue of a field that has no room for it, with the field's name.
pub(super) fn of_leaf(name: &str, parts: &[Part<'_>]) -> Vec<Arc<str>> {
    let is_record = parts.iter().any(|part| part.node.get("properties").is_some());
    let words = if is_record { Vec::new() } else { said(parts, &OF_LEAVES) };
    words.iter().map(|words| format!("`{name}`: {words}").into()).collect()
}

fn said(parts: &[Part<'_>], keywords: &[(&str, &str)]) -> Vec<Arc<str>> {
    let found = keywords.iter().filter(|(key, _)| parts.iter().any(|part| part.node.get(key).is_some()));
    found.map(|(_, words)| Arc::from(*words)).collect()
}

fn names(others: &Node) -> String {
    let NodeKind::List(items) = &others.kind else { return "others".into() };
    let names: Vec<String> = items.iter().filter_map(Node::scalar).map(|name| format!("`{}`", name.text)).collect();
    names.join(" and ")
}

impl Schemas<'_, '_> {
    /// Says which keywords of a schema are not read at all.
    pub(super) fn understood(&mut self, pairs: &[(Scalar, Node)]) {
        for (key, _) in pairs.iter().filter(|(key, _)| NOT_UNDERSTOOD.contains(&key.text.as_str())) {
            let says = format!("`{}` is not built yet: this schema is read without it", key.text);
            self.to.warning(&codes::NOT_UNDERSTOOD, key.span, says, "refer to types by `$ref` and their path".to_string());
        }
    }
}

//! `enum` and `const`: the only values there are.

use std::sync::Arc;

use super::{
    NodeKind, Plain,
    conjunction::{Kinds, Part},
};
use crate::text::Node;

/// The kinds of the listed values; `None` where no part lists any.
pub(super) fn kinds(parts: &[Part<'_>], nullable: bool) -> Option<Kinds> {
    let start = if nullable { Kinds::NULL } else { Kinds::NONE };
    listed(parts).map(|values| values.iter().fold(start, |kinds, value| kinds.or(kind(value))))
}

/// The texts among the listed values, in the order of the first list.
pub(super) fn texts(parts: &[Part<'_>]) -> Option<Arc<[Arc<str>]>> {
    let values = listed(parts)?;
    let texts = values.iter().filter_map(|value| match value.scalar()?.plain() {
        Plain::Text(text) => Some(Arc::from(text)),
        Plain::Null | Plain::Flag(_) | Plain::Number(_) => None,
    });
    Some(texts.collect())
}

/// The number tokens among the listed values.
pub(super) fn numbers<'d>(parts: &[Part<'d>]) -> Vec<&'d str> {
    let values = listed(parts).unwrap_or_default();
    let tokens = values.into_iter().filter_map(|value| match value.scalar()?.plain() {
        Plain::Number(token) => Some(token),
        Plain::Null | Plain::Flag(_) | Plain::Text(_) => None,
    });
    tokens.collect()
}

/// The values that all lists have.
fn listed<'d>(parts: &[Part<'d>]) -> Option<Vec<&'d Node>> {
    let lists: Vec<&'d [Node]> = parts.iter().filter_map(|part| list(part.node)).collect();
    let (first, others) = lists.split_first()?;
    let everywhere = |value: &&Node| others.iter().all(|list| list.iter().any(|other| same(value, other)));
    Some(first.iter().filter(everywhere).collect())
}

fn list(node: &Node) -> Option<&[Node]> {
    if let Some(only) = node.get("const") {
        return Some(std::slice::from_ref(only));
    }
    match &node.get("enum")?.kind {
        NodeKind::List(values) => Some(values),
        NodeKind::Scalar(_) | NodeKind::Map(_) => None,
    }
}

/// Equal scalars; lists and records are taken as equal, which never refuses a valid value.
fn same(one: &Node, other: &Node) -> bool {
    match (one.scalar(), other.scalar()) {
        (Some(one), Some(other)) => one.plain() == other.plain(),
        (None, None) => kind(one) == kind(other),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn kind(value: &Node) -> Kinds {
    match &value.kind {
        NodeKind::List(_) => Kinds::LIST,
        NodeKind::Map(_) => Kinds::RECORD,
        NodeKind::Scalar(scalar) => match scalar.plain() {
            Plain::Null => Kinds::NULL,
            Plain::Flag(_) => Kinds::FLAG,
            Plain::Number(token) if token.contains(['.', 'e', 'E']) => Kinds::NUMBER,
            Plain::Number(_) => Kinds::INTEGER,
            Plain::Text(_) => Kinds::TEXT,
        },
    }
}

//! A form that has been filled in: typed values, each with its node.
//!
//! Reading has named every fault already, so a value that is not well written is simply not there.

use std::time::Duration;

use crate::text::{Node, NodeKind, Scalar};

use super::{Choice, Form, Key, Kind, kind::written, spelled, variable::whole_variable};

/// A value, or the variable that will have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given<'n, T> {
    /// Written out.
    Is(T),
    /// `${VAR}`
    Variable(&'n str),
}

/// A mapping and the form that it fills in.
#[derive(Clone, Debug)]
pub struct Filled<'n> {
    /// The form.
    pub form: &'static Form,
    /// The mapping.
    pub node: &'n Node,
    /// The naming key, where there is exactly one.
    pub chosen: Option<&'static Choice>,
    pub(super) pairs: Vec<(&'static Key, &'n Scalar, &'n Node)>,
}

impl<'n> Filled<'n> {
    /// The value of a key.
    pub fn node(&self, key: &str) -> Option<&'n Node> {
        self.pairs.iter().find(|(known, _, _)| known.name == key).map(|(_, _, node)| *node)
    }

    /// The key itself, for its place.
    pub fn key(&self, key: &str) -> Option<&'n Scalar> {
        self.pairs.iter().find(|(known, _, _)| known.name == key).map(|(_, name, _)| *name)
    }

    /// The naming key as it is written, and its value.
    pub fn named(&self) -> Option<(&'static str, &'n Scalar, &'n Node)> {
        let name = self.chosen?.key.name;
        Some((name, self.key(name)?, self.node(name)?))
    }

    /// A value that is a scalar and not null.
    pub fn scalar(&self, key: &str) -> Option<&'n Scalar> {
        self.node(key).and_then(written)
    }

    /// The text of such a value.
    pub fn text(&self, key: &str) -> Option<&'n str> {
        self.scalar(key).map(|scalar| scalar.text.as_str())
    }

    /// A time.
    pub fn time(&self, key: &str) -> Option<Given<'n, Duration>> {
        self.given(key, spelled::time)
    }

    /// A rate: how many, in which time.
    pub fn rate(&self, key: &str) -> Option<Given<'n, (u32, Duration)>> {
        self.given(key, spelled::rate)
    }

    /// A size in bytes.
    pub fn size(&self, key: &str) -> Option<Given<'n, u64>> {
        self.given(key, spelled::size)
    }

    /// A whole number.
    pub fn number(&self, key: &str) -> Option<Given<'n, u64>> {
        self.given(key, spelled::number)
    }

    /// A number in hundredths.
    pub fn decimal(&self, key: &str) -> Option<Given<'n, u32>> {
        self.given(key, spelled::decimal)
    }

    /// A percentage.
    pub fn percent(&self, key: &str) -> Option<Given<'n, u32>> {
        self.given(key, spelled::percent)
    }

    /// A flag.
    pub fn flag(&self, key: &str) -> Option<Given<'n, bool>> {
        self.given(key, spelled::flag)
    }

    /// The items of a list; a single value counts as a list of one. Empty where the key is left out.
    pub fn items(&self, key: &str) -> &'n [Node] {
        match self.node(key) {
            Some(Node { kind: NodeKind::List(items), .. }) => items,
            Some(node) => std::slice::from_ref(node),
            None => &[],
        }
    }

    /// The pairs of a mapping. Empty where the key is left out.
    pub fn pairs(&self, key: &str) -> &'n [(Scalar, Node)] {
        match self.node(key).map(|node| &node.kind) {
            Some(NodeKind::Map(pairs)) => pairs,
            _ => &[],
        }
    }

    /// A nested form.
    pub fn form(&self, key: &str) -> Option<Filled<'n>> {
        let (known, _, node) = self.pairs.iter().find(|(known, _, _)| known.name == key)?;
        form_of(&known.kind, node)?.fill(node)
    }

    /// The nested forms of a list's items.
    pub fn forms(&self, key: &str) -> Vec<Filled<'n>> {
        let Some((known, _, node)) = self.pairs.iter().find(|(known, _, _)| known.name == key) else { return Vec::new() };
        match (&known.kind, &node.kind) {
            (Kind::List(inner), NodeKind::List(items)) => items.iter().filter_map(|item| form_of(inner, item)?.fill(item)).collect(),
            _ => Vec::new(),
        }
    }

    /// Every scalar under the keys of this form and of the forms in it, with the kind that it was read by.
    pub fn leaves(&self) -> Vec<(&'static Kind, &'n Scalar)> {
        let mut found = Vec::new();
        for (key, _, node) in &self.pairs {
            leaves(&key.kind, node, &mut found);
        }
        found
    }

    fn given<T>(&self, key: &str, spelled: fn(&str) -> Option<T>) -> Option<Given<'n, T>> {
        let text = self.text(key)?;
        whole_variable(text).map(Given::Variable).or_else(|| spelled(text).map(Given::Is))
    }
}

/// The form that a value of this kind is read by.
fn form_of(kind: &Kind, node: &Node) -> Option<&'static Form> {
    match kind {
        Kind::Form(form) => Some(form),
        Kind::Either(kinds) => kinds.iter().find(|kind| kind.suits(node)).and_then(|kind| form_of(kind, node)),
        _ => None,
    }
}

fn leaves<'n>(kind: &'static Kind, node: &'n Node, found: &mut Vec<(&'static Kind, &'n Scalar)>) {
    match (kind, &node.kind) {
        (Kind::Either(kinds), _) => {
            if let Some(kind) = kinds.iter().find(|kind| kind.suits(node)) {
                leaves(kind, node, found);
            }
        }
        (Kind::Form(form), _) => found.extend(form.fill(node).iter().flat_map(Filled::leaves)),
        (Kind::List(inner), NodeKind::List(items)) => items.iter().for_each(|item| leaves(inner, item, found)),
        (Kind::Map(_, inner), NodeKind::Map(pairs)) => pairs.iter().for_each(|(_, value)| leaves(inner, value, found)),
        (_, NodeKind::Scalar(scalar)) => found.push((kind, scalar)),
        (_, NodeKind::List(items)) => items.iter().for_each(|item| leaves(kind, item, found)),
        (_, NodeKind::Map(pairs)) => pairs.iter().for_each(|(_, value)| leaves(kind, value, found)),
    }
}

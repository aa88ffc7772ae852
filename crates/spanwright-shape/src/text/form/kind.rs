//! The kinds of values. The key fixes the kind, and nothing is guessed.

use crate::text::{Node, NodeKind, Plain, Scalar};

use super::Form;

/// What stands behind a key.
#[derive(Debug)]
pub enum Kind {
    /// Text, in which `${VAR}` may stand.
    Text,
    /// `${VAR}` and nothing else.
    Secret,
    /// An expression; no `${VAR}` in it.
    Expr,
    /// A whole number, not negative.
    Number,
    /// A number with a point.
    Decimal,
    /// `50%`
    Percent,
    /// `true` or `false`.
    Flag,
    /// `2s`, `15m`, `72h`.
    Time,
    /// `20/s`
    Rate,
    /// `4MB`
    Size,
    /// Letters, digits, `-` and `_`.
    Name,
    /// A file of the project, by its path.
    File,
    /// `system.operation`
    Op,
    /// `system:Type.path`
    Type,
    /// A word without blanks: a parameter, an operation, a path.
    Word,
    /// Any literal.
    Value,
    /// Target fields and their expressions; read by the map that they belong to.
    Fields,
    /// One of these words.
    Words(&'static [&'static str]),
    /// A list of one kind.
    List(&'static Kind),
    /// A mapping from names of the user's to one kind.
    Map(MapKey, &'static Kind),
    /// A mapping with keys of ours.
    Form(&'static Form),
    /// The first of these that looks like what is written.
    Either(&'static [Kind]),
}

/// What the user's own keys look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapKey {
    /// Letters, digits, `-` and `_`.
    Name,
    /// The name of a variable: capitals, digits and `_`.
    Variable,
    /// Anything.
    Any,
}

impl Kind {
    /// What a message calls it.
    pub fn noun(&self) -> String {
        match self {
            Kind::Text => "a text".to_string(),
            Kind::Secret => "a variable such as `\"${PASSWORD}\"`".to_string(),
            Kind::Expr => "an expression such as `.Number`".to_string(),
            Kind::Number => "a whole number".to_string(),
            Kind::Decimal => "a number".to_string(),
            Kind::Percent => "a percentage such as `50%`".to_string(),
            Kind::Flag => "`true` or `false`".to_string(),
            Kind::Time => "a time such as `2s`, `15m` or `72h`".to_string(),
            Kind::Rate => "a rate such as `20/s` or `300/m`".to_string(),
            Kind::Size => "a size such as `512KB` or `4MB`".to_string(),
            Kind::Name => "a name".to_string(),
            Kind::File => "a file of the project".to_string(),
            Kind::Op => "an operation such as `erp.ListCustomers`".to_string(),
            Kind::Type => "a type such as `erp:Customer`".to_string(),
            Kind::Word => "a word".to_string(),
            Kind::Value => "a value".to_string(),
            Kind::Fields => "a mapping of fields to expressions".to_string(),
            Kind::Words(words) => list_of(words),
            Kind::List(inner) => format!("a list, each item {}", inner.noun()),
            Kind::Map(_, inner) => format!("a mapping from names, each value {}", inner.noun()),
            Kind::Form(form) => format!("a mapping with the keys of `{}`", form.name),
            Kind::Either(kinds) => kinds.iter().map(Kind::noun).collect::<Vec<_>>().join(", or "),
        }
    }

    /// Whether a node looks like this kind at first sight.
    pub fn suits(&self, node: &Node) -> bool {
        match self {
            Kind::Value => true,
            Kind::List(_) => matches!(node.kind, NodeKind::List(_)),
            Kind::Map(..) | Kind::Form(_) | Kind::Fields => matches!(node.kind, NodeKind::Map(_)),
            Kind::Words(words) => written(node).is_some_and(|scalar| words.contains(&scalar.text.as_str())),
            Kind::Either(kinds) => kinds.iter().any(|kind| kind.suits(node)),
            _ => written(node).is_some(),
        }
    }
}

/// The scalar of a node, unless it is null.
pub(super) fn written(node: &Node) -> Option<&Scalar> {
    node.scalar().filter(|scalar| scalar.plain() != Plain::Null)
}

/// `a`, `b` or `c`
pub(super) fn list_of(words: &[&str]) -> String {
    match words {
        [] => "nothing".to_string(),
        [one] => format!("`{one}`"),
        [first @ .., last] => format!("{} or `{last}`", first.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")),
    }
}

//! What narrows a type of text. Kept all, checked when we send, told when we document.

use std::sync::Arc;

/// The facets of a simple type, its bases' included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    /// The only texts there are, in schema order.
    pub one_of: Option<Arc<[Arc<str>]>>,
    /// Fewest characters, bytes or items.
    pub shortest: Option<u32>,
    /// Most of them.
    pub longest: Option<u32>,
    /// Digits in all.
    pub digits: Option<u16>,
    /// Digits behind the point.
    pub fraction: Option<u16>,
    /// At least, or more than where `true`.
    pub least: Option<(Arc<str>, bool)>,
    /// At most, or less than where `true`.
    pub most: Option<(Arc<str>, bool)>,
    /// As the schema wrote it: residue, since XSD's dialect is its own.
    pub pattern: Option<Arc<str>>,
}

impl Facets {
    /// Between two whole numbers.
    pub fn between(least: &str, most: &str) -> Facets {
        let bound = |text: &str| (!text.is_empty()).then(|| (Arc::from(text), false));
        Facets { least: bound(least), most: bound(most), ..Facets::default() }
    }
}

//! What narrows a type of text. Kept all, checked when we send, told when we document.

use std::sync::Arc;

use super::lexical::Lexis;
use super::pattern::Pattern;

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
    /// At least.
    pub least: Option<Bound>,
    /// At most.
    pub most: Option<Bound>,
    /// Each of these, one a step of derivation.
    pub patterns: Vec<Arc<Pattern>>,
    /// How the built-in type behind it is spelt.
    pub(super) lexis: Option<Lexis>,
}

/// A bound of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// As the schema writes it.
    pub text: Arc<str>,
    /// Whether it is outside itself.
    pub exclusive: bool,
    /// Its value, where it is whole and fits: nearly all are, and are compared without reading the text.
    pub(super) whole: Option<i64>,
}

impl Bound {
    /// A bound, as a schema writes it.
    pub fn new(text: Arc<str>, exclusive: bool) -> Bound {
        let whole = text.trim().parse().ok();
        Bound { text, exclusive, whole }
    }
}

impl Facets {
    /// Between two whole numbers.
    pub fn between(least: &str, most: &str) -> Facets {
        let bound = |text: &str| (!text.is_empty()).then(|| Bound::new(Arc::from(text), false));
        Facets { least: bound(least), most: bound(most), ..Facets::default() }
    }

    /// The pattern to show: that of the last derivation.
    pub fn pattern(&self) -> Option<Arc<str>> {
        self.patterns.last().map(|pattern| pattern.written.clone())
    }
}

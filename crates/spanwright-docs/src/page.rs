//! A page: blocks of a few kinds, written once and rendered twice.

use crate::diagram::Figure;

/// One page.
pub struct Page {
    /// Without ending: `flows/customers`.
    pub path: String,
    /// Its title.
    pub title: String,
    /// Where it stands: label and page without ending, from the top.
    pub crumbs: Vec<(String, String)>,
    /// What is on it.
    pub blocks: Vec<Block>,
}

/// A block.
pub enum Block {
    /// A heading of the second or third level.
    Heading(u8, String),
    /// A paragraph.
    Text(Vec<Inline>),
    /// Items.
    List(Vec<Vec<Inline>>),
    /// Names and what is true of them.
    Facts(Vec<(String, Vec<Inline>)>),
    /// A table: heads, rows of cells.
    Table(Vec<&'static str>, Vec<Vec<Vec<Inline>>>),
    /// A drawing.
    Figure(Figure),
}

/// A piece of a line.
#[derive(Clone, Debug)]
pub enum Inline {
    /// Words.
    Text(String),
    /// As it is written in a file.
    Code(String),
    /// Something said with weight.
    Strong(String),
    /// A label with a border: a rule, a requirement.
    Mark(String),
    /// Words that lead to a page (without ending), or to a file (with one).
    Link(String, String),
    /// A new line in a cell.
    Break,
}

/// Words.
pub fn words(text: impl Into<String>) -> Vec<Inline> {
    vec![Inline::Text(text.into())]
}

/// Code.
pub fn code(text: impl Into<String>) -> Vec<Inline> {
    vec![Inline::Code(text.into())]
}

/// A link.
pub fn link(label: impl Into<String>, to: impl Into<String>) -> Vec<Inline> {
    vec![Inline::Link(label.into(), to.into())]
}

/// Many, with this between them.
pub fn joined(pieces: impl IntoIterator<Item = Vec<Inline>>, between: &str) -> Vec<Inline> {
    let mut all = Vec::new();
    for piece in pieces {
        if !all.is_empty() {
            all.push(Inline::Text(between.to_string()));
        }
        all.extend(piece);
    }
    all
}

/// The way from one page to another, both without ending.
pub fn relative(from: &str, to: &str) -> String {
    let up = "../".repeat(from.matches('/').count());
    format!("{up}{to}")
}

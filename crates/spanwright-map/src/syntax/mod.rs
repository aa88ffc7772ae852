//! jq's grammar, as far as it is accepted: text to [`Tree`], every node with its bytes.
//!
//! The parser knows syntax only. What jq has and we refuse is refused by name in [`refused`]; what a name means is
//! settled when the tree is lowered. Precedence is that of jq 1.8.2, lowest first: `|`, `,`, `//`, `or`, `and`,
//! comparisons (which do not chain), `+ -`, `* / %`.

mod lexer;
mod parser;
mod quote;
pub mod refused;
mod term;
mod tree;

pub use parser::parse;
pub use tree::{Operator, Piece, Tree, TreeKind};

use spanwright_shape::text::Code;

/// Bytes that one expression may have.
pub const EXPRESSION_BYTES_MOST: usize = 16 << 10;
/// Nesting that one expression may have.
pub const EXPRESSION_DEPTH_MOST: usize = 64;
/// Steps and operators that one expression may have.
pub const EXPRESSION_LINKS_MOST: usize = 512;

/// A fault in the text: where, what and what to write instead.
#[derive(Debug)]
pub struct Fault {
    /// Which kind.
    pub code: &'static Code,
    /// First byte.
    pub from: usize,
    /// One behind the last.
    pub to: usize,
    /// What is wrong.
    pub says: String,
    /// What to write instead.
    pub help: Option<String>,
}

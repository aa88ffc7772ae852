//! What runs: a tree in which every name has its meaning, patterns are compiled, and each node knows whether it can
//! give more than one result.
//!
//! A node that gives at most one is evaluated straight; only the others pay for a callback.

use std::sync::{Arc, atomic::AtomicU32};

use spanwright_shape::number::Number;

use crate::{
    functions::{Function, Prepared},
    syntax::Operator,
};

/// A node.
#[derive(Debug)]
pub struct Op {
    /// What it does.
    pub kind: OpKind,
    /// Whether it can give more than one result, whatever the types.
    pub many: bool,
    /// Its place: an index into the program's [`Site`]s.
    pub site: u32,
}

/// Where a node stands in the text of its expression, and what it works on.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// First byte.
    pub from: u32,
    /// One behind the last.
    pub to: u32,
    /// The source path that its input comes from, as far as the checker could tell.
    pub path: Option<Arc<str>>,
}

/// What a node does.
#[derive(Debug)]
pub enum OpKind {
    /// `.`
    Dot,
    /// A constant.
    Literal(Literal),
    /// A text with expressions inside, each put through a format: `@uri "..\(.q)"`; without one it is `tostring`.
    Text(Box<[TextPiece]>, Option<&'static Function>),
    /// A name from outside: `$vars`.
    Name(Arc<str>),
    /// A name bound inside: how many bindings stand between.
    Local(u32),
    /// Steps from a base.
    Path(Box<Op>, Box<[Step]>),
    /// `BASE[]`; the flag says whether what has no items is passed over (`[]?`).
    Iterate(Box<Op>, bool),
    /// `A | B`
    Pipe(Box<Op>, Box<Op>),
    /// `A, B, C`
    Comma(Box<[Op]>),
    /// `A // B`
    Otherwise(Box<Op>, Box<Op>),
    /// `A and B`
    And(Box<Op>, Box<Op>),
    /// `A or B`
    Or(Box<Op>, Box<Op>),
    /// Comparisons and arithmetic.
    Binary(Operator, Box<Op>, Box<Op>),
    /// `-A`
    Negate(Box<Op>),
    /// `if C then A elif .. else B end`
    If(Box<[(Op, Op)]>, Option<Box<Op>>),
    /// `[A]`
    List(Option<Box<Op>>),
    /// `{ K: V }`
    Record(Box<[(Op, Op)]>),
    /// `A as $x | B`
    Bind(Box<Op>, Box<Op>),
    /// `reduce A as $x (B; C)`
    Reduce(Box<Op>, Box<Op>, Box<Op>),
    /// `A?`, `try A`
    Try(Box<Op>),
    /// `try A catch B`; the dot of B is what `error(..)` was given, or the failure in words.
    Catch(Box<Op>, Box<Op>),
    /// `select(C)`
    Select(Box<Op>),
    /// `first(A)`, `limit(n; A)`
    Limit(Box<Op>, Box<Op>),
    /// `skip(n; A)`
    Skip(Box<Op>, Box<Op>),
    /// `last(A)`
    Last(Box<Op>),
    /// Whether some (or every) result of a source meets a condition: stops as soon as it knows.
    Quantify(Quantifier, Box<Op>, Box<Op>),
    /// `range(from; to; by)`
    Range(Box<[Op; 3]>),
    /// `sub`, `gsub`
    Replace(Box<Replace>),
    /// A function of its input and arguments.
    Call(&'static Function, Box<[Op]>, Prepared),
    /// `empty`, and what could not be lowered.
    Empty,
}

/// `any` or `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// One is enough.
    Any,
    /// Each one must.
    All,
}

/// A constant.
#[derive(Clone, Debug)]
pub enum Literal {
    /// `null`
    Null,
    /// `true`, `false`
    Flag(bool),
    /// Up to 18 digits.
    Small(i64, u8),
    /// A longer number.
    Exact(Box<str>),
    /// A text.
    Text(Box<str>),
}

impl Literal {
    /// A number as it was written.
    pub fn number(text: &str) -> Literal {
        match Number::parse(text) {
            Ok(Number::Small { digits, scale }) => Literal::Small(digits, scale),
            Ok(Number::Exact(_)) | Err(_) => Literal::Exact(text.into()),
        }
    }
}

/// A piece of a text.
#[derive(Debug)]
pub enum TextPiece {
    /// As it is.
    Plain(Box<str>),
    /// What an expression gives, as text.
    Inside(Op),
}

/// A step of a path.
#[derive(Debug)]
pub struct Step {
    /// Which way.
    pub way: Way,
    /// Whether a failure is passed over (`.a?`).
    pub optional: bool,
    /// Its place.
    pub site: u32,
}

impl Step {
    /// The key that it steps to.
    pub fn key(&self) -> Option<&str> {
        match &self.way {
            Way::Key(key, _) => Some(key),
            _ => None,
        }
    }
}

/// The ways down.
#[derive(Debug)]
pub enum Way {
    /// A key, and the slot where it was found last: records of one schema have it there again.
    Key(Box<str>, AtomicU32),
    /// An item, from behind where negative.
    Item(i64),
    /// A key or an item that an expression gives.
    Computed(Op),
    /// Some items, or some characters.
    Slice(Option<Op>, Option<Op>),
}

/// `sub`, `gsub`: what is sought, and what stands there instead; its dot is the record of named groups.
#[derive(Debug)]
pub struct Replace {
    /// What is sought.
    pub pattern: Pattern,
    /// Each, or the first only.
    pub all: bool,
    /// What stands there instead.
    pub with: Op,
}

/// How far the search for one match may look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Not much beyond the match: all matches of a text together take time linear in it.
    Near,
    /// To the end of the text for each match, as `a|[^z]*z` does: all of them together take time quadratic in it.
    Far,
}

/// A pattern, compiled when the expression is checked.
#[derive(Debug)]
pub enum Pattern {
    /// No sign in it has a meaning: found by comparison.
    Literal(Box<str>),
    /// A regular expression that runs in linear time.
    Expression(Box<regex::Regex>, Reach),
}

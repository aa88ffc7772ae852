//! What was written, before any name in it has a meaning.

/// A node and the bytes it stands on.
#[derive(Clone, Debug)]
pub struct Tree {
    /// First byte.
    pub from: usize,
    /// One behind the last.
    pub to: usize,
    /// What it is.
    pub kind: TreeKind,
}

/// The forms of the language.
#[derive(Clone, Debug)]
pub enum TreeKind {
    /// `.`
    Dot,
    /// `null`
    Null,
    /// `true`, `false`
    Flag(bool),
    /// `12.50`
    Number(String),
    /// `"a \(.b)"`
    Text(Vec<Piece>),
    /// `@csv`, `@uri "..\(.q)"`: a format alone, or one for what stands inside a text.
    Format(String, Option<Vec<Piece>>),
    /// `$name`
    Variable(String),
    /// `.name`, `."name"`, `.[EXPR]`; the key is evaluated on the dot that the whole path has.
    Index(Box<Tree>, Box<Tree>),
    /// `.[from:to]`
    Slice(Box<Tree>, Option<Box<Tree>>, Option<Box<Tree>>),
    /// `.[]`
    Iterate(Box<Tree>),
    /// `X?`; the flag says whether it stands behind a parenthesis, and so concerns all of it: `(.a.b)?`.
    Optional(Box<Tree>, bool),
    /// `A | B`
    Pipe(Box<Tree>, Box<Tree>),
    /// `A, B`
    Comma(Box<Tree>, Box<Tree>),
    /// `A // B`
    Otherwise(Box<Tree>, Box<Tree>),
    /// `A + B` and its like, `and` and `or` included
    Binary(Operator, Box<Tree>, Box<Tree>),
    /// `-A`
    Negate(Box<Tree>),
    /// `if C then A elif .. else B end`
    If(Vec<(Tree, Tree)>, Option<Box<Tree>>),
    /// `[A]`, `[]`
    List(Option<Box<Tree>>),
    /// `{ key: value }`
    Record(Vec<(Tree, Tree)>),
    /// `name`, `name(a; b)`
    Call(String, Vec<Tree>),
    /// `A as $x | B`
    Bind(Box<Tree>, String, Box<Tree>),
    /// `try A`, `try A catch B`
    Try(Box<Tree>, Option<Box<Tree>>),
    /// `reduce A as $x (B; C)`
    Reduce(Box<Tree>, String, Box<Tree>, Box<Tree>),
}

/// A piece of a text.
#[derive(Clone, Debug)]
pub enum Piece {
    /// As it is, escapes resolved.
    Plain(String),
    /// `\(EXPR)`
    Inside(Tree),
}

/// What stands between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `or`
    Or,
    /// `and`
    And,
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
}

impl Operator {
    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Operator::Or => "or",
            Operator::And => "and",
            Operator::Equal => "==",
            Operator::Unequal => "!=",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
        }
    }
}

//! Recursive descent with jq's precedence; the first fault ends it, since what follows one is guesswork.

use super::{
    EXPRESSION_BYTES_MOST, EXPRESSION_DEPTH_MOST, EXPRESSION_LINKS_MOST, Fault,
    lexer::{self, Token},
    tree::{Operator, Tree, TreeKind},
};
use crate::codes;

/// Reads one expression.
///
/// # Errors
/// The first [`Fault`].
pub fn parse(text: &str) -> Result<Tree, Fault> {
    if text.len() > EXPRESSION_BYTES_MOST {
        let says = format!("this expression has more than {EXPRESSION_BYTES_MOST} bytes");
        return Err(Fault { code: &codes::TOO_LARGE, from: 0, to: 0, says, help: Some("split it over several fields".into()) });
    }
    let mut parser = Parser { text, token: Token::End, from: 0, to: 0, behind: 0, depth: 0, links: 0 };
    parser.advance(0);
    if parser.token == Token::End {
        return Err(parser.fault("there is no expression here", "`.` is the whole input, `.Name` a field of it"));
    }
    let tree = parser.pipe()?;
    match parser.token {
        Token::End => Ok(tree),
        _ => Err(parser.left_over(&tree)),
    }
}

pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    /// The token that is looked at, and its bytes.
    pub(super) token: Token<'t>,
    pub(super) from: usize,
    pub(super) to: usize,
    /// Where the token before it ended.
    pub(super) behind: usize,
    pub(super) depth: usize,
    pub(super) links: usize,
}

/// A tree, or the fault that ended the reading.
pub(super) type Parsed = Result<Tree, Fault>;

impl<'t> Parser<'t> {
    pub(super) fn advance(&mut self, at: usize) {
        self.behind = at;
        (self.token, self.from, self.to) = lexer::next(self.text, at);
    }

    pub(super) fn take(&mut self) {
        self.advance(self.to);
    }

    pub(super) fn sees(&self, sign: &str) -> bool {
        matches!(self.token, Token::Sign(have) if have == sign)
    }

    pub(super) fn sees_word(&self, word: &str) -> bool {
        matches!(self.token, Token::Name(have) if have == word)
    }

    pub(super) fn eat(&mut self, sign: &str) -> bool {
        let seen = self.sees(sign) || self.sees_word(sign);
        if seen {
            self.take();
        }
        seen
    }

    pub(super) fn need(&mut self, sign: &str, whose: &str) -> Result<(), Fault> {
        if self.eat(sign) {
            return Ok(());
        }
        let found = self.shown();
        Err(self.fault(format!("{whose} lacks its `{sign}`: found {found}"), format!("write `{sign}` here")))
    }

    /// One level deeper, bounded: the evaluator's stack is as deep as the text nests.
    pub(super) fn deeper(&mut self, parse: fn(&mut Self) -> Parsed) -> Parsed {
        if self.depth == EXPRESSION_DEPTH_MOST {
            let says = format!("this expression nests deeper than {EXPRESSION_DEPTH_MOST}");
            return Err(Fault {
                code: &codes::TOO_LARGE,
                from: self.from,
                to: self.to,
                says,
                help: Some("split it over several fields".into()),
            });
        }
        self.depth += 1;
        let tree = parse(self);
        self.depth -= 1;
        tree
    }

    /// One more link of a chain (`a + b + ..`, `.a.b..`): a chain nests to the left, and so is bounded too.
    pub(super) fn link(&mut self) -> Result<(), Fault> {
        self.links += 1;
        if self.links <= EXPRESSION_LINKS_MOST {
            return Ok(());
        }
        let says = format!("this expression has more than {EXPRESSION_LINKS_MOST} steps and operators");
        Err(Fault { code: &codes::TOO_LARGE, from: self.from, to: self.to, says, help: Some("split it over several fields".into()) })
    }

    pub(super) fn fault(&self, says: impl Into<String>, help: impl Into<String>) -> Fault {
        Fault { code: &codes::SYNTAX, from: self.from, to: self.to, says: says.into(), help: Some(help.into()) }
    }

    pub(super) fn refused(&self, says: impl Into<String>, help: impl Into<String>) -> Fault {
        Fault { code: &codes::REFUSED, from: self.from, to: self.to, says: says.into(), help: Some(help.into()) }
    }

    pub(super) fn shown(&self) -> String {
        match self.token {
            Token::End => "the end".to_string(),
            _ => format!("`{}`", &self.text[self.from..self.to]),
        }
    }

    pub(super) fn tree(&self, from: usize, kind: TreeKind) -> Tree {
        Tree { from, to: self.behind.max(from), kind }
    }

    /// The whole text was not read: says what the rest looks like.
    pub(super) fn left_over(&self, before: &Tree) -> Fault {
        match self.token {
            Token::Sign(sign @ ("=" | "|=" | "+=" | "-=" | "*=" | "/=" | "%=" | "//=")) => {
                let help = if sign == "=" {
                    "`==` compares"
                } else {
                    "a map builds its target anew: the key of the field says where the value goes"
                };
                self.refused(format!("`{sign}` assigns, and a map changes nothing"), help)
            }
            Token::Sign("?//") => self.refused(
                "`?//` takes values apart by pattern, and is not built",
                "to give `?` a default, write a space: `.a? // \"none\"`",
            ),
            Token::Sign(sign @ ("==" | "!=" | "<" | "<=" | ">" | ">=")) => {
                self.fault(format!("`{sign}` cannot follow another comparison"), "join them: `.a < .b and .b < .c`")
            }
            Token::Other('#') => self.fault("`#` begins a comment", "quote the key: `.\"#text\"`"),
            _ => self.behind_word(before),
        }
    }

    /// Two things beside each other: `ERP customer`, `.Credit@currency`.
    fn behind_word(&self, before: &Tree) -> Fault {
        let found = self.shown();
        if let (TreeKind::Call(word, arguments), Token::Name(_)) = (&before.kind, self.token)
            && arguments.is_empty()
        {
            let says = format!("`{word}` is a bare word where an expression belongs");
            let help = format!("a constant is `{{ value: {} }}`, a text in an expression is `\"{word} ..\"`", self.text.trim());
            return Fault { code: &codes::BARE_WORD, from: before.from, to: self.text.len(), says, help: Some(help) };
        }
        let help = match self.token {
            Token::Format(name) => format!("an attribute is `.\"@{name}\"` or `attr(\"{name}\")`"),
            _ => "`|` passes a value on, `+` joins, `,` gives several".to_string(),
        };
        self.fault(format!("{found} cannot follow here"), help)
    }

    // ---- from the loosest binding to the tightest ----

    pub(super) fn pipe(&mut self) -> Parsed {
        self.deeper(Self::pipe_here)
    }

    fn pipe_here(&mut self) -> Parsed {
        let from = self.from;
        let left = self.comma()?;
        if !self.eat("|") {
            return Ok(left);
        }
        let right = self.pipe()?;
        Ok(self.tree(from, TreeKind::Pipe(left.into(), right.into())))
    }

    /// `A + B as $x | BODY` binds the whole sum, as jq does since 1.8; the body reaches as far to the right as it can.
    pub(super) fn bind(&mut self, from: usize, source: Tree) -> Parsed {
        self.take();
        let name = self.pattern()?;
        self.need("|", "`as`")?;
        let body = self.pipe()?;
        Ok(self.tree(from, TreeKind::Bind(source.into(), name, body.into())))
    }

    pub(super) fn pattern(&mut self) -> Result<String, Fault> {
        match self.token {
            Token::Variable(name) => {
                self.take();
                Ok(name.to_string())
            }
            Token::Sign("[" | "{") => {
                Err(self.refused("taking a value apart with `as [..]` or `as {..}` is not built", "bind the whole: `. as $x | $x.a`"))
            }
            _ => Err(self.fault(format!("`as` lacks its `$name`: found {}", self.shown()), "write `EXPR as $name | ..`")),
        }
    }

    fn comma(&mut self) -> Parsed {
        let from = self.from;
        let mut left = self.bound()?;
        while self.eat(",") {
            self.link()?;
            let right = self.bound()?;
            left = self.tree(from, TreeKind::Comma(left.into(), right.into()));
        }
        Ok(left)
    }

    fn bound(&mut self) -> Parsed {
        let from = self.from;
        let source = self.otherwise()?;
        if self.sees_word("as") { self.bind(from, source) } else { Ok(source) }
    }

    pub(super) fn otherwise(&mut self) -> Parsed {
        let from = self.from;
        let left = self.or()?;
        if !self.eat("//") {
            return Ok(left);
        }
        let right = self.deeper(Self::otherwise)?;
        Ok(self.tree(from, TreeKind::Otherwise(left.into(), right.into())))
    }

    fn or(&mut self) -> Parsed {
        self.left_to_right(Self::and, &[Operator::Or])
    }

    fn and(&mut self) -> Parsed {
        self.left_to_right(Self::comparison, &[Operator::And])
    }

    /// Comparisons do not chain: `1 < 2 < 3` is an error in jq too.
    fn comparison(&mut self) -> Parsed {
        use Operator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Unequal};
        let from = self.from;
        let left = self.sum()?;
        let Some(operator) = self.operator(&[Equal, Unequal, LessOrEqual, GreaterOrEqual, Less, Greater]) else { return Ok(left) };
        let right = self.sum()?;
        Ok(self.tree(from, TreeKind::Binary(operator, left.into(), right.into())))
    }

    fn sum(&mut self) -> Parsed {
        self.left_to_right(Self::product, &[Operator::Add, Operator::Subtract])
    }

    fn product(&mut self) -> Parsed {
        self.left_to_right(Self::negated, &[Operator::Multiply, Operator::Divide, Operator::Remainder])
    }

    fn left_to_right(&mut self, operand: fn(&mut Self) -> Parsed, operators: &[Operator]) -> Parsed {
        let from = self.from;
        let mut left = operand(self)?;
        while let Some(operator) = self.operator(operators) {
            self.link()?;
            let right = operand(self)?;
            left = self.tree(from, TreeKind::Binary(operator, left.into(), right.into()));
        }
        Ok(left)
    }

    fn operator(&mut self, among: &[Operator]) -> Option<Operator> {
        let Token::Sign(sign) = self.token else { return None };
        let found = among.iter().copied().find(|operator| operator.sign() == sign)?;
        self.take();
        Some(found)
    }

    pub(super) fn negated(&mut self) -> Parsed {
        let from = self.from;
        if !self.eat("-") {
            return self.path();
        }
        let operand = self.deeper(Self::negated)?;
        Ok(self.tree(from, TreeKind::Negate(operand.into())))
    }
}

//! Recursive descent with jq's precedence; the first fault ends it, since what follows one is guesswork.

use super::{
    EXPRESSION_BYTES_MOST, EXPRESSION_DEPTH_MOST, EXPRESSION_LINKS_MOST, Fault,
    lexer::{self, Token},
    refused,
    tree::{Operator, Piece, Tree, TreeKind},
};
use crate::codes;

/// Words that cannot name a function.
const KEYWORDS: &[&str] =
    &["if", "then", "elif", "else", "end", "as", "reduce", "and", "or", "def", "foreach", "label", "try", "catch", "import", "include"];

/// Reads one expression.
///
/// # Errors
/// The first [`Fault`].
pub fn parse(text: &str) -> Result<Tree, Fault> {
    if text.len() > EXPRESSION_BYTES_MOST {
        let says = format!("this expression has more than {EXPRESSION_BYTES_MOST} bytes");
        return Err(Fault { code: &codes::TOO_LARGE, from: 0, to: 0, says, help: Some("split it over several fields".into()) });
    }
    let mut parser = Parser { text, token: Token::End, from: 0, to: 0, behind: 0, depth: 0, links: 0, pipe_from: 0 };
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

struct Parser<'t> {
    text: &'t str,
    /// The token that is looked at, and its bytes.
    token: Token<'t>,
    from: usize,
    to: usize,
    /// Where the token before it ended.
    behind: usize,
    depth: usize,
    links: usize,
    /// Where the pipe that is read began: `as` binds only what stands there.
    pipe_from: usize,
}

type Parsed = Result<Tree, Fault>;

impl<'t> Parser<'t> {
    fn advance(&mut self, at: usize) {
        self.behind = at;
        (self.token, self.from, self.to) = lexer::next(self.text, at);
    }

    fn take(&mut self) {
        self.advance(self.to);
    }

    fn sees(&self, sign: &str) -> bool {
        matches!(self.token, Token::Sign(have) if have == sign)
    }

    fn sees_word(&self, word: &str) -> bool {
        matches!(self.token, Token::Name(have) if have == word)
    }

    fn eat(&mut self, sign: &str) -> bool {
        let seen = self.sees(sign) || self.sees_word(sign);
        if seen {
            self.take();
        }
        seen
    }

    fn need(&mut self, sign: &str, whose: &str) -> Result<(), Fault> {
        if self.eat(sign) {
            return Ok(());
        }
        let found = self.shown();
        Err(self.fault(format!("{whose} lacks its `{sign}`: found {found}"), format!("write `{sign}` here")))
    }

    /// One level deeper, bounded: the evaluator's stack is as deep as the text nests.
    fn deeper(&mut self, parse: fn(&mut Self) -> Parsed) -> Parsed {
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
    fn link(&mut self) -> Result<(), Fault> {
        self.links += 1;
        if self.links <= EXPRESSION_LINKS_MOST {
            return Ok(());
        }
        let says = format!("this expression has more than {EXPRESSION_LINKS_MOST} steps and operators");
        Err(Fault { code: &codes::TOO_LARGE, from: self.from, to: self.to, says, help: Some("split it over several fields".into()) })
    }

    fn fault(&self, says: impl Into<String>, help: impl Into<String>) -> Fault {
        Fault { code: &codes::SYNTAX, from: self.from, to: self.to, says: says.into(), help: Some(help.into()) }
    }

    fn refused(&self, says: impl Into<String>, help: impl Into<String>) -> Fault {
        Fault { code: &codes::REFUSED, from: self.from, to: self.to, says: says.into(), help: Some(help.into()) }
    }

    fn shown(&self) -> String {
        match self.token {
            Token::End => "the end".to_string(),
            _ => format!("`{}`", &self.text[self.from..self.to]),
        }
    }

    fn tree(&self, from: usize, kind: TreeKind) -> Tree {
        Tree { from, to: self.behind.max(from), kind }
    }

    /// The whole text was not read: says what the rest looks like.
    fn left_over(&self, before: &Tree) -> Fault {
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

    fn pipe(&mut self) -> Parsed {
        self.deeper(Self::pipe_here)
    }

    fn pipe_here(&mut self) -> Parsed {
        let from = self.from;
        self.pipe_from = from;
        let left = self.comma()?;
        if !self.eat("|") {
            return Ok(left);
        }
        let right = self.pipe()?;
        Ok(self.tree(from, TreeKind::Pipe(left.into(), right.into())))
    }

    /// `TERM as $x | BODY`: the body reaches as far to the right as it can.
    fn bind(&mut self, from: usize, source: Tree) -> Parsed {
        self.take();
        let name = self.pattern()?;
        self.need("|", "`as`")?;
        let body = self.pipe()?;
        Ok(self.tree(from, TreeKind::Bind(source.into(), name, body.into())))
    }

    fn pattern(&mut self) -> Result<String, Fault> {
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
        let mut left = self.otherwise()?;
        while self.eat(",") {
            self.link()?;
            let right = self.otherwise()?;
            left = self.tree(from, TreeKind::Comma(left.into(), right.into()));
        }
        Ok(left)
    }

    fn otherwise(&mut self) -> Parsed {
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

    fn negated(&mut self) -> Parsed {
        let from = self.from;
        if !self.eat("-") {
            return self.postfix();
        }
        let operand = self.deeper(Self::negated)?;
        Ok(self.tree(from, TreeKind::Negate(operand.into())))
    }

    // ---- terms ----

    /// A term, and what it is bound to: `TERM as $x | ..`.
    fn postfix(&mut self) -> Parsed {
        let from = self.from;
        let begins = from == self.pipe_from;
        let term = self.path()?;
        match self.sees_word("as") {
            true if begins => self.bind(from, term),
            true => Err(self.refused("`as` behind an operator binds differently than it looks", "write `(A + B) as $name | ..`")),
            false => Ok(term),
        }
    }

    /// A term and the steps behind it.
    fn path(&mut self) -> Parsed {
        let from = self.from;
        let mut term = self.term()?;
        loop {
            self.link()?;
            term = match self.token {
                Token::Field(name) => {
                    let key = self.text_tree(name, self.from + 1);
                    self.take();
                    self.tree(from, TreeKind::Index(term.into(), key.into()))
                }
                Token::Sign(".") => self.dotted(from, term)?,
                Token::Sign("[") => self.bracket(from, term)?,
                Token::Sign("?") => {
                    let whole = self.text[..self.behind].ends_with(')');
                    self.take();
                    self.tree(from, TreeKind::Optional(term.into(), whole))
                }
                _ => return Ok(term),
            };
        }
    }

    fn text_tree(&self, text: &str, from: usize) -> Tree {
        Tree { from, to: self.to, kind: TreeKind::Text(vec![Piece::Plain(text.to_string())]) }
    }

    /// Behind a dot that is no field: `."name"` or `.[..]`.
    fn dotted(&mut self, from: usize, base: Tree) -> Parsed {
        self.take();
        match self.token {
            Token::Quote => {
                let key = self.text()?;
                Ok(self.tree(from, TreeKind::Index(base.into(), key.into())))
            }
            Token::Sign("[") => self.bracket(from, base),
            Token::Format(name) => {
                Err(self.fault(format!("`.@{name}` is no path"), format!("quote the key: `.\"@{name}\"`, or write `attr(\"{name}\")`")))
            }
            _ => Err(self.fault(
                format!("a field name belongs behind this dot: found {}", self.shown()),
                "quote a key that is no plain name: `.\"a-b\"`, `.\"#text\"`",
            )),
        }
    }

    fn bracket(&mut self, from: usize, base: Tree) -> Parsed {
        self.take();
        if self.eat("]") {
            return Ok(self.tree(from, TreeKind::Iterate(base.into())));
        }
        if self.eat(":") {
            let to = self.pipe()?;
            self.need("]", "the slice")?;
            return Ok(self.tree(from, TreeKind::Slice(base.into(), None, Some(to.into()))));
        }
        let first = self.pipe()?;
        if !self.eat(":") {
            self.need("]", "`[`")?;
            return Ok(self.tree(from, TreeKind::Index(base.into(), first.into())));
        }
        let to = if self.sees("]") { None } else { Some(Box::new(self.pipe()?)) };
        self.need("]", "the slice")?;
        Ok(self.tree(from, TreeKind::Slice(base.into(), Some(first.into()), to)))
    }

    fn term(&mut self) -> Parsed {
        let from = self.from;
        match self.token {
            Token::Sign(".") => self.dot(from),
            Token::Field(name) => {
                let key = self.text_tree(name, from + 1);
                self.take();
                let dot = Tree { from, to: from, kind: TreeKind::Dot };
                Ok(self.tree(from, TreeKind::Index(dot.into(), key.into())))
            }
            Token::Variable(name) => self.variable(from, name),
            Token::Number(text) => self.number(from, text),
            Token::Quote => self.text(),
            Token::Sign("(") => self.parenthesis(),
            Token::Sign("[") => self.list(from),
            Token::Sign("{") => self.record(from),
            Token::Name(name) => self.word(from, name),
            Token::Sign("..") => {
                Err(self.refused("`..` walks through everything", "write the path: what is read must be known before it runs"))
            }
            Token::Format(name) => Err(self.refused(format!("the format `@{name}` is not built"), "`tostring` and `tojson` make text")),
            Token::Sign("$") => Err(self.fault("`$` lacks its name", "write `$name`; `${VAR}` stands in text and never in an expression")),
            Token::End => Err(self.fault("an expression is missing at the end", "`.` is the whole input")),
            Token::Sign(_) | Token::Other(_) => {
                Err(self.fault(format!("an expression cannot begin with {}", self.shown()), self.other_help()))
            }
        }
    }

    fn other_help(&self) -> &'static str {
        match self.token {
            Token::Other('\'') => "texts stand in double quotes: `\"EUR\"`",
            Token::Other('“' | '”' | '„' | '‘' | '’') => "use straight double quotes: `\"EUR\"`",
            Token::Other('&') => "write `and`",
            Token::Other('!') => "write `not` behind a pipe: `.Blocked | not`",
            _ => "an expression begins with a path, a text, a number, a function, `[`, `{` or `(`",
        }
    }

    fn dot(&mut self, from: usize) -> Parsed {
        self.take();
        let dot = self.tree(from, TreeKind::Dot);
        match self.token {
            Token::Quote if self.from == self.behind => {
                let key = self.text()?;
                Ok(self.tree(from, TreeKind::Index(dot.into(), key.into())))
            }
            Token::Format(name) => {
                Err(self.fault(format!("`.@{name}` is no path"), format!("quote the key: `.\"@{name}\"`, or write `attr(\"{name}\")`")))
            }
            _ => Ok(dot),
        }
    }

    fn variable(&mut self, from: usize, name: &str) -> Parsed {
        match name {
            "ENV" => Err(self.refused("`$ENV` reads the environment", "declare a variable that is no secret and read `$vars.NAME`")),
            "__loc__" => Err(self.refused("`$__loc__` is not built", "a failure names its map, field and line by itself")),
            _ => {
                self.take();
                Ok(self.tree(from, TreeKind::Variable(name.to_string())))
            }
        }
    }

    /// jq takes `1.` and `.5`; JSON's number does not, and ours is JSON's.
    fn number(&mut self, from: usize, text: &str) -> Parsed {
        let (mantissa, exponent) = text.find(['e', 'E']).map_or((text, ""), |at| text.split_at(at));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let whole = whole.trim_start_matches('0');
        let whole = if whole.is_empty() { "0" } else { whole };
        let point = if fraction.is_empty() { "" } else { "." };
        let token = format!("{whole}{point}{fraction}{exponent}");
        if spanwright_shape::number::Number::parse(&token).is_err() {
            return Err(self.fault("this number is beyond what a number may be", "at most 1000 digits, and an exponent of at most 1000"));
        }
        self.take();
        Ok(self.tree(from, TreeKind::Number(token)))
    }

    fn parenthesis(&mut self) -> Parsed {
        self.take();
        let inner = self.pipe()?;
        self.need(")", "`(`")?;
        Ok(inner)
    }

    fn list(&mut self, from: usize) -> Parsed {
        self.take();
        if self.eat("]") {
            return Ok(self.tree(from, TreeKind::List(None)));
        }
        let inner = self.pipe()?;
        self.need("]", "the list")?;
        Ok(self.tree(from, TreeKind::List(Some(inner.into()))))
    }

    fn record(&mut self, from: usize) -> Parsed {
        self.take();
        let mut fields = Vec::new();
        while !self.sees("}") {
            fields.push(self.record_field()?);
            if !self.eat(",") {
                break;
            }
        }
        self.need("}", "the record")?;
        Ok(self.tree(from, TreeKind::Record(fields)))
    }

    /// `a: 1`, `"a": 1`, `(.k): 1`, and short `a`, `"a"`, `$a`.
    fn record_field(&mut self) -> Result<(Tree, Tree), Fault> {
        let from = self.from;
        let key = self.record_key()?;
        if self.eat(":") {
            return Ok((key, self.deeper(Self::record_value)?));
        }
        let value = match &key.kind {
            TreeKind::Text(_) => {
                let dot = Tree { from, to: from, kind: TreeKind::Dot };
                self.tree(from, TreeKind::Index(dot.into(), key.clone().into()))
            }
            TreeKind::Variable(name) => {
                let value = key.clone();
                let name = Tree { from, to: key.to, kind: TreeKind::Text(vec![Piece::Plain(name.clone())]) };
                return Ok((name, value));
            }
            _ => return Err(self.fault(format!("this key lacks its `:`: found {}", self.shown()), "write `(EXPR): VALUE`")),
        };
        Ok((key, value))
    }

    fn record_key(&mut self) -> Parsed {
        let from = self.from;
        match self.token {
            Token::Name(name) | Token::Sign(name @ ("and" | "or")) => {
                let key = self.text_tree(name, from);
                self.take();
                Ok(key)
            }
            Token::Variable(name) => self.variable(from, name),
            Token::Quote => self.text(),
            Token::Number(_) => Err(self.fault("a number is no key", "quote it: `{ \"1\": .. }`")),
            Token::Sign("(") => self.parenthesis(),
            _ => Err(self.fault(format!("a key belongs here: found {}", self.shown()), "write `{ name: EXPR }`")),
        }
    }

    /// A value in a record: anything but a comma, which begins the next field.
    fn record_value(&mut self) -> Parsed {
        let from = self.from;
        let left = self.otherwise()?;
        if !self.eat("|") {
            return Ok(left);
        }
        let right = self.deeper(Self::record_value)?;
        Ok(self.tree(from, TreeKind::Pipe(left.into(), right.into())))
    }

    fn word(&mut self, from: usize, name: &str) -> Parsed {
        match name {
            "if" => self.condition(from),
            "reduce" => self.reduce(from),
            "null" => self.constant(from, TreeKind::Null),
            "true" => self.constant(from, TreeKind::Flag(true)),
            "false" => self.constant(from, TreeKind::Flag(false)),
            "then" | "elif" | "else" | "end" | "as" => {
                Err(self.fault(format!("an expression belongs in front of `{name}`"), "`if C then A else B end`"))
            }
            _ if KEYWORDS.contains(&name) => Err(self
                .refused(format!("`{name}` is part of jq and not of this language"), refused::instead_of(name).unwrap_or("write it out"))),
            _ => self.call(from, name),
        }
    }

    fn constant(&mut self, from: usize, kind: TreeKind) -> Parsed {
        self.take();
        Ok(self.tree(from, kind))
    }

    fn condition(&mut self, from: usize) -> Parsed {
        let mut arms = Vec::new();
        loop {
            self.take();
            let when = self.pipe()?;
            self.need("then", "`if`")?;
            let then = self.pipe()?;
            arms.push((when, then));
            if !self.sees_word("elif") {
                break;
            }
        }
        let otherwise = if self.eat("else") { Some(Box::new(self.pipe()?)) } else { None };
        self.need("end", "`if`")?;
        Ok(self.tree(from, TreeKind::If(arms, otherwise)))
    }

    fn reduce(&mut self, from: usize) -> Parsed {
        self.take();
        let source = self.path()?;
        self.need("as", "`reduce`")?;
        let name = self.pattern()?;
        self.need("(", "`reduce`")?;
        let start = self.pipe()?;
        self.need(";", "`reduce`")?;
        let step = self.pipe()?;
        self.need(")", "`reduce`")?;
        Ok(self.tree(from, TreeKind::Reduce(source.into(), name, start.into(), step.into())))
    }

    fn call(&mut self, from: usize, name: &str) -> Parsed {
        self.take();
        let mut arguments = Vec::new();
        if self.eat("(") {
            loop {
                arguments.push(self.pipe()?);
                if !self.eat(";") {
                    break;
                }
            }
            self.need(")", &format!("`{name}(`"))?;
        }
        Ok(self.tree(from, TreeKind::Call(name.to_string(), arguments)))
    }

    // ---- texts ----

    /// A text from its opening quote on; `\(` begins an expression.
    fn text(&mut self) -> Parsed {
        let from = self.from;
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut at = self.to;
        loop {
            let rest = &self.text[at..];
            let Some(next) = rest.chars().next() else {
                (self.from, self.to) = (from, from + 1);
                return Err(self.fault("this text has no end", "close it with `\"`"));
            };
            match next {
                '"' => break,
                '\\' if rest[1..].starts_with('(') => {
                    if !plain.is_empty() {
                        pieces.push(Piece::Plain(std::mem::take(&mut plain)));
                    }
                    self.advance(at + 2);
                    pieces.push(Piece::Inside(self.pipe()?));
                    if !self.sees(")") {
                        let found = self.shown();
                        return Err(self.fault(format!("`\\(` lacks its `)`: found {found}"), "write `)` here"));
                    }
                    at = self.to;
                }
                '\\' => at = self.escape(at, &mut plain)?,
                _ => {
                    plain.push(next);
                    at += next.len_utf8();
                }
            }
        }
        if !plain.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Plain(plain));
        }
        self.advance(at + 1);
        Ok(self.tree(from, TreeKind::Text(pieces)))
    }

    /// One of JSON's escapes (RFC 8259 section 7); gives where it ends.
    fn escape(&mut self, at: usize, plain: &mut String) -> Result<usize, Fault> {
        let rest = &self.text[at..];
        let simple = match rest.as_bytes().get(1) {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b @ (b'"' | b'\\' | b'/')) => char::from(*b),
            Some(b'u') => return self.unicode(at, plain),
            _ => return Err(self.bad_escape(at)),
        };
        plain.push(simple);
        Ok(at + 2)
    }

    fn unicode(&mut self, at: usize, plain: &mut String) -> Result<usize, Fault> {
        let unit = |at: usize| self.text.get(at + 2..at + 6).and_then(|hex| u16::from_str_radix(hex, 16).ok());
        let Some(first) = unit(at) else { return Err(self.bad_escape(at)) };
        let second = if self.text[at + 6..].starts_with("\\u") { unit(at + 6) } else { None };
        match (char::from_u32(u32::from(first)), second) {
            (Some(plainly), _) => {
                plain.push(plainly);
                Ok(at + 6)
            }
            (None, Some(second)) => {
                plain.extend(char::decode_utf16([first, second]).map(|decoded| decoded.unwrap_or('\u{fffd}')));
                Ok(at + 12)
            }
            (None, None) => {
                plain.push('\u{fffd}');
                Ok(at + 6)
            }
        }
    }

    fn bad_escape(&mut self, at: usize) -> Fault {
        let next = self.text[at + 1..].chars().next();
        (self.from, self.to) = (at, at + 1 + next.map_or(0, char::len_utf8));
        self.fault(format!("`{}` is no escape", &self.text[self.from..self.to]), "a backslash itself is `\\\\`; in a pattern write `\\\\d`")
    }
}

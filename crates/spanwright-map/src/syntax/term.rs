//! Terms: paths and their steps, literals, lists, records, conditions and calls.

use super::{
    Fault,
    lexer::Token,
    parser::{Parsed, Parser},
    refused,
    tree::{Piece, Tree, TreeKind},
};

/// Words that cannot name a function.
const KEYWORDS: &[&str] =
    &["if", "then", "elif", "else", "end", "as", "reduce", "and", "or", "def", "foreach", "label", "try", "catch", "import", "include"];

impl Parser<'_> {
    /// A term and the steps behind it.
    pub(super) fn path(&mut self) -> Parsed {
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
            Token::Format(name) => self.format(from, name),
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
            TreeKind::Text(_) | TreeKind::Format(_, Some(_)) => {
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
            Token::Format(name) => self.format(from, name),
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
            "try" => self.attempt(from),
            "null" => self.constant(from, TreeKind::Null),
            "true" => self.constant(from, TreeKind::Flag(true)),
            "false" => self.constant(from, TreeKind::Flag(false)),
            "then" | "elif" | "else" | "end" | "as" | "catch" => {
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

    /// `@csv` alone, or `@csv "..\(.q)"`, where it is for what stands inside the text.
    fn format(&mut self, from: usize, name: &str) -> Parsed {
        let name = format!("@{name}");
        self.take();
        if self.token != Token::Quote {
            return Ok(self.tree(from, TreeKind::Format(name, None)));
        }
        match self.text()?.kind {
            TreeKind::Text(pieces) => Ok(self.tree(from, TreeKind::Format(name, Some(pieces)))),
            kind => Ok(self.tree(from, kind)),
        }
    }

    /// `try` reaches over one term and its steps, and so does `catch`.
    fn attempt(&mut self, from: usize) -> Parsed {
        self.take();
        let body = self.deeper(Self::negated)?;
        let handler = if self.eat("catch") { Some(Box::new(self.deeper(Self::negated)?)) } else { None };
        Ok(self.tree(from, TreeKind::Try(body.into(), handler)))
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
}

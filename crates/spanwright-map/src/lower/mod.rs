//! A tree to what runs: names get their meaning, patterns are compiled, and every fault is found, not the first one only.

mod call;
mod path;

use std::sync::Arc;

use spanwright_shape::{
    shape::Field,
    text::{Code, near},
};

use crate::{
    codes, functions,
    op::{Literal, Op, OpKind, Site, TextPiece},
    syntax::{Fault, Operator, Piece, Tree, TreeKind},
};

/// What lowering knows and gathers.
#[derive(Debug)]
pub struct Lowering<'l> {
    /// Names from outside; `None`: any name is taken.
    pub names: Option<&'l [Arc<str>]>,
    /// The zone of times that carry none.
    pub zone: Option<&'l str>,
    /// Fields of the dot, for "did you mean `.Name`".
    pub fields: &'l [Field],
    /// Bytes of the whole expression: a bare word is the whole of it.
    pub whole: usize,
    /// Places of the nodes.
    pub sites: Vec<Site>,
    /// The sites of the conditions of every `if`.
    pub conditions: Vec<u32>,
    /// What is wrong.
    pub faults: Vec<Fault>,
    locals: Vec<String>,
}

/// The bytes that a node stands on.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// First byte.
    pub from: usize,
    /// One behind the last.
    pub to: usize,
}

impl<'l> Lowering<'l> {
    /// Nothing gathered yet.
    pub fn new(names: Option<&'l [Arc<str>]>, zone: Option<&'l str>, fields: &'l [Field], whole: usize) -> Lowering<'l> {
        Lowering { names, zone, fields, whole, sites: Vec::new(), conditions: Vec::new(), faults: Vec::new(), locals: Vec::new() }
    }

    /// A fault at a place.
    pub fn fault(&mut self, code: &'static Code, at: Place, says: impl Into<String>, help: impl Into<Option<String>>) {
        self.faults.push(Fault { code, from: at.from, to: at.to, says: says.into(), help: help.into() });
    }

    /// A node at a place.
    pub fn op(&mut self, at: Place, many: bool, kind: OpKind) -> Op {
        Op { kind, many, site: self.site(at) }
    }

    fn site(&mut self, at: Place) -> u32 {
        let short = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
        self.sites.push(Site { from: short(at.from), to: short(at.to), path: None });
        short(self.sites.len() - 1)
    }

    /// The node of a tree.
    pub fn lower(&mut self, tree: &Tree) -> Op {
        let at = Place { from: tree.from, to: tree.to };
        match &tree.kind {
            TreeKind::Dot => self.op(at, false, OpKind::Dot),
            TreeKind::Null => self.op(at, false, OpKind::Literal(Literal::Null)),
            TreeKind::Flag(flag) => self.op(at, false, OpKind::Literal(Literal::Flag(*flag))),
            TreeKind::Number(text) => self.op(at, false, OpKind::Literal(Literal::number(text))),
            TreeKind::Text(pieces) => self.text(at, pieces, None),
            TreeKind::Format(name, pieces) => self.format(at, name, pieces.as_deref()),
            TreeKind::Variable(name) => self.variable(at, name),
            TreeKind::Index(base, key) => self.index(at, base, key),
            TreeKind::Slice(base, from, to) => self.slice(at, base, from.as_deref(), to.as_deref()),
            TreeKind::Iterate(base) => {
                let base = self.lower(base);
                self.op(at, true, OpKind::Iterate(base.into(), false))
            }
            TreeKind::Optional(inner, whole) => self.optional(at, inner, *whole),
            TreeKind::Pipe(left, right) => self.pipe(at, left, right),
            TreeKind::Comma(left, right) => self.comma(at, left, right),
            TreeKind::Otherwise(left, right) => self.pair(at, left, right, OpKind::Otherwise),
            TreeKind::Binary(operator, left, right) => self.binary(at, *operator, left, right),
            TreeKind::Negate(operand) => self.negate(at, operand),
            TreeKind::If(arms, otherwise) => self.condition(at, arms, otherwise.as_deref()),
            TreeKind::List(inner) => {
                let inner = inner.as_ref().map(|inner| Box::new(self.lower(inner)));
                self.op(at, false, OpKind::List(inner))
            }
            TreeKind::Record(fields) => self.record(at, fields),
            TreeKind::Call(name, arguments) => self.call(at, name, arguments),
            TreeKind::Bind(source, name, body) => {
                let source = self.lower(source);
                let body = self.with_local(name, |here| here.lower(body));
                let many = source.many || body.many;
                self.op(at, many, OpKind::Bind(source.into(), body.into()))
            }
            TreeKind::Try(body, handler) => self.attempt(at, body, handler.as_deref()),
            TreeKind::Reduce(source, name, start, step) => self.reduce(at, source, name, start, step),
        }
    }

    fn with_local<T>(&mut self, name: &str, inside: impl FnOnce(&mut Self) -> T) -> T {
        self.locals.push(name.to_string());
        let made = inside(self);
        self.locals.pop();
        made
    }

    /// `@csv` is a function of its input; in front of a text it is for what stands inside.
    fn format(&mut self, at: Place, name: &str, pieces: Option<&[Piece]>) -> Op {
        let Some(function) = functions::find(name) else {
            let known = functions::ALL.iter().map(|function| function.name).filter(|name| name.starts_with('@'));
            let help = near(name, known.clone())
                .map_or_else(|| format!("there is {}", known.collect::<Vec<_>>().join(" ")), |near| format!("did you mean `{near}`?"));
            self.fault(&codes::UNKNOWN_FUNCTION, at, format!("there is no format `{name}`"), help);
            return self.op(at, false, OpKind::Empty);
        };
        match pieces {
            Some(pieces) => self.text(at, pieces, Some(function)),
            None => function.lower(self, at, Vec::new()),
        }
    }

    fn attempt(&mut self, at: Place, body: &Tree, handler: Option<&Tree>) -> Op {
        let body = self.lower(body);
        let Some(handler) = handler else {
            let many = body.many;
            return self.op(at, many, OpKind::Try(body.into()));
        };
        let handler = self.lower(handler);
        // What came before the failure stands, so that even two single results are two.
        let many = body.many || handler.many;
        self.op(at, many, OpKind::Catch(body.into(), handler.into()))
    }

    fn text(&mut self, at: Place, pieces: &[Piece], format: Option<&'static functions::Function>) -> Op {
        if let [Piece::Plain(text)] = pieces {
            return self.op(at, false, OpKind::Literal(Literal::Text(text.as_str().into())));
        }
        let pieces: Box<[TextPiece]> = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Plain(text) => TextPiece::Plain(text.as_str().into()),
                Piece::Inside(tree) => TextPiece::Inside(self.lower(tree)),
            })
            .collect();
        let many = pieces.iter().any(|piece| matches!(piece, TextPiece::Inside(op) if op.many));
        self.op(at, many, OpKind::Text(pieces, format))
    }

    fn variable(&mut self, at: Place, name: &str) -> Op {
        if let Some(depth) = self.locals.iter().rev().position(|local| local == name) {
            return self.op(at, false, OpKind::Local(u32::try_from(depth).unwrap_or(0)));
        }
        if let Some(names) = self.names
            && !names.iter().any(|have| **have == *name)
        {
            let meant = near(name, names.iter().map(|have| &**have).chain(self.locals.iter().map(String::as_str)));
            let known = names.iter().map(|name| format!("`${name}`")).collect::<Vec<_>>().join(", ");
            let help = match meant {
                Some(meant) => format!("did you mean `${meant}`?"),
                None if known.is_empty() => "no names are seen here; bind one with `EXPR as $name | ..`".to_string(),
                None => format!("what is seen here: {known}"),
            };
            self.fault(&codes::UNKNOWN_NAME, at, format!("there is no `${name}` here"), help);
        }
        self.op(at, false, OpKind::Name(name.into()))
    }

    fn comma(&mut self, at: Place, left: &Tree, right: &Tree) -> Op {
        let left = self.lower(left);
        let right = self.lower(right);
        let mut parts = match left.kind {
            OpKind::Comma(parts) => parts.into_vec(),
            _ => vec![left],
        };
        parts.push(right);
        self.op(at, true, OpKind::Comma(parts.into()))
    }

    fn pair(&mut self, at: Place, left: &Tree, right: &Tree, kind: fn(Box<Op>, Box<Op>) -> OpKind) -> Op {
        let (left, right) = (self.lower(left), self.lower(right));
        let many = left.many || right.many;
        self.op(at, many, kind(left.into(), right.into()))
    }

    fn binary(&mut self, at: Place, operator: Operator, left: &Tree, right: &Tree) -> Op {
        match operator {
            Operator::And => self.pair(at, left, right, OpKind::And),
            Operator::Or => self.pair(at, left, right, OpKind::Or),
            _ => {
                let (left, right) = (self.lower(left), self.lower(right));
                let many = left.many || right.many;
                self.op(at, many, OpKind::Binary(operator, left.into(), right.into()))
            }
        }
    }

    /// A negated number is a constant.
    fn negate(&mut self, at: Place, operand: &Tree) -> Op {
        if let TreeKind::Number(text) = &operand.kind
            && text != "0"
        {
            return self.op(at, false, OpKind::Literal(Literal::number(&format!("-{text}"))));
        }
        let operand = self.lower(operand);
        let many = operand.many;
        self.op(at, many, OpKind::Negate(operand.into()))
    }

    fn condition(&mut self, at: Place, arms: &[(Tree, Tree)], otherwise: Option<&Tree>) -> Op {
        let arms: Box<[(Op, Op)]> = arms.iter().map(|(when, then)| (self.lower(when), self.lower(then))).collect();
        self.conditions.extend(arms.iter().map(|(when, _)| when.site));
        let otherwise = otherwise.map(|otherwise| Box::new(self.lower(otherwise)));
        let many = arms.iter().any(|(when, then)| when.many || then.many) || otherwise.as_ref().is_some_and(|otherwise| otherwise.many);
        self.op(at, many, OpKind::If(arms, otherwise))
    }

    fn record(&mut self, at: Place, fields: &[(Tree, Tree)]) -> Op {
        for (key, _) in fields {
            if matches!(key.kind, TreeKind::Null | TreeKind::Flag(_) | TreeKind::Number(_) | TreeKind::List(_) | TreeKind::Record(_)) {
                let help = "a key is text: quote it, or write `(.. | tostring): ..`".to_string();
                self.fault(&codes::KIND, Place { from: key.from, to: key.to }, "a key is text, and this never is", help);
            }
        }
        let fields: Box<[(Op, Op)]> = fields.iter().map(|(key, value)| (self.lower(key), self.lower(value))).collect();
        let many = fields.iter().any(|(key, value)| key.many || value.many);
        self.op(at, many, OpKind::Record(fields))
    }

    fn reduce(&mut self, at: Place, source: &Tree, name: &str, start: &Tree, step: &Tree) -> Op {
        let source = self.lower(source);
        let begins = Place { from: start.from, to: start.to };
        let start = self.lower(start);
        if start.many {
            let help = "take one: `first(..)`; jq 1.8.2 itself goes wrong with several".to_string();
            self.fault(&codes::MANY, begins, "the start of `reduce` may give one result only", help);
        }
        let step = self.with_local(name, |here| here.lower(step));
        self.op(at, false, OpKind::Reduce(source.into(), start.into(), step.into()))
    }
}

//! Gathering the schemas that all hold for one value, and building its shape from them.

use super::{Schemas, Side, codes, enumeration, keyword, leaf, pointer::resolve};
use crate::{
    shape::{Shape, ShapeId},
    text::{Node, NodeKind, Plain},
};

/// Schemas that one value may be judged by at once.
const PARTS_MOST: usize = 256;
/// Keywords that say nothing of the value: a schema of only these and a `$ref` is just another name.
const ANNOTATIONS: [&str; 8] = ["$ref", "description", "summary", "title", "deprecated", "example", "examples", "default"];

/// One schema of a conjunction.
#[derive(Clone, Copy)]
pub(super) struct Part<'d> {
    pub(super) node: &'d Node,
    /// How many of its `oneOf` and `anyOf` groups have been chosen from.
    pub(super) chosen: usize,
}

impl<'d> Part<'d> {
    fn groups(&self) -> impl Iterator<Item = &'d Vec<Node>> {
        ["oneOf", "anyOf"].into_iter().filter_map(|key| match &self.node.get(key)?.kind {
            NodeKind::List(alternatives) => Some(alternatives),
            NodeKind::Scalar(_) | NodeKind::Map(_) => None,
        })
    }
}

/// What tells one schema from another: trees do not move while they are read.
pub(super) fn address(node: &Node) -> usize {
    std::ptr::from_ref(node).addr()
}

/// The JSON types, as bits; a whole number is also a number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Kinds(u8);

impl Kinds {
    pub(super) const NULL: Kinds = Kinds(1);
    pub(super) const FLAG: Kinds = Kinds(2);
    pub(super) const INTEGER: Kinds = Kinds(4);
    pub(super) const NUMBER: Kinds = Kinds(4 | 8);
    pub(super) const TEXT: Kinds = Kinds(16);
    pub(super) const LIST: Kinds = Kinds(32);
    pub(super) const RECORD: Kinds = Kinds(64);
    pub(super) const NONE: Kinds = Kinds(0);
    pub(super) const ALL: Kinds = Kinds(127);

    pub(super) fn and(self, other: Kinds) -> Kinds {
        Kinds(self.0 & other.0)
    }

    pub(super) fn or(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    fn has(self, one: Kinds) -> bool {
        self.0 & one.0 == one.0
    }

    fn of_word(word: &str) -> Option<Kinds> {
        Some(match word {
            "null" => Kinds::NULL,
            "boolean" => Kinds::FLAG,
            "integer" => Kinds::INTEGER,
            "number" => Kinds::NUMBER,
            "string" => Kinds::TEXT,
            "array" => Kinds::LIST,
            "object" => Kinds::RECORD,
            _ => return None,
        })
    }
}

const TYPE_WORDS: [&str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];

impl<'d> Schemas<'d, '_> {
    /// Adds a schema, what it refers to and the members of its `allOf`.
    pub(super) fn gather(&mut self, schema: &'d Node, parts: &mut Vec<Part<'d>>) {
        let (mut waiting, mut seen) = (vec![schema], Vec::new());
        while let Some(node) = waiting.pop() {
            if seen.len() == PARTS_MOST {
                self.to.error(&codes::TOO_MANY, node.span, format!("more than {PARTS_MOST} schemas hold for one value"), None);
                return;
            }
            if seen.contains(&address(node)) {
                continue;
            }
            seen.push(address(node));
            if !is_only_a_name(node) && !parts.iter().any(|part| std::ptr::eq(part.node, node)) {
                parts.push(Part { node, chosen: 0 });
            }
            self.conjoined(node, &mut waiting);
        }
    }

    /// What holds beside a schema, last first.
    fn conjoined(&mut self, node: &'d Node, waiting: &mut Vec<&'d Node>) {
        match &node.kind {
            NodeKind::Map(pairs) => self.understood(pairs),
            NodeKind::Scalar(scalar) if matches!(scalar.plain(), Plain::Flag(_)) => return,
            NodeKind::Scalar(_) | NodeKind::List(_) => {
                self.to.error(&codes::WRONG_KIND, node.span, "a schema was expected here: a mapping, `true` or `false`", None);
                return;
            }
        }
        waiting.extend(keyword::list(node, "allOf", self.to).iter().rev());
        if let Some(reference) = node.get("$ref") {
            waiting.extend(resolve(self.document, reference, self.to));
        }
    }

    pub(super) fn build(&mut self, parts: &[Part<'d>], side: Side) -> Shape {
        let open = parts.iter().enumerate().find_map(|(n, part)| Some((n, part.groups().nth(part.chosen)?)));
        if let Some((n, alternatives)) = open {
            let arms = alternatives.iter().map(|alternative| self.alternative(parts, n, alternative, side)).collect();
            return Shape::OneOf(arms);
        }
        let kinds = self.kinds(parts, side);
        if kinds == Kinds::ALL {
            return Shape::Any;
        }
        if kinds == Kinds::NONE {
            return self.impossible(parts);
        }
        self.arms(parts, kinds, side)
    }

    fn alternative(&mut self, parts: &[Part<'d>], chosen: usize, alternative: &'d Node, side: Side) -> ShapeId {
        let mut parts = parts.to_vec();
        parts[chosen].chosen += 1;
        self.alternatives += 1;
        self.gather(alternative, &mut parts);
        self.want(parts, side)
    }

    fn impossible(&mut self, parts: &[Part<'d>]) -> Shape {
        let never = |part: &Part<'_>| part.node.scalar().is_some();
        if let Some(part) = parts.first().filter(|_| !parts.iter().any(never)) {
            self.warn(&codes::IMPOSSIBLE, part.node.span, "no value can be valid here: what must hold together excludes itself");
        }
        Shape::Never
    }

    fn arms(&mut self, parts: &[Part<'d>], kinds: Kinds, side: Side) -> Shape {
        let mut arms = Vec::new();
        if kinds.has(Kinds::FLAG) {
            arms.push(Shape::Flag);
        }
        if kinds.has(Kinds::INTEGER) {
            arms.push(leaf::number(parts, kinds.has(Kinds::NUMBER), self.to));
        }
        if kinds.has(Kinds::TEXT) {
            arms.push(leaf::text(parts, self.to));
        }
        if kinds.has(Kinds::LIST) {
            arms.push(self.list(parts, side));
        }
        if kinds.has(Kinds::RECORD) {
            arms.push(self.record(parts, side));
        }
        if kinds.has(Kinds::NULL) {
            arms.push(Shape::Null);
        }
        match arms.len() {
            1 => arms.pop().expect("it has one"),
            _ => Shape::OneOf(arms.into_iter().map(|arm| self.shapes.add(arm)).collect()),
        }
    }

    /// Which JSON types the conjunction leaves.
    fn kinds(&mut self, parts: &[Part<'d>], side: Side) -> Kinds {
        let (mut kinds, mut typed, mut nullable) = (Kinds::ALL, false, false);
        for part in parts {
            if let Some(stated) = self.stated(part.node) {
                typed = true;
                kinds = kinds.and(stated);
            }
            nullable |= side == Side::Given && keyword::flag(part.node, "nullable", self.to);
        }
        if !typed {
            kinds = leaf::implied(parts);
        }
        // OpenAPI 3.0 ignores `nullable` beside `allOf` and `$ref`; authors do not. So an answer may be null, a request may not.
        if nullable && kinds != Kinds::NONE {
            kinds = kinds.or(Kinds::NULL);
        }
        enumeration::kinds(parts, nullable).map_or(kinds, |listed| kinds.and(listed))
    }

    /// What a schema's own `type` says; `true` and `false` are schemas too.
    fn stated(&mut self, node: &'d Node) -> Option<Kinds> {
        if let Some(Plain::Flag(allowed)) = node.scalar().map(|scalar| scalar.plain()) {
            return (!allowed).then_some(Kinds::NONE);
        }
        let words = match node.get("type").map(|words| (words, &words.kind))? {
            (word, NodeKind::Scalar(_)) => std::slice::from_ref(word),
            (_, NodeKind::List(words)) => words.as_slice(),
            (other, NodeKind::Map(_)) => std::slice::from_ref(other),
        };
        let mut kinds = words.iter().fold(Kinds::NONE, |kinds, word| kinds.or(self.kind(word)));
        if keyword::flag(node, "nullable", self.to) {
            kinds = kinds.or(Kinds::NULL);
        }
        Some(kinds)
    }

    fn kind(&mut self, word: &Node) -> Kinds {
        let text = word.scalar().map_or("", |scalar| scalar.text.as_str());
        Kinds::of_word(text).unwrap_or_else(|| {
            let help = crate::text::did_you_mean(text, TYPE_WORDS).unwrap_or_else(|| format!("write one of {}", TYPE_WORDS.join(", ")));
            self.to.error(&codes::TYPE, word.span, format!("`{text}` is no type of JSON Schema"), help);
            Kinds::ALL
        })
    }
}

fn is_only_a_name(node: &Node) -> bool {
    let pairs = keyword::pairs(node);
    node.get("$ref").is_some() && pairs.iter().all(|(key, _)| ANNOTATIONS.contains(&key.text.as_str()))
}

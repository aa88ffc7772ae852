//! Operators over shapes: null as an operand, kinds that do not join, comparisons that are never true.

use spanwright_shape::{
    shape::{NumberFacets, NumberKind, RecordShape, Shape, ShapeId, TextFacets},
    text::did_you_mean,
};

use super::{Checker, Seen, lattice, see::constant, then};
use crate::{
    codes,
    op::{Literal, Op},
    run::Kinds,
    syntax::Operator,
};

impl Checker<'_> {
    pub(super) fn binary(&mut self, operator: Operator, left: &Op, right: &Op, site: u32, dot: &Seen) -> Seen {
        let (one, other) = (self.see(left, dot), self.see(right, dot));
        self.read(&one);
        self.read(&other);
        let count = then(one.count, other.count);
        let (shape_left, shape_right) = (self.value(&one), self.value(&other));
        let shape = match operator {
            Operator::Equal | Operator::Unequal => self.equated(operator, (left, shape_left), (right, shape_right), site),
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                self.ordered(operator, (left, shape_left), (right, shape_right), site)
            }
            Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
                self.arithmetic(operator, (left, shape_left), (right, shape_right), site)
            }
            Operator::And | Operator::Or => self.shapes.add(Shape::Flag),
        };
        Seen { count, ..Self::made(shape) }
    }

    pub(super) fn negated(&mut self, operand: &Op, site: u32, dot: &Seen) -> Seen {
        let seen = self.see(operand, dot);
        self.read(&seen);
        let inner = Seen { count: seen.count, ..self.as_dot(&seen) };
        self.takes("-", Kinds::NUMBER, crate::functions::Nulls::Fail, &inner, site);
        let number = self.shapes.add(Shape::Number(NumberFacets::of(NumberKind::Decimal)));
        Seen { count: seen.count, ..Self::made(number) }
    }

    /// Null as an operand: jq forgives it in silence.
    fn refuses_null(&mut self, operator: Operator, op: &Op, shape: ShapeId) -> Option<Kinds> {
        let kinds = lattice::kinds(self.shapes, shape)?;
        if !kinds.has(Kinds::NULL) {
            return Some(kinds);
        }
        let written = self.written(op);
        let default = if kinds.has(Kinds::TEXT) { "\"\"" } else { "0" };
        let help = match operator {
            Operator::Add if kinds.has(Kinds::TEXT) => format!(
                "leave the field out where it is missing: `{{ from: {written}, then: .. }}`, or say what then: `({written} // {default})`"
            ),
            _ => format!("say what then: `({written} // {default})`, or ask first: `if {written} != null then .. end`"),
        };
        let says = format!("`{written}` may be absent or null, and `{}` would hide that", operator.sign());
        self.error(&codes::MAYBE_NULL, op.site, says, help);
        Some(kinds.without(Kinds::NULL))
    }

    fn equated(&mut self, operator: Operator, left: (&Op, ShapeId), right: (&Op, ShapeId), site: u32) -> ShapeId {
        let flag = self.shapes.add(Shape::Flag);
        let (Some(one), Some(other)) = (lattice::kinds(self.shapes, left.1), lattice::kinds(self.shapes, right.1)) else { return flag };
        // Asking for null is always allowed: it says what is meant.
        let (one, other) = (one.without(Kinds::NULL), other.without(Kinds::NULL));
        if one.is_empty() || other.is_empty() {
            return flag;
        }
        if one.and(other).is_empty() {
            self.never_equal(operator, left, right, site, one, other);
        } else {
            self.not_in_enumeration(operator, left, right, site);
        }
        flag
    }

    fn never_equal(&mut self, operator: Operator, left: (&Op, ShapeId), right: (&Op, ShapeId), site: u32, one: Kinds, other: Kinds) {
        let (written, against) = (self.written(left.0), self.written(right.0));
        let always = if operator == Operator::Equal { "false" } else { "true" };
        let says = format!("`{written}` is {} and `{against}` is {}: this is always {always}", one.words(), other.words());
        let help = match (constant(right.0), one) {
            (Some(Literal::Text(text)), Kinds::FLAG) if matches!(&**text, "true" | "false") => format!("write `{written} == {text}`"),
            (Some(Literal::Text(text)), Kinds::NUMBER) if spanwright_shape::number::Number::parse(text).is_ok() => {
                format!("write `{written} == {text}`")
            }
            (Some(Literal::Small(..)), Kinds::TEXT) => format!("write `{written} == \"{against}\"`"),
            _ if one == Kinds::RECORD && self.has_text(left.1) => format!("its text is `{written} | text`"),
            _ => "compare values of one kind".to_string(),
        };
        self.error(&codes::DISJOINT, site, says, help);
    }

    /// A constant that the source's enumeration has not.
    fn not_in_enumeration(&mut self, operator: Operator, left: (&Op, ShapeId), right: (&Op, ShapeId), site: u32) {
        let (side, literal) = match (constant(left.0), constant(right.0)) {
            (None, Some(Literal::Text(text))) => (left, text),
            (Some(Literal::Text(text)), None) => (right, text),
            _ => return,
        };
        let core = lattice::without(self.shapes, side.1, Kinds::NULL);
        let Shape::Text(TextFacets { one_of: Some(texts), .. }) = self.shapes.get(core) else { return };
        if texts.iter().any(|text| **text == **literal) {
            return;
        }
        let texts = texts.clone();
        let always = if operator == Operator::Equal { "false" } else { "true" };
        let written = self.written(side.0);
        let list = texts.iter().take(12).map(|text| format!("`\"{text}\"`")).collect::<Vec<_>>().join(", ");
        let help = did_you_mean(literal, texts.iter().map(|text| &**text)).unwrap_or_else(|| format!("it is one of {list}"));
        self.error(&codes::DISJOINT, site, format!("`{written}` is never `\"{literal}\"`: this is always {always}"), help);
    }

    fn ordered(&mut self, operator: Operator, left: (&Op, ShapeId), right: (&Op, ShapeId), site: u32) -> ShapeId {
        let flag = self.shapes.add(Shape::Flag);
        let (one, other) = (self.refuses_null(operator, left.0, left.1), self.refuses_null(operator, right.0, right.1));
        if let (Some(one), Some(other)) = (one, other)
            && !one.is_empty()
            && !other.is_empty()
            && one.and(other).is_empty()
        {
            let says = format!(
                "`{}` is {} and `{}` is {}: kinds have an order, but hardly this was meant",
                self.written(left.0),
                one.words(),
                self.written(right.0),
                other.words()
            );
            self.error(&codes::DISJOINT, site, says, "compare values of one kind: `tonumber`, `tostring`");
        }
        flag
    }

    fn arithmetic(&mut self, operator: Operator, left: (&Op, ShapeId), right: (&Op, ShapeId), site: u32) -> ShapeId {
        let (one, other) = (self.refuses_null(operator, left.0, left.1), self.refuses_null(operator, right.0, right.1));
        let pairs = pairs(operator);
        let kinds = match (one, other) {
            (Some(one), Some(other)) if one.is_empty() || other.is_empty() => return self.shapes.add(Shape::Any),
            (Some(one), Some(other)) => {
                let possible: Vec<&Pair> = pairs.iter().filter(|pair| one.has(pair.left) && other.has(pair.right)).collect();
                if possible.is_empty() {
                    self.cannot_join(operator, left, right, site, (one, other));
                    return self.shapes.add(Shape::Any);
                }
                self.can_fail |= possible.len() > 1 || one != possible[0].left || other != possible[0].right;
                possible.iter().fold(Kinds::NONE, |all, pair| all.or(pair.gives))
            }
            (known, unknown) => {
                self.can_fail = true;
                let possible = pairs
                    .iter()
                    .filter(|pair| known.is_none_or(|one| one.has(pair.left)) && unknown.is_none_or(|other| other.has(pair.right)));
                possible.fold(Kinds::NONE, |all, pair| all.or(pair.gives))
            }
        };
        self.can_fail |= matches!(operator, Operator::Divide | Operator::Remainder) && !nonzero(right.0);
        self.joined_shape(operator, kinds, left.1, right.1)
    }

    fn cannot_join(&mut self, operator: Operator, left: (&Op, ShapeId), right: (&Op, ShapeId), site: u32, (one, other): (Kinds, Kinds)) {
        let sign = operator.sign();
        let says = format!("`{sign}` cannot join {} and {}", one.words(), other.words());
        let help = match (operator, one, other) {
            _ if one == Kinds::RECORD && self.has_text(left.1) => format!("its text is `({} | text)`", self.written(left.0)),
            _ if other == Kinds::RECORD && self.has_text(right.1) => format!("its text is `({} | text)`", self.written(right.0)),
            (Operator::Add, Kinds::TEXT, Kinds::NUMBER | Kinds::FLAG) => format!("write `({} | tostring)`", self.written(right.0)),
            (Operator::Add, Kinds::NUMBER | Kinds::FLAG, Kinds::TEXT) => format!("write `({} | tostring)`", self.written(left.0)),
            (_, Kinds::TEXT, Kinds::NUMBER | Kinds::TEXT) => format!("write `({} | tonumber)`", self.written(left.0)),
            (_, Kinds::NUMBER, Kinds::TEXT) => format!("write `({} | tonumber)`", self.written(right.0)),
            _ => "join values of one kind".to_string(),
        };
        self.error(&codes::KIND, site, says, help);
    }

    /// Whether a shape is an XML element's text with attributes.
    pub(super) fn has_text(&self, id: ShapeId) -> bool {
        lattice::arms(self.shapes, id)
            .iter()
            .any(|arm| matches!(self.shapes.get(*arm), Shape::Record(RecordShape { text_with_attributes: true, .. })))
    }

    fn joined_shape(&mut self, operator: Operator, kinds: Kinds, left: ShapeId, right: ShapeId) -> ShapeId {
        match kinds {
            Kinds::NUMBER => {
                let kind = self.number_kind(operator, left, right);
                self.shapes.add(Shape::Number(NumberFacets::of(kind)))
            }
            Kinds::TEXT => self.plain_text(),
            Kinds::LIST if operator == Operator::Divide => {
                let text = self.plain_text();
                self.shapes.add(Shape::List(text, (0, None)))
            }
            Kinds::LIST => {
                let (left, right) = (lattice::without(self.shapes, left, Kinds::NULL), lattice::without(self.shapes, right, Kinds::NULL));
                let both = if operator == Operator::Subtract { left } else { lattice::union(self.shapes, &[left, right]) };
                self.unbounded(both)
            }
            Kinds::RECORD if operator == Operator::Add => self.merged(left, right),
            Kinds::RECORD => self.any_record(),
            other => lattice::of_kinds(self.shapes, other),
        }
    }

    fn unbounded(&mut self, list: ShapeId) -> ShapeId {
        match self.shapes.get(list) {
            Shape::List(item, _) => {
                let item = *item;
                self.shapes.add(Shape::List(item, (0, None)))
            }
            _ => list,
        }
    }

    /// Whole stays whole under `+ - * %`; a quotient is a decimal.
    fn number_kind(&self, operator: Operator, left: ShapeId, right: ShapeId) -> NumberKind {
        let whole = |id: ShapeId| matches!(self.shapes.get(id), Shape::Number(NumberFacets { kind: NumberKind::Integer { .. }, .. }));
        match operator {
            Operator::Remainder => NumberKind::Integer { bits: 0 },
            Operator::Divide => NumberKind::Decimal,
            _ if whole(left) && whole(right) => NumberKind::Integer { bits: 0 },
            _ => NumberKind::Decimal,
        }
    }

    fn merged(&mut self, left: ShapeId, right: ShapeId) -> ShapeId {
        let (Shape::Record(left), Shape::Record(right)) = (self.shapes.get(left).clone(), self.shapes.get(right).clone()) else {
            return self.any_record();
        };
        let mut fields = left.fields;
        for field in right.fields {
            let sure = field.presence == spanwright_shape::shape::Presence::Always;
            match fields.iter_mut().find(|have| have.name == field.name) {
                Some(have) if sure => *have = field,
                Some(have) => have.shape = lattice::union(self.shapes, &[have.shape, field.shape]),
                None => fields.push(field),
            }
        }
        let rest = left.rest.or(right.rest);
        self.shapes.add(Shape::Record(RecordShape { fields, rest, ..RecordShape::default() }))
    }

    /// The kinds of a list's items joined by `+`, for `add`.
    pub(super) fn summed(&mut self, item: ShapeId) -> ShapeId {
        let Some(kinds) = lattice::kinds(self.shapes, item) else { return item };
        if kinds == Kinds::NUMBER {
            let kind = self.number_kind(Operator::Add, item, item);
            return self.shapes.add(Shape::Number(NumberFacets::of(kind)));
        }
        if kinds == Kinds::TEXT { self.plain_text() } else { lattice::of_kinds(self.shapes, kinds) }
    }
}

struct Pair {
    left: Kinds,
    right: Kinds,
    gives: Kinds,
}

const fn pair(left: Kinds, right: Kinds, gives: Kinds) -> Pair {
    Pair { left, right, gives }
}

const NUMBERS: Pair = pair(Kinds::NUMBER, Kinds::NUMBER, Kinds::NUMBER);

fn pairs(operator: Operator) -> &'static [Pair] {
    match operator {
        Operator::Add => {
            const {
                &[
                    NUMBERS,
                    pair(Kinds::TEXT, Kinds::TEXT, Kinds::TEXT),
                    pair(Kinds::LIST, Kinds::LIST, Kinds::LIST),
                    pair(Kinds::RECORD, Kinds::RECORD, Kinds::RECORD),
                ]
            }
        }
        Operator::Subtract => const { &[NUMBERS, pair(Kinds::LIST, Kinds::LIST, Kinds::LIST)] },
        Operator::Multiply => {
            const TIMES: Kinds = Kinds::TEXT.or(Kinds::NULL);
            const {
                &[
                    NUMBERS,
                    pair(Kinds::TEXT, Kinds::NUMBER, TIMES),
                    pair(Kinds::NUMBER, Kinds::TEXT, TIMES),
                    pair(Kinds::RECORD, Kinds::RECORD, Kinds::RECORD),
                ]
            }
        }
        Operator::Divide => const { &[NUMBERS, pair(Kinds::TEXT, Kinds::TEXT, Kinds::LIST)] },
        _ => const { &[NUMBERS] },
    }
}

fn nonzero(op: &Op) -> bool {
    matches!(constant(op), Some(Literal::Small(digits, _)) if *digits != 0)
}

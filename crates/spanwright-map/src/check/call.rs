//! Calls over shapes.

use spanwright_shape::shape::{NumberFacets, NumberKind, Shape, ShapeId};

use super::{Checker, Seen, lattice, then};
use crate::{
    codes,
    functions::{Function, Makes, Nulls, Result, Types},
    op::Op,
    program::Count,
    run::Kinds,
};

impl Checker<'_> {
    pub(super) fn call(&mut self, function: &'static Function, arguments: &[Op], site: u32, dot: &Seen) -> Seen {
        let Makes::Value { types, .. } = &function.makes else { return self.anything() };
        self.here = site;
        self.read(dot);
        self.takes(function.name, types.dot, types.nulls, dot, site);
        let mut count = Count::One;
        for argument in arguments {
            let seen = self.see(argument, dot);
            self.read(&seen);
            count = then(count, seen.count);
            self.argument(function, types, &seen, argument);
        }
        self.here = site;
        self.can_fail |= types.can_fail;
        let shape = self.gives(types, dot, arguments);
        Seen { count, ..Self::made(shape) }
    }

    /// Whether an input of these shapes can work; says where it cannot, and where null would be a surprise.
    pub(super) fn takes(&mut self, who: &str, wants: Kinds, nulls: Nulls, dot: &Seen, site: u32) {
        let value = self.value(dot);
        let Some(kinds) = lattice::kinds(self.shapes, value) else {
            self.can_fail |= wants != Kinds::ALL || nulls == Nulls::Fail;
            return;
        };
        let rest = kinds.without(Kinds::NULL);
        if kinds.has(Kinds::NULL) {
            self.takes_null(who, nulls, dot, rest.is_empty(), site);
        }
        if !rest.is_empty() && rest.and(wants).is_empty() {
            let help = match rest {
                _ if rest == Kinds::RECORD && self.has_text(value) => "its text is behind `| text`".to_string(),
                Kinds::LIST if wants.has(Kinds::TEXT) => "for each item: `map(..)`; as one text: `join(\", \")`".to_string(),
                Kinds::NUMBER | Kinds::FLAG if wants.has(Kinds::TEXT) => "as text: `tostring`".to_string(),
                Kinds::TEXT if wants.has(Kinds::NUMBER) => "as a number: `tonumber`".to_string(),
                _ => format!("give it {}", wants.without(Kinds::NULL).words()),
            };
            self.error(&codes::KIND, site, format!("`{who}` wants {} and gets {}", wants.without(Kinds::NULL).words(), rest.words()), help);
        }
        self.can_fail |= !wants.has(rest);
    }

    fn takes_null(&mut self, who: &str, nulls: Nulls, dot: &Seen, only: bool, site: u32) {
        let path = dot.paths.first().map_or("the input", |path| path).to_string();
        let path = if path.is_empty() { "the input".to_string() } else { path };
        match nulls {
            Nulls::Taken => (),
            Nulls::Forgiven if only => (),
            Nulls::Forgiven => {
                let says = format!("`{path}` may be absent or null, and `{who}` would hide that");
                self.error(
                    &codes::MAYBE_NULL,
                    site,
                    says,
                    format!("ask first: `if {path} != null then .. end`, or give a default: `({path} // ..)`"),
                );
            }
            Nulls::Fail if only => {
                self.error(&codes::KIND, site, format!("`{who}` gets null only, and fails on it"), "read another path");
            }
            Nulls::Fail => {
                self.can_fail = true;
                let help = format!("say what then: `{{ from: {path}, then: .. }}`, `select(. != null)` or `({path} // ..)`");
                self.warning(&codes::MAY_FAIL_ON_NULL, site, format!("`{path}` may be absent or null, and `{who}` fails on null"), help);
            }
        }
    }

    fn argument(&mut self, function: &Function, types: &Types, seen: &Seen, argument: &Op) {
        let value = self.value(seen);
        let Some(kinds) = lattice::kinds(self.shapes, value) else {
            self.can_fail |= types.arguments != Kinds::ALL;
            return;
        };
        if !kinds.is_empty() && kinds.and(types.arguments).is_empty() {
            let says = format!("an argument of `{}` is {} and gets {}", function.name, types.arguments.words(), kinds.words());
            self.error(&codes::KIND, argument.site, says, function.usage());
        }
        self.can_fail |= !types.arguments.has(kinds);
    }

    fn gives(&mut self, types: &Types, dot: &Seen, arguments: &[Op]) -> ShapeId {
        let value = self.value(dot);
        match types.gives {
            Result::Text => self.plain_text(),
            Result::Flag => self.shapes.add(Shape::Flag),
            Result::Whole => self.whole(),
            Result::Number => self.shapes.add(Shape::Number(NumberFacets::of(NumberKind::Decimal))),
            Result::Same => self.of_any_length(value),
            Result::Item => {
                let item = self.item_of(value);
                let sure = matches!(self.shapes.get(value), Shape::List(_, (1.., _)));
                if sure { item } else { self.shapes.or_null(item) }
            }
            Result::Texts => {
                let text = self.plain_text();
                self.shapes.add(Shape::List(text, (0, None)))
            }
            Result::Of(shape) => shape(self, dot, arguments),
        }
    }

    /// The same list, of which some may be gone.
    fn of_any_length(&mut self, id: ShapeId) -> ShapeId {
        match self.shapes.get(id) {
            Shape::List(item, (_, most)) => {
                let (item, most) = (*item, *most);
                self.shapes.add(Shape::List(item, (0, most)))
            }
            Shape::OneOf(_) => lattice::without(self.shapes, id, Kinds::NULL),
            _ => id,
        }
    }

    /// The items of a list shape, together.
    pub(super) fn item_of(&mut self, id: ShapeId) -> ShapeId {
        let mut items = Vec::new();
        for arm in lattice::arms(self.shapes, id) {
            match self.shapes.get(arm) {
                Shape::List(item, _) => items.push(*item),
                Shape::Record(record) => items.extend(record.fields.iter().map(|field| field.shape).chain(record.rest)),
                Shape::Any => return arm,
                Shape::Never | Shape::Null | Shape::Flag | Shape::Number(_) | Shape::Text(_) | Shape::OneOf(_) => (),
            }
        }
        lattice::union(self.shapes, &items)
    }
}

//! What single functions give, where it is more than a kind.

use std::sync::Arc;

use spanwright_shape::shape::{Field, Format, Presence, RecordShape, Shape, ShapeId, TextFacets, Zone};

use super::{Checker, Seen, lattice, see::constant};
use crate::{
    codes,
    op::{Literal, Op},
    run::Kinds,
};

impl Checker<'_> {
    /// A whole number or null.
    pub fn whole_or_null(&mut self) -> ShapeId {
        let whole = self.whole();
        self.shapes.or_null(whole)
    }

    /// `length`: a count, but of a number its size.
    pub fn length_of(&mut self, dot: &Seen) -> ShapeId {
        match lattice::kinds(self.shapes, dot.shape) {
            Some(kinds) if !kinds.has(Kinds::NUMBER) => self.whole(),
            _ => lattice::of_kinds(self.shapes, Kinds::NUMBER),
        }
    }

    /// A list of whole numbers.
    pub fn wholes(&mut self) -> ShapeId {
        let whole = self.whole();
        self.shapes.add(Shape::List(whole, (0, None)))
    }

    /// `add`: the items' sum, null of none.
    pub fn sum_of(&mut self, dot: &Seen) -> ShapeId {
        let value = self.value(dot);
        let item = self.item_of(value);
        self.no_null_items("add", item);
        let item = lattice::without(self.shapes, item, Kinds::NULL);
        let sum = self.summed(item);
        let sure = matches!(self.shapes.get(value), Shape::List(_, (1.., _)));
        if sure { sum } else { self.shapes.or_null(sum) }
    }

    /// `join`: items that may be null would vanish, and their separators would not.
    pub fn joined(&mut self, dot: &Seen) -> ShapeId {
        let value = self.value(dot);
        let item = self.item_of(value);
        self.no_null_items("join", item);
        let kinds = lattice::kinds(self.shapes, item).map(|kinds| kinds.without(Kinds::NULL));
        let scalar = Kinds::TEXT.or(Kinds::NUMBER).or(Kinds::FLAG);
        match kinds {
            Some(kinds) if !kinds.is_empty() && kinds.and(scalar).is_empty() => {
                let says = format!("`join` wants items that are {} and gets {}", scalar.words(), kinds.words());
                self.error(&codes::KIND, self.here, says, "make texts of them first: `map(..)`");
            }
            Some(kinds) => self.can_fail |= !scalar.has(kinds),
            None => self.can_fail = true,
        }
        self.plain_text()
    }

    fn no_null_items(&mut self, who: &str, item: ShapeId) {
        if lattice::kinds(self.shapes, item).is_some_and(|kinds| kinds.has(Kinds::NULL) && kinds != Kinds::NULL) {
            let says = format!("items may be absent or null, and `{who}` would hide that");
            self.error(
                &codes::MAYBE_NULL,
                self.here,
                says,
                format!("take them out first: `map(select(. != null)) | {who}..`").replace("..", if who == "join" { "(..)" } else { "" }),
            );
        }
    }

    /// A list of anything.
    pub fn any_list(&mut self) -> ShapeId {
        let any = self.shapes.add(Shape::Any);
        self.shapes.add(Shape::List(any, (0, None)))
    }

    /// A record of anything.
    pub fn any_record(&mut self) -> ShapeId {
        let any = self.shapes.add(Shape::Any);
        self.shapes.add(Shape::Record(RecordShape { rest: Some(any), ..RecordShape::default() }))
    }

    /// `group_by`: lists of what the list is.
    pub fn list_of_dot(&mut self, dot: &Seen) -> ShapeId {
        let item = self.item_of(dot.shape);
        let group = self.shapes.add(Shape::List(item, (1, None)));
        self.shapes.add(Shape::List(group, (0, None)))
    }

    /// `keys`: texts of a record, numbers of a list.
    pub fn keys_of(&mut self, dot: &Seen) -> ShapeId {
        let key = match lattice::kinds(self.shapes, dot.shape) {
            Some(Kinds::RECORD) => self.plain_text(),
            Some(Kinds::LIST) => self.whole(),
            _ => self.shapes.add(Shape::Any),
        };
        self.shapes.add(Shape::List(key, (0, None)))
    }

    /// `to_entries`
    pub fn entries_of(&mut self, dot: &Seen) -> ShapeId {
        let value = self.item_of(dot.shape);
        let key = self.plain_text();
        let field = |name: &str, shape| Field { name: Arc::from(name), shape, presence: Presence::Always, about: None };
        let entry = self
            .shapes
            .add(Shape::Record(RecordShape { fields: vec![field("key", key), field("value", value)], ..RecordShape::default() }));
        self.shapes.add(Shape::List(entry, (0, None)))
    }

    /// `text`: what is in `#text`; a scalar is its own.
    pub fn text_of(&mut self, dot: &Seen) -> ShapeId {
        let value = self.value(dot);
        let mut arms = Vec::new();
        for arm in lattice::arms(self.shapes, value) {
            let Shape::Record(record) = self.shapes.get(arm) else {
                arms.push(arm);
                continue;
            };
            match self.shapes.field(arm, "#text") {
                Some(Field { shape, presence: Presence::Always, .. }) => arms.push(*shape),
                Some(Field { shape, presence: Presence::Maybe, .. }) => {
                    let shape = *shape;
                    arms.push(self.shapes.or_null(shape));
                }
                None if record.rest.is_some() => return self.shapes.add(Shape::Any),
                None => {
                    self.error(
                        &codes::KIND,
                        self.here,
                        "this record has no text of its own",
                        "`text` is for XML elements with attributes; write the path of a field",
                    );
                    return self.shapes.add(Shape::Any);
                }
            }
        }
        lattice::union(self.shapes, &arms)
    }

    /// `attr("x")`
    pub fn attribute_of(&mut self, dot: &Seen, arguments: &[Op]) -> ShapeId {
        let Some(Literal::Text(name)) = arguments.first().and_then(constant) else { return self.shapes.add(Shape::Any) };
        let key = format!("@{name}");
        let value = self.value(dot);
        let (mut found, mut known, mut missing) = (Vec::new(), Vec::new(), false);
        for arm in lattice::arms(self.shapes, value) {
            match self.shapes.get(arm) {
                Shape::Any => return arm,
                Shape::Record(record) => {
                    known.extend(record.fields.iter().filter_map(|field| field.name.strip_prefix('@').map(str::to_string)));
                    match self.shapes.field(arm, &key) {
                        Some(field) => {
                            missing |= field.presence == Presence::Maybe;
                            found.push(field.shape);
                        }
                        None => match record.rest {
                            Some(_) => return self.shapes.add(Shape::Any),
                            None => missing = true,
                        },
                    }
                }
                _ => missing = true,
            }
        }
        if found.is_empty() {
            let help = spanwright_shape::text::near(name, known.iter().map(String::as_str))
                .map(|near| format!("did you mean `attr(\"{near}\")`?"));
            let help = help.unwrap_or_else(|| {
                if known.is_empty() { "it has no attributes".to_string() } else { format!("it has {}", known.join(", ")) }
            });
            self.error(&codes::UNKNOWN_PATH, self.here, format!("there is no attribute `{name}` here"), help);
            return self.shapes.add(Shape::Any);
        }
        let shape = lattice::union(self.shapes, &found);
        if missing { self.shapes.or_null(shape) } else { shape }
    }

    /// Text that spells a date-time.
    pub fn date_time(&mut self, zone: Zone) -> ShapeId {
        self.shapes.add(Shape::Text(TextFacets { format: Format::DateTime(zone), ..TextFacets::default() }))
    }

    /// Text that spells a date.
    pub fn date(&mut self, zone: Zone) -> ShapeId {
        self.shapes.add(Shape::Text(TextFacets { format: Format::Date(zone), ..TextFacets::default() }))
    }

    /// A list of numbers.
    pub fn numbers(&mut self) -> ShapeId {
        let number = lattice::of_kinds(self.shapes, Kinds::NUMBER);
        self.shapes.add(Shape::List(number, (0, None)))
    }

    /// A record of texts under any names.
    pub fn record_of_texts(&mut self) -> ShapeId {
        let text = self.plain_text();
        self.shapes.add(Shape::Record(RecordShape { rest: Some(text), ..RecordShape::default() }))
    }

    /// `csv_records`: a list of such.
    pub fn records_of_texts(&mut self) -> ShapeId {
        let record = self.record_of_texts();
        self.shapes.add(Shape::List(record, (0, None)))
    }

    /// `csv_rows`: lists of texts, one cell each at least.
    pub fn rows_of_texts(&mut self) -> ShapeId {
        let text = self.plain_text();
        let row = self.shapes.add(Shape::List(text, (1, None)));
        self.shapes.add(Shape::List(row, (0, None)))
    }

    fn record_with(&mut self, fields: &[(&str, ShapeId)]) -> ShapeId {
        let field =
            |(name, shape): &(&str, ShapeId)| Field { name: Arc::from(*name), shape: *shape, presence: Presence::Always, about: None };
        self.shapes.add(Shape::Record(RecordShape { fields: fields.iter().map(field).collect(), ..RecordShape::default() }))
    }

    /// `match`: `{offset, length, string, captures}`
    pub fn matches(&mut self) -> ShapeId {
        let (whole, text) = (self.whole(), self.plain_text());
        let maybe = self.shapes.or_null(text);
        let capture = self.record_with(&[("offset", whole), ("length", whole), ("string", maybe), ("name", maybe)]);
        let captures = self.shapes.add(Shape::List(capture, (0, None)));
        let found = self.record_with(&[("offset", whole), ("length", whole), ("string", text), ("captures", captures)]);
        self.shapes.add(Shape::List(found, (0, None)))
    }

    /// `capture`: a field for each named group; null where the group took no part.
    pub fn captures(&mut self, arguments: &[Op]) -> ShapeId {
        let text = self.plain_text();
        let maybe = self.shapes.or_null(text);
        let pattern = match arguments.first().and_then(constant) {
            Some(Literal::Text(pattern)) => regex::Regex::new(pattern).ok(),
            _ => None,
        };
        let found = match &pattern {
            Some(pattern) => {
                let names: Vec<(&str, ShapeId)> = pattern.capture_names().flatten().map(|name| (name, maybe)).collect();
                self.record_with(&names)
            }
            None => self.any_record(),
        };
        self.shapes.add(Shape::List(found, (0, None)))
    }

    /// `url_parts`
    pub fn url_parts(&mut self) -> ShapeId {
        let (text, whole) = (self.plain_text(), self.whole());
        let (maybe, port) = (self.shapes.or_null(text), self.shapes.or_null(whole));
        let parts =
            [("scheme", maybe), ("user", maybe), ("host", maybe), ("port", port), ("path", text), ("query", maybe), ("fragment", maybe)];
        self.record_with(&parts)
    }

    /// `read_time`: with an offset where the format has one.
    pub fn time_read(&mut self, arguments: &[Op]) -> ShapeId {
        let zoned =
            matches!(arguments.first().and_then(constant), Some(Literal::Text(format)) if crate::functions::calendar::reads_offset(format));
        self.date_time(if zoned { Zone::Must } else { Zone::Never })
    }

    /// `plus`, `minus`: what was a date stays one.
    pub fn same_time(&mut self, dot: &Seen) -> ShapeId {
        let format = match self.shapes.get(dot.shape) {
            Shape::Text(TextFacets { format: format @ (Format::Date(_) | Format::DateTime(_)), .. }) => *format,
            _ => Format::Plain,
        };
        self.shapes.add(Shape::Text(TextFacets { format, ..TextFacets::default() }))
    }

    /// `map_values`: of a record any record, of a list the changed values.
    pub fn rebuilt(&mut self, dot: &Seen, _: &[Op]) -> ShapeId {
        match lattice::kinds(self.shapes, dot.shape) {
            Some(Kinds::LIST) => self.any_list(),
            Some(kinds) if !kinds.has(Kinds::LIST) => self.any_record(),
            _ => self.shapes.add(Shape::Any),
        }
    }
}

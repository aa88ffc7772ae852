//! What holds between shapes and values: [`fits`] promises, [`breach`] tells.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::{json, number::Number, room::Room};

/// A shape to be built, twice or with a change.
#[derive(Clone, Debug)]
enum Plan {
    Leaf(Shape),
    List(Box<Plan>, u32, Option<u32>),
    Record(Vec<(usize, Plan, bool)>, Option<Box<Plan>>),
    OneOf(Vec<Plan>),
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn leaf() -> impl Strategy<Value = Plan> {
    let bound = || prop::option::of((-3i32..300).prop_map(|bound| Arc::from(bound.to_string())));
    let kind = prop_oneof![
        prop::sample::select(vec![0u8, 8, 16, 32, 64]).prop_map(|bits| NumberKind::Integer { bits }),
        Just(NumberKind::Decimal),
        Just(NumberKind::Double),
    ];
    let number = (kind, prop::option::of(0u16..4), bound(), bound()).prop_map(|(kind, fraction, least, most)| {
        let ordered = match (&least, &most) {
            (Some(low), Some(high)) => Number::parse(low).unwrap().compare(&Number::parse(high).unwrap()) != std::cmp::Ordering::Greater,
            _ => true,
        };
        let narrow = matches!(kind, NumberKind::Integer { bits: 8 });
        let (least, most) = if ordered && !narrow { (least, most) } else { (None, None) };
        Shape::Number(NumberFacets { kind, digits: None, fraction: fraction.filter(|_| kind == NumberKind::Decimal), least, most })
    });
    let zone = prop::sample::select(vec![Zone::Must, Zone::May, Zone::Never]);
    let format = prop_oneof![
        3 => Just(Format::Plain),
        1 => zone.clone().prop_map(Format::Date),
        1 => zone.clone().prop_map(Format::Time),
        1 => zone.prop_map(Format::DateTime),
    ];
    let values = prop::option::weighted(0.3, prop::sample::subsequence(vec!["x", "yy", "zzz", "wwww"], 1..4));
    let text = (format, prop::option::of(0u32..4), prop::option::of(4u32..9), values).prop_map(|(format, shortest, longest, values)| {
        let one_of = values.map(|values| values.into_iter().map(Arc::from).collect::<Arc<[Arc<str>]>>());
        let plain = format == Format::Plain && one_of.is_none();
        let format = if one_of.is_some() { Format::Plain } else { format };
        Shape::Text(TextFacets { format, shortest: shortest.filter(|_| plain), longest: longest.filter(|_| plain), one_of, pattern: None })
    });
    prop_oneof![1 => Just(Shape::Any), 1 => Just(Shape::Null), 2 => Just(Shape::Flag), 4 => number, 5 => text].prop_map(Plan::Leaf)
}

fn plan() -> impl Strategy<Value = Plan> {
    leaf().prop_recursive(3, 16, 4, |inner| {
        let fields = prop::collection::vec((0..NAMES.len(), inner.clone(), any::<bool>()), 0..4).prop_map(|mut fields| {
            fields.sort_by_key(|(name, ..)| *name);
            fields.dedup_by_key(|(name, ..)| *name);
            fields
        });
        prop_oneof![
            (inner.clone(), 0u32..3, prop::option::of(3u32..5)).prop_map(|(item, least, most)| Plan::List(Box::new(item), least, most)),
            (fields, prop::option::of(inner.clone().prop_map(Box::new))).prop_map(|(fields, rest)| Plan::Record(fields, rest)),
            prop::collection::vec(inner, 1..3).prop_map(Plan::OneOf),
        ]
    })
}

/// Two plans that are often alike: the same, one with its first leaf of a kind replaced, or two of their own.
fn pair() -> impl Strategy<Value = (Plan, Plan)> {
    (plan(), plan(), leaf(), 0usize..4, 0u8..3).prop_map(|(one, other, leaf, mut place, how)| match how {
        0 => (one.clone(), one),
        1 => (one.clone(), replaced(&one, &leaf, &mut place)),
        _ => (one, other),
    })
}

/// The plan with its leaf of that number replaced.
fn replaced(plan: &Plan, by: &Plan, place: &mut usize) -> Plan {
    match plan {
        Plan::Leaf(_) => {
            let here = *place == 0;
            *place = place.wrapping_sub(1);
            if here { by.clone() } else { plan.clone() }
        }
        Plan::List(item, least, most) => Plan::List(Box::new(replaced(item, by, place)), *least, *most),
        Plan::Record(fields, rest) => {
            let fields = fields.iter().map(|(name, field, always)| (*name, replaced(field, by, place), *always)).collect();
            Plan::Record(fields, rest.clone())
        }
        Plan::OneOf(arms) => Plan::OneOf(arms.iter().map(|arm| replaced(arm, by, place)).collect()),
    }
}

fn build(plan: &Plan, shapes: &mut Shapes) -> ShapeId {
    let shape = match plan {
        Plan::Leaf(shape) => shape.clone(),
        Plan::List(item, least, most) => Shape::List(build(item, shapes), (*least, *most)),
        Plan::OneOf(arms) => union(arms.iter().map(|arm| build(arm, shapes)).collect(), shapes),
        Plan::Record(fields, rest) => {
            let field = |(name, field, always): &(usize, Plan, bool), shapes: &mut Shapes| Field {
                name: NAMES[*name].into(),
                shape: build(field, shapes),
                presence: if *always { Presence::Always } else { Presence::Maybe },
                about: None,
            };
            let fields = fields.iter().map(|planned| field(planned, shapes)).collect();
            Shape::Record(RecordShape { fields, rest: rest.as_ref().map(|rest| build(rest, shapes)), ..RecordShape::default() })
        }
    };
    shapes.add(shape)
}

/// Flat and without anything, as every union is.
fn union(arms: Vec<ShapeId>, shapes: &Shapes) -> Shape {
    let mut flat = Vec::new();
    for arm in arms {
        match shapes.get(arm) {
            Shape::Any => return Shape::Any,
            Shape::OneOf(inner) => flat.extend(inner.iter().copied()),
            _ => flat.push(arm),
        }
    }
    Shape::OneOf(flat.into())
}

/// Choices, drawn one after the other.
struct Choices<'c>(std::iter::Cycle<std::slice::Iter<'c, u8>>);

impl Choices<'_> {
    fn below(&mut self, most: usize) -> usize {
        usize::from(*self.0.next().unwrap_or(&0)) % most.max(1)
    }
}

/// Writes a value of a shape as JSON. `full`: every field that may be there, and no list empty.
fn sample(shapes: &Shapes, id: ShapeId, choices: &mut Choices<'_>, full: bool, out: &mut String) {
    match shapes.get(id) {
        Shape::Any => out.push_str(["1", "\"x\"", "null", "[true]", "{\"a\":1.5}"][choices.below(5)]),
        Shape::Never => unreachable!("no plan has it"),
        Shape::Null => out.push_str("null"),
        Shape::Flag => out.push_str(["true", "false"][choices.below(2)]),
        Shape::Number(facets) => out.push_str(&number(facets, choices)),
        Shape::Text(facets) => json_text(&text(facets, choices), out),
        Shape::List(item, (least, most)) => {
            let least = if full { (*least).max(1) } else { *least };
            let count = least as usize + choices.below(most.unwrap_or(least + 2).saturating_sub(least) as usize + 1);
            let items = (0..count).map(|_| written(shapes, *item, choices, full)).collect::<Vec<_>>();
            out.push_str(&format!("[{}]", items.join(",")));
        }
        Shape::Record(record) => {
            let mut fields = Vec::new();
            for field in &record.fields {
                if full || field.presence == Presence::Always || choices.below(2) == 0 {
                    fields.push(format!("\"{}\":{}", field.name, written(shapes, field.shape, choices, full)));
                }
            }
            fields.extend(
                record.rest.filter(|_| choices.below(2) == 0).map(|rest| format!("\"zz\":{}", written(shapes, rest, choices, full))),
            );
            out.push_str(&format!("{{{}}}", fields.join(",")));
        }
        Shape::OneOf(arms) => {
            let arm = arms[choices.below(arms.len())];
            sample(shapes, arm, choices, full, out);
        }
    }
}

fn written(shapes: &Shapes, id: ShapeId, choices: &mut Choices<'_>, full: bool) -> String {
    let mut out = String::new();
    sample(shapes, id, choices, full, &mut out);
    out
}

fn json_text(text: &str, out: &mut String) {
    let mut bytes = Vec::new();
    json::write_text(text, &mut bytes);
    out.push_str(std::str::from_utf8(&bytes).unwrap());
}

fn number(facets: &NumberFacets, choices: &mut Choices<'_>) -> String {
    let (least, most) = facets.range();
    let middle = || match (&facets.least, &facets.most) {
        (Some(least), _) => least.to_string(),
        (None, Some(most)) => most.to_string(),
        (None, None) => "7".to_string(),
    };
    let fine = facets.least.is_none() && facets.most.is_none() && !matches!(facets.kind, NumberKind::Integer { .. });
    match (choices.below(4), fine) {
        (0, _) => least.map_or_else(middle, |least| least.to_string()),
        (1, _) => most.map_or_else(middle, |most| most.to_string()),
        (2, true) if facets.fraction != Some(0) => "12.5".into(),
        _ => middle(),
    }
}

fn text(facets: &TextFacets, choices: &mut Choices<'_>) -> String {
    if let Some(values) = &facets.one_of {
        return values[choices.below(values.len())].to_string();
    }
    let zoned = |zone: Zone, choices: &mut Choices<'_>| match zone {
        Zone::Must => true,
        Zone::Never => false,
        Zone::May => choices.below(2) == 0,
    };
    let (clock, zone) = match facets.format {
        Format::Date(zone) => ("2026-11-22", zoned(zone, choices)),
        Format::Time(zone) => ("08:00:00.5", zoned(zone, choices)),
        Format::DateTime(zone) => ("2026-11-22T08:00:00", zoned(zone, choices)),
        Format::Plain | Format::Email | Format::Uuid | Format::Uri | Format::Base64 => {
            let least = facets.shortest.unwrap_or(0) as usize;
            let most = facets.longest.map_or(least + 3, |most| most as usize);
            return "ü".repeat(least + choices.below(most.saturating_sub(least) + 1));
        }
    };
    format!("{clock}{}", if zone { "+01:00" } else { "" })
}

fn breached(shapes: &Shapes, id: ShapeId, value: &str) -> Option<String> {
    let room = Room::new();
    breach(shapes, id, &json::read(value.as_bytes(), &room).unwrap()).map(|breach| breach.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn what_fits_is_never_refused_and_what_never_fits_always_is(
        (one, other) in pair(),
        choices in prop::collection::vec(any::<u8>(), 1..20),
    ) {
        let mut shapes = Shapes::default();
        let (given, wanted) = (build(&one, &mut shapes), build(&other, &mut shapes));
        let mut draw = Choices(choices.iter().cycle());
        let value = written(&shapes, given, &mut draw, false);
        prop_assert_eq!(breached(&shapes, given, &value), None, "{}", value);
        match fits(&shapes, given, wanted) {
            Fit::Fits => prop_assert_eq!(breached(&shapes, wanted, &value), None, "{}", value),
            Fit::Never(says) => {
                let full = written(&shapes, given, &mut draw, true);
                prop_assert!(breached(&shapes, wanted, &full).is_some(), "{}: {}", says, full);
            }
            Fit::Narrows(_) | Fit::Perhaps(_) => {}
        }
    }

    #[test]
    fn a_shape_fits_its_copy(plan in plan()) {
        let mut shapes = Shapes::default();
        let (one, other) = (build(&plan, &mut shapes), build(&plan, &mut shapes));
        prop_assert_eq!(fits(&shapes, one, other), Fit::Fits);
    }
}

//! Joining, splitting and asking shapes.

use std::sync::Arc;

use spanwright_shape::shape::{Format, NumberFacets, NumberKind, Shape, ShapeId, Shapes, TextFacets, UNION_ARMS_MOST};

use crate::run::Kinds;

/// The kinds that a shape may have; `None`: anything, so nothing can be said.
pub fn kinds(shapes: &Shapes, id: ShapeId) -> Option<Kinds> {
    Some(match shapes.get(id) {
        Shape::Any => return None,
        Shape::Never => Kinds::NONE,
        Shape::Null => Kinds::NULL,
        Shape::Flag => Kinds::FLAG,
        Shape::Number(_) => Kinds::NUMBER,
        Shape::Text(_) => Kinds::TEXT,
        Shape::List(..) => Kinds::LIST,
        Shape::Record(_) => Kinds::RECORD,
        Shape::OneOf(arms) => {
            let mut all = Kinds::NONE;
            for arm in arms {
                all = all.or(kinds(shapes, *arm)?);
            }
            all
        }
    })
}

/// The arms of a shape: itself, where it is no union.
pub fn arms(shapes: &Shapes, id: ShapeId) -> Vec<ShapeId> {
    match shapes.get(id) {
        Shape::OneOf(arms) => arms.iter().flat_map(|arm| self::arms(shapes, *arm)).collect(),
        Shape::Never => Vec::new(),
        _ => vec![id],
    }
}

/// What is one of several shapes. Arms of one kind are joined; too many arms are anything.
pub fn union(shapes: &mut Shapes, ids: &[ShapeId]) -> ShapeId {
    let mut joined: Vec<ShapeId> = Vec::new();
    for arm in ids.iter().flat_map(|id| arms(shapes, *id)).collect::<Vec<_>>() {
        if matches!(shapes.get(arm), Shape::Any) {
            return arm;
        }
        let merged =
            joined.iter().position(|have| *have == arm || merge(shapes.get(*have), shapes.get(arm)).is_some() || lists(shapes, *have, arm));
        match merged {
            Some(slot) => joined[slot] = merged_id(shapes, joined[slot], arm),
            None => joined.push(arm),
        }
    }
    match joined.as_slice() {
        [] => shapes.add(Shape::Never),
        [one] => *one,
        many if many.len() > UNION_ARMS_MOST => shapes.add(Shape::Any),
        _ => shapes.add(Shape::OneOf(joined.into())),
    }
}

fn lists(shapes: &Shapes, left: ShapeId, right: ShapeId) -> bool {
    matches!((shapes.get(left), shapes.get(right)), (Shape::List(..), Shape::List(..)))
}

fn merged_id(shapes: &mut Shapes, left: ShapeId, right: ShapeId) -> ShapeId {
    if left == right {
        return left;
    }
    if let (Shape::List(one, (least, most)), Shape::List(other, (few, many))) = (shapes.get(left).clone(), shapes.get(right).clone()) {
        let item = union(shapes, &[one, other]);
        let most = most.zip(many).map(|(most, many)| most.max(many));
        return shapes.add(Shape::List(item, (least.min(few), most)));
    }
    match merge(shapes.get(left), shapes.get(right)) {
        Some(merged) if merged == *shapes.get(left) => left,
        Some(merged) => shapes.add(merged),
        None => left,
    }
}

/// Two shapes of one kind as one; records stay apart, unless they are the same.
fn merge(left: &Shape, right: &Shape) -> Option<Shape> {
    match (left, right) {
        (Shape::Text(left), Shape::Text(right)) => Some(Shape::Text(texts(left, right))),
        (Shape::Number(left), Shape::Number(right)) => Some(Shape::Number(numbers(left, right))),
        (left, right) if left == right => Some(left.clone()),
        _ => None,
    }
}

fn texts(left: &TextFacets, right: &TextFacets) -> TextFacets {
    if left == right {
        return left.clone();
    }
    let one_of = left.one_of.as_ref().zip(right.one_of.as_ref()).map(|(left, right)| {
        let more = right.iter().filter(|text| !left.contains(text));
        left.iter().chain(more).cloned().collect::<Arc<[Arc<str>]>>()
    });
    let longest = |facets: &TextFacets| facets.longest.or_else(|| facets.one_of.as_ref().and_then(|texts| longest_of(texts)));
    TextFacets {
        format: if left.format == right.format { left.format } else { Format::Plain },
        shortest: None,
        longest: longest(left).zip(longest(right)).map(|(one, other)| one.max(other)),
        one_of,
        pattern: None,
    }
}

fn longest_of(texts: &[Arc<str>]) -> Option<u32> {
    texts.iter().map(|text| u32::try_from(text.chars().count()).unwrap_or(u32::MAX)).max()
}

fn numbers(left: &NumberFacets, right: &NumberFacets) -> NumberFacets {
    let kind = match (left.kind, right.kind) {
        (one, other) if one == other => one,
        (NumberKind::Integer { .. }, NumberKind::Integer { .. }) => NumberKind::Integer { bits: 0 },
        (NumberKind::Double, _) | (_, NumberKind::Double) => NumberKind::Double,
        (NumberKind::Integer { .. } | NumberKind::Decimal, _) => NumberKind::Decimal,
    };
    let fraction = left.fraction.zip(right.fraction).map(|(one, other)| one.max(other));
    let digits = if left.fraction == right.fraction { left.digits.zip(right.digits).map(|(one, other)| one.max(other)) } else { None };
    NumberFacets { kind, digits, fraction, least: None, most: None }
}

/// A shape without some kinds.
pub fn without(shapes: &mut Shapes, id: ShapeId, kinds_gone: Kinds) -> ShapeId {
    if matches!(shapes.get(id), Shape::Any) {
        return id;
    }
    let all = arms(shapes, id);
    let kept: Vec<ShapeId> = all.iter().copied().filter(|arm| kinds(shapes, *arm).is_none_or(|have| !kinds_gone.has(have))).collect();
    if kept.len() == all.len() { id } else { union(shapes, &kept) }
}

/// Any of some kinds, without facets.
pub fn of_kinds(shapes: &mut Shapes, wanted: Kinds) -> ShapeId {
    if wanted == Kinds::ALL {
        return shapes.add(Shape::Any);
    }
    let any = shapes.add(Shape::Any);
    let each = [
        (Kinds::NULL, Shape::Null),
        (Kinds::FLAG, Shape::Flag),
        (Kinds::NUMBER, Shape::Number(NumberFacets::of(NumberKind::Decimal))),
        (Kinds::TEXT, Shape::Text(TextFacets::default())),
        (Kinds::LIST, Shape::List(any, (0, None))),
        (Kinds::RECORD, Shape::Record(spanwright_shape::shape::RecordShape { rest: Some(any), ..Default::default() })),
    ];
    let ids: Vec<ShapeId> = each.into_iter().filter(|(kind, _)| wanted.has(*kind)).map(|(_, shape)| shapes.add(shape)).collect();
    union(shapes, &ids)
}

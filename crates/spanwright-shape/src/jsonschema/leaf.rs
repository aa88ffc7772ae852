//! Texts and numbers: the tightest of all that must hold.

use std::{cmp::Ordering, sync::Arc};

use super::{
    Plain, codes,
    conjunction::{Kinds, Part},
    enumeration, keyword,
};
use crate::{
    number::Number,
    shape::{Format, NumberFacets, NumberKind, Shape, TextFacets, Zone},
    text::{Problems, Scalar},
};

/// The kinds that keywords without a `type` speak of.
pub(super) fn implied(parts: &[Part<'_>]) -> Kinds {
    let has = |keys: &[&str]| parts.iter().any(|part| keys.iter().any(|key| part.node.get(key).is_some()));
    if parts.iter().any(|part| matches!(part.node.scalar().map(Scalar::plain), Some(Plain::Flag(false)))) {
        return Kinds::NONE;
    }
    if has(&["properties", "required", "additionalProperties", "patternProperties"]) {
        return Kinds::RECORD;
    }
    if has(&["items", "prefixItems", "minItems", "maxItems"]) {
        return Kinds::LIST;
    }
    if has(&["minLength", "maxLength", "pattern"]) {
        return Kinds::TEXT;
    }
    if has(&["minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"]) {
        return Kinds::NUMBER;
    }
    Kinds::ALL
}

pub(super) fn text(parts: &[Part<'_>], to: &mut Problems) -> Shape {
    let mut facets = TextFacets { one_of: enumeration::texts(parts), ..TextFacets::default() };
    for node in parts.iter().map(|part| part.node) {
        if let Some(format) = format(node, to) {
            facets.format = format;
        }
        facets.shortest = facets.shortest.max(keyword::count(node, "minLength", to));
        facets.longest = least(facets.longest, keyword::count(node, "maxLength", to));
        if let Some(pattern) = keyword::text(node, "pattern", to) {
            match &facets.pattern {
                Some(other) if &**other != pattern => {
                    let at = node.get("pattern").map_or(node.span, |pattern| pattern.span);
                    to.warning(&codes::NOT_UNDERSTOOD, at, "a second `pattern` for the same text is not looked at", None);
                }
                Some(_) | None => facets.pattern = Some(pattern.into()),
            }
        }
    }
    Shape::Text(facets)
}

/// What a text spells. RFC 3339 times always carry a zone, its dates never do. Formats without a meaning here are annotations.
fn format(node: &crate::text::Node, to: &mut Problems) -> Option<Format> {
    if keyword::text(node, "contentEncoding", to) == Some("base64") {
        return Some(Format::Base64);
    }
    Some(match keyword::text(node, "format", to)? {
        "date" => Format::Date(Zone::Never),
        "time" => Format::Time(Zone::Must),
        "date-time" => Format::DateTime(Zone::Must),
        "email" | "idn-email" => Format::Email,
        "uri" | "url" | "uri-reference" | "iri" | "iri-reference" => Format::Uri,
        "uuid" => Format::Uuid,
        "byte" => Format::Base64,
        _ => return None,
    })
}

/// A number. `fractions`: whether `type: number` is allowed, or only `integer`.
pub(super) fn number(parts: &[Part<'_>], fractions: bool, to: &mut Problems) -> Shape {
    let kind = if fractions { NumberKind::Decimal } else { NumberKind::Integer { bits: 0 } };
    let mut facets = NumberFacets::of(kind);
    for node in parts.iter().map(|part| part.node) {
        match (keyword::text(node, "format", to), facets.kind) {
            (Some("int32"), NumberKind::Integer { .. }) => facets.kind = NumberKind::Integer { bits: 32 },
            (Some("int64"), NumberKind::Integer { bits: 0 }) => facets.kind = NumberKind::Integer { bits: 64 },
            (Some("double" | "float"), NumberKind::Decimal) => facets.kind = NumberKind::Double,
            _ => {}
        }
        facets.fraction = match keyword::number(node, "multipleOf", to).and_then(decimal_places) {
            Some(places) => Some(facets.fraction.map_or(places, |have| have.min(places))),
            None => facets.fraction,
        };
        facets.least = tighter(facets.least, bound(node, "minimum", "exclusiveMinimum", !fractions, to), Ordering::Greater);
        facets.most = tighter(facets.most, bound(node, "maximum", "exclusiveMaximum", !fractions, to), Ordering::Less);
    }
    for token in enumeration::numbers(parts) {
        facets.least = Some(facets.least.filter(|have| order(have, token) != Ordering::Greater).unwrap_or_else(|| token.into()));
        facets.most = Some(facets.most.filter(|have| order(have, token) != Ordering::Less).unwrap_or_else(|| token.into()));
    }
    Shape::Number(facets)
}

/// A bound: inclusive, or exclusive in 2020-12's spelling (a number) or 3.0's (a flag beside the inclusive one). Of whole
/// numbers an exclusive bound is the next one; of others it is kept as inclusive, which refuses no valid value.
fn bound(node: &crate::text::Node, inclusive: &str, exclusive: &str, whole: bool, to: &mut Problems) -> Option<Arc<str>> {
    let next = |token: &str| {
        let step = if inclusive == "minimum" { 1 } else { -1 };
        let number = Number::parse(token).ok().filter(|_| whole).and_then(|number| number.as_i64());
        number.and_then(|number| number.checked_add(step)).map_or_else(|| Arc::from(token), |number| Arc::from(number.to_string()))
    };
    match node.get(exclusive).and_then(|value| value.scalar()).map(Scalar::plain) {
        Some(Plain::Flag(true)) => keyword::number(node, inclusive, to).map(next),
        Some(Plain::Flag(false)) | None => keyword::number(node, inclusive, to).map(Arc::from),
        Some(Plain::Number(_) | Plain::Null | Plain::Text(_)) => {
            let strict = keyword::number(node, exclusive, to).map(next);
            let wide = keyword::number(node, inclusive, to).map(Arc::from);
            tighter(strict, wide, if inclusive == "minimum" { Ordering::Greater } else { Ordering::Less })
        }
    }
}

/// Of two bounds the one that stands so to the other.
fn tighter(one: Option<Arc<str>>, other: Option<Arc<str>>, stands: Ordering) -> Option<Arc<str>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if order(&other, &one) == stands { other } else { one }),
        (one, other) => one.or(other),
    }
}

fn order(one: &str, other: &str) -> Ordering {
    let number = |token| Number::parse(token).expect("only tokens that parse are read");
    number(one).compare(&number(other))
}

/// `0.01` allows two digits behind the point, `1` and `10` none; other steps say nothing of digits.
fn decimal_places(step: &str) -> Option<u16> {
    match Number::parse(step).ok()? {
        Number::Small { scale: 0, .. } => Some(0),
        Number::Small { digits: 1, scale } => Some(u16::from(scale)),
        Number::Small { .. } | Number::Exact(_) => None,
    }
}

pub(super) fn least(one: Option<u32>, other: Option<u32>) -> Option<u32> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

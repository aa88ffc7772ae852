//! Shapes in words, and paths into shapes.

use spanwright_shape::shape::{Format, NumberKind, Presence, Shape, ShapeId, ShapeRef, Shapes, TextFacets, Zone};

/// Words of a list that are shown.
const WORDS_MOST: usize = 8;
/// Records inside each other that are looked into for leaves.
const DEPTH_MOST: usize = 8;
/// Leaves of one type that are listed.
const LEAVES_MOST: usize = 2_000;

/// A type in words: `text, at most 30`, `decimal, 18 digits, 4 behind the point`, `one of EUR, CHF`.
pub fn words(shapes: &Shapes, id: ShapeId) -> String {
    match shapes.get(id) {
        Shape::Any => "anything".to_string(),
        Shape::Never => "nothing".to_string(),
        Shape::Null => "null".to_string(),
        Shape::Flag => "flag".to_string(),
        Shape::Number(facets) => {
            let mut text = match facets.kind {
                NumberKind::Integer { bits: 0 } => "whole number".to_string(),
                NumberKind::Integer { bits } => format!("whole number, {bits} bits"),
                NumberKind::Decimal => "decimal".to_string(),
                NumberKind::Double => "number".to_string(),
            };
            text += &facets.digits.map(|digits| format!(", {digits} digits")).unwrap_or_default();
            text += &facets.fraction.map(|digits| format!(", {digits} behind the point")).unwrap_or_default();
            text += &facets.least.as_ref().map(|least| format!(", at least {least}")).unwrap_or_default();
            text + &facets.most.as_ref().map(|most| format!(", at most {most}")).unwrap_or_default()
        }
        Shape::Text(facets) => of_text(facets),
        Shape::List(item, _) => format!("list of {}", words(shapes, *item)),
        Shape::Record(record) if record.text_with_attributes => {
            let text = record.fields.iter().find(|field| &*field.name == "#text");
            format!("{} with attributes", text.map_or("text".to_string(), |field| words(shapes, field.shape)))
        }
        Shape::Record(record) => record.name.as_ref().map_or("record".to_string(), |name| format!("record {name}")),
        Shape::OneOf(arms) => {
            let mut all: Vec<String> = arms.iter().map(|arm| words(shapes, *arm)).collect();
            all.sort_by_key(|word| word == "null");
            all.dedup();
            all.join(" or ")
        }
    }
}

fn of_text(facets: &TextFacets) -> String {
    if let Some(list) = &facets.one_of {
        let shown = list.iter().take(WORDS_MOST).map(|word| &**word).collect::<Vec<_>>().join(", ");
        let more = list.len().saturating_sub(WORDS_MOST);
        return format!("one of {shown}{}", if more > 0 { format!(" and {more} more") } else { String::new() });
    }
    let mut text = match facets.format {
        Format::Plain => "text",
        Format::Date(_) => "date",
        Format::Time(_) => "time",
        Format::DateTime(Zone::Must) => "time with zone",
        Format::DateTime(Zone::May) => "time, perhaps with zone",
        Format::DateTime(Zone::Never) => "time without zone",
        Format::Email => "e-mail address",
        Format::Uri => "URI",
        Format::Uuid => "UUID",
        Format::Base64 => "bytes in base64",
    }
    .to_string();
    match (facets.shortest, facets.longest) {
        (Some(least), Some(most)) if least == most => text += &format!(", exactly {most}"),
        (_, Some(most)) => text += &format!(", at most {most}"),
        _ => {}
    }
    text
}

/// Where a path such as `.Address[].Street` or `addresses[].street` leads: its type in words, and whether it is always there.
pub fn at(shape: &ShapeRef, path: &str) -> Option<(String, bool)> {
    let mut id = shape.id;
    let mut always = true;
    for step in path.trim_start_matches('.').split('.').filter(|step| !step.is_empty()) {
        let name = step.trim_end_matches("[]").trim_matches('"');
        if !name.is_empty() {
            let field = shape.shapes.field(record(&shape.shapes, id), name)?;
            (id, always) = (field.shape, field.presence == Presence::Always);
        }
        for _ in step.matches("[]") {
            id = item(&shape.shapes, id)?;
        }
    }
    Some((words(&shape.shapes, id), always))
}

/// The record behind a list or a union with null.
fn record(shapes: &Shapes, id: ShapeId) -> ShapeId {
    match shapes.get(id) {
        Shape::List(item, _) => record(shapes, *item),
        _ => id,
    }
}

fn item(shapes: &Shapes, id: ShapeId) -> Option<ShapeId> {
    match shapes.get(id) {
        Shape::List(item, _) => Some(*item),
        Shape::OneOf(arms) => arms.iter().find_map(|arm| item(shapes, *arm)),
        _ => None,
    }
}

/// What is said of a field that the source has and this project does not see.
const WITHHELD: &str = "withheld: the project may not read it";

/// Every leaf of a type: path and type in words, in the schema's order; what may not be read is named.
pub fn leaves(shape: &ShapeRef) -> Vec<(String, String)> {
    let mut found = Vec::new();
    gather(&shape.shapes, shape.id, "", 0, &mut found);
    found
}

fn gather(shapes: &Shapes, id: ShapeId, path: &str, depth: usize, found: &mut Vec<(String, String)>) {
    if found.len() >= LEAVES_MOST {
        return;
    }
    let leaf = |found: &mut Vec<(String, String)>| found.push((path.to_string(), words(shapes, id)));
    if depth > DEPTH_MOST {
        return leaf(found);
    }
    match shapes.get(id) {
        Shape::Record(record) if !record.text_with_attributes && !record.fields.is_empty() => {
            for field in &record.fields {
                gather(shapes, field.shape, &format!("{path}.{}", field.name), depth + 1, found);
            }
            found.extend(record.withheld.iter().map(|name| (format!("{path}.{name}"), WITHHELD.to_string())));
        }
        Shape::List(item, _) => gather(shapes, *item, &format!("{path}[]"), depth + 1, found),
        Shape::OneOf(arms) => match arms.iter().find(|arm| matches!(shapes.get(**arm), Shape::Record(_) | Shape::List(..))) {
            Some(arm) => gather(shapes, *arm, path, depth + 1, found),
            None => leaf(found),
        },
        _ => leaf(found),
    }
}

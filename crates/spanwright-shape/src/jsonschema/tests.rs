#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::{
    shape::{Fit, Format, NumberKind, Presence, RecordShape, Zone, fits},
    text::{Bundle, FileId, yaml},
};

/// A shape in one line; a named record inside itself is its name.
pub(super) fn print(shapes: &Shapes, id: ShapeId) -> String {
    printed(shapes, id, &mut Vec::new())
}

/// The same, with only the names of the named records in it.
pub(super) fn print_brief(shapes: &Shapes, id: ShapeId) -> String {
    let named = (0..shapes.len()).map(|n| ShapeId(n as u32)).filter(|other| *other != id && name(shapes, *other).is_some());
    printed(shapes, id, &mut named.collect())
}

fn name(shapes: &Shapes, id: ShapeId) -> Option<&str> {
    match shapes.get(id) {
        Shape::Record(record) => record.name.as_deref(),
        _ => None,
    }
}

fn printed(shapes: &Shapes, id: ShapeId, open: &mut Vec<ShapeId>) -> String {
    if open.contains(&id) {
        return name(shapes, id).unwrap_or("(again)").into();
    }
    open.push(id);
    let text = match shapes.get(id) {
        Shape::Any => "any".into(),
        Shape::Never => "never".into(),
        Shape::Null => "null".into(),
        Shape::Flag => "flag".into(),
        Shape::Number(facets) => {
            let range = match (&facets.least, &facets.most) {
                (None, None) => String::new(),
                (least, most) => format!(" {}..{}", least.as_deref().unwrap_or_default(), most.as_deref().unwrap_or_default()),
            };
            let places = facets.fraction.map(|places| format!(" .{places}")).unwrap_or_default();
            let kind = match facets.kind {
                NumberKind::Integer { bits: 0 } => "int".into(),
                NumberKind::Integer { bits } => format!("int{bits}"),
                NumberKind::Decimal => "decimal".into(),
                NumberKind::Double => "double".into(),
            };
            format!("{kind}{range}{places}")
        }
        Shape::Text(facets) => {
            let mut text = match (&facets.one_of, facets.format) {
                (Some(values), _) => values.iter().map(|value| format!("'{value}'")).collect::<Vec<_>>().join("|"),
                (None, Format::Plain) => "text".into(),
                (None, Format::DateTime(Zone::Must)) => "date-time".into(),
                (None, Format::Date(Zone::Never)) => "date".into(),
                (None, format) => format!("{format:?}").to_lowercase(),
            };
            text += &facets.shortest.map(|least| format!(" >={least}")).unwrap_or_default();
            text += &facets.longest.map(|most| format!(" <={most}")).unwrap_or_default();
            text + &facets.pattern.as_ref().map(|pattern| format!(" /{pattern}/")).unwrap_or_default()
        }
        Shape::List(item, (least, most)) => {
            let counts = if (*least, *most) == (0, None) {
                String::new()
            } else {
                format!("{least}..{}", most.map_or(String::new(), |most| most.to_string()))
            };
            format!("[{}]{counts}", printed(shapes, *item, open))
        }
        Shape::Record(record) => printed_record(shapes, record, open),
        Shape::OneOf(arms) => arms.iter().map(|arm| printed(shapes, *arm, open)).collect::<Vec<_>>().join(" or "),
    };
    open.pop();
    text
}

fn printed_record(shapes: &Shapes, record: &RecordShape, open: &mut Vec<ShapeId>) -> String {
    let mut parts: Vec<String> = Vec::new();
    for field in &record.fields {
        let maybe = if field.presence == Presence::Maybe { "?" } else { "" };
        parts.push(format!("{}{maybe}: {}", field.name, printed(shapes, field.shape, open)));
    }
    parts.extend(record.rest.map(|rest| match printed(shapes, rest, open).as_str() {
        "any" => "...".into(),
        other => format!("...: {other}"),
    }));
    parts.extend(record.residue.iter().map(|words| format!("({words})")));
    format!("{}{{{}}}", record.name.as_deref().unwrap_or_default(), parts.join(", "))
}

fn lower(text: &str, path: &str, side: Side) -> (String, Vec<String>) {
    let bundle = Bundle::new([("schema.yaml".to_string(), text.as_bytes().to_vec())]);
    let mut problems = Problems::new();
    let document = yaml::read(&bundle, FileId(0), &mut problems).unwrap();
    assert!(problems.is_empty(), "{problems:?}");
    let mut schemas = Schemas::new(&document, document.get("$defs"), &mut problems);
    let schema = path.split('/').filter(|step| !step.is_empty()).fold(&document, |node, step| node.get(step).unwrap());
    let id = schemas.shape(schema, side);
    let shapes = schemas.finish();
    let place = |span: Span| bundle.line_column(FileId(0), span.from);
    let said = problems.iter().map(|problem| format!("{} {:?} {}", problem.code.id, place(problem.at.unwrap()), problem.says));
    (print(&shapes, id), said.collect())
}

/// The schema as the only thing in its document.
fn check(schema: &str, expected: &str) {
    assert_eq!(lower(schema, "", Side::Given), (expected.to_string(), Vec::new()), "{schema}");
}

/// The type `A` of some `$defs`.
fn check_defs(defs: &str, expected: &str) {
    assert_eq!(lower(&format!("$defs: {{{defs}}}"), "$defs/A", Side::Given), (expected.to_string(), Vec::new()), "{defs}");
}

fn says(schema: &str, shape: &str, problem: &str) {
    assert_eq!(lower(schema, "", Side::Given), (shape.to_string(), vec![problem.to_string()]), "{schema}");
}

#[test]
fn leaves() {
    check("{}", "any");
    check("true", "any");
    check("false", "never");
    check("{type: boolean}", "flag");
    check("{type: 'null'}", "null");
    check("{type: string}", "text");
    check("{type: string, minLength: 1, maxLength: 60, pattern: '^A'}", "text >=1 <=60 /^A/");
    check("{type: string, format: date-time}", "date-time");
    check("{type: string, format: date}", "date");
    check("{type: string, format: email}", "email");
    check("{type: string, format: byte}", "base64");
    check("{type: string, contentEncoding: base64}", "base64");
    check("{type: string, format: hostname}", "text");
}

#[test]
fn numbers() {
    check("{type: integer}", "int");
    check("{type: integer, format: int32}", "int32");
    check("{type: integer, format: int64, minimum: 0}", "int64 0..");
    check("{type: number}", "decimal");
    check("{type: number, format: double}", "double");
    check("{type: number, multipleOf: 0.01, maximum: 100}", "decimal ..100 .2");
    check("{type: integer, exclusiveMinimum: 0, exclusiveMaximum: 10}", "int 1..9");
    check("{type: integer, minimum: 0, exclusiveMinimum: true}", "int 1..");
    check("{type: number, exclusiveMinimum: 0, minimum: 2}", "decimal 2..");
    check("{enum: [3, 1, 2]}", "int 1..3");
    check("{minimum: 1}", "decimal 1..");
}

#[test]
fn null_in_both_dialects() {
    check("{type: [string, 'null'], maxLength: 30}", "text <=30 or null");
    check("{type: string, nullable: true}", "text or null");
    check("{enum: [a, b, null]}", "'a'|'b' or null");
    check("{oneOf: [{type: string}, {type: 'null'}]}", "text or null");
    check_defs("A: {nullable: true, allOf: [{$ref: '#/$defs/B'}]}, B: {type: string}", "text or null");
}

#[test]
fn a_request_may_not_be_null_where_only_some_readers_think_so() {
    let (taken, _) = lower("{nullable: true, allOf: [{type: string}]}", "", Side::Taken);
    assert_eq!(taken, "text");
}

#[test]
fn enumerations() {
    check("{type: string, enum: [active, blocked]}", "'active'|'blocked'");
    check("{const: EUR}", "'EUR'");
    check("{enum: ['1', 2, true]}", "flag or int 2..2 or '1'");
    check("{allOf: [{enum: [a, b, c]}, {enum: [c, b, x]}]}", "'b'|'c'");
    check("{enum: [NO, on, 01]}", "'NO'|'on'|'01'");
}

#[test]
fn records() {
    check("{type: object}", "{...}");
    check("{properties: {a: {type: string}, b: {type: boolean}}, required: [a]}", "{a: text, b?: flag, ...}");
    check("{type: object, additionalProperties: false, properties: {a: true}}", "{a?: any}");
    check("{type: object, additionalProperties: {type: integer}}", "{...: int}");
    check("{type: object, required: [x]}", "{x: any, ...}");
    check("{type: array, minItems: 1, maxItems: 3, items: {type: string}}", "[text]1..3");
    check("{items: {type: string}}", "[text]");
}

#[test]
fn all_of_is_one_record() {
    check("{allOf: [{properties: {a: {type: string}}}, {properties: {b: {type: integer}}, required: [b, a]}]}", "{a: text, b: int, ...}");
    check("{properties: {a: {type: string}}, allOf: [{properties: {a: {maxLength: 5}}}]}", "{a?: text <=5, ...}");
    check("{allOf: [{type: object, properties: {a: true}, additionalProperties: false}, {properties: {b: true}}]}", "{a?: any}");
    check("{unevaluatedProperties: false, allOf: [{properties: {a: true}}, {properties: {b: true}}]}", "{a?: any, b?: any}");
    check("{allOf: [{type: [string, 'null']}, {type: string}]}", "text");
    check("{allOf: [{type: number}, {type: integer}]}", "int");
}

#[test]
fn references() {
    check_defs(
        "A: {properties: {b: {$ref: '#/$defs/B'}}}, B: {type: object, properties: {c: {type: string}}}",
        "A{b?: B{c?: text, ...}, ...}",
    );
    check_defs("A: {$ref: '#/$defs/a~1b%20c'}, 'a/b c': {type: string}", "text");
    check_defs("A: {$ref: '#/$defs/B', maxLength: 3}, B: {type: string}", "text <=3");
    check_defs(
        "A: {allOf: [{$ref: '#/$defs/B'}, {properties: {x: {type: string}}}]}, B: {properties: {y: {type: string}}}",
        "A{y?: text, x?: text, ...}",
    );
}

#[test]
fn types_may_contain_themselves() {
    check_defs("A: {properties: {children: {type: array, items: {$ref: '#/$defs/A'}}}}", "A{children?: [A], ...}");
    check_defs("A: {allOf: [{$ref: '#/$defs/B'}]}, B: {properties: {a: {$ref: '#/$defs/A'}}}", "A{a?: A, ...}");
    check_defs("A: {$ref: '#/$defs/B'}, B: {$ref: '#/$defs/A'}", "any");
    check_defs("A: {oneOf: [{$ref: '#/$defs/A'}, {type: string}]}", "any");
}

#[test]
fn alternatives() {
    check("{oneOf: [{type: string}, {type: integer}]}", "text or int");
    check("{anyOf: [{type: string}, {}]}", "any");
    check("{oneOf: [{type: string}, {oneOf: [{type: string}, {type: boolean}]}]}", "text or flag");
    check(
        "{properties: {a: {type: string}, b: {type: string}}, oneOf: [{required: [a]}, {required: [b]}]}",
        "{a: text, b?: text, ...} or {a?: text, b: text, ...}",
    );
    check("{type: string, anyOf: [{maxLength: 3}, {pattern: '^X'}]}", "text <=3 or text /^X/");
    let many: Vec<String> = (0..20).map(|n| format!("{{const: a, maxLength: {n}}}")).collect();
    check(&format!("{{oneOf: [{}]}}", many.join(", ")), "any");
}

#[test]
fn read_only_is_given_and_write_only_is_taken() {
    let schema = "{required: [id, name], properties: {id: {type: string, readOnly: true}, name: {type: string}, password: {type: string, writeOnly: true}}}";
    assert_eq!(lower(schema, "", Side::Given).0, "{id: text, name: text, ...}");
    assert_eq!(lower(schema, "", Side::Taken).0, "{name: text, password?: text, ...}");
}

#[test]
fn what_a_shape_cannot_say_is_residue() {
    check("{type: object, not: {required: [a]}}", "{..., (it must not fit what stands under `not`)}");
    check("{type: object, dependentRequired: {card: [name, street]}}", "{..., (with `card` it needs `name` and `street`)}");
    check("{properties: {tags: {type: array, uniqueItems: true}}}", "{tags?: [any], ..., (`tags`: no item twice)}");
    check(
        "{type: object, additionalProperties: false, patternProperties: {'^x-': {type: string}}}",
        "{..., (keys that fit a pattern have a shape of their own)}",
    );
    check(
        "{properties: {p: {prefixItems: [{type: string}], items: {type: integer}}}}",
        "{p?: [any], ..., (`p`: its items differ by position)}",
    );
}

#[test]
fn faults_have_their_place() {
    says(
        "{$ref: '#/$defs/Contakt', $defs: {Contact: {}}}",
        "any",
        "J0101 (1, 8) `#/$defs/Contakt` is not there: nothing is called `Contakt` at its place",
    );
    says("{$ref: 'common.yaml#/X'}", "any", "J0102 (1, 8) `common.yaml#/X` refers to another file, which is not built yet");
    says("{$ref: '#anchor'}", "any", "J0102 (1, 8) `#anchor` names an `$anchor`, which is not built yet");
    says("{type: string, maxLength: '60'}", "text", "J0103 (1, 27) `maxLength` wants a number");
    says("{type: string, minLength: 1.5}", "text", "J0103 (1, 27) `minLength` wants a whole number, 0 or more");
    says("{type: object, required: name}", "{...}", "J0103 (1, 26) `required` wants a list");
    says("{type: date}", "any", "J0104 (1, 8) `date` is no type of JSON Schema");
    says("{properties: {a: 5}}", "{a?: any, ...}", "J0103 (1, 18) a schema was expected here: a mapping, `true` or `false`");
    says("{type: integer, enum: [a]}", "never", "J0105 (1, 1) no value can be valid here: what must hold together excludes itself");
    says("{type: object, $dynamicRef: '#n'}", "{...}", "J0107 (1, 16) `$dynamicRef` is not built yet: this schema is read without it");
    let one = "{oneOf: [{type: string}, {type: integer}], maxLength: 1}";
    assert_eq!(lower(one, "", Side::Given).0, "text <=1 or int");
}

#[test]
fn alternatives_that_multiply_are_stopped() {
    let group = |n: usize| format!("{{oneOf: [{{properties: {{a{n}: {{minLength: 1}}}}}}, {{properties: {{b{n}: {{minLength: 2}}}}}}]}}");
    let groups: Vec<String> = (0..24).map(group).collect();
    let (_, said) = lower(&format!("{{allOf: [{}]}}", groups.join(", ")), "", Side::Given);
    assert_eq!(said, ["J0106 (1, 1) more than 500000 shapes or 20000 alternatives: from here on anything is taken"]);
}

#[test]
fn every_code_has_a_page_with_its_title() {
    for code in codes::ALL {
        assert_eq!(code.page.lines().next(), Some(format!("# {} {}", code.id, code.title).as_str()));
    }
}

/// Schemas of every keyword with values of every kind, right and wrong.
fn any_schema() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(vec!["true", "false", "{}", "null", "7", "text", "[]", "{type: string}", "{type: [integer, 'null']}"])
            .prop_map(String::from),
        prop::sample::select(vec!["{$ref: '#/$defs/A'}", "{$ref: '#/$defs/B'}", "{$ref: '#'}", "{$ref: 'x'}", "{$ref: 3}"])
            .prop_map(String::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let one = prop::sample::select(vec![
            "items",
            "additionalProperties",
            "not",
            "allOf",
            "properties",
            "type",
            "$ref",
            "unevaluatedProperties",
        ]);
        let many = prop::sample::select(vec!["allOf", "oneOf", "anyOf", "enum", "required", "prefixItems"]);
        let named = prop::sample::select(vec!["properties", "patternProperties", "dependentRequired", "$defs"]);
        let facet = prop::sample::select(vec![
            "maxLength: 3",
            "minimum: -1",
            "maximum: x",
            "nullable: true",
            "readOnly: true",
            "writeOnly: true",
            "multipleOf: 0.01",
            "format: date-time",
            "minItems: 2",
            "exclusiveMinimum: 5",
            "required: [a, b]",
            "enum: [a, 1, null]",
            "const: 2.5",
            "pattern: a",
            "type: object",
            "uniqueItems: true",
        ]);
        let keyword = prop_oneof![
            (one, inner.clone()).prop_map(|(key, schema)| (key, schema)),
            (many, prop::collection::vec(inner.clone(), 0..3)).prop_map(|(key, schemas)| (key, format!("[{}]", schemas.join(", ")))),
            (named, inner.clone(), inner).prop_map(|(key, one, other)| (key, format!("{{a: {one}, b: {other}}}"))),
            facet.prop_map(|facet| facet.split_once(": ").map(|(key, value)| (key, value.to_string())).unwrap()),
        ];
        prop::collection::vec(keyword, 0..4).prop_map(|keywords| {
            let once: std::collections::BTreeMap<&str, String> = keywords.into_iter().collect();
            let pairs: Vec<String> = once.iter().map(|(key, value)| format!("{key}: {value}")).collect();
            format!("{{{}}}", pairs.join(", "))
        })
    })
}

proptest! {
    #[test]
    fn every_document_comes_to_an_end_and_both_its_sides_fit_themselves(a in any_schema(), b in any_schema()) {
        let text = format!("$defs: {{A: {a}, B: {b}}}");
        for side in [Side::Given, Side::Taken] {
            let bundle = Bundle::new([("schema.yaml".to_string(), text.clone().into_bytes())]);
            let mut problems = Problems::new();
            let document = yaml::read(&bundle, FileId(0), &mut problems).unwrap();
            let mut schemas = Schemas::new(&document, document.get("$defs"), &mut problems);
            let id = schemas.shape(document.get("$defs").unwrap().get("A").unwrap(), side);
            let mut shapes = schemas.finish();
            let from = shapes.clone();
            let copy = shapes.import(&from, id);
            prop_assert!(matches!(fits(&shapes, id, copy), Fit::Fits | Fit::Perhaps(_)), "{text}");
            for n in 0..shapes.len() {
                if let Shape::OneOf(arms) = shapes.get(ShapeId(n as u32)) {
                    prop_assert!(arms.iter().all(|arm| !matches!(shapes.get(*arm), Shape::Any | Shape::Never | Shape::OneOf(_))), "{text}");
                }
            }
        }
    }
}

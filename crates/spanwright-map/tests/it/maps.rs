//! Mappings without schemas: what is written, what is left out, what fails and how that is said.

use spanwright_map::{Env, MapContext, Mapping, Scope};
use spanwright_shape::{
    json,
    room::Room,
    shape::{Shape, Shapes},
    text::{Bundle, Problems, render, yaml},
};

/// Reads FIELDS that stand in `maps/it.yaml`.
pub fn mapping(fields: &str) -> Result<Mapping, String> {
    let bundle = Bundle::new([
        ("maps/it.yaml".to_string(), fields.as_bytes().to_vec()),
        ("tables/countries.yaml".to_string(), b"DE: Germany\nFR: France\n".to_vec()),
    ]);
    let mut problems = Problems::new();
    let node = yaml::read(&bundle, bundle.find("maps/it.yaml").unwrap(), &mut problems).expect("YAML");
    let mut shapes = Shapes::default();
    let dot = shapes.add(Shape::Any);
    let mut scope = Scope { shapes: &mut shapes, dot, names: vec![("vars".into(), dot)], zone: Some("Europe/Berlin".into()) };
    let context = MapContext::alone("it", None, &bundle);
    let mapping = Mapping::check(&node, &mut scope, &context, &mut problems);
    mapping.ok_or_else(|| render::human(&problems, &bundle, render::Look::Plain))
}

/// What FIELDS write for a record, or how they fail.
fn writes(fields: &str, input: &str) -> String {
    let mapping = mapping(fields).unwrap_or_else(|problems| panic!("{problems}"));
    let (room, work) = (Room::new(), Room::new());
    let dot = json::read(input.as_bytes(), &room).unwrap();
    let vars = json::read(br#"{"tenant":"t1"}"#, &room).unwrap();
    let mut out = b"before ".to_vec();
    match mapping.write(&Env { dot, names: &[("vars", vars)] }, &work, &mut out) {
        Ok(()) => String::from_utf8(out).unwrap().strip_prefix("before ").unwrap().to_string(),
        Err(fault) => {
            assert_eq!(out, b"before ", "a fault leaves the output as it was");
            format!("{} {}", fault.failure.code.id, fault.failure.says)
        }
    }
}

#[track_caller]
fn check(fields: &str, input: &str, expected: &str) {
    assert_eq!(writes(fields, input), expected);
}

#[test]
fn fields_are_written_in_the_order_of_the_table() {
    check("b: .x\na: .y\nc: 1\nd: true\ne: { value: null }", r#"{"y":1.50,"x":"q"}"#, r#"{"b":"q","a":1.50,"c":1,"d":true,"e":null}"#);
}

#[test]
fn a_bare_path_keeps_absent_absent_and_null_null() {
    check("a: .a\nb: .b\nc: .c.d\ne: .l[0]", r#"{"b":null,"c":null,"l":[]}"#, r#"{"b":null}"#);
}

#[test]
fn a_computed_null_is_left_out_unless_empty_says_null() {
    check("a: .a | text\nb: { from: .b | text, empty: null }", "{}", r#"{"b":null}"#);
}

#[test]
fn no_result_is_left_out() {
    check("a: .a | select(. > 1)\nb: empty\nc: if .a then . else empty end | .a", r#"{"a":1}"#, r#"{"c":1}"#);
}

#[test]
fn dotted_keys_make_records_and_empty_ones_are_taken_back() {
    check("a.b: .x\nz: 1\na.c.d: .y", r#"{"x":1,"y":2}"#, r#"{"a":{"b":1,"c":{"d":2}},"z":1}"#);
    check("a.b: .x\nz: 1\na.c.d: .y", r#"{"y":2}"#, r#"{"a":{"c":{"d":2}},"z":1}"#);
    check("a.b: .x\nz: 1\na.c.d: .y", "{}", r#"{"z":1}"#);
}

#[test]
fn then_runs_only_where_there_is_something() {
    let fields = r#"id: { from: .Number, then: '"ERP-" + .' }"#;
    check(fields, r#"{"Number":"00501"}"#, r#"{"id":"ERP-00501"}"#);
    check(fields, "{}", "{}");
    check(fields, r#"{"Number":null}"#, r#"{}"#);
}

#[test]
fn a_default_is_for_absent_and_null_and_otherwise_for_what_is_not_in_the_table() {
    let fields = "s: { from: .s, table: { A: active, 2: two }, otherwise: unknown, default: none }";
    check(fields, r#"{"s":"A"}"#, r#"{"s":"active"}"#);
    check(fields, r#"{"s":2}"#, r#"{"s":"two"}"#);
    check(fields, r#"{"s":"Z"}"#, r#"{"s":"unknown"}"#);
    check(fields, r#"{"s":null}"#, r#"{"s":"none"}"#);
    check(fields, "{}", r#"{"s":"none"}"#);
}

#[test]
fn what_is_not_in_the_table_fails_and_the_value_is_not_shown() {
    check(
        "a: 1\ns: { from: .Status, table: { A: active }, otherwise: fail }",
        r#"{"Status":"secret"}"#,
        "R1008 map `it`, field `s` (maps/it.yaml:2): the value is not in the table, at `.Status`",
    );
}

#[test]
fn a_table_may_be_a_file() {
    check("c: { from: .c, table: tables/countries.yaml, otherwise: Other }", r#"{"c":"FR"}"#, r#"{"c":"France"}"#);
}

#[test]
fn each_makes_a_record_of_an_item() {
    let fields = "lines[]:\n  each: .l\n  fields: { n: $index, sku: .s, of: $parent.no, first: $root.no, tenant: $vars.tenant }";
    check(
        fields,
        r#"{"no":7,"l":[{"s":"a"},{}]}"#,
        r#"{"lines":[{"n":0,"sku":"a","of":7,"first":7,"tenant":"t1"},{"n":1,"of":7,"first":7,"tenant":"t1"}]}"#,
    );
    check(fields, r#"{"l":[]}"#, r#"{"lines":[]}"#);
    check(fields, "{}", "{}");
    check(fields, r#"{"l":null}"#, "{}");
    check("lines[]: { each: .l, empty: null, fields: { a: .a } }", "{}", r#"{"lines":null}"#);
}

#[test]
fn each_within_each_sees_its_parent_and_the_root() {
    let fields = "o[]:\n  each: .o\n  fields:\n    l[]: { each: .l, fields: { a: .a, p: $parent.n, r: $root.r, i: $index } }";
    check(
        fields,
        r#"{"r":9,"o":[{"n":1,"l":[{"a":5}]},{"n":2,"l":[{"a":6},{"a":7}]}]}"#,
        r#"{"o":[{"l":[{"a":5,"p":1,"r":9,"i":0}]},{"l":[{"a":6,"p":2,"r":9,"i":0},{"a":7,"p":2,"r":9,"i":1}]}]}"#,
    );
}

#[test]
fn rows_of_csv_are_read_and_written() {
    let fields = "positions[]:\n  each: .Csv | csv_records(\";\")\n  fields: { sku: .Artikel, pieces: .Menge | tonumber }\n\
                  export: '[.lines[] | [.sku, .pieces] | csv_row(\";\")] | join(\"\\r\\n\")'\n";
    check(
        fields,
        r#"{"Csv":"Artikel;Menge\r\n\"A;1\";2\r\nB-2;10\r\n","lines":[{"sku":"A;1","pieces":2},{"sku":"B-2","pieces":10}]}"#,
        r#"{"positions":[{"sku":"A;1","pieces":2},{"sku":"B-2","pieces":10}],"export":"\"A;1\";2\r\nB-2;10"}"#,
    );
    check(
        fields,
        r#"{"Csv":"Artikel;Menge\nA-1\n","lines":[]}"#,
        "R1005 map `it`, field `positions[]` (maps/it.yaml:2): `csv_records(\";\")`: a row of the CSV has another number of cells than the first, at `.Csv`",
    );
}

#[test]
fn a_fault_names_map_field_line_part_and_path() {
    check(
        "a: .x\nlines[]:\n  each: .l\n  fields:\n    n: |\n      .a\n      | tonumber",
        r#"{"l":[{"a":"12x"}]}"#,
        "R1003 map `it`, field `lines[].n` (maps/it.yaml:7): `tonumber`: the text is no number, at `.l[].a`",
    );
}

#[test]
fn a_declared_zone_is_the_one_that_zoned_means() {
    check("t: .t | zoned", r#"{"t":"2026-07-01T08:00:00"}"#, r#"{"t":"2026-07-01T08:00:00+02:00"}"#);
}

#[test]
fn a_time_that_is_there_twice_is_the_first_and_one_in_the_gap_moves_on() {
    check("t: .t | zoned", r#"{"t":"2026-10-25T02:30:00"}"#, r#"{"t":"2026-10-25T02:30:00+02:00"}"#);
    check("t: .t | zoned", r#"{"t":"2026-03-29T02:30:00.5"}"#, r#"{"t":"2026-03-29T03:30:00.5+02:00"}"#);
    check("t: .t | zoned", r#"{"t":"2026-01-01T02:30:00Z"}"#, r#"{"t":"2026-01-01T02:30:00Z"}"#);
    check(
        "t: .t | zoned",
        r#"{"t":"2026-02-30T02:30:00"}"#,
        "R1004 map `it`, field `t` (maps/it.yaml:1): `zoned`: the text is no date or date-time, at `.t`",
    );
}

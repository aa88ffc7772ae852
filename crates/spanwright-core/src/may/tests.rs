#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use spanwright_shape::{
    json,
    room::Room,
    shape::{Field, Presence, RecordShape, Shape, ShapeId, Shapes, TextFacets},
    value::Value,
};

use super::*;
use crate::{
    codes,
    connector::{Answers, Call, Heard, HttpRequest, Outcome, Part, Refusal, Request, Show, System, Verdict, With},
    fact::Moment,
    interface::{Interface, Operation, Repeat, TypeShapes},
};

/// `Order { id, customer: Customer, lines: [{ sku, cost }] }`, `Customer { name, pin, boss: Customer }`, and what may be anything.
fn interface() -> Interface {
    let mut shapes = Shapes::default();
    let text = shapes.add(Shape::Text(TextFacets::default()));
    let any = shapes.add(Shape::Any);
    let (customer, order) = (shapes.reserve(), shapes.reserve());
    let fields = |fields: &[(&str, ShapeId)]| {
        fields.iter().map(|(name, shape)| Field { name: (*name).into(), shape: *shape, presence: Presence::Maybe, about: None }).collect()
    };
    let record = |name: Option<&str>, given: &[(&str, ShapeId)]| {
        Shape::Record(RecordShape { name: name.map(Arc::from), fields: fields(given), ..RecordShape::default() })
    };
    shapes.set(customer, record(None, &[("name", text), ("pin", text), ("boss", customer)]));
    let line = shapes.add(record(Some("Line"), &[("sku", text), ("cost", text)]));
    let lines = shapes.add(Shape::List(line, (0, None)));
    shapes.set(order, record(None, &[("id", text), ("customer", customer), ("lines", lines)]));
    let with = shapes.add(record(None, &[("id", text)]));
    let beside = shapes.add(record(None, &[("id", text), ("customer", customer)]));
    let with_block = shapes.add(record(None, &[("id", text), ("customer", customer), ("token", text)]));
    let operation = |name: &str, body, gives, repeat| Operation {
        name: name.into(),
        about: None,
        wire: name.into(),
        with,
        fields: None,
        body,
        gives,
        refuses: Vec::new(),
        repeat,
        bulk: None,
    };
    let operations = vec![
        operation("getOrder", None, order, Repeat::Safe),
        operation("putOrder", Some(order), any, Repeat::Idempotent),
        operation("say", Some(any), any, Repeat::Never),
        operation("find", Some(order), order, Repeat::Safe),
        Operation { with: with_block, fields: Some(beside), ..operation("import", Some(line), any, Repeat::Keyed) },
    ];
    let both = |id| TypeShapes { given: id, taken: id };
    let types = BTreeMap::from([("Order".to_string(), both(order)), ("Customer".to_string(), both(customer))]);
    Interface { shapes: Arc::new(shapes), types, operations }
}

fn entries(texts: &[&str]) -> Vec<Entry> {
    texts.iter().map(|text| Entry::parse(text)).collect()
}

const ORDER: &str =
    r#"{"id":"1","customer":{"name":"n","pin":"p","boss":{"name":"b","pin":"q"}},"lines":[{"sku":"s","cost":"c"}],"$extra":1}"#;

#[track_caller]
fn left(may: &[&str], operation: &str, given: &str, expected: &str) {
    let (interface, room) = (interface(), Room::new());
    let sieve = Sieve::of(&entries(may), &interface, Side::Given);
    let (n, _) = interface.operation(operation).unwrap();
    let value = json::read(given.as_bytes(), &room).unwrap();
    let left = sieve.strip(sieve.operation(n), &value, &room).unwrap_or(Value::Null);
    let mut out = Vec::new();
    json::write(&left, &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), expected, "{may:?}");
}

#[test]
fn what_is_not_named_is_taken_out_of_an_answer() {
    let check = |may: &[&str], expected| left(may, "getOrder", ORDER, expected);
    check(&["Order.id"], r#"{"id":"1"}"#);
    check(&["Order.lines[].sku", "Order.id"], r#"{"id":"1","lines":[{"sku":"s"}]}"#);
    check(&["Line.cost"], r#"{"lines":[{"cost":"c"}]}"#);
    check(&["Order.customer.name"], r#"{"customer":{"name":"n"}}"#);
    check(&["Order.customer"], r#"{"customer":{"name":"n","pin":"p","boss":{"name":"b","pin":"q"}}}"#);
    check(&["getOrder.id"], r#"{"id":"1"}"#);
    check(&["putOrder.id"], "{}");
    check(&[], "{}");
}

#[test]
fn a_type_that_holds_itself_is_named_once() {
    left(&["Customer.name"], "getOrder", ORDER, r#"{"customer":{"name":"n","boss":{"name":"b"}}}"#);
}

#[test]
fn where_a_value_may_be_anything_the_names_alone_count() {
    left(&["say.a.b"], "say", r#"{"a":{"b":[1,{"c":2}],"d":3},"e":4}"#, r#"{"a":{"b":[1,{"c":2}]}}"#);
    left(&["say.a"], "say", r#""text""#, "null");
}

#[test]
fn the_reasons_why_a_record_breaks_its_schema_are_withheld_with_its_fields() {
    let room = Room::new();
    let sieve = Sieve::of(&entries(&["Order.id"]), &interface(), Side::Given);
    let value = json::read(br#"{"$invalid":"pin: 1234 is too short","id":"1"}"#, &room).unwrap();
    let left = sieve.strip(sieve.operation(0), &value, &room).unwrap();
    let says = left.get("$invalid").and_then(|says| says.text()).unwrap();
    assert!(says.contains("withholds") && !says.contains("1234"));
}

#[track_caller]
fn beyond(may: &[&str], operation: &str, given: &str, expected: Option<&str>) {
    let (interface, room) = (interface(), Room::new());
    let sieve = Sieve::of(&entries(may), &interface, Side::Taken);
    let (n, _) = interface.operation(operation).unwrap();
    let value = json::read(given.as_bytes(), &room).unwrap();
    assert_eq!(sieve.beyond(sieve.operation(n), &value, operation).as_deref(), expected, "{given}");
}

#[test]
fn a_body_with_a_field_that_may_not_be_written_is_found_wherever_it_is() {
    let check = |given, expected| beyond(&["Order.id", "Order.lines.sku", "Customer.name"], "putOrder", given, expected);
    check(r#"{"id":"1","lines":[{"sku":"s"}],"customer":{"boss":{"name":"b"}}}"#, None);
    check(r#"{"id":"1","lines":[{"sku":"s"},{"cost":"c"}]}"#, Some("putOrder.lines.cost"));
    check(r#"{"customer":{"boss":{"pin":"1"}}}"#, Some("putOrder.customer.boss.pin"));
    check(r#"{"id":"1","more":1}"#, Some("putOrder.more"));
    check(r#"{"customer":null}"#, Some("putOrder.customer"));
    check(r#"{"lines":[]}"#, None);
    check("null", Some("putOrder"));
    beyond(&["say.text"], "say", r#"{"text":"hi","to":"all"}"#, Some("say.to"));
    beyond(&["say"], "say", r#"{"text":"hi","to":"all"}"#, None);
}

/// Answers every call with the same bytes, and notes what it was asked.
struct Open {
    interface: Interface,
    asked: Mutex<usize>,
}

impl System for Open {
    fn interface(&self) -> &Interface {
        &self.interface
    }

    fn ask(&self, _: usize, calls: &[Call<'_>], _: &With<'_>) -> Result<Request, Refusal> {
        *self.asked.lock().unwrap() += calls.len();
        Ok(Request::Http(HttpRequest::new("POST", "http://x")))
    }

    fn hear(&self, _: usize, calls: &[Call<'_>], _: Heard<'_>, _: &With<'_>, answers: Answers<'_>) -> Verdict {
        let room = Room::new();
        if let Answers::Show(show) = answers {
            show(&json::read(ORDER.as_bytes(), &room).unwrap());
        }
        Verdict::all(calls.len(), Outcome::Delivered(Some(ORDER.as_bytes().to_vec())))
    }

    fn hear_pieces(&self, _: usize, _: Call<'_>, _: Heard<'_>, _: &With<'_>, _: &[&str], show: Show<'_>) -> Verdict {
        let room = Room::new();
        let _ = show(&json::read(ORDER.as_bytes(), &room).unwrap(), Part::Items);
        Verdict::all(1, Outcome::Delivered(None))
    }
}

fn fenced(rights: &Rights) -> (Arc<Open>, Arc<dyn System>) {
    let open = Arc::new(Open { interface: interface(), asked: Mutex::new(0) });
    let fence = Fence::around("shop", open.clone(), rights);
    (open, fence)
}

fn call<'a>(body: Option<&'a str>) -> Call<'a> {
    Call { key: "k", with: Value::Record(&[]), body: body.map(str::as_bytes), proved: true, correlation: "", trace: "" }
}

fn with<'w>() -> With<'w> {
    With { now: Moment(0), variable: &|_| None, token: None, request_key: "", outcomes: &[], validator: None }
}

fn broken<'h>() -> Heard<'h> {
    Heard::Broken { reached: crate::connector::Reached::No, why: String::new() }
}

fn text(value: &Value<'_>) -> String {
    let mut out = Vec::new();
    json::write(value, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn nothing_is_asked_that_may_not_be_asked_or_written() {
    let rights = Rights { call: Some(vec!["putOrder".into(), "find".into()]), read: None, write: Some(entries(&["Order.id"])) };
    let (open, fence) = fenced(&rights);
    let refused = |operation, calls: &[Call<'_>]| match fence.ask(operation, calls, &with()) {
        Err(Refusal::Call(n, why)) => Some((n, why.code.id, why.says)),
        Err(Refusal::System(_)) => panic!("no setting is wrong"),
        Ok(_) => None,
    };
    assert_eq!(refused(0, &[call(None)]), Some((0, codes::MAY_NOT_CALL.id, "`getOrder` may not be called at `shop`".into())));
    let bad = call(Some(r#"{"id":"1","customer":{"pin":"4711"}}"#));
    let says = "`putOrder.customer` may not be written at `shop`";
    assert_eq!(refused(1, &[call(Some(r#"{"id":"1"}"#)), bad]), Some((1, codes::MAY_NOT_WRITE.id, says.into())));
    assert_eq!(*open.asked.lock().unwrap(), 0);
    assert_eq!(refused(1, &[call(Some(r#"{"id":"1"}"#))]), None);
    assert_eq!(refused(3, &[bad]), None, "what an operation that only reads is asked is no writing");
    assert_eq!(*open.asked.lock().unwrap(), 2);
}

#[test]
fn a_parameter_that_is_a_field_is_written_and_one_that_stands_elsewhere_is_not() {
    let (_, fence) = fenced(&Rights { write: Some(entries(&["import.sku", "import.id", "Customer.name"])), ..Rights::default() });
    let room = Room::new();
    let said = |parameters: &str, body: &str| {
        let call = Call { with: json::read(parameters.as_bytes(), &room).unwrap(), ..call(Some(room.text(body))) };
        fence.ask(4, &[call], &with()).err().map(|refusal| format!("{refusal:?}"))
    };
    let check = |parameters, body, field: &str| {
        let said = said(parameters, body).unwrap_or_else(|| panic!("{parameters} {body} is allowed"));
        assert!(said.contains("R0039") && said.contains(&format!("`import.{field}` may not be written at `shop`")), "{said}");
    };
    assert_eq!(said(r#"{"id":"1","token":"t","customer":{"name":"n"}}"#, r#"{"sku":"s"}"#), None);
    check(r#"{"customer":{"pin":"4711"}}"#, r#"{"sku":"s"}"#, "customer.pin");
    check(r#"{"other":"1"}"#, r#"{"sku":"s"}"#, "other");
    check(r#"{"id":"1"}"#, r#"{"cost":"c"}"#, "cost");
}

#[test]
fn nothing_is_heard_that_may_not_be_read() {
    let (_, fence) = fenced(&Rights { read: Some(entries(&["Order.id", "Customer.name"])), ..Rights::default() });
    let expected = r#"{"id":"1","customer":{"name":"n","boss":{"name":"b"}}}"#;
    let kept = fence.hear(0, &[call(None)], broken(), &with(), Answers::Keep);
    assert_eq!(kept.outcomes, [Outcome::Delivered(Some(expected.as_bytes().to_vec()))]);
    let mut shown = Vec::new();
    fence.hear(0, &[call(None)], broken(), &with(), Answers::Show(&mut |value| shown.push(text(value))));
    fence.hear_pieces(0, call(None), broken(), &with(), &["lines"], &mut |value, _| {
        shown.push(text(value));
        std::ops::ControlFlow::Continue(())
    });
    assert_eq!(shown, [expected, expected]);
}

#[test]
fn what_may_not_be_read_is_in_no_shape() {
    let (_, fence) = fenced(&Rights { read: Some(entries(&["Order.id", "say.a.b"])), ..Rights::default() });
    let seen = fence.interface();
    let fields = |id| match seen.shapes.get(id) {
        Shape::Record(record) => (record.fields.iter().map(|field| field.name.to_string()).collect(), record.withheld.len()),
        _ => (Vec::new(), 0),
    };
    assert_eq!(fields(seen.operations[0].gives), (vec!["id".to_string()], 2));
    assert_eq!(fields(seen.types["Order"].given), (vec!["id".to_string()], 2));
    assert_eq!(fields(seen.types["Order"].taken).0.len(), 3, "what it takes is another thing");
    assert_eq!(fields(seen.operations[2].gives), (vec!["a".to_string()], 0));
}

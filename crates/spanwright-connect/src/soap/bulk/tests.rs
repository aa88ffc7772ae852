#![allow(clippy::unwrap_used)]

use spanwright_core::{
    connector::{Answers, Call, Connector, Heard, Outcome, Reached, Refusal, Request, System, Verdict, With},
    fact::Moment,
    interface::Repeat,
    settings::{Auth, OutcomeWord},
};
use spanwright_shape::{
    json,
    room::Room,
    text::{Bundle, Scalar, Span},
    value::Value,
};

use super::*;
use crate::soap::Soap;

const ITEMS: [&str; 3] = [r#"{"Id":"a","Total":1}"#, r#"{"Id":"b","Total":2.50,"Line":["x","y"]}"#, r#"{"Id":"c","Total":3}"#];

/// An operation's settings: `items`, `answers`, `match` and `outcome`, where they are not empty.
fn operation(name: &str, most: u32, words: [&str; 4]) -> OperationSettings {
    let [items, answers, matched, outcome] = words.map(|text| (!text.is_empty()).then(|| Scalar::made(text)));
    let at = Span { file: spanwright_shape::text::FileId(0), from: 0, to: 1 };
    let bulk = BulkSettings { at, most, bytes: None, items, answers, matched, outcome, atomic: false };
    OperationSettings { bulk: Some(bulk), ..OperationSettings::named(Scalar::made(name)) }
}

fn keyed(settings: OperationSettings, key: &str) -> OperationSettings {
    OperationSettings { key: Some(Scalar::made(key)), ..settings }
}

fn by_state(matched: &str) -> OperationSettings {
    let words = [("OK", OutcomeWord::Delivered), ("LOCKED", OutcomeWord::Later), ("BAD", OutcomeWord::Never)];
    let outcomes = words.map(|(text, word)| (Scalar::made(text), word)).to_vec();
    OperationSettings { outcomes, ..operation("createOrders", 100, ["", ".Result", matched, ".State"]) }
}

fn atomic(mut settings: OperationSettings) -> OperationSettings {
    settings.bulk.iter_mut().for_each(|bulk| bulk.atomic = true);
    settings
}

/// The system, and what was said of it.
fn read(operations: Vec<OperationSettings>) -> (Option<Arc<dyn System>>, Vec<String>) {
    let bundle = Bundle::new([("orders.wsdl".to_string(), include_bytes!("orders.wsdl").to_vec())]);
    let (file, mut problems) = (bundle.find("orders.wsdl").unwrap(), Problems::new());
    let settings = SystemSettings {
        name: "erp".into(),
        kind: "soap".into(),
        at: Span { file, from: 0, to: 1 },
        schema: Some(file),
        url: None,
        zone: None,
        auth: Auth::None,
        correlation: "x-correlation-id".into(),
        operations,
    };
    let system = Soap.system(&settings, &bundle, &mut problems);
    let said = problems.iter().map(|problem| {
        let help = problem.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{} {}{help}", problem.code.id, problem.says)
    });
    (system, said.collect())
}

fn system(operation: OperationSettings) -> (Arc<dyn System>, usize) {
    let name = operation.name.text.clone();
    let (system, said) = read(vec![operation]);
    assert_eq!(said, Vec::<String>::new());
    let system = system.unwrap();
    let number = system.interface().operation(&name).unwrap().0;
    (system, number)
}

const WITH: With<'static> =
    With { now: Moment(0), variable: &|_| None, token: None, request_key: "key-of-request", outcomes: &[], validator: None };

fn calls<'a>(with: &[&str], items: &[&'a str], room: &'a Room) -> Vec<Call<'a>> {
    let with = |n: usize| room.text(with.get(n).or(with.first()).copied().unwrap_or("{}"));
    let call = |(n, item): (usize, &&'a str)| Call {
        key: room.text(&format!("key-{n}")),
        with: json::read(with(n).as_bytes(), room).unwrap(),
        body: Some(item.as_bytes()),
        proved: false,
        correlation: room.text(&format!("c{n}")),
        trace: "",
    };
    items.iter().enumerate().map(call).collect()
}

/// What stands in the Body, or which call is to blame and why.
fn asked(operation: OperationSettings, with: &[&str], items: &[&str]) -> String {
    let ((system, number), room) = (system(operation), Room::new());
    match system.ask(number, &calls(with, items, &room), &WITH) {
        Ok(Request::Http(request)) => {
            let text = String::from_utf8(request.body).unwrap();
            text.split_once("<soap:Body>").unwrap().1.trim_end_matches("</soap:Body></soap:Envelope>").to_string()
        }
        Err(Refusal::Call(n, why)) => format!("{n} {} {}", why.code.id, why.says),
        other => format!("{other:?}"),
    }
}

#[test]
fn the_items_stand_one_behind_the_other_in_one_envelope() {
    let expected = "<tns:createOrders><tns:Order><tns:Id>a</tns:Id><tns:Total>1</tns:Total></tns:Order>\
        <tns:Order><tns:Id>b</tns:Id><tns:Total>2.50</tns:Total><tns:Line>x</tns:Line><tns:Line>y</tns:Line></tns:Order>\
        <tns:Order><tns:Id>c</tns:Id><tns:Total>3</tns:Total></tns:Order></tns:createOrders>";
    assert_eq!(asked(by_state(""), &[], &ITEMS), expected);
    let alone = "<tns:createOrders><tns:Order><tns:Id>a</tns:Id><tns:Total>1</tns:Total></tns:Order></tns:createOrders>";
    assert_eq!(asked(by_state(""), &[], &ITEMS[..1]), alone);
}

fn import() -> OperationSettings {
    operation("importOrders", 500, ["Orders.Order", ".Result", "", ""])
}

#[test]
fn what_stands_beside_the_list_are_the_parameters_and_the_key_of_the_request_is_the_engines() {
    let with = r#"{"Company":"01","Orders":{"@mode":"new"},"Session":{"Id":"s"}}"#;
    let expected = "<tns:importOrders><tns:Company>01</tns:Company><tns:RequestId>key-of-request</tns:RequestId>\
        <tns:Orders mode=\"new\"><tns:Order><tns:Id>a</tns:Id><tns:Total>1</tns:Total></tns:Order></tns:Orders></tns:importOrders>";
    assert_eq!(asked(keyed(import(), "RequestId"), &[with], &ITEMS[..1]), expected);
    let bare = expected.replace(" mode=\"new\"", "");
    assert_eq!(asked(keyed(import(), "RequestId"), &[r#"{"Company":"01"}"#], &ITEMS[..1]), bare);
}

#[test]
fn a_key_of_each_item_is_its_own_and_takes_the_place_of_what_stood_there() {
    let keyed = keyed(by_state(""), "Ref");
    let asked = asked(keyed, &[], &[r#"{"Id":"a","Total":1,"Ref":"mine"}"#, ITEMS[2]]);
    let found: Vec<&str> = asked.split("<tns:Ref>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    assert_eq!(found, ["key-0", "key-1"], "{asked}");
}

#[test]
fn the_item_that_cannot_be_written_is_to_blame_and_told_as_its_flow_knows_it() {
    let items = [ITEMS[0], r#"{"Id":"b"}"#, ITEMS[2]];
    assert_eq!(asked(by_state(""), &[], &items), "1 R3001 erp.createOrders: `Total`: the schema demands it");
    let wrapped = asked(import(), &[r#"{"Company":"01","RequestId":"r"}"#], &items);
    assert_eq!(wrapped, "1 R3001 erp.importOrders: `Total`: the schema demands it");
    assert_eq!(asked(by_state(""), &[], &[ITEMS[0], "5"]).split_once(':').unwrap().0, "1 R3001 erp.createOrders");
    assert_eq!(asked(import(), &["{}"], &ITEMS), "0 R3001 erp.importOrders: `Company`: the schema demands it");
}

#[test]
fn items_of_one_request_share_its_parameters() {
    let with = [r#"{"Company":"01","RequestId":"r"}"#, r#"{"Company":"01","RequestId":"r"}"#, r#"{"Company":"02","RequestId":"r"}"#];
    let says = "2 R2003 erp.importOrders: its parameters differ from those of the items beside it";
    assert_eq!(asked(import(), &with, &ITEMS), says);
}

#[test]
fn where_one_call_goes_alone_two_are_refused() {
    let ((system, _), room) = (system(by_state("")), Room::new());
    let number = system.interface().operation("one").unwrap().0;
    let refused = system.ask(number, &calls(&[], &ITEMS, &room), &WITH);
    assert!(matches!(refused, Err(Refusal::System(why)) if why.says.contains("exactly one call")));
}

#[test]
fn a_flow_gives_one_item_and_what_stands_beside_the_list() {
    let (system, number) = system(keyed(import(), "RequestId"));
    let interface = system.interface();
    let seen = &interface.operations[number];
    let fields = |id| match interface.shapes.get(id) {
        Shape::Record(record) => record.fields.iter().map(|field| format!("{} {:?}", field.name, field.presence)).collect::<Vec<_>>(),
        _ => panic!("a record"),
    };
    assert_eq!(fields(seen.with), ["Company Always", "RequestId Always", "Orders Maybe", "Note Maybe", "Session Maybe"]);
    assert_eq!(fields(seen.fields.unwrap()), ["Company Always", "RequestId Always", "Orders Maybe", "Note Maybe"]);
    assert_eq!(called(interface, seen.fields.unwrap()), "importOrders");
    assert_eq!(seen.body, Some(interface.types["Order"].given));
    assert_eq!((seen.repeat, seen.bulk), (Repeat::Keyed, Some(Bulk { most: 500, bytes: None, key: BulkKey::PerRequest })));
    let (system, number) = self::system(keyed(by_state(""), "Ref"));
    let seen = &system.interface().operations[number];
    assert_eq!((seen.repeat, seen.bulk), (Repeat::Keyed, Some(Bulk { most: 100, bytes: None, key: BulkKey::PerItem })));
    assert!(system.interface().shapes.field(seen.body.unwrap(), "Ref").is_none(), "the engine fills it");
    assert_eq!(called(system.interface(), seen.body.unwrap()), "Order", "rights name it by its type");
}

fn called(interface: &Interface, id: ShapeId) -> &str {
    match interface.shapes.get(id) {
        Shape::Record(record) => record.name.as_deref().unwrap_or("nothing"),
        _ => panic!("a record"),
    }
}

/// What is wrong with one operation.
fn wrong(operation: OperationSettings, expected: &[&str]) {
    assert_eq!(read(vec![operation]).1, expected);
}

#[test]
fn a_request_needs_one_list_or_a_name() {
    wrong(
        operation("importOrders", 10, [""; 4]),
        &[
            "C0105 `importOrders` cannot carry many items: several elements of its request may repeat: `Orders.Order`, `Note` (name the list \
           of the items: `items: Orders.Order`)",
        ],
    );
    wrong(
        operation("importOrders", 10, ["Orders.Ordr", "", "", ""]),
        &[
            "C0105 `importOrders` cannot carry many items: nothing at `Orders.Ordr` may repeat in its request (did you mean `Orders.Order`?)",
        ],
    );
    wrong(operation("one", 10, [""; 4]), &["C0105 `one` cannot carry many items: nothing in its request may repeat"]);
    wrong(
        operation("pairs", 10, [""; 4]),
        &["C0105 `pairs` cannot carry many items: `Order` must stand there 2 times, and an item may go alone"],
    );
    wrong(
        operation("createOrders", 101, [""; 4]),
        &["C0106 the WSDL allows 100 items in one request, and `most` is 101 (write `most: 100`)"],
    );
    wrong(
        keyed(by_state(""), "Reff"),
        &["C0103 neither the request of `createOrders` nor an item in it has a field `Reff` to carry the key (did you mean `Ref`?)"],
    );
    // A block of the header.
    wrong(
        keyed(import(), "Session"),
        &["C0103 neither the request of `importOrders` nor an item in it has a field `Session` to carry the key"],
    );
}

#[test]
fn the_answers_are_proved_and_a_fault_keeps_its_name() {
    let help = "say what each means under `outcomes:`: delivered, none, later, unknown or never";
    let mut unsaid = by_state("");
    unsaid.outcomes.truncate(1);
    wrong(unsaid, &[&format!("C0108 nothing says what `LOCKED`, `BAD` means ({help})")]);
    let mut typo = operation("createOrders", 10, [""; 4]);
    typo.outcomes.push((Scalar::made("ClosedFalt"), OutcomeWord::Later));
    wrong(typo, &["C0201 `ClosedFalt` is no status, and `createOrders` declares no fault of that name (did you mean `ClosedFault`?)"]);
}

fn envelope(body: &str) -> String {
    format!("<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns='urn:test:erp'><s:Body>{body}</s:Body></s:Envelope>")
}

/// An answer of results, each `Id State message`; what is empty is left out.
fn results(results: &[[&str; 3]]) -> String {
    let element = |name: &str, text: &str| if text.is_empty() { String::new() } else { format!("<{name}>{text}</{name}>") };
    let result = |[id, state, message]: &[&str; 3]| {
        format!("<Result>{}{}{}</Result>", element("Id", id), element("State", state), element("message", message))
    };
    envelope(&format!("<results>{}</results>", results.iter().map(result).collect::<String>()))
}

fn heard(operation: OperationSettings, status: u16, body: &str) -> Verdict {
    let ((system, number), room) = (system(operation), Room::new());
    let headers = [(Arc::from("content-type"), b"text/xml".to_vec())];
    let heard = Heard::Http { status, headers: &headers, body: &mut body.as_bytes() };
    system.hear(number, &calls(&[], &ITEMS, &room), heard, &WITH, Answers::Keep)
}

fn words(verdict: &Verdict) -> Vec<String> {
    let word = |outcome: &Outcome| match outcome {
        Outcome::Delivered(answer) => format!("delivered {}", String::from_utf8_lossy(answer.as_deref().unwrap_or_default())),
        Outcome::Later { why, blame, .. } => format!("later {blame:?} {} {}", why.code.id, why.says),
        Outcome::Unknown(why) => format!("unknown {} {}", why.code.id, why.says),
        Outcome::Never(why) => format!("never {} {}", why.code.id, why.says),
    };
    verdict.outcomes.iter().map(word).collect()
}

fn check(operation: OperationSettings, body: &str, expected: &[&str; 3]) {
    let verdict = heard(operation, 200, body);
    assert_eq!(words(&verdict), expected);
    assert!(!verdict.refused_whole);
}

#[test]
fn by_position_each_item_has_the_outcome_of_its_answer() {
    let body = results(&[["", "OK", ""], ["", "BAD", "no such customer"], ["", "LOCKED", ""]]);
    check(
        by_state(""),
        &body,
        &[
            r#"delivered {"State":"OK"}"#,
            "never R2015 erp.createOrders refused this item with `BAD`: no such customer",
            "later Message R2016 erp.createOrders put off this item with `LOCKED`",
        ],
    );
}

#[test]
fn by_id_the_order_does_not_matter_and_no_answer_is_unknown() {
    let body = results(&[["c", "OK", ""], ["a", "OK", ""]]);
    let none = "unknown R2013 erp.createOrders: no answer speaks of this item";
    check(by_state(".Id"), &body, &[r#"delivered {"Id":"a","State":"OK"}"#, none, r#"delivered {"Id":"c","State":"OK"}"#]);
}

#[test]
fn an_answer_that_is_too_short_says_nothing_of_any_item() {
    let says = "unknown R2013 erp.createOrders: 2 answers came for 3 items, and they are told apart by position";
    check(by_state(""), &results(&[["", "OK", ""], ["", "OK", ""]]), &[says; 3]);
    let says = "unknown R2013 erp.createOrders: 0 answers came for 3 items, and they are told apart by position";
    check(by_state(""), &envelope("<results/>"), &[says; 3]);
}

#[test]
fn where_all_happen_or_none_one_that_is_refused_takes_back_the_others() {
    let verdict = heard(atomic(by_state("")), 200, &results(&[["", "OK", ""], ["", "BAD", ""], ["", "OK", ""]]));
    assert!(verdict.refused_whole && verdict.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Never(_))), "{verdict:?}");
}

#[test]
fn without_answers_of_their_own_one_answer_is_for_all() {
    let verdict = heard(operation("createOrders", 100, [""; 4]), 200, &envelope("<results/>"));
    assert_eq!(words(&verdict), [r#"delivered {"Result":[]}"#; 3]);
}

fn fault(code: &str, detail: &str) -> String {
    envelope(&format!("<s:Fault><faultcode>{code}</faultcode><faultstring>no</faultstring><detail>{detail}</detail></s:Fault>"))
}

/// Whether a batch is refused whole, and what becomes of each.
fn whole(operation: OperationSettings, status: u16, body: &str) -> (bool, String) {
    let verdict = heard(operation, status, body);
    let words = words(&verdict);
    assert!(words.len() == 3 && words.iter().all(|word| *word == words[0]), "{words:?}");
    (verdict.refused_whole, words[0].splitn(3, ' ').take(2).collect::<Vec<_>>().join(" "))
}

#[test]
fn a_fault_is_for_all_and_one_that_refuses_lets_the_batch_be_halved() {
    let is = |whole: bool, word: &str| (whole, word.to_string());
    assert_eq!(whole(by_state(""), 500, &fault("s:Client", "")), is(true, "never R3003"));
    assert_eq!(whole(by_state(""), 500, &fault("s:Server", "<ClosedFault/>")), is(true, "never R3002"));
    assert_eq!(whole(by_state(""), 422, "<html/>"), is(true, "never R2005"));
    // Every request would fare so, whatever is in it.
    assert_eq!(whole(by_state(""), 500, &fault("s:VersionMismatch", "")), is(false, "never R3005"));
    assert_eq!(whole(by_state(""), 404, "<html/>"), is(false, "never R2005"));
    // Under the key of the request it may be about a try before it, and so may what somebody in between says: the desk knows of that try.
    assert_eq!(whole(by_state(""), 409, "<html/>"), is(true, "never R2005"));
    assert_eq!(whole(keyed(import(), "RequestId"), 409, "<html/>"), is(true, "never R2022"));
    assert_eq!(whole(keyed(import(), "RequestId"), 413, "<html/>"), is(true, "never R2023"));
    assert_eq!(whole(keyed(import(), "RequestId"), 404, "<html/>"), is(false, "never R2023"));
    // Nobody knows whether it happened.
    assert_eq!(whole(by_state(""), 500, &fault("s:Server", "")), is(false, "unknown R3004"));
    assert_eq!(whole(by_state(""), 200, "<html/>"), is(false, "unknown R3006"));
    let mut closed = by_state("");
    closed.outcomes.push((Scalar::made("ClosedFault"), OutcomeWord::Later));
    assert_eq!(whole(closed, 500, &fault("s:Server", "<ClosedFault/>")), is(false, "later System"));
}

#[test]
fn of_a_batch_that_nobody_answers_nobody_knows_anything() {
    let ((system, number), room) = (system(by_state("")), Room::new());
    let broken = Heard::Broken { reached: Reached::Maybe, why: "reset".into() };
    let verdict = system.hear(number, &calls(&[], &ITEMS, &room), broken, &WITH, Answers::Keep);
    assert!(verdict.outcomes.len() == 3 && verdict.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Unknown(_))), "{verdict:?}");
}

#[test]
fn one_that_is_shown_is_shown_whole() {
    let ((system, number), room) = (system(by_state("")), Room::new());
    let (body, headers, mut shown) = (results(&[["", "OK", ""]]), [(Arc::from("content-type"), b"text/xml".to_vec())], Vec::new());
    let mut show = |value: &Value<'_>| json::write(value, &mut shown);
    let heard = Heard::Http { status: 200, headers: &headers, body: &mut body.as_bytes() };
    system.hear(number, &calls(&[], &ITEMS[..1], &room), heard, &WITH, Answers::Show(&mut show));
    assert_eq!(String::from_utf8(shown).unwrap(), r#"{"Result":[{"State":"OK"}]}"#);
}

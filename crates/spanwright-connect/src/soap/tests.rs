#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::disallowed_methods)]

use std::path::Path;

use spanwright_core::{
    connector::{Answers, Call, Heard, Outcome, Reached, Refusal, Request, System, Verdict, With, Word},
    fact::Moment,
    settings::{Auth, Login, OperationSettings, OutcomeWord, SystemSettings, Template, Wsse},
};
use spanwright_shape::{
    json,
    room::Room,
    shape::{Presence, Shape},
    text::{Bundle, FileId, Problems, Scalar, Span},
    value::Value,
    xml::{Event, Reader},
};

use super::*;

const OWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../spanwright-shape/tests/cases/soap");
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/erp-to-crm/schemas");

/// Every file of a folder.
fn bundle(folder: &str) -> Bundle {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    Bundle::new(files.map(|path| (path.file_name().unwrap().to_str().unwrap().to_string(), std::fs::read(&path).unwrap())))
}

fn operation(name: &str, safe: bool, outcomes: &[(&str, OutcomeWord)]) -> OperationSettings {
    let outcomes = outcomes.iter().map(|(name, word)| (Scalar::made(name), *word)).collect();
    OperationSettings { safe: Some(safe), outcomes, ..OperationSettings::named(Scalar::made(name)) }
}

fn settings(schema: FileId, operations: Vec<OperationSettings>) -> SystemSettings {
    let template = |text| Template::parse(text);
    SystemSettings {
        name: "erp".into(),
        kind: "soap".into(),
        at: Span { file: schema, from: 0, to: 1 },
        schema: Some(schema),
        url: Some(template("${ERP_URL}/soap")),
        zone: None,
        auth: Auth::Basic { user: template("u"), password: template("${ERP_PASSWORD}") },
        correlation: "x-correlation-id".into(),
        operations,
    }
}

fn system_of(folder: &str, name: &str, operations: Vec<OperationSettings>) -> Arc<dyn System> {
    let bundle = bundle(folder);
    let mut problems = Problems::new();
    let system = Soap.system(&settings(bundle.find(name).unwrap(), operations), &bundle, &mut problems);
    let said: Vec<&str> = problems.iter().map(|problem| problem.says.as_str()).collect();
    assert_eq!(said, Vec::<&str>::new());
    system.unwrap()
}

/// Reads are safe, and the system says "later" by `BusyFault`.
fn own() -> Arc<dyn System> {
    let list = operation("ListCustomers", true, &[("BusyFault", OutcomeWord::Later)]);
    system_of(OWN, "erp.wsdl", vec![list])
}

fn variable(name: &str) -> Option<String> {
    match name {
        "ERP_URL" => Some("http://erp.example.com".to_string()),
        "ERP_PASSWORD" => Some("p".to_string()),
        _ => None,
    }
}

fn with<T>(does: impl FnOnce(&With<'_>) -> T) -> T {
    does(&With { now: Moment(0), variable: &variable, token: None, request_key: "", outcomes: &[], validator: None })
}

/// What is asked for an operation with parameters and a body in JSON.
fn asked(system: &dyn System, name: &str, parameters: &str, body: Option<&str>) -> String {
    let room = Room::new();
    let call = Call {
        key: "k1",
        with: json::read(parameters.as_bytes(), &room).unwrap(),
        body: body.map(str::as_bytes),
        proved: false,
        correlation: "c1",
        trace: "00-1-2-01",
    };
    let (number, _) = system.interface().operation(name).unwrap();
    match with(|with| system.ask(number, &[call], with)) {
        Ok(Request::Http(request)) => {
            let headers = request.headers.iter().map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value)));
            let body = String::from_utf8(request.body).unwrap();
            format!("{} {}\n{}\n{}", request.method, request.url, headers.collect::<String>(), body.split_once('\n').unwrap().1)
        }
        Ok(other) => format!("{other:?}"),
        Err(Refusal::Call(0, failure)) => format!("{} {}", failure.code.id, failure.says),
        Err(other) => format!("{other:?}"),
    }
}

#[test]
fn a_call_becomes_an_envelope_with_our_headers() {
    let expected = "POST http://erp.example.com/soap\n\
        content-type: text/xml; charset=utf-8\naccept: text/xml\nsoapaction: \"urn:test:erp/ListCustomers\"\nauthorization: Basic dTpw\n\
        x-correlation-id: c1\ntraceparent: 00-1-2-01\n\n\
        <soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:tns=\"urn:test:erp\" xmlns:t=\"urn:test:erp:types\">\
        <soap:Body><tns:ListCustomers><tns:ChangedSince>2026-01-01T00:00:00</tns:ChangedSince><tns:PageToken>a&lt;b</tns:PageToken>\
        </tns:ListCustomers></soap:Body></soap:Envelope>";
    let parameters = r#"{"PageToken":"a<b","ChangedSince":"2026-01-01T00:00:00"}"#;
    assert_eq!(asked(&*own(), "ListCustomers", parameters, None), expected);
    assert_eq!(asked(&*own(), "ListCustomers", "{}", Some(parameters)), expected);
    assert_eq!(
        asked(&*own(), "ListCustomers", r#"{"PageToken":"a<b"}"#, Some(r#"{"PageToken":"x","ChangedSince":"2026-01-01T00:00:00"}"#)),
        expected
    );
}

#[test]
fn a_bare_element_and_an_empty_body_are_written() {
    assert!(
        asked(&*own(), "GetCustomer", "{}", Some("\"001\""))
            .ends_with("<soap:Body><tns:CustomerNumber>001</tns:CustomerNumber></soap:Body></soap:Envelope>")
    );
    assert!(asked(&*own(), "Ping", "{}", None).ends_with("<soap:Body/></soap:Envelope>"));
}

#[test]
fn what_the_schema_does_not_allow_is_refused_before_it_is_sent() {
    assert_eq!(asked(&*own(), "ListCustomers", "{}", None), "R3001 erp.ListCustomers: `ChangedSince`: the schema demands it");
    let misspelt = asked(&*own(), "ListCustomers", r#"{"ChangedSins":"x"}"#, None);
    assert_eq!(misspelt, "R3001 erp.ListCustomers: the schema has no `ChangedSins` here; did you mean `ChangedSince`?");
    assert!(asked(&*own(), "GetCustomer", r#"{"a":1}"#, Some("\"1\"")).starts_with("R3001 "));
}

#[test]
fn the_key_goes_where_the_settings_say() {
    let keyed = OperationSettings { key: Some(Scalar::made("PageToken")), ..operation("ListCustomers", false, &[]) };
    let system = system_of(OWN, "erp.wsdl", vec![keyed]);
    let asked = asked(&*system, "ListCustomers", r#"{"ChangedSince":"2026-01-01T00:00:00"}"#, None);
    assert!(asked.contains("<tns:PageToken>k1</tns:PageToken>"));
    assert_eq!(system.interface().operations[0].repeat, spanwright_core::interface::Repeat::Keyed);
}

/// What a verdict says, on one line.
fn told(verdict: &Verdict) -> String {
    let outcome = match &verdict.outcomes[0] {
        Outcome::Delivered(_) => "delivered".to_string(),
        Outcome::Later { why, after, blame } => format!("later {after:?} {blame:?} {} {}", why.code.id, why.says),
        Outcome::Unknown(why) => format!("unknown {} {}", why.code.id, why.says),
        Outcome::Never(why) => format!("never {} {}", why.code.id, why.says),
    };
    let word = match &verdict.system {
        None => "",
        Some(Word::Pause(_)) => " + pause",
        Some(Word::Credentials(_)) => " + credentials",
        Some(Word::Gone(_)) => " + gone",
    };
    format!("{outcome}{word}").replace("None ", "").replace("System ", "")
}

/// The verdict on an answer, and what was shown of it as JSON.
fn heard(system: &dyn System, name: &str, status: u16, headers: &[(&str, &str)], body: &[u8]) -> (String, String) {
    let (verdict, shown) = judged(system, name, status, headers, body);
    (told(&verdict), shown)
}

fn judged(system: &dyn System, name: &str, status: u16, headers: &[(&str, &str)], body: &[u8]) -> (Verdict, String) {
    let (number, _) = system.interface().operation(name).unwrap();
    let call = Call { key: "", with: Value::Record(&[]), body: None, proved: false, correlation: "", trace: "" };
    let headers: Vec<(Arc<str>, Vec<u8>)> = headers.iter().map(|(name, value)| (Arc::from(*name), value.as_bytes().to_vec())).collect();
    let mut shown = Vec::new();
    let verdict = with(|with| {
        let mut show = |value: &Value<'_>| json::write(value, &mut shown);
        let mut body = body;
        let heard = Heard::Http { status, headers: &headers, body: &mut body };
        system.hear(number, &[call], heard, with, Answers::Show(&mut show))
    });
    (verdict, String::from_utf8(shown).unwrap())
}

fn envelope(body: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:e=\"urn:test:erp\"><s:Header/><s:Body>{body}</s:Body></s:Envelope>"
    )
}

fn fault(code: &str, detail: &str) -> String {
    envelope(&format!("<s:Fault><faultcode>{code}</faultcode><faultstring>said so</faultstring><detail>{detail}</detail></s:Fault>"))
}

/// Two operations: one that only reads, one that must not happen twice.
fn check(status: u16, body: &str, safe: &str, unsafe_one: &str) {
    let system = own();
    let judge = |name| heard(&*system, name, status, &[("content-type", "text/xml; charset=utf-8")], body.as_bytes()).0;
    assert_eq!(judge("ListCustomers").replace("erp.ListCustomers ", ""), safe);
    assert_eq!(judge("GetCustomer").replace("erp.GetCustomer ", ""), unsafe_one);
}

#[test]
fn an_answer_is_delivered_in_its_schemas_shape() {
    let (verdict, shown) = heard(&*own(), "ListCustomers", 200, &[], envelope("<e:ListCustomersResponse/>").as_bytes());
    assert_eq!((verdict.as_str(), shown.as_str()), ("delivered", r#"{"Customer":[]}"#));
    assert_eq!(heard(&*own(), "Ping", 202, &[], b""), ("delivered".to_string(), "null".to_string()));
}

#[test]
fn what_the_schema_does_not_know_is_kept_and_counted() {
    let newer = envelope("<e:ListCustomersResponse e:since=\"1\"><e:Page>2</e:Page></e:ListCustomersResponse>");
    let (verdict, shown) = judged(&*own(), "ListCustomers", 200, &[], newer.as_bytes());
    assert_eq!((told(&verdict).as_str(), verdict.drift()), ("delivered", 2));
    assert!(shown.contains(r#""$extra":[{"@tns:since":"1"},{"tns:Page":"2"}]"#), "{shown}");
    let known = envelope("<e:ListCustomersResponse/>");
    assert_eq!(judged(&*own(), "ListCustomers", 200, &[], known.as_bytes()).0.drift(), 0);
}

#[test]
fn a_soap_12_envelope_is_understood_too() {
    let body = envelope("<e:ListCustomersResponse/>")
        .replace("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope");
    assert_eq!(heard(&*own(), "ListCustomers", 200, &[], body.as_bytes()).0, "delivered");
}

#[test]
fn an_answer_with_attachments_is_refused_in_words() {
    let headers = [("content-type", "Multipart/Related; type=\"application/xop+xml\"; boundary=b")];
    let body = format!("--b\r\nContent-Type: application/xop+xml\r\n\r\n{}\r\n--b--", envelope("<e:ListCustomersResponse/>"));
    let says = "R3022 erp.ListCustomers answered 200 OK with attachments (MTOM or SOAP with Attachments), which are not read";
    assert_eq!(heard(&*own(), "ListCustomers", 200, &headers, body.as_bytes()).0, format!("never {says}"));
    let told = heard(&*own(), "GetCustomer", 200, &headers, body.as_bytes()).0;
    assert!(told.starts_with("unknown R3022 "), "{told}");
}

#[test]
fn what_is_no_soap_is_tried_again_and_what_may_not_repeat_is_unknown() {
    let html = "<!DOCTYPE html><html><body>Session expired<br></body></html>";
    let is = |what: &str| format!("R3006 answered 200 OK with text/xml, which is no SOAP: {what}");
    let both = |body: &str, what: &str| check(200, body, &format!("later Either {}", is(what)), &format!("unknown {}", is(what)));
    both(html, "no well-formed XML: xml.doctype");
    both("", "an empty body");
    both("Customer 4711 is locked", "no well-formed XML: xml.none");
    both("<a/>", "XML without an envelope");
    both("<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope'/>", "an envelope of an unknown version");
    let whole = envelope("<e:ListCustomersResponse/>");
    let cut = "R3007 answered 200 OK with an envelope that ends too early";
    check(
        200,
        &whole[..whole.len() - 20],
        &format!("later Either {cut}"),
        &format!("unknown {}", "R3008 answered 200 OK with `ListCustomersResponse` of `urn:test:erp` where `Customer` belongs"),
    );
    let other = "R3008 answered 200 OK with `Else` of `urn:test:erp` where";
    check(
        200,
        &envelope("<e:Else/>"),
        &format!("later Either {other} `ListCustomersResponse` belongs"),
        &format!("unknown {other} `Customer` belongs"),
    );
}

#[test]
fn a_declared_fault_is_refused_for_good_unless_the_user_says_otherwise() {
    let busy = fault("s:Server", "<e:BusyFault><e:RetryAfterSeconds>7</e:RetryAfterSeconds></e:BusyFault>");
    let said = "R3002 answered 500 Internal Server Error with the fault BusyFault (Server): said so";
    check(500, &busy, &format!("later Some(7s) {said}"), &format!("never {said}"));
}

#[test]
fn faults_are_judged_by_detail_then_by_code() {
    let check = |code: &str, detail: &str, safe: &str, unsafe_one: &str| check(500, &fault(code, detail), safe, unsafe_one);
    let told = |id: &str, code: &str| format!("{id} answered 500 Internal Server Error with the fault ({code}): said so");
    check("s:Server", "", &format!("later Either {}", told("R3004", "Server")), &format!("unknown {}", told("R3004", "Server")));
    check(
        "X17",
        "<Oracle>ORA-00060</Oracle>",
        &format!("later Either {}", told("R3004", "X17")),
        &format!("unknown {}", told("R3004", "X17")),
    );
    check("s:Client.Auth", "", &format!("never {}", told("R3003", "Client.Auth")), &format!("never {}", told("R3003", "Client.Auth")));
    check(
        "s:VersionMismatch",
        "",
        &format!("never {}", told("R3005", "VersionMismatch")),
        &format!("never {}", told("R3005", "VersionMismatch")),
    );
    let who = format!("later {} + credentials", told("R2007", "FailedAuthentication"));
    check("w:FailedAuthentication", "", &who, &who);
}

#[test]
fn what_the_user_says_of_403_comes_before_our_credentials() {
    let list = operation("ListCustomers", true, &[("403", OutcomeWord::Never)]);
    let system = system_of(OWN, "erp.wsdl", vec![list]);
    let judge = |status| heard(&*system, "ListCustomers", status, &[("content-type", "text/html")], b"<html>").0;
    assert!(judge(403).starts_with("never ") && judge(401).ends_with("+ credentials"), "{} {}", judge(403), judge(401));
}

#[test]
fn without_an_envelope_the_status_decides() {
    let judge = |status, name: &str| heard(&*own(), name, status, &[("retry-after", "9"), ("content-type", "text/html")], b"<html>").0;
    assert_eq!(judge(503, "GetCustomer"), "later Some(9s) R2006 erp.GetCustomer answered 503 Service Unavailable with text/html + pause");
    assert_eq!(judge(429, "ListCustomers"), "later Some(9s) R2006 erp.ListCustomers answered 429 Too Many Requests with text/html + pause");
    assert_eq!(judge(401, "GetCustomer"), "later R2007 erp.GetCustomer answered 401 Unauthorized + pause".replace("pause", "credentials"));
    assert_eq!(judge(404, "ListCustomers"), "never R2005 erp.ListCustomers answered 404 Not Found with text/html");
    let moved = "later Some(9s) R2017 erp.GetCustomer answered 301 Moved Permanently, which is not followed with text/html + gone";
    assert_eq!(judge(301, "GetCustomer"), moved);
    let elsewhere = "later Some(9s) R2017 erp.GetCustomer answered 302 Found, which is not followed with text/html + pause";
    assert_eq!(judge(302, "GetCustomer"), elsewhere);
    assert_eq!(judge(410, "GetCustomer"), "later Some(9s) R2008 erp.GetCustomer answered 410 Gone with text/html + gone");
    assert_eq!(judge(502, "GetCustomer"), "unknown R2010 erp.GetCustomer answered 502 Bad Gateway with text/html");
    assert_eq!(
        judge(500, "ListCustomers"),
        "later Some(9s) Either R2006 erp.ListCustomers answered 500 Internal Server Error with text/html + pause"
    );
}

#[test]
fn a_broken_connection_is_unknown_only_where_the_request_may_have_arrived() {
    let system = own();
    let judge = |name: &str, reached| {
        let (number, _) = system.interface().operation(name).unwrap();
        let call = Call { key: "", with: Value::Record(&[]), body: None, proved: false, correlation: "", trace: "" };
        let heard = Heard::Broken { reached, why: "connection reset".to_string() };
        told(&with(|with| system.hear(number, &[call], heard, with, Answers::Drop)))
    };
    assert_eq!(judge("GetCustomer", Reached::No), "later R2009 erp.GetCustomer was not reached: connection reset");
    assert_eq!(judge("GetCustomer", Reached::Maybe), "unknown R2010 erp.GetCustomer gave no answer: connection reset");
    assert_eq!(judge("ListCustomers", Reached::Maybe), "later Either R2010 erp.ListCustomers gave no answer: connection reset");
}

#[test]
fn no_failure_shows_what_was_in_a_message() {
    let secret = envelope("<e:ListCustomersResponse><e:Customer>secret</e:ListCustomersResponse>");
    assert!(!heard(&*own(), "ListCustomers", 200, &[], secret.as_bytes()).0.contains("secret"));
    let body = r#"{"ChangedSince":"secret"}"#;
    assert!(!asked(&*own(), "ListCustomers", body, None).contains("secret"));
}

#[test]
fn the_interface_has_types_by_the_names_that_users_write() {
    let system = system_of(EXAMPLE, "erp.wsdl", vec![operation("ListCustomers", true, &[("BusyFault", OutcomeWord::Later)])]);
    let interface = system.interface();
    let response = interface.types["ListCustomersResponse"].given;
    let customers = interface.shapes.field(response, "Customer").unwrap();
    let Shape::List(customer, _) = interface.shapes.get(customers.shape) else { panic!("a list") };
    assert_eq!((customers.presence, *customer), (Presence::Always, interface.types["Customer"].given));
    let names: Vec<&str> = interface.operations.iter().map(|operation| &*operation.name).collect();
    assert_eq!(names, ["ListCustomers", "GetCustomer", "BookPayment"]);
    assert_eq!(&*interface.operations[0].wire, "SOAP urn:example:erp:v2/ListCustomers");
    assert_eq!(&*interface.operations[1].refuses[0].0, "NotFoundFault");
}

#[test]
fn all_that_is_wrong_with_the_settings_is_said_at_once() {
    let bundle = bundle(OWN);
    let mut problems = Problems::new();
    let operations = vec![
        operation("ListCustomer", true, &[]),
        operation("Old", true, &[]),
        operation("GetCustomer", true, &[("BusyFalt", OutcomeWord::Later), ("404", OutcomeWord::None), ("5XX", OutcomeWord::Later)]),
        OperationSettings {
            key: Some(Scalar::made("PageTokn")),
            by_hand: Some(("GET", Scalar::made("/x"))),
            ..operation("ListCustomers", true, &[])
        },
    ];
    assert!(Soap.system(&settings(bundle.find("erp.wsdl").unwrap(), operations), &bundle, &mut problems).is_none());
    let told: Vec<String> =
        problems.iter().map(|one| format!("{} {} {}", one.code.id, one.says, one.help.as_deref().unwrap_or("-"))).collect();
    assert_eq!(
        told,
        [
            "C0101 the WSDL has no operation `ListCustomer` at its port `Port11` did you mean `ListCustomers`?",
            "C0102 `Old` cannot be called: it is encoded (`use=\"encoded\"`, SOAP 1.1 section 5), which is neither read nor written here; ask for a literal binding -",
            "C0202 a `soap:` operation has no method and path: its WSDL says how it is called -",
            "C0103 the request of `ListCustomers` has no field `PageTokn` to carry the key did you mean `PageToken`?",
            "C0201 `BusyFalt` is no status, and `GetCustomer` declares no fault of that name did you mean `BusyFault`?",
        ]
    );
}

/// The folder of captured answers, where it is at hand.
fn cases(what: &str) -> Option<String> {
    let cases = std::env::var("SPANWRIGHT_CASES").ok();
    if cases.is_none() {
        eprintln!("left out: {what} (SPANWRIGHT_CASES is not set)");
    }
    cases
}

/// An answer as it was captured: status, headers, an empty line, the body.
fn captured(path: &Path) -> (u16, String, Vec<u8>) {
    let bytes = std::fs::read(path).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\n\n").or_else(|| text.split_once("\r\n\r\n")).unwrap_or((&text, ""));
    let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
    let content_type = head.lines().find_map(|line| line.strip_prefix("Content-Type: ")).unwrap_or_default();
    (status, content_type.to_string(), body.as_bytes().to_vec())
}

#[test]
fn answers_captured_from_four_stacks_are_judged_alike() {
    let Some(cases) = cases("answers captured from PHP, spyne, JAX-WS and node-soap") else { return };
    let folder = format!("{cases}/soap-erp");
    let operations = || vec![operation("ListCustomers", true, &[]), operation("GetOrder", false, &[("BusyFault", OutcomeWord::Later)])];
    let system = system_of(&folder, "erp.wsdl", operations());
    for (file, name, expected) in [
        ("php82-list.http", "ListCustomers", "delivered"),
        ("php82s12-list.http", "ListCustomers", "delivered"),
        ("php82-list0.http", "ListCustomers", "delivered"),
        ("spyne-list.http", "ListCustomers", "delivered"),
        ("spyne-list0.http", "ListCustomers", "delivered"),
        ("jaxws-list.http", "ListCustomers", "delivered"),
        // Its `xsi:` is bound to nothing, which can mean only one thing.
        ("node-list.http", "ListCustomers", "delivered"),
        ("php82-order-O-1.http", "GetOrder", "delivered"),
        ("php82-order-X.http", "GetOrder", "never R3002"),
        ("php82-order-busy.http", "GetOrder", "later Some(2s) R3002"),
        ("php82s12-order-busy.http", "GetOrder", "later Some(2s) R3002"),
        ("php82-order-boom.http", "GetOrder", "unknown R2010"),
        ("spyne-order-busy.http", "GetOrder", "later Some(2s) R3002"),
        ("spyne12-order-busy.http", "GetOrder", "later Some(2s) R3002"),
        ("spyne-order-boom.http", "GetOrder", "unknown R3004"),
        ("spyne12-order-X.http", "GetOrder", "unknown R2010"),
        ("node-order-busy.http", "GetOrder", "later Some(2s) R3002"),
        ("node12-order-busy.http", "GetOrder", "later Some(2s) R3002"),
        ("jaxws-order-X.http", "GetOrder", "never R3002"),
        ("jaxws-order-boom.http", "GetOrder", "unknown R3004"),
    ] {
        let (status, content_type, body) = captured(&Path::new(&folder).join("wire").join(file));
        let (got, _) = heard(&*system, name, status, &[("content-type", &content_type)], &body);
        assert!(got.starts_with(expected), "{file}: {got}");
    }
}

#[test]
fn exact_values_come_out_of_the_conforming_stack() {
    let Some(cases) = cases("an answer captured from PHP") else { return };
    let folder = format!("{cases}/soap-erp");
    let system = system_of(&folder, "erp.wsdl", Vec::new());
    let (status, content_type, body) = captured(&Path::new(&folder).join("wire/php82-list.http"));
    let (_, shown) = heard(&*system, "ListCustomers", status, &[("content-type", &content_type)], &body);
    let expected = r##"{"@id":"C2","Number":"000002","Name":"Acme \"Ltd\"","VatNumber":null,"Status":"ACTIVE","CreditLimit":{"#text":12345678901234.5600,"@currency":"EUR"},"ChangedAt":"2026-01-02T08:00:00+02:00","CustomerSince":"2001-02-03","LedgerId":9223372036854775807,"Tags":["a","b","c"],"Address":[],"CompanyRegNo":"HRB 01"}"##;
    assert!(shown.contains(expected), "{shown}");
    assert!(!shown.contains("$invalid"));
}

#[test]
fn hostile_envelopes_never_pass_for_an_answer() {
    let Some(cases) = cases("the collection of bad documents") else { return };
    let folder = format!("{cases}/soap-erp");
    let system = system_of(&folder, "erp.wsdl", vec![operation("GetOrder", true, &[])]);
    for (file, expected) in [
        ("01-xxe-file.xml", "later Either R3006"),
        ("18-unclosed.xml", "later Either R3007"),
        ("26-deep.xml", "later Either R3006"),
        ("30-html-200.html", "later Either R3006"),
        ("33-wrong-envelope-ns.xml", "later Either R3006"),
        ("37-fault12-in-11.xml", "later Either R3004"),
        ("38-fault-200.xml", "later Either R3004"),
        ("39-fault-qualified-children.xml", "never R3003"),
        ("40-mustunderstand.xml", "later Either R3008"),
        ("41-signature-wrapping.xml", "later Either R3008"),
        ("16-utf8-bom.xml", "delivered"),
        ("45-pi.xml", "delivered"),
    ] {
        let body = std::fs::read(format!("{cases}/bad-xml/{file}")).unwrap();
        let (got, _) = heard(&*system, "GetOrder", 200, &[("content-type", "text/xml")], &body);
        assert!(got.starts_with(expected), "{file}: {got}");
    }
}

#[test]
fn a_user_name_token_stands_in_the_header_and_is_new_on_each_try() {
    let bundle = bundle(OWN);
    let schema = bundle.find("erp.wsdl").unwrap();
    let template = |text| Template::parse(text);
    let wsse = Wsse {
        at: Span { file: schema, from: 0, to: 1 },
        user: template("u"),
        password: template("${ERP_PASSWORD}"),
        digest: true,
        timestamp: Some(std::time::Duration::from_secs(60)),
    };
    let mut problems = Problems::new();
    let system = Soap.system(&SystemSettings { auth: Auth::Wsse(wsse), ..settings(schema, Vec::new()) }, &bundle, &mut problems).unwrap();
    let operation = system.interface().operation("Ping").unwrap().0;
    let ask = |now| {
        let call = Call { key: "k", with: Value::Record(&[]), body: None, proved: false, correlation: "", trace: "" };
        let with = With { now: Moment(now), variable: &variable, token: None, request_key: "k", outcomes: &[], validator: None };
        let Ok(Request::Http(request)) = system.ask(operation, &[call], &with) else { panic!("it is asked") };
        String::from_utf8(request.body).unwrap()
    };
    let (first, again) = (ask(1_000_000), ask(2_000_000));
    assert!(first.contains("<soap:Header>") && first.contains("UsernameToken>") && first.contains(">1970-01-01T00:01:01.000Z<"), "{first}");
    assert!(!first.contains(">p<"), "a digest goes out, and not the password");
    let nonce = |envelope: &str| envelope.split("Nonce").nth(1).unwrap().to_string();
    assert_ne!(nonce(&first), nonce(&again));
    let mut reader = Reader::new(&first).unwrap();
    while !matches!(reader.read().unwrap(), Event::Start(name) if name.local == "Security") {}
    let (security, now) = (wsse::Security::read(&mut reader).unwrap(), Moment(1_000_000));
    let known = |user: &str| (user == "u").then(|| "p".to_string());
    assert_eq!(wsse::verify(&security, &known, now, &mut wsse::Nonces::default()), Ok("u".to_string()));
}

/// The problems of our own ERP with a policy in it, to which these bindings refer.
fn with_policy(policy: &str, bindings: &[&str]) -> Vec<String> {
    let text = std::fs::read_to_string(format!("{OWN}/erp.wsdl")).unwrap();
    let head = "<wsp:Policy xmlns:wsp='http://www.w3.org/ns/ws-policy' xmlns:sp='http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702' \
                xmlns:wsu='urn:wsu' wsu:Id='P'>";
    let from = text.find('>').unwrap() + 1;
    let from = from + text[from..].find("<wsdl:types").or_else(|| text[from..].find("<types")).unwrap();
    let mut text = format!("{}{head}{policy}</wsp:Policy>{}", &text[..from], &text[from..]);
    for name in bindings {
        let binding = text.find(&format!("name=\"{name}\"")).unwrap();
        let behind = binding + text[binding..].find('>').unwrap() + 1;
        text.insert_str(behind, "<wsp:PolicyReference xmlns:wsp='http://www.w3.org/ns/ws-policy' URI='#P'/>");
    }
    let types = std::fs::read(format!("{OWN}/types.xsd")).unwrap();
    let bundle = Bundle::new([("erp.wsdl".to_string(), text.into_bytes()), ("types.xsd".to_string(), types)]);
    let mut problems = Problems::new();
    Soap.system(&settings(bundle.find("erp.wsdl").unwrap(), Vec::new()), &bundle, &mut problems);
    problems.iter().map(|problem| format!("{} {} {:?}", problem.code.id, problem.says, problem.help)).collect()
}

#[test]
fn a_policy_that_demands_signatures_is_refused_by_name_and_others_are_not() {
    let (first, both) = (&["Erp11"][..], &["Erp11", "Erp12"][..]);
    let signed = with_policy("<sp:AsymmetricBinding/>", both);
    assert!(matches!(signed.as_slice(), [one] if one.contains("demands signed messages")), "{signed:?}");
    let none: [String; 0] = [];
    assert_eq!(with_policy("<sp:AsymmetricBinding/>", first), none, "the port of SOAP 1.2 demands nothing, and is used");
    assert_eq!(with_policy("<sp:AsymmetricBinding/>", &[]), none, "a policy that nothing refers to is no concern of ours");
    assert_eq!(with_policy("<sp:TransportBinding/><sp:SupportingTokens><sp:UsernameToken/></sp:SupportingTokens>", both), none);
}

#[test]
fn a_login_is_a_call_of_the_systems_own_and_its_token_is_in_every_other() {
    let (bundle, mut problems) = (bundle(OWN), Problems::new());
    let login = Login {
        operation: Scalar::made("ListCustomers"),
        with: vec![
            ("ChangedSince".into(), Template::parse("2026-01-01T00:00:00Z")),
            ("PageToken".into(), Template::parse("${ERP_PASSWORD}")),
        ],
        take: Scalar::made(".NextPageToken"),
        header: "x-session".into(),
        prefix: String::new(),
        lasts: None,
    };
    let settings = SystemSettings { auth: Auth::Login(Box::new(login)), ..settings(bundle.find("erp.wsdl").unwrap(), Vec::new()) };
    let system = Soap.system(&settings, &bundle, &mut problems).unwrap();
    assert_eq!(problems.errors(), 0);
    let asked = with(|with| system.sign_in().unwrap().ask(0, &[], with));
    let Ok(Request::Http(sign_in)) = asked else { panic!("{:?}", asked.err()) };
    let text = String::from_utf8(sign_in.body).unwrap();
    assert!(text.contains("<tns:PageToken>p</tns:PageToken>"), "{text}");
    assert!(!sign_in.headers.iter().any(|(name, _)| &**name == "x-session"));
    let room = Room::new();
    let call = Call {
        key: "k",
        with: json::read(br#"{"ChangedSince":"2026-01-01T00:00:00Z"}"#, &room).unwrap(),
        body: None,
        proved: false,
        correlation: "c",
        trace: "t",
    };
    let with_token = With { now: Moment(0), variable: &variable, token: Some("s-1"), request_key: "", outcomes: &[], validator: None };
    let Ok(Request::Http(request)) = system.ask(0, &[call], &with_token) else { panic!("it is asked") };
    assert!(request.headers.iter().any(|(name, value)| &**name == "x-session" && value == b"s-1"));
}

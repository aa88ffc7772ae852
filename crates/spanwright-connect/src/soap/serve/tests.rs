#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::net::{IpAddr, Ipv4Addr};

use spanwright_core::{
    door::{DoorKind, DoorSettings, Reply},
    fact::Moment,
};
use spanwright_shape::{
    json,
    text::{Bundle, FileId, Problems, Span},
    xml::{Event, Reader},
};

use super::*;
use crate::soap::request::{SOAP11, SOAP12};

const OWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../spanwright-shape/tests/cases/soap");

/// A door of this WSDL, at `/soap`.
pub(in crate::soap) fn settings(name: &str, file: FileId) -> DoorSettings {
    let kind = DoorKind::Api {
        protocol: "soap".into(),
        schema: Some(file),
        path: Route::parse("/soap").unwrap(),
        operations: Vec::new(),
        correlation: "x-correlation-id".into(),
        by_token: false,
    };
    DoorSettings { name: name.into(), at: Span { file, from: 0, to: 1 }, kind }
}

fn door() -> SoapDoor {
    let files = ["erp.wsdl", "types.xsd"].map(|name| (format!("schemas/{name}"), std::fs::read(format!("{OWN}/{name}")).unwrap()));
    let (bundle, mut problems) = (Bundle::new(files), Problems::new());
    let file = bundle.find("schemas/erp.wsdl").unwrap();
    let door = check::door(&settings("facade", file), &bundle, &mut problems);
    assert_eq!(problems.errors(), 0);
    door.unwrap()
}

fn envelope(space: &str, body: &str) -> String {
    format!("<S:Envelope xmlns:S=\"{space}\"><S:Body>{body}</S:Body></S:Envelope>")
}

const GET: &str = "<x:CustomerNumber xmlns:x=\"urn:test:erp\">000123</x:CustomerNumber>";
const TEXT: &str = "text/xml; charset=utf-8";
const SOAP: &str = "application/soap+xml; charset=utf-8";

/// What came of a request: the operation and the body, or the answer.
fn asked(door: &SoapDoor, content_type: &str, action: Option<&str>, body: &str) -> String {
    let mut headers: Vec<(&str, &[u8])> = vec![("content-type", content_type.as_bytes())];
    headers.extend(action.map(|action| ("soapaction", action.as_bytes())));
    sent(door, "POST", "", &headers, body)
}

fn sent(door: &SoapDoor, method: &str, query: &str, headers: &[(&str, &[u8])], body: &str) -> String {
    let from = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let (origin, path) = ("https://api.example.com", "/soap");
    let request = Request { method, origin, path, query, parameters: &[], headers, body: body.as_bytes(), from, certificate: None };
    let with = With { now: Moment(0), variable: &|_| None, token: None, request_key: "", outcomes: &[], validator: None };
    let room = Room::new();
    match door.receive(&request, &with, &room) {
        Ok(Received::Message(incoming)) => {
            let mut out = Vec::new();
            json::write(&incoming.body, &mut out);
            format!("{} {} {}", door.operations[incoming.operation].name, incoming.dialect, String::from_utf8(out).unwrap())
        }
        Ok(Received::Answer(answer)) => told(&answer),
        Err(refused) => format!("refused {} {}", refused.status, refused.failure.code.id),
    }
}

/// Status, content type, and the texts of an envelope, which must be well-formed.
fn told(answer: &HttpAnswer) -> String {
    let media =
        answer.headers.iter().find(|(name, _)| &**name == "content-type").map_or("", |(_, value)| std::str::from_utf8(value).unwrap());
    let media = media.split(';').next().unwrap();
    let text = std::str::from_utf8(&answer.body).unwrap();
    if text.is_empty() {
        return format!("{} {media}", answer.status);
    }
    let (mut reader, mut texts) = (Reader::new(text).unwrap(), Vec::new());
    loop {
        match reader.read().unwrap() {
            Event::Start(name) => texts.push(name.local.to_string()),
            Event::Text(text) if !text.trim().is_empty() => texts.push(format!("={}", text.trim())),
            Event::Text(_) | Event::End => {}
            Event::Eof => break,
        }
    }
    format!("{} {media} {}", answer.status, texts[2..].join(" "))
}

#[test]
fn the_element_in_the_body_says_what_is_asked_in_either_version() {
    let door = door();
    assert_eq!(asked(&door, TEXT, None, &envelope(SOAP11, GET)), "GetCustomer 0 \"000123\"");
    assert_eq!(asked(&door, SOAP, None, &envelope(SOAP12, GET)), "GetCustomer 1 \"000123\"");
    let list = "<ListCustomers xmlns=\"urn:test:erp\"><ChangedSince>2026-01-01T00:00:00</ChangedSince></ListCustomers>";
    let body = "{\"ChangedSince\":\"2026-01-01T00:00:00\"}";
    for action in [None, Some(""), Some("\"\""), Some("\"urn:test:erp/ListCustomers\""), Some("urn:test:erp/ListCustomers")] {
        assert_eq!(asked(&door, TEXT, action, &envelope(SOAP11, list)), format!("ListCustomers 0 {body}"), "{action:?}");
    }
}

#[test]
fn an_action_of_another_operation_is_refused() {
    let door = door();
    let refused = "500 text/xml Fault faultcode =soap:Client faultstring =the action does not belong to `GetCustomer`, which the Body asks for [R3106] detail";
    assert_eq!(asked(&door, TEXT, Some("\"urn:test:erp/ListCustomers\""), &envelope(SOAP11, GET)), refused);
    let typed = format!("{SOAP}; action=\"urn:test:erp/Other;x=1\"");
    let refused = asked(&door, &typed, None, &envelope(SOAP12, GET));
    assert!(refused.starts_with("400 application/soap+xml Fault Code Value =soap:Sender Reason Text =the action does not"), "{refused}");
    let right = format!("{SOAP}; action=\"urn:test:erp/GetCustomer\"");
    assert_eq!(asked(&door, &right, None, &envelope(SOAP12, GET)), "GetCustomer 1 \"000123\"");
}

#[test]
fn whatever_comes_the_answer_is_a_fault_in_the_version_of_the_caller() {
    let door = door();
    let check = |content_type: &str, body: &str, expected: &str| {
        let got = asked(&door, content_type, None, body);
        assert!(got.starts_with(expected), "{body}\n{got}\n{expected}");
    };
    let client = "500 text/xml Fault faultcode =soap:Client faultstring =";
    check(
        TEXT,
        &envelope(SOAP11, "<GetCustomer xmlns='urn:other'/>"),
        &format!("{client}no operation is asked by `GetCustomer` of `urn:other`"),
    );
    check(TEXT, &envelope(SOAP11, &GET.replace("urn:test:erp", "urn:test")), &format!("{client}no operation is asked by `CustomerNumber`"));
    check(TEXT, "", &format!("{client}the document is empty"));
    check(TEXT, "{}", &format!("{client}this is no XML"));
    check(TEXT, "<a/>", &format!("{client}this is XML without a SOAP envelope"));
    check(TEXT, &format!("<!DOCTYPE a>{}", envelope(SOAP11, GET)), &format!("{client}a DOCTYPE is refused"));
    check(TEXT, &envelope(SOAP11, GET)[..120], client);
    check(TEXT, &envelope(SOAP11, &format!("{GET}</S:Body><S:Body>{GET}")), &format!("{client}a second Body"));
    check(TEXT, &envelope("urn:no", GET), "500 text/xml Fault faultcode =soap:VersionMismatch");
    check(SOAP, &envelope(SOAP12, "<no/>"), "400 application/soap+xml Fault Code Value =soap:Sender");
    let header = format!(
        "<S:Envelope xmlns:S='{SOAP11}'><S:Header><h xmlns='urn:h' S:mustUnderstand='1'/></S:Header><S:Body>{GET}</S:Body></S:Envelope>"
    );
    check(TEXT, &header, "500 text/xml Fault faultcode =soap:MustUnderstand");
    check("application/json", "{}", "415 text/xml Fault faultcode =soap:Client faultstring =a SOAP envelope comes as");
    check(
        "multipart/related; type=\"application/xop+xml\"",
        "--x",
        "415 text/xml Fault faultcode =soap:Client faultstring =attachments (MTOM, SwA)",
    );
}

#[test]
fn what_the_schema_does_not_allow_is_not_taken() {
    let door = door();
    let list = |inside: &str| envelope(SOAP11, &format!("<ListCustomers xmlns=\"urn:test:erp\">{inside}</ListCustomers>"));
    let refused = |inside: &str| asked(&door, TEXT, None, &list(inside));
    let since = "<ChangedSince>2026-01-01T00:00:00</ChangedSince>";
    assert!(refused("").contains("ChangedSince is missing"), "{}", refused(""));
    assert!(refused(&format!("{since}<PageSize>many</PageSize>")).contains("R3107"));
    assert!(refused(&format!("{since}<Unknown/>")).contains("is not known [R3107]"), "{}", refused(&format!("{since}<Unknown/>")));
    assert!(refused(&format!("{since}<PageSize xmlns=\"urn:other\">1</PageSize>")).contains("R3107"));
    assert!(refused(&format!("{since}<PageSize>1</PageSize>")).starts_with("ListCustomers"));
}

fn replied(fault: Option<&str>, body: &str, dialect: u8, operation: &str) -> String {
    let door = door();
    let operation = door.operations.iter().position(|served| *served.name == *operation).unwrap();
    let reply = Reply { status: None, headers: Vec::new(), fault: fault.map(str::to_string), body: body.as_bytes().to_vec() };
    told(&door.answer(Some(Asked { operation, dialect }), &Said::Replied(&reply)))
}

#[test]
fn a_reply_is_written_by_its_schema_and_a_declared_fault_by_its_own() {
    let found = replied(None, "{\"Customer\":[],\"NextPageToken\":\"2\"}", 0, "ListCustomers");
    assert_eq!(found, "200 text/xml ListCustomersResponse NextPageToken =2");
    let busy = replied(Some("BusyFault"), "{\"RetryAfterSeconds\":5}", 0, "ListCustomers");
    assert_eq!(busy, "500 text/xml Fault faultcode =soap:Client faultstring =BusyFault detail BusyFault RetryAfterSeconds =5");
    let busy = replied(Some("BusyFault"), "{\"RetryAfterSeconds\":5}", 1, "GetCustomer");
    assert_eq!(busy, "400 application/soap+xml Fault Code Value =soap:Sender Reason Text =BusyFault Detail BusyFault RetryAfterSeconds =5");
}

#[test]
fn a_reply_that_does_not_fit_tells_nothing_of_us() {
    let wrong = replied(None, "{\"Customer\":[{\"secret\":\"x\"}]}", 0, "ListCustomers");
    assert_eq!(wrong, "500 text/xml Fault faultcode =soap:Server faultstring =the answer does not fit its schema [R3109] detail");
}

#[test]
fn a_refusal_keeps_its_status_where_it_says_more_than_fault() {
    let door = door();
    let refuse = |status| {
        let refused = Refused::new(status, Failure::new(&codes::NO_ANSWER, "why")).with("retry-after", "5");
        let answer = door.answer(None, &Said::Refused(&refused));
        assert!(answer.headers.iter().any(|(name, _)| &**name == "retry-after"));
        told(&answer)
    };
    assert_eq!(refuse(503), "503 text/xml Fault faultcode =soap:Server faultstring =why [R3108] detail");
    assert_eq!(refuse(413), "413 text/xml Fault faultcode =soap:Client faultstring =why [R3108] detail");
    assert_eq!(refuse(504), "500 text/xml Fault faultcode =soap:Server faultstring =why [R3108] detail");
}

#[test]
fn the_description_says_where_we_are_and_so_do_its_imports() {
    let door = door();
    let get = |query: &str| {
        let request = Request {
            method: "GET",
            origin: "https://api.example.com",
            path: "/soap",
            query,
            parameters: &[],
            headers: &[],
            body: b"",
            from: IpAddr::V4(Ipv4Addr::LOCALHOST),
            certificate: None,
        };
        door.described(&request).map(|answer| String::from_utf8(answer.body).unwrap()).map_err(|refused| refused.status)
    };
    let wsdl = get("wsdl").unwrap();
    assert!(wsdl.contains("<soap:address location=\"https://api.example.com/soap\"/>"), "{wsdl}");
    assert!(wsdl.contains("<soap12:address location=\"https://api.example.com/soap\"/>") && !wsdl.contains("erp.example.com"));
    assert!(wsdl.contains("schemaLocation=\"https://api.example.com/soap?xsd=schemas/types.xsd\""), "{wsdl}");
    let types = std::fs::read_to_string(format!("{OWN}/types.xsd")).unwrap();
    let body = |text: &str| text.split_once("?>").map_or(text.to_string(), |(_, rest)| rest.trim().to_string());
    assert_eq!(body(&get("xsd=schemas/types.xsd").unwrap()), body(&types));
    assert_eq!(get("WSDL"), get("wsdl"));
    for other in ["", "wsdl=spanwright.yaml", "xsd=../systems/erp.yaml", "xsd="] {
        assert_eq!(get(other), Err(405), "{other}");
    }
    let read = Bundle::new([
        ("a.wsdl".to_string(), wsdl.replace("?xsd=schemas/", "/").into_bytes()),
        ("types.xsd".to_string(), types.into_bytes()),
    ]);
    let mut problems = Problems::new();
    let back = spanwright_shape::wsdl::read(read.find("a.wsdl").unwrap(), &read, &mut problems);
    assert!(back.is_some_and(|wsdl| wsdl.services[0].ports.len() == 2), "what is served is a WSDL again");
}

/// A name, and what is in the Body for a size.
type Attack = (&'static str, fn(usize) -> String);

/// Twice as much of anything takes about twice as long: no envelope costs its square.
#[test]
fn hostile_envelopes_take_linear_time() {
    let door = door();
    let attacks: [Attack; 5] = [
        ("attributes", |n| format!("<a {}/>", (0..n.min(5_000)).map(|n| format!("a{n}='1' ")).collect::<String>())),
        ("namespaces", |n| format!("<a {}/>", (0..n.min(5_000)).map(|n| format!("xmlns:a{n}='u{n}' ")).collect::<String>())),
        ("references", |n| format!("<x:CustomerNumber xmlns:x='urn:test:erp'>{}</x:CustomerNumber>", "&#65;".repeat(n))),
        ("comments", |n| format!("<x:CustomerNumber xmlns:x='urn:test:erp'>{}</x:CustomerNumber>", "a<!---->".repeat(n))),
        ("elements", |n| format!("<ListCustomers xmlns='urn:test:erp'>{}</ListCustomers>", "<a/>".repeat(n))),
    ];
    for (name, attack) in attacks {
        let time = |n: usize| {
            let body = envelope(SOAP11, &attack(n));
            (0..3)
                .map(|_| {
                    let began = std::time::Instant::now();
                    asked(&door, TEXT, None, &body);
                    began.elapsed()
                })
                .min()
                .unwrap()
        };
        let (small, large) = (time(10_000), time(80_000));
        assert!(large < small * 40 + std::time::Duration::from_millis(50), "{name}: {small:?} for 10,000 and {large:?} for 80,000");
    }
}

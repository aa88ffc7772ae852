#![allow(clippy::unwrap_used)]

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use spanwright_core::{
    connector::{Answers, Call, Connector, Heard, Outcome, Pretended, Request as Out, System, With},
    door::{Door, Received, Request},
    fact::Moment,
    settings::{Auth, SystemSettings},
};
use spanwright_shape::{
    json,
    shape::Shapes,
    text::{Bundle, Problems, Span},
};

use super::*;
use crate::soap::{Soap, request::SOAP11, serve::tests::settings};

fn bundle() -> Bundle {
    Bundle::new([("session.wsdl".to_string(), include_bytes!("session.wsdl").to_vec())])
}

fn system() -> Arc<dyn System> {
    let (bundle, mut problems) = (bundle(), Problems::new());
    let file = bundle.find("session.wsdl").unwrap();
    let settings = SystemSettings {
        name: "erp".into(),
        kind: "soap".into(),
        at: Span { file, from: 0, to: 1 },
        schema: Some(file),
        url: None,
        zone: None,
        auth: Auth::None,
        correlation: "x-correlation-id".into(),
        operations: Vec::new(),
    };
    let system = Soap.system(&settings, &bundle, &mut problems);
    assert_eq!(problems.iter().map(|problem| problem.says.as_str()).collect::<Vec<_>>(), Vec::<&str>::new());
    system.unwrap()
}

fn door() -> Arc<dyn Door> {
    let (bundle, mut problems) = (bundle(), Problems::new());
    let file = bundle.find("session.wsdl").unwrap();
    Soap.door(&settings("api", file), &bundle, &mut problems).unwrap()
}

const WITH: With<'static> = With { now: Moment(0), variable: &|_| None, token: None, request_key: "", outcomes: &[], validator: None };

/// The envelope of a call, from its Header on, or why there is none.
fn sent(parameters: &str) -> String {
    let (system, room) = (system(), Room::new());
    let with = json::read(parameters.as_bytes(), &room).unwrap();
    let call = Call { key: "k", with, body: None, proved: false, correlation: "", trace: "" };
    match system.ask(0, &[call], &WITH) {
        Ok(Out::Http(request)) => {
            let text = String::from_utf8(request.body).unwrap();
            text.split_once("session\">").unwrap().1.trim_end_matches("</soap:Envelope>").to_string()
        }
        other => format!("{other:?}"),
    }
}

/// What a flow gets of an answer.
fn given(envelope: &[u8]) -> String {
    let (system, room) = (system(), Room::new());
    let headers = [(Arc::from("content-type"), b"text/xml".to_vec())];
    let heard = Heard::Http { status: 200, headers: &headers, body: &mut &*envelope };
    let call = Call { key: "k", with: json::read(b"{}", &room).unwrap(), body: None, proved: false, correlation: "", trace: "" };
    match system.hear(0, &[call], heard, &WITH, Answers::Keep).outcomes.remove(0) {
        Outcome::Delivered(Some(bytes)) => String::from_utf8(bytes).unwrap(),
        other => format!("{other:?}"),
    }
}

fn envelope(header: &str, body: &str) -> String {
    format!(
        "<S:Envelope xmlns:S='{SOAP11}' xmlns='urn:test:session' xmlns:o='urn:o'><S:Header>{header}</S:Header><S:Body>{body}</S:Body></S:Envelope>"
    )
}

#[test]
fn parameters_that_are_header_blocks_go_into_the_header() {
    assert_eq!(sent(r#"{"Key":"a"}"#), "<soap:Body><tns:Get><tns:Key>a</tns:Key></tns:Get></soap:Body>".replace("tns:", "t:"));
    let body = "<soap:Body><t:Get><t:Key>a</t:Key><t:Region>body</t:Region></t:Get></soap:Body>";
    let session = "<t:Session><t:Id>s&amp;1</t:Id></t:Session>";
    let both = r#"{"Key":"a","Region":"body","Session":{"Id":"s&1"},"header:Region":"head"}"#;
    assert_eq!(sent(both), format!("<soap:Header>{session}<t:Region>head</t:Region></soap:Header>{body}"));
    let refused = sent(r#"{"Key":"a","Session":{"Name":"x"}}"#);
    assert!(refused.contains("the schema has no `Name` here"), "{refused}");
}

#[test]
fn the_header_of_an_answer_stands_beside_its_content() {
    let body = "<GetResponse><Value>1.50</Value></GetResponse>";
    let usage = "<Usage><Left>7</Left></Usage>";
    assert_eq!(given(envelope("", body).as_bytes()), r#"{"Value":1.50}"#);
    let unknown = "<o:Other><Usage/></o:Other>";
    let told = given(envelope(&format!("{unknown}{usage}{usage}"), body).as_bytes());
    assert_eq!(told, r#"{"Value":1.50,"$headers":{"Usage":{"Left":7}}}"#);
    let bound = format!("<o:Other S:mustUnderstand='1'/>{usage}");
    assert!(given(envelope(&bound, body).as_bytes()).contains("must be understood"));
    // What is declared is understood, and security headers of an answer say when it was made.
    let fine = usage.replace("<Usage>", "<Usage S:mustUnderstand='1'>") + &format!("<w:Security xmlns:w='{WSSE}' S:mustUnderstand='1'/>");
    assert_eq!(given(envelope(&fine, body).as_bytes()), told);
}

#[test]
fn a_pretended_answer_has_its_header_too() {
    let (system, room) = (system(), Room::new());
    let value = r#"{"Value":1.50,"$headers":{"Usage":{"Left":7}}}"#;
    let said = system.pretend(0, &Pretended::Gives(json::read(value.as_bytes(), &room).unwrap())).unwrap();
    assert_eq!(given(&said.body), value);
}

fn names(shapes: &Shapes, id: ShapeId) -> Vec<String> {
    let Shape::Record(record) = shapes.get(id) else { return Vec::new() };
    record.fields.iter().map(|field| format!("{}{}", field.name, if field.presence == Presence::Maybe { "?" } else { "" })).collect()
}

#[test]
fn what_is_in_a_header_is_known_before_anything_runs() {
    let system = system();
    let (interface, get) = (system.interface(), &system.interface().operations[0]);
    assert_eq!(names(&interface.shapes, get.with), ["Key", "Region?", "Session?", "header:Region?"]);
    assert_eq!(names(&interface.shapes, get.body.unwrap()), ["Key", "Region?"]);
    assert_eq!(names(&interface.shapes, get.gives), ["Value", "$headers?"]);
    let door = door();
    assert_eq!(names(&door.interface().shapes, door.beside(0)[0].1), ["Session?", "Region?"]);
}

#[test]
fn a_caller_s_header_blocks_stand_beside_the_headers_of_http() {
    let (door, room) = (door(), Room::new());
    let receive = |body: &str| {
        let headers: [(&str, &[u8]); 2] = [("content-type", b"text/xml"), ("x-tenant", b"7")];
        let (from, body) = (IpAddr::V4(Ipv4Addr::LOCALHOST), room.text(body).as_bytes());
        let request = Request {
            method: "POST",
            origin: "https://a",
            path: "/soap",
            query: "",
            parameters: &[],
            headers: room.bump().alloc_slice_copy(&headers),
            body,
            from,
            certificate: None,
        };
        let mut out = Vec::new();
        match door.receive(&request, &WITH, &room) {
            Ok(Received::Message(incoming)) => json::write(&incoming.beside, &mut out),
            Ok(Received::Answer(answer)) => out = answer.body,
            Err(refused) => out = refused.failure.says.into_bytes(),
        }
        String::from_utf8(out).unwrap()
    };
    let get = "<Get><Key>a</Key></Get>";
    let told = receive(&envelope("<Session S:mustUnderstand='1'><Id>s</Id></Session>", get));
    assert_eq!(told, r#"{"headers":{"content-type":"text/xml","x-tenant":"7","Session":{"Id":"s"}}}"#);
    assert!(receive(&envelope("<Session/>", get)).contains("the header block `Session`"));
    let unasked = format!("<w:Security xmlns:w='{WSSE}' S:mustUnderstand='1'/>");
    assert!(receive(&envelope(&unasked, get)).contains("MustUnderstand"), "nobody here looks at tokens");
}

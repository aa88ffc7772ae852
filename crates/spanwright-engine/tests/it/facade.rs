//! `examples/soap-facade`: SOAP in front of REST, spoken to byte by byte.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::Arc,
};

use spanwright_engine::shell::Running;
use spanwright_world::{Answer, Hostile};

use crate::trial::{LONG, Trial, read_folder};

const SOAP11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const SOAP12: &str = "http://www.w3.org/2003/05/soap-envelope";
const TEXT: &str = "content-type: text/xml; charset=utf-8";
const ACTION: &str = "soapaction: \"urn:example:orders/GetOrder\"";
const ORDER: &str = r#"{"number":"O-1","customer":{"name":"Müller & Söhne"},"placedAt":"2026-02-03T04:05:06Z","status":"open",
  "lines":[{"sku":"007","quantity":2.500,"price":9.90,"currency":"EUR"}]}"#;

/// The shop has O-1; it breaks down over O-5, and is slow with nothing.
fn shop() -> Hostile {
    Hostile::start(vec![Answer::By(Arc::new(|received| match received.path.rsplit('/').next() {
        Some("O-1") => Answer::json(200, ORDER),
        Some("O-5") => Answer::status(503),
        _ => Answer::status(404),
    }))])
}

fn start(shop: &Hostile) -> (Trial, Running) {
    start_with(shop, "")
}

/// With this below the API's file.
fn start_with(shop: &Hostile, further: &str) -> (Trial, Running) {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/soap-facade");
    let mut files = BTreeMap::new();
    read_folder(&example, &example, &mut files);
    let mut trial = Trial::of(files);
    trial.edit("systems/shop.yaml", "tries: 3, first: 200ms, longest: 1s", "tries: 1, first: 10ms, longest: 10ms, give_up_after: 1s");
    trial.edit("apis/orders.yaml", "path: /soap/orders", &format!("path: /soap/orders\n{further}"));
    trial.variables.insert("SHOP_URL".into(), shop.url());
    trial.variables.insert("LISTEN".into(), "127.0.0.1:0".into());
    let running = trial.start(false);
    (trial, running)
}

fn ask(to: SocketAddr, line: &str, headers: &[&str], body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let head = format!("{line} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n", body.len());
    // Who is refused early may find the door closed before all is sent.
    let _closed = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
    let mut out = Vec::new();
    let _reset = stream.read_to_end(&mut out);
    let text = String::from_utf8_lossy(&out).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no answer: {text:?}"));
    (status, text)
}

fn envelope(space: &str, id: &str) -> String {
    format!(
        "<s:Envelope xmlns:s='{space}'><s:Body><GetOrder xmlns='urn:example:orders'><OrderId>{id}</OrderId></GetOrder></s:Body></s:Envelope>"
    )
}

#[test]
fn an_order_is_asked_for_in_soap_and_comes_out_of_rest() {
    let shop = shop();
    let (_trial, running) = start(&shop);
    let to = running.address().unwrap();
    let check = |headers: &[&str], body: &str, status: u16, expected: &[&str]| {
        let (got, text) = ask(to, "POST /soap/orders", headers, body);
        assert_eq!(got, status, "{text}");
        expected.iter().for_each(|part| assert!(text.contains(part), "{part}\n{text}"));
    };
    let order = ["no=\"O-1\"", "Müller &amp; Söhne", ">OPEN<", ">2.500<", "currency=\"EUR\"", ">9.90<"];
    check(&[TEXT, ACTION], &envelope(SOAP11, "O-1"), 200, &order);
    check(
        &["content-type: application/soap+xml; action=\"urn:example:orders/GetOrder\""],
        &envelope(SOAP12, "O-1"),
        200,
        &[SOAP12, ">OPEN<"],
    );
    check(&[TEXT], &envelope(SOAP11, "O-2"), 500, &["NotFoundFault", ">Order<", ">O-2<", "soap:Client"]);
    check(&[TEXT], &envelope(SOAP11, "O-5"), 500, &["soap:Server", "faultstring"]);
    assert_eq!(shop.received()[0].path, "/orders/O-1");
    running.stop();
}

#[test]
fn what_is_not_right_is_a_fault_and_never_reaches_the_shop() {
    let shop = shop();
    let (_trial, running) = start(&shop);
    let to = running.address().unwrap();
    let good = envelope(SOAP11, "O-1");
    let check = |headers: &[&str], body: &str, status: u16, code: &str| {
        let (got, text) = ask(to, "POST /soap/orders", headers, body);
        assert!(got == status && text.contains(code) && text.contains("Fault>"), "{code}: {text}");
    };
    check(&[TEXT, "soapaction: \"urn:example:orders/DeleteOrder\""], &good, 500, "R3106");
    check(&[TEXT], &good.replace("urn:example:orders", "urn:example:other"), 500, "R3105");
    check(&[TEXT], &format!("<!DOCTYPE s [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>{good}"), 500, "R3102");
    check(&[TEXT], &good.replace("<OrderId>O-1</OrderId>", ""), 500, "R3107");
    check(&["content-type: application/json"], "{}", 415, "R3101");
    check(&[TEXT], &good.replace(SOAP11, "urn:soap:3"), 500, "VersionMismatch");
    check(&[TEXT], &format!("{}{good}", " ".repeat(11 << 20)), 413, "soap:Client");
    let (status, text) = ask(to, "GET /soap/orders", &[], "");
    assert!(status == 405 && text.contains("R3110"), "{text}");
    assert_eq!(shop.received().len(), 0);
    running.stop();
}

#[test]
fn the_description_is_served_with_the_address_that_it_was_asked_at() {
    let shop = shop();
    let (_trial, running) = start(&shop);
    let to = running.address().unwrap();
    let (status, wsdl) = ask(to, "GET /soap/orders?wsdl", &[], "");
    assert!(status == 200 && wsdl.contains(&format!("location=\"http://{to}/soap/orders\"")), "{wsdl}");
    let (status, types) = ask(to, "GET /soap/orders?xsd=schemas/order-types.xsd", &[], "");
    assert!(status == 200 && types.contains("<xs:enumeration value=\"SHIPPED\"/>"), "{types}");
    assert_eq!(ask(to, "GET /soap/orders?wsdl=spanwright.yaml", &[], "").0, 405);
    running.stop();
}

#[test]
fn a_client_asks_for_what_it_may_and_hears_a_fault_for_what_it_may_not() {
    let shop = shop();
    for (may, status, words) in [("[GetOrder]", 200, "GetOrderResponse"), ("[]", 403, "may not ask for `GetOrder`")] {
        let (_trial, running) = start_with(&shop, &format!("clients: {{ branch: {{ ip: [127.0.0.1], may: {may} }} }}"));
        let (got, text) = ask(running.address().unwrap(), "POST /soap/orders", &[TEXT, ACTION], &envelope(SOAP11, "O-1"));
        assert!(got == status && text.contains(words), "{got} {text}");
        running.stop();
        crate::trial::wait(running);
    }
}

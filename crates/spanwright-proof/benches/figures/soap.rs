//! SOAP messages to JSON and back, small and large, beside node-soap, zeep and fast-xml-parser in the same run.
//!
//! `cargo bench -p spanwright-proof -- soap [MILLISECONDS]`. What is measured is the whole way of the connector: bytes of an answer to
//! the JSON that a flow gets, JSON of a flow to the bytes of a request. The others get their own objects, and fast-xml-parser no schema.

use std::{
    fmt::Write,
    io,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use spanwright_connect::soap::Soap;
use spanwright_core::{
    connector::{Answers, Call, Connector, Heard, Outcome, Request, System, With},
    fact::Moment,
    settings::{Auth, SystemSettings, Template},
};
use spanwright_proof::{node, project::repository, usage};
use spanwright_shape::{
    text::{Bundle, Problems, Span},
    value::Value,
};

/// Customers of an answer and lines of a request that make about 10 kB, and about 4.5 MB.
const SIZES: [(&str, usize, usize); 2] = [("10 kB", 20, 55), ("4.5 MB", 9_000, 26_000)];

/// Measures and prints.
pub fn figures(counts: &[u64]) -> io::Result<()> {
    let [milliseconds] = usage::given(counts, [3_000]);
    for (name, customers, lines) in SIZES {
        size(name, &answer(customers), &request(lines), milliseconds)?;
    }
    Ok(())
}

/// A pace in MB/s, and memory.
struct Paces {
    decode: f64,
    encode: f64,
    most_bytes: f64,
}

fn size(name: &str, xml: &str, json: &str, milliseconds: u64) -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let [answer, request] = [("answer.xml", xml), ("request.json", json)].map(|(name, text)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    });
    let peers = repository().join("tests/peers/soap");
    let wsdl = peers.join("erp.wsdl").to_string_lossy().into_owned();
    let ours = ours(&peers, xml, json, Duration::from_millis(milliseconds))?;
    println!("-- {name}: an answer of {} bytes, a request of {} bytes of JSON", xml.len(), json.len());
    let tell = |who: &str, paces: &Paces| {
        let ratios = format!("{:6.1} times, {:6.1} times", ours.decode / paces.decode, ours.encode / paces.encode);
        let memory = paces.most_bytes / 1e6;
        println!(
            "{who:16} decode {:8.1} MB/s, encode {:8.1} MB/s, {memory:6.0} MB resident at most; ours is {ratios}",
            paces.decode, paces.encode
        );
    };
    tell("spanwright", &ours);
    let milliseconds = milliseconds.to_string();
    let by_wsdl = [wsdl.clone(), answer.clone(), request.clone(), milliseconds.clone()];
    tell("node-soap", &run(Command::new("node").arg(peers.join("bench.mjs")).args(&by_wsdl))?);
    tell("zeep", &run(Command::new(peers.join(".venv/bin/python")).arg(peers.join("bench_zeep.py")).args(&by_wsdl))?);
    let script = repository().join("benches/node/xml.mjs");
    tell("fast-xml-parser", &run(Command::new("node").arg(script).args([answer, request, milliseconds]))?);
    Ok(())
}

fn run(command: &mut Command) -> io::Result<Paces> {
    let output = command.stderr(Stdio::inherit()).output()?;
    let measured: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| io::Error::other(format!("{command:?}: {error}; run tests/peers/setup.sh first")))?;
    let figure = |name: &str| node::figure(&measured, name);
    Ok(Paces { decode: figure("decode"), encode: figure("encode"), most_bytes: figure("rss") })
}

fn ours(peers: &Path, xml: &str, json: &str, time: Duration) -> io::Result<Paces> {
    let system = system(peers)?;
    let of = |name: &str| system.interface().operation(name).map(|(number, _)| number).unwrap();
    let (list, create) = (of("ListCustomers"), of("CreateInvoice"));
    let with = With { now: Moment(0), variable: &|_| None, token: None, request_key: "", outcomes: &[], validator: None };
    let headers = [(Arc::from("content-type"), b"text/xml; charset=utf-8".to_vec())];
    let decode = best(time, || {
        let heard = Heard::Http { status: 200, headers: &headers, body: &mut xml.as_bytes() };
        let call = Call { key: "", with: Value::Record(&[]), body: None, proved: false, correlation: "", trace: "" };
        let outcomes = system.hear(list, &[call], heard, &with, Answers::Keep).outcomes;
        assert!(matches!(outcomes.as_slice(), [Outcome::Delivered(Some(bytes))] if bytes.len() > xml.len() / 4), "it is understood");
        xml.len()
    });
    let encode = best(time, || {
        let call = Call { key: "", with: Value::Record(&[]), body: Some(json.as_bytes()), proved: false, correlation: "", trace: "" };
        let Ok(Request::Http(request)) = system.ask(create, &[call], &with) else { panic!("it is written") };
        request.body.len()
    });
    Ok(Paces { decode, encode, most_bytes: usage::memory()?.most_bytes as f64 })
}

/// Megabytes a second of the best round.
fn best(time: Duration, work: impl Fn() -> usize) -> f64 {
    let (began, mut best, mut rounds) = (Instant::now(), 0.0_f64, 0);
    while rounds < 3 || began.elapsed() < time {
        let start = Instant::now();
        let bytes = work();
        best = best.max(bytes as f64 / start.elapsed().as_secs_f64() / 1e6);
        rounds += 1;
    }
    best
}

fn system(peers: &Path) -> io::Result<Arc<dyn System>> {
    let bundle = Bundle::new([("erp.wsdl".to_string(), std::fs::read(peers.join("erp.wsdl"))?)]);
    let (mut problems, file) = (Problems::new(), bundle.find("erp.wsdl").unwrap());
    let settings = SystemSettings {
        name: "erp".into(),
        kind: "soap".into(),
        at: Span { file, from: 0, to: 1 },
        schema: Some(file),
        url: Some(Template::parse("http://127.0.0.1/")),
        zone: None,
        auth: Auth::None,
        correlation: "x-correlation-id".into(),
        operations: Vec::new(),
    };
    Ok(Soap.system(&settings, &bundle, &mut problems).unwrap())
}

fn answer(customers: usize) -> String {
    let mut xml = "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
                   xmlns:e=\"urn:example:erp:v1\" xmlns:t=\"urn:example:erp:types:v1\"><s:Body><e:ListCustomersResponse>"
        .to_string();
    for n in 0..customers {
        write!(
            xml,
            "<e:Customer id=\"C{n}\"><t:Number>{n:08}</t:Number><t:Name>Müller &amp; Söhne {n} GmbH</t:Name><t:VatNumber>DE{n:09}</t:VatNumber>\
             <t:Status>ACTIVE</t:Status><t:CreditLimit currency=\"EUR\">{n}234.5600</t:CreditLimit><t:ChangedAt>2026-01-01T08:00:00</t:ChangedAt>\
             <t:LedgerId>922337203685{n:07}</t:LedgerId><t:Tags>key account north</t:Tags><t:Address kind=\"billing\"><t:Street>{n} Hauptstraße\
             </t:Street><t:City>Köln</t:City><t:PostCode>{n:05}</t:PostCode><t:Country>DE</t:Country></t:Address>\
             <t:CompanyRegNo>HRB {n}</t:CompanyRegNo></e:Customer>"
        )
        .unwrap();
    }
    xml + "</e:ListCustomersResponse></s:Body></s:Envelope>"
}

fn request(lines: usize) -> String {
    let line = |n: usize| {
        format!("{{\"@no\":{n},\"Sku\":\"SKU-{n:06}\",\"Quantity\":{n}.250,\"UnitPrice\":{{\"#text\":9.90,\"@currency\":\"EUR\"}}}}")
    };
    let lines: Vec<String> = (1..=lines).map(line).collect();
    let total = "{\"#text\":1234.5600,\"@currency\":\"EUR\"}";
    format!("{{\"Invoice\":{{\"ExternalRef\":\"A & B\",\"CustomerNumber\":\"000001\",\"Total\":{total},\"Line\":[{}]}}}}", lines.join(","))
}

//! Senders that misbehave, at each kind of door: what they are told, and whether a message was taken.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    thread,
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use spanwright_connect::webhook::preset;
use spanwright_engine::listen::BODY_BYTES_MOST;
use spanwright_world::{Answer, Hostile, hostile::page};

use crate::trial::{LONG, Trial, read_folder, until, wait};

mod streams;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ORDER: &str = r#"{"number":"O-1","customer":{"name":"M"},"placedAt":"2026-02-03T04:05:06Z","status":"open","lines":[]}"#;
const ENVELOPE: &str = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><GetOrder xmlns='urn:example:orders'>\
    <OrderId>O-1</OrderId></GetOrder></s:Body></s:Envelope>";

/// A kind of door.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// It answers 202 when the message is kept.
    Kept,
    /// It answers with the flow's reply.
    Replied,
    Webhook,
    Soap,
}

use Kind::{Kept, Replied, Soap, Webhook};

const KINDS: [Kind; 4] = [Kept, Replied, Webhook, Soap];

impl Kind {
    fn path(self) -> &'static str {
        match self {
            Kept => "/kept",
            Replied => "/replied",
            Webhook => "/in/pay",
            Soap => "/soap/orders",
        }
    }

    fn content_type(self) -> &'static str {
        if self == Soap { "text/xml; charset=utf-8" } else { "application/json" }
    }

    fn body(self) -> Vec<u8> {
        if self == Soap { ENVELOPE.into() } else { br#"{"id":"1"}"#.to_vec() }
    }
}

/// A request, as it is before a sender spoils it.
struct Ask {
    kind: Kind,
    method: &'static str,
    /// Which event it is.
    id: String,
    content_type: Option<String>,
    /// Further lines of its head.
    lines: Vec<String>,
    /// What is signed.
    body: Vec<u8>,
    /// What is sent, where that is something else.
    packed: Option<Vec<u8>>,
    host: &'static str,
    /// Whether it asks for the connection to be closed.
    closes: bool,
}

impl Ask {
    fn good(kind: Kind, id: String) -> Ask {
        let content_type = Some(kind.content_type().to_string());
        Ask {
            kind,
            method: "POST",
            id,
            content_type,
            lines: Vec::new(),
            body: kind.body(),
            packed: None,
            host: "host: a\r\n",
            closes: true,
        }
    }

    fn with(self, line: &str) -> Ask {
        Ask { lines: [self.lines, vec![line.to_string()]].concat(), ..self }
    }

    /// Up to the line that says how long the body is.
    fn head(&self, now: i64) -> String {
        let mut lines = self.lines.clone();
        lines.extend(self.content_type.iter().map(|kind| format!("content-type: {kind}")));
        match self.kind {
            Webhook => {
                let (scheme, time) = (preset::scheme("standard").unwrap(), now.to_string());
                let signature = scheme.sign(SECRET, &time, &scheme.content(&self.id, &time, &self.body, "")).unwrap();
                let signed = [("id", &*self.id), ("timestamp", &time), ("signature", &signature)];
                lines.extend(signed.map(|(name, value)| format!("webhook-{name}: {value}")));
            }
            Kept | Replied => lines.push(format!("idempotency-key: {}", self.id)),
            Soap => lines.push("soapaction: \"urn:example:orders/GetOrder\"".to_string()),
        }
        // By this it is known in the log.
        lines.push(format!("x-correlation-id: {}", correlation(self.kind, &self.id)));
        lines.extend(self.closes.then(|| "connection: close".to_string()));
        let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        format!("{} {} HTTP/1.1\r\n{}{lines}", self.method, self.kind.path(), self.host)
    }

    fn sent(&self) -> &[u8] {
        self.packed.as_deref().unwrap_or(&self.body)
    }
}

fn correlation(kind: Kind, id: &str) -> String {
    format!("{}:{id}", kind.path())
}

/// What goes over the wire: pieces with a pause behind each, and whether the sender hangs up then.
struct Wire {
    pieces: Vec<Vec<u8>>,
    hangs_up: bool,
}

/// One request, whole.
fn whole(ask: &Ask, now: i64) -> Wire {
    let head = format!("{}content-length: {}\r\n\r\n", ask.head(now), ask.sent().len());
    Wire { pieces: vec![[head.as_bytes(), ask.sent()].concat()], hangs_up: false }
}

/// A head with these lines in place of the length, and this behind it.
fn framed(ask: &Ask, now: i64, lines: &str, behind: &[u8]) -> Wire {
    let head = format!("{}{lines}\r\n\r\n", ask.head(now));
    Wire { pieces: vec![[head.as_bytes(), behind].concat()], hangs_up: false }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn chunks(bytes: &[u8]) -> Vec<u8> {
    let pieces = bytes.chunks(1 << 20).flat_map(|piece| [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat());
    pieces.chain(*b"0\r\n\r\n").collect()
}

/// What a sender does, by name, in the order of the table.
type Spoil = fn(Ask, i64) -> Wire;

const BEHAVIOURS: [(&str, Spoil); 31] = [
    ("nothing: all is well", |ask, now| whole(&ask, now)),
    ("it is slow, and whole", |ask, now| {
        let all = whole(&ask, now).pieces.concat();
        Wire { pieces: all.chunks(all.len() / 6).map(<[u8]>::to_vec).collect(), hangs_up: false }
    }),
    ("the body is cut", |ask, now| {
        let all = whole(&ask, now).pieces.concat();
        Wire { pieces: vec![all[..all.len() - 4].to_vec()], hangs_up: true }
    }),
    ("no body", |ask, now| whole(&Ask { body: Vec::new(), ..ask }, now)),
    ("half a document", |ask, now| whole(&Ask { body: ask.body[..ask.body.len() / 2].to_vec(), ..ask }, now)),
    ("content behind the document", |ask, now| whole(&Ask { body: ask.body.repeat(2), ..ask }, now)),
    ("HTML", |ask, now| whole(&Ask { body: b"<!DOCTYPE html><html>".to_vec(), ..ask }, now)),
    ("`image/png`", |ask, now| whole(&Ask { content_type: Some("image/png".into()), ..ask }, now)),
    ("no content type", |ask, now| whole(&Ask { content_type: None, ..ask }, now)),
    ("right content as `text/plain`", |ask, now| whole(&Ask { content_type: Some("text/plain".into()), ..ask }, now)),
    ("a charset that is not read", |ask, now| {
        let kind = format!("{}; charset=ebcdic-us", ask.kind.content_type().split(';').next().unwrap());
        whole(&Ask { content_type: Some(kind), ..ask }, now)
    }),
    ("invalid UTF-8", |mut ask, now| {
        let at = ask.body.iter().rposition(|byte| *byte == b'1').unwrap();
        ask.body[at] = 0xff;
        whole(&ask, now)
    }),
    ("the same event again", |ask, now| whole(&Ask { id: format!("{}-first", ask.kind.path()), ..ask }, now)),
    ("the same event with another body", |ask, now| {
        let body = String::from_utf8(ask.body).unwrap().replace('1', "2").into_bytes();
        whole(&Ask { id: format!("{}-first", ask.kind.path()), body, ..ask }, now)
    }),
    ("a length of 99 GB", |ask, now| framed(&ask, now, "content-length: 99999999999", b"")),
    ("chunks of 11 MiB", |ask, now| framed(&ask, now, "transfer-encoding: chunked", &chunks(&vec![b' '; BODY_BYTES_MOST + (1 << 20)]))),
    ("a packed body", |ask, now| whole(&Ask { packed: Some(gzip(&ask.body)), ..ask.with("content-encoding: gzip") }, now)),
    ("a small body that unpacks to 11 MiB", |ask, now| {
        let packed = Some(gzip(&vec![b' '; BODY_BYTES_MOST + (1 << 20)]));
        whole(&Ask { packed, ..ask.with("content-encoding: gzip") }, now)
    }),
    ("a body that is not packed as it says", |ask, now| whole(&ask.with("content-encoding: gzip"), now)),
    ("a coding that is not read", |ask, now| whole(&ask.with("content-encoding: br"), now)),
    ("a header of 64 kB", |ask, now| whole(&ask.with(&format!("x: {}", "y".repeat(64 << 10))), now)),
    ("200 headers", |ask, now| whole(&ask.with(&["x: y"; 200].join("\r\n")), now)),
    ("a folded line in the head", |ask, now| whole(&ask.with("x: a\r\n b"), now)),
    ("a line break of CR alone in a header", |ask, now| whole(&ask.with("x-correlation-id: a\rx-role: admin"), now)),
    ("a NUL in a header", |ask, now| whole(&ask.with("x-correlation-id: a\0b"), now)),
    ("two hosts", |ask, now| whole(&ask.with("host: b"), now)),
    ("no host", |ask, now| whole(&Ask { host: "", ..ask }, now)),
    ("two lengths", |ask, now| {
        let (lines, body) = (format!("content-length: {}\r\ncontent-length: 3", ask.body.len()), ask.body.clone());
        framed(&ask, now, &lines, &body)
    }),
    ("a length and chunks, a second request behind them", |ask, now| {
        let second = format!("POST {} HTTP/1.1\r\nhost: a\r\n\r\n", ask.kind.path());
        let (lines, body) = (format!("content-length: {}\r\ntransfer-encoding: chunked", ask.body.len()), chunks(&ask.body));
        framed(&Ask { closes: false, ..ask }, now, &lines, &[&body, second.as_bytes()].concat())
    }),
    ("a method that is not served", |ask, now| whole(&Ask { method: "DELETE", ..ask }, now)),
    ("TLS where there is none", |_, _| Wire {
        pieces: vec![b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00\r\n\r\n".to_vec()],
        hangs_up: false,
    }),
];

/// Those who never come to an end.
const ENDLESS: [(&str, Spoil); 2] = [
    ("the head never ends", |ask, now| Wire { pieces: vec![ask.head(now).into_bytes()], hangs_up: false }),
    ("the body never comes", |ask, now| framed(&ask, now, "content-length: 10", b"")),
];

/// What each of them is told, in rows as the others have; all at the same time, for each takes as long as it may.
fn endless(to: SocketAddr, now: i64) -> Vec<Vec<String>> {
    let asked = ENDLESS.map(|(what, spoil)| {
        let asked = KINDS.map(|kind| {
            let wire = spoil(Ask::good(kind, what.to_string()), now);
            thread::spawn(move || told(&exchange(to, &wire)))
        });
        (what, asked)
    });
    asked.map(|(what, asked)| [what.to_string()].into_iter().chain(asked.map(|asked| asked.join().unwrap())).collect()).into()
}

fn trial(shop: &Hostile) -> Trial {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/soap-facade");
    let mut files = BTreeMap::new();
    read_folder(&example, &example, &mut files);
    let mut trial = Trial::of(files);
    trial.edit("spanwright.yaml", "vars:", "vars:\n  SECRET: { about: signs, secret: true }");
    trial.write("systems/pay.yaml", "system: pay\nhttp:\nwebhooks: { preset: standard, path: /in/pay, secret: \"${SECRET}\" }\n");
    let ends = "steps: [ { only: 'false' } ]\n";
    trial.write("flows/kept.yaml", &format!("flow: kept\nfrom: {{ http: POST /kept }}\n{ends}"));
    trial.write("flows/pay.yaml", &format!("flow: pay\nfrom: {{ webhook: pay }}\n{ends}"));
    trial.write("flows/replied.yaml", "flow: replied\nfrom: { http: POST /replied, reply_within: 10s }\nsteps: [ { reply: . } ]\n");
    let values = [("SECRET", SECRET.to_string()), ("SHOP_URL", shop.url()), ("LISTEN", "127.0.0.1:0".into())];
    trial.variables.extend(values.map(|(name, value)| (name.to_string(), value)));
    trial
}

/// What is sent, and what comes back until the connection is closed.
fn exchange(to: SocketAddr, wire: &Wire) -> String {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    for (n, piece) in wire.pieces.iter().enumerate() {
        if n > 0 {
            thread::sleep(Duration::from_millis(30));
        }
        // Who is refused early may find the door closed before all is sent.
        let _closed = stream.write_all(piece);
    }
    if wire.hangs_up {
        stream.shutdown(std::net::Shutdown::Write).unwrap();
    }
    let mut out = Vec::new();
    let _reset = stream.read_to_end(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// `400 R0022`
fn told(text: &str) -> String {
    let status = text.split(' ').nth(1).unwrap_or("closed");
    let is_number =
        |from: usize, digits: usize| text.get(from..from + digits).is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let code = text.match_indices('R').find(|(at, _)| is_number(at + 1, 4)).map(|(at, _)| format!(" {}", &text[at..at + 5]));
    let answers = text.match_indices("HTTP/1.1 ").filter(|(at, start)| is_number(at + start.len(), 3)).count();
    let many = if answers > 1 { format!(", {answers} ANSWERS") } else { String::new() };
    format!("{status}{}{many}", code.unwrap_or_default())
}

/// How often something was taken of a request.
fn taken(log: &[serde_json::Value], correlation: &str) -> String {
    let of_it = log.iter().filter(|line| line.to_string().contains(&format!("\"{correlation}\""))).count();
    match of_it {
        0 => String::new(),
        1 => ", taken".to_string(),
        many => format!(", TAKEN {many} TIMES"),
    }
}

#[test]
fn whatever_a_sender_does_it_is_told_so_and_only_what_is_right_is_taken() {
    let shop = Hostile::start(vec![Answer::json(200, ORDER)]);
    let trial = trial(&shop);
    let running = trial.start(false);
    let to = running.address().unwrap();
    let now = || trial.clock.now().0 / 1_000_000;
    let (to_the_end, at) = (to, now());
    let endless = thread::spawn(move || endless(to_the_end, at));
    // The event that comes again.
    for kind in KINDS {
        let text = exchange(to, &whole(&Ask::good(kind, format!("{}-first", kind.path())), now()));
        assert!(text.starts_with("HTTP/1.1 20"), "{text}");
    }
    until(&running, "all is over", |state| state.standing.open == 0);
    let mut answers = Vec::new();
    for (n, (_, spoil)) in BEHAVIOURS.iter().enumerate() {
        answers.push(KINDS.map(|kind| told(&exchange(to, &spoil(Ask::good(kind, format!("e-{n}")), now())))));
    }
    until(&running, "all is over", |state| state.standing.open == 0);
    let endless = endless.join().unwrap();
    assert!(shop.received().iter().all(|request| request.header("x-role").is_none()));
    running.stop();
    wait(running);
    let log = trial.lines("message-taken");
    let row = |(n, answers): (usize, [String; 4])| {
        let cells =
            KINDS.iter().zip(answers).map(|(kind, answer)| format!("{answer}{}", taken(&log, &correlation(*kind, &format!("e-{n}")))));
        [BEHAVIOURS[n].0.to_string()].into_iter().chain(cells).collect::<Vec<_>>()
    };
    let rows: Vec<Vec<String>> = answers.into_iter().enumerate().map(row).chain(endless).collect();
    let head = ["what the sender does", "HTTP, 202", "HTTP, with a reply", "webhook", "SOAP"];
    page::check("Requests that come in", &head, &rows);
}

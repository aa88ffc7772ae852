//! The same over HTTP/2, by frames that are written here: no client would send most of them.

use std::{collections::BTreeMap, io::Read};

use super::*;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `SETTINGS_HEADER_TABLE_SIZE`: 0, so that each status is written out.
const TABLE_NONE: [u8; 6] = [0, 1, 0, 0, 0, 0];
const NO_ERROR: u32 = 0;
const CANCEL: u32 = 8;
/// What an error is called (RFC 9113 section 7).
const ERRORS: [&str; 14] = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = (payload.len() as u32).to_be_bytes();
    [&[a, b, c, kind, flags], &stream.to_be_bytes()[..], payload].concat()
}

/// A length as RFC 7541 section 5.1 has it, beside one bit.
fn length(length: usize, to: &mut Vec<u8>) {
    let Some(mut rest) = length.checked_sub(127) else { return to.push(length as u8) };
    to.push(127);
    while rest >= 128 {
        to.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    to.push(rest as u8);
}

/// Lines of a head, none of them filed or packed.
fn packed(lines: &[(String, String)]) -> Vec<u8> {
    let mut out = Vec::new();
    for text in lines.iter().flat_map(|(name, value)| [name, value]).enumerate() {
        if text.0 % 2 == 0 {
            out.push(0);
        }
        length(text.1.len(), &mut out);
        out.extend(text.1.as_bytes());
    }
    out
}

/// A request, as it is before a sender spoils it.
struct Streamed {
    lines: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Streamed {
    fn of(ask: &Ask, now: i64) -> Streamed {
        let head = ask.head(now);
        let mut lines = vec![(":method".to_string(), ask.method.to_string())];
        lines.extend([(":scheme", "http"), (":authority", "a"), (":path", ask.kind.path())].map(|(n, v)| (n.to_string(), v.to_string())));
        let further = head.lines().skip(1).filter_map(|line| line.split_once(": ")).filter(|(name, _)| *name != "host");
        lines.extend(further.map(|(name, value)| (name.to_string(), value.to_string())));
        Streamed { lines, body: ask.sent().to_vec() }
    }

    fn with(mut self, name: &str, value: &str) -> Streamed {
        self.lines.push((name.into(), value.into()));
        self
    }

    /// With another value of a line, or without it.
    fn but(mut self, name: &str, value: Option<&str>) -> Streamed {
        match (value, self.lines.iter().position(|(named, _)| named == name).unwrap()) {
            (Some(value), at) => self.lines[at].1 = value.into(),
            (None, at) => drop(self.lines.remove(at)),
        }
        self
    }

    /// Its head, in as many frames as it takes.
    fn head(&self, stream: u32, flags: u8) -> Vec<u8> {
        let packed = packed(&self.lines);
        let pieces: Vec<&[u8]> = packed.chunks(16 << 10).collect();
        let whole = |n: usize| if n + 1 == pieces.len() { END_HEADERS } else { 0 };
        let kind = |n: usize| if n == 0 { (HEADERS, flags) } else { (CONTINUATION, 0) };
        pieces.iter().enumerate().flat_map(|(n, piece)| frame(kind(n).0, kind(n).1 | whole(n), stream, piece)).collect()
    }

    fn whole(&self) -> Vec<u8> {
        [self.head(1, 0), frame(DATA, END_STREAM, 1, &self.body)].concat()
    }

    /// Without the end of its body.
    fn half(&self) -> Vec<u8> {
        [self.head(1, 0), frame(DATA, 0, 1, &self.body[..self.body.len() / 2])].concat()
    }
}

fn taken_back(stream: u32, why: u32) -> Vec<u8> {
    frame(RESET, 0, stream, &why.to_be_bytes())
}

/// Behind the preface and the settings.
type Frames = fn(Streamed) -> Vec<u8>;

/// Each with how many of its requests become something before we are done.
const FRAMES: [(&str, usize, Frames); 38] = [
    ("nothing: all is well", 1, |ask| ask.whole()),
    ("a body without a length, in pieces of a byte", 1, |ask| {
        let pieces = ask.body.iter().flat_map(|byte| frame(DATA, 0, 1, &[*byte]));
        [ask.head(1, 0), pieces.collect(), frame(DATA, END_STREAM, 1, &[])].concat()
    }),
    ("it takes the request back inside the body", 0, |ask| [ask.half(), taken_back(1, CANCEL)].concat()),
    ("it takes the request back before its end, \"without error\"", 0, |ask| {
        [ask.head(1, 0), frame(DATA, 0, 1, &ask.body), taken_back(1, NO_ERROR)].concat()
    }),
    ("it takes the request back when all has come", 0, |ask| [ask.whole(), taken_back(1, CANCEL)].concat()),
    ("a length above the data", 1, |ask| ask.with("content-length", "9999").whole()),
    ("a length below the data", 1, |ask| ask.with("content-length", "3").whole()),
    ("two lengths", 1, |ask| {
        let length = ask.body.len().to_string();
        ask.with("content-length", &length).with("content-length", "3").whole()
    }),
    ("a length of 99 GB", 1, |ask| ask.with("content-length", "99999999999").half()),
    ("data beyond its window", 1, |ask| {
        let much = frame(DATA, 0, 1, &[b' '; 16 << 10]);
        [ask.head(1, 0), much.repeat(64)].concat()
    }),
    ("no authority and no host", 1, |ask| ask.but(":authority", None).whole()),
    ("a host and no authority", 1, |ask| ask.but(":authority", None).with("host", "a").whole()),
    ("another host than the authority", 1, |ask| ask.with("host", "b").whole()),
    ("two hosts", 1, |ask| ask.with("host", "a").with("host", "a").whole()),
    ("a user in front of the authority", 1, |ask| ask.but(":authority", Some("user@a")).whole()),
    ("no path", 1, |ask| ask.but(":path", None).whole()),
    ("two paths", 1, |mut ask| {
        ask.lines.insert(1, (":path".into(), "/kept".into()));
        ask.whole()
    }),
    ("a path behind the headers", 1, |ask| ask.but(":path", None).with(":path", "/kept").whole()),
    ("`connection: close`", 1, |ask| ask.with("connection", "close").whole()),
    ("`transfer-encoding: chunked`", 1, |ask| ask.with("transfer-encoding", "chunked").whole()),
    ("a name in capitals", 1, |ask| ask.with("X-Role", "admin").whole()),
    ("a line break in a header", 1, |ask| ask.but("x-correlation-id", Some("a\r\nx-role: admin")).whole()),
    ("CONNECT", 1, |ask| ask.but(":method", Some("CONNECT")).but(":scheme", None).but(":path", None).head(1, 0)),
    ("a method that is not served", 1, |ask| ask.but(":method", Some("DELETE")).whole()),
    ("200 headers", 1, |ask| (0..200).fold(ask, |ask, n| ask.with(&format!("x-{n}"), "y")).whole()),
    ("a header of 40 kB", 1, |ask| ask.with("x", &"y".repeat(40 << 10)).whole()),
    ("a header of 64 kB", 1, |ask| ask.with("x", &"y".repeat(64 << 10)).whole()),
    ("headers of 300 kB", 1, |ask| (0..75).fold(ask, |ask, n| ask.with(&format!("x-{n}"), &"y".repeat(4 << 10))).whole()),
    ("a head that goes on and on", 1, |ask| {
        let goes_on = frame(CONTINUATION, 0, 1, &packed(&[("x".into(), "y".into())]));
        [frame(HEADERS, 0, 1, &packed(&ask.lines)), goes_on.repeat(1000)].concat()
    }),
    ("300 requests at once", 44, |ask| (0..300).flat_map(|n| ask.head(2 * n + 1, 0)).collect()),
    ("1,000 requests that it takes back at once", 1, |ask| {
        (0..1000).flat_map(|n| [ask.head(2 * n + 1, 0), taken_back(2 * n + 1, CANCEL)].concat()).collect()
    }),
    ("1,000 pieces of a body with nothing in them", 1, |ask| [ask.head(1, 0), frame(DATA, 0, 1, &[]).repeat(1000)].concat()),
    ("a frame that is larger than frames may be", 1, |ask| [ask.head(1, 0), frame(DATA, END_STREAM, 1, &[b' '; 32 << 10])].concat()),
    ("a head that cannot be unpacked", 1, |_| frame(HEADERS, END_HEADERS, 1, &[0xff; 8])),
    ("a stream of an even number", 1, |ask| ask.head(2, 0)),
    ("data for nobody", 1, |_| frame(DATA, 0, 1, b"x")),
    ("a window that is widened by nothing", 1, |ask| [ask.head(1, 0), frame(WINDOW_UPDATE, 0, 0, &[0; 4])].concat()),
    ("it promises us something", 1, |ask| frame(PUSH_PROMISE, END_HEADERS, 1, &[&[0, 0, 0, 2], &packed(&ask.lines)[..]].concat())),
];

/// What ends by our own patience alone.
const ENDLESS_FRAMES: [(&str, Frames); 2] =
    [("nothing behind the settings", |_| Vec::new()), ("the body never comes", |ask| ask.head(1, 0))];

/// What is sent, and what becomes of it: of each stream, or of the connection. Behind what is sent a ping goes, for who is owed no answer.
fn exchange(to: SocketAddr, frames: &[u8], wants: usize, pings: bool) -> String {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let ping = if pings { frame(PING, 0, 0, &[7; 8]) } else { Vec::new() };
    let _closed = stream.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &TABLE_NONE), frames, &ping].concat());
    let (mut answers, mut ended) = (BTreeMap::<u32, (String, Vec<u8>)>::new(), Vec::<String>::new());
    let mut is_heard = !pings;
    while let Some((kind, flags, number, payload)) = heard(&mut stream) {
        match kind {
            GOAWAY if code(&payload[4..]) != "NO_ERROR" => return format!("the connection ends, {}", code(&payload[4..])),
            HEADERS => answers.entry(number).or_default().0 = status(&payload),
            DATA => answers.entry(number).or_default().1.extend(&payload),
            RESET => ended.push(format!("taken off, {}", code(&payload))),
            PING => is_heard |= flags & 1 == 1,
            _ => {}
        }
        if (kind == HEADERS || kind == DATA) && flags & END_STREAM != 0 {
            let (status, body) = answers.remove(&number).unwrap_or_default();
            let text = format!("HTTP/1.1 {status} {}", String::from_utf8_lossy(&body));
            ended.push(told(&text));
        }
        if is_heard && ended.len() >= wants {
            break;
        }
    }
    match &ended[..] {
        [] => if is_heard && pings { "nothing" } else { "closed" }.to_string(),
        [one] => one.clone(),
        [one, others @ ..] => {
            assert!(others.iter().all(|other| other == one), "{ended:?}");
            format!("{} of them: {one}", ended.len())
        }
    }
}

fn heard(stream: &mut TcpStream) -> Option<(u8, u8, u32, Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).ok()?;
    let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    stream.read_exact(&mut payload).ok()?;
    Some((head[3], head[4], u32::from_be_bytes([head[5], head[6], head[7], head[8]]), payload))
}

fn code(payload: &[u8]) -> &'static str {
    ERRORS[u32::from_be_bytes(payload[..4].try_into().unwrap()) as usize]
}

/// The status, which is the first that a head says: by the number of its line (RFC 7541 appendix A), or in Huffman's code, of which
/// the digits are 5 or 6 bits.
fn status(head: &[u8]) -> String {
    let head = head.strip_prefix(&[0x20]).unwrap_or(head);
    if head[0] >= 0x88 && head[0] <= 0x8e {
        return ["200", "204", "206", "304", "400", "404", "500"][usize::from(head[0] - 0x88)].to_string();
    }
    let (length, text) = (usize::from(head[1] & 127), &head[2..]);
    if head[1] & 128 == 0 {
        return String::from_utf8_lossy(&text[..length]).into_owned();
    }
    let mut bits = text[..length].iter().fold(String::new(), |bits, byte| format!("{bits}{byte:08b}"));
    let mut digits = String::new();
    while digits.len() < 3 {
        let five = u8::from_str_radix(&bits[..5], 2).unwrap();
        let (digit, used) = if five < 3 { (five, 5) } else { (u8::from_str_radix(&bits[..6], 2).unwrap() - 0b011001 + 3, 6) };
        digits += &digit.to_string();
        bits.drain(..used);
    }
    digits
}

#[test]
fn whatever_a_sender_does_over_http_2_it_is_told_so_and_only_what_is_right_is_taken() {
    let shop = Hostile::start(vec![Answer::json(200, ORDER)]);
    let trial = trial(&shop);
    let running = trial.start(false);
    let to = running.address().unwrap();
    let now = || trial.clock.now().0 / 1_000_000;
    let spoiled =
        move |kind: Kind, id: String, frames: Frames, now: i64| frames(Streamed::of(&Ask { closes: false, ..Ask::good(kind, id) }, now));
    let at = now();
    let endless = ENDLESS_FRAMES.map(|(what, frames)| {
        KINDS.map(|kind| thread::spawn(move || exchange(to, &spoiled(kind, what.to_string(), frames, at), 1, false)))
    });
    let mut answers = Vec::new();
    for (n, (_, wants, frames)) in FRAMES.iter().enumerate() {
        answers.push(KINDS.map(|kind| exchange(to, &spoiled(kind, format!("s-{n}"), *frames, now()), *wants, true)));
    }
    let endless: Vec<[String; 4]> = endless.into_iter().map(|asked| asked.map(|asked| asked.join().unwrap())).collect();
    until(&running, "all is over", |state| state.standing.open == 0);
    running.stop();
    wait(running);
    let log = trial.lines("message-taken");
    let row = |(n, answers): (usize, [String; 4])| {
        let cells =
            KINDS.iter().zip(answers).map(|(kind, answer)| format!("{answer}{}", taken(&log, &correlation(*kind, &format!("s-{n}")))));
        [FRAMES[n].0.to_string()].into_iter().chain(cells).collect::<Vec<_>>()
    };
    let endless = ENDLESS_FRAMES.iter().zip(endless).map(|((what, _), cells)| [what.to_string()].into_iter().chain(cells).collect());
    let rows: Vec<Vec<String>> = answers.into_iter().enumerate().map(row).chain(endless).collect();
    let head = ["what the sender does", "HTTP, 202", "HTTP, with a reply", "webhook", "SOAP"];
    page::check("Requests that come in over HTTP/2", &head, &rows);
}

//! A broker that does as it is told: as much of AMQP 0-9-1 as its misbehaviours need, byte by byte.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

/// What is done to the first connection; to each further one the broker is good.
pub type Treat = Box<dyn FnOnce(&mut TcpStream) + Send>;

/// Bytes of a body in one frame.
const FRAME_BYTES: usize = 100_000;
/// How long a connection is kept open in silence.
const LONG: Duration = Duration::from_secs(60);

fn frame(kind: u8, channel: u16, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap();
    [&[kind][..], &channel.to_be_bytes(), &length.to_be_bytes(), payload, &[0xce]].concat()
}

pub fn method(channel: u16, class: u16, number: u16, arguments: &[u8]) -> Vec<u8> {
    frame(1, channel, &[&class.to_be_bytes()[..], &number.to_be_bytes(), arguments].concat())
}

/// A short text, as AMQP writes it.
fn short(text: &str) -> Vec<u8> {
    [&[u8::try_from(text.len()).unwrap()][..], text.as_bytes()].concat()
}

pub fn start() -> Vec<u8> {
    method(0, 10, 10, b"\x00\x09\x00\x00\x00\x00\x00\x00\x00\x05PLAIN\x00\x00\x00\x05en_US")
}

pub fn tune() -> Vec<u8> {
    method(0, 10, 30, b"\x07\xff\x00\x02\x00\x00\x00\x0a")
}

/// The broker ends the connection (class 10) or the channel (class 20), and says why.
pub fn closes(class: u16, code: u16, words: &str) -> Vec<u8> {
    let (channel, number) = if class == 10 { (0, 50) } else { (1, 40) };
    method(channel, class, number, &[&code.to_be_bytes()[..], &short(words), &[0; 4]].concat())
}

/// All that a broker says until the channel is open; it need not wait for what it answers.
fn opened() -> Vec<u8> {
    [start(), tune(), method(0, 10, 41, b"\x00"), method(1, 20, 11, b"\x00\x00\x00\x00")].concat()
}

/// To whoever reads a queue, before the first message.
pub fn greets_a_reader() -> Vec<u8> {
    [opened(), method(1, 60, 11, b""), method(1, 60, 21, b"\x02us")].concat()
}

/// To whoever sends, before the first message.
pub fn greets_a_sender() -> Vec<u8> {
    [opened(), method(1, 85, 11, b"")].concat()
}

/// A message of the queue, with what stands beside its body.
#[derive(Default)]
pub struct Given<'g> {
    pub tag: u8,
    pub id: &'g str,
    pub correlation: &'g str,
    pub content_type: &'g str,
    pub content_encoding: &'g str,
    /// `x-delivery-count`
    pub given_before: u64,
    pub body: &'g [u8],
}

impl Given<'_> {
    pub fn bytes(&self) -> Vec<u8> {
        let deliver =
            method(1, 60, 60, &[&b"\x02us\x00\x00\x00\x00\x00\x00\x00"[..], &[self.tag], b"\x00", &short(""), &short("jobs")].concat());
        let count = [&short("x-delivery-count")[..], b"l", &self.given_before.to_be_bytes()].concat();
        let table = [&u32::try_from(count.len()).unwrap().to_be_bytes()[..], &count].concat();
        // The flags of the properties, and these in the order of the specification.
        let flags: u16 = 0x8000 | 0x4000 | 0x2000 | 0x0400 | if self.id.is_empty() { 0 } else { 0x0080 };
        let mut properties = [short(self.content_type), short(self.content_encoding), table, short(self.correlation)].concat();
        if !self.id.is_empty() {
            properties.extend(short(self.id));
        }
        let length = (self.body.len() as u64).to_be_bytes();
        let head = frame(2, 1, &[&b"\x00\x3c\x00\x00"[..], &length, &flags.to_be_bytes(), &properties].concat());
        let bodies = self.body.chunks(FRAME_BYTES).flat_map(|piece| frame(3, 1, piece));
        [deliver, head].concat().into_iter().chain(bodies).collect()
    }
}

/// Listens; the first connection is treated so, and each further one well.
pub fn serve(first: Treat, good: fn(&mut TcpStream)) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut first = Some(first);
        for mut stream in listener.incoming().flatten() {
            let treat = first.take();
            thread::spawn(move || {
                stream.set_read_timeout(Some(LONG)).unwrap();
                let mut head = [0; 8];
                if stream.read_exact(&mut head).is_ok() {
                    match treat {
                        Some(treat) => treat(&mut stream),
                        None => good(&mut stream),
                    }
                }
                hang_up(&mut stream);
            });
        }
    });
    port
}

/// What it still says is read, or the line would be reset before it has heard us.
fn hang_up(stream: &mut TcpStream) {
    let _gone = stream.shutdown(std::net::Shutdown::Write);
    let _gone = std::io::copy(stream, &mut std::io::sink());
}

pub fn say(stream: &mut TcpStream, bytes: &[u8]) {
    let _gone = stream.write_all(bytes);
}

/// Until the other side closes.
pub fn linger(stream: &mut TcpStream) {
    let _gone = std::io::copy(stream, &mut std::io::sink());
}

/// Says this, a little at a time.
pub fn say_slowly(stream: &mut TcpStream, bytes: &[u8]) {
    for piece in bytes.chunks(40) {
        say(stream, piece);
        thread::sleep(Duration::from_millis(20));
    }
}

/// The payload of the next frame that is said to us; `None` where none comes any more.
fn heard(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let (mut head, mut rest) = ([0; 7], Vec::new());
    stream.read_exact(&mut head).ok()?;
    rest.resize(u32::from_be_bytes([head[3], head[4], head[5], head[6]]) as usize + 1, 0);
    stream.read_exact(&mut rest).ok()?;
    Some((head[0], rest))
}

/// Waits for the next message that is sent to us; false where none comes any more.
pub fn is_sent_one(stream: &mut TcpStream) -> bool {
    std::iter::from_fn(|| heard(stream)).any(|(kind, payload)| kind == 1 && payload.starts_with(b"\x00\x3c\x00\x28"))
}

/// How many messages may be on their way, as whoever reads says.
pub fn prefetch_of(stream: &mut TcpStream) -> usize {
    let qos = std::iter::from_fn(|| heard(stream)).find(|(kind, payload)| *kind == 1 && payload.starts_with(b"\x00\x3c\x00\x0a"));
    qos.map_or(0, |(_, payload)| u16::from_be_bytes([payload[8], payload[9]]).into())
}

/// The broker says that it has a message, by its number (class 60, 80), or that it could not take it (60, 120).
pub fn confirms(number: u16, tag: u8) -> Vec<u8> {
    method(1, 60, number, &[0, 0, 0, 0, 0, 0, 0, tag, 0])
}

//! One who brings messages over one connection of HTTP/2, a bounded number of them unanswered: as a publisher of AMQP does. The few frames
//! of RFC 9113 that this needs, so that no client library is measured.

use std::{
    io::{self, BufReader, BufWriter, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use super::{
    BODY_BYTES,
    load::Letter,
    rabbit::{One, Pace},
};

const PATIENCE: Duration = Duration::from_secs(60);
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW: u8 = 8;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ACK: u8 = 1;
/// `SETTINGS_HEADER_TABLE_SIZE`: 0, so that each status is written out.
const TABLE_NONE: [u8; 6] = [0, 1, 0, 0, 0, 0];
/// Of the connection, before the other side says more (RFC 9113 section 6.9.2).
const WINDOW_BYTES: i64 = 65_535;
const WINDOW_BYTES_MOST: u32 = (1 << 31) - 1;

/// Answered with 202 a second, in each way.
pub fn messages_a_second(to: SocketAddr, path: &str, window: usize, time: Duration) -> io::Result<One> {
    let mut sender = Sender::open(to, path)?;
    let windows = sender.send(window, Pace::Windows, time)?;
    Ok(One { windows, sliding: sender.send(window, Pace::Sliding, time)? })
}

struct Sender {
    from: BufReader<TcpStream>,
    to: BufWriter<TcpStream>,
    letter: Letter,
    /// What each head begins with, before the key.
    head: Vec<u8>,
    sent: u64,
    answered: u64,
    window: i64,
}

impl Sender {
    fn open(address: SocketAddr, path: &str) -> io::Result<Sender> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        // RFC 7541 appendix A: POST, http; then a path, an authority, a type, a length and a key, none of them filed.
        let mut head = vec![0x83, 0x86];
        let mut line = |name: &[u8], value: &str| {
            head.extend(name);
            text(value, &mut head);
        };
        line(&[0x04], path);
        line(&[0x01], "bench");
        line(&[0x0f, 31 - 15], "application/json");
        line(&[0x0f, 28 - 15], &BODY_BYTES.to_string());
        head.push(0);
        text("idempotency-key", &mut head);
        let (from, to) = (BufReader::with_capacity(1 << 16, stream.try_clone()?), BufWriter::with_capacity(1 << 18, stream));
        let mut sender = Sender { from, to, letter: Letter::of(path, 0), head, sent: 0, answered: 0, window: WINDOW_BYTES };
        sender.to.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")?;
        frame(SETTINGS, 0, 0, &TABLE_NONE, &mut sender.to)?;
        // All answers together have as much room as there may be.
        frame(WINDOW, 0, 0, &(WINDOW_BYTES_MOST - WINDOW_BYTES as u32).to_be_bytes(), &mut sender.to)?;
        Ok(sender)
    }

    fn send(&mut self, window: usize, pace: Pace, time: Duration) -> io::Result<f64> {
        let (began, before) = (Instant::now(), self.answered);
        while began.elapsed() < time {
            while self.sent - self.answered < window as u64 && self.window >= BODY_BYTES as i64 {
                self.send_one()?;
            }
            self.to.flush()?;
            self.hear()?;
            while pace == Pace::Windows && self.answered < self.sent {
                self.hear()?;
            }
        }
        while self.answered < self.sent {
            self.hear()?;
        }
        Ok((self.answered - before) as f64 / began.elapsed().as_secs_f64())
    }

    fn send_one(&mut self) -> io::Result<()> {
        self.letter.number(self.sent as usize);
        let stream = self.sent as u32 * 2 + 1;
        let key = self.letter.key();
        let length = self.head.len() + 1 + key.len();
        frame_head(HEADERS, END_HEADERS, stream, length, &mut self.to)?;
        self.to.write_all(&self.head)?;
        self.to.write_all(&[key.len() as u8])?;
        self.to.write_all(key)?;
        frame(DATA, END_STREAM, stream, self.letter.body(), &mut self.to)?;
        self.sent += 1;
        self.window -= BODY_BYTES as i64;
        Ok(())
    }

    /// The next frame.
    fn hear(&mut self) -> io::Result<()> {
        let mut head = [0; 9];
        self.from.read_exact(&mut head)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let mut payload = vec![0; length];
        self.from.read_exact(&mut payload)?;
        let number = |bytes: &[u8]| bytes.try_into().map(u32::from_be_bytes).map_err(io::Error::other);
        match (head[3], head[4]) {
            (HEADERS, _) if !accepted(&payload) => {
                return Err(io::Error::other(format!("answered {:?}", String::from_utf8_lossy(&payload))));
            }
            (HEADERS | DATA, flags) => self.answered += u64::from(flags & END_STREAM != 0),
            (SETTINGS | PING, ACK) => {}
            (SETTINGS, _) => self.say(SETTINGS, &[])?,
            (PING, _) => self.say(PING, &payload)?,
            (WINDOW, _) if stream == 0 => self.window += i64::from(number(&payload)?),
            (RESET | GOAWAY, _) => return Err(io::Error::other(format!("it ended stream {stream}: {payload:?}"))),
            _ => {}
        }
        Ok(())
    }

    fn say(&mut self, kind: u8, payload: &[u8]) -> io::Result<()> {
        frame(kind, ACK, 0, payload, &mut self.to)?;
        self.to.flush()
    }
}

/// Whether a head says 202, which is the first that it says, as a text or in Huffman's code; before it the table may be said to be empty.
fn accepted(head: &[u8]) -> bool {
    let line = head.strip_prefix(&[0x20]).unwrap_or(head);
    line.starts_with(b"\x08\x03202") || line.starts_with(&[0x08, 0x82, 0x10, 0x05])
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8], to: &mut impl Write) -> io::Result<()> {
    frame_head(kind, flags, stream, payload.len(), to)?;
    to.write_all(payload)
}

fn frame_head(kind: u8, flags: u8, stream: u32, length: usize, to: &mut impl Write) -> io::Result<()> {
    let [_, a, b, c] = (length as u32).to_be_bytes();
    to.write_all(&[a, b, c, kind, flags])?;
    to.write_all(&stream.to_be_bytes())
}

/// A text that is not packed, of less than 127 bytes.
fn text(text: &str, to: &mut Vec<u8>) {
    to.push(text.len() as u8);
    to.extend(text.as_bytes());
}

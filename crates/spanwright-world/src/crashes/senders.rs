//! People who bring messages over HTTP, each over a connection of its own, and write down what they were told.
//!
//! Whoever hears nothing, or hears "not now", sends the same again under the same `Idempotency-Key`; now and then somebody gives up
//! instead, and nobody knows what became of that message. Now and then a message is malformed and must be refused.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use crate::ledger::{Flush, Ledger, Lines};

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(15);
/// An answer is waited for so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// How they start.
#[derive(Clone, Debug)]
pub struct SendersSettings {
    /// Where they send to.
    pub to: SocketAddr,
    /// Where what they were told is written.
    pub history: PathBuf,
    /// How many there are; the messages of each are about an account of its own, one after the other.
    pub senders: u64,
    /// Bytes of padding in each message.
    pub padding: usize,
    /// Each so manieth message of a sender is malformed; 0: none.
    pub malformed_each: u64,
    /// At each so manieth message the sender gives up where it hears nothing; 0: never.
    pub given_up_each: u64,
    /// Each so manieth message is a pair; 0: none.
    pub pairs_each: u64,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Messages that were accepted.
    pub accepted: u64,
    /// Answers that there is no room on the disk (507).
    pub no_room: u64,
}

/// Senders at work; dropped, they end after what each is at.
pub struct Senders {
    state: Arc<State>,
    threads: Vec<thread::JoinHandle<()>>,
}

struct State {
    settings: SendersSettings,
    history: Ledger,
    accepted: AtomicU64,
    no_room: AtomicU64,
    over: AtomicBool,
}

impl Senders {
    /// Starts them.
    ///
    /// # Errors
    /// The history cannot be opened, or there is no thread.
    pub fn start(settings: SendersSettings) -> io::Result<Senders> {
        let history = Ledger::open(&settings.history, Flush::Each)?;
        let count = settings.senders;
        let state =
            Arc::new(State { settings, history, accepted: AtomicU64::new(0), no_room: AtomicU64::new(0), over: AtomicBool::new(false) });
        let begin = |n| {
            let state = Arc::clone(&state);
            thread::Builder::new().name(format!("sender-{n}")).stack_size(256 << 10).spawn(move || state.work(n))
        };
        let threads = (0..count).map(begin).collect::<io::Result<_>>()?;
        Ok(Senders { state, threads })
    }

    /// What was counted so far.
    pub fn sent(&self) -> Sent {
        Sent { accepted: self.state.accepted.load(Ordering::Acquire), no_room: self.state.no_room.load(Ordering::Acquire) }
    }

    /// No new message is begun; those under way are sent to their end.
    pub fn stop(mut self) -> Sent {
        self.end();
        self.sent()
    }

    fn end(&mut self) {
        self.state.over.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            // A panic of it was printed already.
            drop(thread.join());
        }
    }
}

impl Drop for Senders {
    fn drop(&mut self) {
        self.end();
    }
}

/// One message.
struct Message {
    id: String,
    path: &'static str,
    body: String,
    malformed: bool,
    /// Who sends it gives up where it hears nothing.
    given_up: bool,
}

impl State {
    fn work(&self, sender: u64) {
        let (mut connection, mut n) = (None, 0);
        while !self.over.load(Ordering::Acquire) {
            n += 1;
            self.bring(&self.message(sender, n), &mut connection);
        }
    }

    fn message(&self, sender: u64, n: u64) -> Message {
        let each = |every: u64, at: u64| every > 0 && n % every == at % every.max(1);
        let settings = &self.settings;
        let (id, pad) = (format!("s{sender}-{n}"), "x".repeat(settings.padding));
        let mut body = format!(r#"{{"id":"{id}","account":"a{sender}","n":{n},"pad":"{pad}"}}"#);
        let malformed = each(settings.malformed_each, 3);
        if malformed {
            body.pop();
        }
        let path = if each(settings.pairs_each, 2) { "/pairs" } else { "/orders" };
        Message { id, path, body, malformed, given_up: each(settings.given_up_each, 1) }
    }

    /// Sends it until it is known what became of it, or it is given up.
    fn bring(&self, message: &Message, connection: &mut Option<TcpStream>) {
        self.note("sends", message, |line| line.number("malformed", u64::from(message.malformed)).end());
        loop {
            let told = exchange(self.settings.to, message, connection);
            match &told {
                Ok((status, id)) if (200..300).contains(status) => {
                    self.note("accepted", message, |line| line.text("message", id).end());
                    self.accepted.fetch_add(1, Ordering::AcqRel);
                    return;
                }
                Ok((status, _)) if (400..500).contains(status) && *status != 409 => {
                    return self.note("refused", message, |line| line.number("status", u64::from(*status)).end());
                }
                Ok((507, _)) => drop(self.no_room.fetch_add(1, Ordering::AcqRel)),
                Ok(_) | Err(_) => {}
            }
            if told.is_err() {
                *connection = None;
                if message.given_up {
                    return self.note("unheard", message, |line| line.end());
                }
            }
            if self.over.load(Ordering::Acquire) && matches!(told, Ok((507, _))) {
                return self.note("unheard", message, |line| line.end());
            }
            thread::sleep(PAUSE);
        }
    }

    fn note(&self, what: &str, message: &Message, more: impl FnOnce(crate::ledger::Line<'_>)) {
        let mut lines = Lines::of_call(0);
        more(lines.line(what).text("id", &message.id));
        self.history.append(&lines);
    }
}

/// One request and its answer: the status, and the id that the answer gives.
fn exchange(to: SocketAddr, message: &Message, connection: &mut Option<TcpStream>) -> io::Result<(u16, String)> {
    let stream = match connection.take() {
        Some(stream) => stream,
        None => {
            let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream
        }
    };
    let Message { id, path, body, .. } = message;
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: crashes\r\ncontent-type: application/json\r\nidempotency-key: {id}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    (&stream).write_all(request.as_bytes())?;
    let mut reader = BufReader::new(&stream);
    let (status, length, closes) = head(&mut reader)?;
    let mut answer = vec![0; length];
    reader.read_exact(&mut answer)?;
    if !closes {
        *connection = Some(stream);
    }
    let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap_or_default();
    Ok((status, answer["id"].as_str().unwrap_or_default().to_owned()))
}

/// The status, the length of the body, and whether the connection ends behind it.
fn head(reader: &mut impl BufRead) -> io::Result<(u16, usize, bool)> {
    let (mut status, mut length, mut closes) = (0, 0, false);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            return Ok((status, length, closes));
        }
        if let Some(rest) = line.strip_prefix("http/1.1 ") {
            status = rest.split(' ').next().and_then(|status| status.parse().ok()).unwrap_or(0);
        }
        if let Some(rest) = line.strip_prefix("content-length:") {
            length = rest.trim().parse().unwrap_or(0);
        }
        closes |= line == "connection: close";
    }
}

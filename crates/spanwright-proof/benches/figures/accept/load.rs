//! Many who bring messages over HTTP, each over a connection of its own and one after the other; and who is delivered to.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Builder,
    task::JoinSet,
};

use super::BODY_BYTES;

/// The beginning of this program's time.
fn zero() -> Instant {
    static ZERO: OnceLock<Instant> = OnceLock::new();
    *ZERO.get_or_init(Instant::now)
}

/// What was brought.
pub struct Load {
    /// Accepted a second.
    pub rate: f64,
    answered: Vec<Duration>,
}

impl Load {
    /// So many percent were answered after this time.
    pub fn answered_after(&self, percent: usize) -> Duration {
        at(&self.answered, percent)
    }

    /// Accepted.
    pub fn count(&self) -> usize {
        self.answered.len()
    }
}

fn at(sorted: &[Duration], percent: usize) -> Duration {
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// Header lines that sign a body of this id.
pub type Signs = fn(&str, &str) -> String;

/// Brings messages for so long, at most so many a second where a pace is given.
pub fn bring(
    to: SocketAddr,
    path: &'static str,
    senders: usize,
    time: Duration,
    pace: Option<f64>,
    signs: Option<Signs>,
) -> io::Result<Load> {
    let every = pace.map(|pace| Duration::from_secs_f64(senders as f64 / pace));
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let began = zero();
    let (begin, mut answered) = (began.elapsed(), Vec::new());
    runtime.block_on(async {
        let mut all = JoinSet::new();
        for sender in 0..senders {
            all.spawn(one(to, path, sender, time, (every, signs)));
        }
        while let Some(done) = all.join_next().await {
            answered.extend(done.map_err(io::Error::other)??);
        }
        io::Result::Ok(())
    })?;
    let seconds = (began.elapsed() - begin).as_secs_f64();
    answered.sort_unstable();
    Ok(Load { rate: answered.len() as f64 / seconds, answered })
}

async fn one(
    to: SocketAddr,
    path: &str,
    sender: usize,
    time: Duration,
    (every, signs): (Option<Duration>, Option<Signs>),
) -> io::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    let (began, mut answered, mut buffer) = (Instant::now(), Vec::new(), Vec::with_capacity(4096));
    let mut letter = Letter::of(path, sender);
    // At a pace they do not all come at once.
    let mut next = every.map(|every| every.mul_f64(sender as f64 % 64.0 / 64.0));
    while began.elapsed() < time {
        if let (Some(at), Some(every)) = (&mut next, every) {
            tokio::time::sleep_until((began + *at).into()).await;
            *at += every;
        }
        letter.number(answered.len());
        let asked = Instant::now();
        match signs {
            None => stream.write_all(&letter.bytes).await?,
            Some(signs) => stream.write_all(&letter.signed(signs)).await?,
        }
        let (status, _) = message(&mut stream, &mut buffer).await?;
        if !status.starts_with("HTTP/1.1 2") {
            return Err(io::Error::other(format!("answered {status}")));
        }
        answered.push(asked.elapsed());
    }
    Ok(answered)
}

/// A sender's request, in which only digits change: who sends takes the two processors from who is measured.
pub struct Letter {
    bytes: Vec<u8>,
    /// Where its head and its body have their id, of which the last [`COUNT_DIGITS`] change.
    ids: [std::ops::Range<usize>; 2],
    /// Where its body says when it was sent, in nanoseconds: 20 digits.
    at: std::ops::Range<usize>,
    body: usize,
}

const COUNT_DIGITS: usize = 10;

impl Letter {
    /// The first of this sender.
    pub fn of(path: &str, sender: usize) -> Letter {
        let id = format!("{:020}-{sender:04}-{:0COUNT_DIGITS$}", zero().elapsed().as_nanos(), 0);
        let mut text = format!("{{\"id\":\"{id}\",\"at\":\"{:020}\",\"pad\":\"", 0);
        text += &"x".repeat(BODY_BYTES - 2 - text.len());
        text += "\"}";
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {BODY_BYTES}\r\nidempotency-key: {id}\r\n\r\n"
        );
        let body = head.len();
        let ids = [body - 4 - id.len()..body - 4, body + 7..body + 7 + id.len()];
        let at = ids[1].end + 8..ids[1].end + 28;
        Letter { bytes: (head + &text).into_bytes(), ids, at, body }
    }

    /// The next one: its number, and when it goes.
    pub fn number(&mut self, count: usize) {
        for id in self.ids.clone() {
            digits(&mut self.bytes[id.end - COUNT_DIGITS..id.end], count as u128);
        }
        digits(&mut self.bytes[self.at.clone()], zero().elapsed().as_nanos());
    }

    /// Its id, which is its key.
    pub fn key(&self) -> &[u8] {
        &self.bytes[self.ids[0].clone()]
    }

    /// Its body.
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.body..]
    }

    fn signed(&self, signs: Signs) -> Vec<u8> {
        let text = |bytes| std::str::from_utf8(bytes).unwrap_or_default();
        let lines = signs(text(&self.bytes[self.ids[0].clone()]), text(&self.bytes[self.body..]));
        [&self.bytes[..self.body - 2], lines.as_bytes(), b"\r\n", &self.bytes[self.body..]].concat()
    }
}

fn digits(to: &mut [u8], mut number: u128) {
    for digit in to.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// The first line and the body of a message that says how long it is.
async fn message(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<(String, Vec<u8>)> {
    loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                if name.eq_ignore_ascii_case("content-length") { value.trim().parse::<usize>().ok() } else { None }
            });
            let whole = end + 4 + length.unwrap_or(0);
            while buffer.len() < whole {
                read(stream, buffer).await?;
            }
            let body = buffer[end + 4..whole].to_vec();
            buffer.drain(..whole);
            return Ok((head.lines().next().unwrap_or_default().to_owned(), body));
        }
        read(stream, buffer).await?;
    }
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<()> {
    if stream.read_buf(buffer).await? == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

/// Who is delivered to, in a thread of its own.
pub struct Sink {
    address: SocketAddr,
    took: Arc<Mutex<Vec<Duration>>>,
}

impl Sink {
    /// Starts it; it ends with the program.
    pub fn start() -> io::Result<Sink> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let (address, took) = (listener.local_addr()?, Arc::new(Mutex::new(Vec::new())));
        let all = took.clone();
        std::thread::spawn(move || {
            runtime.block_on(async {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(take(stream, all.clone()));
                }
            });
        });
        Ok(Sink { address, took })
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many were delivered.
    pub fn took(&self) -> usize {
        self.took.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// So many percent were delivered this long after they were sent.
    pub fn after(&self, percent: usize) -> Duration {
        let mut all = self.took.lock().unwrap_or_else(PoisonError::into_inner).clone();
        all.sort_unstable();
        at(&all, percent)
    }
}

async fn take(mut stream: TcpStream, took: Arc<Mutex<Vec<Duration>>>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(4096);
    loop {
        let (_, body) = message(&mut stream, &mut buffer).await?;
        let body = String::from_utf8_lossy(&body);
        let at: Option<u64> = body.split_once("\"at\":\"").and_then(|(_, rest)| rest.get(..20)?.parse().ok());
        if let Some(at) = at {
            took.lock().unwrap_or_else(PoisonError::into_inner).push(zero().elapsed().saturating_sub(Duration::from_nanos(at)));
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}").await?;
    }
}

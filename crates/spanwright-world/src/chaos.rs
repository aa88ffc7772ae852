//! A proxy that stands between two programs and misbehaves on purpose, connection by connection.
//!
//! ```
//! use spanwright_world::chaos::{Chaos, Mishap};
//! let chaos = Chaos::start("127.0.0.1:9".parse().unwrap(), vec![Mishap::CutAfterRequest, Mishap::None]);
//! // ... let something call chaos.url() ...
//! assert_eq!(chaos.met(), 0);
//! ```
//!
//! Each connection meets the next mishap of the list; when it is over it begins anew. A connection ends behind its first answer, but for
//! those of [`Chaos::of_lines`]. The other side behind the proxy is whole: what it did is in its own ledger, whatever its caller heard of it.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

mod line;

pub use line::Break;

/// What becomes of a connection that carries one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// Nothing: it is passed on as it is.
    None,
    /// Everything comes so much later.
    Latency(Duration),
    /// It is reset before anything was passed on.
    Reset,
    /// It is taken, and nothing ever comes back; nothing is passed on.
    BlackHole,
    /// The request is passed on and done; the connection is cut before any of the answer comes back.
    CutAfterRequest,
    /// The request is passed on and done; the connection is cut behind so many bytes of the answer.
    CutInsideAnswer(usize),
    /// The answer comes a byte at a time, with so much between.
    SlowLoris(Duration),
}

/// A connection that nothing comes back on is held so long at most.
const HELD_MOST: Duration = Duration::from_secs(30);
/// How often a thread looks whether it is over.
const LOOK_UP: Duration = Duration::from_millis(20);

/// A running proxy; dropped, it takes no more connections and ends those that it has.
pub struct Chaos {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<thread::JoinHandle<()>>,
}

struct Shared {
    upstream: SocketAddr,
    met: AtomicUsize,
    over: AtomicBool,
}

impl Chaos {
    /// Starts it in front of an address.
    ///
    /// # Panics
    /// Where the list is empty or loopback has no free port.
    pub fn start(upstream: SocketAddr, mishaps: Vec<Mishap>) -> Chaos {
        Chaos::meeting(upstream, mishaps, meet)
    }

    /// The same for connections that carry many exchanges: each goes on until it breaks or one side ends it.
    ///
    /// # Panics
    /// As [`Chaos::start`].
    pub fn of_lines(upstream: SocketAddr, breaks: Vec<Break>) -> Chaos {
        Chaos::meeting(upstream, breaks, |caller, broken, shared| line::meet(&caller, broken, shared))
    }

    fn meeting<M: Copy + Send + 'static>(upstream: SocketAddr, mishaps: Vec<M>, meet: Meet<M>) -> Chaos {
        assert!(!mishaps.is_empty(), "a list has at least one mishap");
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared { upstream, met: AtomicUsize::new(0), over: AtomicBool::new(false) });
        let all = shared.clone();
        let listener = thread::spawn(move || listen(&listener, &mishaps, meet, &all));
        Chaos { address, shared, listener: Some(listener) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Connections so far.
    pub fn met(&self) -> usize {
        self.shared.met.load(Ordering::Acquire)
    }
}

impl Drop for Chaos {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Release);
        // A last connection wakes it.
        drop(TcpStream::connect(self.address));
        if let Some(listener) = self.listener.take() {
            drop(listener.join());
        }
    }
}

/// Lets a connection meet something.
type Meet<M> = fn(TcpStream, M, &Shared) -> io::Result<()>;

fn listen<M: Copy + Send + 'static>(listener: &TcpListener, mishaps: &[M], meet: Meet<M>, shared: &Arc<Shared>) {
    for connection in listener.incoming() {
        if shared.over.load(Ordering::Acquire) {
            return;
        }
        let Ok(connection) = connection else { continue };
        let mishap = mishaps[shared.met.fetch_add(1, Ordering::AcqRel) % mishaps.len()];
        let shared = shared.clone();
        // Whatever goes wrong in there is a mishap too.
        thread::spawn(move || drop(meet(connection, mishap, &shared)));
    }
}

fn meet(caller: TcpStream, mishap: Mishap, shared: &Shared) -> io::Result<()> {
    match mishap {
        Mishap::Reset => reset(caller),
        Mishap::BlackHole => hold(caller, shared),
        Mishap::None | Mishap::Latency(_) | Mishap::CutAfterRequest | Mishap::CutInsideAnswer(_) | Mishap::SlowLoris(_) => {
            pass(caller, mishap, shared)
        }
    }
}

/// A socket that is closed with unread bytes is reset (RFC 2525, section 2.17).
fn reset(caller: TcpStream) -> io::Result<()> {
    caller.set_read_timeout(Some(LOOK_UP * 10))?;
    let mut first = [0; 1];
    caller.peek(&mut first).map(drop)
}

fn hold(mut caller: TcpStream, shared: &Shared) -> io::Result<()> {
    caller.set_read_timeout(Some(LOOK_UP))?;
    let (mut held, mut ignored) = (Duration::ZERO, [0; 4096]);
    while held < HELD_MOST && !shared.over.load(Ordering::Acquire) {
        match caller.read(&mut ignored) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if is_timeout(&error) => held += LOOK_UP,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn pass(caller: TcpStream, mishap: Mishap, shared: &Shared) -> io::Result<()> {
    let other = TcpStream::connect(shared.upstream)?;
    let (mut from_caller, mut to_other) = (caller.try_clone()?, other.try_clone()?);
    let there = thread::spawn(move || {
        if let Mishap::Latency(time) = mishap {
            thread::sleep(time);
        }
        drop(io::copy(&mut from_caller, &mut to_other));
        drop(to_other.shutdown(Shutdown::Write));
    });
    let back = give_back(other, &caller, mishap, shared);
    drop(caller.shutdown(Shutdown::Both));
    drop(there.join());
    back
}

/// The answer, as far as the mishap lets it through.
fn give_back(mut other: TcpStream, mut caller: &TcpStream, mishap: Mishap, shared: &Shared) -> io::Result<()> {
    let (mut bytes, mut passed) = ([0; 4096], 0);
    other.set_read_timeout(Some(LOOK_UP))?;
    loop {
        let length = match other.read(&mut bytes) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            // Quiet behind an answer: the next exchange is to meet the next mishap.
            Err(error) if is_timeout(&error) && passed > 0 => return Ok(()),
            Err(error) if is_timeout(&error) && !shared.over.load(Ordering::Acquire) => continue,
            Err(error) => return Err(error),
        };
        match mishap {
            // The other side has answered, so it has done what it was asked.
            Mishap::CutAfterRequest => return Ok(()),
            Mishap::CutInsideAnswer(most) if passed + length >= most => return caller.write_all(&bytes[..most - passed]),
            Mishap::SlowLoris(time) => {
                for byte in &bytes[..length] {
                    caller.write_all(std::slice::from_ref(byte))?;
                    thread::sleep(time);
                }
            }
            Mishap::None | Mishap::Latency(_) | Mishap::CutInsideAnswer(_) | Mishap::Reset | Mishap::BlackHole => {
                caller.write_all(&bytes[..length])?;
            }
        }
        passed += length;
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

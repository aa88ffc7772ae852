//! An ERP that gives all its customers in one page, however many: made while it is sent, and cut off in the middle where told so.

use std::{
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crate::{catalog::Catalog, envelope};

/// Bytes that are sent at once.
const CHUNK_BYTES: usize = 64 << 10;

/// What one request got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flooded {
    /// The request's envelope.
    pub request: String,
    /// Customers that were sent whole.
    pub customers: u64,
    /// Bytes of the answer that were sent.
    pub bytes: u64,
}

/// A running flood; dropped, it stops.
pub struct Flood {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    customers: u64,
    /// Bytes after which the first answer ends.
    cut: Option<u64>,
    over: AtomicBool,
    flooded: Mutex<Vec<Flooded>>,
}

impl Flood {
    /// Starts on a port of loopback.
    ///
    /// # Errors
    /// There is no port or no thread.
    pub fn start(customers: u64, cut: Option<u64>) -> io::Result<Flood> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let state = Arc::new(State { customers, cut, over: AtomicBool::new(false), flooded: Mutex::default() });
        let of_thread = state.clone();
        thread::Builder::new().name("flood".into()).spawn(move || of_thread.listen(&listener))?;
        Ok(Flood { address, state })
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked and sent so far.
    pub fn flooded(&self) -> Vec<Flooded> {
        self.state.flooded.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.state.over.store(true, Ordering::SeqCst);
        // The listener looks up when somebody knocks.
        drop(TcpStream::connect(self.address));
    }
}

impl State {
    fn listen(self: Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            if self.over.load(Ordering::SeqCst) {
                return;
            }
            let (state, Ok(stream)) = (self.clone(), stream) else { continue };
            // Who hangs up in the middle is what a flood has to expect.
            thread::spawn(move || state.answer(&stream).ok());
        }
    }

    fn answer(&self, stream: &TcpStream) -> io::Result<()> {
        let request = read(stream)?;
        let first = self.flooded.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        let mut sending = Sending { stream, left: self.cut.filter(|_| first).unwrap_or(u64::MAX), sent: 0 };
        write!(sending.stream, "HTTP/1.1 200 OK\r\ncontent-type: text/xml; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n")?;
        let customers = sending.page(&Catalog::of(self.customers));
        let bytes = sending.sent;
        let flooded = Flooded { request, customers, bytes };
        self.flooded.lock().unwrap_or_else(PoisonError::into_inner).push(flooded);
        if sending.left > 0 { stream.take_error().and_then(|_| write!(sending.stream, "0\r\n\r\n")) } else { Ok(()) }
    }
}

/// An answer on its way.
struct Sending<'s> {
    stream: &'s TcpStream,
    /// Bytes until it is cut.
    left: u64,
    sent: u64,
}

impl Sending<'_> {
    /// Customers that were sent whole.
    fn page(&mut self, catalog: &Catalog) -> u64 {
        let (mut out, mut whole) = (envelope::page_begin(), 0);
        for customer in catalog.page(catalog.since(""), usize::MAX).customers {
            let end = self.sent + out.len() as u64;
            customer.write_xml(&mut out);
            let all_sent = end + (out.len() as u64 + self.sent - end) <= self.sent + self.left;
            whole += u64::from(all_sent);
            if out.len() >= CHUNK_BYTES && !self.send(&mut out) {
                return whole;
            }
        }
        out.push_str(&envelope::page_end(None));
        self.send(&mut out);
        whole
    }

    /// False where nothing more is to be sent.
    fn send(&mut self, out: &mut String) -> bool {
        let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(out.len());
        let mut to = BufWriter::with_capacity(CHUNK_BYTES * 2, self.stream);
        let sent = write!(to, "{count:x}\r\n").and_then(|()| to.write_all(&out.as_bytes()[..count])).and_then(|()| write!(to, "\r\n"));
        self.left -= count as u64;
        self.sent += count as u64;
        out.clear();
        sent.and_then(|()| to.flush()).is_ok() && self.left > 0
    }
}

/// The body of a request.
fn read(stream: &TcpStream) -> io::Result<String> {
    let (mut reader, mut length) = (BufReader::new(stream), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().to_ascii_lowercase().split_once(':') {
            Some(("content-length", value)) => length = value.trim().parse().unwrap_or(0),
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut body = String::new();
    reader.take(length).read_to_string(&mut body)?;
    Ok(body)
}

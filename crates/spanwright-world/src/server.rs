//! A small HTTP server in a thread of its own: bytes in, a [`Reply`] out.

use std::{io, net::SocketAddr, ops::RangeInclusive, sync::Arc, thread, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, Response, StatusCode, body::Incoming, header::HeaderMap, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, runtime::Runtime, sync::watch};

/// Bytes of a request's body at most.
pub(crate) const BODY_BYTES_MOST: usize = 64 << 20;

/// How long a stopping server waits for what is under way.
const STOP_WAIT: Duration = Duration::from_millis(500);

/// What a stand-in is asked.
pub(crate) struct Asked {
    pub method: hyper::Method,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Asked {
    /// A header's text, where it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The numbers on the page that is asked for (`page=`, from 0) of `last` numbers from 1, `size` a page; and the next
    /// page's number, where there is one.
    pub fn page(&self, size: u64, last: u64) -> (RangeInclusive<u64>, Option<u64>) {
        let asked = self.query.split('&').find_map(|pair| pair.strip_prefix("page=")).and_then(|page| page.parse().ok());
        let page: u64 = asked.unwrap_or(0);
        let end = (page + 1) * size;
        ((page * size + 1)..=end.min(last), (end < last).then_some(page + 1))
    }
}

/// What it answers.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub status: u16,
    pub content_type: &'static str,
    pub retry_after_seconds: Option<u64>,
    pub body: Bytes,
    /// The connection ends without this answer.
    pub cut: bool,
    /// It is sent so long after all was done: whoever asked may be gone by then.
    pub after: Duration,
}

impl Reply {
    pub fn new(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Reply {
        Reply { status, content_type, retry_after_seconds: None, body: body.into(), cut: false, after: Duration::ZERO }
    }
}

/// One stand-in: what it answers depends on what it is asked and on what it has seen.
pub(crate) trait Answers: Send + Sync + 'static {
    fn answer(&self, asked: &Asked) -> Reply;
}

/// A running server; dropped, it stops.
pub(crate) struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Server {
    /// Listens on a port of loopback that the operating system chooses.
    pub fn start(name: &str, answers: Arc<dyn Answers>) -> io::Result<Server> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().thread_name(name).build()?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || serve(runtime, listener, stopped, answers))?;
        Ok(Server { address, stop, thread: Some(thread) })
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has already been printed, and there is nothing left to stop.
            drop(thread.join());
        }
    }
}

fn serve(runtime: Runtime, listener: TcpListener, mut stopped: watch::Receiver<bool>, answers: Arc<dyn Answers>) {
    runtime.block_on(async {
        loop {
            tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => return,
                accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                    stream.set_nodelay(true).ok();
                    tokio::spawn(connection(TokioIo::new(stream), Arc::clone(&answers)));
                },
            }
        }
    });
    runtime.shutdown_timeout(STOP_WAIT);
}

async fn connection(stream: TokioIo<tokio::net::TcpStream>, answers: Arc<dyn Answers>) {
    let service = service_fn(|request| {
        let answers = Arc::clone(&answers);
        async move { answer(request, answers.as_ref()).await }
    });
    // A connection that breaks is the client's affair; what was asked over it is in the ledger.
    hyper::server::conn::http1::Builder::new().serve_connection(stream, service).await.ok();
}

/// An error here makes hyper close the connection without a word, which is what a cut is.
async fn answer(request: Request<Incoming>, answers: &dyn Answers) -> Result<Response<Full<Bytes>>, io::Error> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, BODY_BYTES_MOST).collect().await.map_err(io::Error::other)?.to_bytes();
    let asked = Asked {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body,
    };
    let reply = answers.answer(&asked);
    if !reply.after.is_zero() {
        tokio::time::sleep(reply.after).await;
    }
    if reply.cut {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    Ok(written(reply))
}

fn written(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).expect("scripts name real statuses");
    let headers = response.headers_mut();
    headers.insert("content-type", reply.content_type.parse().expect("a content type is a header value"));
    if let Some(seconds) = reply.retry_after_seconds {
        headers.insert("retry-after", seconds.into());
    }
    response
}

//! Connections: taken one after the other, each bounded in time and size.
#![allow(clippy::disallowed_methods)] // the one place that listens

use std::{
    convert::Infallible,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use ring::digest::{SHA256, digest};
use spanwright_core::{codes, door::Refused, plan::Listen};
use spanwright_shape::text::Failure;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::{Semaphore, watch},
};

use tokio_rustls::TlsAcceptor;

use super::{
    ANSWER_STALLS_MOST, CONNECTIONS_MOST, HEAD_BYTES_MOST, HEAD_TIME_MOST, HEADERS_MOST, ListenFault, Listening,
    attended::Attended,
    lanes::{Lanes, Turns},
    request::Office,
    streams,
    tls::{self, Certificates},
    told::Told,
};

/// How long we wait after a connection could not be taken (no descriptors left): the next try would fail too.
const ACCEPT_PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// Begins to listen. To be called on the reactor.
///
/// # Errors
/// [`ListenFault`]
pub(crate) fn bind(listen: &Listen, office: Arc<Office>, variable: &dyn Fn(&str) -> Option<String>) -> Result<Listening, ListenFault> {
    let address = listen.http.fill(variable).map_err(ListenFault::Variable)?;
    let fault = |why: std::io::Error| ListenFault::Address { address: address.clone(), why: why.to_string() };
    let listener = TcpListener::bind(&*address).map_err(fault)?;
    listener.set_nonblocking(true).map_err(fault)?;
    let bound = listener.local_addr().map_err(fault)?;
    let listener = tokio::net::TcpListener::from_std(listener).map_err(fault)?;
    let tls = listen.tls.as_ref().map(|tls| Certificates::of(tls, variable)).transpose()?;
    let (stop, stopped) = watch::channel(false);
    let (lanes, hands) = Lanes::start().map_err(fault)?;
    office.waiters.served_by(hands.clone());
    tokio::spawn(accept(listener, tls.map(Arc::new), office, Turns::of(hands), stopped));
    Ok(Listening { address: bound, stop: Arc::new(stop), _lanes: lanes })
}

async fn accept(
    listener: tokio::net::TcpListener,
    tls: Option<Arc<Certificates>>,
    office: Arc<Office>,
    mut turns: Turns,
    mut stopped: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MOST));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let taken = tokio::select! {
            taken = listener.accept() => taken,
            _ = stopped.changed() => return,
        };
        match taken {
            Ok((stream, peer)) => {
                let (office, stopped, tls, places) = (office.clone(), stopped.clone(), tls.clone(), places.clone());
                turns.give(stream, move |stream| {
                    tokio::spawn(async move {
                        served(stream, tls, peer, office, (places, stopped)).await;
                        drop(place);
                    });
                });
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// One connection to its end.
async fn served(
    stream: TcpStream,
    tls: Option<Arc<Certificates>>,
    peer: SocketAddr,
    office: Arc<Office>,
    (places, mut stopped): (Arc<Semaphore>, watch::Receiver<bool>),
) {
    let _counted = office.waiters.connected();
    // An answer is one small write; it should not wait for another.
    let _slower = stream.set_nodelay(true);
    // What reads requests has buffers, of 16 kB: a connection on which nothing came has none of them.
    let Some(begins) = begins(&stream, &mut stopped).await else { return };
    let stream = Attended::of(stream, ANSWER_STALLS_MOST);
    let peer = Peer { address: peer, tls: false, certificate: None };
    match tls {
        Some(tls) => Box::pin(secured(stream, &tls, peer, office.clone(), (places, stopped))).await,
        None if begins == *streams::PREFACE => Box::pin(streams::connection(stream, peer, office.clone(), places, stopped)).await,
        None => Box::pin(connection(stream, peer, office.clone(), stopped)).await,
    }
}

/// How what comes first begins, if it comes before its time is up and before we stop. Nobody sends a preface in pieces.
async fn begins(stream: &TcpStream, stopped: &mut watch::Receiver<bool>) -> Option<[u8; streams::PREFACE.len()]> {
    let mut first = [0; streams::PREFACE.len()];
    tokio::select! {
        // Looked at and left there: a connection that was just taken counts as readable, whatever came on it.
        came = tokio::time::timeout(HEAD_TIME_MOST, stream.peek(&mut first)) => matches!(came, Ok(Ok(1..))).then_some(first),
        _ = stopped.changed() => None,
    }
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub address: SocketAddr,
    pub tls: bool,
    /// The SHA-256 of its certificate.
    pub certificate: Option<[u8; 32]>,
}

async fn secured(
    stream: Attended<TcpStream>,
    tls: &Certificates,
    peer: Peer,
    office: Arc<Office>,
    (places, stopped): (Arc<Semaphore>, watch::Receiver<bool>),
) {
    let shaken = tokio::time::timeout(HEAD_TIME_MOST, TlsAcceptor::from(tls.now()).accept(stream)).await;
    // Whoever speaks no TLS has nothing to be told in.
    let Ok(Ok(stream)) = shaken else { return };
    let session = stream.get_ref().1;
    let shown = session.peer_certificates().and_then(|chain| chain.first());
    let certificate = shown.and_then(|shown| digest(&SHA256, shown).as_ref().try_into().ok());
    let peer = Peer { tls: true, certificate, ..peer };
    match session.alpn_protocol() == Some(tls::HTTP_2) {
        true => streams::connection(stream, peer, office, places, stopped).await,
        false => connection(stream, peer, office, stopped).await,
    }
}

async fn connection<S>(stream: S, peer: Peer, office: Arc<Office>, mut stopped: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (clerk, stream) = (office.clone(), Told::of(stream, || head_too_large().problem()));
    let said = stream.said();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (office, said) = (clerk.clone(), said.clone());
        async move {
            let answer = office.serve(request, peer).await;
            said.heard(answer.status());
            Ok::<_, Infallible>(answer)
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MOST).max_headers(HEADERS_MOST);
    // The first bounds memory, and lets more pass where it comes at once; the second is exact.
    builder.max_buf_size(HEAD_BYTES_MOST).max_header_size(HEAD_BYTES_MOST);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    // How a connection ends is the sender's affair: what it brought is in the journal, or was not taken.
    tokio::select! {
        ended = connection.as_mut() => if let Err(why) = ended && why.is_parse() {
            office.unreadable(peer, &unreadable(&why));
        },
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ended = connection.await;
        }
    }
}

/// What was answered to a request that cannot be read.
fn unreadable(why: &hyper::Error) -> Refused {
    if why.is_parse_too_large() {
        return head_too_large();
    }
    Refused::new(400, Failure::new(&codes::UNREADABLE, format!("this is no HTTP/1.1 request that can be read: {why}")))
}

pub(super) fn head_too_large() -> Refused {
    let says = format!("the head of the request has more than {HEAD_BYTES_MOST} bytes or {HEADERS_MOST} headers");
    Refused::new(431, Failure::new(&codes::TOO_LARGE, says)).with("connection", "close")
}

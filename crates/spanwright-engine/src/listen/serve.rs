//! Connections: taken one after the other, each bounded in time and size.
#![allow(clippy::disallowed_methods)] // the one place that listens

use std::{
    convert::Infallible,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use spanwright_core::plan::Listen;
use tokio::{
    net::TcpStream,
    sync::{Semaphore, watch},
};

use super::{CONNECTIONS_MOST, HEAD_BYTES_MOST, HEAD_TIME_MOST, HEADERS_MOST, ListenFault, Listening, request::Office};

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
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(accept(listener, office, stopped));
    Ok(Listening { address: bound, stop: Arc::new(stop) })
}

async fn accept(listener: tokio::net::TcpListener, office: Arc<Office>, mut stopped: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MOST));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let taken = tokio::select! {
            taken = listener.accept() => taken,
            _ = stopped.changed() => return,
        };
        match taken {
            Ok((stream, peer)) => {
                let (office, stopped) = (office.clone(), stopped.clone());
                tokio::spawn(async move {
                    let _counted = office.waiters.connected();
                    connection(stream, peer, office.clone(), stopped).await;
                    drop(place);
                });
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, office: Arc<Office>, mut stopped: watch::Receiver<bool>) {
    // An answer is one small write; it should not wait for another.
    let _slower = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let office = office.clone();
        async move { Ok::<_, Infallible>(office.serve(request, peer).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MOST).max_buf_size(HEAD_BYTES_MOST).max_headers(HEADERS_MOST);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    // How a connection ends is the sender's affair: what it brought is in the journal, or was not taken.
    tokio::select! {
        _ended = connection.as_mut() => {}
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ended = connection.await;
        }
    }
}

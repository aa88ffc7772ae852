#![allow(clippy::unwrap_used)]
use hyper::{body::Incoming, client::conn::http2::SendRequest};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    runtime::{Builder, Runtime},
    sync::{Notify, mpsc},
    task::JoinHandle,
    time::timeout,
};

use super::*;

const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(60);
const TIMES: Times = Times { idle: SHORT, told: SHORT };
const PATIENT: Times = Times { idle: LONG, told: LONG };
const PIPE_BYTES: usize = 1 << 20;

type Ended = JoinHandle<Result<(), hyper::Error>>;
type Client = SendRequest<Full<Bytes>>;
type Answering = Pin<Box<dyn Future<Output = Response<Full<Bytes>>> + Send>>;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// One connection, the other end of it, and what tells it to stop.
fn connected<A, F>(places: &Arc<Semaphore>, times: Times, answer: A) -> (DuplexStream, Ended, watch::Sender<bool>)
where
    A: Fn(Request<Incoming>, Option<Refused>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let (theirs, ours) = duplex(PIPE_BYTES);
    let (stop, stopped) = watch::channel(false);
    (theirs, tokio::spawn(served(ours, places.clone(), times, stopped, answer)), stop)
}

/// A client whose window for each answer has so many bytes.
async fn client(theirs: DuplexStream, window: u32) -> Client {
    let mut builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (client, connection) = builder.initial_stream_window_size(window).handshake(TokioIo::new(theirs)).await.unwrap();
    tokio::spawn(connection);
    client
}

fn ask(method: Method) -> Request<Full<Bytes>> {
    Request::builder().method(method).uri("http://a/").body(Full::default()).unwrap()
}

fn some() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(1000))
}

/// Who hangs up first, once it is told to, is nobody's affair.
async fn ends(ended: Ended) {
    let _either = timeout(LONG, ended).await.expect("it ends by itself").unwrap();
}

async fn large(_: Request<Incoming>, _: Option<Refused>) -> Response<Full<Bytes>> {
    Response::new(Full::new(vec![b'x'; 12 * PIECE_BYTES_MOST].into()))
}

async fn small(_: Request<Incoming>, _: Option<Refused>) -> Response<Full<Bytes>> {
    Response::new(Full::new("x".into()))
}

#[test]
fn a_connection_on_which_nobody_asks_is_let_go() {
    runtime().block_on(async {
        let (theirs, ended, _stop) = connected(&some(), TIMES, small);
        let mut client = client(theirs, STREAM_BYTES_MOST).await;
        assert_eq!(client.send_request(ask(Method::GET)).await.unwrap().status(), 200);
        ends(ended).await;
        assert!(client.send_request(ask(Method::GET)).await.is_err());
    });
}

#[test]
fn whoever_stops_inside_the_preface_is_let_go_and_so_is_who_does_not_go_when_told_to() {
    runtime().block_on(async {
        for says in [&b"PRI * HTTP"[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"] {
            let (mut theirs, ended, _stop) = connected(&some(), TIMES, small);
            theirs.write_all(says).await.unwrap();
            ends(ended).await;
            let (mut theirs, ended, stop) = connected(&some(), Times { idle: LONG, ..TIMES }, small);
            theirs.write_all(says).await.unwrap();
            stop.send(true).unwrap();
            ends(ended).await;
        }
    });
}

#[test]
fn whoever_takes_nothing_of_one_answer_is_let_go_though_it_takes_others() {
    runtime().block_on(async {
        let (theirs, ended, _stop) = connected(&some(), TIMES, |request: Request<Incoming>, _: Option<Refused>| async move {
            let bytes = if request.method() == Method::GET { 12 * PIECE_BYTES_MOST } else { 1 };
            Response::new(Full::new(vec![b'x'; bytes].into()))
        });
        let mut client = client(theirs, 1).await;
        let untaken = client.send_request(ask(Method::GET)).await.unwrap();
        tokio::spawn(async move {
            while let Ok(answer) = client.send_request(ask(Method::POST)).await {
                drop(answer.into_body().collect().await);
                sleep(SHORT / 10).await;
            }
        });
        ends(ended).await;
        drop(untaken);
    });
}

#[test]
fn whoever_takes_an_answer_slowly_gets_all_of_it() {
    runtime().block_on(async {
        let (theirs, _ended, _stop) = connected(&some(), Times { idle: 4 * SHORT, ..TIMES }, large);
        let mut client = client(theirs, PIECE_BYTES_MOST as u32).await;
        let mut body = client.send_request(ask(Method::GET)).await.unwrap().into_body();
        let mut bytes = 0;
        while let Some(frame) = body.frame().await {
            bytes += frame.unwrap().into_data().unwrap().len();
            sleep(SHORT).await;
        }
        assert_eq!(bytes, 12 * PIECE_BYTES_MOST);
    });
}

#[test]
fn an_answer_that_may_have_no_body_has_none() {
    runtime().block_on(async {
        let (theirs, _ended, _stop) = connected(&some(), PATIENT, |request: Request<Incoming>, _: Option<Refused>| async move {
            let status = if request.method() == Method::HEAD { StatusCode::OK } else { StatusCode::NO_CONTENT };
            Response::builder().status(status).body(Full::new(Bytes::from("x"))).unwrap()
        });
        let mut client = client(theirs, STREAM_BYTES_MOST).await;
        for method in [Method::HEAD, Method::GET] {
            let body = client.send_request(ask(method)).await.unwrap().into_body();
            assert_eq!(body.collect().await.unwrap().to_bytes(), "");
        }
    });
}

/// Answers when it is told to, and says what it is at.
fn held(goes: Arc<Notify>) -> (impl Fn(Request<Incoming>, Option<Refused>) -> Answering, mpsc::UnboundedReceiver<&'static str>) {
    let (says, said) = mpsc::unbounded_channel();
    let answer = move |_: Request<Incoming>, refused: Option<Refused>| {
        let (goes, says) = (goes.clone(), says.clone());
        let answer = async move {
            if let Some(refused) = refused {
                return Response::builder().status(refused.status).body(Full::default()).unwrap();
            }
            says.send("begun").unwrap();
            goes.notified().await;
            says.send("done").unwrap();
            Response::default()
        };
        Box::pin(answer) as Answering
    };
    (answer, said)
}

#[test]
fn a_request_beside_the_first_has_a_place_or_is_told_to_come_again_and_places_are_given_back() {
    runtime().block_on(async {
        let (places, goes) = (Arc::new(Semaphore::new(1)), Arc::new(Notify::new()));
        let (answer, mut said) = held(goes.clone());
        let (theirs, _ended, _stop) = connected(&places, PATIENT, answer);
        let mut client = client(theirs, STREAM_BYTES_MOST).await;
        let open: Vec<_> = (0..2).map(|_| tokio::spawn(client.send_request(ask(Method::GET)))).collect();
        for _ in &open {
            assert_eq!(said.recv().await, Some("begun"));
        }
        assert_eq!(places.available_permits(), 0);
        assert_eq!(client.send_request(ask(Method::GET)).await.unwrap().status(), 503);
        goes.notify_waiters();
        for asked in open {
            assert_eq!(asked.await.unwrap().unwrap().status(), 200);
        }
        assert_eq!(places.available_permits(), 1);
    });
}

#[test]
fn a_request_that_its_sender_takes_back_goes_on_and_has_its_place_until_it_is_done() {
    runtime().block_on(async {
        let (places, goes) = (Arc::new(Semaphore::new(1)), Arc::new(Notify::new()));
        let (answer, mut said) = held(goes.clone());
        let (theirs, _ended, _stop) = connected(&places, PATIENT, answer);
        let mut client = client(theirs, STREAM_BYTES_MOST).await;
        for _ in 0..2 {
            let taken_back = tokio::spawn(client.send_request(ask(Method::GET)));
            assert_eq!(said.recv().await, Some("begun"));
            taken_back.abort();
        }
        // Two are gone for their sender, and count.
        assert_eq!(client.send_request(ask(Method::GET)).await.unwrap().status(), 503);
        goes.notify_waiters();
        assert_eq!((said.recv().await, said.recv().await), (Some("done"), Some("done")));
        while places.available_permits() == 0 {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn what_is_open_when_we_stop_is_answered() {
    runtime().block_on(async {
        let goes = Arc::new(Notify::new());
        let (answer, mut said) = held(goes.clone());
        let (theirs, ended, stop) = connected(&some(), TIMES, answer);
        let mut client = client(theirs, STREAM_BYTES_MOST).await;
        let open: Vec<_> = (0..64).map(|_| tokio::spawn(client.send_request(ask(Method::GET)))).collect();
        for _ in &open {
            assert_eq!(said.recv().await, Some("begun"));
        }
        stop.send(true).unwrap();
        sleep(2 * SHORT).await;
        goes.notify_waiters();
        for asked in open {
            assert_eq!(asked.await.unwrap().unwrap().status(), 200);
        }
        ends(ended).await;
    });
}

#[test]
fn who_goes_on_asking_when_we_have_told_it_that_we_stop_is_refused() {
    let streams = Arc::new(Streams { places: some(), open: Mutex::default() });
    let first = streams.asked().unwrap();
    assert!(!streams.is_over() && streams.asked().is_err_and(|refused| refused.status == 503));
    drop(first);
    assert!(streams.is_over());
}

#[test]
fn what_the_peer_does_wrong_is_its_fault_and_hanging_up_is_nobodys() {
    runtime().block_on(async {
        let (mut theirs, ended, _stop) = connected(&some(), PATIENT, small);
        // Data on a stream that is none.
        theirs.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x01\0\0\0\0\0\0x").await.unwrap();
        let mut out = Vec::new();
        theirs.read_to_end(&mut out).await.unwrap();
        let why = ended.await.unwrap().unwrap_err();
        assert!(fault(&why).is_some(), "{why:?}");
        let (mut theirs, ended, _stop) = connected(&some(), PATIENT, small);
        theirs.write_all(b"PRI * ").await.unwrap();
        drop(theirs);
        let ended = ended.await.unwrap();
        assert!(ended.is_err_and(|why| fault(&why).is_none()));
    });
}

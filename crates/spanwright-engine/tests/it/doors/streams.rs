//! Many requests at once on one connection: HTTP/2.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, client::conn::http2::SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{runtime::Runtime, task::JoinSet};

use super::*;

const ECHO: &str = "flow: echo
from: { http: POST /echo, reply_within: 30s }
steps:
  - { reply: . }
";

type Sender = SendRequest<Full<Bytes>>;

async fn open(running: &Running) -> Sender {
    let stream = tokio::net::TcpStream::connect(running.address().unwrap()).await.unwrap();
    let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// The status and the body.
async fn ask(mut sender: Sender, method: &str, path: String, body: String) -> (u16, String) {
    let request = Request::builder().method(method).uri(format!("http://a{path}")).header("content-type", "application/json");
    let answer = sender.send_request(request.body(Full::new(body.into())).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.into()).unwrap())
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn many_requests_at_once_on_one_connection_are_each_kept_before_their_202_and_each_once() {
    const MANY: usize = 600;
    let shop = Hostile::start(vec![Answer::json(200, "{}")]);
    let kept = "flow: kept\nfrom: { http: POST /kept, once: .id }\nsteps: [ { only: 'false' } ]\n";
    let trial = project(&[("kept", kept)], &shop);
    let running = trial.start(false);
    runtime().block_on(async {
        let sender = open(&running).await;
        for _again in 0..2 {
            let mut all = JoinSet::new();
            for n in 0..MANY {
                let sender = sender.clone();
                all.spawn(async move {
                    let (status, body) = ask(sender.clone(), "POST", "/kept".into(), format!("{{\"id\":{n}}}")).await;
                    assert_eq!(status, 202, "{body}");
                    let id = serde_json::from_str::<serde_json::Value>(&body).unwrap()["id"].as_str().unwrap().to_string();
                    assert_eq!(ask(sender, "GET", format!("/api/v1/messages/{id}"), String::new()).await.0, 200);
                });
            }
            while let Some(done) = all.join_next().await {
                done.unwrap();
            }
        }
    });
    until(&running, "all is over", |state| state.standing.open == 0);
    assert_eq!(running.state().counters.taken, MANY as u64);
    stopped(running);
}

#[test]
fn a_large_body_goes_in_and_comes_out_and_one_that_is_too_large_is_told_so_and_others_go_on() {
    let shop = Hostile::start(vec![Answer::json(200, "{}")]);
    let trial = project(&[("echo", ECHO)], &shop);
    let running = trial.start(false);
    runtime().block_on(async {
        let sender = open(&running).await;
        let of = |bytes: usize| format!("{{\"text\":\"{}\"}}", "x".repeat(bytes));
        let asked = |body| ask(sender.clone(), "POST", "/echo".into(), body);
        let (large, larger, small) = tokio::join!(asked(of(1 << 20)), asked(of(10 << 20)), asked(of(1)));
        assert_eq!((large.0, large.1), (200, of(1 << 20)));
        assert_eq!((larger.0, larger.1.contains("R0024")), (413, true), "{}", larger.1);
        assert_eq!(small, (200, of(1)));
    });
    stopped(running);
}

#[test]
fn when_we_stop_all_that_is_open_on_a_connection_is_answered() {
    const MANY: usize = 64;
    let shop = Hostile::start(vec![Answer::Slow(Box::new(Answer::json(201, "{\"number\":7}")), Duration::from_secs(1))]);
    let trial = project(&[("asked", &ASKED.replace("504", "202").replace("5s", "30s"))], &shop);
    let running = trial.start(false);
    runtime().block_on(async {
        let sender = open(&running).await;
        let mut all = JoinSet::new();
        for n in 0..MANY {
            all.spawn(ask(sender.clone(), "POST", "/asked".into(), format!("{{\"id\":{n}}}")));
        }
        while running.state().counters.taken < MANY as u64 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        running.stop();
        while let Some(answer) = all.join_next().await {
            let (status, body) = answer.unwrap();
            assert!([201, 202].contains(&status), "replied to, or kept for the next start: {status} {body}");
        }
    });
    assert_eq!(wait(running).why, Why::Stopped { unheard: 0 });
}

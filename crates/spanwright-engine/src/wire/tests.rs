//! The wire against servers that misbehave: what was reached is what they saw.

#![allow(clippy::unwrap_used)]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use spanwright_core::connector::{ClientCertificate, HttpRequest, Reached};
use spanwright_world::{
    certificates::{Authority, Certificate},
    peers::{Program, free_port},
};

use super::{connect::Names, *};
use crate::clock::Clock;

/// A server that treats its connections one after the other as it is told.
struct Server {
    url: String,
    thread: JoinHandle<Vec<usize>>,
}

type Treat = Box<dyn FnOnce(&mut TcpStream) -> usize + Send>;

impl Server {
    fn start(treats: Vec<Treat>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/in", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || treats.into_iter().map(|treat| treat(&mut listener.accept().unwrap().0)).collect());
        Server { url, thread }
    }

    /// What each connection saw: requests, or bytes, as its treatment says.
    fn saw(self) -> Vec<usize> {
        self.thread.join().unwrap()
    }
}

/// Reads one request whole: its head and the five bytes of its body. 0: the peer closed.
fn read_request(stream: &mut TcpStream) -> usize {
    let (mut have, mut piece) = (Vec::new(), [0; 4096]);
    while !have.ends_with(b"\r\n\r\nhello") {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return 0,
            Ok(bytes) => have.extend_from_slice(&piece[..bytes]),
        }
    }
    have.len()
}

/// Answers each request with these bytes, so many times, and closes.
fn answers(times: usize, answer: &'static str) -> Treat {
    Box::new(move |stream| (0..times).filter(|_| read_request(stream) > 0 && stream.write_all(answer.as_bytes()).is_ok()).count())
}

/// Waits until the peer closes.
fn lingers(stream: &mut TcpStream) {
    let mut piece = [0; 4096];
    while matches!(stream.read(&mut piece), Ok(bytes) if bytes > 0) {}
}

fn http() -> Http {
    Http::new(&HttpSettings::default(), Arc::new(Clock::of_machine())).unwrap()
}

fn request(url: &str) -> HttpRequest {
    let headers = vec![("content-type".into(), b"text/plain".to_vec())];
    HttpRequest { headers, body: b"hello".to_vec(), ..HttpRequest::new("POST", url) }
}

fn on_the_wire<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(work)
}

fn ask(url: &str, timeout: Duration) -> Reply {
    on_the_wire(async { http().exchange(request(url), timeout).await })
}

const SOON: Duration = Duration::from_millis(150);
const LONG: Duration = Duration::from_secs(20);
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nX-Tenant: a\r\n\r\nfine";

fn silence(reply: &Reply) -> (Reached, &str) {
    let silence = reply.heard.as_ref().unwrap_err();
    (silence.reached, &silence.why)
}

fn body(reply: &mut Reply) -> (u16, String, Option<std::io::ErrorKind>) {
    let answer = reply.heard.as_mut().unwrap();
    let mut text = Vec::new();
    let error = answer.body.read_to_end(&mut text).err().map(|error| error.kind());
    (answer.status, String::from_utf8(text).unwrap(), error)
}

#[test]
fn an_answer_is_heard_with_its_figures() {
    let server = Server::start(vec![answers(1, OK)]);
    let mut reply = ask(&server.url, LONG);
    assert_eq!(body(&mut reply), (200, "fine".into(), None));
    let answer = reply.heard.as_ref().unwrap();
    assert!(answer.headers.contains(&("x-tenant".into(), b"a".to_vec())), "{:?}", answer.headers);
    assert_eq!((reply.report.status, reply.report.got), (200, OK.len() as u64));
    assert!(reply.report.sent > 100, "{:?}", reply.report);
    assert_eq!(server.saw(), [1]);
}

#[test]
fn a_refused_connection_reached_nobody() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let reply = ask(&format!("http://{free}/?key=secret"), LONG);
    let (reached, why) = silence(&reply);
    assert_eq!(reached, Reached::No);
    assert!(why.contains("Connection refused") && !why.contains("secret"), "{why}");
    assert_eq!((reply.report.sent, reply.report.status), (0, 0));
}

#[test]
fn a_host_without_a_name_reached_nobody() {
    let reply = ask("http://nobody.invalid/", LONG);
    assert_eq!(silence(&reply).0, Reached::No);
    assert!(silence(&reply).1.starts_with("looking up nobody.invalid: "), "{reply:?}");
}

#[test]
fn a_server_that_speaks_no_tls_reached_nobody() {
    let server = Server::start(vec![Box::new(|stream| {
        stream.write_all(b"220 mail.example ESMTP\r\n").unwrap();
        lingers(stream);
        0
    })]);
    let reply = ask(&server.url.replace("http:", "https:"), LONG);
    assert_eq!(silence(&reply).0, Reached::No);
    assert!(silence(&reply).1.starts_with("TLS with 127.0.0.1:"), "{reply:?}");
}

#[test]
fn a_server_that_reads_and_closes_may_have_been_reached() {
    let server = Server::start(vec![Box::new(read_request)]);
    let reply = ask(&server.url, LONG);
    assert_eq!(silence(&reply).0, Reached::Maybe);
    assert_eq!(server.saw(), [reply.report.sent as usize]);
}

#[test]
fn a_server_that_closes_without_reading_is_judged_by_what_was_sent() {
    let server = Server::start(vec![Box::new(|_| 0)]);
    let reply = ask(&server.url, LONG);
    assert_eq!(silence(&reply).0 == Reached::Maybe, reply.report.sent > 0, "{reply:?}");
}

#[test]
fn a_server_that_never_answers_may_have_been_reached() {
    let server = Server::start(vec![Box::new(|stream| {
        read_request(stream);
        lingers(stream);
        0
    })]);
    let reply = ask(&server.url, SOON);
    assert_eq!(silence(&reply), (Reached::Maybe, "no answer within 0.15 s"));
    assert!(reply.report.took >= SOON);
}

#[test]
fn an_answer_that_does_not_end_is_cut_at_the_deadline() {
    let server = Server::start(vec![Box::new(|stream| {
        read_request(stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nslow").unwrap();
        lingers(stream);
        0
    })]);
    let mut reply = ask(&server.url, SOON);
    assert_eq!(body(&mut reply), (200, "slow".into(), Some(std::io::ErrorKind::TimedOut)));
}

#[test]
fn half_an_answer_ends_in_an_error() {
    for half in ["HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"]
    {
        let server = Server::start(vec![answers(1, half)]);
        let mut reply = ask(&server.url, LONG);
        assert_eq!(body(&mut reply), (200, "half".into(), Some(std::io::ErrorKind::UnexpectedEof)));
    }
}

#[test]
fn a_head_that_is_cut_is_no_answer() {
    let server = Server::start(vec![answers(1, "HTTP/1.1 200 OK\r\ncontent-le")]);
    assert_eq!(silence(&ask(&server.url, LONG)).0, Reached::Maybe);
}

#[test]
fn what_is_no_http_is_no_answer() {
    let server = Server::start(vec![answers(1, "I am a teapot\r\n\r\n")]);
    assert_eq!(silence(&ask(&server.url, LONG)).0, Reached::Maybe);
}

#[test]
fn a_length_that_is_too_short_ends_the_answer_there() {
    let server = Server::start(vec![answers(1, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nfine")]);
    assert_eq!(body(&mut ask(&server.url, LONG)), (200, "fi".into(), None));
}

#[test]
fn a_head_is_read_up_to_its_bound_and_no_further() {
    // The status and the empty line, and of one header its name and what is around it.
    let around = "HTTP/1.1 200 OK\r\nx: \r\ncontent-length: 0\r\n\r\n".len();
    for (bytes, expected) in
        [(ANSWER_HEAD_BYTES_MOST - around - 8, true), (ANSWER_HEAD_BYTES_MOST, false), (300 << 10, false), (2 << 20, false)]
    {
        let answer = format!("HTTP/1.1 200 OK\r\nx: {}\r\ncontent-length: 0\r\n\r\n", "y".repeat(bytes));
        let server = Server::start(vec![Box::new(move |stream| {
            let asked = read_request(stream);
            let _closed = stream.write_all(answer.as_bytes());
            asked
        })]);
        let reply = ask(&server.url, LONG);
        assert_eq!(reply.heard.is_ok(), expected, "{bytes}: {:?}", reply.heard.err());
        if !expected {
            assert_eq!(silence(&reply).0, Reached::Maybe);
        }
        assert!(server.saw()[0] > 0);
    }
}

#[test]
fn a_redirect_is_an_answer_and_is_not_followed() {
    let server = Server::start(vec![answers(1, "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n")]);
    assert_eq!(body(&mut ask(&server.url, LONG)), (302, String::new(), None));
}

fn ask_twice(server: &Server, between: Duration) -> (Reply, Reply) {
    on_the_wire(async {
        let http = http();
        let first = http.exchange(request(&server.url), LONG).await;
        tokio::time::sleep(between).await;
        (first, http.exchange(request(&server.url), LONG).await)
    })
}

#[test]
fn a_connection_is_used_again() {
    let server = Server::start(vec![answers(2, OK)]);
    let (first, mut second) = ask_twice(&server, Duration::ZERO);
    assert_eq!(body(&mut second).0, 200);
    assert_eq!((first.report.sent, first.report.got), (second.report.sent, second.report.got));
    assert_eq!(server.saw(), [2]);
}

#[test]
fn a_connection_that_the_server_closed_between_two_requests_costs_nothing() {
    let server = Server::start(vec![answers(1, OK), answers(1, OK)]);
    // The server's close must have come in; a request that crosses it is the next test.
    let (_, mut second) = ask_twice(&server, Duration::from_millis(50));
    assert_eq!(body(&mut second).0, 200);
    assert_eq!(server.saw(), [1, 1]);
}

#[test]
fn a_used_connection_that_dies_under_a_request_may_have_been_reached() {
    let server = Server::start(vec![Box::new(|stream| {
        read_request(stream);
        stream.write_all(OK.as_bytes()).unwrap();
        read_request(stream)
    })]);
    let (_, second) = ask_twice(&server, Duration::ZERO);
    assert_eq!(silence(&second).0, Reached::Maybe);
    assert_eq!(server.saw(), [second.report.sent as usize]);
}

#[test]
fn an_answer_larger_than_the_limit_is_cut_there() {
    let server = Server::start(vec![Box::new(|stream| {
        read_request(stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n");
        while stream.write_all(&[b' '; 1 << 16]).is_ok() {}
        0
    })]);
    let mut reply = ask(&server.url, LONG);
    let (status, text, error) = body(&mut reply);
    assert_eq!((status, text.len(), error), (200, ANSWER_BYTES_MOST, Some(std::io::ErrorKind::FileTooLarge)));
}

/// A resolver that says one thing first and another later, as whoever owns a name may; and how often it was asked.
fn rebinding(says: Vec<Vec<&'static str>>, port: u16) -> (Names, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let told = move |_: &str, _: u16| {
        let n = counted.fetch_add(1, Ordering::AcqRel);
        let addresses = says.get(n).or(says.last()).expect("it says something");
        addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), port)).collect()
    };
    (Names::Told(Arc::new(told)), asked)
}

/// Nobody is there, and it is an address of the public Internet: of the 6bone, which is no more.
const PUBLIC: &str = "3ffe::1";

#[test]
fn a_name_that_is_public_when_it_is_looked_at_and_inside_when_it_is_connected_to_leads_nowhere() {
    let inside = TcpListener::bind("127.0.0.1:0").unwrap();
    inside.set_nonblocking(true).unwrap();
    let port = inside.local_addr().unwrap().port();
    let settings = HttpSettings { public_only: true, ..HttpSettings::default() };
    let (names, asked) = rebinding(vec![vec![PUBLIC], vec!["127.0.0.1"], vec!["::ffff:127.0.0.1", "10.0.0.1"]], port);
    on_the_wire(async {
        let http = Http::new(&settings, Arc::new(Clock::of_machine())).unwrap().with_names(names);
        let url = format!("http://rebinding.example:{port}/");
        // It asks once, and goes where it has looked: to nobody, and not inside.
        let first = http.exchange(request(&url), SOON).await;
        assert_eq!((silence(&first).0, asked.load(Ordering::Acquire)), (Reached::No, 1), "{}", silence(&first).1);
        for (n, address) in [(2, "`127.0.0.1`"), (3, "`10.0.0.1`")] {
            let next = http.exchange(request(&url), LONG).await;
            let (reached, why) = silence(&next);
            assert!(why.contains(&format!("{address} is no address of the public Internet")), "{why}");
            assert_eq!((reached, asked.load(Ordering::Acquire)), (Reached::No, n));
        }
    });
    assert!(inside.accept().is_err(), "nobody came");
}

#[test]
fn a_name_that_leads_to_the_credentials_of_a_cloud_the_second_time_is_not_followed_there() {
    // It says that it closes: else a second request may be written on the connection before anybody hears that it is gone.
    let server = Server::start(vec![answers(1, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok")]);
    let port = server.url.rsplit(':').next().and_then(|rest| rest.split('/').next()).unwrap().parse().unwrap();
    let (names, asked) = rebinding(vec![vec!["127.0.0.1"], vec!["169.254.169.254"], vec!["fd00:ec2::254"]], port);
    on_the_wire(async {
        let http = Http::new(&HttpSettings::default(), Arc::new(Clock::of_machine())).unwrap().with_names(names);
        let url = format!("http://rebinding.example:{port}/");
        assert_eq!(body(&mut http.exchange(request(&url), LONG).await).0, 200);
        // The first connection was closed by its server: another is opened, and its address looked at again.
        for (n, address) in [(2, "169.254.169.254"), (3, "fd00:ec2::254")] {
            let next = http.exchange(request(&url), LONG).await;
            assert!(silence(&next).1.contains(&format!("requests may not go to `{address}`")), "{}", silence(&next).1);
            assert_eq!(asked.load(Ordering::Acquire), n);
        }
    });
    assert_eq!(server.saw(), [1]);
}

#[test]
fn a_header_that_would_break_the_line_is_refused_without_its_value() {
    let mut sly = request("http://127.0.0.1:1/");
    sly.headers.push(("x-key".into(), b"secret\r\nx-admin: true".to_vec()));
    let reply = on_the_wire(async { http().exchange(sly, LONG).await });
    let (reached, why) = silence(&reply);
    assert_eq!(reached, Reached::No);
    assert!(why.contains("`x-key`") && !why.contains("secret"), "{why}");
}

/// OpenSSL serves a page to whoever shows a certificate of its authority, and to nobody else.
#[test]
fn a_server_that_demands_a_certificate_is_shown_ours_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let [ours, strange] = ["ours", "strange"].map(|name| Authority::make(folder.path(), name).unwrap());
    let ([server, client], stranger) = (["server", "client"].map(|name| ours.sign(name).unwrap()), strange.sign("stranger").unwrap());
    let port = free_port().unwrap();
    let mut demands = Command::new("openssl");
    demands.args(["s_server", "-quiet", "-www", "-verify_return_error", "-Verify", "2", "-accept", &port.to_string()]);
    demands.arg("-CAfile").arg(ours.certificate()).arg("-cert").arg(&server.certificate).arg("-key").arg(&server.key);
    let _serves = Program::start(&mut demands, port, &folder.path().join("server.log")).unwrap();
    let told = |scheme: &str, shown: &Certificate, trusted: &Authority| {
        let certificate =
            ClientCertificate { certificate: shown.certificate.clone(), key: shown.key.clone(), ca: Some(trusted.certificate()) };
        let url = format!("{scheme}://127.0.0.1:{port}/");
        let asked = HttpRequest { certificate: Some(certificate), ..HttpRequest::new("GET", url) };
        match on_the_wire(async { http().exchange(asked, LONG).await }).heard {
            Ok(answer) => format!("{}", answer.status),
            Err(silence) => silence.why,
        }
    };
    assert_eq!(told("https", &client, &ours), "200");
    let refused = told("https", &stranger, &ours);
    // In TLS 1.3 it says so after the handshake, and may hang up before we have read it.
    let hung_up = refused.contains("closed the connection");
    assert!(refused.contains("alert") || hung_up, "it does not know who signed that: {refused}");
    let distrusted = told("https", &client, &strange);
    assert!(distrusted.starts_with("TLS with ") && distrusted.contains("certificate"), "we do not know who signed its: {distrusted}");
    assert!(told("http", &client, &ours).starts_with("a client certificate is shown over `https:` alone"));
    let lost = Certificate { certificate: "/nowhere/client.crt".into(), key: client.key.clone() };
    assert!(told("https", &lost, &ours).starts_with("the client certificate: reading the certificates in /nowhere/client.crt: "));
}

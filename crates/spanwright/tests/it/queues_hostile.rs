//! A broker that misbehaves, as the binary meets it: each run ends with a code that says what was wrong, and loses nothing.

#![allow(clippy::unwrap_used)]

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

use crate::project::{Project, ran, spanwright};

fn frame(kind: u8, channel: u16, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap();
    [&[kind][..], &channel.to_be_bytes(), &length.to_be_bytes(), payload, &[0xce]].concat()
}

fn method(channel: u16, class: u16, number: u16, arguments: &[u8]) -> Vec<u8> {
    frame(1, channel, &[&class.to_be_bytes()[..], &number.to_be_bytes(), arguments].concat())
}

fn start() -> Vec<u8> {
    method(0, 10, 10, b"\x00\x09\x00\x00\x00\x00\x00\x00\x00\x05PLAIN\x00\x00\x00\x05en_US")
}

fn tune() -> Vec<u8> {
    method(0, 10, 30, b"\x07\xff\x00\x02\x00\x00\x00\x0a")
}

/// All that a broker says to whoever reads a queue, before the first message; it need not wait for what it answers.
fn greeting() -> Vec<u8> {
    let (open, channel) = (method(0, 10, 41, b"\x00"), method(1, 20, 11, b"\x00\x00\x00\x00"));
    let (qos, consume) = (method(1, 60, 11, b""), method(1, 60, 21, b"\x02us"));
    [start(), tune(), open, channel, qos, consume].concat()
}

fn order(tag: u8, body: &[u8]) -> Vec<u8> {
    let deliver = method(1, 60, 60, &[&b"\x02us\x00\x00\x00\x00\x00\x00\x00"[..], &[tag], b"\x00\x00\x0bshop.orders"].concat());
    let head = frame(2, 1, &[&b"\x00\x3c\x00\x00"[..], &(body.len() as u64).to_be_bytes(), b"\x00\x00"].concat());
    [deliver, head, frame(3, 1, body)].concat()
}

/// Says this to everybody who comes, and hangs up (or is silent for so long before).
fn serve(says: Vec<u8>, silent: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let says = says.clone();
            thread::spawn(move || talk(stream, &says, silent));
        }
    });
    port
}

fn talk(mut stream: TcpStream, says: &[u8], silent: Duration) {
    let mut head = [0; 8];
    if stream.read_exact(&mut head).is_ok() {
        let _gone = stream.write_all(says);
        thread::sleep(silent);
        let _gone = stream.shutdown(std::net::Shutdown::Write);
        // What it still says is read, or the line would be reset before it has heard us.
        let _gone = std::io::copy(&mut stream, &mut std::io::sink());
    }
}

/// What is said, and how many messages are in the journal.
#[track_caller]
fn check(says: Vec<u8>, code: &str, words: &str, messages: usize) {
    let project = Project::named("queues");
    std::fs::remove_file(project.path().join("flows/back.yaml")).unwrap();
    std::fs::remove_file(project.path().join("tests/back.test.yaml")).unwrap();
    project.edit("systems/rabbit.yaml", "operations:", "retry: { tries: 2, first: 20ms }\nlimits: { timeout: 5s }\noperations:");
    project.edit("flows/orders.yaml", "steps:", "steps:\n  - { only: .id == 0 }");
    let url = format!("amqp://127.0.0.1:{}", serve(says, Duration::from_millis(200)));
    let mut command = spanwright();
    command.args(["run", "--once", "--log", "human", "--level", "warn"]).arg(project.path());
    let ran = ran(command.env("RABBIT_URL", url).env("RABBIT_USER", "me").env("RABBIT_PASSWORD", "quite-secret"));
    let said = format!("{}{}", ran.out, ran.err);
    assert!(ran.code != 0 && said.contains(code) && said.contains(words), "{code} {words}: {} {said}", ran.code);
    assert!(!said.contains("panicked") && !said.contains("quite-secret"), "{said}");
    let kept = project.run(&["messages", "--flow", "orders", "--format", "json"]).out;
    assert_eq!(kept.lines().count(), messages, "{said}{kept}");
}

#[test]
fn a_broker_that_misbehaves_is_told_of_and_nothing_is_lost() {
    let (closed, garbled) = ("the broker closed the connection", "a frame does not end where it should");
    check(Vec::new(), "R5001", closed, 0);
    check(b"HTTP/1.1 426 Upgrade Required\r\n\r\n".to_vec(), "R5001", "a frame is longer than was agreed", 0);
    check(start()[..20].to_vec(), "R5001", closed, 0);
    check([start(), tune()[..5].to_vec()].concat(), "R5001", closed, 0);
    let refused = method(0, 10, 50, b"\x01\x93\x0eACCESS_REFUSED\x00\x00\x00\x00");
    check([start(), refused].concat(), "R5001", "ACCESS_REFUSED", 0);
    let not_there = method(1, 20, 40, b"\x01\x94\x09NOT_FOUND\x00\x00\x00\x00");
    check([greeting(), not_there].concat(), "R5001", "NOT_FOUND", 0);
    // What came well is kept; what came behind it badly is no message.
    let mut torn = order(2, b"{\"id\":2}");
    *torn.last_mut().unwrap() = 7;
    check([greeting(), order(1, b"{\"id\":1}"), torn].concat(), "R5001", garbled, 1);
    let cut = order(2, b"{\"id\":2}")[..60].to_vec();
    check([greeting(), order(1, b"{\"id\":1}"), cut].concat(), "R5001", closed, 1);
}

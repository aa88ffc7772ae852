//! A broker that speaks badly, or not at all: each is told apart, and nothing of it is taken for a word about a message.

#![allow(clippy::unwrap_used)]

use std::{sync::Arc, time::Duration};

use spanwright_core::connector::Deliveries as _;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    runtime::{Builder, Runtime},
    time::Instant,
};

use super::{
    frame::{self, Frame, MethodId, Properties, Write},
    line::{Confirm, Delivery, Fault, HELD_BYTES_MOST, HELD_TIME_MOST, Line, Login, Message},
};

const LOGIN: Login<'static> = Login { user: "me", password: "secret", vhost: "/" };
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes between the two that nobody has read.
const PIPE: usize = 64 << 10;

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// The broker's side of a connection.
struct Peer {
    stream: DuplexStream,
    buffer: Vec<u8>,
    heartbeat: u16,
}

fn method(channel: u16, id: MethodId, arguments: impl FnOnce(&mut Write<'_>)) -> Vec<u8> {
    let mut out = Vec::new();
    frame::method(&mut out, channel, id, arguments);
    out
}

fn start() -> Vec<u8> {
    method(0, frame::CONNECTION_START, |write| {
        write.u8(0).u8(9).table(&[]).long(b"PLAIN").long(b"en_US");
    })
}

fn tune(frame_bytes: u32, heartbeat: u16) -> Vec<u8> {
    method(0, frame::CONNECTION_TUNE, |write| {
        write.u16(2047).u32(frame_bytes).u16(heartbeat);
    })
}

fn close(channel: u16, id: MethodId, code: u16, words: &str) -> Vec<u8> {
    method(channel, id, |write| {
        write.u16(code).short(words).u16(0).u16(0);
    })
}

fn deliver(tag: u64) -> Vec<u8> {
    method(1, frame::BASIC_DELIVER, |write| {
        write.short("us").u64(tag).u8(0).short("").short("jobs");
    })
}

/// A message with its head and its body.
fn message(tag: u64, body: &[u8]) -> Vec<u8> {
    let mut out = deliver(tag);
    frame::content(&mut out, 1, &Properties::default(), body, frame::FRAME_BYTES_MOST);
    out
}

fn acknowledged(tag: u64, several: u8) -> Vec<u8> {
    method(1, frame::BASIC_ACK, |write| {
        write.u64(tag).u8(several);
    })
}

fn returned() -> Vec<u8> {
    let mut out = method(1, frame::BASIC_RETURN, |write| {
        write.u16(312).short("NO_ROUTE").short("").short("jobs");
    });
    let properties = Properties { message_id: Some("m-1".to_string()), ..Properties::default() };
    frame::content(&mut out, 1, &properties, b"{}", frame::FRAME_BYTES_MOST);
    out
}

impl Peer {
    async fn say(&mut self, bytes: &[u8]) {
        let _gone = self.stream.write_all(bytes).await;
    }

    /// Says no more, and reads what is still said: a line is never broken by our haste.
    async fn hang_up(mut self) {
        let _gone = self.stream.shutdown().await;
        let _gone = tokio::io::copy(&mut self.stream, &mut tokio::io::sink()).await;
    }

    /// Waits for this method; others are passed over.
    async fn hear(&mut self, wanted: MethodId) {
        loop {
            while let Some(frame) = frame::take(&mut self.buffer).unwrap() {
                if matches!(frame, Frame::Method { id, .. } if id == wanted) {
                    return;
                }
            }
            if self.stream.read_buf(&mut self.buffer).await.unwrap() == 0 {
                return;
            }
        }
    }

    async fn hear_head(&mut self) {
        let mut head = [0; 8];
        self.stream.read_exact(&mut head).await.unwrap();
        assert_eq!(&head, b"AMQP\x00\x00\x09\x01");
    }

    async fn let_in(&mut self) {
        self.hear_head().await;
        self.say(&start()).await;
        self.hear(frame::CONNECTION_START_OK).await;
        self.say(&tune(frame::FRAME_BYTES_MOST, self.heartbeat)).await;
        self.hear(frame::CONNECTION_OPEN).await;
        self.say(&method(0, frame::CONNECTION_OPEN_OK, |write| {
            write.short("");
        }))
        .await;
        self.hear(frame::CHANNEL_OPEN).await;
        self.say(&method(1, frame::CHANNEL_OPEN_OK, |write| {
            write.long(b"");
        }))
        .await;
    }

    async fn give(&mut self) {
        self.let_in().await;
        self.hear(frame::BASIC_QOS).await;
        self.say(&method(1, frame::BASIC_QOS_OK, |_| {})).await;
        self.hear(frame::BASIC_CONSUME).await;
        self.say(&method(1, frame::BASIC_CONSUME_OK, |write| {
            write.short("us");
        }))
        .await;
    }

    async fn take(&mut self) {
        self.let_in().await;
        self.hear(frame::CONFIRM_SELECT).await;
        self.say(&method(1, frame::CONFIRM_SELECT_OK, |_| {})).await;
    }
}

fn pair(heartbeat: u16) -> (DuplexStream, Peer) {
    let (ours, stream) = duplex(PIPE);
    (ours, Peer { stream, buffer: Vec::new(), heartbeat })
}

fn words(fault: &Fault) -> String {
    match fault {
        Fault::Said(code, words) => format!("{code} {words}"),
        Fault::Broken(words) => words.clone(),
    }
}

/// What a broker says in place of a greeting, and what is told of it.
#[track_caller]
fn check_greeting(says: &[u8], expected: &str) {
    let says = says.to_vec();
    let told = runtime().block_on(async {
        let (ours, mut peer) = pair(10);
        tokio::spawn(async move {
            peer.hear_head().await;
            peer.say(&says).await;
            peer.hang_up().await;
        });
        Line::open(Box::new(ours), &LOGIN, "a test").await.err().map(|fault| words(&fault))
    });
    assert_eq!(told.as_deref(), Some(expected));
}

#[test]
fn what_a_broker_says_badly_in_the_handshake_is_told() {
    let mut torn = start();
    torn.truncate(9);
    let mut ended_wrongly = start();
    *ended_wrongly.last_mut().unwrap() = 0;
    check_greeting(b"", "the broker closed the connection");
    check_greeting(b"AMQP\x00\x01\x00\x00", "the broker speaks another version of AMQP than 0-9-1");
    check_greeting(b"HTTP/1.1 400 Bad Request\r\n\r\n", "a frame is longer than was agreed");
    check_greeting(&torn, "the broker closed the connection");
    check_greeting(&ended_wrongly, "a frame does not end where it should");
    check_greeting(b"\x09\x00\x00\x00\x00\x00\x00\xce", "a frame is of a kind that there is not");
    check_greeting(&[start(), tune(8, 10)].concat(), "the broker wants frames of 8 bytes, and AMQP has none so short");
    check_greeting(&[start(), close(0, frame::CONNECTION_CLOSE, 403, "ACCESS_REFUSED")].concat(), "403 ACCESS_REFUSED");
}

/// What a broker says in place of a message, and what is told of it.
#[track_caller]
fn check_given(says: &[u8], expected: Result<&str, &str>) {
    let (runtime, says) = (runtime(), says.to_vec());
    let (_handle, mut deliveries) = runtime.block_on(async {
        let (ours, mut peer) = pair(10);
        tokio::spawn(async move {
            peer.give().await;
            peer.say(&says).await;
            peer.hang_up().await;
        });
        Line::open(Box::new(ours), &LOGIN, "a test").await.unwrap().consumer("jobs", 10, 1_000, HELD_TIME_MOST).await.unwrap()
    });
    let told = match deliveries.next(PATIENCE) {
        Ok(Some(Delivery { body: Some(body), properties, .. })) => {
            Ok(format!("{} {:?}", String::from_utf8_lossy(&body), properties.headers))
        }
        Ok(Some(Delivery { body: None, print, .. })) => Ok(format!("too long, known by {} digits", print.unwrap().len())),
        Ok(None) => Ok("nothing".to_string()),
        Err(fault) => Err(words(&fault)),
    };
    assert_eq!(told.as_ref().map(String::as_str).map_err(String::as_str), expected);
}

#[test]
fn what_a_broker_gives_badly_is_no_message() {
    let head = |bytes: u64, flags: u16, rest: &[u8]| {
        let mut out = vec![2, 0, 1];
        let payload = [&[0, 60, 0, 0][..], &bytes.to_be_bytes(), &flags.to_be_bytes(), rest].concat();
        out.extend(u32::try_from(payload.len()).unwrap().to_be_bytes());
        out.extend(payload);
        out.push(0xce);
        out
    };
    let body = |bytes: &[u8]| {
        let mut out = vec![3, 0, 1];
        out.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
        out.extend(bytes);
        out.push(0xce);
        out
    };
    check_given(&message(1, b"{}"), Ok("{} []"));
    check_given(b"", Err("the broker closed the connection"));
    let mut torn = message(1, b"{\"id\":7}");
    torn.truncate(torn.len() - 3);
    check_given(&torn, Err("the broker closed the connection"));
    let mut ended_wrongly = message(1, b"{}");
    *ended_wrongly.last_mut().unwrap() = 0;
    check_given(&ended_wrongly, Err("a frame does not end where it should"));
    check_given(&body(b"{}"), Err("a message's body came without a message"));
    check_given(&head(2, 0, &[]), Err("a message's header came without a message"));
    check_given(&[deliver(1), head(2, 0, &[]), body(b"{} and more")].concat(), Err("a message is longer than its header says"));
    check_given(&[deliver(1), head(2, 0x8000, &[200, b'a'])].concat(), Err("a frame ends too early"));
    // A table whose name and value are no UTF-8: read, with marks in the place of what cannot be.
    let table = [&[0, 0, 0, 9][..], &[1, 0xff, b'S', 0, 0, 0, 2, 0xc3, 0x28]].concat();
    check_given(&[deliver(1), head(2, 0x2000, &table), body(b"{}")].concat(), Ok("{} [(\"\u{fffd}\", \"\u{fffd}(\")]"));
    let nested = [&[0, 0, 0, 7][..], &[1, b'a', b'F', 0, 0, 0, 99]].concat();
    check_given(&[deliver(1), head(2, 0x2000, &nested), body(b"{}")].concat(), Err("a frame ends too early"));
    check_given(&[deliver(1), vec![3, 0, 1, 0xff, 0xff, 0xff, 0xff]].concat(), Err("a frame is longer than was agreed"));
    check_given(&message(1, &[b'x'; 1_001]), Ok("too long, known by 64 digits"));
    let cancelled = method(1, frame::BASIC_CANCEL, |write| {
        write.short("us").u8(1);
    });
    check_given(&cancelled, Err("the broker gives nothing of this queue any more: it was deleted, or moved"));
    check_given(&close(1, frame::CHANNEL_CLOSE, 406, "PRECONDITION_FAILED"), Err("406 PRECONDITION_FAILED"));
}

#[test]
fn a_broker_that_gives_no_sign_of_life_is_left() {
    let runtime = runtime();
    let (_handle, mut deliveries, _peer) = runtime.block_on(async {
        let (ours, mut peer) = pair(1);
        let silent = tokio::spawn(async move {
            peer.give().await;
            peer
        });
        let (handle, deliveries) =
            Line::open(Box::new(ours), &LOGIN, "a test").await.unwrap().consumer("jobs", 10, 1_000, HELD_TIME_MOST).await.unwrap();
        (handle, deliveries, silent.await.unwrap())
    });
    let fault = deliveries.next(PATIENCE).unwrap_err();
    assert_eq!(words(&fault), "the broker has given no sign of life");
}

/// What a broker says of two messages, and what is told of each.
#[track_caller]
fn check_confirmed(says: &[u8], expected: [&str; 2]) {
    let says = says.to_vec();
    let confirms = runtime().block_on(async {
        let (ours, mut peer) = pair(10);
        tokio::spawn(async move {
            peer.take().await;
            peer.hear(frame::BASIC_PUBLISH).await;
            peer.hear(frame::BASIC_PUBLISH).await;
            peer.say(&says).await;
            peer.hang_up().await;
        });
        let handle = Line::open(Box::new(ours), &LOGIN, "a test").await.unwrap().publisher().await.unwrap();
        let message = |id: &str| Message {
            exchange: String::new(),
            routing_key: "jobs".to_string(),
            properties: Properties { message_id: Some(id.to_string()), ..Properties::default() },
            body: b"{}".to_vec(),
        };
        handle.publish(vec![message("m-1"), message("m-2")]).await
    });
    let told = |confirm: &Confirm| match confirm {
        Confirm::Taken => "taken".to_string(),
        Confirm::NotTaken => "not taken".to_string(),
        Confirm::Returned(code, _) => format!("returned {code}"),
        Confirm::Blocked(words) => format!("blocked {words}"),
        Confirm::Lost { maybe, fault, .. } => format!("lost, {} read: {}", if *maybe { "maybe" } else { "not" }, words(fault)),
    };
    assert_eq!(confirms.iter().map(told).collect::<Vec<_>>(), expected);
}

#[test]
fn only_a_word_about_a_message_is_one() {
    let lost = "lost, maybe read: the broker closed the connection";
    check_confirmed(&acknowledged(2, 1), ["taken", "taken"]);
    check_confirmed(&acknowledged(0, 1), ["taken", "taken"]);
    check_confirmed(&[returned(), acknowledged(1, 0), acknowledged(2, 0)].concat(), ["returned 312", "taken"]);
    // A number that nobody sent, and one twice.
    check_confirmed(&[acknowledged(7, 0), acknowledged(1, 0), acknowledged(1, 0)].concat(), ["taken", lost]);
    check_confirmed(b"", [lost, lost]);
    let garbled = "lost, maybe read: a frame does not end where it should";
    check_confirmed(b"\x01\x00\x01\x00\x00\x00\x00\x00", [garbled, garbled]);
    let gone = "lost, maybe read: 404 NOT_FOUND";
    check_confirmed(&close(1, frame::CHANNEL_CLOSE, 404, "NOT_FOUND"), [gone, gone]);
}

#[test]
fn no_more_than_so_many_bytes_lie_here_until_somebody_takes_them() {
    const MESSAGES: u64 = 80;
    const BYTES: usize = 1 << 20;
    let runtime = runtime();
    let given = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counted = given.clone();
    let (_handle, mut deliveries) = runtime.block_on(async {
        let (ours, mut peer) = pair(10);
        tokio::spawn(async move {
            peer.give().await;
            for tag in 1..=MESSAGES {
                peer.say(&message(tag, &vec![b'x'; BYTES])).await;
                counted.store(tag, std::sync::atomic::Ordering::Release);
            }
            peer.hear(frame::CONNECTION_CLOSE).await;
        });
        Line::open(Box::new(ours), &LOGIN, "a test").await.unwrap().consumer("jobs", 1_000, 16 << 20, HELD_TIME_MOST).await.unwrap()
    });
    let seen = || given.load(std::sync::atomic::Ordering::Acquire) as usize * BYTES;
    let mut last = usize::MAX;
    while seen() != last {
        last = seen();
        std::thread::sleep(Duration::from_millis(700));
    }
    assert!((HELD_BYTES_MOST - 2 * BYTES..HELD_BYTES_MOST + 2 * BYTES).contains(&last), "{last} bytes came");
    for tag in 1..=MESSAGES {
        assert_eq!(deliveries.next(PATIENCE).unwrap().unwrap().tag, tag);
    }
}

#[test]
fn what_nobody_takes_for_so_long_is_given_back_and_what_somebody_takes_is_not() {
    const HELD: Duration = Duration::from_millis(300);
    for takes in [false, true] {
        let runtime = runtime();
        let (_handle, mut deliveries, peer) = runtime.block_on(async {
            let (ours, mut peer) = pair(1);
            let peer = tokio::spawn(async move {
                peer.give().await;
                peer.say(&[message(1, b"{}"), message(2, b"{}")].concat()).await;
                // It lives, and sees whether the connection does.
                for _ in 0..8 {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    let mut sign = Vec::new();
                    frame::heartbeat(&mut sign);
                    peer.say(&sign).await;
                }
                peer.hear(frame::CONNECTION_CLOSE).await;
                peer.stream.read_buf(&mut peer.buffer).await.is_ok_and(|bytes| bytes == 0)
            });
            let line = Line::open(Box::new(ours), &LOGIN, "a test").await.unwrap();
            let (handle, deliveries) = line.consumer("jobs", 10, 1_000, HELD).await.unwrap();
            (handle, deliveries, peer)
        });
        if takes {
            // Both at once; then nothing lies here, however long nothing comes.
            assert!(deliveries.next(PATIENCE).unwrap().is_some() && deliveries.next(PATIENCE).unwrap().is_some());
            assert!(deliveries.next(Duration::from_millis(1_200)).unwrap().is_none(), "the line lives on");
            continue;
        }
        assert!(runtime.block_on(peer).unwrap(), "the line is closed, and the broker has all of it back");
        assert_eq!(deliveries.next(PATIENCE).unwrap().map(|one| one.tag), Some(1));
        assert_eq!(deliveries.next(PATIENCE).unwrap().map(|one| one.tag), Some(2));
        let fault = deliveries.next(PATIENCE).unwrap_err();
        assert_eq!(words(&fault), "nobody took what came: it is given back");
    }
}

/// A broker that gives messages of so many bytes, slowly; what it hears until the goodbye, which it answers.
fn slow_broker(lengths: &'static [usize]) -> (Runtime, super::Reading, Arc<std::sync::Mutex<Vec<String>>>) {
    let (runtime, heard) = (runtime(), Arc::new(std::sync::Mutex::new(Vec::new())));
    let notes = heard.clone();
    let (handle, deliveries) = runtime.block_on(async {
        let (ours, mut peer) = pair(60);
        tokio::spawn(async move {
            peer.give().await;
            let messages = (1..).zip(lengths).flat_map(|(tag, bytes)| message(tag, &vec![b'1'; *bytes]));
            peer.say(&messages.collect::<Vec<_>>()).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            let mut cancelled = false;
            loop {
                while let Some(frame) = frame::take(&mut peer.buffer).unwrap() {
                    let Frame::Method { id, arguments, .. } = frame else { continue };
                    let mut read = frame::Read(&arguments);
                    let note = match id {
                        frame::BASIC_ACK => {
                            format!("ack {}{}", read.u64().unwrap(), if read.u8().unwrap() == 1 { " and all before" } else { "" })
                        }
                        frame::BASIC_CANCEL => format!("cancel {}", read.short().unwrap()),
                        frame::CONNECTION_CLOSE => if cancelled { "goodbye" } else { "goodbye too early" }.to_string(),
                        _ => continue,
                    };
                    notes.lock().unwrap().push(note);
                    if id == frame::BASIC_CANCEL {
                        // It gives one more, and is slow.
                        peer.say(&message(99, b"{}")).await;
                        tokio::time::sleep(Duration::from_millis(300)).await;
                        cancelled = true;
                        peer.say(&method(1, frame::BASIC_CANCEL_OK, |write| {
                            write.short("spanwright");
                        }))
                        .await;
                    } else if id == frame::CONNECTION_CLOSE {
                        return peer.say(&method(0, frame::CONNECTION_CLOSE_OK, |_| {})).await;
                    }
                }
                assert!(peer.stream.read_buf(&mut peer.buffer).await.unwrap() > 0);
            }
        });
        let line = Line::open(Box::new(ours), &LOGIN, "a test").await.unwrap();
        line.consumer("jobs", 10, 1_000, HELD_TIME_MOST).await.unwrap()
    });
    let consumer = super::Consumer { handle: Arc::new(handle), deliveries, places: 10, too_long: 0 };
    let mut reading = super::Reading { consumer, until: Instant::now(), given: Vec::new(), got: 0, broken: false };
    let mut came = 0;
    while came < lengths.len() {
        came += reading.next().unwrap().len();
    }
    reading.kept();
    (runtime, reading, heard)
}

/// With its connection a broker forgets acknowledgements that it has not passed on yet: it is told as little as may be, and
/// nobody goes before it has answered.
#[test]
fn who_breaks_off_has_the_broker_hear_of_all_that_is_kept() {
    let (_runtime, mut reading, heard) = slow_broker(&[2, 2, 2]);
    reading.breaks_off();
    assert_eq!(*heard.lock().unwrap(), ["ack 3 and all before", "cancel spanwright", "goodbye"]);
    assert!(reading.consumer.handle.is_over());
}

#[test]
fn what_is_too_long_is_not_acknowledged_with_the_others() {
    let (_runtime, mut reading, heard) = slow_broker(&[2, 1_001, 2]);
    reading.breaks_off();
    assert_eq!(*heard.lock().unwrap(), ["ack 1", "ack 3", "cancel spanwright", "goodbye"]);
}

#[test]
fn at_the_end_every_queue_is_left_with_a_goodbye() {
    let (runtime, reading, heard) = slow_broker(&[2, 2]);
    let reach =
        super::Reach { tls: crate::wire::tls::Tls::new(None).unwrap(), public_only: true, names: crate::wire::connect::Names::System };
    let brokers = super::Amqp::new(reach);
    super::lock(&brokers.reading).push(Arc::downgrade(&reading.consumer.handle));
    brokers.leave(runtime.handle());
    assert_eq!(*heard.lock().unwrap(), ["ack 2 and all before", "cancel spanwright", "goodbye"]);
    assert!(reading.consumer.handle.is_over());
}

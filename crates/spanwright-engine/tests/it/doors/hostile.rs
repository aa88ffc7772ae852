//! Requests that are none, that never end, and that two readers would understand in two ways.

use super::*;

#[test]
fn what_is_not_served_is_refused_in_words() {
    let shop = Hostile::start(vec![Answer::status(500)]);
    let trial = project(&[("orders", ORDERS)], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    let check = |line: &str, headers: &[&str], body: &str, status: u16, code: &str| {
        let got = client.ask(line, headers, body);
        assert_eq!((got.status, got.code().as_str()), (status, code), "{line}: {}", got.body);
        assert!(got.head.contains("content-type: application/problem+json"), "{}", got.head);
        got
    };
    check("POST /nothing", &[], "", 404, "R0020");
    assert!(check("GET /orders", &[], "", 405, "R0021").head.contains("allow: post"));
    check("POST /orders", &["content-type: image/png"], "x", 415, "R0023");
    check("POST /orders", &["content-type: application/json"], "{", 400, "R0022");
    check("POST /orders", &["content-type: application/json"], "{}", 400, "R0008");
    assert_eq!(running.state().counters.taken, 0);
    stopped(running);
}

#[test]
fn a_hostile_sender_costs_a_bounded_time_and_memory() {
    let shop = Hostile::start(vec![Answer::status(500)]);
    let trial = project(&[("orders", ORDERS)], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    let check = |bytes: &[u8], expected: &[&str]| {
        let got = client.raw(bytes);
        let status = got.split(' ').nth(1).unwrap_or("closed").to_string();
        assert!(expected.contains(&status.as_str()), "{}: {got}", String::from_utf8_lossy(&bytes[..bytes.len().min(120)]));
    };
    let head = "POST /orders HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n";
    let with = |lines: &str, body: &str| [head.as_bytes(), lines.as_bytes(), b"\r\n\r\n", body.as_bytes()].concat();
    // Oversized: by what it says, and by what it sends.
    check(&with("content-length: 99999999999", ""), &["413"]);
    let chunk = format!("100000\r\n{}\r\n", "x".repeat(0x10_0000)).repeat(11);
    check(&with("transfer-encoding: chunked", &format!("{chunk}0\r\n\r\n")), &["413"]);
    check(&with(&format!("x: {}", "y".repeat(64 << 10)), ""), &["431"]);
    check(&with(&"x: y\r\n".repeat(200), ""), &["431"]);
    // Shapes that smuggle a second request through a proxy.
    check(&with("content-length: 2\r\ncontent-length: 3", "{}"), &["400"]);
    check(&with("transfer-encoding: chunked\r\ntransfer-encoding: identity", "0\r\n\r\n"), &["400"]);
    check(&with("content-length: +2", "{}"), &["400"]);
    check(&with("content-length : 2", "{}"), &["400"]);
    check(&with("transfer-encoding: chunked", "-1\r\n{}\r\n0\r\n\r\n"), &["400"]);
    check(&with("x: a\rb", ""), &["400"]);
    check(b"POST /orders HTTP/1.1\nhost a\n\n", &["400"]);
    check(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", &["400", "closed"]);
    // No host, and two.
    check(b"POST /orders HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}", &["400"]);
    check(&with("host: b\r\ncontent-length: 2", "{}"), &["400"]);
    // Cut inside the body.
    let mut cut = client.open();
    cut.write_all(&with("content-length: 100", "{\"orderId\"")).unwrap();
    drop(cut);
    assert_eq!(client.post("/orders", &[], "{\"orderId\":1}").status, 202, "and everybody else is served");
    until(&running, "that one is taken, and no other", |state| state.counters.taken == 1);
    stopped(running);
}

/// As many as announce bodies of the largest size that are read at once, and some more; of none comes a byte.
#[test]
fn who_announces_much_and_sends_nothing_keeps_nobody_waiting() {
    let shop = Hostile::start(vec![Answer::status(500)]);
    let trial = project(&[("orders", ORDERS)], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    let announce = |n: usize| {
        let length = if n.is_multiple_of(2) { "content-length: 10485760" } else { "transfer-encoding: chunked" };
        let mut stream = client.open();
        write!(stream, "POST /orders HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n{length}\r\n\r\n").unwrap();
        stream
    };
    let open: Vec<_> = (0..60).map(announce).collect();
    let began = std::time::Instant::now();
    assert_eq!(client.post("/orders", &[], "{\"orderId\":1}").status, 202);
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
    drop(open);
    stopped(running);
}

#[test]
fn the_bound_on_a_head_is_kept_to_the_byte_and_said() {
    let shop = Hostile::start(vec![Answer::status(500)]);
    let own = "flow: own\nfrom: { http: GET /own, reply_within: 5s }\nsteps:\n  - { reply: { fields: { own: '1' } }, status: 431 }\n";
    let trial = project(&[("orders", ORDERS), ("own", own)], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    let of_bytes = |bytes: usize| {
        let head = "POST /orders HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 13\r\nx: ";
        let fill = "y".repeat(bytes - head.len() - 4);
        client.raw(format!("{head}{fill}\r\n\r\n{{\"orderId\":1}}").as_bytes())
    };
    const MOST: usize = 32 << 10;
    assert!(of_bytes(MOST).starts_with("HTTP/1.1 202 "));
    for bytes in [MOST + 1, 34 << 10, 40 << 10, 60 << 10, 300 << 10] {
        let got = of_bytes(bytes);
        assert!(got.starts_with("HTTP/1.1 431 ") && got.contains("application/problem+json"), "{bytes}: {got}");
        assert!(got.contains("more than 32768 bytes or 100 headers") && got.contains("\"R0024\""), "{bytes}: {got}");
    }
    let got = client.ask("GET /own", &[], "");
    assert_eq!((got.status, got.body.as_str()), (431, "{\"own\":1}"), "a flow may say so itself");
    stopped(running);
    let kept = spanwright_engine::keep::turned_away(&trial.store_path()).unwrap();
    assert_eq!(kept.iter().map(|kept| kept.status).collect::<Vec<_>>(), [431; 5]);
}

#[test]
fn what_two_readers_may_understand_in_two_ways_is_refused() {
    let shop = Hostile::start(vec![Answer::status(500)]);
    let trial = project(&[("orders", ORDERS)], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    let body = "d\r\n{\"orderId\":1}\r\n0\r\n\r\n";
    let check = |lines: &str, status: u16| {
        let head = format!("POST /orders HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{lines}\r\n\r\n{body}");
        let got = client.raw(head.as_bytes());
        assert!(got.starts_with(&format!("HTTP/1.1 {status} ")), "{lines}: {got}");
        assert_eq!(got.contains("\"R0022\""), status != 202, "{lines}: {got}");
    };
    let json = "content-type: application/json";
    check(&format!("{json}\r\ntransfer-encoding: chunked"), 202);
    check(&format!("{json}\r\ntransfer-encoding: gzip, chunked"), 501);
    check(&format!("{json}\r\ntransfer-encoding: gzip\r\ntransfer-encoding: chunked"), 501);
    check(&format!("{json}\r\ntransfer-encoding: chunked, chunked"), 400);
    check(&format!("{json}\r\ncontent-type: text/xml\r\ntransfer-encoding: chunked"), 400);
    check(&format!("{json}\r\n{json}\r\ntransfer-encoding: chunked"), 202);
    stopped(running);
}

/// What a proxy in front and we could read differently: one request to the one, two to the other.
#[test]
fn no_door_takes_a_request_that_another_reader_would_read_otherwise() {
    let shop = Hostile::start(vec![Answer::status(500)]);
    let paid = "flow: paid\nfrom: { webhook: pay }\nsteps: [ { send: shop.place } ]\n";
    let trial = with_hooks(HOOKS, &[("orders", ORDERS), ("prices", PRICES), ("paid", paid)], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    let inner = "GET /prices/smuggled HTTP/1.1\r\nhost: a\r\n\r\n";
    let shapes = [
        ("two lengths", format!("content-length: 2\r\ncontent-length: {}", inner.len()), inner.to_string()),
        ("two lengths in one line", format!("content-length: 2, {}", inner.len()), inner.to_string()),
        ("length and chunks", "content-length: 5\r\ntransfer-encoding: chunked".into(), format!("0\r\n\r\n{inner}")),
        ("chunks and length", "transfer-encoding: chunked\r\ncontent-length: 5".into(), format!("0\r\n\r\n{inner}")),
        ("chunks that are none", "transfer-encoding: xchunked".into(), inner.to_string()),
        ("chunks not last", "transfer-encoding: chunked, identity".into(), format!("0\r\n\r\n{inner}")),
        ("chunks with a blank before the colon", "transfer-encoding : chunked".into(), format!("0\r\n\r\n{inner}")),
        ("chunks behind a vertical tab", "transfer-encoding:\x0bchunked".into(), format!("0\r\n\r\n{inner}")),
        ("a folded line", format!("x: a\r\n content-length: {}", inner.len()), inner.to_string()),
        ("a folded coding", "transfer-encoding:\r\n chunked".into(), format!("0\r\n\r\n{inner}")),
        ("a line that ends in CR alone", "x: a\rtransfer-encoding: chunked".into(), format!("0\r\n\r\n{inner}")),
        ("a name with a NUL", "x\0: a\r\ncontent-length: 0".into(), inner.to_string()),
        ("a negative length", "content-length: -1".into(), inner.to_string()),
        ("a length in hex", "content-length: 0x2".into(), inner.to_string()),
        ("a length of 2^64 and more", "content-length: 18446744073709551618".into(), inner.to_string()),
        ("a chunk's line that ends in LF alone", "transfer-encoding: chunked".into(), format!("0\n\n{inner}")),
        ("a chunk longer than it says", "transfer-encoding: chunked".into(), format!("2\r\n{{}}xx\r\n0\r\n\r\n{inner}")),
        ("a chunk with a newline in its extension", "transfer-encoding: chunked".into(), format!("2;a\nb\r\n{{}}\r\n0\r\n\r\n{inner}")),
    ];
    for path in ["/orders", "/in/pay"] {
        for (what, lines, body) in &shapes {
            let got = client
                .raw(format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n{lines}\r\n\r\n{body}").as_bytes());
            let answers = got.matches("HTTP/1.1 ").count();
            let refused = ["400", "401", "413", "431"].iter().any(|status| got.starts_with(&format!("HTTP/1.1 {status}")));
            assert!(answers == 1 && refused && !got.contains("smuggled"), "{path}, {what}: {got}");
        }
    }
    assert_eq!(running.state().counters.taken, 0);
    stopped(running);
}

//! Each behaviour does what its name says.

use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use spanwright_world::{Answer, Hostile};

use crate::client::{Heard, call};

fn post(hostile: &Hostile, body: &str) -> std::io::Result<Heard> {
    call(&format!("{}/x", hostile.url()), "POST", &[("X-Trace", "7")], body)
}

#[test]
fn behaviours_are_taken_in_order_and_the_last_goes_on() {
    let hostile = Hostile::start(vec![Answer::retry_after(503, 2), Answer::json(200, "{}")]);
    let statuses: Vec<u16> = (0..3).map(|_| post(&hostile, "").unwrap().status).collect();
    assert_eq!(statuses, [503, 200, 200]);
}

#[test]
fn a_header_of_the_script_is_sent() {
    let hostile = Hostile::start(vec![Answer::retry_after(429, 2)]);
    assert!(post(&hostile, "").unwrap().head.contains("retry-after: 2"));
}

#[test]
fn what_was_received_is_kept() {
    let hostile = Hostile::start(vec![Answer::CutAfterReading]);
    assert!(post(&hostile, "hello").is_err());
    let received = &hostile.received()[0];
    assert_eq!(
        (received.method.as_str(), received.path.as_str(), received.header("x-trace"), received.text()),
        ("POST", "/x", Some("7"), "hello".into())
    );
}

#[test]
fn a_cut_before_reading_keeps_nothing() {
    let hostile = Hostile::start(vec![Answer::CutBeforeReading]);
    assert!(post(&hostile, "hello").is_err());
    assert_eq!((hostile.received().len(), hostile.taken()), (0, 1));
}

#[test]
fn a_hang_answers_nothing() {
    for (answer, received) in [(Answer::HangBeforeReading, 0), (Answer::HangAfterReading, 1)] {
        let hostile = Hostile::start(vec![answer]);
        let error = post(&hostile, "hello").unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
        assert_eq!(hostile.received().len(), received);
    }
}

#[test]
fn an_answer_can_end_in_its_middle() {
    let hostile = Hostile::start(vec![Answer::CutInAnswer(Box::new(Answer::json(200, "{\"a\":1}")), 3)]);
    assert_eq!(post(&hostile, "").unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn a_slow_answer_takes_its_time() {
    let time = Duration::from_millis(60);
    let hostile = Hostile::start(vec![Answer::Slow(Box::new(Answer::status(200)), time)]);
    let begin = Instant::now();
    post(&hostile, "").unwrap();
    assert!(begin.elapsed() >= time);
}

#[test]
fn a_bulk_answer_has_a_result_a_contact() {
    let hostile = Hostile::start(vec![Answer::all_contacts(201)]);
    let body = post(&hostile, r#"{"contacts":[{},{}]}"#).unwrap().body;
    assert_eq!(body.matches("\"status\":201").count(), 2);
}

#[test]
fn a_sign_in_takes_nothing_from_the_script() {
    let hostile = Hostile::start(vec![Answer::status(503)]);
    let heard = call(&format!("{}/oauth/token", hostile.url()), "POST", &[], "grant_type=client_credentials").unwrap();
    assert!(heard.status == 200 && heard.body.contains("access_token"));
    assert_eq!((hostile.taken(), hostile.sign_ins().len()), (0, 1));
}

#[test]
fn a_truncated_envelope_ends_inside_a_customer() {
    let hostile = Hostile::start(vec![Answer::truncated_envelope()]);
    let body = post(&hostile, "").unwrap().body;
    assert!(body.contains("<t:Number>") && !body.contains("</e:Customer>"));
}

#![allow(clippy::unwrap_used)]

use std::io::{BufReader, Read};

use super::*;

const HEAD: &str = r#"<?xml version="1.0"?><s:Envelope xmlns:s="urn:s" a='>"'><s:Header/><s:Body><R xmlns:t="urn:t"><Total>3</Total>"#;
const TAIL: &str = "<Next/></R></s:Body></s:Envelope>";

/// Gives its bytes a few at a time, and then perhaps an error.
struct Drip<'b>(&'b [u8], usize, Option<&'static str>);

impl Read for Drip<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.1.min(into.len()).min(self.0.len());
        if let (0, Some(why)) = (count, self.2) {
            return Err(std::io::Error::other(why));
        }
        into[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

fn cut(body: impl Read, list: &[&str]) -> (Vec<Cut>, Option<BodyFault>) {
    cut_stream(&mut BufReader::with_capacity(7, body), list)
}

fn cut_stream(body: &mut dyn BufRead, list: &[&str]) -> (Vec<Cut>, Option<BodyFault>) {
    let (mut cutter, mut parts) = (Cutter::new(body, list), Vec::new());
    loop {
        match cutter.next() {
            Ok(rest @ Cut::Rest(_)) => {
                parts.push(rest);
                return (parts, None);
            }
            Ok(items) => parts.push(items),
            Err(fault) => return (parts, Some(fault)),
        }
    }
}

fn text(part: &Cut) -> &str {
    let (Cut::Items(bytes) | Cut::Rest(bytes)) = part;
    std::str::from_utf8(bytes).unwrap()
}

/// The parts of a document, whatever the sizes in which it comes.
#[track_caller]
fn check(document: &str, list: &[&str], expected: &[&str]) {
    for size in [1, 3, 1000] {
        let (parts, fault) = cut(Drip(document.as_bytes(), size, None), list);
        assert_eq!((parts.iter().map(text).collect::<Vec<_>>(), fault), (expected.to_vec(), None), "{size} bytes at a time");
    }
}

#[test]
fn items_come_inside_of_the_document_that_is_around_them() {
    let items = r#"<t:I n=">"><t:I/>a<!-- </t:I> --></t:I> <I/><I><![CDATA[</I>]]></I>"#;
    let document = format!("{HEAD}{}{TAIL}", items.replace("<I/>", "\n<I/>"));
    let piece = format!("{HEAD}{}</R></s:Body></s:Envelope>", items.replace("> <", "><"));
    check(&document, &["I"], &[&piece, &format!("{HEAD}{TAIL}")]);
}

#[test]
fn a_list_below_another_element_keeps_what_that_one_declares() {
    let document = format!(r#"{HEAD}<L xmlns:u="urn:1"><u:I/></L><L xmlns:u="urn:2"><u:I/><O></O></L>{TAIL}"#);
    let first = format!(r#"{HEAD}<L xmlns:u="urn:1"><u:I/></L></R></s:Body></s:Envelope>"#);
    let second = format!(r#"{HEAD}<L xmlns:u="urn:1"></L><L xmlns:u="urn:2"><u:I/></L></R></s:Body></s:Envelope>"#);
    let rest = format!(r#"{HEAD}<L xmlns:u="urn:1"></L><L xmlns:u="urn:2"><O></O></L>{TAIL}"#);
    check(&document, &["L", "I"], &[&first, &second, &rest]);
}

#[test]
fn what_is_elsewhere_is_no_item() {
    for document in [
        format!("{HEAD}<O><I/></O>{TAIL}"),
        format!("{HEAD}<O/>{TAIL}").replace("<R", "<s:Fault><I/></s:Fault><R"),
        "<I/>".to_string(),
        "no XML".to_string(),
        String::new(),
    ] {
        check(&document, &["I"], &[&document]);
    }
}

#[test]
fn whole_items_before_a_cut_come_first_and_then_the_fault() {
    let document = format!("{HEAD}<I>1</I><I>2</I><I>3");
    let (parts, fault) = cut(Drip(document.as_bytes(), 5, Some("reset")), &["I"]);
    assert_eq!(parts.iter().map(text).collect::<Vec<_>>(), [format!("{HEAD}<I>1</I><I>2</I></R></s:Body></s:Envelope>")]);
    assert_eq!(fault, Some(BodyFault::Cut(document.len(), "reset".into())));
    // Without an error from the wire the rest is no document, and the reader of it says so.
    let (parts, fault) = cut(document.as_bytes(), &["I"]);
    assert_eq!((parts.len(), text(&parts[1]), fault), (2, HEAD, None));
}

#[test]
fn many_items_come_in_pieces_of_a_bounded_size() {
    let item = format!("<I>{}</I>", "x".repeat(1_000));
    let document = format!("{HEAD}{}{TAIL}", item.repeat(3_000));
    let (parts, fault) = cut(document.as_bytes(), &["I"]);
    let counts: Vec<usize> = parts.iter().map(|part| text(part).matches("<I>").count()).collect();
    assert_eq!((counts.iter().sum::<usize>(), fault), (3_000, None));
    assert!(counts.iter().all(|count| *count <= PIECE_ITEMS_MOST) && counts.len() == 16, "{counts:?}");
}

/// Each piece is written inside of what came before it: with more and more before, pieces must grow as well.
#[test]
fn a_stream_that_grows_around_its_items_is_still_cut_in_linear_time() {
    for (between, lists) in [("<I/><!-- a comment that stays -->", 1), ("<L><I/></L>", LISTS_MOST)] {
        let list: &[&str] = if lists == 1 { &["I"] } else { &["L", "I"] };
        let document = format!("{HEAD}{}{TAIL}", between.repeat(100_000));
        let (parts, fault) = cut_stream(&mut document.as_bytes(), list);
        let bytes: usize = parts.iter().map(|part| text(part).len()).sum();
        let items: usize = parts.iter().map(|part| text(part).matches("<I/>").count()).sum();
        assert_eq!((items, fault), (100_000, None));
        assert!(bytes < document.len() * 8 && parts.len() <= lists + 20, "{} parts of {bytes} bytes", parts.len());
    }
}

#[test]
fn an_item_or_a_rest_without_end_is_refused_before_it_fills_the_memory() {
    let endless = |head: &str, what: &str| cut_stream(&mut head.as_bytes().chain(what.repeat(24 << 20 >> 4).as_bytes()), &["I"]).1;
    assert_eq!(endless(&format!("{HEAD}<I>"), "<a>0123456789</a>"), Some(BodyFault::TooLarge(ITEM_BYTES_MOST)));
    assert_eq!(endless(HEAD, "<a>0123456789</a>"), Some(BodyFault::TooLarge(REST_BYTES_MOST)));
    assert_eq!(endless(&format!("{HEAD}<I a='"), "0123456789abcdef"), Some(BodyFault::TooLarge(ITEM_BYTES_MOST)));
    assert_eq!(endless(&format!("{HEAD}<!--"), "0123456789--abcd"), Some(BodyFault::TooLarge(ITEM_BYTES_MOST)));
}

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use spanwright_core::fact::Moment;
use spanwright_shape::xml::{Event, Reader, Writer};

use super::token::digest;
use super::*;

/// 2010-09-16T07:50:45Z
const NOW: Moment = Moment(1_284_623_445_000_000);

/// The vector of the ONVIF Application Programmer's Guide, section 6.1.1.3.
#[test]
fn the_digest_is_that_of_the_published_vector() {
    let nonce = [0x2c, 0xaa, 0x88, 0xe8, 0x6f, 0xc0, 0x8a, 0x42, 0x82, 0x42, 0xb3, 0x74, 0xce, 0xa6, 0x45, 0x96];
    assert_eq!(digest(&nonce, "2010-09-16T07:50:45Z", "userpassword"), "tuOSpGlFlIXsozq4HFNeeGeFLEI=");
}

fn block(digest: bool, nonce: u8, good_for: Option<Duration>) -> String {
    let mut writer = Writer::new([]);
    let token = Token { user: "u", password: "p ä", digest, nonce: [nonce; 16] };
    super::write(&mut writer, "urn:s", &token, &Stamp { now: NOW, good_for }).unwrap();
    String::from_utf8(writer.finish()).unwrap()
}

fn read(block: &str) -> Security {
    let mut reader = Reader::new(block).unwrap();
    assert!(matches!(reader.read(), Ok(Event::Start(_))));
    Security::read(&mut reader).unwrap()
}

fn judge(block: &str, now: Moment, nonces: &mut Nonces) -> Result<String, Refusal> {
    verify(&read(block), &|user| (user == "u").then(|| "p ä".to_string()), now, nonces)
}

fn later(seconds: u64) -> Moment {
    NOW.after(Duration::from_secs(seconds))
}

#[test]
fn what_we_write_we_let_in_once() {
    for digest in [true, false] {
        let (block, mut nonces) = (block(digest, 7, Some(Duration::from_secs(60))), Nonces::default());
        assert_eq!(judge(&block, later(1), &mut nonces), Ok("u".to_string()), "{block}");
        assert_eq!(judge(&block, later(2), &mut nonces), Err(Refusal::Repeated));
    }
}

#[test]
fn a_clock_that_is_turned_ahead_and_back_makes_no_token_new() {
    let (block, mut nonces) = (block(true, 7, None), Nonces::default());
    assert_eq!(judge(&block, later(1), &mut nonces), Ok("u".to_string()));
    for (nonce, seconds) in [(1, 24 * 3600), (2, 24 * 3600 + 1), (3, 2)] {
        assert!(nonces.take([nonce; 32], later(seconds)), "{nonce}");
    }
    assert_eq!(judge(&block, later(200), &mut nonces), Err(Refusal::Repeated));
    // What no clock lets in any more is forgotten.
    (1..9).for_each(|minutes| assert!(nonces.take([9 + minutes; 32], later(200 + 300 * u64::from(minutes)))));
    assert!(nonces.take([1; 32], later(9_000)));
}

#[test]
fn no_password_goes_out_where_its_digest_does() {
    assert!(block(false, 1, None).contains(">p ä<") && !block(true, 1, None).contains("p ä"));
}

#[test]
fn a_token_is_good_for_the_time_that_clocks_may_differ() {
    let block = block(true, 1, None);
    assert_eq!(judge(&block, later(299), &mut Nonces::default()), Ok("u".to_string()));
    assert_eq!(judge(&block, later(301), &mut Nonces::default()), Err(Refusal::Expired));
    let early = Moment(NOW.0 - 301_000_000);
    assert_eq!(judge(&block, early, &mut Nonces::default()), Err(Refusal::Expired));
}

#[test]
fn who_is_not_known_and_who_has_a_wrong_password_hear_the_same() {
    let good = block(true, 1, None);
    for (from, with) in [(">u<", ">other<"), (">u<", "><"), ("PasswordDigest", "PasswordText")] {
        assert!(good.contains(from));
        assert_eq!(judge(&good.replacen(from, with, 1), NOW, &mut Nonces::default()), Err(Refusal::Failed), "{with}");
    }
    let plain = block(false, 1, None);
    assert_eq!(judge(&plain.replace("p ä", "p a"), NOW, &mut Nonces::default()), Err(Refusal::Failed));
    assert_eq!(judge(&plain.replace(">p ä<", "><"), NOW, &mut Nonces::default()), Err(Refusal::Failed));
}

#[test]
fn a_block_that_means_two_things_or_something_else_is_refused() {
    let good = block(true, 1, None);
    let (token, end) = (good.find("<n1:UsernameToken").unwrap_or_else(|| panic!("{good}")), good.rfind("</").unwrap());
    let twice = format!("{}{}{}", &good[..end], &good[token..end], &good[end..]);
    assert!(matches!(judge(&twice, NOW, &mut Nonces::default()), Err(Refusal::Invalid(_))));
    let signed = good.replacen("<n1:UsernameToken", "<n1:BinarySecurityToken/><n1:UsernameToken", 1);
    assert_eq!(judge(&signed, NOW, &mut Nonces::default()), Err(Refusal::Unsupported));
    for gone in ["Nonce", "Created"] {
        let without = good.replace(gone, "Gone");
        assert!(matches!(judge(&without, NOW, &mut Nonces::default()), Err(Refusal::Invalid(_))), "{gone}");
    }
}

#[test]
fn a_full_memory_of_nonces_lets_nobody_in_until_some_are_forgotten() {
    let mut nonces = Nonces::default();
    for n in 0..NONCES_MOST as u64 {
        let mut print = [0; 32];
        print[..8].copy_from_slice(&n.to_le_bytes());
        assert!(nonces.take(print, NOW));
    }
    assert_eq!(judge(&block(true, 1, None), NOW, &mut nonces), Err(Refusal::Repeated));
    assert!([300, 600, 900].into_iter().all(|seconds| !nonces.take([255; 32], later(seconds))));
    assert!(nonces.take([255; 32], later(901)));
}

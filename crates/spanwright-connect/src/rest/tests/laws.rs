//! What holds for every answer, however it looks.

use proptest::prelude::*;
use spanwright_core::connector::{Reached, Word};

use super::*;

/// Bodies as they come: JSON of all kinds, answers to batches, pages, rubbish, cut ones.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let item = prop_oneof![
        Just(r#"{"sku":"a","status":200}"#),
        Just(r#"{"sku":"b","status":422,"message":"no"}"#),
        Just(r#"{"sku":7,"status":"503"}"#),
        Just(r#"{"status":1e300}"#),
        Just("null"),
        Just("[]"),
    ];
    let batch = prop::collection::vec(item, 0..5).prop_map(|items| format!(r#"{{"results":[{}]}}"#, items.join(",")));
    let text = prop_oneof![batch, Just("<html></html>".to_string()), Just(String::new()), "[\\[\\]{}:,\"a0 ]{0,20}"];
    prop_oneof![
        (text, any::<prop::sample::Index>(), any::<bool>()).prop_map(|(text, cut, whole)| {
            let bytes = text.into_bytes();
            let end = if whole || bytes.is_empty() { bytes.len() } else { cut.index(bytes.len()) };
            bytes[..end].to_vec()
        }),
        prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn headers() -> impl Strategy<Value = Vec<(Arc<str>, Vec<u8>)>> {
    let name = prop_oneof![Just("content-type"), Just("retry-after"), Just("location"), Just("x")];
    let value = prop_oneof!["[ -~]{0,30}".prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 0..20), Just(b"120".to_vec())];
    prop::collection::vec((name.prop_map(Arc::from), value), 0..4)
}

fn systems() -> Vec<(Arc<dyn System>, usize)> {
    let bulk = |matched| operation("putPrices").key("request_id").bulk(500, ".results", matched, ".status");
    let mut all = Vec::new();
    for system in [shop(vec![bulk("")]), shop(vec![bulk(".sku")])] {
        all.extend((0..system.interface().operations.len()).map(|n| (system.clone(), n)));
    }
    all
}

fn bounded(verdict: &Verdict) -> bool {
    let failures = verdict.outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Delivered(_) => None,
        Outcome::Later { why, .. } | Outcome::Unknown(why) | Outcome::Never(why) => Some(why),
    });
    let said = failures.map(|why| &why.says).all(|says| says.chars().count() < 700 && !says.contains(['\n', '\r']));
    let paused = match verdict.system {
        Some(Word::Pause(wait)) => wait <= crate::http::retry_after::RETRY_AFTER_MOST,
        Some(Word::Credentials(_) | Word::Gone(_)) | None => true,
    };
    said && paused
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn every_call_has_one_outcome_and_every_word_a_bound(status in 100u16..600, headers in headers(), body in body(), pick in any::<prop::sample::Index>(), many in 1usize..4) {
        thread_local!(static SYSTEMS: Vec<(Arc<dyn System>, usize)> = systems());
        let (system, operation) = SYSTEMS.with(|systems| systems[pick.index(systems.len())].clone());
        let room = Room::new();
        let many = if system.interface().operations[operation].bulk.is_some() { many } else { 1 };
        let given = [("{}", r#"{"sku":"a"}"#), ("{}", r#"{"sku":"b"}"#), ("{}", "{}")];
        let calls = calls(&given[..many], &room);
        let verdict = system.hear(operation, &calls, Heard::Http { status, headers: &headers, body: &mut &body[..] }, &with(), Answers::Keep);
        prop_assert_eq!(verdict.outcomes.len(), many);
        prop_assert!(bounded(&verdict), "{:?}", verdict);
        // What was not taken is never called delivered, and what was taken is never tried again as if it were not.
        if status >= 300 {
            prop_assert!(!verdict.outcomes.iter().any(|outcome| matches!(outcome, Outcome::Delivered(_))));
        } else if status >= 200 && system.interface().operations[operation].bulk.is_none() {
            prop_assert!(!verdict.outcomes.iter().any(|outcome| matches!(outcome, Outcome::Never(_))));
        }
    }

    #[test]
    fn a_broken_line_is_never_a_refusal(maybe in any::<bool>(), why in "\\PC{0,400}", pick in 0usize..8) {
        thread_local!(static SHOP: Arc<dyn System> = shop(Vec::new()));
        let (system, room) = (SHOP.with(Arc::clone), Room::new());
        let reached = if maybe { Reached::Maybe } else { Reached::No };
        let verdict = system.hear(pick, &calls(&[("{}", "{}")], &room), Heard::Broken { reached, why }, &with(), Answers::Drop);
        prop_assert!(bounded(&verdict));
        let unknown = matches!(verdict.outcomes.as_slice(), [Outcome::Unknown(_)]);
        let later = matches!(verdict.outcomes.as_slice(), [Outcome::Later { .. }]);
        prop_assert_eq!((unknown, later), (maybe, !maybe));
    }
}

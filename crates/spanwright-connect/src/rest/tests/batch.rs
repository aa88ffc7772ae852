use super::*;

/// Three items under one operation: what became of each.
fn check(settings: OperationSettings, answer: Answer<'_>, expected: &[&str]) {
    let verdict = verdict(settings, &answer);
    assert_eq!(verdict.outcomes.iter().map(words).collect::<Vec<_>>(), expected, "{}", answer.body);
    assert!(!verdict.refused_whole);
}

fn verdict(settings: OperationSettings, answer: &Answer<'_>) -> Verdict {
    let (room, name) = (Room::new(), settings.name.text.clone());
    let items = [("{}", r#"{"sku":"a"}"#), ("{}", r#"{"sku":"b"}"#), ("{}", r#"{"sku":"c"}"#)];
    heard(&shop(vec![settings]), &name, &calls(&items, &room), answer, Answers::Keep)
}

fn by_position() -> OperationSettings {
    operation("putPrices").key("request_id").bulk(500, ".results", "", ".status")
}

fn by_id() -> OperationSettings {
    operation("putPrices").key("request_id").bulk(500, ".results", ".sku", ".status")
}

fn by_text() -> OperationSettings {
    let bulk = operation("putPrices").bulk(500, ".results", "", ".state");
    let bulk = bulk.outcome("stored", OutcomeWord::Delivered).outcome("same", OutcomeWord::None);
    bulk.outcome("refused", OutcomeWord::Never).outcome("busy", OutcomeWord::Later)
}

#[test]
fn each_item_has_its_own_outcome() {
    let body = r#"{"results":[{"status":201},{"status":422,"message":"no price"},{"status":503}]}"#;
    let expected = [
        r#"delivered {"status":201}"#,
        "never R2015: shop.putPrices refused this item with 422 Unprocessable Content: no price",
        "later R2016 Message: shop.putPrices put off this item with 503 Service Unavailable",
    ];
    check(by_position(), json_answer(200, body), &expected);
}

/// A `call` of an operation that takes many: its flow reads the whole answer, and is checked against that.
#[test]
fn of_one_call_alone_the_whole_answer_is_kept() {
    let alone = |settings: OperationSettings, body: &str| {
        let (room, system) = (Room::new(), shop(vec![settings]));
        let verdict = heard(&system, "putPrices", &calls(&[("{}", r#"{"sku":"a"}"#)], &room), &json_answer(200, body), Answers::Keep);
        words(&verdict.outcomes[0])
    };
    let body = r#"{"results":[{"status":201}]}"#;
    assert_eq!(alone(by_position(), body), format!("delivered {body}"));
    assert_eq!(alone(by_text(), r#"{"results":[{"state":"same"}]}"#), "delivered null");
    let refused = alone(by_position(), r#"{"results":[{"status":422}]}"#);
    assert_eq!(refused, "never R2015: shop.putPrices refused this item with 422 Unprocessable Content");
}

/// An API that takes back all where one is refused, and answers of each what became of it before that.
#[test]
fn where_all_happen_or_none_one_that_is_refused_takes_back_the_others() {
    let atomic = || {
        let mut settings = by_position();
        settings.bulk.iter_mut().for_each(|bulk| bulk.atomic = true);
        settings
    };
    let answered = |statuses: [u16; 3]| {
        let answers = statuses.map(|status| format!("{{\"status\":{status}}}")).join(",");
        let body = format!("{{\"results\":[{answers}]}}");
        let verdict = verdict(atomic(), &json_answer(200, &body));
        (verdict.outcomes.iter().map(words).collect::<Vec<_>>(), verdict.refused_whole)
    };
    let (words, whole) = answered([201, 422, 201]);
    let refused = "shop.putPrices refused this item with 422 Unprocessable Content";
    let taken_back = format!("never R2015: shop.putPrices: it went with an item that was refused, and all happen or none: {refused}");
    assert_eq!((words, whole), (vec![taken_back.clone(), format!("never R2015: {refused}"), taken_back], true));
    let (words, whole) = answered([201, 503, 201]);
    assert!(whole && words.iter().all(|words| words.starts_with("later R2016")), "{words:?}");
    let (words, whole) = answered([503, 503, 503]);
    assert!(!whole && words.iter().all(|words| words.starts_with("later R2016")), "{words:?}");
    let (words, whole) = answered([201, 999, 422]);
    assert!(!whole && words.iter().all(|words| words.starts_with("unknown R2014")), "{words:?}");
    let (words, whole) = answered([201, 200, 204]);
    assert!(!whole && words.iter().all(|words| words.starts_with("delivered")), "{words:?}");
}

#[test]
fn without_an_outcome_an_answer_says_that_it_happened() {
    let settings = operation("putPrices").bulk(500, ".results", ".sku", "");
    let body = r#"{"results":[{"sku":"c"},{"sku":"a"}]}"#;
    let none = "unknown R2013: shop.putPrices: no answer speaks of this item";
    check(settings, json_answer(200, body), &[r#"delivered {"sku":"a"}"#, none, r#"delivered {"sku":"c"}"#]);
}

#[test]
fn an_outcome_in_words_means_what_is_listed() {
    let body = r#"{"results":[{"state":"stored"},{"state":"same"},{"state":"busy"}]}"#;
    let later = "later R2016 Message: shop.putPrices put off this item with `busy`";
    check(by_text(), json_answer(200, body), &[r#"delivered {"state":"stored"}"#, "delivered null", later]);
    let body = r#"{"results":[{"state":"queued"},{"state":"refused","message":"too old"},{"state":"stored"}]}"#;
    let unknown = "unknown R2014: shop.putPrices: the outcome `queued` is not listed under `outcomes:`";
    let never = "never R2015: shop.putPrices refused this item with `refused`: too old";
    check(by_text(), json_answer(200, body), &[unknown, never, r#"delivered {"state":"stored"}"#]);
}

#[test]
fn by_position_one_answer_too_few_or_too_many_says_nothing() {
    let says = |n: usize| format!("unknown R2013: shop.putPrices: {n} answers came for 3 items, and they are told apart by position");
    check(by_position(), json_answer(200, r#"{"results":[{"status":200},{"status":200}]}"#), &[&*says(2); 3]);
    check(by_position(), json_answer(200, r#"{"results":[{},{},{},{}]}"#), &[&*says(4); 3]);
    check(by_position(), json_answer(200, r#"{"results":[]}"#), &[&*says(0); 3]);
}

#[test]
fn by_id_the_order_does_not_matter_and_two_answers_count_for_none() {
    let body = r#"{"results":[{"sku":"c","status":200},{"sku":"b","status":200},{"sku":"x","status":200},{"sku":"b","status":422}]}"#;
    let expected = [
        "unknown R2013: shop.putPrices: no answer speaks of this item",
        "unknown R2013: shop.putPrices: several answers speak of this item",
        r#"delivered {"sku":"c","status":200}"#,
    ];
    check(by_id(), json_answer(200, body), &expected);
}

#[test]
fn an_answer_of_another_form_says_nothing_of_any_item() {
    let none = "unknown R2014: shop.putPrices: the list of answers is not there";
    check(by_position(), json_answer(200, r#"{"accepted":3}"#), &[none; 3]);
    check(by_position(), json_answer(200, r#"{"results":{"a":1}}"#), &[none; 3]);
    let verdict = verdict(by_position(), &json_answer(200, "[1,2,3]"));
    assert!(verdict.outcomes.iter().all(|outcome| words(outcome).starts_with("unknown R2014: shop.putPrices: ")), "{verdict:?}");
    let html = "unknown R2011: shop.putPrices answered 200 OK with text/html, 6 bytes, which is no JSON (byte 0: a value was expected)";
    check(by_position(), Answer { status: 200, headers: &[("content-type", "text/html")], body: "<html>" }, &[html; 3]);
}

#[test]
fn an_item_whose_outcome_cannot_be_read_is_unknown() {
    let body = r#"{"results":[{"status":7},{"status":null},{"status":{"code":200}}]}"#;
    let expected = [
        "unknown R2014: shop.putPrices: the outcome 7 is no status",
        "unknown R2014: shop.putPrices: the answer about this item has no outcome",
        "unknown R2014: shop.putPrices: the outcome of this item is a record",
    ];
    check(by_position(), json_answer(200, body), &expected);
}

#[test]
fn a_batch_refused_as_a_whole_is_split_where_its_items_are_to_blame() {
    for (status, split) in [(400, true), (409, true), (413, true), (422, true), (404, false), (405, false), (415, false)] {
        let verdict = verdict(by_position(), &json_answer(status, "{}"));
        assert_eq!(verdict.refused_whole, split, "{status}");
        assert!(verdict.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Never(_))));
    }
    let busy = verdict(by_position(), &json_answer(503, "{}"));
    assert!(!busy.refused_whole && busy.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Later { .. })));
}

#[test]
fn the_same_key_at_work_elsewhere_is_waited_for_and_is_no_outage() {
    let verdict = verdict(by_position(), &Answer { headers: &[("retry-after", "7")], ..json_answer(409, "{}") });
    let waits =
        |outcome: &Outcome| matches!(outcome, Outcome::Later { after: Some(_), blame: spanwright_core::connector::Blame::Message, .. });
    assert!(verdict.outcomes.iter().all(waits) && verdict.system.is_none(), "{verdict:?}");
}

#[test]
fn where_nothing_is_said_of_items_the_status_speaks_for_all() {
    check(operation("putStock").bulk(100, "", "", ""), json_answer(204, ""), &["delivered null"; 3]);
}

#[test]
fn a_thousand_items_have_a_thousand_outcomes() {
    let (room, system) = (Room::new(), shop(vec![operation("putPrices").bulk(500, ".results", ".sku", ".status")]));
    let bodies: Vec<String> = (0..500).map(|n| format!(r#"{{"sku":"s{n}"}}"#)).collect();
    let given: Vec<(&str, &str)> = bodies.iter().map(|body| ("{}", body.as_str())).collect();
    let results: Vec<String> = (0..500).rev().map(|n| format!(r#"{{"sku":"s{n}","status":{}}}"#, if n == 7 { 422 } else { 200 })).collect();
    let body = format!(r#"{{"results":[{}]}}"#, results.join(","));
    let verdict = heard(&system, "putPrices", &calls(&given, &room), &json_answer(200, &body), Answers::Drop);
    let refused: Vec<usize> = (0..500).filter(|n| !matches!(verdict.outcomes[*n], Outcome::Delivered(None))).collect();
    assert_eq!(refused, [7]);
}

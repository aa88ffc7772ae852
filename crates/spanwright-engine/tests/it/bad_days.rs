//! Bad input and bad days: a clear message, the right outcome, nothing lost and nothing done twice.

use spanwright_engine::shell::Why;
use spanwright_world::{Answer, Hostile, hostile::Behaviour};

use crate::trial::Trial;

/// How a day between two servers ended.
#[derive(Debug, PartialEq, Eq)]
struct Day {
    ended: u8,
    done: u64,
    dead: Vec<(&'static str, u64)>,
    /// Bulk calls that the CRM took, read or not.
    asked: usize,
}

fn day(erp: Vec<Answer>, crm: Vec<Answer>) -> (Day, Trial) {
    let (erp, crm) = (Hostile::start(erp), Hostile::start(crm));
    day_between(&erp, &crm)
}

fn day_between(erp: &Hostile, crm: &Hostile) -> (Day, Trial) {
    let mut trial = Trial::between(erp, crm);
    trial.edit("systems/crm.yaml", "timeout: 5s", "timeout: 300ms");
    let ended = trial.once();
    let counters = ended.state.counters;
    let dead = counters.dead.iter().map(|(code, count)| (*code, *count)).collect();
    (Day { ended: ended.why.exit_code(), done: counters.done, dead, asked: crm.taken() }, trial)
}

/// The ERP answers so at first, and then well.
fn erp_says(answer: Answer, code: &str) {
    let (day, trial) = day(vec![answer, Answer::customers(2)], vec![Answer::all_contacts(200)]);
    assert_eq!(day, Day { ended: 0, done: 2, dead: vec![], asked: 1 }, "{}", trial.log_text());
    let failed = trial.lines("poll-failed");
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["error.code"], code, "{}", failed[0]);
}

/// The CRM answers so at first, and then well: two customers are done after two calls.
fn crm_says_later(answer: Answer, code: &str) {
    let (day, trial) = day(vec![Answer::customers(2)], vec![answer, Answer::all_contacts(200)]);
    assert_eq!(day, Day { ended: 0, done: 2, dead: vec![], asked: 2 }, "{}", trial.log_text());
    let first = &trial.lines("attempt")[0];
    assert_eq!(first["error.code"], code, "{first}");
}

/// The CRM refuses the call as a whole: it is split, and each of two customers is a dead letter with the reason.
fn crm_says_never(answer: Answer, code: &'static str) {
    let (day, trial) = day(vec![Answer::customers(2)], vec![answer]);
    assert_eq!(day, Day { ended: 0, done: 0, dead: vec![(code, 2)], asked: 3 }, "{}", trial.log_text());
}

#[test]
fn an_erp_that_answers_html_is_asked_again() {
    erp_says(Answer::html_200(), "R3006");
}

#[test]
fn an_erp_that_answers_nothing_is_asked_again() {
    erp_says(Answer::empty_200(), "R3006");
}

#[test]
fn an_erp_whose_envelope_is_cut_is_asked_again() {
    erp_says(Answer::truncated_envelope(), "R3007");
    erp_says(Answer::CutInAnswer(Box::new(Answer::customers(2)), 300), "R2012");
}

#[test]
fn an_erp_with_a_declared_fault_is_asked_again_when_it_says() {
    erp_says(Answer::busy_fault(0), "R3002");
}

#[test]
fn an_erp_that_hangs_up_is_asked_again() {
    erp_says(Answer::CutBeforeReading, "R2010");
    erp_says(Answer::CutAfterReading, "R2010");
}

#[test]
fn an_erp_that_refuses_our_password_is_left_for_a_person() {
    let (day, trial) = day(vec![Answer::status(401)], vec![Answer::all_contacts(200)]);
    assert_eq!((day.ended, day.done, day.asked), (1, 0, 0));
    assert_eq!(trial.lines("credentials-refused").len(), 1, "{}", trial.log_text());
}

#[test]
fn a_crm_that_is_sick_is_waited_for() {
    crm_says_later(Answer::status(500), "R2010");
    crm_says_later(Answer::status(503), "R2006");
    crm_says_later(Answer::retry_after(429, 0), "R2006");
}

#[test]
fn a_crm_that_hangs_up_or_is_silent_is_asked_again_under_the_same_key() {
    for answer in [Answer::CutBeforeReading, Answer::CutAfterReading, Answer::HangBeforeReading, Answer::HangAfterReading] {
        crm_says_later(answer, "R2010");
    }
}

#[test]
fn a_crm_that_says_nothing_of_use_is_asked_again_under_the_same_key() {
    crm_says_later(Answer::not_json(), "R2011");
    crm_says_later(Answer::html_200(), "R2011");
    crm_says_later(Answer::CutInAnswer(Box::new(Answer::json(200, r#"{"results":[]}"#)), 5), "R2012");
}

#[test]
fn a_crm_that_is_still_at_the_same_key_is_asked_again() {
    crm_says_later(Answer::problem(409, "in progress").with("retry-after", "1"), "R2006");
}

#[test]
fn a_crm_that_refuses_is_believed() {
    crm_says_never(Answer::problem(400, "no"), "R2005");
    crm_says_never(Answer::problem(422, "no"), "R2005");
}

#[test]
fn one_bad_contact_does_not_take_the_others_with_it() {
    for status in [409, 422] {
        one_contact_is_refused(status);
    }
}

fn one_contact_is_refused(status: u16) {
    let picky = Answer::By(std::sync::Arc::new(move |received| match received.text().contains("ERP-100002") {
        true => Answer::problem(status, "one of them"),
        false => match Answer::all_contacts(200) {
            Answer::By(answer) => answer(received),
            other => other,
        },
    }));
    let (day, trial) = day(vec![Answer::customers(5)], vec![picky]);
    assert_eq!((day.ended, day.done, day.dead.iter().map(|(_, count)| count).sum::<u64>()), (0, 4, 1), "{}", trial.log_text());
    assert!(!trial.lines("batch-split").is_empty());
}

#[test]
fn a_token_that_ran_out_costs_no_try() {
    let erp = Hostile::start(vec![Answer::customers(2)]);
    let crm = Hostile::start(vec![Answer::all_contacts(200), Answer::status(401), Answer::all_contacts(200)]);
    let mut trial = Trial::between(&erp, &crm);
    trial.edit("flows/customers.yaml", "most: 500", "most: 1");
    trial.edit("systems/crm.yaml", "concurrency: 4", "concurrency: 1");
    let ended = trial.once();
    assert_eq!((ended.why, ended.state.counters.done, crm.taken(), crm.sign_ins().len()), (Why::Drained, 2, 3, 2));
    assert!(trial.lines("attempt").iter().all(|line| line["event.outcome"] == "success"), "{}", trial.log_text());
}

#[test]
fn credentials_that_are_refused_are_left_for_a_person_and_no_message_is_dead() {
    let sign_in = vec![Answer::json(401, r#"{"error":"invalid_client"}"#)];
    let erp = Hostile::start(vec![Answer::customers(2)]);
    let crm = Hostile::start_with(Behaviour { script: vec![Answer::all_contacts(200)], sign_in });
    let (day, trial) = day_between(&erp, &crm);
    assert_eq!(day, Day { ended: 1, done: 0, dead: vec![], asked: 0 }, "{}", trial.log_text());
    let well = Hostile::start(vec![Answer::all_contacts(200)]);
    let mut trial = trial;
    trial.variables.insert("CRM_URL".into(), well.url());
    assert_eq!(trial.once().state.counters.done, 2, "and they go on when a person has acted");
}

#[test]
fn a_missing_variable_holds_the_system_and_is_named() {
    let (erp, crm) = (Hostile::start(vec![Answer::customers(1)]), Hostile::start(vec![Answer::all_contacts(200)]));
    let mut trial = Trial::between(&erp, &crm);
    trial.variables.remove("CRM_SECRET");
    let ended = trial.once();
    assert_eq!((ended.why.exit_code(), ended.state.counters.dead_letters()), (1, 0));
    assert!(ended.why.to_string().contains("CRM_SECRET"), "{}", ended.why);
}

#[test]
fn a_system_that_is_not_there_is_waited_for_and_spends_nothing() {
    let (erp, crm) = (Hostile::start(vec![Answer::customers(2)]), Hostile::start(vec![Answer::all_contacts(200)]));
    let mut trial = Trial::between(&erp, &crm);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    trial.variables.insert("CRM_URL".into(), format!("http://{free}"));
    let running = trial.start(false);
    crate::trial::until(&running, "the CRM is held", |state| !state.standing.held.is_empty());
    running.stop();
    assert_eq!(crate::trial::wait(running).state.counters.dead_letters(), 0);
    trial.variables.insert("CRM_URL".into(), crm.url());
    assert_eq!(trial.once().state.counters.done, 2);
}

/// A page of two customers, in the first of which an element says something else.
fn page_with(element: &str, value: &str) -> Answer {
    let mut page = spanwright_world::erp::envelope_of(2);
    let (open, close) = (format!("<t:{element}>"), format!("</t:{element}>"));
    let from = page.find(&open).unwrap() + open.len();
    let to = from + page[from..].find(&close).unwrap();
    page.replace_range(from..to, value);
    Answer::xml(200, &page)
}

/// The first of two customers is a dead letter with this code, and is never sent; the second is done.
fn a_bad_record(element: &str, value: &str, code: &'static str) {
    let (day, trial) = day(vec![page_with(element, value)], vec![Answer::all_contacts(200)]);
    assert_eq!(day, Day { ended: 0, done: 1, dead: vec![(code, 1)], asked: 1 }, "{}", trial.log_text());
    let reason = &trial.dead()[0].reason;
    assert!(reason.to_lowercase().contains(&element.to_lowercase()), "{reason}");
    assert!(value.is_empty() || !reason.contains(value), "the reason shows the value: {reason}");
}

#[test]
fn a_record_that_breaks_its_schema_is_a_dead_letter_and_the_others_go_on() {
    a_bad_record("Status", "SLEEPING-BEAUTY", "R1008");
    a_bad_record("Blocked", "perhaps", "R0003");
    a_bad_record("ChangedAt", "2026-02-30T00:00:00", "R1004");
}

#[test]
fn a_value_too_large_is_a_dead_letter_and_the_others_go_on() {
    a_bad_record("LedgerId", "99999999999999999999", "R0003");
    a_bad_record("City", &"x".repeat(5_000), "R1009");
}

#[test]
fn an_erp_that_answers_no_end_is_cut_off_and_the_round_is_given_up() {
    // The next answer to the same question would be as large: it is told, and asked again when the source is due.
    let endless = Answer::xml(200, &" ".repeat(spanwright_engine::wire::ANSWER_BYTES_MOST + 1));
    let (day, trial) = day(vec![endless, Answer::customers(2)], vec![Answer::all_contacts(200)]);
    assert_eq!(day, Day { ended: 1, done: 0, dead: vec![], asked: 0 }, "{}", trial.log_text());
    assert_eq!(trial.lines("poll-failed")[0]["error.code"], "R2012");
}

//! The ERP and the CRM by their contracts, and their scripts.

use spanwright_world::{Crm, CrmScript, CrmSettings, Dead, Erp, ErpScript, ErpSettings, Refusal, World, WorldSettings, erp::ERP_PATH};

use crate::client::{Heard, call};

const BASIC: (&str, &str) = ("Authorization", "Basic Y3JtLXN5bmM6b3BlbiBzZXNhbWU=");

fn list(erp: &Erp, since: &str, token: &str) -> Heard {
    call(&erp.url, "POST", &[BASIC], &envelope(since, token)).unwrap()
}

fn envelope(since: &str, token: &str) -> String {
    let token = if token.is_empty() { String::new() } else { format!("<PageToken>{token}</PageToken>") };
    format!(
        "<Envelope xmlns='http://schemas.xmlsoap.org/soap/envelope/'><Body><ListCustomers xmlns='urn:example:erp:v2'><ChangedSince>{since}</ChangedSince>{token}</ListCustomers></Body></Envelope>"
    )
}

fn next(body: &str) -> Option<&str> {
    body.split_once("<e:NextPageToken>")?.1.split_once('<').map(|(token, _)| token)
}

/// All pages of a poll.
fn poll(erp: &Erp, since: &str) -> Vec<String> {
    let mut pages = vec![list(erp, since, "").body];
    while let Some(token) = next(pages.last().unwrap()).map(str::to_owned) {
        pages.push(list(erp, since, &token).body);
    }
    pages
}

fn erp(script: ErpScript) -> (Erp, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let erp = Erp::start(ErpSettings { page_size: 10, script, ..ErpSettings::quiet(folder.path(), 25) }).unwrap();
    (erp, folder)
}

fn crm(script: CrmScript, refusal: Refusal) -> (Crm, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let settings = CrmSettings { refusal, keeps_contacts: true, script, ..CrmSettings::quiet(folder.path()) };
    (Crm::start(settings).unwrap(), folder)
}

fn sign_in(crm: &Crm) -> String {
    let form = "grant_type=client_credentials&client_id=erp-sync&client_secret=s3cret%2Fwith%2Bodd%3Dsigns%26more";
    let body = call(&format!("{}/oauth/token", crm.url), "POST", &[], form).unwrap().body;
    let token: serde_json::Value = serde_json::from_str(&body).unwrap();
    format!("Bearer {}", token["access_token"].as_str().unwrap())
}

fn upsert(crm: &Crm, token: &str, key: &str, body: &str) -> std::io::Result<Heard> {
    call(&format!("{}/v1/contacts/bulk-upsert", crm.url), "POST", &[("Authorization", token), ("Idempotency-Key", key)], body)
}

/// A contact that the CRM takes, and one without e-mail.
fn contacts() -> [String; 2] {
    let mut lines = include_str!("../../../../tests/example/contacts.jsonl").lines().map(str::to_owned);
    [lines.next().unwrap(), lines.next().unwrap()]
}

fn body(contacts: &[String]) -> String {
    format!(r#"{{"contacts":[{}]}}"#, contacts.join(","))
}

const KEY: &str = "key-of-sixteen-or-more";

#[test]
fn a_poll_has_all_customers_in_pages() {
    let (erp, _folder) = erp(ErpScript::default());
    let pages = poll(&erp, "2026-01-01T00:00:00");
    assert_eq!(pages.iter().map(|page| page.matches("<e:Customer ").count()).collect::<Vec<_>>(), [10, 10, 5]);
}

#[test]
fn only_what_changed_since_then_is_served() {
    let (erp, _folder) = erp(ErpScript::default());
    assert_eq!(poll(&erp, "2026-01-01T04:08:00").concat().matches("<e:Customer ").count(), 1);
    erp.change(3);
    assert_eq!(poll(&erp, "2026-01-01T04:08:00").concat().matches("<e:Customer ").count(), 2);
}

#[test]
fn a_wrong_password_is_401() {
    let (erp, _folder) = erp(ErpScript::default());
    assert_eq!(call(&erp.url, "POST", &[("Authorization", "Basic eDp5")], &envelope("x", "")).unwrap().status, 401);
    assert!(erp.url.ends_with(ERP_PATH));
}

#[test]
fn the_busy_call_is_a_declared_fault_and_then_works() {
    let (erp, _folder) = erp(ErpScript { busy_at_call: Some(1), busy_seconds: 3, ..ErpScript::default() });
    let first = list(&erp, "2026-01-01T00:00:00", "");
    assert!(first.status == 500 && first.body.contains("<e:RetryAfterSeconds>3</e:RetryAfterSeconds>"));
    assert_eq!(list(&erp, "2026-01-01T00:00:00", "").status, 200);
}

#[test]
fn an_envelope_that_is_none_is_a_client_fault() {
    let (erp, _folder) = erp(ErpScript::default());
    let heard = call(&erp.url, "POST", &[BASIC], "<html/>").unwrap();
    assert!(heard.status == 500 && heard.body.contains("soapenv:Client"));
}

#[test]
fn each_contact_gets_its_own_answer() {
    let (crm, _folder) = crm(CrmScript::default(), Refusal::PerContact);
    let heard = upsert(&crm, &sign_in(&crm), KEY, &body(&contacts())).unwrap();
    let results: serde_json::Value = serde_json::from_str(&heard.body).unwrap();
    assert_eq!((heard.status, &results["results"][0]["status"], &results["results"][1]["status"]), (200, &201.into(), &422.into()));
    assert_eq!(crm.contacts(), 1);
}

#[test]
fn a_whole_call_can_be_refused_for_one_contact() {
    let (crm, _folder) = crm(CrmScript::default(), Refusal::WholeCall);
    let heard = upsert(&crm, &sign_in(&crm), KEY, &body(&contacts())).unwrap();
    assert!(heard.status == 422 && heard.body.contains("contacts[1].email"), "{heard:?}");
    assert_eq!(crm.contacts(), 0);
}

#[test]
fn the_same_key_is_answered_from_memory_and_another_body_is_refused() {
    let (crm, folder) = crm(CrmScript::default(), Refusal::PerContact);
    let (token, [good, bad]) = (sign_in(&crm), contacts());
    let first = upsert(&crm, &token, KEY, &body(std::slice::from_ref(&good))).unwrap();
    assert_eq!(upsert(&crm, &token, KEY, &body(&[good])).unwrap().body, first.body);
    assert_eq!(upsert(&crm, &token, KEY, &body(&[bad])).unwrap().status, 422);
    crm.stop();
    let ledger = std::fs::read_to_string(folder.path().join("crm.jsonl")).unwrap();
    assert_eq!((ledger.matches("\"applied\"").count(), ledger.matches("\"stored\"").count()), (1, 1));
}

#[test]
fn an_update_and_a_repetition_are_told_apart() {
    let (crm, _folder) = crm(CrmScript::default(), Refusal::PerContact);
    let (token, [good, _]) = (sign_in(&crm), contacts());
    let changed = good.replace("Jürgen", "Georg");
    let outcomes: Vec<_> = [&good, &good, &changed]
        .iter()
        .enumerate()
        .map(|(n, contact)| upsert(&crm, &token, &format!("{KEY}{n}"), &body(&[(*contact).clone()])).unwrap().body)
        .collect();
    let expected = ["created", "unchanged", "updated"];
    assert!(outcomes.iter().zip(expected).all(|(body, outcome)| body.contains(outcome)), "{outcomes:?}");
}

#[test]
fn a_contact_can_be_asked_for() {
    let (crm, _folder) = crm(CrmScript::default(), Refusal::PerContact);
    let (token, [good, _]) = (sign_in(&crm), contacts());
    upsert(&crm, &token, KEY, &body(std::slice::from_ref(&good))).unwrap();
    let get = |id: &str| call(&format!("{}/v1/contacts/{id}", crm.url), "GET", &[("Authorization", &token)], "").unwrap();
    assert_eq!((get("ERP-100001").body, get("ERP-1").status), (good, 404));
}

#[test]
fn a_cut_call_is_applied_and_its_repetition_is_answered_from_memory() {
    let (crm, folder) = crm(CrmScript { cut_at_call: Some(1), ..CrmScript::default() }, Refusal::PerContact);
    let (token, [good, _]) = (sign_in(&crm), contacts());
    assert!(upsert(&crm, &token, KEY, &body(std::slice::from_ref(&good))).is_err());
    assert_eq!(crm.contacts(), 1);
    assert_eq!(upsert(&crm, &token, KEY, &body(&[good])).unwrap().status, 200);
    crm.stop();
    assert!(std::fs::read_to_string(folder.path().join("crm.jsonl")).unwrap().contains("\"what\":\"cut\""));
}

#[test]
fn after_an_outage_it_is_limited_and_has_forgotten_the_tokens() {
    let (crm, _folder) = crm(CrmScript { away_at_call: Some(1), limited_calls: 1, ..CrmScript::default() }, Refusal::PerContact);
    let (token, [good, _]) = (sign_in(&crm), contacts());
    let body = body(&[good]);
    let statuses: Vec<_> = (0..3).map(|_| upsert(&crm, &token, KEY, &body).unwrap().status).collect();
    assert_eq!(statuses, [503, 429, 401]);
    assert_eq!(upsert(&crm, &sign_in(&crm), KEY, &body).unwrap().status, 200);
}

#[test]
fn one_customer_changes_twice_while_the_crm_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = WorldSettings::lively(folder.path(), 10);
    settings.erp.script.busy_at_call = None;
    settings.crm.script = CrmScript { away_at_call: Some(1), ..CrmScript::default() };
    let world = World::start(settings).unwrap();
    let (token, body) = (sign_in(&world.crm), body(&contacts()));
    poll(&world.erp, "2026-01-01T00:00:00");
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(upsert(&world.crm, &token, KEY, &body).unwrap().status);
        poll(&world.erp, "2026-01-01T00:00:00");
    }
    assert_eq!(statuses, [503, 503, 401, 401], "it stays away until the second change was served");
    let tally = world.tally(&[Dead { key: "100001".into(), reason: String::new() }]).unwrap();
    assert_eq!((tally.customers, tally.taken, tally.lost.len()), (10, 12, 9));
}

#[test]
fn the_variables_lead_to_the_world() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(WorldSettings::quiet(folder.path(), 1)).unwrap();
    let names: Vec<_> = world.variables().iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["ERP_URL", "CRM_URL", "ERP_USER", "ERP_PASSWORD", "CRM_ID", "CRM_SECRET"]);
}

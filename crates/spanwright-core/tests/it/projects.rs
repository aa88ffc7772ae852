//! A small project, and what becomes of it when one or two of its files are written otherwise.
//!
//! `projects/NAME.files` has files that replace those of `projects/whole.files`, each behind a line `=== path` (without
//! content: the file is gone); `NAME.txt` beside it is what a person sees. `UPDATE=1 cargo test` rewrites it.

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use spanwright_core::{
    connector::Connector,
    plan::{Body, BreakerPolicy, EffectPlan, IfDead, InOrder, OrderBy, PauseAfter, Plan, Policy, StepKind, WhenDead},
    project,
    settings::{Limits, Rate},
};
use spanwright_shape::text::{
    Bundle, Problems,
    render::{self, Look},
};

use crate::toy;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/projects")
}

fn files(name: &str) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(folder().join(format!("{name}.files"))).unwrap();
    let mut files = BTreeMap::new();
    for part in text.split("=== ").skip(1) {
        let (path, content) = part.split_once('\n').unwrap();
        files.insert(path.to_string(), content.to_string());
    }
    files
}

fn bundle(name: &str) -> Bundle {
    let mut all = files("whole");
    if name != "whole" {
        all.extend(files(name));
    }
    Bundle::new(all.into_iter().filter(|(_, content)| !content.is_empty()).map(|(path, content)| (path, content.into_bytes())))
}

fn check_as(name: &str, environment: Option<&str>) -> (Option<Plan>, String) {
    let (bundle, mut problems) = (bundle(name), Problems::new());
    let connectors: [&dyn Connector; 2] = [&toy::SOAP, &toy::REST];
    let plan = project::check(&bundle, &connectors, environment, &mut problems);
    (plan, render::human(&problems, &bundle, Look::Plain))
}

/// What is said of a project that is refused is what stands in the file beside it.
fn check(name: &str) {
    assert!(told(name).is_none(), "{name} is refused");
}

fn told(name: &str) -> Option<Plan> {
    let (plan, text) = check_as(name, None);
    let beside = folder().join(format!("{name}.txt"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&beside, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(&beside).unwrap_or_default(), "{}", beside.display());
    plan
}

#[test]
fn steps_without_a_way_back_are_told_and_may_be() {
    assert!(told("steps_without_a_way_back").is_some());
}

fn whole() -> Plan {
    let (plan, text) = check_as("whole", None);
    plan.unwrap_or_else(|| panic!("{text}"))
}

#[test]
fn a_whole_project_is_a_plan_without_a_word() {
    let (plan, text) = check_as("whole", None);
    assert_eq!(text, "");
    assert!(plan.is_some());
}

#[test]
fn the_plan_says_what_the_files_say() {
    let plan = whole();
    let (_, flow) = plan.flow("customers").unwrap();
    let source = flow.source.as_ref().unwrap();
    let poll = source.poll().unwrap();
    assert_eq!((&*plan.project, &*source.name, poll.every.as_secs()), ("shop", "customers.source", 60));
    assert_eq!(
        poll.cursor.as_ref().map(|cursor| (&*cursor.into, &cursor.start[..])),
        Some(("ChangedSince", &b"\"2026-01-01T00:00:00\""[..]))
    );
    let names: Vec<&str> = flow.steps.iter().map(|step| &*step.name).collect();
    assert_eq!(names, ["only", "look", "map-customer-to-contact", "send-crm.upsertContacts"]);
    let send = flow.effects.iter().find(|effect| &*effect.node == "send-crm.upsertContacts").unwrap();
    assert_eq!(&*send.queue, "customers.send-crm.upsertContacts");
    assert!(send.in_order && send.unchanged && matches!(send.body, Body::Whole));
    assert_eq!(send.batch.as_ref().map(|batch| (batch.most, batch.wait.as_millis())), Some((500, 2_000)));
    assert_eq!(send.policy.tries, 3, "the step's own retry");
    assert_eq!(send.policy.first.as_millis(), 250, "the system's");
    assert_eq!(send.policy.longest.as_secs(), 60, "the project's");
    assert!(matches!(flow.steps[1].kind, StepKind::Call(0)));
    assert_eq!(flow.effects[0].saved_as.as_deref(), Some("contact"));
}

/// Each word of `limits`, `breaker`, `retry`, `batch`, `in_order` and `newest_only`: one that is read wrongly would do nothing.
#[test]
fn each_word_about_delivery_is_in_the_plan() {
    let (plan, text) = check_as("words_of_delivery", None);
    let plan = plan.unwrap_or_else(|| panic!("{text}"));
    let crm = plan.systems.iter().find(|system| &*system.name == "crm").unwrap();
    let second = Duration::from_secs;
    let limits = Limits {
        rate: Some(Rate { most: 20, per: second(1) }),
        burst: 7,
        per_day: Some(10_000),
        learn: true,
        concurrency: 3,
        timeout: second(4),
        closed: crm.limits.closed.clone(),
        zone: None,
    };
    assert_eq!((&crm.limits, crm.limits.closed.len()), (&limits, 1));
    let breaker = BreakerPolicy {
        failures_percent: 40,
        of: 20,
        within: Some(second(60)),
        slow: second(5),
        slow_percent: 80,
        hold: second(31),
        longest: second(540),
        probes: 4,
    };
    assert_eq!(crm.breaker, breaker);
    let retry = Policy {
        tries: 6,
        first: Duration::from_millis(250),
        factor_percent: 300,
        longest: second(120),
        give_up_after: second(2 * 86_400),
    };
    let (_, flow) = plan.flow("customers").unwrap();
    let [newest, each] = &flow.effects[..] else { panic!("two sends") };
    assert_eq!((&newest.policy, &each.policy), (&retry, &retry));
    assert_eq!(flow.in_order, Some(InOrder { by: OrderBy::Key, when_dead: WhenDead::Skip }));
    assert_eq!(flow.pause_after, Some(PauseAfter { dead: 20, within: second(300) }));
    assert_eq!((newest.newest_only, each.newest_only), (true, false), "a polled record is a state");
    let bounds = |effect: &EffectPlan| effect.batch.as_ref().map(|batch| (batch.most, batch.bytes, batch.wait));
    assert_eq!(bounds(newest), Some((500, 64 << 10, second(2))));
    assert_eq!(bounds(each).map(|(most, bytes, _)| (most, bytes)), Some((500, 1 << 20)), "the operation's bytes");
}

#[test]
fn an_environment_gives_values_and_switches_flows_off() {
    let (plan, text) = check_as("whole", Some("staging"));
    let plan = plan.unwrap_or_else(|| panic!("{text}"));
    assert!(plan.flow("customers").is_none());
    let crm = plan.systems.iter().find(|system| &*system.name == "crm").unwrap();
    assert_eq!(crm.limits.rate.map(|rate| rate.most), Some(2));
    assert_eq!(plan.vars.get("REGION").cloned().flatten().as_deref(), Some("north"));
    assert!(!plan.vars.contains_key("ERP_PASSWORD"), "a secret is seen by no expression");
}

#[test]
fn an_environment_that_is_not_there_is_told() {
    let (plan, text) = check_as("whole", Some("stagin"));
    assert!(plan.is_none() && text.contains("error[P0307]") && text.contains("did you mean `staging`?"), "{text}");
}

#[test]
fn clocks_and_handing_over_are_checked() {
    check("clocks_and_handing_over");
}

#[test]
fn the_hash_is_of_the_files_alone() {
    let (one, other) = (whole(), check_as("whole", Some("staging")).0.unwrap());
    assert_eq!(one.hash, other.hash);
    assert_ne!(project::hash(&bundle("whole")), project::hash(&bundle("unparsable")));
}

macro_rules! refused {
    ($($name:ident)*) => { $( #[test] fn $name() { check(stringify!($name)); } )* };
}

refused! {
    unparsable
    three_mistakes_in_one_block
    a_literal_secret
    undeclared_variables
    secrets_that_would_not_stay_so
    a_schema_that_is_not_there
    names_that_lead_nowhere
    what_is_not_built_yet
    dead_letters_that_go_round
    steps_of_one_name
    files_that_nobody_reads
    pages_of_calls
    heads_of_answers
    parameters
    what_may_not_be_done
    what_may_not_be_read
    routes
    settings_that_cannot_work
    no_project
    zones_and_polls
    polls_that_ask_too_often
    a_map_that_reads_what_is_not_there
    keys_and_lists
    bodies
    sagas
}

#[test]
fn where_the_parameters_are_the_fields_of_the_body_one_of_both_says_it_all() {
    let (plan, text) = check_as("parameters_that_are_the_body", None);
    let plan = plan.unwrap_or_else(|| panic!("{text}"));
    let effects = &plan.flow("customers").unwrap().1.effects;
    assert!(matches!((&effects[0].with, &effects[0].body), (Some(_), Body::None)));
    assert!(matches!((&effects[1].with, &effects[1].body), (None, Body::Map(_))));
}

#[test]
fn a_saga_is_what_its_files_say() {
    let (plan, text) = check_as("a_saga", None);
    let plan = plan.unwrap_or_else(|| panic!("{text}"));
    let (_, flow) = plan.flow("customers").unwrap();
    let one = &flow.effects[0];
    let (undo, question) = (one.undo.as_ref().unwrap(), one.if_unknown.as_ref().unwrap());
    assert_eq!((&*undo.node, &*undo.queue, &*question.ask.queue), ("one", "customers.one.undo", "customers.one.ask"));
    assert_eq!(
        (one.repeat, question.wait.as_secs()),
        (spanwright_core::interface::Repeat::Never, 5),
        "what is asked about is never simply repeated"
    );
    assert_eq!((one.timeout.map(|timeout| timeout.as_secs()), one.outcomes.len()), (Some(3), 1));
    assert!(flow.effects[1].pivot && flow.effects[1].again.as_ref().is_some_and(|again| again.every.as_secs() == 10));
    assert!(matches!(flow.effects[2].if_dead, IfDead::Discard));
    assert!(matches!(&flow.if_dead, IfDead::Steps(steps) if steps.len() == 1));
}

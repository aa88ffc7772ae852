//! What a new project means for what its sources have read: the journal knows a source by the name of its flow, and what came
//! before by what `once` and `key` gave of it. Where either is another one today, all of the past is new.

use std::sync::Arc;

use spanwright_map::Program;

use super::{Notice, Standing};
use crate::{
    fact::PlanId,
    plan::{Flow, Plan, Source},
};

/// What the source of a flow has left in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// Its flow.
    pub flow: Arc<str>,
    /// The plan of its newest message; `None` where none of it is kept.
    pub plan: Option<PlanId>,
    /// How far it has read: JSON.
    pub cursor: Option<Arc<[u8]>>,
}

/// What today's plan means for what its sources have read and for what a replay can tell of it. `then` gives an older plan; `None`: it
/// cannot be built, or differs in nothing that is looked at here.
pub fn of_sources(
    today: &Plan,
    today_id: Option<PlanId>,
    (standing, pasts): (&[Standing], &[Past]),
    then: impl Fn(PlanId) -> Option<Arc<Plan>>,
) -> Vec<Notice> {
    let then = |id: PlanId| then(id).filter(|_| Some(id) != today_id);
    let mut notices = Vec::new();
    for past in pasts {
        let Some(then) = past.plan.and_then(then) else { continue };
        match today.flow(&past.flow) {
            None => begin_anew(today, &then, past, pasts, &mut notices),
            Some((_, flow)) => notices.extend(taken_again(flow, &then)),
        }
    }
    for Standing { plan, flow, stopped, .. } in standing.iter().filter(|standing| standing.stopped > 0) {
        let what = then(*plan).and_then(|then| otherwise_named(today.flow(flow)?.1, &then));
        notices.extend(what.map(|what| Notice::OtherNames { flow: flow.clone(), stopped: *stopped, what }));
    }
    notices.dedup();
    notices
}

/// Flows that today's plan may have in the place of one that is gone: they would read all of it once more.
pub fn may_begin_anew<'p>(today: &'p Plan, pasts: &'p [Past]) -> impl Iterator<Item = &'p Flow> {
    let is_new = |flow: &&Flow| place_of(today, flow).is_some() && !pasts.iter().any(|past| past.flow == flow.name);
    today.flows.iter().filter(is_new)
}

fn begin_anew(today: &Plan, then: &Plan, past: &Past, pasts: &[Past], notices: &mut Vec<Notice>) {
    let Some(place) = then.flow(&past.flow).and_then(|(_, flow)| place_of(then, flow)) else { return };
    for flow in may_begin_anew(today, pasts).filter(|flow| place_of(today, flow) == Some(place)) {
        notices.push(Notice::Anew { flow: flow.name.clone(), was: past.flow.clone(), cursor: past.cursor.clone() });
    }
}

/// System and operation that are polled. Files that were read lie elsewhere, and a queue has what was taken no more.
fn place_of<'p>(plan: &'p Plan, flow: &Flow) -> Option<(&'p str, &'p str)> {
    let poll = flow.source.as_ref()?.poll().filter(|poll| poll.files.is_none() && poll.queue.is_none())?;
    let system = &plan.systems[poll.system];
    Some((&system.name, &system.system.interface().operations[poll.operation].name))
}

/// What comes again is known by `once`; a record that is polled by `key`, where it has no `once`.
fn taken_again(today: &Flow, then: &Plan) -> Option<Notice> {
    let (now, then) = sources(today, then)?;
    let what = if differ(&then.once, &now.once) {
        "once"
    } else if now.once.is_none() && now.poll().is_some() && !now.reads_queue() && differ(&then.key, &now.key) {
        "key"
    } else {
        return None;
    };
    Some(Notice::TakenAgain { flow: today.name.clone(), what })
}

/// What a replay looks for newer states by, and which says otherwise today. Without a `key` the event is the record.
pub fn otherwise_named(today: &Flow, then: &Plan) -> Option<&'static str> {
    let (now, then) = sources(today, then)?;
    let by_once = then.key.is_none() || now.key.is_none();
    match (differ(&then.key, &now.key), differ(&then.once, &now.once) && by_once, differ(&then.version, &now.version)) {
        (true, ..) => Some("key"),
        (_, true, _) => Some("once"),
        (.., true) => Some("version"),
        _ => None,
    }
}

fn sources<'p>(today: &'p Flow, then: &'p Plan) -> Option<(&'p Source, &'p Source)> {
    Some((today.source.as_ref()?, then.flow(&today.name)?.1.source.as_ref()?))
}

fn differ(then: &Option<Program>, today: &Option<Program>) -> bool {
    then.as_ref().map(Program::text) != today.as_ref().map(Program::text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;
    use crate::{desk::stage, plan::Poll, plan::SourceKind};

    /// A flow of this name that polls a list.
    fn polls(flow: &str, change: impl FnOnce(&mut Source)) -> Plan {
        let mut plan = stage::plan();
        plan.flows[0].name = flow.into();
        let poll = Poll {
            system: 0,
            operation: 0,
            every: Duration::from_secs(60),
            with: None,
            pages: None,
            each: Program::of(".items"),
            cursor: None,
            files: None,
            queue: None,
        };
        let source = plan.flows[0].source.as_mut().unwrap();
        (source.kind, source.key) = (SourceKind::Poll(Box::new(poll)), Program::of(".id"));
        change(source);
        plan
    }

    fn past(flow: &str) -> Past {
        Past { flow: flow.into(), plan: Some(PlanId(1)), cursor: Some((*b"17").into()) }
    }

    /// Plan 1 was there before this one, and left this.
    fn said(then: impl Fn() -> Plan, today: &Plan, pasts: &[Past], stopped: u64) -> Vec<String> {
        let standing = Standing { plan: PlanId(1), flow: "orders".into(), open: 0, stopped, did: Vec::new() };
        let notices = of_sources(today, None, (&[standing], pasts), |_| Some(Arc::new(then())));
        notices.iter().map(|notice| format!("{notice:?} {} {}", notice.is_unsafe(), notice.is_warning())).collect()
    }

    #[test]
    fn a_flow_that_was_renamed_would_do_the_whole_past_again_and_is_not_started() {
        let then = || polls("orders", |_| {});
        let anew = r#"Anew { flow: "orders-v2", was: "orders", cursor: Some([49, 55]) } true false"#;
        assert_eq!(said(then, &polls("orders-v2", |_| {}), &[past("orders")], 0), [anew]);
        assert_eq!(said(then, &polls("orders", |_| {}), &[past("orders")], 0), [""; 0]);
        // It has begun: whoever wanted that has said so.
        assert_eq!(said(then, &polls("orders-v2", |_| {}), &[past("orders"), past("orders-v2")], 0), [""; 0]);
        let mut elsewhere = polls("orders-v2", |_| {});
        elsewhere.systems[0].name = "shelf".into();
        assert_eq!(said(then, &elsewhere, &[past("orders")], 0), [""; 0]);
        let brought = stage::plan();
        assert_eq!(said(then, &brought, &[past("orders")], 0), [""; 0], "nobody reads it");
    }

    #[test]
    fn another_key_takes_all_again_and_a_replay_does_not_see_what_went_on_under_it() {
        let (then, pasts) = (|| polls("orders", |source| source.version = Program::of(".at")), [past("orders")]);
        let again = |what| format!(r#"TakenAgain {{ flow: "orders", what: "{what}" }} false true"#);
        let names = |what| format!(r#"OtherNames {{ flow: "orders", stopped: 2, what: "{what}" }} false true"#);
        let today = |change: fn(&mut Source)| {
            polls("orders", move |source| {
                source.version = Program::of(".at");
                change(source);
            })
        };
        assert_eq!(said(then, &today(|_| {}), &pasts, 2), [""; 0]);
        assert_eq!(said(then, &today(|source| source.key = Program::of(".number")), &pasts, 2), [again("key"), names("key")]);
        assert_eq!(said(then, &today(|source| source.key = Program::of(".number")), &pasts, 0), [again("key")]);
        assert_eq!(said(then, &today(|source| source.once = Program::of(".event")), &pasts, 2), [again("once")]);
        assert_eq!(said(then, &today(|source| source.version = Program::of(".changed")), &pasts, 2), [names("version")]);
    }
}

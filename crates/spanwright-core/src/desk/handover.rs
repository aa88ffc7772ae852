//! `send: flow.NAME`: one flow hands a message to another. No wire is in it, and nothing can be lost or doubled.
//!
//! The other flow takes the message under the delivery's idempotency key, and the delivery is settled when that is on
//! disk. A crash in between hands it over again under the same key, and the journal knows it. While the other flow or the
//! disk has no room it waits where it is, and spends no tries.

use spanwright_shape::{json, room::Room, text::Failure, value::Value};

use super::{CallId, Command, Desk, Outgoing, Report, Roll, source::SEEN_REMEMBERED};
use crate::{
    codes,
    connector::{Outcome, Verdict},
    fact::{Fact, Moment, Seen},
    plan::Plan,
    run::{Arrival, intake},
};

/// The name of the system that stands for the project's own flows.
pub const FLOW_SYSTEM: &str = "flow";

/// The name of the flow that an operation of a system hands over to.
pub fn target(plan: &Plan, system: usize, operation: usize) -> Option<&str> {
    let system = plan.systems.get(system).filter(|system| &*system.kind == FLOW_SYSTEM)?;
    system.system.interface().operations.get(operation).map(|operation| &*operation.name)
}

impl Desk {
    /// Whether a flow has room for what another one hands to it, and the disk has. Flows that hand to each other in a circle, all
    /// full, would wait for each other for ever: there the sources are the bound.
    pub(super) fn takes_over(&self, from: usize, to: &str) -> bool {
        let is_full = || self.flow_of.get(to).is_some_and(|to| !self.flows[*to].has_room() && !self.leads_to(*to, from));
        self.space.has_some() && !is_full()
    }

    /// Whether what is in one flow may be handed on, and on, to the other.
    fn leads_to(&self, from: usize, to: usize) -> bool {
        let (mut seen, mut left) = (vec![from], vec![from]);
        while let Some(flow) = left.pop() {
            if flow == to {
                return true;
            }
            for next in self.flows[flow].hands_to.iter().filter_map(|name| self.flow_of.get(name)) {
                if !seen.contains(next) {
                    seen.push(*next);
                    left.push(*next);
                }
            }
        }
        false
    }

    /// Hands over what is to be; whether it was taken is told when it is kept.
    pub(super) fn hand_over_all(&mut self, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        for (call, to, outgoing) in std::mem::take(&mut self.handovers) {
            self.hand_over(call, &to, &outgoing, now, roll, out);
        }
    }

    fn hand_over(&mut self, call: CallId, to: &str, outgoing: &Outgoing, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        match self.handed(to, outgoing, now, roll) {
            Ok(Some(fact)) => {
                let ticket = self.commit(vec![fact], out);
                self.handing.insert(ticket, call);
            }
            // Its `when` leaves the message out: that is all that was wanted.
            Ok(None) => self.handed_over(call, Outcome::Delivered(None), now, roll, out),
            Err(why) => self.handed_over(call, Outcome::Never(why), now, roll, out),
        }
    }

    fn handed(&self, to: &str, outgoing: &Outgoing, now: Moment, roll: Roll<'_>) -> Result<Option<Fact>, Failure> {
        let lost = || Failure::new(&codes::NOT_SERVED, format!("there is no flow `{to}` that others may hand messages to"));
        let (number, flow) = self.plan.flow(to).ok_or_else(lost)?;
        let source = flow.source.as_ref().filter(|source| source.is_handed()).ok_or_else(lost)?;
        let room = Room::new();
        let body = outgoing.input.body.as_deref().unwrap_or(b"null");
        let body =
            json::read(body, &room).map_err(|fault| Failure::new(&codes::EXPRESSION, format!("byte {}: {}", fault.at, fault.says)))?;
        let Some(arrival) = intake::item(source, &body).arrivals.into_iter().next() else { return Ok(None) };
        let once = arrival.once.clone().unwrap_or_else(|| outgoing.key.as_str().into());
        let mut beside = Vec::new();
        json::write(&Value::Record(&[("once", Value::Text(&once))]), &mut beside);
        let arrival = Arrival { beside: Some(beside.into()), correlation: Some(outgoing.correlation.clone()), ..arrival };
        let seen = Seen { scope: source.name.clone(), key: once, print: None, held: None, until: now.after(SEEN_REMEMBERED) };
        Ok(Some(self.took_by(number, &source.name, arrival, Some(seen), now, roll).into()))
    }

    /// What was handed over is kept, or had been before.
    pub(super) fn settle_handed(&mut self, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        for call in std::mem::take(&mut self.handed) {
            self.handed_over(call, Outcome::Delivered(None), now, roll, out);
        }
    }

    fn handed_over(&mut self, call: CallId, outcome: Outcome, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        let report = Report::of_nothing(now);
        self.heard(call, Verdict::all(1, outcome), &report, now, roll, out);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{
        super::{
            Event, FLOW_OPEN_MOST, Fetch, HandSize,
            stage::{Stage, call, plan, there},
        },
        *,
    };
    use crate::{
        fact::{Opening, RunId},
        interface::Repeat,
        plan::{EffectPlan, SourceKind, Step, StepKind, SystemPlan},
    };
    use spanwright_map::Program;

    /// `asked` hands everything to `books`, which hands it on to `asked` where they are a circle.
    fn handing(circle: bool) -> Plan {
        let mut plan = plan();
        let hands = |to: usize| EffectPlan { saved_as: None, ..EffectPlan { operation: to, ..call("hand", Repeat::Keyed) } };
        let step = || Step { name: "hand".into(), when: None, kind: StepKind::Send(0) };
        plan.systems[0].kind = FLOW_SYSTEM.into();
        plan.systems[0].system = there(&[("asked", Repeat::Keyed), ("books", Repeat::Keyed)]);
        let asked = &mut plan.flows[0];
        (asked.steps, asked.effects) = (vec![step()], vec![hands(1)]);
        let mut books = super::super::stage::plan().flows.remove(0);
        books.name = "books".into();
        let source = books.source.as_mut().unwrap();
        (source.name, source.kind) = ("books.source".into(), SourceKind::Handed);
        let back = EffectPlan { queue: "books.hand".into(), ..hands(0) };
        (books.steps, books.effects) = if circle { (vec![step()], vec![back]) } else { (Vec::new(), Vec::new()) };
        plan.flows.push(books);
        plan
    }

    fn handed(stage: &Stage) -> bool {
        let to_books = |fact: &Fact| matches!(fact, Fact::Took(took) if &*took.flow == "books");
        stage.commits.iter().any(|(_, facts)| facts.iter().any(to_books))
    }

    /// One message of `asked`, that is kept.
    fn brings(stage: &mut Stage) {
        stage.brings("{}");
        let (ticket, facts) = stage.commits.remove(0);
        stage.on(Event::Kept { ticket, facts, receipts: vec![crate::fact::Receipt::Taken(crate::fact::RunId(7))] });
    }

    #[test]
    fn what_is_handed_over_waits_while_there_is_no_room_for_it() {
        let mut stage = Stage::of(handing(false));
        let books = stage.desk.flow_of["books"];
        stage.desk.flows[books].open = FLOW_OPEN_MOST;
        brings(&mut stage);
        assert!(!handed(&stage), "the other flow is full");
        stage.on(Event::Room(0));
        stage.desk.flows[books].open -= 1;
        stage.on(Event::Wake);
        assert!(!handed(&stage), "the disk is full");
        stage.on(Event::Room(1 << 20));
        assert!(handed(&stage));
    }

    #[test]
    fn flows_that_hand_to_each_other_do_not_wait_for_each_other() {
        let mut stage = Stage::of(handing(true));
        stage.desk.flows.iter_mut().for_each(|flow| flow.open = FLOW_OPEN_MOST - 1);
        let books = stage.desk.flow_of["books"];
        stage.desk.flows[books].open = FLOW_OPEN_MOST;
        brings(&mut stage);
        assert!(handed(&stage));
    }

    /// What waits for room in another flow keeps nothing that goes elsewhere out of a full hand.
    #[test]
    fn what_waits_to_be_handed_over_leaves_a_full_hand() {
        let mut plan = handing(false);
        let step = |name: &str, when: &str, effect| Step {
            name: name.into(),
            when: Some(Program::of(when).unwrap()),
            kind: StepKind::Send(effect),
        };
        let shelf =
            SystemPlan { name: "shelf".into(), kind: "there".into(), system: there(&[("put", Repeat::Keyed)]), ..plan_of_a_system() };
        plan.systems.push(shelf);
        let asked = &mut plan.flows[0];
        asked.steps = vec![step("hand", ".hand", 0), step("put", ".hand | not", 1)];
        asked.effects.push(EffectPlan { system: 1, operation: 0, saved_as: None, ..call("put", Repeat::Keyed) });
        let hand = HandSize { runs: 4, fetch: 2, ..HandSize::default() };
        let mut stage = Stage::open_with(Vec::new(), plan, Opening { rested: true, ..Opening::default() }, hand);
        let books = stage.desk.flow_of["books"];
        stage.desk.flows[books].open = FLOW_OPEN_MOST;
        let mut parked = 0;
        for n in 1..=5 {
            stage.brings_under(if n < 5 { "{\"hand\": true}" } else { "{\"hand\": false}" }, Some(&n.to_string()));
            let kept = stage.keeps_as(RunId(n));
            parked += kept.iter().filter(|fact| matches!(fact, Fact::Parked { parked: true, .. })).count();
        }
        assert!(parked > 0 && stage.fetches.iter().any(|fetch| matches!(fetch, Fetch::Active { .. })), "{parked} {:?}", stage.fetches);
    }

    fn plan_of_a_system() -> SystemPlan {
        super::super::stage::plan().systems.remove(0)
    }
}

//! `send: flow.NAME`: one flow hands a message to another. No wire is in it, and nothing can be lost or doubled.
//!
//! The other flow takes the message under the delivery's idempotency key, and the delivery is settled when that is on
//! disk. A crash in between hands it over again under the same key, and the journal knows it.

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
pub(super) fn target(plan: &Plan, system: usize, operation: usize) -> Option<&str> {
    let system = plan.systems.get(system).filter(|system| &*system.kind == FLOW_SYSTEM)?;
    system.system.interface().operations.get(operation).map(|operation| &*operation.name)
}

impl Desk {
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

//! Why something waits: a system or a flow is held, is sick, closed or out of its quota, refuses our credentials, a flow is full, or a
//! dead letter keeps its line.

use spanwright_core::{
    deliver::closed_until,
    fact::{Breaker, GateRow, Hold, Moment, RunId},
    plan::Plan,
};
use spanwright_engine::observe::timestamp;
use spanwright_shape::text::Problems;

use super::{check::plan_of, folder::Folder, messages::to_the_second, out::Object, story::count};

/// Why something waits for a system or a flow.
pub struct Wait {
    /// The system's name, or the flow's.
    pub name: String,
    /// It is a flow.
    pub is_flow: bool,
    why: Why,
}

enum Why {
    /// Somebody, or the engine, holds it.
    Held(Hold),
    /// It refuses our credentials; what was said.
    Refused(String),
    /// Its hours are over until then.
    Closed(Moment),
    /// Its breaker is open until then.
    Sick(Moment),
    /// It asked us to wait until then.
    Asked(Moment),
    /// It had its requests of the day, which ends then.
    Spent(u64, Moment),
    /// It is handed over to this flow, which has so many open and takes no more.
    Full(u64),
    /// This dead letter of the record blocks what came after it.
    Behind(RunId),
}

/// The plan of the folder, where it has one: what is wrong with it is not said here.
pub fn plan_of_folder(folder: &Folder) -> Option<Plan> {
    plan_of(&folder.bundle().ok()?, None, &mut Problems::new())
}

/// What waits by the journal's gates, and by the hours and quotas of the plan.
pub fn waits(gates: &[GateRow], plan: Option<&Plan>, now: Moment) -> Vec<Wait> {
    let limits = |name: &str| Some(&plan?.systems.iter().find(|system| &*system.name == name)?.limits);
    let closed = |name: &str| limits(name).and_then(|limits| closed_until(&limits.closed, limits.zone.as_deref(), now));
    let mut waits: Vec<Wait> = Vec::new();
    for row in gates {
        let spent = row.spent.filter(|spent| limits(&row.system).and_then(|limits| limits.per_day).is_some_and(|most| spent.calls >= most));
        let why = match (&row.hold, &row.refused, row.breaker, row.paused_until) {
            (Some(hold), ..) if hold.holds(now) => Why::Held(hold.clone()),
            // Of a system that is gone nothing is asked.
            (_, Some(said), ..) if plan.is_none() || limits(&row.system).is_some() => Why::Refused(said.to_string()),
            _ if closed(&row.system).is_some() => continue,
            (_, _, Breaker::Open { until }, _) if until > now => Why::Sick(until),
            (_, _, _, Some(until)) if until > now => Why::Asked(until),
            _ => match spent.filter(|spent| spent.until > now) {
                Some(spent) => Why::Spent(spent.calls, spent.until),
                None => continue,
            },
        };
        let flow = GateRow::flow_of(&row.system);
        waits.push(Wait { name: flow.unwrap_or(&row.system).to_string(), is_flow: flow.is_some(), why });
    }
    let is_told = |name: &str| waits.iter().any(|wait| !wait.is_flow && wait.name == name);
    let others = plan.iter().flat_map(|plan| plan.systems.iter()).filter(|system| !is_told(&system.name));
    let closed = others.filter_map(|system| {
        closed(&system.name).map(|until| Wait { name: system.name.to_string(), is_flow: false, why: Why::Closed(until) })
    });
    let closed: Vec<Wait> = closed.collect();
    waits.extend(closed);
    waits
}

impl Wait {
    /// Behind a dead letter of its record.
    pub fn behind(flow: &str, dead: RunId) -> Wait {
        Wait { name: flow.to_string(), is_flow: true, why: Why::Behind(dead) }
    }

    /// For room in the flow that it is handed to.
    pub fn for_room(flow: &str, open: u64) -> Wait {
        Wait { name: flow.to_string(), is_flow: true, why: Why::Full(open) }
    }

    /// Nobody's word: the project's files say so.
    pub fn is_of_the_project(&self) -> bool {
        matches!(self.why, Why::Closed(_) | Why::Spent(..))
    }

    /// `crm is held until it is resumed, since 2026-12-01T06:00:00Z by ada: month-end closing`
    pub fn words(&self) -> String {
        let what = if self.is_flow { format!("the flow {}", self.name) } else { self.name.clone() };
        match &self.why {
            Why::Held(hold) => {
                format!("{what} is held {}, since {} by {}: {}", end(hold.until), to_the_second(hold.since), hold.by, hold.because)
            }
            Why::Refused(said) => format!("{what} refuses our credentials: {said}"),
            Why::Closed(until) => format!("{what} is closed until {}", to_the_second(*until)),
            Why::Sick(until) => format!("{what} is sick: it is tried again at {}", to_the_second(*until)),
            Why::Asked(until) => format!("{what} asked us to wait until {}", to_the_second(*until)),
            Why::Spent(calls, until) => {
                format!("{what} had its {} of the day: it is asked again at {}", count(*calls, "request"), to_the_second(*until))
            }
            Why::Full(open) => format!("{what} has {} open and takes no more until some are over", count(*open, "message")),
            Why::Behind(dead) => {
                format!(
                    "behind the dead letter {} of its record: `spanwright replay --id {}`, or `spanwright dead-letters discard {}`",
                    dead.0, dead.0, dead.0
                )
            }
        }
    }

    /// The same for a machine.
    pub fn json(&self) -> Object {
        let object = Object::new().text(if self.is_flow { "flow" } else { "system" }, &self.name);
        match &self.why {
            Why::Held(hold) => object
                .text("why", "held")
                .text("since", &timestamp(hold.since))
                .maybe("until", hold.until.map(timestamp).as_deref())
                .text("by", &hold.by)
                .text("because", &hold.because),
            Why::Refused(said) => object.text("why", "credentials").text("because", said),
            Why::Closed(until) => object.text("why", "closed").text("until", &timestamp(*until)),
            Why::Sick(until) => object.text("why", "sick").text("until", &timestamp(*until)),
            Why::Asked(until) => object.text("why", "asked us to wait").text("until", &timestamp(*until)),
            Why::Spent(calls, until) => object.text("why", "quota").text("until", &timestamp(*until)).number("calls", *calls),
            Why::Full(open) => object.text("why", "full").number("open", *open),
            Why::Behind(dead) => object.text("why", "behind a dead letter").number("run", dead.0.unsigned_abs()),
        }
    }
}

/// `until it is resumed`, or until when.
pub fn end(until: Option<Moment>) -> String {
    until.map_or("until it is resumed".to_string(), |until| format!("until {}", to_the_second(until)))
}

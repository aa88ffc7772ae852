//! `when_all_done:`: what follows when everything that one round of a source took in has ended.
//!
//! The round's end and a message to the flow `NAME.done` are one commit, so that what follows is owed from then on. The
//! first step of that flow is a call to ourselves: it is answered with the round's [`Tally`] when none of the round's runs
//! is open any more, and the answer is journaled like any other. Which runs are of a round follows from the journal: those
//! behind the round's end before this one, and before this one. So a crash forgets nothing, and nothing is counted twice.

use std::{sync::Arc, time::Duration};

use super::{CallId, Command, Desk, Fetch, Report, Roll, Wake};
use crate::{
    connector::{Outcome, Verdict},
    fact::{Fact, Moment, RunId, Tally},
    plan::{Plan, Source},
    run::Arrival,
};

/// The name of the system that stands for the engine's own doings: the ends of rounds, and what brings dead letters back.
pub const ROUND_SYSTEM: &str = "spanwright";
/// The journal is asked about one round no more often than this.
const LOOKED_EVERY: Duration = Duration::from_secs(1);
/// And about so many rounds at once; those that were looked at longest ago come first.
const LOOKS_MOST: usize = 16;

/// What the name of a flow that follows rounds ends with; so does the operation that its first step asks.
const ENDS: &str = ".done";

/// The flow that follows when a round of this one is over.
pub fn flow_of_ends(flow: &str) -> String {
    format!("{flow}{ENDS}")
}

/// Whether a flow of this name follows rounds: no flow that is written has a dot.
pub fn follows_rounds(name: &str) -> bool {
    name.ends_with(ENDS)
}

/// The flow whose round an operation of a system asks about.
pub(super) fn target(plan: &Plan, system: usize, operation: usize) -> Option<&str> {
    let system = plan.systems.get(system).filter(|system| &*system.kind == ROUND_SYSTEM)?;
    system.system.interface().operations.get(operation).and_then(|operation| operation.name.strip_suffix(ENDS))
}

/// Calls that wait for the end of a round.
#[derive(Default)]
pub(super) struct Rounds {
    waiting: Vec<Waiting>,
}

struct Waiting {
    call: CallId,
    flow: Arc<str>,
    /// The run that waits: the round's runs are before it.
    run: RunId,
    /// Some run of the flow ended since the journal was asked.
    stirred: bool,
    asking: bool,
    asked: Option<Moment>,
}

impl Rounds {
    pub fn wait(&mut self, call: CallId, flow: &str, run: RunId) {
        self.waiting.push(Waiting { call, flow: flow.into(), run, stirred: true, asking: false, asked: None });
    }

    /// A run of this flow ended.
    pub fn stirs(&mut self, flow: &str) {
        self.waiting.iter_mut().filter(|waiting| &*waiting.flow == flow).for_each(|waiting| waiting.stirred = true);
    }

    /// Those of which nothing new is known.
    pub fn quiet(&self) -> usize {
        self.waiting.iter().filter(|waiting| !waiting.stirred && !waiting.asking).count()
    }

    /// The next questions to the journal.
    fn questions(&mut self, now: Moment, wake: &mut Wake, out: &mut Vec<Command>) {
        let asking = self.waiting.iter().filter(|waiting| waiting.asking).count();
        let mut stirred: Vec<&mut Waiting> = self.waiting.iter_mut().filter(|waiting| waiting.stirred && !waiting.asking).collect();
        stirred.sort_by_key(|waiting| waiting.asked);
        for waiting in stirred.into_iter().take(LOOKS_MOST.saturating_sub(asking)) {
            match waiting.asked.map(|asked| asked.after(LOOKED_EVERY)).filter(|at| *at > now) {
                Some(at) => wake.no_later_than(at),
                None => {
                    (waiting.stirred, waiting.asking, waiting.asked) = (false, true, Some(now));
                    out.push(Command::Fetch(Fetch::Tally { call: waiting.call, flow: waiting.flow.clone(), upto: waiting.run }));
                }
            }
        }
    }
}

impl Desk {
    /// Whether something follows when a round of this flow is over: the flow that does.
    pub(super) fn follows_round(&self, flow: usize) -> Option<usize> {
        let name = flow_of_ends(&self.plan.flows[flow].name);
        self.plan.flows.iter().position(|flow| *flow.name == *name)
    }

    /// What a life before took in of a round is of the round that ends next.
    pub(super) fn restore_rounds(&mut self, within: &[Arc<str>]) {
        for source in &mut self.sources {
            source.took |= within.contains(&self.plan.flows[source.flow].name);
        }
    }

    /// What makes it owed that something follows.
    pub(super) fn round_ended(&self, follows: usize, now: Moment, roll: Roll<'_>) -> Fact {
        let source = Source::name_of(&self.plan.flows[follows].name);
        self.took_by(follows, &source, Arrival::new((*b"{}").into(), None, None, None, None), None, now, roll).into()
    }

    pub(super) fn rounds_go_on(&mut self, now: Moment, wake: &mut Wake, out: &mut Vec<Command>) {
        self.rounds.questions(now, wake, out);
    }

    /// The journal says what became of a round, or that some of it is open.
    pub(super) fn round_found(&mut self, call: CallId, tally: Option<Tally>, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        let Some(n) = self.rounds.waiting.iter().position(|waiting| waiting.call == call) else { return };
        self.rounds.waiting[n].asking = false;
        if let Some(tally) = tally {
            self.rounds.waiting.swap_remove(n);
            self.heard(call, Verdict::all(1, Outcome::Delivered(Some(tally.to_json()))), &Report::of_nothing(now), now, roll, out);
        }
    }

    /// A desk that stops waits for no round: the call is made again in the next life.
    pub(super) fn leave_rounds(&mut self) {
        for waiting in std::mem::take(&mut self.rounds.waiting) {
            if let Some(flight) = self.flights.remove(&waiting.call) {
                self.gates[flight.gate].come_back(flight.departure);
            }
        }
    }
}

//! What is brought to us: taken once, answered for when it is on disk, and replied to when the flow has said something.
//!
//! A request becomes a message for each flow that serves it, in one commit. Its sender is a *waiter*: where nobody
//! promised a reply it is told as soon as the commit is kept; else it waits for the flow's `reply`, its end, or its time.
//! A reply needs no commit before it is said: it follows from what is on disk, so after a crash the flow says the same.

use std::collections::{BTreeSet, HashMap};

use super::{
    Asking, Brought, Command, Desk, Fetch, Happening, Roll, Ticket, WaiterId, Wake, Word, run_hand::EffectHand, source::SEEN_REMEMBERED,
};
use crate::{
    door::Reply,
    fact::{ANSWER, EffectKey, EffectState, Ending, Fact, Moment, Phase, Receipt, RunFile, RunId, Seen, Settled, Way},
    plan::{Late, Served, Source},
    run::{Arrival, Replied},
};

/// Everybody who waits for an answer.
#[derive(Default)]
pub(super) struct Waiters {
    /// Until their message is kept.
    keeping: HashMap<Ticket, Waiter>,
    /// Until its run has replied or ended.
    waiting: HashMap<RunId, Waiter>,
    deadlines: BTreeSet<(Moment, RunId)>,
}

pub(super) struct Waiter {
    pub id: WaiterId,
    /// Of its message.
    pub message: u128,
    /// How long it waits for a reply, and what it is told then.
    pub reply: Option<(Moment, Late)>,
}

impl Waiters {
    /// Until its message is kept.
    pub(super) fn keep(&mut self, ticket: Ticket, waiter: Waiter) {
        self.keeping.insert(ticket, waiter);
    }

    pub(super) fn is_waiting(&self, run: RunId) -> bool {
        self.waiting.contains_key(&run)
    }

    pub(super) fn wait(&mut self, run: RunId, waiter: Waiter) {
        if let Some((until, _)) = waiter.reply {
            self.deadlines.insert((until, run));
        }
        self.waiting.insert(run, waiter);
    }

    pub(super) fn leave(&mut self, run: RunId) -> Option<Waiter> {
        let waiter = self.waiting.remove(&run)?;
        if let Some((until, _)) = waiter.reply {
            self.deadlines.remove(&(until, run));
        }
        Some(waiter)
    }

    /// Whoever has waited long enough.
    fn next_late(&self, now: Moment) -> Option<RunId> {
        self.deadlines.first().filter(|(until, _)| *until <= now).map(|(_, run)| *run)
    }

    pub(super) fn len(&self) -> usize {
        self.keeping.len() + self.waiting.len()
    }
}

impl Desk {
    /// A request was brought to us.
    pub(super) fn brought(&mut self, brought: Brought, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        let Brought { waiter, mut arrivals, left_out } = brought;
        if self.stopping {
            return out.push(Command::Answer(waiter, Word::Stopping));
        }
        for (source, _) in left_out.iter().filter_map(|flow| self.served(*flow)) {
            out.push(Command::Note(Happening::LeftOut { source: source.name.clone(), items: 1, brought: true }));
        }
        if arrivals.len() == 1
            && let Some((flow, arrival)) = arrivals.pop_if(|(flow, arrival)| self.may_pass(*flow, arrival, now))
        {
            return self.pass_by(waiter, flow, arrival, now, roll, out);
        }
        let room = |flow: &usize| {
            let account = self.plan.flows.get(*flow).and_then(|flow| self.flow_of.get(&flow.name));
            account.is_some_and(|account| self.flows[*account].has_room())
        };
        if !self.space.has_some() {
            return out.push(Command::Answer(waiter, Word::DiskFull));
        }
        if !arrivals.iter().all(|(flow, _)| room(flow)) {
            return out.push(Command::Answer(waiter, Word::Full));
        }
        let mut reply = None;
        let mut facts = Vec::with_capacity(arrivals.len());
        for (flow, arrival) in arrivals {
            let Some((source, served)) = self.served(flow) else { continue };
            let seen = seen_of(source, served, &arrival, now);
            reply = reply.or(served.reply_within.map(|within| (now.after(within), served.late)));
            let name = source.name.clone();
            facts.push(self.took_by(flow, &name, arrival, seen, now, roll).into());
        }
        let message = match facts.first() {
            Some(Fact::Took(took)) => took.message,
            _ => return out.push(Command::Answer(waiter, Word::LeftOut)),
        };
        let ticket = self.commit(facts, out);
        self.waiters.keep(ticket, Waiter { id: waiter, message, reply });
    }

    pub(super) fn served(&self, flow: usize) -> Option<(&Source, &Served)> {
        let source = self.plan.flows.get(flow)?.source.as_ref()?;
        Some((source, source.served()?))
    }

    /// The message of a waiter is kept, or had been before.
    pub(super) fn brought_kept(&mut self, ticket: Ticket, first: Option<Receipt>, out: &mut Vec<Command>) {
        let Some(waiter) = self.waiters.keeping.remove(&ticket) else { return };
        match first {
            Some(Receipt::Taken(run)) if waiter.reply.is_some() => self.waiters.wait(run, waiter),
            Some(Receipt::Taken(_)) => out.push(Command::Answer(waiter.id, Word::Accepted { message: waiter.message })),
            Some(Receipt::Known { run, same: true }) => {
                let waiter = Asking { id: waiter.id, for_reply: waiter.reply.is_some() };
                out.push(Command::Fetch(Fetch::Answer { run, waiter }));
            }
            Some(Receipt::Known { same: false, .. }) => out.push(Command::Answer(waiter.id, Word::OtherBody)),
            Some(Receipt::Duplicate | Receipt::Late) | None => out.push(Command::Answer(waiter.id, Word::Repeated)),
        }
    }

    /// What became of an event that comes again.
    pub(super) fn found_answer(&mut self, run: RunId, asking: Asking, file: Option<RunFile>, out: &mut Vec<Command>) {
        let word = match file {
            None => Word::Repeated,
            Some(_) if self.waiters.is_waiting(run) => Word::InProgress,
            Some(file) => word_of(&file, asking.for_reply),
        };
        out.push(Command::Answer(asking.id, word));
    }

    /// A walk came by a reply: it is said at once and written down, so that the same event is answered the same again.
    pub(super) fn replied(&mut self, run: RunId, replied: Replied, now: Moment, facts: &mut Vec<Fact>, out: &mut Vec<Command>) {
        let Some(hand) = self.runs.get_mut(&run) else { return };
        let Err(at) = hand.position(&replied.node, ANSWER, Way::Do) else { return };
        let (flow, node) = (hand.plan.flows[hand.flow].name.clone(), replied.node);
        let bytes = replied.reply.to_bytes();
        if let Some(waiter) = self.waiters.leave(run) {
            out.push(Command::Answer(waiter.id, Word::Replied { message: hand.message.id, reply: Box::new(replied.reply) }));
        }
        let held = bytes.len();
        let phase = Phase::Done(Some(bytes.into()));
        let state = EffectState::new(phase);
        hand.effects.insert(at, EffectHand::said(node.clone(), state.clone()));
        self.holds(run, 0, held);
        let effect = EffectKey { run, node: node.clone(), item: ANSWER.into(), way: Way::Do };
        let queue = format!("{flow}.{node}").into();
        facts.push(Fact::Settled(Box::new(Settled { effect, state, queue, lane: 0, attempt: None, at: now })));
    }

    /// A run is over, and its sender still waits.
    pub(super) fn answer_ended(&mut self, run: RunId, ending: &Ending, out: &mut Vec<Command>) {
        let Some(waiter) = self.waiters.leave(run) else { return };
        let word = match ending {
            Ending::Done | Ending::Skipped(_) => Word::Finished { message: waiter.message },
            Ending::Stopped(stopped) | Ending::SetAside(stopped) => {
                Word::Stopped { message: waiter.message, node: stopped.node.clone(), code: stopped.failure.code }
            }
        };
        out.push(Command::Answer(waiter.id, word));
    }

    /// Tells whoever has waited long enough; all of them when we stop.
    pub(super) fn answer_late(&mut self, now: Moment, wake: &mut Wake, out: &mut Vec<Command>) {
        let now = if self.stopping { Moment(i64::MAX) } else { now };
        while let Some(run) = self.waiters.next_late(now) {
            if run.passes() {
                // It is told so when that is true.
                self.keep_after_all(run, Vec::new(), out);
                continue;
            }
            let Some(waiter) = self.waiters.leave(run) else { break };
            let word = match waiter.reply {
                Some((_, Late::TimedOut)) => Word::TimedOut { message: waiter.message },
                Some((_, Late::Accepted)) | None => Word::Accepted { message: waiter.message },
            };
            out.push(Command::Answer(waiter.id, word));
        }
        if let Some((until, _)) = self.waiters.deadlines.first() {
            wake.no_later_than(*until);
        }
    }
}

/// An event is taken once. Of a sender who waits, the store also tells what became of the first one.
fn seen_of(source: &Source, served: &Served, arrival: &Arrival, now: Moment) -> Option<Seen> {
    let once = arrival.once.clone()?;
    let key = arrival.client.as_ref().map_or(once.clone(), |client| format!("{client}/{once}").into());
    let held = served.same_body.then_some(arrival.print);
    Some(Seen { scope: source.name.clone(), key, print: None, held, until: now.after(SEEN_REMEMBERED) })
}

/// What the first one came to: the same word as its sender heard, or would hear now.
fn word_of(file: &RunFile, for_reply: bool) -> Word {
    let message = file.message.id;
    if !for_reply {
        return Word::Accepted { message };
    }
    let said = file.known.iter().find(|known| &*known.effect.item == ANSWER).and_then(|known| match &known.state.phase {
        Phase::Done(Some(bytes)) => Reply::read(bytes),
        _ => None,
    });
    match (said, &file.stopped) {
        (Some(reply), _) => Word::Replied { message, reply: Box::new(reply) },
        (None, _) if !file.over => Word::InProgress,
        // A sender that asks again after a 502 must not take a dead letter for success.
        (None, Some((node, code))) => Word::Stopped { message, node: node.clone(), code },
        (None, None) => Word::Finished { message },
    }
}

#[cfg(test)]
mod tests {
    use super::super::stage::took;
    use super::*;
    use crate::codes;

    fn file() -> RunFile {
        RunFile::of(took(), RunId(7))
    }

    #[test]
    fn who_asks_again_is_told_how_it_ended() {
        let stopped = Some(("first".into(), &codes::TORN));
        let dead = RunFile { over: true, stopped, ..file() };
        assert_eq!(word_of(&dead, true), Word::Stopped { message: 7, node: "first".into(), code: &codes::TORN });
        assert_eq!(word_of(&dead, false), Word::Accepted { message: 7 }, "nobody promised it a reply");
        assert_eq!(word_of(&RunFile { over: true, ..file() }, true), Word::Finished { message: 7 });
        assert_eq!(word_of(&file(), true), Word::InProgress);
    }
}

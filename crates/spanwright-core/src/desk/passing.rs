//! Passing runs: of what only asks nothing is kept while all goes well.
//!
//! A GET whose flow reads elsewhere and replies changes nothing anywhere. If the process dies before the answer, its sender
//! asks again, as it must of any server. So such a run is nowhere but in hand, under a number below zero, and goes the way of
//! every other: the same walk, queues, gates, limits and exchanges. Where the facts of others go to the journal and their
//! runs go on when it has them, this one goes on at once (`Desk::commit`).
//!
//! **The first thing that is not plain success turns it into an ordinary run**: an exchange that did not deliver, a gate or a
//! flow that is held, a walk that fails, filters or says nothing, a time that is over, our own end. It is taken then, with
//! the same ids, time and sender, and what had been settled is written down behind it, so that nothing that succeeded is
//! asked again, no try goes uncounted, and a person sees all of it. What was just being asked is asked again.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::{Command, Desk, Happening, Roll, Ticket, WaiterId, Word, door::Waiter, outlet::Outlet, run_hand::EffectHand, run_hand::Place};
use crate::{
    door::at_once::{Keeping, keeping},
    fact::{EffectKey, Ending, Fact, Moment, Phase, RunFile, RunId},
    plan::Plan,
    run::{Advance, Arrival, Want},
};

/// Passing runs at once, at most: one more is kept.
pub const PASSING_RUNS_MOST: usize = 1_000;
/// Bytes of all their messages and answers at which one more is kept.
pub const PASSING_BYTES_MOST: usize = 16 << 20;

/// All that pass.
#[derive(Default)]
pub(super) struct Passing {
    /// The last number that was given, counted down.
    last: i64,
    runs: BTreeSet<RunId>,
    bytes: usize,
    /// Facts that hold as soon as they are said, each commit of one run.
    said: VecDeque<(RunId, Vec<Fact>)>,
    /// What is about to be ordinary: on its way to the disk.
    turning: HashMap<Ticket, Unkept>,
}

/// What a passing run had come to when it became an ordinary one.
struct Unkept {
    facts: Vec<Fact>,
    effects: Vec<EffectHand>,
}

/// Flows of a plan whose messages may pass, by number.
pub(super) fn flows(plan: &Plan) -> Vec<bool> {
    plan.flows.iter().map(|flow| keeping(plan, flow) == Keeping::FailuresOfAsking).collect()
}

/// The passing run that these facts are about: those of one commit are about one.
pub(super) fn whose(facts: &[Fact]) -> Option<RunId> {
    let run = facts.iter().find_map(|fact| match fact {
        Fact::Settled(settled) => Some(settled.effect.run),
        Fact::Started { effect, .. } => Some(effect.run),
        Fact::Ended { run, .. } | Fact::Parked { run, .. } => Some(*run),
        _ => None,
    });
    run.filter(|run| run.passes())
}

impl Desk {
    /// Whether what arrived may pass: it would not have to wait, and there is room.
    pub(super) fn may_pass(&self, flow: usize, arrival: &Arrival, now: Moment) -> bool {
        if !self.passing_flows.get(flow).copied().unwrap_or(false) || arrival.once.is_some() || arrival.fault.is_some() {
            return false;
        }
        let account = self.flow_of[&self.plan.flows[flow].name];
        let held = self.flow_is_held(account, now) || self.flows[account].targets.iter().any(|gate| self.gates[*gate].held(now).is_some());
        !held && self.passing.runs.len() < PASSING_RUNS_MOST && self.passing.bytes < PASSING_BYTES_MOST
    }

    /// Takes it in hand.
    pub(super) fn pass_by(&mut self, id: WaiterId, flow: usize, arrival: Arrival, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        let Some((source, served)) = self.served(flow) else { return out.push(Command::Answer(id, Word::LeftOut)) };
        let (name, reply) = (source.name.clone(), served.reply_within.map(|within| (now.after(within), served.late)));
        let took = self.took_by(flow, &name, arrival, None, now, roll);
        self.passing.last -= 1;
        let run = RunId(self.passing.last);
        self.passing.runs.insert(run);
        let account = self.flow_of[&took.flow];
        self.flows[account].open += 1;
        self.waiters.wait(run, Waiter { id, message: took.message, reply });
        let file = RunFile::of(took, run);
        self.passing.bytes += file.message.bytes();
        self.take_in(file);
    }

    /// It is no more in hand.
    pub(super) fn passed_by(&mut self, run: RunId, bytes: usize) {
        if self.passing.runs.remove(&run) {
            self.passing.bytes = self.passing.bytes.saturating_sub(bytes);
        }
    }

    /// What a passing run has come to: it goes on with that, or is kept after all.
    pub(super) fn pass_on(&mut self, run: RunId, facts: Vec<Fact>, out: &mut Vec<Command>) {
        let unanswered = self.waiters.is_waiting(run);
        let plain = facts.iter().all(|fact| match fact {
            Fact::Settled(settled) => matches!(settled.state.phase, Phase::Done(_)),
            Fact::Ended { ending, .. } => matches!(ending, Ending::Done) && !unanswered,
            Fact::Exchanged(_) => true,
            _ => false,
        });
        match plain {
            true => self.passing.said.push_back((run, facts)),
            false => self.keep_after_all(run, facts, out),
        }
    }

    /// What holds as soon as it is said.
    pub(super) fn go_on_passing(&mut self, now: Moment, out: &mut Vec<Command>) {
        while let Some((run, facts)) = self.passing.said.pop_front() {
            for fact in &facts {
                match fact {
                    Fact::Settled(settled) => self.settled(settled, now, out),
                    Fact::Ended { .. } => self.has_passed(run, out),
                    _ => {}
                }
            }
            if let Some(hand) = self.runs.get_mut(&run) {
                let answers = facts.iter().map(answer_bytes).sum::<usize>();
                hand.unkept_bytes += answers;
                hand.unkept.extend(facts);
                self.passing.bytes += answers;
            }
            self.advance_again();
        }
    }

    fn has_passed(&mut self, run: RunId, out: &mut Vec<Command>) {
        if let Some(hand) = self.runs.get(&run) {
            let (message, correlation) = (hand.message.id, hand.message.correlation.clone());
            let flow = self.flows[hand.account].name.clone();
            out.push(Command::Note(Happening::AnsweredAtOnce { message, correlation, flow }));
        }
        self.ended(run);
    }

    /// Makes an ordinary run of a passing one, whose commit is to hold these facts; where nothing is taken in, its sender
    /// hears that.
    pub(super) fn keep_after_all(&mut self, run: RunId, facts: Vec<Fact>, out: &mut Vec<Command>) {
        let (Some(mut hand), Some(waiter)) = (self.let_go(run), self.waiters.leave(run)) else { return };
        let flow = &mut self.flows[hand.account];
        flow.open = flow.open.saturating_sub(1);
        for effect in &hand.effects {
            self.gathering.forget(&effect.key(run));
            if effect.place == Place::Ready {
                self.outlets[effect.outlet].no_longer_ready(effect.bytes());
            }
        }
        if !self.space.has_some() {
            return out.push(Command::Answer(waiter.id, Word::DiskFull));
        }
        let took = hand.took(self.flows[hand.account].name.clone());
        let ticket = self.commit(vec![took.into()], out);
        self.waiters.keep(ticket, waiter);
        hand.unkept.extend(facts.into_iter().filter(|fact| matches!(fact, Fact::Exchanged(_) | Fact::Settled(_))));
        if !hand.unkept.is_empty() {
            self.passing.turning.insert(ticket, Unkept { facts: hand.unkept, effects: hand.effects });
        }
    }

    /// A passing run is an ordinary one now: what it had come to is written down behind it. Where it waits in the journal
    /// for its turn that is forgotten, and asked again.
    pub(super) fn turned(&mut self, ticket: Ticket, run: RunId, out: &mut Vec<Command>) {
        let Some(Unkept { mut facts, mut effects }) = self.passing.turning.remove(&ticket) else { return };
        let Some(hand) = self.runs.get_mut(&run) else { return };
        effects.iter_mut().for_each(|effect| effect.place = Place::Known);
        hand.effects = effects;
        // Its first walk, which is under way, knows nothing of them.
        hand.again = true;
        for fact in &mut facts {
            if let Fact::Settled(settled) = fact {
                let EffectKey { node, item, way, .. } = &settled.effect;
                if let Some(effect) = hand.effect_mut(node, item, *way) {
                    effect.place = Place::Settling;
                }
                settled.effect.run = run;
            }
        }
        self.commit(facts, out);
    }

    /// What would wait behind a closed gate, or in a flow that is held, waits in the journal.
    pub(super) fn keep_what_waits(&mut self, outlet: usize, now: Moment, out: &mut Vec<Command>) {
        let Outlet { gate, queue, .. } = self.outlets[outlet];
        let account = self.queues[queue].account;
        if self.passing.runs.is_empty() || !(self.gates[gate].held(now).is_some() || self.flow_is_held(account, now)) {
            return;
        }
        let waits = |run: &&RunId| {
            let hand = self.runs.get(run);
            hand.is_some_and(|hand| hand.effects.iter().any(|effect| effect.outlet == outlet && effect.place == Place::Ready))
        };
        let waiting: Vec<RunId> = self.passing.runs.iter().filter(waits).copied().collect();
        waiting.into_iter().for_each(|run| self.keep_after_all(run, Vec::new(), out));
    }
}

/// Whether a walk of a passing run went well: it asks for something, or has replied and is over.
pub(super) fn goes_well(advance: &Advance) -> bool {
    match advance {
        Advance::Owes { owed, .. } => owed.iter().all(|owed| owed.want == Want::Asked),
        Advance::Replies { next, .. } => matches!(**next, Advance::Ends(Ending::Done)),
        Advance::Ends(_) => false,
    }
}

fn answer_bytes(fact: &Fact) -> usize {
    match fact {
        Fact::Settled(settled) => settled.state.answer_bytes(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests;

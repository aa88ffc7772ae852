//! Dead letters as messages of their own: flows that take them, and `spanwright.replay`, by which a flow brings one back.
//!
//! A dead letter and what is told of it are one commit, so none is forgotten and none told of twice; where the journal
//! does not keep the one, it does not keep the other ([`crate::fact::Took::about`]). Nothing random is in it: the ids of
//! such a message follow from the run that stopped and from the moment. What such a flow leads to is told to nobody
//! ([`crate::plan::Letters::never`]), or one that cannot be delivered would go round for ever.
//!
//! What brings a dead letter back is settled in the commit that opens it. The rules are those of every replay: the same
//! message goes on under its keys; another body is another message, which names the one that it was made of; and neither
//! goes over a newer state of its record.

use std::sync::Arc;

use spanwright_shape::{
    json::{self, differences},
    room::Room,
    text::Failure,
    value::Value,
};

use super::{CallId, Command, Desk, Fetch, Outgoing, Report, Roll, Today, round::ROUND_SYSTEM, source::message_id};
use crate::{
    alert::QUARANTINED,
    codes,
    connector::{Outcome, Verdict},
    deploy::maybe_not_undone,
    fact::{
        Ending, Fact, Letter, MessageFile, Moment, NOBODY_KNOWS, Opened, Resent, Root, RunFile, StopKind, Stopped, StoppedRun, Took,
        print_of, that_go,
    },
    plan::{Flow, Plan},
    run::{intake, message_id as uuid, rfc3339},
};

/// A message that is made of another one is done once more: what its systems have of its record is no reason to skip it.
pub fn resent_anew(flow: &Flow, resent: Resent) -> Vec<Fact> {
    let until = resent.took.at.after(super::hand::SENT_REMEMBERED);
    let record = resent.took.key.clone();
    let remembered = flow.effects.iter().filter(|effect| effect.unchanged);
    let forgets = remembered
        .filter_map(|effect| Some(Fact::Sent { scope: sent_under(&effect.queue), key: record.clone()?, print: NOBODY_KNOWS, until }));
    forgets.chain([Fact::Resent(Box::new(resent))]).collect()
}

/// Under which name it is remembered what was sent last.
pub(super) fn sent_under(queue: &str) -> Arc<str> {
    format!("sent:{queue}").into()
}

/// The operation of the engine's own system that brings a dead letter back.
pub const REPLAY: &str = "replay";

/// Whether an operation of a system is the one that brings dead letters back.
pub(super) fn brings_back(plan: &Plan, system: usize, operation: usize) -> bool {
    let system = plan.systems.get(system).filter(|system| &*system.kind == ROUND_SYSTEM);
    system.and_then(|system| system.system.interface().operations.get(operation)).is_some_and(|operation| &*operation.name == REPLAY)
}

/// The flows that take dead letters, by number.
pub(super) fn takers(plan: &Plan) -> Vec<usize> {
    let takes = |flow: &Flow| flow.source.as_ref().is_some_and(|source| source.letters().is_some());
    plan.flows.iter().enumerate().filter(|(_, flow)| takes(flow)).map(|(number, _)| number).collect()
}

/// What is told of a run that ended the process each time it was in hand, before the desk is open: without its body, which may do
/// so again.
pub fn told_of(file: &RunFile, stopped: &Stopped, at: Moment, today: Today<'_>) -> Vec<Fact> {
    let MessageFile { id, correlation, key, version, .. } = &*file.message;
    let (key, version) = (key.as_deref(), version.as_deref());
    let dead = Dead { flow: &file.flow, root: file.root, message: *id, at, correlation, key, version, body: b"null", stopped };
    takers(today.plan).into_iter().filter_map(|taker| dead.told_to(taker, today)).collect()
}

/// A dead letter on its way to the journal.
struct Dead<'d> {
    flow: &'d str,
    root: Root,
    message: u128,
    at: Moment,
    correlation: &'d Arc<str>,
    key: Option<&'d str>,
    version: Option<&'d str>,
    body: &'d [u8],
    stopped: &'d Stopped,
}

impl Desk {
    /// With each dead letter goes a message for every flow that takes such.
    pub(super) fn tell_letters(&self, facts: &mut Vec<Fact>) {
        let takers = &self.letter_takers;
        if takers.is_empty() {
            return;
        }
        let told: Vec<Fact> = facts.iter().flat_map(|fact| takers.iter().filter_map(move |taker| self.told_of(fact, *taker))).collect();
        facts.extend(told);
    }

    fn told_of(&self, fact: &Fact, taker: usize) -> Option<Fact> {
        match fact {
            Fact::Ended { run, ending: Ending::Stopped(stopped), at } => {
                let hand = self.runs.get(run)?;
                let MessageFile { id, correlation, key, version, body, .. } = &*hand.message;
                let (flow, root) = (&*self.flows[hand.account].name, hand.root);
                let (key, version) = (key.as_deref(), version.as_deref());
                Dead { flow, root, message: *id, at: *at, correlation, key, version, body, stopped }.told_to(taker, self.today())
            }
            Fact::Took(took) => {
                let failure = took.fault.clone()?;
                let stopped = Stopped { kind: StopKind::Dead, node: "source".into(), failure, undone: false };
                let Took { flow, root, message, at, correlation, key, version, body, .. } = &**took;
                let (key, version) = (key.as_deref(), version.as_deref());
                let dead = Dead { flow, root: *root, message: *message, at: *at, correlation, key, version, body, stopped: &stopped };
                dead.told_to(taker, self.today())
            }
            _ => None,
        }
    }

    /// Asks the journal for the dead letters that are to be brought back.
    pub(super) fn bring_back_all(&mut self, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        for (call, flow, outgoing) in std::mem::take(&mut self.replays) {
            let message = wanted(&outgoing, &Room::new()).map(|wanted| wanted.message);
            match message {
                Ok(message) => {
                    self.replaying.insert(call, (flow, outgoing));
                    out.push(Command::Fetch(Fetch::Letter { call, message }));
                }
                Err(why) => self.heard(call, Verdict::all(1, Outcome::Never(why)), &Report::of_nothing(now), now, roll, out),
            }
        }
    }

    pub(super) fn letter_found(&mut self, call: CallId, letter: Option<Letter>, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        let Some((flow, outgoing)) = self.replaying.remove(&call) else { return };
        let by = format!("flow {flow}").into();
        let (outcome, back) = match self.brought_back(&outgoing, by, letter, now, roll) {
            Ok((told, back)) => (Outcome::Delivered(Some(told)), back),
            Err(why) => (Outcome::Never(why), Vec::new()),
        };
        self.heard_with(call, Verdict::all(1, outcome), back, &Report::of_nothing(now), now, roll, out);
    }

    /// What opens it again, and what the step hears: the id of the message that goes on.
    fn brought_back(
        &self,
        outgoing: &Outgoing,
        by: Arc<str>,
        letter: Option<Letter>,
        now: Moment,
        roll: Roll<'_>,
    ) -> Result<(Vec<u8>, Vec<Fact>), Failure> {
        let room = Room::new();
        let wanted = wanted(outgoing, &room)?;
        let named = uuid(wanted.message);
        let letter = letter.ok_or_else(|| Failure::new(&codes::NO_LETTER, format!("there is no message `{named}` in the journal")))?;
        let told = |message: u128, how: &str| {
            let (mut out, message) = (Vec::new(), uuid(message));
            json::write(&Value::Record(&[("message", Value::Text(&message)), ("how", Value::Text(how))]), &mut out);
            out
        };
        if !letter.stopped {
            return Ok((told(wanted.message, "left"), Vec::new()));
        }
        let Some((_, flow)) = self.plan.flow(&letter.file.flow) else {
            return Err(Failure::new(
                &codes::NO_LETTER,
                format!("`{named}` stopped in the flow `{}`, which there is no more", letter.file.flow),
            ));
        };
        // Where dead letters block what came after them, nothing newer went ahead.
        let over_newer = flow.blocks();
        if letter.overtaken && !over_newer {
            let says = format!("a newer state of the record of `{named}` went on since");
            return Err(Failure::new(&codes::LETTER_OLD, says));
        }
        // What was set aside is told without its body: that it has none is no wish.
        let is_quarantined = letter.file.stopped.as_ref().is_some_and(|(_, code)| code.id == QUARANTINED);
        let given = wanted.body.filter(|given| !(is_quarantined && matches!(given, Value::Null)));
        let Some(body) = other_body(given, &letter.file.message.body, &room) else {
            if let Some(undo) = maybe_not_undone(flow, &letter.file.known).next() {
                let says = format!(
                    "nobody knows whether `{}` of `{named}` was undone, and it would be done again: a person looks, and replays it by its id",
                    undo.node
                );
                return Err(Failure::new(&codes::NO_UNDO, says));
            }
            let own = StoppedRun { run: letter.file.run, flow: letter.file.flow.clone(), at: now, overtaken: letter.overtaken };
            let go = [own];
            let go = that_go(&go, letter.bundle.as_slice(), false, |run| over_newer || !run.overtaken);
            if go.is_empty() {
                let says = format!("`{named}` went with others in one request under one key, and not all of them can go again");
                return Err(Failure::new(&codes::APART, says));
            }
            let reopened = |one: Opened<'_>| Fact::Reopened {
                run: one.run.run,
                plan: self.plan_id,
                at: now,
                by: by.clone(),
                over_newer,
                apart: one.apart,
            };
            return Ok((told(wanted.message, "replayed"), go.into_iter().map(reopened).collect()));
        };
        let named = intake::edited(flow.source.as_ref(), &letter.file.message, &body)?;
        let mut resent = self.resent(&letter, over_newer, body, (by, wanted.reason.into()), now, roll);
        (resent.took.key, resent.took.version) = named;
        Ok((told(resent.took.message, "resent"), resent_anew(flow, resent)))
    }

    fn resent(
        &self,
        letter: &Letter,
        over_newer: bool,
        body: Arc<[u8]>,
        (by, words): (Arc<str>, Arc<str>),
        now: Moment,
        roll: Roll<'_>,
    ) -> Resent {
        let (file, old) = (&letter.file, &letter.file.message);
        let took = Took {
            message: message_id(now, roll),
            source: old.source.clone(),
            correlation: old.correlation.clone(),
            at: now,
            key: old.key.clone(),
            version: old.version.clone(),
            body,
            beside: old.beside.clone(),
            flow: file.flow.clone(),
            root: Root(u128::from(roll()) << 64 | u128::from(roll())),
            plan: self.plan_id,
            seen: None,
            about: None,
            fault: None,
        };
        Resent { took, of: file.run, by, words, instead: true, over_newer }
    }
}

impl Dead<'_> {
    /// The message that a flow takes of it, where it takes those of its flow.
    fn told_to(&self, taker: usize, today: Today<'_>) -> Option<Fact> {
        let flow = &today.plan.flows[taker];
        let source = flow.source.as_ref()?;
        source.letters().filter(|letters| letters.takes(self.flow))?;
        let room = Room::new();
        let arrival = intake::item(source, &self.told(&room)).arrivals.into_iter().next()?;
        let arrival = intake::Arrival { correlation: Some(self.correlation.clone()), ..arrival };
        let print = print_of(&[b"spanwright letter 1", &self.root.0.to_be_bytes(), &self.at.0.to_be_bytes(), flow.name.as_bytes()]);
        let mut words = print.chunks_exact(8).filter_map(|word| Some(u64::from_be_bytes(word.try_into().ok()?)));
        let mut roll = || words.next().unwrap_or(0);
        let took = today.took(taker, &source.name, arrival, None, self.at, &mut roll);
        Some(Took { about: Some(self.message), ..took }.into())
    }

    /// As the flow that takes it sees it; its shape is in `project/flow/letters.rs`.
    fn told<'r>(&self, room: &'r Room) -> Value<'r> {
        let text = |text: &str| Value::Text(room.text(text));
        let maybe = |given: Option<&str>| given.map_or(Value::Null, text);
        let Stopped { kind, node, failure, undone } = self.stopped;
        let kind = match kind {
            StopKind::Dead => "dead",
            StopKind::Uncertain => "uncertain",
        };
        let body: &[u8] = room.bump().alloc_slice_copy(self.body);
        let fields = [
            ("message", text(&uuid(self.message))),
            ("flow", text(self.flow)),
            ("step", text(node)),
            ("kind", text(kind)),
            ("code", text(failure.code.id)),
            ("reason", text(&failure.says)),
            ("undone", Value::Bool(*undone)),
            ("at", text(&rfc3339(self.at))),
            ("correlation", text(self.correlation)),
            ("key", maybe(self.key)),
            ("version", maybe(self.version)),
            ("body", json::read(body, room).unwrap_or(Value::Null)),
        ];
        Value::Record(room.bump().alloc_slice_copy(&fields))
    }
}

/// What `spanwright.replay` is asked.
struct Wanted<'w> {
    message: u128,
    body: Option<Value<'w>>,
    reason: &'w str,
}

fn wanted<'w>(outgoing: &'w Outgoing, room: &'w Room) -> Result<Wanted<'w>, Failure> {
    let fault = |says: &str| Failure::new(&codes::NO_LETTER, says);
    let body = outgoing.input.body.as_deref().unwrap_or(b"null");
    let body = json::read(body, room).map_err(|why| fault(&format!("what says which is no JSON (byte {}: {})", why.at, why.says)))?;
    let named = body.get("message").and_then(|message| message.text()).ok_or_else(|| fault("`message` does not say which"))?;
    let digits: String = named.chars().filter(|letter| *letter != '-').collect();
    let message = u128::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 32);
    let message = message.ok_or_else(|| fault("`message` is no id of a message"))?;
    let reason = body.get("reason").and_then(|reason| reason.text()).unwrap_or_default();
    Ok(Wanted { message, body: body.get("body"), reason })
}

/// The body as JSON, where one is given that differs from what the message had.
fn other_body(given: Option<Value<'_>>, had: &[u8], room: &Room) -> Option<Arc<[u8]>> {
    let given = given?;
    let same = json::read(had, room).is_ok_and(|had| differences(&had, &given).is_empty());
    let mut out = Vec::new();
    json::write(&given, &mut out);
    (!same).then(|| out.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{
        desk::stage::{START, Stage, plan, took},
        fact::{EffectKey, EffectState, Phase, RunId, StoredEffect, Way, no_item},
        interface::Repeat,
        run::Input,
    };

    /// The step would be done again, and nobody looks at the other system before.
    #[test]
    fn what_may_not_have_been_undone_is_brought_back_by_a_person_alone() {
        let mut plan = plan();
        plan.flows[0].effects[0].repeat = Repeat::Keyed;
        let stage = Stage::of(plan);
        let body = format!(r#"{{"message": "{}"}}"#, uuid(7)).into_bytes();
        let input = Arc::new(Input::new(b"{}".to_vec(), Some(body)));
        let outgoing = Outgoing { run: RunId(9), key: "k".into(), input, correlation: "c".into(), message: 9 };
        let brings = |undo: Phase| {
            let known = [(Way::Do, Phase::Done(None)), (Way::Undo, undo)].map(|(way, phase)| {
                let effect = EffectKey { run: RunId(7), node: "first".into(), item: no_item(), way };
                StoredEffect { effect, state: EffectState::new(phase) }
            });
            let file = RunFile { over: true, known: known.into(), ..RunFile::of(took(), RunId(7)) };
            let letter = Letter { file, stopped: true, overtaken: false, bundle: None };
            stage.desk.brought_back(&outgoing, "flow back".into(), Some(letter), START, &mut || 7)
        };
        let unknown = Phase::Uncertain(Failure::new(&codes::NO_LONGER_ASKED, "it was sent and not heard of"));
        let refused = brings(unknown).unwrap_err();
        assert!(refused.code.id == codes::NO_UNDO.id && refused.says.contains("`first`"), "{}", refused.says);
        let (_, back) = brings(Phase::Done(None)).unwrap();
        assert!(matches!(back[..], [Fact::Reopened { run: RunId(7), .. }]), "{back:?}");
    }
}

//! An exchange ended: what each of its effects comes to, in one commit.

use std::{sync::Arc, time::Duration};

use spanwright_shape::{json, room::Room, text::Failure, value::Value};

use super::{
    AttemptNote, CallId, Command, Desk, Happening, Report, Roll, own,
    run_hand::{EffectHand, Place},
};
use crate::{
    codes,
    connector::{Blame, Outcome, Refusal, Verdict, Word},
    deliver::{Departure, GateChange, Next, Tries, decide},
    fact::{Attempt, EffectKey, ExchangeId, Exchanged, Fact, Hold, Moment, OutcomeKind, Phase, Way},
    interface::Repeat,
    plan::{EffectPlan, Policy},
};

/// RFC 9110, section 15.5.13.
const PRECONDITION_FAILED: u16 = 412;
/// A conflict of which nobody says what it means; connectors know it by this code.
const CONFLICT: &str = "R2022";
/// A refusal that may be of somebody who knows no keys, likewise.
const IN_BETWEEN: &str = "R2023";
/// How long a token lasts whose server does not say.
pub const TOKEN_LASTS_DEFAULT: Duration = Duration::from_secs(300);

/// Effects in one exchange.
pub(super) struct Flight {
    pub outlet: usize,
    pub queue: usize,
    pub gate: usize,
    pub members: Vec<EffectKey>,
    /// The operation's name.
    pub operation: Arc<str>,
    pub exchange: ExchangeId,
    pub departure: Departure,
    /// The journal has its composition under its number.
    pub bundled: bool,
}

/// What is in one exchange, as a whole.
#[derive(Clone, Copy)]
struct AllOf {
    /// It goes again as it went, and ends together.
    together: Option<ExchangeId>,
    /// When the first of it was first tried.
    oldest: Option<Moment>,
    /// Of the one that has most.
    own_failures: u32,
    /// It fails by itself.
    is_sick: bool,
}

impl Desk {
    pub(super) fn heard(&mut self, call: CallId, verdict: Verdict, report: &Report, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        self.heard_with(call, verdict, Vec::new(), report, now, roll, out);
    }

    /// The same; these are done in the same commit.
    #[allow(clippy::too_many_arguments)] // one exchange's whole story
    pub(super) fn heard_with(
        &mut self,
        call: CallId,
        verdict: Verdict,
        done: Vec<Fact>,
        report: &Report,
        now: Moment,
        roll: Roll<'_>,
        out: &mut Vec<Command>,
    ) {
        let verdict = self.refused_alone(call, verdict, report, now);
        let Some(flight) = self.landed(call, &verdict, report, now, out) else { return };
        self.note_how_it_fared(&flight, &verdict, report, now);
        let verdict = self.in_doubt_as_one(&flight, verdict);
        let let_in_none = verdict.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Later { .. }));
        let is_refused = matches!(verdict.system, Some(Word::Credentials(_))) && let_in_none;
        // A probe that was refused, too: it may be one in it that may not be touched, and halves show that.
        let is_a_batch = flight.members.len() > 1;
        let may_be_one =
            is_refused && is_a_batch && flight.departure.probe && report.status != own::UNAUTHORIZED && !self.goes_as_it_is(&flight);
        if is_refused && !may_be_one {
            self.failed(&flight, now);
            return self.go_again(flight, report, now, out);
        }
        let mut facts = vec![self.exchanged(&flight, report)];
        facts.extend(done);
        if may_be_one || is_a_batch && (verdict.refused_whole || self.hides_a_sick_one(&flight, &verdict, report)) {
            self.failed(&flight, now);
            self.may_have_arrived(&flight, &verdict.outcomes);
            let why = verdict.outcomes.first().and_then(failure_in).cloned();
            out.push(Command::Note(Happening::Split { queue: self.queues[flight.queue].name.clone(), calls: flight.members.len(), why }));
            self.split(flight, now, &mut facts);
        } else {
            self.settle(&flight, verdict.outcomes, report, now, roll, &mut facts, out);
        }
        self.note_ended(&facts, out);
        self.commit(facts, out);
    }

    /// An exchange is over: people are told of it, and its gate hears what the answer says of the system.
    pub(super) fn landed(
        &mut self,
        call: CallId,
        verdict: &Verdict,
        report: &Report,
        now: Moment,
        out: &mut Vec<Command>,
    ) -> Option<Flight> {
        let flight = self.flights.remove(&call)?;
        let (system, operation) = self.names_of(&flight);
        out.push(Command::Note(Happening::Exchanged { system, operation, calls: flight.members.len() as u32, report: report.clone() }));
        self.gate_heard(flight.gate, flight.departure, verdict, report, now, out);
        self.is_awaited(&flight).then_some(flight)
    }

    /// Whether somebody wants to know what came of it: a passing run that became an ordinary one asks again.
    fn is_awaited(&self, flight: &Flight) -> bool {
        flight.members.iter().any(|key| self.runs.contains_key(&key.run))
    }

    /// The answer says nothing about the messages: they go again as they are, and no try is spent.
    pub(super) fn go_again(&mut self, flight: Flight, report: &Report, now: Moment, out: &mut Vec<Command>) {
        if flight.members.iter().any(|key| key.run.passes()) {
            return flight.members.iter().for_each(|key| self.enter(key, now, out));
        }
        if flight.bundled {
            return self.again_bound(flight);
        }
        let (mut facts, runs) = (vec![self.exchanged(&flight, report)], flight.members.iter().map(|key| key.run).collect::<Vec<_>>());
        match &flight.members[..] {
            // Where it was this one's own fault, another shows how the system is.
            [alone] if !self.is_noted_first(alone) => {
                self.outlets[flight.outlet].refused = Some(alone.clone());
                self.enter(alone, now, out);
            }
            _ => self.go_free(flight.outlet, flight.members, now, &mut facts),
        }
        self.commit(facts, out);
        runs.into_iter().for_each(|run| self.heed_now(run, now, out));
    }

    /// They go again under the same number: the journal has their composition under it.
    pub(super) fn again_bound(&mut self, flight: Flight) {
        self.queues[flight.queue].bind_again(flight.exchange, &flight.members);
        self.outlets[flight.outlet].again_together(flight.members);
    }

    /// They did not happen, and go again as they are.
    fn go_free(&mut self, outlet: usize, members: Vec<EffectKey>, now: Moment, facts: &mut Vec<Fact>) {
        match members.iter().any(|key| self.is_noted_first(key)) {
            true => self.owe_as_before(&members, now, facts),
            false => self.outlets[outlet].again_together(members),
        }
    }

    /// A batch that was refused as a whole did not happen: its items are free, and go again in halves. Where an earlier
    /// outcome had glued them, the journal hears first that they are free, or a crash would glue some of them again.
    fn split(&mut self, flight: Flight, now: Moment, facts: &mut Vec<Fact>) {
        if !self.is_one_request(&flight.members) {
            return self.outlets[flight.outlet].split(flight.members);
        }
        for key in &flight.members {
            if let Some(effect) = self.effect_mut(key) {
                effect.place = Place::Settling;
                (effect.state.phase, effect.state.glued, effect.state.sent) = (Phase::Owed { due: now }, None, None);
                // It was tried, and did not happen: it is not one of which nobody knew before it was replayed.
                effect.state.tries = effect.state.tries.max(1);
            }
            self.settle_fact(key, None, now, facts);
        }
        for key in &flight.members {
            self.conclude(key.run, now, facts);
        }
    }

    /// What the answer says of the system: its breaker, a pause, its credentials.
    pub(super) fn gate_heard(
        &mut self,
        gate: usize,
        departure: Departure,
        verdict: &Verdict,
        report: &Report,
        now: Moment,
        out: &mut Vec<Command>,
    ) {
        let learned = self.gates[gate].learn(report.budget, now);
        let change = match &verdict.system {
            Some(Word::Credentials(why)) => {
                self.gates[gate].come_back(departure);
                self.gates[gate].refuse_credentials(departure, why.clone(), now)
            }
            Some(Word::Pause(time)) => {
                let change = self.gates[gate].arrive(departure, verdict.sick(), report.took, now);
                change.into_iter().chain(self.gates[gate].pause(*time, now)).next()
            }
            // Gone for good, it says: nothing is sent there until a person has looked, and nothing is lost by that.
            Some(Word::Gone(why)) => {
                self.gates[gate].come_back(departure);
                let because = format!("{} {}", why.code.id, why.says).into();
                Some(self.gates[gate].hold(Hold { since: now, until: None, by: Hold::ENGINE.into(), because }))
            }
            None => self.gates[gate].arrive(departure, verdict.sick(), report.took, now),
        };
        self.gate_changed(gate, change.or(learned), out);
    }

    #[allow(clippy::too_many_arguments)] // one exchange's whole story
    fn settle(
        &mut self,
        flight: &Flight,
        outcomes: Vec<Outcome>,
        report: &Report,
        now: Moment,
        roll: Roll<'_>,
        facts: &mut Vec<Fact>,
        out: &mut Vec<Command>,
    ) {
        let together = self.together(flight, &outcomes);
        let all = self.all_of(flight, report, together, now);
        for (key, outcome) in flight.members.iter().zip(outcomes) {
            self.settle_one(flight, key, outcome, all, report, now, roll(), facts, out);
        }
        let go_again = flight.members.iter().any(|key| self.effect(key).is_some_and(EffectHand::open));
        if let Some(glue) = together.filter(|_| go_again) {
            self.queues[flight.queue].glue(glue, flight.members.iter().cloned());
        }
        for key in &flight.members {
            self.conclude(key.run, now, facts);
        }
    }

    fn all_of(&self, flight: &Flight, report: &Report, together: Option<ExchangeId>, now: Moment) -> AllOf {
        let states = || flight.members.iter().filter_map(|key| Some(&self.effect(key)?.state));
        AllOf {
            together,
            oldest: states().filter_map(|state| state.first).min(),
            own_failures: states().map(|state| state.own_failures).max().unwrap_or(0),
            is_sick: self.is_sick(flight, report, together.is_some(), now),
        }
    }

    /// The glue of a request with one key whose outcome is unknown, or was and still is: none of it may go without the others.
    fn together(&self, flight: &Flight, outcomes: &[Outcome]) -> Option<ExchangeId> {
        let per_request = self.have_one_key(&flight.members);
        let glued = flight.members.iter().find_map(|key| self.effect(key)?.state.glued);
        let open = outcomes.iter().all(|outcome| match outcome {
            Outcome::Unknown(_) => true,
            Outcome::Later { .. } => glued.is_some(),
            Outcome::Delivered(_) | Outcome::Never(_) => false,
        });
        (per_request && open).then(|| glued.unwrap_or(flight.exchange))
    }

    #[allow(clippy::too_many_arguments)] // one attempt's whole story
    fn settle_one(
        &mut self,
        flight: &Flight,
        key: &EffectKey,
        outcome: Outcome,
        all: AllOf,
        report: &Report,
        now: Moment,
        roll: u64,
        facts: &mut Vec<Fact>,
        out: &mut Vec<Command>,
    ) {
        let Some((policy, repeat)) = self.policy_of(key) else { return };
        let together = all.together;
        let repeat = if together.is_none() { self.alone(flight, &outcome, repeat) } else { repeat };
        let (outcome, repeat) = self.in_doubt(key, outcome, repeat, report);
        let first = self.effect(key).and_then(|effect| effect.state.first).unwrap_or(report.at);
        let oldest = together.and(all.oldest).unwrap_or(first);
        let left_alone = self.left_alone(flight.outlet, oldest, now);
        let Some(effect) = self.effect_mut(key) else { return };
        effect.state.tries += 1;
        // What goes together ends together.
        let before = if together.is_some() { all.own_failures } else { effect.state.own_failures };
        effect.state.own_failures = before + u32::from(own::is_own_failure(&outcome, all.is_sick));
        effect.state.first = Some(first);
        let unheard = effect.is_unheard();
        let (count, own) = (effect.state.tries, effect.state.own_failures);
        let tries = Tries { count, own, first: oldest.after(left_alone), unheard };
        let next = decide(&policy, repeat, key.way, tries, &outcome, now, roll);
        effect.state.glued = together;
        let not_heard = matches!(outcome, Outcome::Unknown(_)) && repeat != Repeat::Safe;
        if not_heard || effect.maybe_asked && matches!(next, Next::Again(_) | Next::Uncertain(_)) {
            effect.may_have_arrived();
        }
        effect.maybe_asked = false;
        if matches!((&outcome, &next), (Outcome::Never(_), Next::Dead(_))) {
            // No try before it had arrived either.
            effect.state.sent = None;
        }
        let (kind, why) = told(&outcome);
        let may_have_been_given = outcome.may_have_been_given();
        let n = effect.state.tries;
        effect.place = Place::Settling;
        let held = effect.held_bytes();
        effect.state.phase = phase_of(next, outcome);
        let holds = effect.held_bytes();
        let settled = !effect.open();
        let attempt = Attempt { n, exchange: Some(flight.exchange), outcome: kind, says: why.clone() };
        let again = match effect.state.phase {
            Phase::Owed { due } => Some(due),
            _ => None,
        };
        effect.state.failed = matches!(effect.state.phase, Phase::Owed { .. } | Phase::Uncertain(_)).then_some(now);
        self.holds(key.run, held, holds);
        match settled {
            true => self.gathering.forget(key),
            false if may_have_been_given => self.gathering.not_heard(key),
            false => {}
        }
        self.settle_fact(key, Some(attempt), now, facts);
        self.note_stuck(key, n, why.as_ref(), out);
        self.note_attempt(flight, key, (n, kind, why, again), report, out);
    }

    /// An item that an answer left out cannot go again with its mates under their key, for they are done.
    fn alone(&self, flight: &Flight, outcome: &Outcome, repeat: Repeat) -> Repeat {
        let per_request = self.have_one_key(&flight.members);
        match (outcome, repeat) {
            (Outcome::Unknown(_), Repeat::Keyed) if per_request && flight.members.len() > 1 => Repeat::Never,
            _ => repeat,
        }
    }

    /// A batch under one key of which a try was not heard of: a refusal that says nothing of that one does not take it apart, for its
    /// items would go under other keys.
    fn in_doubt_as_one(&self, flight: &Flight, verdict: Verdict) -> Verdict {
        let is_doubtful = |outcome: &Outcome| matches!(outcome, Outcome::Never(why) if of_the_try_before(why).is_some());
        let plan = || flight.members.first().and_then(|key| self.plan_of(key));
        let has_one_key = || plan().is_some_and(|plan| plan.repeat == Repeat::Keyed && plan.has_one_key());
        let is_unheard = || flight.members.iter().filter_map(|key| self.effect(key)).any(EffectHand::is_unheard);
        if !verdict.outcomes.iter().all(is_doubtful) || !has_one_key() || !is_unheard() {
            return verdict;
        }
        let outcomes = verdict.outcomes.into_iter().map(unknown_after_all).collect();
        Verdict { outcomes, refused_whole: false, ..verdict }
    }

    /// A condition that does not hold after a try of which nobody heard: it may have been that try which changed the record.
    /// A conflict, under the same key: the first one may be at work still, or be what this one collides with. And whoever refuses it in
    /// between knows nothing of it.
    fn in_doubt(&self, key: &EffectKey, outcome: Outcome, repeat: Repeat, report: &Report) -> (Outcome, Repeat) {
        let unheard = self.effect(key).is_some_and(EffectHand::is_unheard);
        let conditional = self.plan_of(key).is_some_and(|plan| plan.conditional);
        match outcome {
            Outcome::Never(ref why) if unheard && repeat == Repeat::Keyed && of_the_try_before(why).is_some() => {
                (unknown_after_all(outcome), repeat)
            }
            Outcome::Never(why) if unheard && conditional && report.status == PRECONDITION_FAILED => {
                let says = format!("{}; a try before this one was not heard of, and may have changed it", why.says);
                (Outcome::Unknown(Failure::new(&codes::CONDITION_LOST, says)), Repeat::Never)
            }
            outcome => (outcome, repeat),
        }
    }

    fn policy_of(&self, key: &EffectKey) -> Option<(Policy, Repeat)> {
        let plan = self.plan_of(key)?;
        Some((plan.policy.clone(), plan.repeat))
    }

    /// Whether a request that carries these has one key.
    pub(super) fn have_one_key(&self, members: &[EffectKey]) -> bool {
        members.first().and_then(|key| self.plan_of(key)).is_some_and(EffectPlan::has_one_key)
    }

    pub(super) fn plan_of(&self, key: &EffectKey) -> Option<&EffectPlan> {
        let run = self.runs.get(&key.run)?;
        Some(run.effect_plan(run.effect(&key.node, &key.item, key.way)?))
    }

    fn note_attempt(
        &self,
        flight: &Flight,
        key: &EffectKey,
        (n, outcome, why, again): (u32, OutcomeKind, Option<Failure>, Option<Moment>),
        report: &Report,
        out: &mut Vec<Command>,
    ) {
        let Some(run) = self.runs.get(&key.run) else { return };
        out.push(Command::Note(Happening::Attempt(Box::new(AttemptNote {
            run: key.run,
            root: run.root,
            message: run.message.id,
            correlation: run.message.correlation.clone(),
            key: run.message.key.clone(),
            flow: self.flows[run.account].name.clone(),
            node: key.node.clone(),
            system: self.gates[flight.gate].name.clone(),
            exchange: flight.exchange,
            n,
            outcome,
            why,
            again,
            took: report.took,
            status: report.status,
        }))));
    }

    pub(super) fn names_of(&self, flight: &Flight) -> (Arc<str>, Arc<str>) {
        (self.gates[flight.gate].name.clone(), flight.operation.clone())
    }

    fn exchanged(&self, flight: &Flight, report: &Report) -> Fact {
        let (system, operation) = self.names_of(flight);
        Fact::Exchanged(Exchanged {
            id: flight.exchange,
            system,
            operation,
            at: report.at,
            took: report.took,
            status: report.status,
            calls: flight.members.len() as u32,
            sent: report.sent,
            got: report.got,
        })
    }

    /// Nothing was sent. One call to blame is dead and the others go without it; settings to blame hold the system.
    pub(super) fn not_asked(&mut self, call: CallId, refusal: Refusal, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        if self.poll_not_asked(call, &refusal, now, out) || self.sign_in_not_asked(call, &refusal, now, out) {
            return;
        }
        let Some(mut flight) = self.flights.remove(&call) else { return };
        self.gates[flight.gate].come_back(flight.departure);
        match refusal {
            Refusal::System(why) => {
                let change = self.gates[flight.gate].hold_credentials(why, now);
                self.gate_changed(flight.gate, Some(change), out);
                if !self.is_awaited(&flight) {
                    return;
                }
                let report = Report::of_nothing(now);
                self.go_again(flight, &report, now, out);
            }
            Refusal::Call(..) if !self.is_awaited(&flight) => {}
            Refusal::Call(_, why) if flight.members.len() > 1 && self.is_one_request(&flight.members) => {
                let closed = self.closed(&flight, now);
                self.nobody_knows_of(&flight.members, &why, closed, now, out);
            }
            Refusal::Call(n, why) => {
                let blamed = flight.members.remove(n.min(flight.members.len() - 1));
                let report = Report::of_nothing(now);
                let mut facts = self.closed(&flight, now);
                if !flight.members.is_empty() {
                    self.go_free(flight.outlet, std::mem::take(&mut flight.members), now, &mut facts);
                }
                if self.effect(&blamed).is_some_and(|effect| !effect.never_arrived()) && blamed.way == Way::Do {
                    // That it cannot be written now says nothing of the try before, which was, and was not heard of.
                    self.nobody_knows(&blamed, why, now, &mut facts);
                } else {
                    let one = Flight { members: vec![blamed], ..flight };
                    self.settle(&one, vec![Outcome::Never(why)], &report, now, roll, &mut facts, out);
                }
                self.note_ended(&facts, out);
                self.commit(facts, out);
            }
        }
    }

    /// What the journal has as noted before it was asked is over.
    fn closed(&self, flight: &Flight, now: Moment) -> Vec<Fact> {
        flight.bundled.then(|| self.exchanged(flight, &Report::of_nothing(now))).into_iter().collect()
    }

    fn sign_in_not_asked(&mut self, call: CallId, refusal: &Refusal, now: Moment, out: &mut Vec<Command>) -> bool {
        let Some((gate, departure)) = self.signing.remove(&call) else { return false };
        let (Refusal::System(why) | Refusal::Call(_, why)) = refusal;
        self.gates[gate].come_back(departure);
        let change = self.gates[gate].hold_credentials(why.clone(), now);
        self.gate_changed(gate, Some(change), out);
        true
    }

    pub(super) fn signed_in(
        &mut self,
        call: CallId,
        verdict: Verdict,
        report: &Report,
        now: Moment,
        roll: Roll<'_>,
        out: &mut Vec<Command>,
    ) {
        let Some((gate, departure)) = self.signing.remove(&call) else { return };
        let system = self.gates[gate].name.clone();
        out.push(Command::Note(Happening::Exchanged {
            system: system.clone(),
            operation: "sign-in".into(),
            calls: 1,
            report: report.clone(),
        }));
        let change = match verdict.outcomes.into_iter().next() {
            Some(Outcome::Delivered(answer)) => match answer.as_deref().and_then(token_in) {
                Some((token, lasts)) => {
                    self.token_serial += 1;
                    self.gates[gate].sign_in(token, lasts, self.token_serial, now);
                    out.push(Command::Note(Happening::SignedIn { system }));
                    self.gates[gate].come_back(departure);
                    None
                }
                None => self.sign_in_failed(gate, departure, None, now),
            },
            Some(Outcome::Never(why)) => self.sign_in_failed(gate, departure, Some(why), now),
            Some(Outcome::Later { after, .. }) => self.sign_in_later(gate, departure, after, now, roll()),
            Some(Outcome::Unknown(_)) | None => self.sign_in_later(gate, departure, None, now, roll()),
        };
        self.gate_changed(gate, change, out);
    }

    fn sign_in_failed(&mut self, gate: usize, departure: Departure, why: Option<Failure>, now: Moment) -> Option<GateChange> {
        let why = why.unwrap_or_else(|| Failure::new(&crate::codes::NO_TOKEN, "the sign-in answered without a token"));
        self.gates[gate].come_back(departure);
        Some(self.gates[gate].hold_credentials(why, now))
    }

    /// The token endpoint is sick: the gate counts it as any other failure and rests a moment.
    fn sign_in_later(&mut self, gate: usize, departure: Departure, after: Option<Duration>, now: Moment, roll: u64) -> Option<GateChange> {
        self.gates[gate].credentials = crate::deliver::Credentials::Wanted;
        let opened = self.gates[gate].arrive(departure, Some(true), Duration::ZERO, now);
        let pause = after.unwrap_or(Duration::from_millis(250 + roll % 1_000));
        opened.or(self.gates[gate].pause(pause, now))
    }
}

impl Outcome {
    /// Whether an answer may have been given that was not heard: nobody says that there was none.
    pub(super) fn may_have_been_given(&self) -> bool {
        matches!(self, Outcome::Unknown(_) | Outcome::Later { blame: Blame::Either, .. })
    }
}

impl Verdict {
    /// Whether the system itself was sick: for its breaker. `None`: it said nothing about that.
    pub fn sick(&self) -> Option<bool> {
        let one = |outcome: &Outcome| match outcome {
            Outcome::Later { blame: Blame::System | Blame::Either, .. } => self.system.is_none().then_some(true),
            Outcome::Unknown(_) => Some(true),
            Outcome::Later { blame: Blame::Message, .. } | Outcome::Delivered(_) | Outcome::Never(_) => Some(false),
        };
        self.outcomes.iter().map(one).reduce(|a, b| if a == Some(false) { a } else { b }).flatten()
    }
}

/// What a refusal under a key leaves open of a try before it that was not heard of, where it does.
fn of_the_try_before(why: &Failure) -> Option<&'static str> {
    match why.code.id {
        CONFLICT => Some("may be what it collides with"),
        IN_BETWEEN => Some("may be done: whoever says this may know no keys"),
        _ => None,
    }
}

/// A try before it was not heard of, and the refusal says nothing of that.
fn unknown_after_all(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Never(why) => {
            let leaves_open = of_the_try_before(&why).unwrap_or_default();
            let says = format!("{}; a try before this one was not heard of, and {leaves_open}", why.says);
            Outcome::Unknown(Failure::new(why.code, says))
        }
        outcome => outcome,
    }
}

fn phase_of(next: Next, outcome: Outcome) -> Phase {
    match (next, outcome) {
        (Next::Done, Outcome::Delivered(answer)) => Phase::Done(answer.map(Arc::from)),
        (Next::Done, _) => Phase::Done(None),
        (Next::Again(due), _) => Phase::Owed { due },
        (Next::Uncertain(why), _) => Phase::Uncertain(why),
        (Next::Dead(why), _) => Phase::Dead(why),
    }
}

fn failure_in(outcome: &Outcome) -> Option<&Failure> {
    match outcome {
        Outcome::Delivered(_) => None,
        Outcome::Later { why, .. } | Outcome::Unknown(why) | Outcome::Never(why) => Some(why),
    }
}

fn told(outcome: &Outcome) -> (OutcomeKind, Option<Failure>) {
    let kind = match outcome {
        Outcome::Delivered(_) => OutcomeKind::Delivered,
        Outcome::Later { .. } => OutcomeKind::Later,
        Outcome::Unknown(_) => OutcomeKind::Unknown,
        Outcome::Never(_) => OutcomeKind::Never,
    };
    (kind, failure_in(outcome).cloned())
}

fn token_in(answer: &[u8]) -> Option<(Arc<str>, Duration)> {
    let room = Room::new();
    let answer = json::read(answer, &room).ok()?;
    let token = answer.get("token")?.text()?.into();
    let lasts = match answer.get("lasts") {
        Some(Value::Number(seconds)) => Duration::from_secs(seconds.as_i64().and_then(|n| u64::try_from(n).ok())?),
        _ => TOKEN_LASTS_DEFAULT,
    };
    Some((token, lasts))
}

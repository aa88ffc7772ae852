//! What is ready goes out: gathered, looked at, noted where it may not be repeated, and asked.

use std::sync::Arc;

use super::{
    Command, Desk, Exchange, Outgoing, SignIn, Wake, handover, heard::Flight, letters, outlet::Outlet, queue::Work, round, run_hand::Place,
};
use crate::codes;
use crate::fact::Way;
use crate::{
    deliver::{Credentials, Departure, Goes},
    fact::{Attempt, Bundled, EffectKey, EffectState, ExchangeId, Fact, Moment, OutcomeKind, Phase, PlanId, Print, request_key},
    interface::Repeat,
    plan::EffectPlan,
    run::Input,
};
use spanwright_shape::text::Failure;

/// Of so many that are ready the one that was tried least is a probe.
const PROBES_SEEN_MOST: usize = 64;
/// So many are looked through for one that did not fail before, while retries have to wait.
const RETRIES_SEEN_MOST: usize = 2_000;

/// How a ready effect fits into a request, and what else its own plan lets into one that it is the first of.
struct Fit {
    plan: PlanId,
    bytes: usize,
    /// What stands beside the items of a request.
    beside: Option<Arc<Input>>,
    /// Nobody knows of it, and it went with no others or does not go with them any more: with others it would go under another key
    /// than its own, under which it may have been done.
    alone: bool,
    most: usize,
    bytes_most: usize,
}

impl Fit {
    /// Whether another one goes with it, behind so many bytes.
    fn takes(&self, other: &Fit, bytes: usize) -> bool {
        let has_the_same_beside = match (&self.beside, &other.beside) {
            (Some(one), Some(other)) => one.with == other.with,
            (one, other) => one.is_none() && other.is_none(),
        };
        self.plan == other.plan && !other.alone && bytes + other.bytes <= self.bytes_most && has_the_same_beside
    }
}

impl Desk {
    /// Lets go out what may. Outlets take turns, so that one flow's million does not starve its neighbour.
    pub(super) fn dispatch(&mut self, now: Moment, wake: &mut Wake, out: &mut Vec<Command>) {
        let count = self.queues.len();
        for queue in 0..count {
            self.bring_due(queue, now, wake, out);
        }
        let (mut idle, count) = (0, self.outlets.len());
        while idle < count {
            let outlet = self.turn % count;
            self.turn = (outlet + 1) % count;
            idle = if self.send_one(outlet, now, wake, out) { 0 } else { idle + 1 };
        }
    }

    fn bring_due(&mut self, queue: usize, now: Moment, wake: &mut Wake, out: &mut Vec<Command>) {
        for key in self.queues[queue].now_due(now) {
            if self.effect(&key).is_some_and(|effect| effect.place == Place::Later) && !self.leaves(&key) {
                self.enter(&key, now, out);
            }
        }
        if let Some(due) = self.queues[queue].next_due() {
            wake.no_later_than(due);
        }
    }

    fn send_one(&mut self, outlet: usize, now: Moment, wake: &mut Wake, out: &mut Vec<Command>) -> bool {
        let Outlet { queue, gate, .. } = self.outlets[outlet];
        let together = match self.work(outlet, now) {
            Work::Nothing => return false,
            Work::At(at) => {
                wake.no_later_than(at);
                return false;
            }
            Work::Apart(glue, effects) => {
                self.come_apart(outlet, glue, effects, now, out);
                return true;
            }
            Work::Ready => None,
            Work::Together(effects) => Some(effects),
        };
        if together.is_none() {
            self.fresh_first(outlet, now);
        }
        let (goes, finds_room) = (self.how_goes(outlet, together.as_deref()), self.finds_room(outlet, together.as_deref()));
        if !finds_room || self.flow_holds(self.queues[queue].account, now, wake) || !self.pass(gate, goes, now, wake, out) {
            if let Some(effects) = together {
                self.outlets[outlet].give_back(effects);
            }
            self.keep_what_waits(outlet, now, out);
            return false;
        }
        if together.as_ref().is_some_and(|effects| self.are_asked_otherwise(effects, now, out)) {
            return true;
        }
        let members = together.unwrap_or_else(|| self.gather(outlet));
        let members = self.same_bytes(members, now, out);
        if !members.is_empty() {
            self.launch(outlet, members, goes, now, out);
        }
        true
    }

    fn work(&mut self, outlet: usize, now: Moment) -> Work {
        if let Some(effects) = self.outlets[outlet].next_split() {
            return Work::Together(effects);
        }
        let queue = self.outlets[outlet].queue;
        self.queues[queue].work(outlet).unwrap_or_else(|| self.outlets[outlet].ready_work(now))
    }

    /// Whether what is about to go failed before; of a batch, whether its first item did.
    fn how_goes(&self, outlet: usize, together: Option<&[EffectKey]>) -> Goes {
        let tries = self.next(outlet, together).and_then(|key| self.effect(key)).map_or(0, |effect| effect.state.tries);
        if tries > 0 { Goes::Again } else { Goes::First }
    }

    fn next<'d>(&'d self, outlet: usize, together: Option<&'d [EffectKey]>) -> Option<&'d EffectKey> {
        together.map_or_else(|| self.outlets[outlet].ready().find(|key| self.is_ready(key)), <[_]>::first)
    }

    /// Whether nothing goes out there now: its system is held, or there is no room where it hands over to.
    pub(super) fn is_shut(&self, outlet: usize, now: Moment) -> bool {
        self.gates[self.outlets[outlet].gate].held(now).is_some() || !self.finds_room(outlet, None)
    }

    /// Whether what is about to go may: what is handed to another flow waits while that one is full, or the disk.
    fn finds_room(&self, outlet: usize, together: Option<&[EffectKey]>) -> bool {
        let account = self.queues[self.outlets[outlet].queue].account;
        if self.flows[account].hands_to.is_empty() {
            return true;
        }
        let next = self.next(outlet, together).and_then(|key| Some((self.plan_of(key)?, self.runs.get(&key.run)?)));
        let to = next.and_then(|(effect, run)| handover::target(&run.plan, effect.system, effect.operation));
        to.is_none_or(|to| self.takes_over(account, to))
    }

    fn is_ready(&self, key: &EffectKey) -> bool {
        self.effect(key).is_some_and(|effect| effect.place == Place::Ready)
    }

    /// As many ready effects as fit into one request; all of one plan, by what that says of it, with the same beside them, and one of each
    /// record.
    fn gather(&mut self, outlet: usize) -> Vec<EffectKey> {
        let (mut members, mut bytes, mut first): (Vec<EffectKey>, usize, Option<Fit>) = (Vec::new(), 0, None);
        while first.as_ref().is_none_or(|first| members.len() < first.most) {
            let Some((since, key)) = self.outlets[outlet].next_ready() else { break };
            let Some(fit) = self.fit(outlet, &key) else { continue };
            if first.as_ref().is_some_and(|first| !first.takes(&fit, bytes)) {
                self.outlets[outlet].put_back(since, key);
                break;
            }
            self.outlets[outlet].no_longer_ready(fit.bytes);
            bytes += fit.bytes;
            first.get_or_insert(fit);
            self.set_place(&key, Place::Flying);
            members.push(key);
        }
        members.sort();
        members
    }

    /// How a ready effect fits into a request.
    fn fit(&self, outlet: usize, key: &EffectKey) -> Option<Fit> {
        let run = self.runs.get(&key.run)?;
        let effect = run.effect(&key.node, &key.item, key.way).filter(|effect| effect.place == Place::Ready)?;
        let plan = run.effect_plan(effect);
        let (batch, alone) = (plan.batch.as_ref(), plan.has_one_key() && (effect.is_unheard() || effect.is_as_replayed()));
        Some(Fit {
            plan: run.plan_id,
            bytes: effect.bytes(),
            beside: effect.input.clone(),
            alone,
            most: if alone { 1 } else { self.outlets[outlet].most(batch) },
            bytes_most: batch.map_or(usize::MAX, |batch| batch.bytes),
        })
    }

    /// A message that fails by itself would fail each probe, and hold a system that is well. Where retries have to wait, what did
    /// not fail before goes before them, and they keep their order.
    fn fresh_first(&mut self, outlet: usize, now: Moment) {
        let gate = &mut self.gates[self.outlets[outlet].gate];
        let (probes, lacks_retries) = (gate.probes(), gate.lacks_retries(now));
        let of = &self.outlets[outlet];
        let tries = |key: &EffectKey| self.effect(key).filter(|_| self.is_ready(key)).map(|effect| effect.state.tries);
        let at = if probes {
            let ready = of.ready().take(PROBES_SEEN_MOST).enumerate();
            let least = ready.filter_map(|(at, key)| Some((tries(key)?, of.refused.as_ref() == Some(key), at))).min();
            least.map(|(.., at)| at)
        } else if lacks_retries {
            of.ready().take(RETRIES_SEEN_MOST).position(|key| tries(key) == Some(0))
        } else {
            None
        };
        at.into_iter().for_each(|at| self.outlets[outlet].move_up(at));
    }

    /// After an unknown outcome the same bytes go again or none: what differs is left to a person. What is idempotent without a
    /// key may go with others: the last one counts.
    fn same_bytes(&mut self, members: Vec<EffectKey>, now: Moment, out: &mut Vec<Command>) -> Vec<EffectKey> {
        let differs = |desk: &Desk, key: &EffectKey| {
            let effect = desk.effect(key)?;
            let (sent, input) = (effect.state.sent?, effect.input.as_ref()?);
            // An undo bears being done twice, and is tried until it is done.
            let any_bytes = key.way == Way::Undo || desk.plan_of(key).is_some_and(|plan| plan.repeat == Repeat::Idempotent);
            Some(!any_bytes && sent != input.print())
        };
        let differs = |desk: &Desk, key: &EffectKey| differs(desk, key) == Some(true);
        let all = self.is_one_request(&members) && members.iter().any(|key| differs(self, key));
        let (changed, same): (Vec<_>, Vec<_>) = members.into_iter().partition(|key| all || differs(self, key));
        if !changed.is_empty() {
            let noted = if all { self.no_longer_noted(&changed, now) } else { Vec::new() };
            let why = Failure::new(&codes::OTHER_BYTES, "what the flow gives now is not what was sent when the outcome was unknown");
            self.nobody_knows_of(&changed, &why, noted, now, out);
        }
        same
    }

    /// Whether these may have been done together under one key: with one of them missing they would go under another.
    pub(super) fn is_one_request(&self, members: &[EffectKey]) -> bool {
        members.iter().any(|key| self.effect(key).is_some_and(|effect| effect.state.glued.is_some()))
    }

    /// None of these is asked again, and a try before was not heard of; with what else is to be said of that.
    pub(super) fn nobody_knows_of(&mut self, keys: &[EffectKey], why: &Failure, said: Vec<Fact>, now: Moment, out: &mut Vec<Command>) {
        let mut facts = said;
        for key in keys {
            self.nobody_knows(key, why.clone(), now, &mut facts);
        }
        self.note_ended(&facts, out);
        self.commit(facts, out);
    }

    /// It is not asked again, and a try before was not heard of.
    pub(super) fn nobody_knows(&mut self, key: &EffectKey, why: Failure, now: Moment, facts: &mut Vec<Fact>) {
        self.set_place(key, Place::Settling);
        if let Some(effect) = self.effect_mut(key) {
            effect.state.phase = Phase::Uncertain(why);
        }
        self.settle_fact(key, None, now, facts);
        self.conclude(key.run, now, facts);
    }

    fn launch(&mut self, outlet: usize, members: Vec<EffectKey>, goes: Goes, now: Moment, out: &mut Vec<Command>) {
        let Outlet { queue, gate, .. } = self.outlets[outlet];
        for key in &members {
            self.set_place(key, Place::Flying);
        }
        let call = self.next_call();
        let departure = self.depart(gate, goes, now, out);
        let bound = self.queues[queue].unbind(&members);
        let exchange = bound.unwrap_or_else(|| self.next_exchange());
        let may_be_skipped = members.iter().filter(|key| key.way == Way::Do);
        let looks: Vec<(Arc<str>, Arc<str>)> = may_be_skipped.filter_map(|key| self.sent_scope(key)).collect();
        // What went once under one key goes again whole.
        let asks_first = bound.is_none() && !self.is_one_request(&members) && !looks.is_empty() && looks.len() == members.len();
        let operation = self.operation_of(&members).unwrap_or_else(|| self.queues[queue].name.clone());
        self.flights.insert(call, Flight { outlet, queue, gate, members, operation, exchange, departure, bundled: bound.is_some() });
        if asks_first { out.push(Command::Look(call, looks)) } else { self.start_or_ask(call, now, out) }
    }

    fn operation_of(&self, members: &[EffectKey]) -> Option<Arc<str>> {
        let key = members.first()?;
        let plan = self.plan_of(key)?;
        let operations = &self.runs.get(&key.run)?.plan.systems[plan.system].system.interface().operations;
        operations.get(plan.operation).map(|operation| operation.name.clone())
    }

    /// The scope and record whose last body is remembered, for `unchanged: skip`.
    pub(super) fn sent_scope(&self, key: &EffectKey) -> Option<(Arc<str>, Arc<str>)> {
        let run = self.runs.get(&key.run)?;
        let effect = run.effect(&key.node, &key.item, key.way)?;
        let plan = run.plan.flows[run.flow].effects.get(effect.effect)?;
        if !plan.unchanged || key.way == Way::Ask {
            return None;
        }
        Some((letters::sent_under(&plan.queue), run.message.key.clone()?))
    }

    /// What was sent before and did not change is done without being asked.
    pub(super) fn looked(&mut self, call: super::CallId, prints: &[Option<Print>], now: Moment, out: &mut Vec<Command>) {
        let Some(flight) = self.flights.get_mut(&call) else { return };
        let members = std::mem::take(&mut flight.members);
        let (mut go, mut facts) = (Vec::new(), Vec::new());
        for (key, print) in members.into_iter().zip(prints) {
            let same = self.effect(&key).and_then(|effect| effect.input.as_ref()).is_some_and(|input| Some(input.print()) == *print);
            if !same {
                go.push(key);
                continue;
            }
            self.set_place(&key, Place::Settling);
            if let Some(effect) = self.effect_mut(&key) {
                effect.state.phase = Phase::Unchanged;
            }
            self.settle_fact(&key, None, now, &mut facts);
            self.conclude(key.run, now, &mut facts);
        }
        if !facts.is_empty() {
            self.note_ended(&facts, out);
            self.commit(facts, out);
        }
        self.go_without_the_unchanged(call, go, now, out);
    }

    fn go_without_the_unchanged(&mut self, call: super::CallId, go: Vec<EffectKey>, now: Moment, out: &mut Vec<Command>) {
        let Some(flight) = self.flights.get(&call) else { return };
        if go.is_empty() || self.was_held(flight, now) {
            self.gates[flight.gate].come_back(flight.departure);
            if let Some(flight) = self.flights.remove(&call).filter(|_| !go.is_empty()) {
                let again = Flight { members: go, ..flight };
                if again.bundled { self.again_bound(again) } else { self.outlets[again.outlet].again_together(again.members) }
            }
            return;
        }
        if let Some(flight) = self.flights.get_mut(&call) {
            flight.members = go;
        }
        self.start_or_ask(call, now, out);
    }

    /// An exchange begins; a day's quota is kept ahead, so that a crash can only make it count too many.
    pub(super) fn depart(&mut self, gate: usize, goes: Goes, now: Moment, out: &mut Vec<Command>) -> Departure {
        let (departure, is_noted) = self.gates[gate].depart(goes, now);
        if is_noted {
            let row = self.gates[gate].row();
            self.commit(vec![Fact::Gated(row)], out);
        }
        departure
    }

    fn next_exchange(&mut self) -> ExchangeId {
        self.exchange_next += 1;
        ExchangeId(self.exchange_next - 1)
    }

    /// What cannot be told after a crash is on disk before it is asked: the intent of an effect that may not be
    /// repeated, the composition of a batch under one key.
    fn start_or_ask(&mut self, call: super::CallId, now: Moment, out: &mut Vec<Command>) {
        let Some(flight) = self.flights.get(&call) else { return };
        let unsafe_ones = flight.members.iter().filter(|key| self.is_noted_first(key));
        let boot = self.boot;
        let started = |key: &EffectKey| {
            let EffectState { generation, of_item, .. } = self.effect(key)?.state;
            Some(Fact::Started { effect: key.clone(), boot, generation, of_item })
        };
        let facts: Vec<Fact> = unsafe_ones.filter_map(started).collect();
        let bundled = self.bundled(flight, now);
        if let (Some(_), Some(flight)) = (&bundled, self.flights.get_mut(&call)) {
            flight.bundled = true;
        }
        let facts: Vec<Fact> = facts.into_iter().chain(bundled).collect();
        if facts.is_empty() {
            return self.ask(call, now, out);
        }
        let ticket = self.commit(facts, out);
        self.starting.insert(ticket, call);
    }

    fn bundled(&self, flight: &Flight, now: Moment) -> Option<Fact> {
        let queue = &self.queues[flight.queue];
        let keyed = flight.members.first().and_then(|key| self.plan_of(key)).is_some_and(|plan| plan.repeat == Repeat::Keyed);
        if !self.have_one_key(&flight.members) || !keyed || self.is_one_request(&flight.members) || flight.bundled {
            return None;
        }
        let (system, operation) = self.names_of(flight);
        let members = flight.members.clone();
        Some(Fact::Bundled(Bundled { id: flight.exchange, system, operation, queue: queue.name.clone(), at: now, members }))
    }

    /// See [`EffectPlan::is_noted_first`].
    pub(super) fn is_noted_first(&self, key: &EffectKey) -> bool {
        self.plan_of(key).is_some_and(EffectPlan::is_noted_first)
    }

    /// What was noted is on disk, and is asked, unless somebody has held it meanwhile. A batch waits under its number, which the
    /// journal has.
    pub(super) fn noted(&mut self, call: super::CallId, now: Moment, out: &mut Vec<Command>) {
        if !self.flights.get(&call).is_some_and(|flight| self.was_held(flight, now)) {
            return self.ask(call, now, out);
        }
        let Some(flight) = self.flights.remove(&call) else { return };
        self.gates[flight.gate].come_back(flight.departure);
        if flight.bundled {
            return self.again_bound(flight);
        }
        let mut facts = Vec::new();
        self.owe_as_before(&flight.members, now, &mut facts);
        self.commit(facts, out);
    }

    /// What was noted before it was asked did not happen: the journal hears that it is owed as before, with no try spent, and
    /// whoever fetches it notes it anew. With the note alone a crash would leave it uncertain.
    pub(super) fn owe_as_before(&mut self, members: &[EffectKey], now: Moment, facts: &mut Vec<Fact>) {
        for key in members {
            self.set_place(key, Place::Settling);
            self.settle_fact(key, None, now, facts);
        }
        for key in members {
            self.conclude(key.run, now, facts);
        }
    }

    /// Whether somebody has held its system or its flow since it left its queue, while the journal was at work, or the token that it was
    /// to carry is no more.
    fn was_held(&self, flight: &Flight, now: Moment) -> bool {
        let gate = &self.gates[flight.gate];
        gate.is_held_by_somebody(now) || gate.lacks_a_token() || self.flow_is_held(self.queues[flight.queue].account, now)
    }

    pub(super) fn ask(&mut self, call: super::CallId, now: Moment, out: &mut Vec<Command>) {
        let Some(flight) = self.flights.get(&call) else { return };
        let Some(run) = flight.members.first().and_then(|first| self.runs.get(&first.run)) else { return };
        let Some(plan) =
            flight.members.first().and_then(|key| run.effect(&key.node, &key.item, key.way)).map(|effect| run.effect_plan(effect))
        else {
            return;
        };
        let (system, operation) = (plan.system, plan.operation);
        let answers = plan.keeps_answer() || flight.members.iter().any(|key| key.way == Way::Ask);
        let timeout = plan.timeout.unwrap_or(run.plan.systems[system].limits.timeout);
        let outcomes = plan.outcomes.clone();
        let calls: Vec<Outgoing> = flight.members.iter().filter_map(|key| self.outgoing(key)).collect();
        let request_key = request_key(&calls.iter().map(|call| call.key.as_str()).collect::<Vec<_>>());
        if let (Some(to), Some(one)) = (handover::target(&run.plan, system, operation), calls.first()) {
            let handover = (call, Arc::from(to), one.clone());
            return self.handovers.push(handover);
        }
        if let (true, Some(one)) = (letters::brings_back(&run.plan, system, operation), calls.first()) {
            let replay = (call, self.flows[run.account].name.clone(), one.clone());
            return self.replays.push(replay);
        }
        if let (Some(flow), Some(waits)) = (round::target(&run.plan, system, operation), flight.members.first()) {
            let (flow, run) = (flow.to_string(), waits.run);
            return self.rounds.wait(call, &flow, run);
        }
        let (token, serial) = self.gates[flight.gate].token();
        let so_far = || self.gathering.so_far(flight.members.first()?, now);
        let gather = plan.gather.as_ref().filter(|_| answers).map(|rule| (rule.clone(), so_far()));
        let exchange = Exchange {
            call,
            exchange: flight.exchange,
            plan: run.plan.clone(),
            system,
            operation,
            calls,
            request_key,
            token,
            answers,
            timeout,
            outcomes,
            gather,
            head: plan.head.clone(),
        };
        // It may have been renewed while the journal was at work.
        self.flights.get_mut(&call).into_iter().for_each(|flight| flight.departure.serial = serial);
        out.push(Command::Exchange(Box::new(exchange)));
    }

    fn outgoing(&self, key: &EffectKey) -> Option<Outgoing> {
        let run = self.runs.get(&key.run)?;
        let effect = run.effect(&key.node, &key.item, key.way)?;
        Some(Outgoing {
            run: key.run,
            key: key.idempotency_key(run.root, effect.state.generation),
            input: effect.input.clone()?,
            correlation: run.message.correlation.clone(),
            message: run.message.id,
        })
    }

    /// One sign-in for all that wait at the gate.
    pub(super) fn sign_in(&mut self, gate: usize, now: Moment, out: &mut Vec<Command>) {
        let name = self.gates[gate].name.clone();
        let plans = std::iter::once(&self.plan).chain(self.plans.values());
        let found = plans.filter_map(|plan| Some((plan.clone(), plan.systems.iter().position(|system| system.name == name)?))).next();
        let Some((plan, system)) = found else { return };
        let call = self.next_call();
        self.gates[gate].credentials = Credentials::Asking;
        let departure = self.depart(gate, Goes::First, now, out);
        self.signing.insert(call, (gate, departure));
        out.push(Command::SignIn(SignIn { call, plan, system }));
    }

    /// An older life of the process had started effects that may not be repeated, and did not hear of them.
    pub(super) fn settle_torn(&mut self, opening: &crate::fact::Opening, now: Moment, out: &mut Vec<Command>) {
        let mut facts = Vec::new();
        for torn in &opening.torn {
            // Its run may be parked from an earlier try, and nothing in it is due any more.
            facts.extend([torn_fact(torn, now), Fact::Parked { run: torn.effect.run, parked: false }]);
            self.wanted.insert(torn.effect.run);
        }
        if !facts.is_empty() {
            self.commit(facts, out);
        }
    }

    fn leaves(&self, key: &EffectKey) -> bool {
        self.runs.get(&key.run).is_some_and(super::run_hand::RunHand::leaves)
    }
}

/// When it was asked is not known: it is told of when it is found.
fn torn_fact(torn: &crate::fact::DueEffect, now: Moment) -> Fact {
    let says = Failure::new(&codes::TORN, "the process ended between asking and hearing");
    let mut state = torn.state.clone();
    state.tries += 1;
    let attempt = Attempt { n: state.tries, exchange: None, outcome: OutcomeKind::Unknown, says: Some(says.clone()) };
    // An undo bears being done twice, and is tried until it is done.
    state.phase = if torn.effect.way == Way::Undo { Phase::Owed { due: now } } else { Phase::Uncertain(says) };
    Fact::Settled(Box::new(crate::fact::Settled {
        effect: torn.effect.clone(),
        state,
        queue: torn.queue.clone(),
        lane: torn.lane,
        attempt: Some(attempt),
        at: now,
    }))
}

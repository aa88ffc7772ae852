//! A run in hand, and its effects: where each is, and what the run comes to when they are settled.

use std::sync::Arc;

use super::hand::is_asked_unnoted;
use crate::{
    codes,
    fact::{
        ANSWER, EffectKey, EffectState, Ending, Fact, Item, MessageFile, Moment, NodeName, Phase, PlanId, Root, RunFile, RunId, StopKind,
        Stopped, StoredEffect, Took, Way, begins_way_back,
    },
    plan::{EffectPlan, Plan},
    run::{AdvanceJob, Input, KnownEffect, Owed, Then, ending_of},
};
use spanwright_shape::text::Failure;

/// A run in hand.
pub(super) struct RunHand {
    pub plan_id: PlanId,
    pub plan: Arc<Plan>,
    /// The flow's number in its plan.
    pub flow: usize,
    /// The flow's number at the desk.
    pub account: usize,
    pub root: Root,
    pub message: Arc<MessageFile>,
    /// By (node, item, way).
    pub effects: Vec<EffectHand>,
    pub then: Then,
    /// The journal has it as parked.
    pub parked: bool,
    /// It leaves the hand when its commit is kept.
    pub leaving: bool,
    /// A walk is under way: what it says may be old by then, and until it is heard the run stays.
    pub walking: bool,
    /// It is to be advanced when its commit is kept.
    pub again: bool,
    pub over: bool,
    /// What its walk said is being done: until then it is not concluded, and what becomes of its effects is kept with its end.
    pub following: Option<Vec<Fact>>,
    /// A life that was cut off had taken it in: what its first walk here owes may have been asked.
    pub from_before: bool,
    /// The queue that had it fetched, until it is walked.
    pub fetched_for: Option<usize>,
    /// Bytes that its effects hold: what they ask, and what they were answered.
    pub held_bytes: usize,
    /// Of a passing run: what would be in the journal, and the bytes of its answers.
    pub unkept: Vec<Fact>,
    pub unkept_bytes: usize,
}

/// An effect in hand.
pub(super) struct EffectHand {
    pub node: NodeName,
    pub item: Item,
    pub way: Way,
    /// Its number in its flow.
    pub effect: usize,
    pub state: EffectState,
    pub place: Place,
    pub input: Option<Arc<Input>>,
    /// Where it goes out.
    pub outlet: usize,
    pub lane: u64,
    /// A life that was cut off may have asked it.
    pub maybe_asked: bool,
    /// The journal knows that it waits: a run of which this is true of each open effect may be parked.
    pub row: bool,
}

/// Where an effect in hand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Settled, or not yet asked for by a walk.
    Known,
    /// Behind another of its lane.
    Lined,
    /// In its queue.
    Ready,
    /// Waiting for its next try.
    Later,
    /// In an exchange.
    Flying,
    /// Its new state is on the way to the disk.
    Settling,
}

impl RunHand {
    /// As the journal has it; a walk says what it owes.
    pub fn known(file: RunFile, plan: Arc<Plan>, flow: usize, account: usize) -> RunHand {
        let mut effects: Vec<EffectHand> = file.known.into_iter().map(EffectHand::known).collect();
        effects.sort_by(|a, b| (&a.node, &a.item, a.way).cmp(&(&b.node, &b.item, b.way)));
        let held_bytes = effects.iter().map(EffectHand::held_bytes).sum();
        RunHand {
            plan_id: file.plan,
            plan,
            flow,
            account,
            root: file.root,
            message: file.message,
            effects,
            then: Then::Look,
            parked: file.parked,
            leaving: false,
            walking: true,
            again: false,
            over: false,
            following: None,
            from_before: false,
            fetched_for: None,
            held_bytes,
            unkept: Vec::new(),
            unkept_bytes: 0,
        }
    }

    /// Bytes for which it counts in the hand of its flow.
    pub fn bytes(&self) -> usize {
        self.message.body.len() + self.held_bytes
    }

    /// As it was taken.
    pub fn took(&self, flow: Arc<str>) -> Took {
        let message = &self.message;
        Took {
            message: message.id,
            source: message.source.clone(),
            correlation: message.correlation.clone(),
            at: message.received,
            key: message.key.clone(),
            version: message.version.clone(),
            body: message.body.clone(),
            beside: message.beside.clone(),
            flow,
            root: self.root,
            plan: self.plan_id,
            seen: None,
            about: None,
            fault: None,
        }
    }

    pub fn effect(&self, node: &str, item: &str, way: Way) -> Option<&EffectHand> {
        self.position(node, item, way).ok().map(|n| &self.effects[n])
    }

    pub fn effect_mut(&mut self, node: &str, item: &str, way: Way) -> Option<&mut EffectHand> {
        self.position(node, item, way).ok().map(|n| &mut self.effects[n])
    }

    pub fn position(&self, node: &str, item: &str, way: Way) -> Result<usize, usize> {
        self.effects.binary_search_by(|have| (&*have.node, &*have.item, have.way).cmp(&(node, item, way)))
    }

    pub fn job(&self, run: RunId) -> AdvanceJob {
        let known = self.effects.iter().map(|effect| KnownEffect {
            node: effect.node.clone(),
            item: effect.item.clone(),
            way: effect.way,
            phase: effect.state.phase.clone(),
            generation: effect.state.generation,
            tries: effect.state.tries,
            unheard: effect.is_unheard(),
            of_item: effect.state.of_item,
        });
        AdvanceJob { run, plan: self.plan.clone(), flow: self.flow, root: self.root, message: self.message.clone(), known: known.collect() }
    }

    /// Some effects are open: the run stays, waits in the journal, or is walked again for what a settled call unblocks.
    pub fn wait_or_stay(&mut self, run: RunId, facts: &mut Vec<Fact>) {
        if self.walking {
            return self.walk_again(run, facts);
        }
        let news = self.effects.iter().any(|effect| effect.place == Place::Settling && !effect.open());
        if news && self.then == Then::Look {
            return self.walk_again(run, facts);
        }
        let mut open = self.effects.iter().filter(|effect| effect.waits());
        if open.all(|effect| matches!(effect.place, Place::Settling | Place::Later)) {
            self.leaving = true;
            facts.push(Fact::Parked { run, parked: true });
        } else {
            self.stay(run, facts);
        }
    }

    /// Nothing happens to it before a system is let go again that is held now: what it owes is not in the journal yet, and was asked of
    /// nobody, or waits there for its next try.
    pub fn only_waits(&self, is_held: impl Fn(&EffectHand) -> bool) -> bool {
        let is_new = |effect: &EffectHand| {
            let untouched = !effect.row && effect.state.tries == 0 && !effect.maybe_asked && effect.state.glued.is_none();
            untouched && effect.way == Way::Do
        };
        let waits = |effect: &EffectHand| match effect.place {
            Place::Ready => is_new(effect) && is_held(effect),
            Place::Later => effect.row,
            Place::Known | Place::Lined | Place::Flying | Place::Settling => false,
        };
        let is_still = !self.walking && !self.again && !self.over && !self.leaving && self.following.is_none();
        is_still && self.effects.iter().filter(|effect| effect.waits()).all(waits)
    }

    pub fn walk_again(&mut self, run: RunId, facts: &mut Vec<Fact>) {
        self.again = true;
        self.stay(run, facts);
    }

    fn stay(&mut self, run: RunId, facts: &mut Vec<Fact>) {
        if std::mem::take(&mut self.parked) {
            facts.push(Fact::Parked { run, parked: false });
        }
    }

    /// How it ends without another walk, where that can be told: nothing comes after its effects and nothing is to be undone.
    pub fn ending(&self) -> Option<Ending> {
        if self.then == Then::Look {
            return None;
        }
        let asked = || self.effects.iter().filter(|effect| !effect.is_asked_no_more());
        let bad = self.effects.iter().filter_map(|effect| match &effect.state.phase {
            Phase::Dead(_) if effect.is_asked_no_more() => None,
            Phase::Uncertain(why) => Some((StopKind::Uncertain, effect, why)),
            Phase::Dead(why) => Some((StopKind::Dead, effect, why)),
            Phase::Owed { .. } | Phase::Started { .. } | Phase::Done(_) | Phase::Unchanged | Phase::Superseded => None,
        });
        let first = bad.min_by_key(|(kind, ..)| *kind == StopKind::Dead);
        Some(match first {
            Some((kind, effect, why)) => Ending::Stopped(Stopped { kind, node: effect.node.clone(), failure: why.clone(), undone: false }),
            None => ending_of(asked().map(|effect| &effect.state.phase)),
        })
    }

    /// An earlier life asked for it together with others, and the journal has no row of it.
    pub fn knows(&mut self, effect: EffectKey, now: Moment) {
        if let Err(at) = self.position(&effect.node, &effect.item, effect.way) {
            let state = EffectState::new(Phase::Owed { due: now });
            self.effects.insert(at, EffectHand { row: false, ..EffectHand::known(StoredEffect { effect, state }) });
        }
    }

    /// Something failed for good: what was done before is undone, or will be.
    pub fn is_on_its_way_back(&self) -> bool {
        self.effects.iter().any(|effect| begins_way_back(effect.way, &effect.state.phase))
    }

    /// The first step of which nobody knows, and which no walk asks for any more.
    pub fn unknown_and_asked_no_more(&self) -> Option<(NodeName, Failure)> {
        self.effects.iter().filter(|effect| effect.is_asked_no_more()).find_map(|effect| match &effect.state.phase {
            Phase::Uncertain(why) => Some((effect.node.clone(), why.clone())),
            _ => None,
        })
    }

    /// It is about to leave the hand.
    pub fn leaves(&self) -> bool {
        self.leaving
    }

    pub fn settling(&self) -> bool {
        self.effects.iter().any(|effect| effect.place == Place::Settling)
    }

    /// Of what was due when the life before was cut off, what the journal did not hear of first may have been asked then.
    pub fn may_have_been_asked(&mut self, cut_off: Moment) {
        for at in 0..self.effects.len() {
            let effect = &self.effects[at];
            let was_due = matches!(effect.state.phase, Phase::Owed { due } if due <= cut_off);
            let number = self.number_of(&effect.node).filter(|_| was_due);
            let is_unnoted = number.is_some_and(|number| is_asked_unnoted(self.plan_of(number, effect.way), effect.way));
            self.effects[at].maybe_asked = is_unnoted;
        }
    }

    /// The plan of an effect.
    pub fn effect_plan(&self, effect: &EffectHand) -> &EffectPlan {
        self.plan_of(effect.effect, effect.way)
    }

    /// The number of a step's effect in the flow.
    pub fn number_of(&self, node: &str) -> Option<usize> {
        self.plan.flows[self.flow].numbered_effect(node).map(|(number, _)| number)
    }

    /// The plan of an effect by its number in the flow, done, undone or asked about.
    pub fn plan_of(&self, effect: usize, way: Way) -> &EffectPlan {
        let plan = &self.plan.flows[self.flow].effects[effect];
        match (way, &plan.undo, &plan.if_unknown) {
            (Way::Undo, Some(undo), _) => undo,
            (Way::Ask, _, Some(question)) => &question.ask,
            _ => plan,
        }
    }
}

impl EffectHand {
    /// As the journal has it; a walk says what it asks.
    pub fn known(known: StoredEffect) -> EffectHand {
        let EffectKey { node, item, way, .. } = known.effect;
        EffectHand::new(node, item, way, known.state)
    }

    /// What was said to the sender: done as soon as it is said.
    pub fn said(node: NodeName, state: EffectState) -> EffectHand {
        EffectHand::new(node, ANSWER.into(), Way::Do, state)
    }

    /// A walk owes it for the first time.
    pub fn fresh(owed: &Owed, generation: u32, due: Moment) -> EffectHand {
        let state = EffectState { generation, ..EffectState::new(Phase::Owed { due }) };
        let new = EffectHand::new(owed.node.clone(), owed.item.clone(), owed.way, state);
        EffectHand { effect: owed.effect, row: false, ..new }
    }

    fn new(node: NodeName, item: Item, way: Way, state: EffectState) -> EffectHand {
        EffectHand {
            node,
            item,
            way,
            effect: 0,
            state,
            place: Place::Known,
            input: None,
            outlet: 0,
            lane: 0,
            maybe_asked: false,
            row: true,
        }
    }

    pub fn key(&self, run: RunId) -> EffectKey {
        EffectKey { run, node: self.node.clone(), item: self.item.clone(), way: self.way }
    }

    /// As far as this life and the journal know it did not arrive: a newer state may take its place.
    pub fn never_arrived(&self) -> bool {
        self.state.sent.is_none() && self.state.glued.is_none()
    }

    /// A try of it may have arrived: it was not heard of, and nothing has told since.
    pub fn is_unheard(&self) -> bool {
        self.maybe_asked || !self.never_arrived()
    }

    /// The journal has it as owed, and not as tried: nobody knew of it before it was replayed, and its bytes are not known. What was
    /// refused or undone has another generation.
    pub fn is_as_replayed(&self) -> bool {
        let EffectState { generation, tries, first, .. } = &self.state;
        self.row && (*generation, *tries, first.is_none()) == (0, 0, true)
    }

    /// From here on its bytes may have arrived: they go again as they are, or none.
    pub fn may_have_arrived(&mut self) {
        self.maybe_asked = false;
        self.state.sent = self.input.as_ref().map(|input| input.print());
    }

    /// Bytes in a request that carries it beside others: its own, and what stands between two of them.
    pub fn bytes(&self) -> usize {
        self.input.as_ref().map_or(0, |input| input.len()) + 1
    }

    /// What it asks, and what it was answered.
    pub fn held_bytes(&self) -> usize {
        self.state.answer_bytes() + self.input.as_ref().map_or(0, |input| input.len())
    }

    pub fn open(&self) -> bool {
        matches!(self.state.phase, Phase::Owed { .. } | Phase::Started { .. })
    }

    /// It was asked for before, and no walk asks for it any more.
    pub fn is_asked_no_more(&self) -> bool {
        matches!(&self.state.phase, Phase::Uncertain(why) | Phase::Dead(why) if why.code.id == codes::NO_LONGER_ASKED.id)
    }

    /// It is open, and a walk has asked for it: of a step that the flow does not have any more nobody waits for anything.
    pub fn waits(&self) -> bool {
        self.open() && self.place != Place::Known
    }
}

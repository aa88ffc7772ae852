//! What a run leaves behind that ends without asking for what it had asked for.
//!
//! Today's schema may end a message whose call was tried before; then others may wait for that call: the next state of its
//! record in its lane, and what went with it in one request under one key. The lane goes on. **Of a batch under one key none
//! goes again without the others**, for it would go under another key, and what had been done would be done twice: what is
//! left of it is uncertain, and a person looks.

use super::{
    Command, Desk, Report,
    copied::is_elsewhere,
    hand::{is_asked_unnoted, lane_in},
    outlet::Outlet,
    run_hand::{Place, RunHand},
};
use crate::{
    codes,
    fact::{EffectKey, Ending, ExchangeId, Exchanged, Fact, Moment, OF_NO_ATTEMPT, Phase, RunId, StopKind, Stopped, Way},
    interface::Repeat,
    run::{Owed, Then},
};
use spanwright_shape::text::Failure;

impl Desk {
    /// A run ends, and says how it ends where nobody knows of something that it does not ask for any more.
    pub(super) fn leave(&mut self, run: RunId, ending: Ending, now: Moment, facts: &mut Vec<Fact>) -> Ending {
        for (key, _) in self.left(run, now) {
            self.leave_one(&key, now, facts);
        }
        let unknown = self.runs.get(&run).and_then(RunHand::unknown_and_asked_no_more);
        match (unknown, ending) {
            (None, ending) => ending,
            (Some(_), Ending::Stopped(stopped) | Ending::SetAside(stopped)) => {
                Ending::Stopped(Stopped { kind: StopKind::Uncertain, ..stopped })
            }
            (Some((node, failure)), Ending::Done | Ending::Skipped(_)) => {
                Ending::Stopped(Stopped { kind: StopKind::Uncertain, node, failure, undone: false })
            }
        }
    }

    /// A walk says what its run owes. Where no walk comes after this one, it asks for nothing else any more; where one does, a call
    /// may keep it from steps that it asks for later, and of a step that it has come to it asks for no other item that went with others.
    /// Nobody waits for that until the run ends.
    pub(super) fn leave_what_is_not(&mut self, owed: &[Owed], run: RunId, now: Moment, facts: &mut Vec<Fact>) {
        let is_last = self.runs.get(&run).is_some_and(|hand| hand.then == Then::Ends);
        let is_owed = |key: &EffectKey| owed.iter().any(|owed| (&owed.node, &owed.item, owed.way) == (&key.node, &key.item, key.way));
        let has_come_to = |key: &EffectKey| owed.iter().any(|owed| (&owed.node, owed.way) == (&key.node, key.way));
        for (key, went_together) in self.left(run, now) {
            if !is_owed(&key) && (is_last || went_together && has_come_to(&key)) {
                self.leave_one(&key, now, facts);
            }
        }
    }

    /// What a run had asked for and no walk of this life has, and whether it went together with others.
    fn left(&mut self, run: RunId, now: Moment) -> Vec<(EffectKey, bool)> {
        let together: Vec<_> = self.queues.iter().flat_map(|queue| queue.together_of(run)).collect();
        let Some(hand) = self.runs.get_mut(&run) else { return Vec::new() };
        together.iter().for_each(|key| hand.knows(key.clone(), now));
        let open = hand.effects.iter().filter(|effect| matches!(effect.state.phase, Phase::Owed { .. }) && !effect.waits());
        let keys = open.map(|effect| effect.key(run));
        keys.map(|key| (key.clone(), together.contains(&key))).collect()
    }

    /// It is given up, or uncertain where it may have arrived.
    fn leave_one(&mut self, key: &EffectKey, now: Moment, facts: &mut Vec<Fact>) {
        let Some(hand) = self.runs.get(&key.run) else { return };
        let number = hand.number_of(&key.node);
        let plan = number.map(|number| hand.plan_of(number, key.way));
        // A step that is gone had the queue of its name.
        let named = || format!("{}.{}", self.flows[hand.account].name, key.node);
        let outlet_of_named = || self.queue_of.get(&*named()).map(|queue| self.queues[*queue].outlets[0]);
        let outlet = plan.map_or_else(outlet_of_named, |plan| Some(self.outlet_of(hand, plan)));
        let lane = plan.map_or(0, |plan| lane_in(hand, plan, key.way));
        let may_be_elsewhere = plan.map_or(key.way == Way::Do, |plan| key.way == Way::Do && plan.repeat != Repeat::Safe);
        let may_be_asked = plan.map_or(key.way == Way::Do, |plan| is_asked_unnoted(plan, key.way));
        // Nobody knew of it, and the question did not tell.
        let is_asked_about = hand
            .effect(&key.node, &key.item, Way::Ask)
            .is_some_and(|asked| asked.state.generation == OF_NO_ATTEMPT || !matches!(asked.state.phase, Phase::Done(_)));
        let glue = outlet.and_then(|outlet| self.queues[self.outlets[outlet].queue].leaves_bundle(key));
        if let (Some(outlet), Some(glue)) = (outlet, glue) {
            let queue = self.outlets[outlet].queue;
            self.wanted.extend(self.queues[queue].comes_apart(glue));
            if !self.queues[queue].has_bundle(glue) {
                facts.extend(self.end_of_noted(outlet, glue, 1, now));
            }
        }
        let (cut_off, elsewhere) = (self.cut_off, self.elsewhere);
        let Some(effect) = self.effect_mut(key) else { return };
        effect.state.glued = effect.state.glued.or(glue);
        let was_due = matches!((&effect.state.phase, cut_off), (Phase::Owed { due }, Some(cut)) if *due <= cut.at);
        let is_unknown = is_asked_about && key.way == Way::Do && effect.is_as_replayed();
        let was_due_elsewhere = matches!(effect.state.phase, Phase::Owed { due } if is_elsewhere(elsewhere, key.run, Some(due)));
        let is_unheard = effect.is_unheard() || was_due && may_be_asked || was_due_elsewhere && may_be_elsewhere || is_unknown;
        let why = Failure::new(&codes::NO_LONGER_ASKED, "it was asked for before, and what the flow says now does not ask for it");
        effect.state.phase = if is_unheard { Phase::Uncertain(why) } else { Phase::Dead(why) };
        // Without a queue nobody can wait for it.
        if let Some(outlet) = outlet {
            (effect.effect, effect.outlet, effect.lane, effect.place) = (number.unwrap_or(usize::MAX), outlet, lane, Place::Settling);
            self.settle_fact(key, None, now, facts);
        }
    }

    /// One that these went with is over.
    pub(super) fn come_apart(&mut self, outlet: usize, glue: ExchangeId, left: Vec<EffectKey>, now: Moment, out: &mut Vec<Command>) {
        let mut facts = Vec::new();
        if !self.queues[self.outlets[outlet].queue].has_bundle(glue) {
            facts.extend(self.end_of_noted(outlet, glue, left.len(), now));
        }
        let why = Failure::new(&codes::APART, "it went with others under one key, and one of them does not go again");
        self.nobody_knows_of(&left, &why, facts, now, out);
    }

    /// Where the flow asks otherwise today, what went in one request under one key cannot go again as it went: by itself each would go
    /// under another key. Says whether these are such.
    pub(super) fn are_asked_otherwise(&mut self, effects: &[EffectKey], now: Moment, out: &mut Vec<Command>) -> bool {
        if !self.is_one_request(effects) || self.have_one_key(effects) {
            return false;
        }
        let noted = self.no_longer_noted(effects, now);
        // Where it asks for them together again, they still go under that key.
        let why = Failure::new(&codes::OTHER_BYTES, "it went with others under one key, and the flow asks for each alone today");
        self.nobody_knows_of(effects, &why, noted, now, out);
        true
    }

    /// These are not asked again, so what an earlier life noted of their exchange is over.
    pub(super) fn no_longer_noted(&mut self, members: &[EffectKey], now: Moment) -> Vec<Fact> {
        let Some(outlet) = members.first().and_then(|key| self.effect(key)).map(|effect| effect.outlet) else { return Vec::new() };
        let queue = self.outlets[outlet].queue;
        let Some(glue) = members.iter().find_map(|key| self.queues[queue].bound_to(key)) else { return Vec::new() };
        let end = self.end_of_noted(outlet, glue, members.len(), now);
        self.queues[queue].unbind(members);
        end.into_iter().collect()
    }

    fn end_of_noted(&mut self, outlet: usize, id: ExchangeId, calls: usize, now: Moment) -> Option<Fact> {
        let Outlet { queue, gate, .. } = self.outlets[outlet];
        let (queue, system) = (&mut self.queues[queue], self.gates[gate].name.clone());
        let Report { at, took, status, sent, got, .. } = Report::of_nothing(now);
        let exchanged = |operation| Exchanged { id, system, operation, at, took, status, calls: calls as u32, sent, got };
        queue.ends_noted(id).then(|| Fact::Exchanged(exchanged(queue.name.clone())))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;
    use crate::{
        connector::{Outcome, Verdict},
        desk::{
            Event, FETCH_RUNS_MOST, Fetch, HAND_RUNS_MOST, Order,
            run_hand::EffectHand,
            stage::{START, Stage, call, plan, said},
        },
        fact::{
            Backlog, CutOff, EffectState, Glued, Hold, Lane, MessageFile, Opening, PlanId, Root, RunFile, StoredEffect, Turn, Way, lane_of,
            no_item,
        },
        interface::{BulkKey, Repeat},
        plan::{Batch, EffectPlan, Plan, SourceKind, Step, StepKind},
    };

    const QUEUE: &str = "asked.first";

    fn effect(run: i64) -> EffectKey {
        EffectKey { run: RunId(run), node: "first".into(), item: no_item(), way: Way::Do }
    }

    fn file(run: i64, record: &str, body: &str, known: Option<EffectState>) -> RunFile {
        let message = MessageFile {
            id: run.cast_unsigned().into(),
            source: "asked.source".into(),
            correlation: "c".into(),
            received: Moment(0),
            key: Some(record.into()),
            version: None,
            body: body.as_bytes().into(),
            beside: None,
        };
        RunFile {
            run: RunId(run),
            root: Root(1),
            flow: "asked".into(),
            plan: PlanId(1),
            message: Arc::new(message),
            known: known.into_iter().map(|state| StoredEffect { effect: effect(run), state }).collect(),
            over: false,
            parked: false,
            stopped: None,
        }
    }

    /// A life that finds these, the first of which ends before it asks for what it had asked for; what is kept, and who was asked.
    fn found(opening: Opening, files: Vec<RunFile>) -> (Vec<Fact>, Stage) {
        let batch = Batch { most: 10, bytes: 1_000, wait: Duration::ZERO, key: BulkKey::PerRequest };
        let first = EffectPlan { batch: Some(batch), in_order: true, ..call("first", Repeat::Keyed) };
        found_by(vec![first], opening, files)
    }

    fn found_by(effects: Vec<EffectPlan>, opening: Opening, files: Vec<RunFile>) -> (Vec<Fact>, Stage) {
        let mut plan = plan();
        if let Some(SourceKind::Door(served)) = plan.flows[0].source.as_mut().map(|source| &mut source.kind) {
            served.reply_within = None;
        }
        plan.flows[0].steps.truncate(2 + effects.len());
        if effects.len() > 1 {
            let kind = |n, effect: &EffectPlan| if effect.saved_as.is_some() { StepKind::Call(n) } else { StepKind::Send(n) };
            let step = |(n, effect): (usize, &EffectPlan)| Step { name: effect.node.clone(), when: None, kind: kind(n, effect) };
            plan.flows[0].steps = effects.iter().enumerate().map(step).collect();
        }
        plan.flows[0].effects = effects;
        let lane = |run| Lane { queue: QUEUE.into(), lane: lane_of(QUEUE, "r"), effect: effect(run) };
        let backlog = vec![Backlog { flow: "asked".into(), active: files.len() as u64, parked: 0 }];
        let opening = Opening { backlog, lanes: vec![lane(1)], last_run: RunId(9), ..opening };
        let mut stage = Stage::open(plan, opening);
        let mut kept = stage.keeps();
        stage.on(Event::Found { fetch: Fetch::Active { flow: "asked".into(), after: RunId(0), most: 9 }, runs: files, next: None });
        kept.extend(stage.keeps());
        (kept, stage)
    }

    /// A flow that makes one call of this system.
    fn one_call(batch: Option<Batch>, system: &str) -> Plan {
        let mut plan = plan();
        if let Some(SourceKind::Door(served)) = plan.flows[0].source.as_mut().map(|source| &mut source.kind) {
            served.reply_within = None;
        }
        plan.flows[0].effects = vec![EffectPlan { batch, ..call("first", Repeat::Keyed) }];
        plan.flows[0].steps.truncate(3);
        plan.systems[0].name = system.into();
        plan
    }

    fn owed(glued: Option<i64>) -> EffectState {
        EffectState { tries: 1, glued: glued.map(ExchangeId), ..EffectState::new(Phase::Owed { due: START }) }
    }

    fn stands(kept: &[Fact], run: i64) -> Vec<String> {
        let of = |fact: &Fact| match fact {
            Fact::Settled(settled) if settled.effect.run.0 == run => match &settled.state.phase {
                Phase::Uncertain(why) => Some(format!("uncertain {} {:?}", why.code.id, settled.state.glued.map(|glue| glue.0))),
                Phase::Dead(why) => Some(format!("dead {}", why.code.id)),
                phase => Some(format!("{phase:?}")),
            },
            Fact::Ended { run: ended, ending: Ending::Stopped(stopped), .. } if ended.0 == run => {
                Some(format!("{:?} {}", stopped.kind, stopped.failure.code.id))
            }
            _ => None,
        };
        kept.iter().filter_map(of).collect()
    }

    /// Whether what went together was glued by an unknown outcome, or cut off while it was asked.
    #[test]
    fn what_went_with_one_that_is_over_does_not_go_again_and_the_line_goes_on() {
        for noted in [false, true] {
            let state = || if noted { None } else { Some(owed(Some(5))) };
            let glued = |run| Glued { queue: QUEUE.into(), glue: ExchangeId(5), effect: effect(run), noted, apart: false };
            let opening = Opening { rested: true, glued: vec![glued(1), glued(2), glued(3)], exchange_next: 6, ..Opening::default() };
            let files = vec![
                file(1, "r", r#"{"fail": true}"#, state()),
                file(2, "s", "{}", state()),
                file(3, "t", "{}", state()),
                file(4, "r", "{}", None),
            ];
            let (kept, stage) = found(opening, files);
            assert_eq!(stands(&kept, 1), ["uncertain R0046 Some(5)", "Uncertain R0001"], "{noted}: {kept:?}");
            for run in [2, 3] {
                assert_eq!(stands(&kept, run), ["uncertain R0045 Some(5)", "Uncertain R0045"], "{noted}: {kept:?}");
            }
            assert_eq!(stage.asked, 1, "the next state of the record goes, and nothing else");
            let ends = kept.iter().filter(|fact| matches!(fact, Fact::Exchanged(exchanged) if exchanged.id == ExchangeId(5))).count();
            assert_eq!(ends, usize::from(noted), "what was noted is over: {kept:?}");
        }
    }

    #[test]
    fn all_that_a_run_asks_for_no_more_is_left() {
        let mut one = file(1, "r", r#"{"fail": true}"#, Some(owed(Some(5))));
        for item in ["0", "1"] {
            one.known.push(StoredEffect { effect: EffectKey { item: item.into(), ..effect(1) }, state: owed(Some(6)) });
        }
        let (kept, _) = found(Opening { rested: true, exchange_next: 7, ..Opening::default() }, vec![one]);
        let settled = kept.iter().filter(|fact| matches!(fact, Fact::Settled(settled) if settled.effect.run == RunId(1))).count();
        assert_eq!(settled, 3, "{kept:?}");
    }

    /// A life that ends before all are uncertain: the next one finds those that are left.
    #[test]
    fn what_another_life_found_apart_does_not_go_again() {
        for noted in [false, true] {
            let one = Glued { queue: QUEUE.into(), glue: ExchangeId(5), effect: effect(2), noted, apart: true };
            let opening = Opening { rested: true, glued: vec![one], exchange_next: 6, ..Opening::default() };
            let (kept, stage) = found(opening, vec![file(2, "s", "{}", (!noted).then(|| owed(Some(5))))]);
            assert_eq!((stands(&kept, 2).join(", "), stage.asked), ("uncertain R0045 Some(5), Uncertain R0045".into(), 0), "{noted}");
        }
    }

    #[test]
    fn what_was_asked_for_alone_is_given_up_or_uncertain_and_the_line_goes_on() {
        let unheard = EffectState { sent: Some([1; 32]), ..owed(None) };
        for (state, repeat, rested, expected) in [
            (owed(None), Repeat::Idempotent, true, ["dead R0046", "Dead R0001"]),
            (owed(None), Repeat::Idempotent, false, ["uncertain R0046 None", "Uncertain R0001"]),
            // It would be noted in the journal.
            (owed(None), Repeat::Never, false, ["dead R0046", "Dead R0001"]),
            (unheard, Repeat::Keyed, true, ["uncertain R0046 None", "Uncertain R0001"]),
        ] {
            let cut_off = (!rested).then_some(CutOff { at: START, upto: RunId(9) });
            let opening = Opening { rested, cut_off, exchange_next: 6, ..Opening::default() };
            let first = EffectPlan { in_order: true, ..call("first", repeat) };
            let (kept, stage) =
                found_by(vec![first], opening, vec![file(1, "r", r#"{"fail": true}"#, Some(state)), file(4, "r", "{}", None)]);
            assert_eq!(stands(&kept, 1), expected, "{repeat:?}: {kept:?}");
            assert_eq!(stage.asked, 1, "{repeat:?}: the next state of the record goes");
        }
    }

    /// A walk says all that it owes; while that is lined up, one of it that a newer state takes the place of ends nothing.
    #[test]
    fn what_is_superseded_first_ends_no_run_whose_walk_says_more() {
        let first = EffectPlan { in_order: true, newest_only: true, saved_as: None, ..call("first", Repeat::Idempotent) };
        let second = EffectPlan { in_order: true, saved_as: None, ..call("second", Repeat::Idempotent) };
        let opening = Opening { rested: true, exchange_next: 6, ..Opening::default() };
        let rows = |run| {
            let mut file = file(run, "r", "{}", Some(owed(None)));
            let second = EffectKey { node: "second".into(), ..effect(run) };
            file.known.push(StoredEffect { effect: second, state: owed(None) });
            file
        };
        let files = vec![file(4, "r", "{}", None), rows(1)];
        let (kept, stage) = found_by(vec![first, second], opening, files);
        assert!(stands(&kept, 1).iter().any(|stands| stands == "Superseded"), "{kept:?}");
        assert!(!stands(&kept, 1).iter().any(|stands| stands.contains("R0046")), "{kept:?}");
        let second = EffectKey { node: "second".into(), ..effect(1) };
        assert!(stage.desk.effect(&second).is_some_and(EffectHand::waits), "behind the newer one: {kept:?}");
    }

    /// A call before it is open again: the walk has not come to what went with others, and asks for it later.
    #[test]
    fn what_a_call_keeps_a_walk_from_is_still_asked_for() {
        let batch = Batch { most: 10, bytes: 1_000, wait: Duration::ZERO, key: BulkKey::PerRequest };
        let second = EffectPlan { batch: Some(batch), saved_as: None, ..call("second", Repeat::Keyed) };
        let opening = Opening { rested: true, exchange_next: 6, ..Opening::default() };
        let mut one = file(1, "r", "{}", Some(EffectState::new(Phase::Owed { due: START })));
        one.known.push(StoredEffect { effect: EffectKey { node: "second".into(), ..effect(1) }, state: owed(Some(5)) });
        let (mut kept, mut stage) = found_by(vec![call("first", Repeat::Safe), second], opening, vec![one]);
        assert_eq!((stands(&kept, 1), stage.asked), (Vec::new(), 1), "the call is asked");
        stage.answers("1");
        kept.extend(stage.keeps());
        assert_eq!(stage.asked, 2, "and then what went with others: {kept:?}");
    }

    /// A replay opens them in one commit, and nothing of their bundle is known to this life: the first that is walked waits.
    #[test]
    fn what_comes_together_again_goes_together() {
        let opening = Opening { rested: true, exchange_next: 6, ..Opening::default() };
        let files = vec![file(2, "s", "{}", Some(owed(Some(5)))), file(3, "t", "{}", Some(owed(Some(5))))];
        let (_, stage) = found(opening, files);
        let together: Vec<_> = stage.desk.flights.values().map(|flight| flight.members.len()).collect();
        assert_eq!(together, [2]);
    }

    /// By itself each would go under another key.
    #[test]
    fn what_went_together_does_not_go_again_where_each_is_asked_alone_today() {
        for noted in [false, true] {
            let glued = |run| Glued { queue: QUEUE.into(), glue: ExchangeId(5), effect: effect(run), noted, apart: false };
            let opening = Opening { rested: true, glued: vec![glued(2), glued(3)], exchange_next: 6, ..Opening::default() };
            let files = [2, 3].map(|run| file(run, "s", "{}", (!noted).then(|| owed(Some(5)))));
            let (kept, stage) = found_by(vec![call("first", Repeat::Keyed)], opening, files.into());
            for run in [2, 3] {
                assert_eq!(stands(&kept, run), ["uncertain R0006 Some(5)", "Uncertain R0006"], "{noted}: {kept:?}");
            }
            assert_eq!(stage.asked, 0, "{noted}");
            let ends = kept.iter().filter(|fact| matches!(fact, Fact::Exchanged(exchanged) if exchanged.id == ExchangeId(5))).count();
            assert_eq!(ends, usize::from(noted), "what was noted is over: {kept:?}");
        }
    }

    /// What began under an older plan goes as that says: under which key, with which others, and to the system that it names. Today's
    /// says only whether others are waited for.
    #[test]
    fn what_is_of_an_older_plan_goes_as_that_plan_says() {
        let batch = || Some(Batch { most: 10, bytes: 1_000, wait: Duration::ZERO, key: BulkKey::PerRequest });
        for (then, today, glued, expected) in
            [(None, batch(), None, 1), (batch(), None, None, 1), (batch(), None, Some(5), 2), (batch(), batch(), Some(5), 2)]
        {
            let backlog = vec![Backlog { flow: "asked".into(), active: 2, parked: 0 }];
            let of = |run| Glued { queue: QUEUE.into(), glue: ExchangeId(5), effect: effect(run), noted: false, apart: false };
            let glue = if glued.is_some() { vec![of(1), of(2)] } else { Vec::new() };
            let opening = Opening { rested: true, backlog, glued: glue, last_run: RunId(9), exchange_next: 6, ..Opening::default() };
            let mut stage = Stage::open_after(vec![one_call(then.clone(), "ledger")], one_call(today.clone(), "books"), opening);
            stage.keeps();
            let runs = vec![file(1, "r", "{}", Some(owed(glued))), file(2, "s", "{}", Some(owed(glued)))];
            stage.on(Event::Found { fetch: Fetch::Active { flow: "asked".into(), after: RunId(0), most: 9 }, runs, next: None });
            stage.keeps();
            let case = format!("{then:?}, {today:?}, {glued:?}: {:?}", stage.sent);
            assert_eq!(stage.sent.len(), 3 - expected, "{case}");
            assert!(stage.sent.iter().all(|(system, calls, ..)| system == "ledger" && *calls == expected), "{case}");
            assert!(stage.sent.iter().all(|(.., key, of_request)| (key == of_request) == (expected == 1)), "{case}");
            let gates: Vec<_> = stage.desk.flights.values().map(|flight| &*stage.desk.gates[flight.gate].name).collect();
            assert!(gates.iter().all(|gate| *gate == "ledger"), "whose limits and credentials: {gates:?}");
        }
    }

    /// Each went alone under its own key, and nobody knows of it: with others it would go under another, and be done twice.
    #[test]
    fn what_went_alone_goes_alone_again_where_many_go_together_today() {
        let many = Some(Batch { most: 10, bytes: 1_000, wait: Duration::from_secs(1), key: BulkKey::PerRequest });
        let asks = |batch: Option<Batch>, known: Option<EffectState>, count: usize| {
            let backlog = vec![Backlog { flow: "asked".into(), active: 2, parked: 0 }];
            let opening = Opening { rested: true, backlog, last_run: RunId(9), exchange_next: 6, ..Opening::default() };
            let mut stage = Stage::open(one_call(batch, "ledger"), opening);
            stage.keeps();
            let runs = [file(1, "r", "{}", known.clone()), file(2, "s", "{}", known)].into_iter().take(count).collect();
            stage.on(Event::Found { fetch: Fetch::Active { flow: "asked".into(), after: RunId(0), most: 9 }, runs, next: None });
            stage.wakes_after(Duration::from_secs(1));
            stage.keeps();
            stage
        };
        let unknown = || Verdict::all(1, Outcome::Unknown(said()));
        let mut alone = asks(None, None, 2);
        alone.hears(unknown());
        let unheard = alone.keeps().into_iter().find_map(|fact| if let Fact::Settled(settled) = fact { Some(settled.state) } else { None });
        let known = EffectState { phase: Phase::Owed { due: START }, ..unheard.unwrap() };
        assert!(known.sent.is_some() && known.glued.is_none());
        let together = asks(many.clone(), Some(known), 2);
        let sent = |stage: &Stage| stage.sent.iter().map(|(_, calls, key, of_request)| (*calls, key == of_request)).collect::<Vec<_>>();
        assert_eq!(sent(&together), [(1, true), (1, true)]);
        let replayed = EffectState::new(Phase::Owed { due: START });
        assert_eq!(sent(&asks(many.clone(), Some(replayed), 2)), [(1, true), (1, true)], "nobody knew of it, and its bytes are not known");
        assert_eq!(sent(&asks(many, None, 2)), [(2, false)], "what was not asked before goes together");
    }

    /// Somebody holds the system of then: what goes to today's does not wait for that.
    #[test]
    fn what_waits_for_a_system_of_then_keeps_nothing_of_today_waiting() {
        let backlog = vec![Backlog { flow: "asked".into(), active: 2, parked: 0 }];
        let opening = Opening { rested: true, backlog, last_run: RunId(9), exchange_next: 6, ..Opening::default() };
        let mut stage = Stage::open_after(vec![one_call(None, "ledger")], one_call(None, "books"), opening);
        stage.keeps();
        let hold = Hold { since: START, until: None, by: "ann".into(), because: "it is gone".into() };
        stage.on(Event::Told(Order::Hold { what: "ledger".into(), hold }));
        let today = RunFile { plan: PlanId(2), ..file(2, "s", "{}", None) };
        let runs = vec![file(1, "r", "{}", Some(owed(None))), today];
        stage.on(Event::Found { fetch: Fetch::Active { flow: "asked".into(), after: RunId(0), most: 9 }, runs, next: None });
        stage.keeps();
        let systems: Vec<_> = stage.sent.iter().map(|(system, ..)| system.as_str()).collect();
        assert_eq!(systems, ["books"]);
        stage.on(Event::Told(Order::Resume { what: "ledger".into(), by: "ann".into() }));
        stage.keeps();
        assert_eq!(stage.sent.last().map(|(system, ..)| system.as_str()), Some("ledger"));
    }

    /// What lies in the journal and is due for today's system is fetched past what waits for a system of then, until that is half of what
    /// the hand holds.
    #[test]
    fn what_waits_for_a_system_of_then_does_not_fill_the_hand() {
        let (at_once, half) = (FETCH_RUNS_MOST as i64, HAND_RUNS_MOST as i64 / 2);
        let backlog = vec![Backlog { flow: "asked".into(), active: 0, parked: 20_000 }];
        let queues = vec![(Arc::from(QUEUE), Moment(0))];
        let opening = Opening { rested: true, backlog, queues, last_run: RunId(90_000), exchange_next: 6, ..Opening::default() };
        let mut stage = Stage::open_after(vec![one_call(None, "ledger")], one_call(None, "books"), opening);
        stage.keeps();
        let hold = Hold { since: START, until: None, by: "ann".into(), because: "it is gone".into() };
        stage.on(Event::Told(Order::Hold { what: "ledger".into(), hold }));
        stage.keeps();
        let mut fetched = 0;
        while let Some(place) = stage.fetches.iter().position(|fetch| matches!(fetch, Fetch::Due { .. })) {
            let fetch = stage.fetches.remove(place);
            let Fetch::Due { most, .. } = fetch else { break };
            let runs = (1..=most as i64).map(|n| RunFile { parked: true, ..file(fetched + n, "r", "{}", Some(owed(None))) }).collect();
            fetched += most as i64;
            assert!(fetched <= 2 * half, "it fills the hand");
            stage.on(Event::Found { fetch, runs, next: Some(Turn { due: Moment(0), run: RunId(fetched) }) });
        }
        // The next ones are asked for while the last of those before are still walked.
        assert!((half..=half + at_once).contains(&fetched), "{fetched}");
    }

    /// Of the items of one message that went in one request, today's project drops one: the others of all messages do not go again.
    #[test]
    fn a_run_that_still_waits_leaves_what_it_asks_for_no_more() {
        let gone = EffectKey { item: "0".into(), ..effect(1) };
        let glued = |effect: EffectKey| Glued { queue: QUEUE.into(), glue: ExchangeId(5), effect, noted: false, apart: false };
        let opening = Opening {
            rested: true,
            glued: vec![glued(gone.clone()), glued(effect(1)), glued(effect(2))],
            exchange_next: 6,
            ..Opening::default()
        };
        let mut one = file(1, "q", "{}", Some(owed(Some(5))));
        one.known.push(StoredEffect { effect: gone, state: owed(Some(5)) });
        let (kept, stage) = found(opening, vec![one, file(2, "s", "{}", Some(owed(Some(5))))]);
        assert_eq!(stage.asked, 0, "{kept:?}");
        let mut all = stands(&kept, 1);
        all.sort();
        assert_eq!(all, ["Uncertain R0045", "uncertain R0045 Some(5)", "uncertain R0046 Some(5)"], "{kept:?}");
        assert_eq!(stands(&kept, 2), ["uncertain R0045 Some(5)", "Uncertain R0045"], "{kept:?}");
    }
}

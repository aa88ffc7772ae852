//! Random facts over a small world, so that keys, runs, lanes and glues meet often.

use std::{collections::HashSet, sync::Arc, time::Duration};

use spanwright_core::alert::{AlertRow, Cause};
use spanwright_core::fact::{
    Attempt, Breaker, Bundled, Chore, ChoreId, ChoreKind, ChorePhase, CutOff, EffectKey, EffectState, Ending, ExchangeId, Exchanged, Fact,
    Forget, GateRow, Hold, Moment, Moved, Opening, OutcomeKind, Phase, PlanBundle, PlanId, Print, Receipt, Resent, Root, RunId, Seen,
    Settled, SkipReason, Spent, StopKind, Stopped, StoppedFilter, Took, Way,
};
use spanwright_core::settings::Rate;
use spanwright_shape::text::Failure;

use super::{OTHER, PROBE, seed::Seed};

pub const FLOWS: &[&str] = &["customers", "orders", "customers.done"];
pub const QUEUES: &[&str] = &["customers.crm", "orders.crm", "orders.bill"];
pub const KEYS: &[&str] = &["10", "11", "12", "13"];
/// Sources of events, and sources of records: no name is of both.
const EVENTS: &[&str] = &["customers.source", "customers.done.source", "orders.hook"];
const RECORDS: &[&str] = &["customers.poll", "orders.poll"];
/// Of what was sent last.
pub const SENT: &[&str] = &["sent:customers.crm", "sent:never.sent"];
const NODES: &[&str] = &["crm", "bill", "a"];
const ITEMS: &[&str] = &["", "0", "10/2", "a\tb\n\\c"];
const VERSIONS: &[&str] = &["9", "10", "010", "2026-07-01", "b"];
const SYSTEMS: &[&str] = &["erp", "crm"];

/// Makes facts, and remembers what they need to know of the store.
pub struct Facts {
    seed: Seed,
    boot: u32,
    messages: u128,
    exchange: i64,
    /// Runs that the store has given numbers to.
    pub runs: i64,
    gone: HashSet<RunId>,
    /// Of messages that were to be taken.
    pub ids: Vec<u128>,
}

impl Facts {
    pub fn from(seed: u64) -> Facts {
        Facts { seed: Seed(seed), boot: 0, messages: 0, exchange: 1, runs: 0, gone: HashSet::new(), ids: Vec::new() }
    }

    /// The first thing that is done, and now and then again.
    pub fn is_time_to_reopen(&mut self) -> bool {
        self.boot == 0 || self.seed.one_in(8)
    }

    pub fn is_time_to_tidy(&mut self) -> bool {
        self.seed.one_in(10)
    }

    pub fn reopened(&mut self, opening: Opening) {
        self.boot = opening.boot;
        self.exchange = self.exchange.max(opening.exchange_next);
    }

    pub fn learn(&mut self, receipts: &[Receipt]) {
        self.runs += receipts.iter().filter(|receipt| matches!(receipt, Receipt::Taken(_))).count() as i64;
    }

    pub fn plan(&mut self) -> PlanBundle {
        let which = self.seed.below(3) as u8;
        PlanBundle { hash: [which; 32], bundle: vec![which; 5].into(), language: u32::from(which) }
    }

    /// A plan number, mostly of one that is there.
    pub fn known_plan(&mut self) -> PlanId {
        PlanId(self.seed.below(5) as i64)
    }

    /// What one commit holds.
    pub fn some(&mut self) -> Vec<Fact> {
        let count = 1 + self.seed.below(6);
        (0..count).map(|_| self.one()).collect()
    }

    fn one(&mut self) -> Fact {
        if self.runs == 0 {
            return self.took();
        }
        match self.seed.below(20) {
            0..=3 => self.took(),
            4..=7 => self.settled(),
            8 | 9 => Fact::Parked { run: self.run(), parked: !self.seed.one_in(4) },
            10 => self.ended(),
            11 => {
                let (effect, generation) = (self.effect(), self.seed.below(3) as u32);
                Fact::Started { effect, boot: self.boot, generation, of_item: self.maybe(Facts::print) }
            }
            12 => self.reopened_or_discarded(),
            13 => self.exchanged(),
            15 if self.seed.one_in(2) => self.bundled(),
            14 => self.moved_or_gated(),
            16 => self.by_people(),
            17 => self.forgot(),
            19 => self.alerted(),
            18 if self.seed.one_in(6) => Fact::SetBack { by: Duration::from_micros(self.seed.below(20)) },
            18 if self.seed.one_in(6) => {
                Fact::Adopted { flow: self.of(FLOWS), plan: PlanId(1 + self.seed.below(2) as i64), after: self.run() }
            }
            18 if self.seed.one_in(3) => Fact::Rested { boot: self.boot },
            18 if self.seed.one_in(3) => Fact::CutOff(CutOff { at: self.moment(), upto: self.run() }),
            _ => self.sent(),
        }
    }

    fn took(&mut self) -> Fact {
        Fact::Took(Box::new(self.message()))
    }

    fn message(&mut self) -> Took {
        self.messages += 1;
        let (about, message) = (self.maybe(Facts::earlier), self.messages << 64 | u128::from(self.seed.roll()));
        let at = self.moment();
        self.ids.push(message);
        Took {
            message,
            source: self.source(),
            correlation: self.correlation(message),
            at,
            key: self.maybe(|facts| facts.of(KEYS)),
            version: self.maybe(|facts| facts.of(VERSIONS)),
            body: format!("{{\"n\":{}}}", self.messages).into_bytes().into(),
            beside: self.maybe(|_| b"{\"headers\":{\"x-tenant\":\"a\"}}".as_slice().into()),
            flow: self.of(FLOWS),
            root: Root(u128::from(self.seed.roll()) << 64 | 7),
            plan: PlanId(1 + self.seed.below(3) as i64),
            seen: self.maybe(|facts| facts.seen(at)),
            about,
            fault: if self.seed.one_in(8) { Some(self.failure()) } else { None },
        }
    }

    /// Its own id, as in most messages; one that the sender named, or that came with it from another message.
    fn correlation(&mut self, message: u128) -> Arc<str> {
        if self.seed.one_in(2) { format!("{message:032x}").into() } else { self.named_correlation() }
    }

    fn named_correlation(&mut self) -> Arc<str> {
        if self.seed.one_in(2) { format!("{:032x}", self.earlier()).into() } else { self.of(KEYS) }
    }

    /// The id of a message that was taken, or was to be.
    fn earlier(&mut self) -> u128 {
        let pick = self.seed.below(self.ids.len().max(1) as u64) as usize;
        self.ids.get(pick).copied().unwrap_or(0)
    }

    fn alerted(&mut self) -> Fact {
        let cause = Cause::stopped(&self.of(FLOWS), if self.seed.one_in(2) { PROBE.id } else { OTHER.id });
        let told = self.maybe(Facts::moment);
        Fact::Alerted(Box::new(AlertRow { channel: self.of(SYSTEMS), cause, since: self.moment(), told, count: self.seed.below(9) }))
    }

    // Nothing is ever said of a run again that was to be forgotten.
    fn forgot(&mut self) -> Fact {
        let run = self.run();
        let what = if self.seed.one_in(2) { Forget::Bodies } else { Forget::All };
        if what == Forget::All && self.gone.len() as i64 + 1 < self.runs {
            self.gone.insert(run);
            return Fact::Forgot { run, what };
        }
        Fact::Forgot { run, what: Forget::Bodies }
    }

    fn by_people(&mut self) -> Fact {
        let (of, at, by, words) = (self.run(), self.moment(), self.of(SYSTEMS), self.of(ITEMS));
        match self.seed.below(3) {
            0 => Fact::Acknowledged { run: of, at, by, words },
            1 => Fact::Resent(Box::new(Resent {
                took: self.message(),
                of,
                by,
                words,
                instead: self.seed.one_in(2),
                over_newer: self.seed.one_in(2),
            })),
            _ => Fact::Chore(Box::new(self.chore(by))),
        }
    }

    fn chore(&mut self, by: Arc<str>) -> Chore {
        let over_newer = self.seed.one_in(2);
        let apart = self.seed.one_in(2);
        let what =
            if self.seed.one_in(2) { ChoreKind::Replay { over_newer, apart } } else { ChoreKind::Discard { reason: self.of(ITEMS) } };
        Chore {
            id: ChoreId(self.seed.below(4) as i64),
            what,
            filter: self.filter(),
            upto: self.run(),
            rate: Rate { most: 1 + self.seed.below(9) as u32, per: Duration::from_millis(100) },
            by,
            at: self.run(),
            done: self.seed.below(9),
            left: self.seed.below(9),
            phase: *self.seed.one_of(&[ChorePhase::Open, ChorePhase::Done, ChorePhase::Cancelled]),
        }
    }

    /// Which stopped runs.
    pub fn filter(&mut self) -> StoppedFilter {
        StoppedFilter {
            flow: self.maybe(|facts| facts.of(FLOWS)),
            node: if self.seed.one_in(3) { Some(self.of(NODES)) } else { None },
            reason: if self.seed.one_in(3) { Some(OTHER.id.into()) } else { None },
            key: if self.seed.one_in(3) { Some(self.of(KEYS)) } else { None },
            correlation: if self.seed.one_in(3) { Some(self.named_correlation()) } else { None },
        }
    }

    fn source(&mut self) -> Arc<str> {
        let kind = *self.seed.one_of(&[EVENTS, RECORDS]);
        self.of(kind)
    }

    /// Remembered for a while from when it came.
    fn seen(&mut self, at: Moment) -> Seen {
        let print = self.maybe(Facts::print);
        let held = if print.is_none() { self.maybe(Facts::print) } else { None };
        let scope = self.of(if print.is_some() { RECORDS } else { EVENTS });
        Seen { scope, key: self.of(KEYS), print, held, until: Moment(at.0 + 1 + self.moment().0) }
    }

    fn settled(&mut self) -> Fact {
        let state = EffectState {
            phase: self.phase(),
            generation: self.seed.below(3) as u32,
            tries: self.seed.below(4) as u32,
            first: self.maybe(Facts::moment),
            failed: self.maybe(Facts::moment),
            own_failures: self.seed.below(4) as u32,
            glued: self.maybe(|facts| ExchangeId(1 + facts.seed.below(4) as i64)),
            sent: self.maybe(Facts::print),
            of_item: self.maybe(Facts::print),
        };
        let attempt = self.maybe(Facts::attempt);
        let lane = *self.seed.one_of(&[0, 1, 2, u64::MAX]);
        Fact::Settled(Box::new(Settled { effect: self.effect(), state, queue: self.of(QUEUES), lane, attempt, at: self.moment() }))
    }

    fn phase(&mut self) -> Phase {
        match self.seed.below(10) {
            0..=4 => Phase::Owed { due: self.moment() },
            5 => Phase::Done(None),
            6 => Phase::Done(Some(b"{\"id\":1}".as_slice().into())),
            7 => {
                if self.seed.one_in(2) {
                    Phase::Unchanged
                } else {
                    Phase::Superseded
                }
            }
            8 => Phase::Uncertain(self.failure()),
            _ => Phase::Dead(self.failure()),
        }
    }

    fn attempt(&mut self) -> Attempt {
        let outcome = *self.seed.one_of(&[OutcomeKind::Delivered, OutcomeKind::Later, OutcomeKind::Unknown, OutcomeKind::Never]);
        Attempt { n: 1 + self.seed.below(3) as u32, exchange: Some(ExchangeId(1)), outcome, says: self.maybe(Facts::failure) }
    }

    fn ended(&mut self) -> Fact {
        let ending = match self.seed.below(6) {
            0 => Ending::Done,
            2 => Ending::Skipped(*self.seed.one_of(&[SkipReason::Filtered, SkipReason::Unchanged, SkipReason::Superseded])),
            which => {
                let kind = *self.seed.one_of(&[StopKind::Dead, StopKind::Uncertain]);
                let stopped = Stopped { kind, node: self.of(NODES), failure: self.failure(), undone: self.seed.one_in(3) };
                if which == 1 { Ending::SetAside(stopped) } else { Ending::Stopped(stopped) }
            }
        };
        Fact::Ended { run: self.run(), ending, at: self.moment() }
    }

    fn reopened_or_discarded(&mut self) -> Fact {
        let (run, at, by) = (self.run(), self.moment(), self.of(SYSTEMS));
        match self.seed.below(4) {
            0 => Fact::Discarded { run, at, by, reason: "not needed".into() },
            1 => Fact::Undone { undo: EffectKey { way: Way::Undo, ..self.effect() }, at, by, words: "by hand".into() },
            _ => Fact::Reopened {
                run,
                plan: PlanId(1 + self.seed.below(3) as i64),
                at,
                by,
                over_newer: self.seed.one_in(2),
                apart: self.seed.one_in(4),
            },
        }
    }

    // Half of the bundles are closed by an exchange of the same number, as in life.
    fn bundled(&mut self) -> Fact {
        let id = ExchangeId(self.exchange);
        self.exchange += self.seed.below(2) as i64;
        let mut members: Vec<EffectKey> = (0..1 + self.seed.below(3)).map(|_| self.effect()).collect();
        members.dedup();
        let (system, operation, queue) = (self.of(SYSTEMS), self.of(NODES), self.of(QUEUES));
        Fact::Bundled(Bundled { id, system, operation, queue, at: self.moment(), members })
    }

    fn exchanged(&mut self) -> Fact {
        let id = ExchangeId(self.exchange);
        self.exchange += 1;
        Fact::Exchanged(Exchanged {
            id,
            system: self.of(SYSTEMS),
            operation: self.of(NODES),
            at: self.moment(),
            took: Duration::from_millis(3),
            status: 200,
            calls: 1 + self.seed.below(3) as u32,
            sent: self.seed.below(1000),
            got: self.seed.below(1000),
        })
    }

    fn moved_or_gated(&mut self) -> Fact {
        if self.seed.one_in(2) {
            let cursor = self.maybe(|facts| facts.of(KEYS).as_bytes().into());
            return Fact::Moved(Moved { source: self.source(), cursor, due: self.moment(), at: self.moment() });
        }
        let breaker = match self.seed.below(3) {
            0 => Breaker::Open { until: self.moment() },
            1 => Breaker::HalfOpen,
            _ => Breaker::Closed,
        };
        let paused_until = self.maybe(Facts::moment);
        let hold = self.maybe(|facts| Hold {
            since: facts.moment(),
            until: facts.maybe(Facts::moment),
            by: facts.of(KEYS),
            because: facts.of(ITEMS),
        });
        let spent = self.maybe(|facts| Spent { until: facts.moment(), calls: facts.seed.below(9) });
        let refused = self.maybe(|facts| facts.of(KEYS));
        Fact::Gated(GateRow {
            system: self.of(SYSTEMS),
            breaker,
            since: self.moment(),
            opens: self.seed.below(2) as u32,
            paused_until,
            hold,
            spent,
            refused,
        })
    }

    fn sent(&mut self) -> Fact {
        Fact::Sent { scope: SENT[0].into(), key: self.of(KEYS), print: self.print(), until: self.moment() }
    }

    fn effect(&mut self) -> EffectKey {
        let way = *self.seed.one_of(&[Way::Do, Way::Do, Way::Do, Way::Do, Way::Undo, Way::Ask]);
        EffectKey { run: self.run(), node: self.of(NODES), item: self.of(ITEMS), way }
    }

    fn run(&mut self) -> RunId {
        loop {
            let run = RunId(1 + self.seed.below(self.runs.cast_unsigned()).cast_signed());
            if !self.gone.contains(&run) {
                return run;
            }
        }
    }

    fn failure(&mut self) -> Failure {
        let code = if self.seed.one_in(2) { &PROBE } else { &OTHER };
        Failure::new(code, format!("it said {}", self.seed.below(3)))
    }

    fn print(&mut self) -> Print {
        [self.seed.below(3) as u8; 32]
    }

    fn moment(&mut self) -> Moment {
        Moment(self.seed.below(50) as i64)
    }

    fn of(&mut self, choices: &[&str]) -> Arc<str> {
        (*self.seed.one_of(choices)).into()
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Facts) -> T) -> Option<T> {
        if self.seed.one_in(2) { Some(make(self)) } else { None }
    }
}
